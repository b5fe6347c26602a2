//! Reports: what happened in a week, what a donor's money did, where a requester's list is, and what
//! a steering group has to decide. As of now, or of the end of an earlier day.

mod documents;
mod donor;
mod funnel;
mod requester;
mod steering;
mod waits;
mod weekly;

pub use documents::Filed;
pub use donor::{DonorReport, EnvelopeReport, Item};
pub use funnel::{Funnel, Stage};
pub use requester::{Basis, Expected, Request, RequesterReport};
pub use steering::{Short, SteeringReport, Unoffered};
pub use waits::Wait;
pub use weekly::{Count, Declined, DrawnUp, MoneyMoved, Received, WeeklyReport};

pub(crate) use donor::donor;
pub(crate) use requester::requester;
pub(crate) use steering::steering;
pub(crate) use weekly::weekly;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use waybill_shared::domain::coalition::Coalition;
use waybill_shared::domain::ids::LotId;
use waybill_shared::domain::lot::{Lot, LotState, Priority};
use waybill_shared::domain::requisition::Line;

use crate::timeline::{awaited, state};

/// Things of one list that are given at most.
const MOST: usize = 10_000;

/// Lots read at once.
const READ: i64 = 1_000;

/// A list, of which only the first may be given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Few<T> {
    /// The first.
    pub first: Vec<T>,
    /// How many there are.
    pub all: usize,
}

impl<T> Default for Few<T> {
    fn default() -> Self {
        Self { first: Vec::new(), all: 0 }
    }
}

impl<T> Few<T> {
    /// Adds one more.
    pub(crate) fn push(&mut self, item: T) {
        self.all += 1;
        if self.first.len() < MOST {
            self.first.push(item);
        }
    }
}

impl<T> From<Vec<T>> for Few<T> {
    fn from(mut items: Vec<T>) -> Self {
        let all = items.len();
        items.truncate(MOST);
        Self { first: items, all }
    }
}

/// What is told of a lot in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Subject {
    /// The lot.
    pub lot: LotId,
    /// Its line, by its requester's id.
    pub line: String,
    /// Who asks for it.
    pub requester: String,
    /// What it is.
    pub item: String,
    /// How much of it.
    pub quantity: String,
    /// The unit's code.
    pub unit: String,
    /// Its priority.
    pub priority: Priority,
}

impl Subject {
    pub(crate) fn of(lot: &Lot, line: &Line) -> Self {
        Self {
            lot: lot.id,
            line: line.external_id.clone(),
            requester: line.requester.clone(),
            item: line.item.clone(),
            quantity: lot.quantity.to_string(),
            unit: line.unit.to_string(),
            priority: lot.priority,
        }
    }
}

/// Where a lot is and whose move is next, in words for those outside.
fn place(lot: &Lot) -> String {
    match lot.state() {
        LotState::Ready { .. } | LotState::RetryAt { .. } => "is being worked on".to_owned(),
        LotState::Waiting { awaits, .. } => format!("waits for {}", awaited(awaits)),
        LotState::Parked { incident, .. } => format!("waits for an operator: {incident}"),
        LotState::Closed(_) => state(lot),
    }
}

/// The coalition's name.
fn name(coalition: &Coalition) -> String {
    coalition.settings.as_ref().map(|settings| settings.name.clone()).unwrap_or_default()
}
