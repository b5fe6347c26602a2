//! Who is there. Each process writes a row about itself every few seconds, in the way in which its work is written, and
//! publishes a message that is for nobody: so one that cannot work knows it, and says it where others look.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use tokio::time::timeout;
use utoipa::ToSchema;

use crate::broker::BrokerError;
use crate::causes::with_causes;
use crate::domain::kinds::NoteKind;
use crate::domain::lot::Timestamp;
use crate::engine::Engine;
use crate::store::{ChangeSet, Fate, Hindrance, NoteChange, NoteRange, Store, StoreError};
use crate::timekeeper::apart;

/// How often a process says that it is there.
pub const BEAT: Duration = Duration::from_secs(5);

/// How long what it tries may take.
const PATIENCE: Duration = Duration::from_secs(4);

/// One that was not heard of for so long is gone.
const GONE: TimeDelta = TimeDelta::seconds(30);

/// One that was not heard of for so long is forgotten.
const FORGOTTEN: TimeDelta = TimeDelta::days(1);

/// A clock that is further from the database's does not keep time.
pub const APART: TimeDelta = TimeDelta::seconds(5);

/// What keeps a process from working.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Trouble {
    /// Where it lies: `store`, `broker`, `clock`.
    pub part: String,
    /// What it is.
    pub what: String,
    /// What the part said of it, for operators.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The way out, where the part told which, for operators.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mend: Option<String>,
}

impl Trouble {
    /// Trouble with `part`.
    #[must_use]
    pub fn new(part: &str, what: impl std::fmt::Display) -> Self {
        Self { part: part.to_owned(), what: what.to_string(), detail: None, mend: None }
    }

    /// Trouble with the store, which did not do what was asked; `otherwise` where its error does not tell why.
    #[must_use]
    pub fn of_store(error: &StoreError, otherwise: &str) -> Self {
        let cause = error.cause();
        Self {
            detail: Some(with_causes(error)),
            mend: cause.map(|cause| cause.mend.to_owned()),
            ..Self::new("store", cause.map_or(otherwise, |cause| cause.what))
        }
    }

    /// What keeps the store's commits from being done.
    #[must_use]
    pub fn of_hindrance(Hindrance { what, detail, mend }: Hindrance) -> Self {
        Self { detail: Some(detail), mend: Some(mend), ..Self::new("store", what) }
    }

    fn of_broker(error: &BrokerError) -> Self {
        match error {
            BrokerError::Failed { .. } => {
                let detail = Some(error.to_string());
                Self { detail, ..Self::new("broker", "the broker takes no messages") }
            }
            BrokerError::Disconnected | BrokerError::Blocked(_) => Self::new("broker", error),
        }
    }

    /// What it is, and what the part said of it.
    #[must_use]
    pub fn told(&self) -> String {
        match &self.detail {
            Some(detail) => format!("{}: {detail}", self.what),
            None => self.what.clone(),
        }
    }
}

/// A process, as it was last heard of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Presence {
    /// What it runs: `serve`, `scheduler`, `worker`, `api`.
    pub role: String,
    /// On which machine.
    pub host: String,
    /// Its number there.
    pub pid: u32,
    /// The version of Waybill.
    pub version: String,
    /// The newest version of the pipeline that it knows.
    pub pipeline: u32,
    /// Since when it is there.
    #[schema(value_type = chrono::DateTime<chrono::Utc>)]
    pub started: Timestamp,
    /// When it was last heard of, by the database's clock.
    #[schema(value_type = chrono::DateTime<chrono::Utc>)]
    pub seen: Timestamp,
    /// When it last stored anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<chrono::DateTime<chrono::Utc>>)]
    pub moved: Option<Timestamp>,
    /// By how many milliseconds its clock is ahead of the database's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset_ms: Option<i64>,
    /// What keeps it from working.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub troubles: Vec<Trouble>,
}

impl Presence {
    /// Whether it was heard of lately, at `now`.
    #[must_use]
    pub fn is_there(&self, now: Timestamp) -> bool {
        now - self.seen <= GONE
    }

    /// How its clock stands to the database's, where they are further apart than clocks that keep time.
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

/// What a process knows of itself.
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
    /// Something was stored.
    pub(crate) fn moved(&self, now: Timestamp) {
        self.state().moved = Some(now);
    }

    /// What the last beat met.
    #[must_use]
    pub fn troubles(&self) -> Vec<Trouble> {
        self.state().troubles.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Says that a process is there, until it leaves.
#[derive(Debug)]
pub struct Pulse {
    engine: Engine,
    key: String,
    role: &'static str,
    host: String,
    started: Timestamp,
}

impl Pulse {
    /// One that runs `role`.
    #[must_use]
    pub fn of(engine: Engine, role: &'static str) -> Self {
        let host = std::fs::read_to_string("/etc/hostname").unwrap_or_default().trim().to_owned();
        let host = if host.is_empty() { "localhost".to_owned() } else { host };
        let started = engine.clock.now();
        let key = format!("{host}:{}:{}", std::process::id(), started.timestamp_millis());
        Self { engine, key, role, host, started }
    }

    /// Beats until it is dropped.
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
            Ok(Err(error)) => troubles.push(Trouble::of_store(&error, "what is committed fails")),
            Err(_) => {
                troubles.push(Trouble::new("store", "what is committed is not confirmed in time"))
            }
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

    /// Writes what is said; nothing: it leaves.
    async fn keep(&self, said: Option<&Presence>) -> Result<(), StoreError> {
        let mut change_set = ChangeSet::new(self.role, self.engine.clock.now());
        let body = said.and_then(|said| serde_json::to_string(said).ok());
        change_set.notes.push(NoteChange { kind: NoteKind::Process, key: self.key.clone(), body });
        // Not by way of the engine: one that does not believe its clock says so.
        match self.engine.store.commit(vec![change_set]).await?.first() {
            Some(Fate::Committed) | None => Ok(()),
            Some(other) => {
                tracing::warn!(?other, "the process could not say that it is there");
                Ok(())
            }
        }
    }

    /// Leaves.
    pub async fn leave(&self) {
        if let Ok(Err(error)) = timeout(PATIENCE, self.keep(None)).await {
            tracing::debug!(error = &error as &dyn std::error::Error, "left without a word");
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
            tracing::debug!("processes that are gone were not forgotten");
        }
    }
}

async fn kept(store: &dyn Store) -> Result<Vec<(String, Presence)>, StoreError> {
    let (after, before) = (String::new(), "\u{10ffff}".to_owned());
    let all = NoteRange { after, before, backwards: false, limit: 10_000 };
    let notes = store.notes(NoteKind::Process, &all).await?;
    // What a newer version says otherwise is left out.
    let read = |(key, body): (String, String)| Some((key, serde_json::from_str(&body).ok()?));
    Ok(notes.into_iter().filter_map(read).collect())
}

/// Every process that was there within a day and has not left, those of one role together.
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
