//! Presence of processes. Every few seconds each process writes a row about itself, in the same way as it writes work,
//! and publishes a message that is for no queue. So a process that cannot work knows it, and reports it where others
//! look.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use tokio::time::timeout;
use utoipa::ToSchema;

use crate::broker::BrokerError;
use crate::causes::with_causes;
use crate::clock::apart;
use crate::domain::kinds::NoteKind;
use crate::domain::lot::Timestamp;
use crate::engine::Engine;
use crate::store::{ChangeSet, Fate, Hindrance, NoteChange, NoteRange, Store, StoreError};

/// How often a process reports.
pub const BEAT: Duration = Duration::from_secs(5);

/// The longest time for one attempt.
const PATIENCE: Duration = Duration::from_secs(4);

/// A process that has not reported for this long is gone.
const GONE: TimeDelta = TimeDelta::seconds(30);

/// A process that has not reported for this long is forgotten.
const FORGOTTEN: TimeDelta = TimeDelta::days(1);

/// A clock that differs more from the database's clock counts as wrong.
pub const APART: TimeDelta = TimeDelta::seconds(5);

/// Something that keeps a process from working.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Trouble {
    /// The part that fails: `store`, `broker`, `clock`.
    pub part: String,
    /// What is wrong.
    pub what: String,
    /// What the part reported; for operators only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// What the operator can do about it, if the part reported that; for operators only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mend: Option<String>,
}

impl Trouble {
    #[must_use]
    pub fn new(part: &str, what: impl std::fmt::Display) -> Self {
        Self { part: part.to_owned(), what: what.to_string(), detail: None, mend: None }
    }

    /// A failure of the store. `otherwise` is the description if the error does not give a cause.
    #[must_use]
    pub fn of_store(error: &StoreError, otherwise: &str) -> Self {
        let cause = error.cause();
        Self {
            detail: Some(with_causes(error)),
            mend: cause.map(|cause| cause.mend.to_owned()),
            ..Self::new("store", cause.map_or(otherwise, |cause| cause.what))
        }
    }

    /// The reason why commits of the store do not complete.
    #[must_use]
    pub fn of_hindrance(Hindrance { what, detail, mend }: Hindrance) -> Self {
        Self { detail: Some(detail), mend: Some(mend), ..Self::new("store", what) }
    }

    fn of_broker(error: &BrokerError) -> Self {
        match error {
            BrokerError::Failed { .. } => {
                let detail = Some(error.to_string());
                Self { detail, ..Self::new("broker", "the broker accepts no messages") }
            }
            BrokerError::Disconnected | BrokerError::Blocked(_) => Self::new("broker", error),
        }
    }

    /// The description, with what the part reported.
    #[must_use]
    pub fn told(&self) -> String {
        match &self.detail {
            Some(detail) => format!("{}: {detail}", self.what),
            None => self.what.clone(),
        }
    }
}

/// A process, as it last reported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Presence {
    /// The role of the process: `serve`, `scheduler`, `worker`, `api`.
    pub role: String,
    /// The name of the machine.
    pub host: String,
    /// The process id on that machine.
    pub pid: u32,
    /// The version of Waybill.
    pub version: String,
    /// The newest version of the pipeline that the process knows.
    pub pipeline: u32,
    /// When the process started.
    #[schema(value_type = chrono::DateTime<chrono::Utc>)]
    pub started: Timestamp,
    /// When the process last reported, by the database's clock.
    #[schema(value_type = chrono::DateTime<chrono::Utc>)]
    pub seen: Timestamp,
    /// When the process last stored anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<chrono::DateTime<chrono::Utc>>)]
    pub moved: Option<Timestamp>,
    /// By how many milliseconds its clock is ahead of the database's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset_ms: Option<i64>,
    /// What keeps the process from working.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub troubles: Vec<Trouble>,
}

impl Presence {
    /// Whether the process has reported recently, at `now`.
    #[must_use]
    pub fn is_there(&self, now: Timestamp) -> bool {
        now - self.seen <= GONE
    }

    /// How far its clock differs from the database's, as text; `None` if the difference is small enough.
    #[must_use]
    pub fn clock_apart(&self) -> Option<String> {
        let offset = TimeDelta::milliseconds(self.offset_ms?);
        let is_apart = offset.abs() > APART;
        is_apart.then(|| format!("{} the database's", apart(offset, "ahead of", "behind")))
    }

    /// `worker 4711 on atlas`.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{} {} on {}", self.role, self.pid, self.host)
    }
}

/// What a process knows about its own state.
#[derive(Debug, Default)]
pub struct Vitals {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    moved: Option<Timestamp>,
    troubles: Vec<Trouble>,
}

impl Vitals {
    /// Records that something was stored.
    pub(crate) fn moved(&self, now: Timestamp) {
        self.state().moved = Some(now);
    }

