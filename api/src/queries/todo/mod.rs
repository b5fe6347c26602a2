//! Open tasks: who must act, and since when. Every wait names who must act.

mod changes;
mod found;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use waybill_shared::domain::account::Role;
use waybill_shared::domain::ids::LotId;
use waybill_shared::domain::lot::Timestamp;
use waybill_shared::domain::money::Money;
use waybill_shared::engine::Engine;
use waybill_shared::visibility::Visibility;

use self::found::{Found, Mover};
use crate::queries::error::QueryError;
use crate::queries::lots::incidents::parked;

/// The party name of the secretariat.
const SECRETARIAT: &str = "secretariat";

/// The party name for waits for money, on which nobody has to act.
const NOBODY: &str = "nobody";

/// The number of lots read at once.
const READ: i64 = 10_000;

/// The largest number of lots and orders of a task that are named.
const NAMED: usize = 20;

/// What has to be done.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// An expert group has to decide on lots.
    Review,
    /// A donor has to agree to the use of its money.
    Consent,
    /// A requester has to accept goods in kind.
    Acceptance,
    /// The secretariat has to approve orders above the limit.
    Approval,
    /// Terms that suppliers changed have to be accepted or declined.
    Terms,
    /// A supplier has to answer orders.
    Response,
    /// Goods have to be delivered.
    Delivery,
    /// The receipt of goods on their way has to be reported.
    Receipt,
    /// Received goods have to be paid.
    Payment,
    /// Lines that a review sent back have to be amended.
    Amendment,
    /// Lots on hold have to be released.
    Release,
    /// The cause of parked lots has to be fixed.
    Incident,
    /// A reminder about overdue reviews has to be sent.
    ChaseReview,
    /// A reminder about overdue consents has to be sent.
    ChaseConsent,
    /// Notes are due to be looked at again.
    FollowUp,
    /// No offer fits the lots. A new offer is needed, or an existing one has to be corrected.
    Offer,
    /// An amendment needs an order change. The supplier has to be asked, or the amendment decided otherwise.
    OrderChange,
    /// A supplier has to answer order changes.
    ChangeResponse,
    /// Lines that were declined or sent back would pass now and can be reopened.
    Reopen,
    /// Offers are no longer in their folder. Nothing is ordered from them.
    SuspendedOffer,
    /// A planned file and a command have both changed the same thing.
    Conflict,
    /// More arrived than was bought. Somebody has to decide what to do with the surplus.
    Surplus,
    /// Lots wait for money. They continue by themselves once there is some.
    Funding,
}

impl Task {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Review => "review",
            Self::Consent => "consent",
            Self::Acceptance => "acceptance",
            Self::Approval => "approval",
            Self::Terms => "terms",
            Self::Response => "response",
            Self::Delivery => "delivery",
            Self::Receipt => "receipt",
            Self::Payment => "payment",
            Self::Amendment => "amendment",
            Self::Release => "release",
            Self::Incident => "incident",
            Self::ChaseReview => "chase_review",
            Self::ChaseConsent => "chase_consent",
            Self::FollowUp => "follow_up",
            Self::Offer => "offer",
            Self::OrderChange => "order_change",
            Self::ChangeResponse => "change_response",
            Self::Reopen => "reopen",
            Self::SuspendedOffer => "suspended_offer",
            Self::Conflict => "conflict",
            Self::Surplus => "surplus",
            Self::Funding => "funding",
        }
    }
}

/// Something that one party has to do, with one lot or with many.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Move {
    /// Who must act: an expert group, a party, a supplier, `secretariat`, or `nobody`.
    pub party: String,
    /// The role in which the party acts. Left out if nobody has to act.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// What has to be done.
    pub task: Task,
    /// The number of lots.
    pub lots: u64,
    /// Since when the first of the lots waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<chrono::DateTime<chrono::Utc>>)]
    pub since: Option<Timestamp>,
    /// The day by which the first of the lots has to be dealt with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<NaiveDate>,
    /// The number of lots that are past their day.
    pub overdue: u64,
    /// The money that is concerned, one sum for each currency.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub amounts: Vec<Money>,
    /// The first of the orders that are concerned.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub orders: Vec<String>,
    /// The first lots, by priority.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub first: Vec<LotId>,
    /// The command that does it, or shows what is needed.
    pub how: String,
    /// The first of the single tasks, if they differ from subject to subject.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub each: Vec<Each>,
}

/// What has to be done about one subject.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Each {
    /// The subject: a line by its requester's id, or an order change.
    pub subject: String,
    /// Why it has to be done.
    pub why: String,
    /// The command that does it.
    pub how: String,
}

