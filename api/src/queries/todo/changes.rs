//! Tasks from amendments, order changes, imports and reference data.

use waybill_shared::domain::account::Role;
use waybill_shared::domain::amendment::{Need, come};
use waybill_shared::domain::coalition::Coalition;
use waybill_shared::domain::kinds::RecordKind;
use waybill_shared::domain::order_change::{ChangeState, OrderChange};
use waybill_shared::domain::quantity::Quantity;
use waybill_shared::domain::reference::unknown_references;
use waybill_shared::domain::requisition::Line;
use waybill_shared::domain::surplus::Surplus;
use waybill_shared::intake::{Pending, disputes};
use waybill_shared::store::StoreError;
use waybill_workers::healed;

use super::found::{Found, Mover};
use super::{Each, Move, NAMED, Task};
use crate::queries::lots::incidents::incidents;

impl Found<'_> {
    /// Adds a task about one subject. If the row has no command yet, it gets the command of this one.
    pub(super) fn each(&mut self, mover: Mover, each: Each) {
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

    /// Order changes that their suppliers have to answer. Callers who see everything also get those that suppliers
    /// refused.
    pub(super) async fn order_changes(&mut self, is_whole: bool) -> Result<(), StoreError> {
        for record in self.engine.store.records(RecordKind::OrderChange).await? {
            let Ok(change) = serde_json::from_str::<OrderChange>(&record.body) else { continue };
            let OrderChange { number, order, supplier, .. } = &change;
            let mover = || match change.state {
                ChangeState::Asked => {
                    Some(Mover::of(supplier, Role::Supplier, Task::ChangeResponse))
                }
                ChangeState::Refused if is_whole => Some(Mover::secretariat(Task::OrderChange)),
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
                // Goods that have arrived in the meantime, or were cancelled, need no answer.
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

    /// Order changes that amendments need and that nobody has requested yet.
    pub(super) async fn amendments(&mut self) -> Result<(), StoreError> {
        let open: Vec<Pending> = Pending::all(self.engine).await?;
        if open.is_empty() {
            return Ok(());
        }
        let mut asked: Vec<OrderChange> = Vec::new();
        for record in self.engine.store.records(RecordKind::OrderChange).await? {
            let change = serde_json::from_str::<OrderChange>(&record.body).ok();
            asked.extend(change.filter(|change| change.state == ChangeState::Asked));
        }
        for pending in open {
            let Some((_, stored)) = self.engine.store.lines(&[pending.line]).await?.pop() else {
                continue;
            };
            let lots = self.engine.store.lots_of_line(pending.line).await?;
            let subject = self.name(&stored.line).await?;
            let wanted = pending.quantity;
            let needs = match pending.plan(self.engine, &lots, &stored.line) {
                Ok(plan) => plan.needs,
                Err(error) => {
                    let (delivered, on_way) = come(&lots);
                    let least = Quantity(delivered.0 + on_way.0);
                    let how = format!("waybill amend {subject} quantity={least}");
                    let why = format!("{wanted} are wanted, but {error}");
                    if let Some(lot) = lots.first() {
                        self.add(Mover::secretariat(Task::OrderChange), lot, None, &[], None);
                    }
                    let each = Each { subject, why, how };
                    self.each(Mover::secretariat(Task::OrderChange), each);
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
                        Mover::secretariat(Task::OrderChange)
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
    pub(super) async fn healed(&mut self) -> Result<(), StoreError> {
        let healed = healed(self.engine).await?;
        let ids: Vec<i64> = healed.iter().map(|heal| heal.lot.0).collect();
        let lots = self.engine.store.lots_by_id(&ids).await?;
        for heal in healed {
            let Some(lot) = lots.iter().find(|lot| lot.id == heal.lot) else { continue };
            self.add(Mover::secretariat(Task::Reopen), lot, None, &[], None);
            let subject = self.name_of(&heal.requester, &heal.external_id).await?;
            let how = format!("waybill reopen {subject}");
            let each = Each { subject, why: heal.was, how };
            self.each(Mover::secretariat(Task::Reopen), each);
        }
        Ok(())
    }

    /// Surplus that nobody has decided about.
    pub(super) async fn surplus(&mut self) -> Result<(), StoreError> {
        for record in self.engine.store.records(RecordKind::Surplus).await? {
            let Ok(surplus) = serde_json::from_str::<Surplus>(&record.body) else { continue };
            let lots = self.engine.store.lots_by_id(&[surplus.lot.0]).await?;
            let Some(lot) = lots.first().filter(|_| surplus.is_open()) else { continue };
            let order = &surplus.order;
            self.add(Mover::secretariat(Task::Surplus), lot, None, &[], Some(order));
            let (id, quantity) = (surplus.lot, surplus.quantity);
            let why = format!("{quantity} more came than {order} bought");
            let how = format!("waybill surplus pay {id}, or keep or return");
            self.each(
                Mover::secretariat(Task::Surplus),
                Each { subject: id.to_string(), why, how },
            );
        }
        Ok(())
    }

    /// Incidents without lots: facts from outside that break a rule, and jobs that were given up.
    pub(super) async fn incidents(&mut self) -> Result<(), StoreError> {
        let views = incidents(self.engine, usize::MAX).await?;
        for view in views.into_iter().filter(|view| view.lots == 0) {
            let why = [vec![view.cause], view.subjects].concat().join(", ");
            let (subject, how) = (view.records.join(", "), view.how);
            self.each(Mover::secretariat(Task::Incident), Each { subject, why, how });
        }
        Ok(())
    }

    /// Offers that are no longer in their folder.
    pub(super) fn suspended(&mut self) {
        let coalition = self.coalition.clone();
        for offer in coalition.offers.values().filter(|offer| offer.is_suspended) {
            let id = &offer.id;
            self.each(
                Mover::secretariat(Task::SuspendedOffer),
                Each {
                    subject: id.clone(),
                    why: "it is no longer in its folder, so no order uses it".to_owned(),
                    how: format!("waybill offer end {id}, or waybill offer keep {id}"),
                },
            );
        }
    }

    /// Conflicts between planned files and commands.
    pub(super) async fn disputes(&mut self) -> Result<(), StoreError> {
        for dispute in disputes(self.engine).await? {
            let (id, file) = (&dispute.subject, &dispute.file);
            let file = if file.is_empty() { "FILE" } else { file };
            let how = format!("waybill import {file} --theirs {id}, or --ours {id}");
            let each = Each { subject: dispute.subject.clone(), why: dispute.why, how };
            self.each(Mover::secretariat(Task::Conflict), each);
        }
        Ok(())
    }

    /// The name of a line in commands: its requester's id, with the requester if others use the same id.
    pub(super) async fn name(&self, line: &Line) -> Result<String, StoreError> {
        self.name_of(&line.requester, &line.external_id).await
    }

    async fn name_of(&self, requester: &str, id: &str) -> Result<String, StoreError> {
        let is_one = self.engine.store.lines_by_external(&[id]).await?.len() < 2;
        Ok(if is_one { id.to_owned() } else { format!("{requester}/{id}") })
    }
}

/// The command that fixes the references of `line`.
pub(super) fn amend_command(coalition: &Coalition, line: &Line, name: &str) -> String {
    let fields = unknown_references(coalition, line).into_iter().map(|unknown| {
        let field = unknown.reference.field();
        let value = unknown.nearest.unwrap_or_else(|| "VALUE".to_owned());
        let quote = if value.contains(char::is_whitespace) { "'" } else { "" };
        format!(" {quote}{field}={value}{quote}")
    });
    let fields: String = fields.collect();
    let fields = if fields.is_empty() { " FIELD=VALUE" } else { &fields };
    format!("waybill amend {name}{fields}")
}
