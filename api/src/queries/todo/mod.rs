//! Who must act today, and since when: every wait names whose move it is.

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

/// What the secretariat is called as a party.
const SECRETARIAT: &str = "secretariat";

/// Whose move a wait for money is.
const NOBODY: &str = "nobody";

/// Lots read at once.
const READ: i64 = 10_000;

/// Lots and orders of a move that are named.
const NAMED: usize = 20;

/// What has to be done.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// Lots that an expert group decides on.
    Review,
    /// The use of a donor's money, to be agreed to.
    Consent,
    /// Goods in kind, to be accepted.
    Acceptance,
    /// Orders above the limit, to be approved.
    Approval,
    /// Terms that suppliers changed, to be accepted or not.
    Terms,
    /// Orders to be answered.
    Response,
    /// Goods to be delivered.
    Delivery,
    /// Goods on their way, whose receipt has to be reported.
    Receipt,
    /// What was received, to be paid.
    Payment,
    /// Lines whose review was sent back, to be amended.
    Amendment,
    /// Lots on hold, to be resumed.
    Release,
    /// Parked lots, whose cause has to be mended.
    Incident,
    /// Reviews that are overdue, to be asked for again.
    ChaseReview,
    /// Consents that are overdue, to be asked for again.
    ChaseConsent,
    /// Notes to be looked at again.
    FollowUp,
    /// Lots that no offer fits, for which one has to be found or mended.
    Offer,
    /// What an amendment needs of an order, to be asked of its supplier or decided otherwise.
    OrderChange,
    /// Order changes to be answered.
    ChangeResponse,
    /// Lines that were declined or sent back, and would pass now.
    Reopen,
    /// Offers that their folder does not have any more: nothing is ordered by them.
    SuspendedOffer,
    /// What a planned file and a command have both changed.
    Conflict,
    /// Lots of which more came than was bought: somebody has to decide what becomes of it.
    Surplus,
    /// Lots that wait for money: they go on by themselves once there is some.
    Funding,
}

impl Task {
    /// Its name.
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

/// Something that one party has to do: with one lot or with many.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Move {
    /// Whose move it is: an expert group, a party, a supplier, `secretariat`, or `nobody`.
    pub party: String,
    /// As what it moves; none: nobody has to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// What has to be done.
    pub task: Task,
    /// With how many lots.
    pub lots: u64,
    /// Since when the first of them waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<chrono::DateTime<chrono::Utc>>)]
    pub since: Option<Timestamp>,
    /// The day by which the first of them has to be done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<NaiveDate>,
    /// How many lots are past that day.
    pub overdue: u64,
    /// The money that it is about, a sum for each currency.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub amounts: Vec<Money>,
    /// The orders that it is about, the first of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub orders: Vec<String>,
    /// The first lots, by priority.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub first: Vec<LotId>,
    /// The command that does it, or shows what it takes.
    pub how: String,
    /// What has to be done of each subject, where that is not the same for all; the first of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub each: Vec<Each>,
}

/// What has to be done of one subject.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Each {
    /// What it is about: a line by its requester's id, or an order change.
    pub subject: String,
    /// Why.
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

/// What has to be done, what is overdue first, then what waits longest; as far as `sight` sees it,
/// and only by `waiting_on`, if a party is named.
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
    // What nobody has to do comes last.
    rows.sort_by_key(|row| (row.role.is_none(), row.overdue == 0, row.since, row.task));
    Ok(rows)
}

/// The waits that may be the move of whoever acts as `role`.
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

/// The command that does it, or shows what it takes.
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