    /// The problems that the last report found.
    #[must_use]
    pub fn troubles(&self) -> Vec<Trouble> {
        self.state().troubles.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reports a process until it leaves.
#[derive(Debug)]
pub struct Pulse {
    engine: Engine,
    key: String,
    role: &'static str,
    host: String,
    started: Timestamp,
}

impl Pulse {
    /// The pulse of a process with this role.
    #[must_use]
    pub fn of(engine: Engine, role: &'static str) -> Self {
        let host = std::fs::read_to_string("/etc/hostname").unwrap_or_default().trim().to_owned();
        let host = if host.is_empty() { "localhost".to_owned() } else { host };
        let started = engine.clock.now();
        let key = format!("{host}:{}:{}", std::process::id(), started.timestamp_millis());
        Self { engine, key, role, host, started }
    }

    /// Reports repeatedly, until the future is dropped.
    pub async fn run(&self) {
        let mut beats = 0_u32;
        loop {
            self.beat().await;
            // Once an hour.
            if beats.is_multiple_of(720) && self.engine.metrics.is_leading() {
                self.forget_others().await;
            }
            beats = beats.wrapping_add(1);
            tokio::time::sleep(BEAT).await;
        }
    }

    async fn beat(&self) {
        let engine = &self.engine;
        let mut troubles = Vec::new();
        let doubt = engine.doubt();
        troubles.extend(doubt.map(|doubt| Trouble::new("clock", doubt)));
        match timeout(PATIENCE, engine.broker.probe()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => troubles.push(Trouble::of_broker(&error)),
            Err(_) => troubles.push(Trouble::new("broker", "the broker does not answer in time")),
        }
        if let Ok(Ok(hindrances)) = timeout(PATIENCE, engine.store.hindrances()).await {
            troubles.extend(hindrances.into_iter().map(Trouble::of_hindrance));
        }
        let is_known = troubles.iter().any(|trouble| trouble.part == "store");
        let said = self.presence(&troubles);
        match timeout(PATIENCE, self.keep(Some(&said))).await {
            Ok(Ok(())) => {}
            _ if is_known => {}
            Ok(Err(error)) => troubles.push(Trouble::of_store(&error, "commits fail")),
            Err(_) => troubles.push(Trouble::new("store", "commits are not confirmed in time")),
        }
        let parts: Vec<&str> = troubles.iter().map(|trouble| trouble.part.as_str()).collect();
        engine.metrics.troubles(&parts, engine.timekeeper.offset());
        engine.vitals.state().troubles = troubles;
    }

    fn presence(&self, troubles: &[Trouble]) -> Presence {
        let engine = &self.engine;
        let offset = engine.timekeeper.offset();
        Presence {
            role: self.role.to_owned(),
            host: self.host.clone(),
            pid: std::process::id(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            pipeline: engine.pipeline_version(),
            started: self.started,
            seen: engine.clock.now() - offset.unwrap_or_default(),
            moved: engine.vitals.state().moved,
            offset_ms: offset.map(|offset| offset.num_milliseconds()),
            troubles: troubles.to_vec(),
        }
    }

    /// Writes the process's row, or deletes it for `None`.
    async fn keep(&self, said: Option<&Presence>) -> Result<(), StoreError> {
        let mut change_set = ChangeSet::new(self.role, self.engine.clock.now());
        let body = said.and_then(|said| serde_json::to_string(said).ok());
        change_set.notes.push(NoteChange { kind: NoteKind::Process, key: self.key.clone(), body });
        // Not through the engine, which refuses commits while the clock is not trusted. This process has to report just
        // that.
        match self.engine.store.commit(vec![change_set]).await?.first() {
            Some(Fate::Committed) | None => Ok(()),
            Some(other) => {
                tracing::warn!(?other, "the process could not report that it is running");
                Ok(())
            }
        }
    }

    /// Deletes the process's row.
    pub async fn leave(&self) {
        if let Ok(Err(error)) = timeout(PATIENCE, self.keep(None)).await {
            tracing::debug!(
                error = &error as &dyn std::error::Error,
                "the process could not delete its report"
            );
        }
    }

    async fn forget_others(&self) {
        let engine = &self.engine;
        let old = match kept(&*engine.store).await {
            Ok(kept) => kept,
            Err(_) => return,
        };
        let now = engine.clock.now();
        let mut change_set = ChangeSet::new(self.role, now);
        let old = old.into_iter().filter(|(_, known)| now - known.seen > FORGOTTEN);
        change_set.notes.extend(old.map(|(key, _)| NoteChange {
            kind: NoteKind::Process,
            key,
            body: None,
        }));
        if !change_set.notes.is_empty() && engine.store.commit(vec![change_set]).await.is_err() {
            tracing::debug!("reports of processes that have ended could not be deleted");
        }
    }
}

async fn kept(store: &dyn Store) -> Result<Vec<(String, Presence)>, StoreError> {
    let (after, before) = (String::new(), "\u{10ffff}".to_owned());
    let all = NoteRange { after, before, backwards: false, limit: 10_000 };
    let notes = store.notes(NoteKind::Process, &all).await?;
    // A row that cannot be read, for example one of a newer version, is skipped.
    let read = |(key, body): (String, String)| Some((key, serde_json::from_str(&body).ok()?));
    Ok(notes.into_iter().filter_map(read).collect())
}

/// All processes that reported within a day and have not left, grouped by role.
///
/// # Errors
/// [`StoreError`] if they cannot be read.
pub async fn processes(store: &dyn Store) -> Result<Vec<Presence>, StoreError> {
    let mut all: Vec<Presence> = kept(store).await?.into_iter().map(|(_, known)| known).collect();
    let latest = all.iter().map(|known| known.seen).max();
    all.retain(|known| latest.is_some_and(|latest| latest - known.seen <= FORGOTTEN));
    all.sort_by(|one, other| (&one.role, one.started).cmp(&(&other.role, other.started)));
    Ok(all)
}
