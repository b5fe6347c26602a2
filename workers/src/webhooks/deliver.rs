//! The job handler that delivers to one endpoint: first what is due again, then what is new since
//! the endpoint's position.
//!
//! Each endpoint has its own job, so a slow one does not slow down the others. What was sent is
//! committed with the job. If a process is killed in between, its deliveries are sent again.

use std::collections::{BTreeSet, HashSet};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use chrono::TimeDelta;
use futures_util::{StreamExt as _, stream};
use reqwest::Client;
use waybill_shared::domain::account::{Account, Role};
use waybill_shared::domain::kinds::{JobKind, NoteKind, RecordEvent, RecordKind};
use waybill_shared::domain::lot::Timestamp;
use waybill_shared::domain::webhook::{
    Attempt, Delivery, Disabled, Endpoint, Secrets, WebhookPolicy,
};
use waybill_shared::engine::Engine;
use waybill_shared::feed::{CloudEvent, Reader};
use waybill_shared::job::{Done, JobError, JobHandler};
use waybill_shared::sealed;
use waybill_shared::store::{ChangeSet, Job, NoteChange, NoteRange, RecordChange, StoreError};
use waybill_shared::visibility::Visibility;

use super::batch::{Batch, Queue, due, next_due};
use super::post::{Outcome, client, post};
use super::state::{State, WAITING, corrupt, note};

/// The most events that are read for one batch.
const WINDOW: i64 = 500;

/// The most repeated deliveries in one batch.
const TOGETHER: usize = 200;

/// The number of endpoints that one process delivers to at once.
const ENDPOINTS: usize = 32;

/// After this time, a batch starts no more deliveries, so that what was sent is stored and a change
/// of the endpoint takes effect.
const BATCH: Duration = Duration::from_secs(10);

/// How long attempts are kept.
const KEPT: TimeDelta = TimeDelta::days(30);

/// When a delivery that was not attempted is tried again.
const UNTRIED: TimeDelta = TimeDelta::milliseconds(200);

/// The longest pause that a receiver may ask for.
const LONGEST_REST: Duration = Duration::from_secs(24 * 3600);

#[derive(Default)]
pub struct Deliver {
    client: OnceLock<Client>,
}

#[async_trait]
impl JobHandler for Deliver {
    fn kind(&self) -> JobKind {
        JobKind::Webhook
    }

    fn at_once(&self) -> usize {
        ENDPOINTS
    }

    async fn run(&self, engine: &Engine, job: &Job) -> Result<Done, JobError> {
        if engine.pauses.stop_for(JobKind::Webhook.name(), &job.key) {
            return Ok(Done::paused(engine));
        }
        let state = State::read(engine, &job.key).await?;
        let Some(state) = state.filter(|state| state.endpoint.disabled.is_none()) else {
            return Ok(Done::default());
        };
        if is_orphaned(engine, &state.endpoint).await? {
            let now = engine.clock.now();
            let mut change_set = ChangeSet::new("webhooks", now);
            change_set.records.push(disable(
                &state,
                now,
                "its account was revoked or has expired".to_owned(),
            )?);
            return Ok(change_set.into());
        }
        let secrets = match sealed::secrets(&engine.keys, &job.key, &state.secrets) {
            Ok(secrets) => secrets,
            Err(error) => {
                tracing::error!(%error, "webhooks cannot be sent: start this process with the \
                                         key (--key-file)");
                return Ok(Done::paused(engine));
            }
        };
        let policy = &engine.pipeline().webhooks;
        let client = match self.client.get() {
            Some(client) => client,
            None => {
                let made = client(&policy.allow).map_err(|e| JobError::Invalid(e.to_string()))?;
                self.client.get_or_init(|| made)
            }
        };
        Delivering::new(engine, policy, state, secrets).await?.run(client).await
    }
}

struct Delivering<'a> {
    engine: &'a Engine,
    policy: &'a WebhookPolicy,
    state: State,
    secrets: Secrets<String>,
    reader: Reader,
    now: Timestamp,
    /// Positions of the deliveries whose notes have to be written.
    touched: BTreeSet<i64>,
    attempts: Vec<Attempt>,
    has_arrived: bool,
    is_gone: bool,
}

/// The result of sending one queue.
struct Sent {
    queue: Queue,
    /// How many of its events have arrived.
    arrived: usize,
    /// The outcome of the first event that has not arrived, if it was attempted.
    failed: Option<Outcome>,
    attempts: Vec<Attempt>,
}

impl<'a> Delivering<'a> {
    async fn new(
        engine: &'a Engine,
        policy: &'a WebhookPolicy,
        state: State,
        secrets: Secrets<String>,
    ) -> Result<Self, StoreError> {
        let Endpoint { role, party, filter, .. } = &state.endpoint;
        let visibility =
            Visibility::new(engine, engine.coalition().await?, *role, party.as_deref());
        let reader = Reader::new(engine, visibility, filter.clone());
        let now = engine.clock.now();
        Ok(Self {
            engine,
            policy,
            state,
            secrets,
            reader,
            now,
            touched: BTreeSet::new(),
            attempts: Vec::new(),
            has_arrived: false,
            is_gone: false,
        })
    }

