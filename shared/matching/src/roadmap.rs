//! The contents of a plan, by quarter.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use waybill_domain::ids::LotId;
use waybill_domain::lot::Priority;
use waybill_domain::money::Money;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The first day.
    pub from: NaiveDate,
    /// The last day.
    pub to: NaiveDate,
    pub quarters: Vec<Quarter>,
    /// Lots that are not funded by the last day, by priority.
    pub open: Vec<OpenLot>,
    /// Money that would lapse unused, by date.
    pub lapses: Vec<Lapse>,
}

/// What happens in a quarter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quarter {
    /// Such as `2026 Q4`.
    pub name: String,
    /// Its last day.
    pub ends: NaiveDate,
    /// Lots that get money, in the order in which they get it.
    pub funded: Vec<PlannedLot>,
    /// The cost of these lots together, in the coalition's currency.
    pub cost: Money,
    /// Money that becomes usable, by envelope.
    pub opens: Vec<(String, Money)>,
    /// Money that would lapse, by envelope.
    pub lapses: Vec<(String, Money)>,
    /// Lots that are still open at its end.
    pub open_lots: usize,
    /// The cost of those lots, as far as there are offers for them, in the coalition's currency.
    pub open_cost: Money,
}

/// A lot that gets money.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedLot {
    pub lot: LotId,
    /// The requester's id for its line.
    pub line: String,
    pub item: String,
    pub priority: Priority,
    /// The day on which it gets the money.
    pub day: NaiveDate,
    pub cost: Money,
    /// Who pays.
    pub payers: Vec<(String, Money)>,
    /// The day on which it can arrive, by the offer's lead time.
    pub expected: Option<NaiveDate>,
}

/// A lot that is not funded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenLot {
    pub lot: LotId,
    /// The requester's id for its line.
    pub line: String,
    pub item: String,
    pub priority: Priority,
    /// The cost. `None` means that nobody offers it.
    pub cost: Option<Money>,
    /// What is missing, in the coalition's currency. `None` if no money would help by itself.
    pub missing: Option<Money>,
}

/// Money that would lapse unused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lapse {
    pub envelope: String,
    pub donors: Vec<String>,
    /// The last day on which an order can bind it.
    pub last_day: NaiveDate,
    pub amount: Money,
    /// Changes that would save some of it, the best first.
    pub saved_by: Vec<Saving>,
}

/// A change that would save money from lapsing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Saving {
    pub change: SavingChange,
    /// How much less of the envelope would lapse.
    pub amount: Money,
    /// How many more lots would be funded in total.
    pub lots: i64,
}

/// What a donor could change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SavingChange {
    /// To allow that its money is used for anything.
    LiftEarmark,
    /// To allow that its money is bound until the end of the plan.
    Extend,
}
