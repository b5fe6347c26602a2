//! Finds who must act on each lot.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use chrono::{NaiveDate, NaiveTime};
use waybill_shared::domain::account::Role;
use waybill_shared::domain::coalition::Coalition;
use waybill_shared::domain::funding::ShareState;
use waybill_shared::domain::ids::LotId;
use waybill_shared::domain::kinds::RecordKind;
use waybill_shared::domain::lot::{Awaited, Lot, LotState, Timestamp};
use waybill_shared::domain::money::Money;
use waybill_shared::domain::order::Order;
use waybill_shared::domain::requisition::Line;
use waybill_shared::engine::Engine;
use waybill_shared::store::{LotFilter, LotOrder, StoreError};
use waybill_workers::commands::Note;

use super::changes::amend_command;
use super::{Each, Move, NAMED, NOBODY, READ, SECRETARIAT, Task};

/// Whether the requester of `lot` must act.
fn is_requesters(lot: &Lot) -> bool {
    match lot.state().awaits() {
        Some(Awaited::Acceptance { .. } | Awaited::Amendment { .. }) => true,
        // If everything is on its way, the requester has to report the receipt.
        Some(Awaited::Delivery { .. }) => lot.shipped >= lot.quantity,
        Some(_) | None => false,
    }
}

/// Who must act, and on what task.
pub(super) struct Mover {
    pub(super) party: String,
    pub(super) role: Option<Role>,
    pub(super) task: Task,
}

impl Mover {
    pub(super) fn of(party: &str, role: Role, task: Task) -> Self {
        Self { party: party.to_owned(), role: Some(role), task }
    }

    pub(super) fn secretariat(task: Task) -> Self {
        Self::of(SECRETARIAT, Role::Operator, task)
    }
}

/// The parties of an order.
struct Parties {
    supplier: String,
    /// Whether the donor gives the goods in kind.
    is_gift: bool,
    channel: String,
}

/// The tasks found so far.
pub(super) struct Found<'a> {
    pub(super) engine: &'a Engine,
    pub(super) coalition: Arc<Coalition>,
    today: NaiveDate,
    orders: HashMap<String, Option<Parties>>,
    pub(super) rows: BTreeMap<(String, Option<Role>, Task), Move>,
}

impl<'a> Found<'a> {
    pub(super) fn new(engine: &'a Engine, coalition: Arc<Coalition>) -> Self {
        let today = engine.today(&coalition);
        Self { engine, coalition, today, orders: HashMap::new(), rows: BTreeMap::new() }
    }

    /// The date of a moment in the coalition's time zone.
    fn day(&self, at: Timestamp) -> NaiveDate {
        let at = at.with_timezone(&self.coalition.zone());
        // A deadline at midnight means that the day before is the last day.
        let is_midnight = at.time() == NaiveTime::MIN;
        let before = at.date_naive().pred_opt().filter(|_| is_midnight);
        before.unwrap_or_else(|| at.date_naive())
    }

    pub(super) fn add(
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

    /// Notes that are due to be looked at again.
    pub(super) async fn follow_ups(&mut self) -> Result<(), StoreError> {
        // A later note of the same subject replaces the earlier one.
        let mut last: BTreeMap<String, Option<NaiveDate>> = BTreeMap::new();
        for record in self.engine.store.records(RecordKind::Note).await? {
            if let Ok(note) = serde_json::from_str::<Note>(&record.body) {
                last.insert(note.subject, note.follow_up);
            }
        }
        for (subject, day) in last {
            let Some(day) = day.filter(|day| *day <= self.today) else { continue };
            let Mover { party, role, task } = Mover::secretariat(Task::FollowUp);
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

    /// Adds the tasks of all lots that wait for `awaits`, by priority.
    pub(super) async fn waiting(&mut self, awaits: &str) -> Result<(), StoreError> {
        let filter =
            LotFilter { awaits: Some(awaits.to_owned()), limit: READ, ..LotFilter::default() };
        let mut after = None;
        loop {
            let lots = self.engine.store.lots_ordered(&filter, LotOrder::Ranked(after)).await?;
            // Only few lots are their requester's task, so the lines of the others are not read.
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

    /// Adds the tasks of a lot. `line` is given if the requester matters.
    async fn lot(&mut self, lot: &Lot, line: Option<&Line>) -> Result<(), StoreError> {
        let requester = line.map(|line| &*line.requester);
        let LotState::Waiting { awaits, until, .. } = lot.state() else { return Ok(()) };
        let due = until.map(|until| self.day(until));
        let is_overdue = due.is_some_and(|due| due < self.today);
        match awaits {
            Awaited::Review { group, .. } => {
                // A review that belongs to no group is the secretariat's own.
                let role = if group == SECRETARIAT { Role::Operator } else { Role::Reviewer };
                self.add(Mover::of(group, role, Task::Review), lot, due, &[], None);
                if is_overdue || lot.chased > 0 {
                    self.add(Mover::secretariat(Task::ChaseReview), lot, due, &[], None);
                }
            }
            Awaited::Consent { donors } => {
                for donor in donors {
                    let amounts = self.proposed(lot, donor);
                    let mover = Mover::of(donor, Role::Donor, Task::Consent);
                    self.add(mover, lot, due, &amounts, None);
                }
                if is_overdue {
                    self.add(Mover::secretariat(Task::ChaseConsent), lot, due, &[], None);
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
                self.add(Mover::secretariat(Task::Approval), lot, due, &amounts, Some(order));
            }
            Awaited::Terms { order } => {
                self.add(Mover::secretariat(Task::Terms), lot, due, &[], Some(order));
                let how = format!("waybill order accept {order}");
                let each = Each { subject: order.clone(), why: lot.reason.clone(), how };
                self.each(Mover::secretariat(Task::Terms), each);
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
                // An unknown requester cannot be asked, so the secretariat has to act.
                let is_known = self.coalition.settings.as_ref().is_some_and(|s| s.any_requester)
                    || self.coalition.parties.contains_key(requester);
                let mover = || match is_known {
                    true => Mover::of(requester, Role::Requester, Task::Amendment),
                    false => Mover::secretariat(Task::Amendment),
                };
                self.add(mover(), lot, due, &[], None);
                if let Some(line) = line {
                    let (subject, why) = (self.name(line).await?, lot.reason.clone());
                    let how = amend_command(&self.coalition, line, &subject);
                    self.each(mover(), Each { subject, why, how });
                }
            }
            Awaited::Release => self.add(Mover::secretariat(Task::Release), lot, due, &[], None),
            Awaited::Offer => self.add(Mover::secretariat(Task::Offer), lot, None, &[], None),
            Awaited::Funding | Awaited::Gathering => {}
        }
        Ok(())
    }

    /// The money that `donor` is asked to agree to.
    fn proposed(&self, lot: &Lot, donor: &String) -> Vec<Money> {
        let is_asked = |envelope: &String| {
            let given = self.coalition.contributions.get(envelope);
            given.is_some_and(|given| given.donors.contains(donor))
        };
        let shares = lot.funding.iter().filter(|share| share.state == ShareState::Proposed);
        shares.filter(|share| is_asked(&share.envelope)).map(|share| share.amount).collect()
    }

    /// The money that is bound for a lot and not yet paid.
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
            let record = self.engine.store.record(RecordKind::Order, number).await?;
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

    /// Adds the lots that wait for money. Nobody has to act on them.
    pub(super) async fn funding(&mut self) -> Result<(), StoreError> {
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
