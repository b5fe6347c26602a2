//! Who must act today, and since when: every wait names whose move it is.

use std::collections::{BTreeMap, HashMap};

use chrono::{NaiveDate, NaiveTime};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use waybill_shared::domain::account::Role;
use waybill_shared::domain::amendment::{Need, come};
use waybill_shared::domain::coalition::Coalition;
use waybill_shared::domain::funding::ShareState;
use waybill_shared::domain::ids::LotId;
use waybill_shared::domain::lot::{Awaited, Lot, LotState, Timestamp};
use waybill_shared::domain::money::Money;
use waybill_shared::domain::order::Order;
use waybill_shared::domain::order_change::{ChangeState, ORDER_CHANGE, OrderChange};
use waybill_shared::domain::quantity::Quantity;
use waybill_shared::domain::reference::unknown_references;
use waybill_shared::domain::requisition::Line;
use waybill_shared::engine::Engine;
use waybill_shared::intake::Pending;
use waybill_shared::sight::Sight;
use waybill_shared::store::{LotFilter, LotOrder, StoreError};

use waybill_workers::healed;
use waybill_workers::office::Note;

use crate::Problem;

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
    sight: &Sight,
    waiting_on: Option<&str>,
) -> Result<Vec<Move>, Problem> {
    let mut found = Found::new(engine, sight.coalition.clone());
    for awaits in looked_at(sight.role()) {
        found.waiting(awaits).await?;
    }
    found.order_changes(sight.is_whole()).await?;
    if sight.is_whole() {
        found.amendments().await?;
        found.healed().await?;
        for (_, _, lot) in crate::routes::parked(engine, usize::MAX).await? {
            found.add(Mover::office(Task::Incident), &lot, None, &[], None);
        }
        found.funding().await?;
        found.follow_ups().await?;
    }
    let is_asked = |row: &Move| {
        sight.moves(row.role, &row.party)
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

/// Whether it is the move of whoever asked for `lot`.
fn is_requesters(lot: &Lot) -> bool {
    match lot.state.awaits() {
        Some(Awaited::Acceptance { .. } | Awaited::Amendment { .. }) => true,
        // All of it is on its way.
        Some(Awaited::Delivery { .. }) => lot.shipped >= lot.quantity,
        Some(_) | None => false,
    }
}

/// Whose move it is, and what.
struct Mover {
    party: String,
    role: Option<Role>,
    task: Task,
}

impl Mover {
    fn of(party: &str, role: Role, task: Task) -> Self {
        Self { party: party.to_owned(), role: Some(role), task }
    }

    fn office(task: Task) -> Self {
        Self::of(SECRETARIAT, Role::Operator, task)
    }
}

/// What an order says of whose move it is.
struct Parties {
    supplier: String,
    /// The donor gives the goods themselves.
    is_gift: bool,
    channel: String,
}

/// What has to be done, as it is found.
struct Found<'a> {
    engine: &'a Engine,
    coalition: std::sync::Arc<Coalition>,
    today: NaiveDate,
    orders: HashMap<String, Option<Parties>>,
    rows: BTreeMap<(String, Option<Role>, Task), Move>,
}

impl<'a> Found<'a> {
    fn new(engine: &'a Engine, coalition: std::sync::Arc<Coalition>) -> Self {
        let today = engine.today(&coalition);
        Self { engine, coalition, today, orders: HashMap::new(), rows: BTreeMap::new() }
    }

    /// The coalition's day of a moment.
    fn day(&self, at: Timestamp) -> NaiveDate {
        let at = at.with_timezone(&self.coalition.zone());
        // What is due as a day begins has to be done on the day before.
        let is_midnight = at.time() == NaiveTime::MIN;
        let before = at.date_naive().pred_opt().filter(|_| is_midnight);
        before.unwrap_or_else(|| at.date_naive())
    }

    fn add(
        &mut self,
        mover: Mover,
        lot: &Lot,
        due: Option<NaiveDate>,
        amounts: &[Money],
        order: Option<&str>,
    ) {
        let Mover { party, role, task } = mover;
        let key = (party.clone(), role, task);
        let row = self.rows.entry(key).or_insert_with(|| Move::new(party, role, task));
        row.lots += 1;
        row.since = row.since.into_iter().chain(lot.since).min();
        row.due = row.due.into_iter().chain(due).min();
        row.overdue += u64::from(due.is_some_and(|due| due < self.today));
        if row.first.len() < NAMED {
            row.first.push(lot.id);
        }
        let order = order.filter(|order| !row.orders.iter().any(|known| known == order));
        if row.orders.len() < NAMED {
            row.orders.extend(order.map(str::to_owned));
        }
        for amount in amounts {
            match row.amounts.iter_mut().find(|sum| sum.currency == amount.currency) {
                Some(sum) => sum.minor = sum.minor.saturating_add(amount.minor),
                None => row.amounts.push(*amount),
            }
        }
    }

    /// Notes whose day to look at them again has come.
    async fn follow_ups(&mut self) -> Result<(), StoreError> {
        // A later note of the same subject answers the one before.
        let mut last: BTreeMap<String, Option<NaiveDate>> = BTreeMap::new();
        for record in self.engine.store.records("note").await? {
            if let Ok(note) = serde_json::from_str::<Note>(&record.body) {
                last.insert(note.subject, note.follow_up);
            }
        }
        for (subject, day) in last {
            let Some(day) = day.filter(|day| *day <= self.today) else { continue };
            let Mover { party, role, task } = Mover::office(Task::FollowUp);
            let key = (party.clone(), role, task);
            let row = self.rows.entry(key).or_insert_with(|| Move::new(party, role, task));
            row.lots += 1;
            row.due = row.due.into_iter().chain([day]).min();
            row.overdue += u64::from(day < self.today);
            if row.first.len() < NAMED {
                row.first.extend(subject.parse::<LotId>().ok());
            }
            if row.how.is_empty() {
                let id = subject.split_once(':').map_or(subject.as_str(), |(_, id)| id);
                row.how = format!("waybill show {id}");
            }
        }
        Ok(())
    }

    /// All lots that wait for `awaits`, by priority.
    async fn waiting(&mut self, awaits: &str) -> Result<(), StoreError> {
        let filter =
            LotFilter { awaits: Some(awaits.to_owned()), limit: READ, ..LotFilter::default() };
        let mut after = None;
        loop {
            let lots = self.engine.store.lots_ordered(&filter, LotOrder::Ranked(after)).await?;
            // Few are a move of who asked for them: the others' lines are not read.
            let lines = self.engine.lines_of(lots.iter().filter(|lot| is_requesters(lot))).await?;
            for lot in &lots {
                self.lot(lot, lines.get(&lot.line()).map(|line| &**line)).await?;
            }
            after = lots.last().map(|lot| (lot.priority, lot.id));
            if (lots.len() as i64) < READ {
                return Ok(());
            }
        }
    }

    /// Adds whose move a lot is; `line` is what was asked for, where that matters.
    async fn lot(&mut self, lot: &Lot, line: Option<&Line>) -> Result<(), StoreError> {
        let requester = line.map(|line| &*line.requester);
        let LotState::Waiting { awaits, until, .. } = &lot.state else { return Ok(()) };
        let due = until.map(|until| self.day(until));
        let is_overdue = due.is_some_and(|due| due < self.today);
        match awaits {
            Awaited::Review { group } => {
                // A review of no group is the secretariat's own.
                let role = if group == SECRETARIAT { Role::Operator } else { Role::Reviewer };
                self.add(Mover::of(group, role, Task::Review), lot, due, &[], None);
                if is_overdue || lot.chased > 0 {
                    self.add(Mover::office(Task::ChaseReview), lot, due, &[], None);
                }
            }
            Awaited::Consent { donors } => {
                for donor in donors {
                    let amounts = self.proposed(lot, donor);
                    let mover = Mover::of(donor, Role::Donor, Task::Consent);
                    self.add(mover, lot, due, &amounts, None);
                }
                if is_overdue {
                    self.add(Mover::office(Task::ChaseConsent), lot, due, &[], None);
                }
            }
            Awaited::Acceptance { .. } => {
                if let Some(requester) = requester {
                    let mover = Mover::of(requester, Role::Requester, Task::Acceptance);
                    self.add(mover, lot, due, &[], None);
                }
            }
            Awaited::Approval { order } => {
                let amounts = Self::bound(lot);
                self.add(Mover::office(Task::Approval), lot, due, &amounts, Some(order));
            }
            Awaited::Response { order } => {
                if let Some(mover) = self.seller(order, Task::Response).await? {
                    self.add(mover, lot, due, &[], Some(order));
                }
            }
            Awaited::Delivery { order } if is_requesters(lot) => {
                if let Some(requester) = requester {
                    let mover = Mover::of(requester, Role::Requester, Task::Receipt);
                    self.add(mover, lot, lot.due, &[], Some(order));
                }
            }
            Awaited::Delivery { order } => {
                if let Some(mover) = self.seller(order, Task::Delivery).await? {
                    self.add(mover, lot, lot.due, &[], Some(order));
                }
            }
            Awaited::Payment { order } => {
                let channel = self.order(order).await?.map(|order| order.channel.clone());
                if let Some(channel) = channel {
                    let mover = Mover::of(&channel, Role::BuyingAgent, Task::Payment);
                    self.add(mover, lot, due, &Self::bound(lot), Some(order));
                }
            }
            Awaited::Amendment { requester } => {
                // Whom nobody knows nobody can ask.
                let is_known = self.coalition.settings.as_ref().is_some_and(|s| s.any_requester)
                    || self.coalition.parties.contains_key(requester);
                let mover = || match is_known {
                    true => Mover::of(requester, Role::Requester, Task::Amendment),
                    false => Mover::office(Task::Amendment),
                };
                self.add(mover(), lot, due, &[], None);
                if let Some(line) = line {
                    let (subject, why) = (line.external_id.clone(), lot.reason.clone());
                    let how = amend_command(&self.coalition, line);
                    self.each(mover(), Each { subject, why, how });
                }
            }
            Awaited::Release => self.add(Mover::office(Task::Release), lot, due, &[], None),
            Awaited::Offer => self.add(Mover::office(Task::Offer), lot, None, &[], None),
            Awaited::Funding | Awaited::Gathering => {}
        }
        Ok(())
    }

    /// Adds what has to be done of one subject, and the command to the row that has none.
    fn each(&mut self, mover: Mover, each: Each) {
        let Mover { party, role, task } = mover;
        let key = (party.clone(), role, task);
        let row = self.rows.entry(key).or_insert_with(|| Move::new(party, role, task));
        if row.how.is_empty() {
            row.how.clone_from(&each.how);
        }
        if row.each.len() < NAMED && !row.each.contains(&each) {
            row.each.push(each);
        }
    }

    /// Order changes that their suppliers have to answer, and, where the whole is seen, those that they
    /// refused.
    async fn order_changes(&mut self, is_whole: bool) -> Result<(), StoreError> {
        for record in self.engine.store.records(ORDER_CHANGE).await? {
            let Ok(change) = serde_json::from_str::<OrderChange>(&record.body) else { continue };
            let OrderChange { number, order, supplier, .. } = &change;
            let mover = || match change.state {
                ChangeState::Asked => {
                    Some(Mover::of(supplier, Role::Supplier, Task::ChangeResponse))
                }
                ChangeState::Refused if is_whole => Some(Mover::office(Task::OrderChange)),
                ChangeState::Refused
                | ChangeState::Accepted
                | ChangeState::Overtaken
                | ChangeState::Settled => None,
            };
            if mover().is_none() {
                continue;
            }
            for line in &change.lines {
                let lots = self.engine.store.lots_of_line(line.lot.line()).await?;
                // What has come meanwhile, or was cancelled, needs no answer.
                let Some(lot) = lots.iter().find(|lot| line.is_about(lot, order)) else { continue };
                let (id, from, to) = (lot.id, lot.quantity, line.to);
                let (why, how) = match change.state {
                    ChangeState::Asked => (
                        format!("{id}: {from} -> {to} is asked for"),
                        format!("waybill order respond {order} --change {number}"),
                    ),
                    _ => (
                        format!("{id}: {supplier} does not agree to {to}: {}", change.answer),
                        format!("waybill order change {order} {id}={from}"),
                    ),
                };
                if let Some(mover) = mover() {
                    self.add(mover, lot, None, &[], Some(order));
                }
                if let Some(mover) = mover() {
                    let (subject, why, how) = (number.clone(), why.clone(), how.clone());
                    self.each(mover, Each { subject, why, how });
                }
            }
        }
        Ok(())
    }

    /// What amendments need that nobody has been asked for yet.
    async fn amendments(&mut self) -> Result<(), StoreError> {
        let open: Vec<Pending> = Pending::all(self.engine).await?;
        if open.is_empty() {
            return Ok(());
        }
        let mut asked: Vec<OrderChange> = Vec::new();
        for record in self.engine.store.records(ORDER_CHANGE).await? {
            let change = serde_json::from_str::<OrderChange>(&record.body).ok();
            asked.extend(change.filter(|change| change.state == ChangeState::Asked));
        }
        for pending in open {
            let Some((_, stored)) = self.engine.store.lines(&[pending.line]).await?.pop() else {
                continue;
            };
            let lots = self.engine.store.lots_of_line(pending.line).await?;
            let subject = pending.external_id.clone();
            let wanted = pending.quantity;
            let needs = match pending.plan(self.engine, &lots, &stored.line) {
                Ok(plan) => plan.needs,
                Err(error) => {
                    let (delivered, on_way) = come(&lots);
                    let least = Quantity(delivered.0 + on_way.0);
                    let how = format!("waybill amend {subject} quantity={least}");
                    let why = format!("{wanted} are wanted, but {error}");
                    if let Some(lot) = lots.first() {
                        self.add(Mover::office(Task::OrderChange), lot, None, &[], None);
                    }
                    let each = Each { subject, why, how };
                    self.each(Mover::office(Task::OrderChange), each);
                    continue;
                }
            };
            for needed in needs {
                let is_asked = asked.iter().any(|change| {
                    needed.need == Need::Change
                        && needed.order.as_ref() == Some(&change.order)
                        && change.lines.iter().any(|line| line.lot == needed.lot)
                });
                let lot = lots.iter().find(|lot| lot.id == needed.lot);
                let Some(lot) = lot.filter(|_| !is_asked) else { continue };
                let mover = || match needed.need {
                    Need::Acceptance => {
                        Mover::of(&pending.requester, Role::Requester, Task::Acceptance)
                    }
                    Need::Approval | Need::Change | Need::InKind | Need::Redirect => {
                        Mover::office(Task::OrderChange)
                    }
                };
                let why = match &needed.consignee {
                    Some(consignee) => format!("{} is wanted at {consignee}", needed.lot),
                    None => format!(
                        "{wanted} are wanted: {} of {} too many",
                        needed.from.less(needed.to),
                        needed.lot
                    ),
                };
                self.add(mover(), lot, None, &[], needed.order.as_deref());
                let (subject, how) = (subject.clone(), needed.how());
                self.each(mover(), Each { subject, why, how });
            }
        }
        Ok(())
    }

    /// Lines that were declined or sent back, and would pass now.
    async fn healed(&mut self) -> Result<(), StoreError> {
        let healed = healed(self.engine).await?;
        let ids: Vec<i64> = healed.iter().map(|heal| heal.lot.0).collect();
        let lots = self.engine.store.lots_by_id(&ids).await?;
        for heal in healed {
            let Some(lot) = lots.iter().find(|lot| lot.id == heal.lot) else { continue };
            self.add(Mover::office(Task::Reopen), lot, None, &[], None);
            let how = format!("waybill reopen {}", heal.external_id);
            let each = Each { subject: heal.external_id, why: heal.was, how };
            self.each(Mover::office(Task::Reopen), each);
        }
        Ok(())
    }

    /// What `donor` is asked to agree to.
    fn proposed(&self, lot: &Lot, donor: &String) -> Vec<Money> {
        let is_asked = |envelope: &String| {
            let given = self.coalition.contributions.get(envelope);
            given.is_some_and(|given| given.donors.contains(donor))
        };
        let shares = lot.funding.iter().filter(|share| share.state == ShareState::Proposed);
        shares.filter(|share| is_asked(&share.envelope)).map(|share| share.amount).collect()
    }

    /// What is bound for a lot and not paid yet.
    fn bound(lot: &Lot) -> Vec<Money> {
        let bound = lot.funding.iter().filter(|share| share.state == ShareState::Obligated);
        bound.map(|share| share.covers).collect()
    }

    async fn seller(&mut self, number: &str, task: Task) -> Result<Option<Mover>, StoreError> {
        let order = self.order(number).await?;
        Ok(order.map(|order| {
            let role = if order.is_gift { Role::Donor } else { Role::Supplier };
            Mover::of(&order.supplier, role, task)
        }))
    }

    async fn order(&mut self, number: &str) -> Result<Option<&Parties>, StoreError> {
        if !self.orders.contains_key(number) {
            let record = self.engine.store.record("order", number).await?;
            let order = record.and_then(|found| serde_json::from_str::<Order>(&found.body).ok());
            let parties = order.map(|order| Parties {
                supplier: order.supplier,
                is_gift: order.in_kind.is_some(),
                channel: order.channel,
            });
            self.orders.insert(number.to_owned(), parties);
        }
        Ok(self.orders.get(number).and_then(Option::as_ref))
    }

    /// Lots that wait for money wait for nobody.
    async fn funding(&mut self) -> Result<(), StoreError> {
        let counts = self.engine.store.lot_counts().await?;
        let waiting = counts.iter().filter(|count| count.awaits.as_deref() == Some("funding"));
        let lots: i64 = waiting.clone().map(|count| count.lots).sum();
        if lots > 0 {
            let mut row = Move::new(NOBODY.to_owned(), None, Task::Funding);
            row.lots = lots.unsigned_abs();
            row.since = waiting.filter_map(|count| count.oldest).min();
            self.rows.insert((row.party.clone(), None, Task::Funding), row);
        }
        Ok(())
    }
}

/// The command that mends what `line` refers to.
fn amend_command(coalition: &Coalition, line: &Line) -> String {
    let fields = unknown_references(coalition, line).into_iter().map(|unknown| {
        let field = unknown.reference.field();
        let value = unknown.nearest.unwrap_or_else(|| "VALUE".to_owned());
        let quote = if value.contains(char::is_whitespace) { "'" } else { "" };
        format!(" {quote}{field}={value}{quote}")
    });
    let fields: String = fields.collect();
    let fields = if fields.is_empty() { " FIELD=VALUE" } else { &fields };
    format!("waybill amend {}{fields}", line.external_id)
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
        Task::FollowUp | Task::OrderChange | Task::ChangeResponse => row.how.clone(),
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
