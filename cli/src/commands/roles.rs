//! `waybill scheduler`, `waybill worker` and `waybill api`: run one role in a process, on a shared store and broker.

use std::time::Duration;

use tokio::task::JoinSet;
use waybill_api::MetricsToken;
use waybill_scheduler::Relay;
use waybill_shared::clock::Clock;

use crate::args;
use crate::commands::api;
use crate::door::Door;
use crate::failure::Failure;
use crate::patience;
use crate::reload;
use crate::service::{Role, Service, read_pipeline};
use crate::signals::Signals;
use crate::stating::Stating;
use crate::target::{BrokerUrl, StoreUrl, Target};
use waybill_shared::domain::kinds::RecordKind;

/// How often a worker checks whether a scheduler has stated the pipeline.
const LOOK: Duration = Duration::from_millis(200);

/// Runs scheduling and dispatch, until SIGTERM or SIGINT.
pub(crate) async fn scheduler(arguments: args::Scheduler) -> Result<(), Failure> {
    let target = shared(&arguments.data, &arguments.pool)?;
    let beside = target.data.join("pipeline.toml");
    let path = arguments.pipeline.or_else(|| beside.exists().then_some(beside));
    let pipeline = path.as_deref().map(read_pipeline).transpose()?;
    let is_again = arguments.restate;
    let pipeline = pipeline.map(|pipeline| Stating { pipeline, is_again });
    let metrics = api::metrics_token(&arguments.metrics)?;
    let mut process = Process::new()?;
    if let Some(address) = arguments.listen {
        process.listen(Door::at(address, None).await?);
    }
    let opens = opened(&target, pipeline, process.door.clone());
    let Some(service) = process.unless_told(opens).await? else { return Ok(()) };
    process.reads_again(reload::keys(target.keys.clone(), target.key_file.clone())?);
    process.reads_again(reload::pipeline(service.engine.clone(), path)?);
    process.open_health(&service, metrics);
    process.run(service, &Role::Scheduler).await
}

/// Runs steps and jobs, until SIGTERM or SIGINT.
pub(crate) async fn worker(arguments: args::Worker) -> Result<(), Failure> {
    let target = shared(&arguments.data, &arguments.pool)?;
    let metrics = api::metrics_token(&arguments.metrics)?;
    let mut process = Process::new()?;
    if let Some(address) = arguments.listen {
        process.listen(Door::at(address, None).await?);
    }
    let opens = opened_after_pipeline(&target, process.door.clone());
    let Some(service) = process.unless_told(opens).await? else { return Ok(()) };
    process.reads_again(reload::keys(target.keys.clone(), target.key_file.clone())?);
    process.reads_again(reload::pipeline(service.engine.clone(), None)?);
    process.open_health(&service, metrics);
    let role = Role::Worker { steps: arguments.steps, concurrency: arguments.concurrency };
    process.run(service, &role).await
}

pub(crate) async fn api(arguments: args::Api) -> Result<(), Failure> {
    let target = shared(&arguments.data, &arguments.pool)?;
    let mut process = Process::new()?;
    let (door, serves) = api::listen(arguments.listen, &arguments.network).await?;
    process.listen((door.clone(), serves));
    let opens = opened_after_pipeline(&target, Some(door.clone()));
    let Some(service) = process.unless_told(opens).await? else { return Ok(()) };
    process.reads_again(reload::keys(target.keys.clone(), target.key_file.clone())?);
    process.reads_again(reload::pipeline(service.engine.clone(), None)?);
    let opens = patiently(Some(&door), || api::open(&door, &service, &arguments.network));
    process.unless_told(opens).await?;
    process.run(service, &Role::Api).await
}

/// The process of a role. From its first moment it answers requests, survives SIGHUP, and reacts to SIGTERM.
struct Process {
    told: Signals,
    beside: JoinSet<()>,
    door: Option<Door>,
}

impl Process {
    fn new() -> Result<Self, Failure> {
        reload::outlive_hangups()?;
        Ok(Self { told: Signals::listen()?, beside: JoinSet::new(), door: None })
    }

