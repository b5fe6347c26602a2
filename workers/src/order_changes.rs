//! Order changes with the versions of their records.

use waybill_shared::domain::kinds::{RecordEvent, RecordKind};
use waybill_shared::domain::order_change::{ChangeState, OrderChange};
use waybill_shared::engine::Engine;
use waybill_shared::job::JobError;
use waybill_shared::store::{Record, RecordChange, StoreError};

/// An order change with the version of its record.
#[derive(Debug)]
pub(crate) struct FiledChange {
    pub(crate) change: OrderChange,
    version: i64,
}

fn read(record: &Record) -> Result<FiledChange, StoreError> {
    let corrupt = |source| {
        let subject = RecordKind::OrderChange.subject(&record.id);
        StoreError::Corrupt { subject, source }
    };
    let change = serde_json::from_str(&record.body).map_err(corrupt)?;
    Ok(FiledChange { change, version: record.version })
}

impl FiledChange {
    pub(crate) fn new(change: OrderChange) -> Self {
        Self { change, version: 0 }
    }

    /// The change with this number.
    pub(crate) async fn read(engine: &Engine, number: &str) -> Result<Option<Self>, StoreError> {
        let record = engine.store.record(RecordKind::OrderChange, number).await?;
        record.as_ref().map(read).transpose()
    }

    /// All changes of the order `number`.
    pub(crate) async fn of(engine: &Engine, number: &str) -> Result<Vec<Self>, StoreError> {
        let prefix = format!("{number}-CHANGE-");
        engine.store.records_of(RecordKind::OrderChange, &prefix).await?.iter().map(read).collect()
    }

    /// The record change that puts the order change into `state`.
    pub(crate) fn becomes(
        &mut self,
        state: ChangeState,
        event: RecordEvent,
    ) -> Result<RecordChange, JobError> {
        self.change.state = state;
        let (id, expected) = (self.change.number.clone(), self.version);
        self.version += 1;
        let body = serde_json::to_string(&self.change)
            .map_err(|error| JobError::Invalid(error.to_string()))?;
        Ok(RecordChange { kind: RecordKind::OrderChange, id, expected, body, event })
    }
}
