//! Leadership. Of all schedulers on one store one leads, under a term that the database issues. It
//! relays hints, assigns positions to events, returns what lost workers held, and prepares the
//! tables of coming months. Each of its writes is checked against the term, so a leader that was
//! deposed and does not know it yet does no harm.

use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::Instant;
use waybill_shared::engine::Engine;
use waybill_shared::store::{StoreError, Term};

use crate::recovery::recover;
use crate::relay::Relay;
use crate::replies::forget;
use crate::webhooks::wake;

/// How often events get positions while few are written.
const SEQUENCE: Duration = Duration::from_millis(200);

/// How often the store's upkeep runs (see `keep_house`).
const HOUSE: Duration = Duration::from_secs(3600);

/// How long to wait after the store failed.
const REST: Duration = Duration::from_millis(500);

impl Relay {
    /// Leads whenever nobody else does. Otherwise it tells the leader what this process makes due.
    /// Runs until it is dropped.
    pub async fn run(mut self) {
        let engine = self.engine().clone();
        let Some(time) = engine.store.term_time() else {
            loop {
                until_believed(&engine).await;
                engine.metrics.leads(engine.store.lead(None).await.ok().flatten());
                tokio::select! {
                    () = self.serve(None) => return,
                    () = until_doubted(&engine) => {}
                    () = wake(&engine) => {}
                    () = forget(&engine) => {}
                }
                engine.metrics.leads(None);
            }
        };
        loop {
            if engine.doubt().is_some() {
                self.forward(Instant::now() + REST).await;
                continue;
            }
            match engine.store.lead(None).await {
                Ok(Some(term)) => {
                    tracing::info!(term = term.0, "leading");
                    engine.metrics.leads(Some(term));
                    let resigns = Resigns { engine: engine.clone(), term };
                    tokio::select! {
                        () = hold(&engine, term, time) => {}
                        () = until_doubted(&engine) => {}
                        () = self.lead(&engine) => {}
                        () = sequence(&engine, term) => {}
                        () = watch_leases(&engine, term) => {}
                        () = keep_house(&engine, term) => {}
                        () = wake(&engine) => {}
                        () = forget(&engine) => {}
                    }
                    drop(resigns);
                    tracing::warn!(term = term.0, "no longer leading");
                }
                Ok(None) => self.forward(Instant::now() + time / 3).await,
                Err(error) => {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "cannot take the lead"
                    );
                    tokio::time::sleep(REST).await;
                }
            }
        }
    }

    /// Tells the leader what this process makes due. Runs until it is dropped.
    pub async fn tell(mut self) {
        loop {
            self.forward(Instant::now() + HOUSE).await;
        }
    }

    /// Tells the leader what this process has made due so far, and returns.
    pub async fn tell_now(mut self) {
        while let Some(hints) = self.try_wake() {
            if let Err(error) = self.engine().store.tell(&hints).await {
                // The leader looks into the store by itself before long.
                tracing::debug!(
                    error = &error as &dyn std::error::Error,
                    "could not notify the leader"
                );
                return;
            }
        }
    }

    async fn lead(&mut self, engine: &Engine) {
        let heard = match engine.store.hear().await {
            Ok(heard) => heard,
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "cannot listen for new events"
                );
                None
            }
        };
        self.serve(heard).await;
    }
}

/// Keeps this process the leader while it runs on virtual time.
#[derive(Debug)]
pub struct Alone {
    engine: Engine,
    term: Term,
    /// The leader's tasks. They end when this is dropped.
    beside: JoinSet<()>,
}

