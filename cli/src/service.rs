//! Runs roles in one process on one data folder: the store, the broker, the relay, and the workers' job handlers.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use waybill_api::Api;
use waybill_scheduler::{Relay, recover};
use waybill_shared::broker::{Broker, EmbeddedBroker, HeldBroker, SilentBroker};
use waybill_shared::clock::Clock;
use waybill_shared::domain::kinds::{JobKind, NoteKind, StepKind};
use waybill_shared::domain::pipeline::{ConnectorConfig, Pipeline, StepConfig};
use waybill_shared::engine::{Engine, Wakes};
use waybill_shared::job::{JobHandler, run_jobs};
use waybill_shared::metrics::Metrics;
use waybill_shared::presence::Pulse;
use waybill_shared::sealed::begins;
use waybill_shared::store::{ChangeSet, NoteChange, Store, StoreError, queues};
use waybill_workers::connectors::{self, Connector};
use waybill_workers::{Step, keep_leases, run_step};

use crate::failure::Failure;
use crate::output;
use crate::patience::patiently;
use crate::stating::{self, Stating};
use crate::target::{BrokerUrl, StoreUrl, Target};

/// How often the log reports the number of lines that it left out.
const LEFT_OUT: Duration = Duration::from_secs(10);

/// How long to wait for another command that holds the lock, or for a service that starts to answer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

/// How long running work may take when the process ends.
const DRAIN: Duration = Duration::from_secs(20);

/// The path of the socket of a data folder's `serve`.
pub(crate) fn socket(data: &Path) -> PathBuf {
    data.join("waybill.sock")
}

/// The engine on a store and a broker. A store that is a file is locked against other processes.
pub(crate) struct Service {
    pub(crate) engine: Engine,
    wakes: Option<Wakes>,
    data: PathBuf,
    /// Counts what the broker holds. Only set on virtual time.
    held: Option<HeldBroker>,
    running: JoinSet<()>,
    /// Publishes that the process is alive.
    pulse: Option<Arc<Pulse>>,
    /// Background tasks that end with the process.
    beside: JoinSet<()>,
    /// Held until the process ends, if the database is a file or a socket is served.
    lock: Option<File>,
}

/// Creates a folder that only its owner can read, because it will hold confidential data such as addresses and the
/// secrets of webhooks.
pub(crate) fn make_private(folder: &Path) -> Result<(), std::io::Error> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Takes the database's files, and those kept of it, away from other users, who could read addresses and secrets in
/// them. An older version, or a start with another umask, may have left them readable.
fn close_to_others(database: &Path) -> Result<(), Failure> {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    let (Some(folder), Some(stem)) = (database.parent(), database.file_stem()) else {
        return Ok(());
    };
    let stem = stem.to_string_lossy().into_owned();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let is_ours = entry.file_name().to_string_lossy().starts_with(&stem);
        let Ok(about) = entry.metadata() else { continue };
        if is_ours && about.is_file() && about.mode() & 0o077 != 0 {
            let closed = std::fs::Permissions::from_mode(about.mode() & 0o700);
            if let Err(error) = std::fs::set_permissions(entry.path(), closed) {
                let path = entry.path();
                tracing::warn!(path = %path.display(), %error, "other users can read this file, \
                    and it cannot be changed");
            }
        }
    }
    Ok(())
}

/// The key of the note that a service has worked on the data in real time.
pub(crate) const LIVE: &str = "live";

pub(crate) fn lock(data: &Path) -> Result<File, Failure> {
    let failed = |error: std::io::Error| {
        Failure::caller(format!("{}: {error}", data.display()), "name another folder with --data")
    };
    make_private(data).map_err(failed)?;
    let path = data.join("lock");
    let file = File::options().create(true).truncate(false).write(true).open(path);
    let file = file.map_err(failed)?;
    let began = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(std::fs::TryLockError::Error(error)) => return Err(failed(error)),
            // Another command ends in a moment, but a `serve` does not.
            Err(std::fs::TryLockError::WouldBlock) if began.elapsed() < PATIENCE => {
                std::thread::sleep(Duration::from_millis(20));
            }
            Err(std::fs::TryLockError::WouldBlock) => {
                return Err(Failure::caller(
                    format!("{} is in use by another waybill process", data.display()),
                    "wait for it or stop it; only one process can write to a data folder",
                ));
            }
        }
    }
}

