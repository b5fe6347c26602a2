//! Lines: ranked, amended, reopened, corrected.

use std::collections::BTreeMap;

use waybill_shared::domain::admissible::CLASSES;
use waybill_shared::domain::kinds::{LotEvent, ReasonCode, RecordEvent};
use waybill_shared::domain::lot::{Awaited, Lot, LotState, Outcome, Priority};
use waybill_shared::domain::transition::{Direction, StepResult};
use waybill_shared::import::line_with;
use waybill_shared::intake::{Pending, amendment};
use waybill_shared::store::{ChangeSet, LineChange, LotChange};
use waybill_shared::twins::reopen;

use super::{Context, Decided, already, refuse};
use crate::documents::Refusal;
use crate::wanted;

/// Fields that do not affect what is requested.
const CORRECTED: [&str; 4] = ["description", "source", "needed_by", "together"];

impl Context<'_> {
    pub(super) async fn rank(
        &self,
        id: &str,
        rank: u32,
        class: Option<u8>,
    ) -> Result<Decided, Refusal> {
        let (number, stored) = self.line(id).await?;
        let priority = Priority { class: class.unwrap_or(stored.line.priority.class), rank };
        if rank == 0 || !CLASSES.contains(&priority.class) {
            return Err(refuse("a rank is 1 or more, a class is from 1 to 9"));
        }
        if priority == stored.line.priority {
            return already(format!("it already has class {}, rank {rank}", priority.class));
        }
        let mut line = stored.line.clone();
        line.priority = priority;
        let mut change_set = self.desk.change_set();
        for lot in self.desk.engine.store.lots_of_line(number).await? {
            if let LotState::Closed(_) = lot.state() {
                continue;
            }
            let mut after = lot.clone();
            after.priority = priority;
            if !self.reason.is_empty() {
                self.reason.clone_into(&mut after.reason);
            }
            change_set.lots.push(LotChange::new(lot, after, LotEvent::Ranked));
        }
        change_set.lines.push(LineChange::commanded(number, &stored, line));
        change_set.jobs.push(wanted::round(self.desk.engine));
        Ok(change_set.into())
    }

    pub(super) async fn amend(
        &self,
        id: &str,
        fields: &BTreeMap<String, String>,
    ) -> Result<Decided, Refusal> {
        let engine = self.desk.engine;
        let (number, stored) = self.line(id).await?;
        let line = line_with(&stored.line, fields).map_err(refuse)?;
        if line == stored.line {
            // The line is wanted as it is, so a pending amendment to another quantity is withdrawn.
            return match Pending::of(engine, number).await? {
                (version, Some(pending)) if pending.quantity != line.quantity => {
                    let mut change_set = self.desk.change_set();
                    change_set
                        .records
                        .push(pending.ends(version, RecordEvent::LineAmendmentWithdrawn)?);
                    Ok(change_set.into())
                }
                _ => already("it already has these values"),
            };
        }
        let change_set = amendment(engine, self.desk.sender, number, &stored, &line).await;
        let change_set = change_set.map_err(|error| refuse(error.to_string()))?;
        let is_nothing = |change_set: &ChangeSet| {
            change_set.lines.is_empty()
                && change_set.lots.is_empty()
                && change_set.records.is_empty()
        };
        match change_set {
            Some(change_set) if !is_nothing(&change_set) => Ok(change_set.into()),
            Some(_) | None => {
                already("the amendment already waits for others: `waybill todo` shows for whom")
            }
        }
    }

    /// Validates again the lots of a line that were declined or sent back.
    pub(super) async fn reopen(&self, id: &str) -> Result<Decided, Refusal> {
        let engine = self.desk.engine;
        let (number, stored) = self.line(id).await?;
        let lots = engine.store.lots_of_line(number).await?;
        let mut change_set = self.desk.change_set();
        for lot in &lots {
            let why = self.because("reopened by an operator").to_owned();
            match lot.state() {
                LotState::Closed(Outcome::Declined(_)) => {
                    change_set.lots.extend(reopen(
                        engine,
                        lot,
                        &stored.line,
                        ReasonCode::Reopened,
                        why,
                    ));
                }
                LotState::Waiting { awaits: Awaited::Amendment { .. }, .. } => {
                    let mut after = lot.clone();
                    after.chased = 0;
                    after.because(ReasonCode::Reopened, why);
                    let to = StepResult::Go(Direction::Again);
                    change_set.lots.push(self.desk.change(
                        lot.clone(),
                        after,
                        to,
                        LotEvent::Reopened,
                    )?);
                }
                LotState::Closed(
                    Outcome::Delivered
                    | Outcome::Merged { .. }
                    | Outcome::Cancelled
                    | Outcome::Short,
                )
                | LotState::Ready { .. }
                | LotState::Waiting { .. }
                | LotState::RetryAt { .. }
                | LotState::Parked { .. } => {}
            }
        }
        if !change_set.lots.is_empty() {
            return Ok(change_set.into());
        }
        let is_open = |lot: &Lot| !matches!(lot.state(), LotState::Closed(_));
        if lots.iter().any(is_open) {
            return already("none of its lots is declined: they are under way");
        }
        let ends: Vec<String> =
            lots.iter().map(|lot| format!("{} is {}", lot.id, lot.state().name())).collect();
        Err(refuse(format!("no lot of `{id}` is declined: {}", ends.join(", "))))
    }

    pub(super) async fn correct(
        &self,
        id: &str,
        fields: &BTreeMap<String, String>,
    ) -> Result<Decided, Refusal> {
        if let Some(other) = fields.keys().find(|field| !CORRECTED.contains(&field.as_str())) {
            let those = CORRECTED.join(", ");
            let hint = format!("`{other}` changes the request: use `waybill amend`");
            return Err(refuse(format!("only {those} can be corrected; {hint}")));
        }
        let (number, stored) = self.line(id).await?;
        let line = line_with(&stored.line, fields).map_err(refuse)?;
        if line == stored.line {
            return already("it already has these values");
        }
        let mut change_set = self.desk.change_set();
        change_set.lines.push(LineChange::commanded(number, &stored, line));
        change_set.jobs.push(wanted::round(self.desk.engine));
        Ok(change_set.into())
    }
}