    async fn run(mut self, client: &Client) -> Result<Done, JobError> {
        let batch = self.gather().await?;
        let sent = self.send(client, batch).await;
        self.now = self.engine.clock.now();
        for sent in sent {
            self.settle(sent);
        }
        if self.has_arrived {
            self.wake_the_unreachable();
        }
        self.finish().await
    }

    /// Collects what is due again and what is new.
    async fn gather(&mut self) -> Result<Batch, StoreError> {
        let mut batch = Batch::default();
        let again = due(&self.state.deliveries, self.now);
        for position in again.into_iter().take(TOGETHER) {
            match self.reader.at(position).await? {
                Some(event) => batch.add(event, self.state.deliveries[&position].attempts),
                // The endpoint does not ask for the event any more, or may not see it any more.
                None => self.gone(position),
            }
        }
        let waiting: HashSet<String> =
            self.state.waiting().map(|(_, delivery)| delivery.subject.clone()).collect();
        let room = self.state.waiting().count() < WAITING;
        if room {
            let read = self.reader.read(self.state.progress.position, WINDOW).await?;
            self.state.progress.position = read.position;
            for event in read.events {
                if waiting.contains(&event.subject) {
                    self.wait_behind(event.position, event.subject);
                } else {
                    batch.add(event, 0);
                }
            }
        }
        Ok(batch)
    }

    /// Sends the queues in parallel, and each queue in order up to its first failure. Starts
    /// nothing more once the receiver is unreachable or the batch has used up its time.
    async fn send(&self, client: &Client, batch: Batch) -> Vec<Sent> {
        let (is_down, began) = (AtomicBool::new(false), tokio::time::Instant::now());
        let (endpoint, secrets) = (&self.state.endpoint, &self.secrets);
        let one = async |queue: Queue| {
            let mut sent = Sent { queue, arrived: 0, failed: None, attempts: Vec::new() };
            while let Some(event) = sent.queue.events.get(sent.arrived)
                && !is_down.load(Ordering::Relaxed)
                && began.elapsed() < BATCH
            {
                let attempt = if sent.arrived == 0 { sent.queue.attempts + 1 } else { 1 };
                let at = self.engine.clock.now();
                let outcome = post(client, &self.policy.allow, endpoint, secrets, event).await;
                sent.attempts.push(recorded(event, attempt, at, &outcome));
                if outcome.error.is_some() {
                    is_down.fetch_or(outcome.is_unreachable, Ordering::Relaxed);
                    sent.failed = Some(outcome);
                    break;
                }
                sent.arrived += 1;
            }
            sent
        };
        let at_once = endpoint.concurrency.max(1) as usize;
        stream::iter(batch.queues()).map(one).buffer_unordered(at_once).collect().await
    }

    /// Applies the result of a queue to the state.
    fn settle(&mut self, sent: Sent) {
        let Sent { queue, arrived, failed, attempts } = sent;
        self.attempts.extend(attempts);
        self.has_arrived |= arrived > 0;
        let mut rest = queue.events.into_iter();
        for event in rest.by_ref().take(arrived) {
            self.gone(event.position);
        }
        let tried = if arrived == 0 { queue.attempts } else { 0 };
        if let Some(outcome) = failed
            && let Some(event) = rest.next()
        {
            self.is_gone |= outcome.is_gone();
            self.put_off(event, tried + 1, outcome);
        } else if let Some(event) = rest.next() {
            // It was not attempted, because the receiver is unreachable or the batch has used up
            // its time.
            let mut delivery = waiting(event.subject);
            (delivery.due, delivery.attempts) = (Some(self.now + UNTRIED), tried);
            self.keep(event.position, delivery);
        }
        for event in rest {
            self.wait_behind(event.position, event.subject);
        }
    }

    /// Schedules another attempt, or gives the delivery up.
    fn put_off(&mut self, event: CloudEvent, attempts: u32, outcome: Outcome) {
        let draw = (event.position.unsigned_abs()).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 20;
        let due = self.policy.next(attempts, self.now, draw);
        let rest = outcome.retry_after.map(|rest| rest.min(LONGEST_REST));
        let rest = rest.and_then(|rest| TimeDelta::from_std(rest).ok()).map(|rest| self.now + rest);
        let mut delivery = waiting(event.subject);
        delivery.is_failed = due.is_none();
        delivery.due = due.max(due.and(rest));
        delivery.is_unreachable = outcome.is_unreachable;
        delivery.attempts = attempts;
        delivery.why = outcome.error.unwrap_or_default();
        self.keep(event.position, delivery);
    }

    fn wait_behind(&mut self, position: i64, subject: String) {
        if !self.state.deliveries.contains_key(&position) {
            self.keep(position, waiting(subject));
        }
    }

    fn keep(&mut self, position: i64, delivery: Delivery) {
        self.state.deliveries.insert(position, delivery);
        self.touched.insert(position);
    }

    fn gone(&mut self, position: i64) {
        if self.state.deliveries.remove(&position).is_some() {
            self.touched.insert(position);
        }
    }