/// Whether another process holds the lock of a data folder.
pub(crate) fn is_locked(data: &Path) -> bool {
    let file = File::options().write(true).open(data.join("lock"));
    file.is_ok_and(|file| matches!(file.try_lock(), Err(std::fs::TryLockError::WouldBlock)))
}

/// If nobody leads, assigns positions to the events that a former leader left without.
pub(crate) async fn settle(store: &dyn Store) -> Result<(), StoreError> {
    if store.term_time().is_some()
        && let Some(term) = store.lead(None).await?
    {
        while store.sequence(term).await? > 0 {}
        store.resign(term).await?;
    }
    Ok(())
}

/// The device and inode of the file at `path`.
fn identity(path: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt as _;
    let data = std::fs::metadata(path).ok()?;
    Some((data.dev(), data.ino()))
}

pub(crate) fn read_pipeline(path: &Path) -> Result<Pipeline, Failure> {
    let name = path.display();
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure::caller(format!("{name}: {error}"), ""))?;
    let pipeline: Pipeline = toml::from_str(&text).map_err(|error| {
        let hint = "correct the line shown; docs/reference/pipeline.md lists the keys";
        Failure::caller(format!("{name}: {error}"), hint)
    })?;
    let known = StepKind::NAMES;
    for step in &pipeline.steps {
        if !known.contains(&&*step.name.0) {
            let hint = format!("the steps are {}", known.join(", "));
            return Err(Failure::caller(format!("{name}: there is no step `{}`", step.name), hint));
        }
    }
    pipeline.check().map_err(|wrong| {
        let hint = format!("the steps, in order, are {}", known.join(", "));
        Failure::caller(format!("{name}: {wrong}"), hint)
    })?;
    for entry in &pipeline.cron {
        waybill_scheduler::calendar::Times::parse(&entry.at, entry.zone).map_err(|error| {
            let hint = "write minute, hour, day, month and weekday by name, such as `0 6 * * MON`";
            Failure::caller(format!("{name}, cron entry `{}`: {error}", entry.name), hint)
        })?;
    }
    Ok(pipeline)
}

impl Service {
    /// Opens `target`. A new `pipeline` becomes the next version. Without one, the last stored version applies, or
    /// else the default.
    pub(crate) async fn open(
        target: &Target,
        clock: Clock,
        pipeline: Option<Stating>,
    ) -> Result<Self, Failure> {
        let metrics = Arc::new(Metrics::default());
        let broker = target.broker.open(&metrics).await?;
        let opened = async {
            let service = Self::with(target, clock, pipeline, broker.clone(), metrics).await?;
            // This comes before any request, so that nothing that happened in real time can be run into the future.
            if service.engine.doubt().is_none() {
                service.mark_live().await?;
            }
            Ok(service)
        };
        let opened = opened.await;
        if opened.is_err() {
            broker.close();
            broker.disconnect().await;
        }
        opened
    }

    /// Does the same for a command, which consumes nothing from a broker and needs none.
    pub(crate) async fn for_command(
        target: &Target,
        clock: Clock,
        pipeline: Option<Stating>,
    ) -> Result<Self, Failure> {
        let broker: Arc<dyn Broker> = match target.broker {
            BrokerUrl::Embedded => Arc::new(EmbeddedBroker::default()),
            BrokerUrl::Amqp(_) => Arc::new(SilentBroker::default()),
        };
        Self::with(target, clock, pipeline, broker, Arc::default()).await
    }