impl Alone {
    /// Becomes the leader as soon as nobody else leads. Returns `None` if another process goes on
    /// leading.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be reached.
    pub async fn lead(engine: &Engine) -> Result<Option<Self>, StoreError> {
        // The term of a killed process runs out by itself.
        let patience = engine.store.term_time().unwrap_or_default() * 2;
        let began = Instant::now();
        loop {
            if let Some(term) = engine.store.lead(None).await? {
                let mut alone = Self { engine: engine.clone(), term, beside: JoinSet::new() };
                alone.start();
                return Ok(Some(alone));
            }
            if began.elapsed() > patience {
                return Ok(None);
            }
            tokio::time::sleep(REST).await;
        }
    }

    fn start(&mut self) {
        let (engine, term) = (self.engine.clone(), self.term);
        let Some(time) = engine.store.term_time() else { return };
        self.beside.spawn(async move {
            tokio::select! {
                () = hold(&engine, term, time) => {}
                () = sequence(&engine, term) => {}
                () = watch_leases(&engine, term) => {}
                () = keep_house(&engine, term) => {}
            }
            tracing::warn!(term = term.0, "no longer leading");
        });
    }

    /// Assigns positions to the last events, and lets others lead.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be written.
    pub async fn end(mut self) -> Result<(), StoreError> {
        self.beside.shutdown().await;
        while self.engine.store.sequence(self.term).await? > 0 {}
        self.engine.store.resign(self.term).await
    }
}

/// Returns when the clock is in doubt: a process that cannot trust its clock must not lead.
async fn until_doubted(engine: &Engine) {
    while engine.doubt().is_none() {
        tokio::time::sleep(REST).await;
    }
}

async fn until_believed(engine: &Engine) {
    while engine.doubt().is_some() {
        tokio::time::sleep(REST).await;
    }
}

/// Lets another process lead at once when this one stops leading.
struct Resigns {
    engine: Engine,
    term: Term,
}

impl Drop for Resigns {
    fn drop(&mut self) {
        self.engine.metrics.leads(None);
        let (store, term) = (self.engine.store.clone(), self.term);
        tokio::spawn(async move { store.resign(term).await });
    }
}

/// Renews `term`. Returns when another process leads, or when the term may have run out.
async fn hold(engine: &Engine, term: Term, time: Duration) {
    let mut held = Instant::now();
    loop {
        tokio::time::sleep(time / 3).await;
        let asked = Instant::now();
        // A renewal that is not answered in time counts as refused.
        match tokio::time::timeout_at(held + time, engine.store.lead(Some(term))).await {
            Ok(Ok(Some(_))) => held = asked,
            Ok(Ok(None)) | Err(_) => return,
            Ok(Err(error)) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "term not renewed");
            }
        }
        if held.elapsed() >= time {
            return;
        }
    }
}

async fn sequence(engine: &Engine, term: Term) {
    loop {
        match engine.store.sequence(term).await {
            Ok(0) => tokio::time::sleep(SEQUENCE).await,
            // Soon again, but not at once, so that the next round handles more events together.
            Ok(_) => tokio::time::sleep(SEQUENCE / 8).await,
            Err(error) => rest(&error, "new events could not get their positions").await,
        }
    }
}

async fn watch_leases(engine: &Engine, term: Term) {
    let Some(time) = engine.store.lease_time() else { return std::future::pending().await };
    loop {
        match recover(engine, term).await {
            Ok(0) => {}
            Ok(lots) => {
                engine.metrics.lost(lots);
                tracing::warn!(lots, "a worker was lost; its lots are tried again");
            }
            Err(error) => rest(&error, "the search for lost leases failed").await,
        }
        tokio::time::sleep(time / 4).await;
    }
}

async fn keep_house(engine: &Engine, term: Term) {
    loop {
        match engine.store.keep_house(term).await {
            Ok(()) => tokio::time::sleep(HOUSE).await,
            Err(error) => {
                rest(&error, "the regular maintenance failed").await;
                tokio::time::sleep(HOUSE / 60).await;
            }
        }
    }
}

async fn rest(error: &StoreError, what: &'static str) {
    tracing::warn!(error = error as &dyn std::error::Error, "{what}");
    tokio::time::sleep(REST).await;
}