    fn listen(&mut self, (door, serves): (Door, impl Future<Output = ()> + Send + 'static)) {
        self.door = Some(door);
        self.beside.spawn(serves);
    }

    fn reads_again(&mut self, reads: impl Future<Output = ()> + Send + 'static) {
        self.beside.spawn(reads);
    }

    /// Serves health and metrics at the process's address, if it has one.
    fn open_health(&self, service: &Service, metrics: Option<MetricsToken>) {
        if let Some(door) = &self.door {
            door.open(waybill_api::health(service.engine.clone(), metrics));
        }
    }

    /// Runs `work`. `None` means that the process was asked to end before it was done.
    async fn unless_told<T>(
        &mut self,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<Option<T>, Failure> {
        tokio::select! {
            done = work => done.map(Some),
            () = self.told.wait() => Ok(None),
        }
    }

    /// Starts `role` and runs it until the process is asked to end, which may also be during the start.
    async fn run(mut self, mut service: Service, role: &Role) -> Result<(), Failure> {
        let relay = tokio::select! {
            relay = service.start(role) => Some(relay?),
            () = self.told.wait() => None,
        };
        match relay {
            Some(relay) => {
                let Self { told, beside, door } = self;
                until_told(service, relay, role, beside, told, door).await
            }
            None => {
                service.close().await;
                Ok(())
            }
        }
    }
}

/// Opens the service of a role as soon as the database can be used.
async fn opened(
    target: &Target,
    pipeline: Option<Stating>,
    door: Option<Door>,
) -> Result<Service, Failure> {
    let door = door.as_ref();
    patiently(door, || Service::open(target, Clock::Real, pipeline.clone())).await
}

/// Does the same once a scheduler has stated a pipeline.
async fn opened_after_pipeline(target: &Target, door: Option<Door>) -> Result<Service, Failure> {
    wait_for_pipeline(target, door.as_ref()).await?;
    opened(target, None, door).await
}

/// Runs `work` as soon as the database can be used. Until then, requests at `door` are answered with the reason.
async fn patiently<T, F: Future<Output = Result<T, Failure>>>(
    door: Option<&Door>,
    work: impl Fn() -> F,
) -> Result<T, Failure> {
    patience::patiently(|why| door.into_iter().for_each(|door| door.waits_for(why)), work).await
}

/// Lets running requests finish, and ends those that follow the log.
pub(crate) async fn leave(service: &Service, door: Option<&Door>) {
    service.engine.broker.close();
    if let Some(door) = door {
        door.close().await;
    }
}

/// Waits until a scheduler has stated a pipeline.
async fn wait_for_pipeline(target: &Target, door: Option<&Door>) -> Result<(), Failure> {
    let store = patiently(door, || target.store.open_with(target.connections)).await?;
    loop {
        match store.records(RecordKind::Pipeline).await {
            Ok(stated) if stated.is_empty() => {
                tracing::info!("waiting for a scheduler to apply the pipeline");
                if let Some(door) = door {
                    door.waits_for("no scheduler has applied a pipeline yet");
                }
            }
            Ok(_) => break,
            Err(error) if error.is_passing() => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "the pipeline cannot be read"
                );
            }
            Err(error) => return Err(error.into()),
        }
        tokio::time::sleep(LOOK).await;
    }
    store.close().await;
    Ok(())
}

/// The target. Fails if processes cannot share its store and broker.
fn shared(options: &args::Data, pool: &args::Pool) -> Result<Target, Failure> {
    let target = Target { connections: pool.store_connections, ..Target::here(options)? };
    match (&target.store, &target.broker) {
        (StoreUrl::Postgres(_), BrokerUrl::Amqp(_)) => Ok(target),
        _ => Err(Failure::caller(
            "separate roles need a store and a broker that all processes share",
            "give --store postgres://… and --broker amqp://…, or run `waybill serve`",
        )),
    }
}

/// Runs the relay and `beside` until the process is asked to end, then finishes running work.
pub(crate) async fn until_told(
    service: Service,
    relay: Relay,
    role: &Role,
    mut beside: JoinSet<()>,
    mut told: Signals,
    door: Option<Door>,
) -> Result<(), Failure> {
    let relay = match role.schedules() {
        true => beside.spawn(relay.run()),
        false => beside.spawn(relay.tell()),
    };
    tracing::info!(?role, "running");
    told.wait().await;
    tracing::info!("draining");
    relay.abort();
    leave(&service, door.as_ref()).await;
    beside.shutdown().await;
    service.close().await;
    tracing::info!("stopped");
    Ok(())
}