    /// Does the same with `broker`.
    pub(crate) async fn with(
        target: &Target,
        clock: Clock,
        pipeline: Option<Stating>,
        broker: Arc<dyn Broker>,
        metrics: Arc<Metrics>,
    ) -> Result<Self, Failure> {
        let data = &target.data;
        let lock = match &target.store {
            StoreUrl::Sqlite(path) => Some(lock(path.parent().unwrap_or(data))?),
            StoreUrl::Postgres(_) => None,
        };
        if let StoreUrl::Sqlite(path) = &target.store {
            close_to_others(path)?;
        }
        let store = target.store.open_with(target.connections).await?;
        let held = clock.is_virtual().then(|| HeldBroker::new(broker.clone()));
        let broker = held.clone().map_or(broker, |held| Arc::new(held) as Arc<dyn Broker>);
        let versions = stating::state(&*store, pipeline, clock.now()).await?;
        let (mut engine, wakes) = Engine::new(store, broker, clock, versions);
        engine.metrics = metrics;
        engine.keys = target.keys.clone();
        // Every commit depends on the result of this check.
        engine.look_at_clock().await?;
        let (data, running, beside) = (data.to_owned(), JoinSet::new(), JoinSet::new());
        let wakes = Some(wakes);
        Ok(Self { engine, wakes, data, held, running, pulse: None, beside, lock })
    }

    /// What the broker holds. Virtual time waits for it.
    pub(crate) fn held(&self) -> Result<HeldBroker, Failure> {
        let none = || Failure::ours(anyhow::anyhow!("time is not virtual"));
        self.held.clone().ok_or_else(none)
    }

    pub(crate) fn api(&self) -> Api {
        Api::new(self.engine.clone(), &self.data)
    }

    pub(crate) fn data(&self) -> &Path {
        &self.data
    }

    /// Whether this process is the only one that can use the data.
    pub(crate) fn is_alone(&self) -> bool {
        self.lock.is_some()
    }

    /// Locks the folder for this process, even if the database is elsewhere, because the socket is in the folder.
    pub(crate) fn hold_folder(&mut self) -> Result<(), Failure> {
        if self.lock.is_none() {
            self.lock = Some(lock(&self.data)?);
        }
        Ok(())
    }

    /// Creates the folder for orders and documents.
    fn make_folder(&self) -> Result<(), Failure> {
        make_private(&self.data).map_err(|error| {
            let hint = "name another folder with --data";
            Failure::caller(format!("{}: {error}", self.data.display()), hint)
        })
    }

    /// Recovers what an earlier process left, starts what `role` runs, and returns the relay. It waits while the
    /// clock is not trusted.
    pub(crate) async fn start(&mut self, role: &Role) -> Result<Relay, Failure> {
        self.make_folder()?;
        if !self.engine.clock.is_virtual() {
            self.beside.spawn(keep_time(self.engine.clone()));
            let pulse = Arc::new(Pulse::of(self.engine.clone(), role.name()));
            self.pulse = Some(pulse.clone());
            self.beside.spawn(async move {
                tokio::join!(pulse.run(), say_left_out());
            });
        }
        while self.engine.doubt().is_some() {
            tokio::time::sleep(LOOK).await;
        }
        let this = &*self;
        patiently(|_| (), || this.mark_live()).await?;
        patiently(|_| (), || this.mark_key()).await?;
        let (mut steps, mut handlers) = (Vec::new(), Vec::new());
        if role.works() {
            steps = self.steps()?;
            handlers = self.handlers()?;
        }
        if role.schedules() {
            handlers.extend(waybill_scheduler::intake::registry());
            if matches!(self.engine.pipeline().connector, ConnectorConfig::Files) {
                let connector = self.connector()?;
                let (engine, data) = (self.engine.clone(), self.data.clone());
                self.running
                    .spawn(waybill_workers::documents::watch_inbox(engine, connector, data));
            }
            let this = &*self;
            patiently(|_| (), || this.arm()).await?;
        }
        self.start_with(role, &steps, &handlers).await
    }

    async fn arm(&self) -> Result<(), Failure> {
        Ok(waybill_scheduler::calendar::arm(&self.engine).await?)
    }

    /// Records that a service has worked on the data in real time, so that nobody runs it into the future.
    async fn mark_live(&self) -> Result<(), Failure> {
        let store = &self.engine.store;
        if self.engine.clock.is_virtual() || store.note(NoteKind::Live, LIVE).await?.is_some() {
            return Ok(());
        }
        let now = self.engine.clock.now();
        let mut change_set = ChangeSet::new("operator", now);
        let body = Some(now.to_rfc3339());
        change_set.notes.push(NoteChange { kind: NoteKind::Live, key: LIVE.to_owned(), body });
        self.engine.commit(vec![change_set], None).await?;
        Ok(())
    }

