//! Lines: ranked, amended, corrected.

use std::collections::BTreeMap;

use waybill_shared::domain::lot::{LotState, Priority};
use waybill_shared::import::line_with;
use waybill_shared::intake::amendment;
use waybill_shared::store::{LineChange, LotChange};

use super::{Decided, Office, already, refuse};
use crate::acts::round;
use crate::documents::Refusal;

/// Fields that say nothing of what is asked for.
const CORRECTED: [&str; 4] = ["description", "source", "needed_by", "together"];

impl Office<'_> {
    pub(super) async fn rank(
        &self,
        id: &str,
        rank: u32,
        class: Option<u8>,
    ) -> Result<Decided, Refusal> {
        let (number, stored) = self.line(id).await?;
        let priority = Priority { class: class.unwrap_or(stored.line.priority.class), rank };
        if rank == 0 || !(1..=9).contains(&priority.class) {
            return Err(refuse("ranks are from 1, classes from 1 to 9"));
        }
        if priority == stored.line.priority {
            return already(format!("it has class {}, rank {rank}", priority.class));
        }
        let mut line = stored.line.clone();
        line.priority = priority;
        let mut unit = self.desk.unit();
        for lot in self.desk.engine.store.lots_of_line(number).await? {
            if let LotState::Closed(_) = &lot.state {
                continue;
            }
            let mut after = lot.clone();
            after.priority = priority;
            if !self.reason.is_empty() {
                self.reason.clone_into(&mut after.reason);
            }
            unit.lots.push(LotChange::new(lot, after, "lot.ranked"));
        }
        unit.lines.push(LineChange::commanded(number, &stored, line));
        unit.jobs.push(round::wanted(self.desk.engine));
        Ok(unit.into())
    }

    pub(super) async fn amend(
        &self,
        id: &str,
        fields: &BTreeMap<String, String>,
    ) -> Result<Decided, Refusal> {
        let (number, stored) = self.line(id).await?;
        let line = line_with(&stored.line, fields).map_err(refuse)?;
        if line == stored.line {
            return already("it says that");
        }
        let (engine, sender) = (self.desk.engine, self.desk.sender);
        let unit = amendment(engine, sender, number, &stored, &line).await;
        match unit.map_err(|error| refuse(error.to_string()))? {
            Some(unit) if unit.lines.is_empty() => {
                let why = "its lots are ordered, held or parked";
                Err(refuse(format!("{id}: {why}: cancel the order, resume or retry them first")))
            }
            Some(unit) => Ok(unit.into()),
            None => already("it says that"),
        }
    }

    pub(super) async fn correct(
        &self,
        id: &str,
        fields: &BTreeMap<String, String>,
    ) -> Result<Decided, Refusal> {
        if let Some(other) = fields.keys().find(|field| !CORRECTED.contains(&field.as_str())) {
            let those = CORRECTED.join(", ");
            let hint = format!("`{other}` changes what is asked for: amend the line");
            return Err(refuse(format!("{those} can be corrected; {hint}")));
        }
        let (number, stored) = self.line(id).await?;
        let line = line_with(&stored.line, fields).map_err(refuse)?;
        if line == stored.line {
            return already("it says that");
        }
        let mut unit = self.desk.unit();
        unit.lines.push(LineChange::commanded(number, &stored, line));
        unit.jobs.push(round::wanted(self.desk.engine));
        Ok(unit.into())
    }
}
