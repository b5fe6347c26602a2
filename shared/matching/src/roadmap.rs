//! What a plan says, by quarter.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use waybill_domain::ids::LotId;
use waybill_domain::lot::Priority;
use waybill_domain::money::Money;

/// A plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The first day.
    pub from: NaiveDate,
    /// The last day.
    pub to: NaiveDate,
    /// The quarters.
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
    /// Lots that get their money, in that order.
    pub funded: Vec<PlannedLot>,
    /// What they cost together, in the coalition's currency.
    pub cost: Money,
    /// Money that opens, by envelope.
    pub opens: Vec<(String, Money)>,
    /// Money that would lapse, by envelope.
    pub lapses: Vec<(String, Money)>,
    /// Lots that are still open at its end.
    pub open_lots: usize,
    /// What those cost, as far as anybody offers them, in the coalition's currency.
    pub open_cost: Money,
}

/// A lot that gets its money.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedLot {
    /// The lot.
    pub lot: LotId,
    /// Its line, by its requester's id.
    pub line: String,
    /// What it is.
    pub item: String,
    /// Its priority.
    pub priority: Priority,
    /// The day.
    pub day: NaiveDate,
    /// What it costs.
    pub cost: Money,
    /// Who pays.
    pub payers: Vec<(String, Money)>,
    /// When it can be there, by the offer's lead time.
    pub expected: Option<NaiveDate>,
}

/// A lot that is not funded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenLot {
    /// The lot.
    pub lot: LotId,
    /// Its line, by its requester's id.
    pub line: String,
    /// What it is.
    pub item: String,
    /// Its priority.
    pub priority: Priority,
    /// What it costs; none: nobody offers it.
    pub cost: Option<Money>,
    /// What is missing, in the coalition's currency.
    pub missing: Option<Money>,
}

/// Money that would lapse unused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lapse {
    /// The envelope.
    pub envelope: String,
    /// Its donors.
    pub donors: Vec<String>,
    /// The last day on which an order can bind it.
    pub last_day: NaiveDate,
    /// How much.
    pub amount: Money,
    /// What would save some of it, the best first.
    pub saved_by: Vec<Saving>,
}

/// A change that would save money from lapsing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Saving {
    /// The change.
    pub change: SavingChange,
    /// How much less would lapse of the envelope.
    pub amount: Money,
    /// How many more lots would be funded in all.
    pub lots: i64,
}

/// What a donor could change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SavingChange {
    /// Its money may be used for anything.
    LiftEarmark,
    /// Its money may be bound until the end of the plan.
    Extend,
}