    /// Records the key that this process seals with, so that a process without a key cannot add plain text.
    async fn mark_key(&self) -> Result<(), Failure> {
        if let Some(note) = begins(&self.engine).await? {
            let mut change_set = ChangeSet::new("operator", self.engine.clock.now());
            change_set.notes.push(note);
            self.engine.commit(vec![change_set], None).await?;
        }
        Ok(())
    }

    fn connector(&self) -> Result<Arc<dyn Connector>, Failure> {
        connectors::open(self.engine.pipeline(), &self.data).map_err(Failure::ours)
    }

    /// The steps, with the pipeline's connector.
    pub(crate) fn steps(&self) -> Result<Vec<Arc<dyn Step>>, Failure> {
        Ok(waybill_workers::steps::registry(&self.connector()?))
    }

    /// The workers' job handlers, with the pipeline's connector.
    pub(crate) fn handlers(&self) -> Result<Vec<Arc<dyn JobHandler>>, Failure> {
        Ok(waybill_workers::jobs::registry(&self.connector()?))
    }

    /// Does the same with these steps and job handlers.
    pub(crate) async fn start_with(
        &mut self,
        role: &Role,
        steps: &[Arc<dyn Step>],
        handlers: &[Arc<dyn JobHandler>],
    ) -> Result<Relay, Failure> {
        if self.engine.store.lease_time().is_none()
            && let Some(term) = self.engine.store.lead(None).await?
        {
            let lost = recover(&self.engine, term).await?;
            if lost > 0 {
                tracing::warn!(
                    lots = lost,
                    "an earlier process was killed while it was working on lots"
                );
            }
        }
        self.beside.spawn(keep_leases(self.engine.clone()));
        if !self.engine.clock.is_virtual() {
            let engine = &self.engine;
            patiently(|_| (), async || Ok(engine.pauses.learn(&*engine.store).await?)).await?;
        }
        if !self.engine.clock.is_virtual() {
            self.beside.spawn(learn_versions(self.engine.clone(), role.schedules()));
        }
        // Lots keep the pipeline version that they began with. The settings of the newest version apply to the
        // runners of its steps.
        let mut configs: Vec<StepConfig> = Vec::new();
        for config in self.engine.pipelines().flat_map(|pipeline| &pipeline.steps) {
            if configs.iter().all(|known| known.name != config.name) {
                configs.push(config.clone());
            }
        }
        for config in configs.iter().filter(|config| role.takes(&config.name.0)) {
            let Some(step) = steps.iter().find(|step| step.name() == &*config.name.0) else {
                let message = format!("there is no step `{}`", config.name);
                return Err(Failure::caller(message, "see `waybill serve --help`"));
            };
            for _ in 0..role.concurrency().unwrap_or(config.concurrency).max(1) {
                self.running.spawn(run_step(self.engine.clone(), step.clone(), config.clone()));
            }
        }
        for handler in handlers {
            for _ in 0..handler.at_once() {
                self.running.spawn(run_jobs(self.engine.clone(), handler.clone()));
            }
        }
        let wakes = self.wakes.take();
        let wakes = wakes.ok_or_else(|| Failure::ours(anyhow::anyhow!("started twice")))?;
        let kinds = JobKind::ALL.iter().copied();
        let lanes = queues(configs.iter().map(|config| &*config.name.0), kinds);
        Ok(Relay::new(self.engine.clone(), wakes, lanes))
    }

    /// Returns once a file of the store, the lock or `socket` has been moved, deleted or replaced.
    pub(crate) async fn lost(&self, socket: &Path) -> Failure {
        let lock = self.data.join("lock");
        let known = [&lock, socket].map(|path| (path.to_owned(), identity(path)));
        loop {
            tokio::time::sleep(LOOK).await;
            if let Err(error) = self.engine.store.in_place() {
                tracing::error!(%error, "ending");
                return error.into();
            }
            if let Some((path, _)) = known.iter().find(|(path, known)| identity(path) != *known) {
                let message = format!(
                    "{} was moved, deleted or replaced while it was in use",
                    path.display()
                );
                tracing::error!(message, "ending");
                return Failure::ours(anyhow::anyhow!(message))
                    .hint("another waybill may have been started here: check, then start again");
            }
        }
    }

