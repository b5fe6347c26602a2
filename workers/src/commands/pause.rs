//! Pauses: something stops until somebody unpauses it.

use waybill_shared::domain::kinds::{RecordEvent, RecordKind};
use waybill_shared::pauses::{ALL, Pause};
use waybill_shared::store::RecordChange;

use super::{Context, Decided, already, body, read, refuse};
use crate::documents::Refusal;

/// What may be paused, as a text for people.
const PARTS: &str = "all, calendar, connector, webhooks, step:NAME, supplier:ID, webhook:ID";

impl Context<'_> {
    pub(super) async fn pause(&self, what: &str, paused: bool) -> Result<Decided, Refusal> {
        if paused {
            self.is_part(what).await?;
        }
        let engine = self.desk.engine;
        let record = engine.store.record(RecordKind::Pause, what).await?;
        let known: Option<Pause> =
            record.as_ref().map(|record| read(RecordKind::Pause, record)).transpose()?;
        match known {
            Some(known) if known.paused && paused => {
                return already(format!("{} already paused it at {}", known.by, known.since));
            }
            Some(known) if known.paused => {}
            _ if !paused => return already("it is not paused"),
            _ => {}
        }
        let pause = Pause {
            paused,
            since: engine.clock.now(),
            by: self.desk.sender.to_owned(),
            reason: self.reason.to_owned(),
        };
        let mut change_set = self.desk.change_set();
        change_set.records.push(RecordChange {
            kind: RecordKind::Pause,
            id: what.to_owned(),
            expected: record.map_or(0, |record| record.version),
            body: body(RecordKind::Pause, what, &pause)?,
            event: if paused { RecordEvent::PauseSet } else { RecordEvent::PauseLifted },
        });
        Ok(change_set.into())
    }

    /// Refuses `what` if it is not something that can be paused.
    async fn is_part(&self, what: &str) -> Result<(), Refusal> {
        let engine = self.desk.engine;
        let (kind, id) = what.split_once(':').unwrap_or((what, ""));
        let is_known = match (kind, id) {
            (ALL | "calendar" | "connector" | "webhooks", "") => true,
            ("step", name) => {
                engine.pipelines().flat_map(|one| &one.steps).any(|step| &*step.name.0 == name)
            }
            ("supplier", id) => self.coalition().offers.values().any(|offer| offer.supplier == id),
            ("webhook", id) => engine.store.record(RecordKind::Webhook, id).await?.is_some(),
            _ => false,
        };
        if is_known {
            return Ok(());
        }
        Err(refuse(format!("`{what}` cannot be paused: choose one of {PARTS}")))
    }
}
