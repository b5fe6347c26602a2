//! Incidents that are not about lots, such as jobs that were given up and payments above the bound
//! amount.

use waybill_shared::job::Incident;
use waybill_shared::store::{NewJob, RecordChange, StoreError};

use super::{Context, Decided, already, body, refuse};
use crate::documents::Refusal;
use waybill_shared::domain::kinds::{JobKind, RecordEvent, RecordKind};

impl Context<'_> {
    /// Starts the job of an incident again, with all its attempts.
    pub(super) async fn replay(&self, id: &str) -> Result<Decided, Refusal> {
        let (version, incident) = self.incident(id).await?;
        if let Some(closed) = &incident.closed {
            return already(closed.clone());
        }
        let job = incident.job.clone();
        let job = job.ok_or_else(|| {
            refuse("this incident has no job to replay: fix the cause, then close the incident")
        })?;
        let kind = JobKind::named(&job.kind);
        let kind = kind
            .ok_or_else(|| refuse(format!("this version of Waybill has no job `{}`", job.kind)))?;
        let because = self.because("replayed by an operator");
        let mut change_set = self.desk.change_set();
        let (key, due) = (job.key, change_set.at);
        change_set.jobs.push(NewJob { kind, key, due, body: job.body });
        let closed = format!("replayed: {because}");
        change_set.records.push(closes(
            id,
            version,
            incident,
            closed,
            RecordEvent::IncidentReplayed,
        )?);
        Ok(change_set.into())
    }

    /// Closes an incident. Nothing more is done about it.
    pub(super) async fn close(&self, id: &str) -> Result<Decided, Refusal> {
        let (version, incident) = self.incident(id).await?;
        if let Some(closed) = &incident.closed {
            return already(closed.clone());
        }
        let closed = format!("closed: {}", self.because("closed by an operator"));
        let mut change_set = self.desk.change_set();
        change_set.records.push(closes(
            id,
            version,
            incident,
            closed,
            RecordEvent::IncidentClosed,
        )?);
        Ok(change_set.into())
    }

    async fn incident(&self, id: &str) -> Result<(i64, Incident), Refusal> {
        let record = self.desk.engine.store.record(RecordKind::Incident, id).await?;
        let record = record.ok_or_else(|| refuse(format!("there is no incident `{id}`")))?;
        let corrupt = |source| StoreError::Corrupt { subject: format!("incident:{id}"), source };
        let incident = serde_json::from_str(&record.body).map_err(corrupt)?;
        Ok((record.version, incident))
    }
}

fn closes(
    id: &str,
    version: i64,
    mut incident: Incident,
    closed: String,
    event: RecordEvent,
) -> Result<RecordChange, StoreError> {
    incident.closed = Some(closed);
    let body = body(RecordKind::Incident, id, &incident)?;
    Ok(RecordChange {
        kind: RecordKind::Incident,
        id: id.to_owned(),
        expected: version,
        body,
        event,
    })
}