    /// Finishes running work within a time limit, and closes files and connections.
    pub(crate) async fn close(mut self) {
        self.engine.broker.close();
        let ends = async { while self.running.join_next().await.is_some() {} };
        if tokio::time::timeout(DRAIN, ends).await.is_err() {
            tracing::warn!(
                "some work is unfinished: other processes take it over when its leases expire"
            );
            self.running.shutdown().await;
        }
        self.beside.shutdown().await;
        if let Some(pulse) = self.pulse.take() {
            pulse.leave().await;
        }
        if let Some(wakes) = self.wakes.take() {
            Relay::new(self.engine.clone(), wakes, Vec::new()).tell_now().await;
        }
        self.engine.broker.disconnect().await;
        self.engine.store.close().await;
    }
}

/// How often the clock is checked.
const TICK: Duration = Duration::from_secs(1);

/// Checks the clock regularly. Runs until it is dropped.
async fn keep_time(engine: Engine) {
    loop {
        tokio::time::sleep(TICK).await;
        if let Err(error) = engine.look_at_clock().await {
            let error = &error as &dyn std::error::Error;
            tracing::debug!(error, "the clock could not be compared with the database's");
        }
    }
}

/// Reports regularly how many lines the log has left out.
async fn say_left_out() {
    loop {
        tokio::time::sleep(LEFT_OUT).await;
        output::left_out();
    }
}

/// How often to check for new pipeline versions and pauses, and for replaced files.
const LOOK: Duration = Duration::from_millis(500);

/// Reads new pipeline versions and pauses soon after they were stated. Runs until it is dropped.
async fn learn_versions(engine: Engine, is_scheduler: bool) {
    loop {
        tokio::time::sleep(LOOK).await;
        if let Err(error) = engine.pauses.learn(&*engine.store).await {
            let error = &error as &dyn std::error::Error;
            tracing::debug!(error, "the list of paused parts could not be read");
        }
        match engine.learn_versions().await {
            Ok(0) => {}
            Ok(_) => {
                tracing::info!(version = engine.pipeline_version(), "a new pipeline applies");
                // The new schedule applies from now on.
                if is_scheduler && let Err(error) = waybill_scheduler::calendar::arm(&engine).await
                {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "the calendar was not set"
                    );
                }
            }
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::debug!(error, "the pipeline's versions could not be read");
            }
        }
    }
}

/// The part that a process plays.
#[derive(Debug, Clone)]
pub(crate) enum Role {
    /// Everything. The number of batches of each step that run at once, if it differs from the pipeline's.
    All(Option<usize>),
    /// Scheduling and dispatch.
    Scheduler,
    /// Steps and jobs.
    Worker {
        /// The steps to run. Empty means all.
        steps: Vec<String>,
        /// The number of batches of each step that run at once, if it differs from the pipeline's.
        concurrency: Option<usize>,
    },
    Api,
}

impl Role {
    fn name(&self) -> &'static str {
        match self {
            Self::All(_) => "serve",
            Self::Scheduler => "scheduler",
            Self::Worker { .. } => "worker",
            Self::Api => "api",
        }
    }

    fn works(&self) -> bool {
        matches!(self, Self::All(_) | Self::Worker { .. })
    }

    /// Whether the process may lead.
    pub(crate) fn schedules(&self) -> bool {
        matches!(self, Self::All(_) | Self::Scheduler)
    }

    fn takes(&self, step: &str) -> bool {
        match self {
            Self::All(_) => true,
            Self::Scheduler | Self::Api => false,
            Self::Worker { steps, .. } => steps.is_empty() || steps.iter().any(|name| name == step),
        }
    }

    fn concurrency(&self) -> Option<usize> {
        match self {
            Self::All(concurrency) | Self::Worker { concurrency, .. } => *concurrency,
            Self::Scheduler | Self::Api => None,
        }
    }
}