impl Move {
    fn new(party: String, role: Option<Role>, task: Task) -> Self {
        let (amounts, orders, first, how, each) = Default::default();
        let (lots, overdue, since, due) = (0, 0, None, None);
        Self { party, role, task, lots, since, due, overdue, amounts, orders, first, how, each }
    }
}

/// All tasks that the caller may see: overdue ones first, then those that wait longest. If `waiting_on` names a party,
/// only that party's tasks.
pub(crate) async fn todo(
    engine: &Engine,
    visibility: &Visibility,
    waiting_on: Option<&str>,
) -> Result<Vec<Move>, QueryError> {
    let mut found = Found::new(engine, visibility.coalition.clone());
    for awaits in looked_at(visibility.role()) {
        found.waiting(awaits).await?;
    }
    found.order_changes(visibility.is_whole()).await?;
    if visibility.is_whole() {
        found.amendments().await?;
        found.healed().await?;
        found.suspended();
        found.disputes().await?;
        found.surplus().await?;
        for (_, _, lot) in parked(engine, usize::MAX).await? {
            found.add(Mover::secretariat(Task::Incident), &lot, None, &[], None);
        }
        found.incidents().await?;
        found.funding().await?;
        found.follow_ups().await?;
    }
    let is_asked = |row: &Move| {
        visibility.moves(row.role, &row.party)
            && waiting_on.is_none_or(|party| row.party.eq_ignore_ascii_case(party))
    };
    let mut rows: Vec<Move> = found.rows.into_values().filter(is_asked).collect();
    for row in &mut rows {
        row.how = how(row);
    }
    // Waits on which nobody has to act come last.
    rows.sort_by_key(|row| (row.role.is_none(), row.overdue == 0, row.since, row.task));
    Ok(rows)
}

/// The kinds of waits on which a caller in `role` may have to act.
fn looked_at(role: Role) -> &'static [&'static str] {
    match role {
        Role::Admin | Role::Operator | Role::Auditor | Role::Observer => &[
            "review",
            "consent",
            "acceptance",
            "approval",
            "terms",
            "response",
            "delivery",
            "payment",
            "amendment",
            "release",
            "offer",
        ],
        Role::Reviewer => &["review"],
        Role::Requester => &["acceptance", "amendment", "delivery"],
        Role::Donor => &["consent", "delivery"],
        Role::Supplier | Role::Carrier => &["response", "delivery"],
        Role::BuyingAgent => &["payment"],
        Role::Recipient => &[],
    }
}

/// The command that does the task, or shows what is needed.
fn how(row: &Move) -> String {
    let party = &row.party;
    let order = row.orders.first().map_or("ORDER", String::as_str);
    match row.task {
        Task::Review => {
            format!("waybill lots --awaits review --group {party} --ids | waybill review approve -")
        }
        Task::Consent => {
            format!("waybill lots --awaits consent --donor {party} --ids | waybill consent give -")
        }
        Task::Acceptance => format!("waybill lots --awaits acceptance --requester {party}"),
        Task::Approval => format!("waybill order approve {}", row.orders.join(" ")),
        Task::Terms => format!("waybill show {order}"),
        Task::Response => format!("waybill order respond {order}"),
        Task::Delivery => format!("waybill despatch {order}"),
        Task::Receipt => format!("waybill receive {order}"),
        Task::Payment => format!("waybill pay {order}"),
        Task::Amendment => match row.each.as_slice() {
            [one] if row.lots == 1 => one.how.clone(),
            _ => format!("waybill lots --awaits amendment --requester {party}"),
        },
        Task::Release => "waybill lots --awaits release --ids | waybill resume -".to_owned(),
        Task::Offer => match row.first.as_slice() {
            [only] => format!("waybill why {only}"),
            _ => "waybill lots --awaits offer --sort priority".to_owned(),
        },
        Task::FollowUp
        | Task::OrderChange
        | Task::ChangeResponse
        | Task::SuspendedOffer
        | Task::Surplus
        | Task::Conflict => row.how.clone(),
        Task::Reopen => {
            let ids: Vec<&str> = row.each.iter().map(|each| each.subject.as_str()).collect();
            format!("waybill reopen {}", ids.join(" "))
        }
        Task::Incident => "waybill incidents".to_owned(),
        Task::ChaseReview => "waybill lots --awaits review --sort due".to_owned(),
        Task::ChaseConsent => "waybill lots --awaits consent --sort due".to_owned(),
        Task::Funding => "waybill lots --awaits funding --sort priority".to_owned(),
    }
}