    /// Deliveries that failed because the receiver was unreachable are tried at once when it
    /// answers again.
    fn wake_the_unreachable(&mut self) {
        let now = self.now;
        for (position, delivery) in &mut self.state.deliveries {
            if delivery.is_unreachable && !delivery.is_failed {
                (delivery.is_unreachable, delivery.due) = (false, Some(now));
                self.touched.insert(*position);
            }
        }
    }

    /// Puts everything into one change set, with the time of the next run.
    async fn finish(mut self) -> Result<Done, JobError> {
        let id = self.state.endpoint.id.clone();
        let mut change_set = ChangeSet::new(JobKind::Webhook.name(), self.now);
        for position in &self.touched {
            change_set.notes.push(note(&id, *position, self.state.deliveries.get(position)));
        }
        let progress = &mut self.state.progress;
        if self.has_arrived {
            progress.failing_since = None;
        } else if !self.attempts.is_empty() {
            progress.failing_since.get_or_insert(self.now);
        }
        let body = serde_json::to_string(progress).map_err(corrupt(&id))?;
        change_set.notes.push(NoteChange {
            kind: NoteKind::WebhookProgress,
            key: id.clone(),
            body: Some(body),
        });
        for (i, attempt) in self.attempts.iter().enumerate() {
            let key = format!("{id}/{:015}-{i:04}", self.now.timestamp_millis());
            let body = serde_json::to_string(attempt).map_err(corrupt(&id))?;
            change_set.notes.push(NoteChange {
                kind: NoteKind::WebhookAttempt,
                key,
                body: Some(body),
            });
        }
        self.forget(&id, &mut change_set).await?;
        if let Some(why) = self.disables() {
            change_set.records.push(disable(&self.state, self.now, why)?);
            return Ok(change_set.into());
        }
        let more = self.engine.store.last_position().await? > self.state.progress.position
            && self.state.waiting().count() < WAITING;
        let again = next_due(&self.state.deliveries, self.now);
        let again = if more { Some(self.now) } else { again };
        Ok(Done { change_sets: vec![change_set], again })
    }

    /// Why the endpoint has to be disabled, or `None`.
    fn disables(&self) -> Option<String> {
        if self.is_gone {
            return Some("the receiver answered 410 Gone".to_owned());
        }
        // Only the attempts of this batch count. What was given up long ago says nothing about now.
        if self.attempts.is_empty() || self.has_arrived {
            return None;
        }
        let since = self.state.progress.failing_since?;
        let days = TimeDelta::days(i64::from(self.policy.disable_after_days));
        (self.now - since >= days).then(|| format!("no delivery has arrived since {since}"))
    }

    /// Deletes old attempts, a few at a time.
    async fn forget(&self, id: &str, change_set: &mut ChangeSet) -> Result<(), StoreError> {
        let oldest = format!("{id}/{:015}", (self.now - KEPT).timestamp_millis());
        let old = NoteRange { before: oldest, ..NoteRange::under(id, 500) };
        for (key, _) in self.engine.store.notes(NoteKind::WebhookAttempt, &old).await? {
            change_set.notes.push(NoteChange { kind: NoteKind::WebhookAttempt, key, body: None });
        }
        Ok(())
    }
}

fn waiting(subject: String) -> Delivery {
    let why = String::new();
    Delivery { subject, attempts: 0, due: None, is_unreachable: false, is_failed: false, why }
}

fn recorded(event: &CloudEvent, attempt: u32, at: Timestamp, outcome: &Outcome) -> Attempt {
    Attempt {
        position: event.position,
        kind: event.kind.clone(),
        subject: event.subject.clone(),
        attempt,
        at,
        duration_ms: u64::try_from(outcome.duration.as_millis()).unwrap_or(u64::MAX),
        status: outcome.status,
        error: outcome.error.clone().unwrap_or_default(),
        answer: outcome.answer.clone(),
    }
}

/// Whether the account that owns the endpoint is no longer valid. Nothing may be sent on behalf of
/// an account that may not ask any more. An endpoint of a party outlives the party's accounts,
/// which come and go.
async fn is_orphaned(engine: &Engine, endpoint: &Endpoint) -> Result<bool, StoreError> {
    let is_of_account = endpoint.party.is_none() && endpoint.role != Role::Operator;
    let Some(owner) = endpoint.owner.as_deref().filter(|_| is_of_account) else { return Ok(false) };
    let Some(record) = engine.store.record(RecordKind::Token, owner).await? else {
        return Ok(true);
    };
    let account: Account = serde_json::from_str(&record.body).map_err(corrupt(owner))?;
    Ok(!account.is_live(engine.clock.now()))
}

fn disable(state: &State, now: Timestamp, why: String) -> Result<RecordChange, StoreError> {
    let id = state.endpoint.id.clone();
    tracing::warn!(webhook = id, why, "a webhook is disabled");
    let disabled = Some(Disabled { at: now, why });
    let endpoint = Endpoint { disabled, ..state.endpoint.clone() };
    let body = serde_json::to_string(&endpoint).map_err(corrupt(&id))?;
    let event = RecordEvent::WebhookDisabled;
    Ok(RecordChange { kind: RecordKind::Webhook, id, expected: state.version, body, event })
}
