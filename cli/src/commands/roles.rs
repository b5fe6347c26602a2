//! `waybill scheduler`, `waybill worker` and `waybill api`: one role a process, on a shared store and broker.

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::time::Duration;

use tokio::task::JoinSet;
use waybill_scheduler::Relay;
use waybill_shared::clock::Clock;

use crate::args;
use crate::commands::api::network;
use crate::failure::Failure;
use crate::listen;
use crate::reload;
use crate::service::{Role, Service, read_pipeline};
use crate::stating::Stating;
use crate::target::{BrokerUrl, StoreUrl, Target};
use crate::told::Told;

/// How often a worker looks whether a scheduler has stated the pipeline.
const LOOK: Duration = Duration::from_millis(200);

/// Runs time and dispatch, until SIGTERM or SIGINT.
pub(crate) async fn scheduler(arguments: args::Scheduler) -> Result<(), Failure> {
    let target = shared(&arguments.data)?;
    let beside = target.data.join("pipeline.toml");
    let path = arguments.pipeline.or_else(|| beside.exists().then_some(beside));
    let pipeline = path.as_deref().map(read_pipeline).transpose()?;
    let is_again = arguments.restate;
    let pipeline = pipeline.map(|pipeline| Stating { pipeline, is_again });
    let service = opened(&target, pipeline).await?;
    run(service, &Role::Scheduler, arguments.listen, path).await
}

/// Runs steps and acts, until SIGTERM or SIGINT.
pub(crate) async fn worker(arguments: args::Worker) -> Result<(), Failure> {
    let target = shared(&arguments.data)?;
    wait_for_pipeline(&target).await?;
    let service = opened(&target, None).await?;
    let role = Role::Worker { steps: arguments.steps, concurrency: arguments.concurrency };
    run(service, &role, arguments.listen, None).await
}

/// Serves the API, until SIGTERM or SIGINT.
pub(crate) async fn api(arguments: args::Api) -> Result<(), Failure> {
    let target = shared(&arguments.data)?;
    wait_for_pipeline(&target).await?;
    let service = opened(&target, None).await?;
    let told = Told::listen()?;
    let mut beside = JoinSet::new();
    beside.spawn(reload::pipeline(service.engine.clone(), None)?);
    beside.spawn(network(arguments.listen, &service, &arguments.network).await?);
    start(service, &Role::Api, beside, told).await
}

/// The service of a role, as soon as the database is there.
async fn opened(target: &Target, pipeline: Option<Stating>) -> Result<Service, Failure> {
    patiently(|| Service::open(target, Clock::Real, pipeline.clone())).await
}

/// Does what needs the database, as soon as that is there.
async fn patiently<T, F: Future<Output = Result<T, Failure>>>(
    work: impl Fn() -> F,
) -> Result<T, Failure> {
    let mut pause = LOOK;
    loop {
        match work().await {
            Err(failure) if failure.is_passing() => {
                tracing::warn!(%failure, "the database cannot be used; trying again");
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(PAUSE_AT_MOST);
            }
            done => return done,
        }
    }
}

/// The longest pause between two tries to open the database.
const PAUSE_AT_MOST: Duration = Duration::from_secs(5);

/// Waits until a scheduler has stated what others go by.
async fn wait_for_pipeline(target: &Target) -> Result<(), Failure> {
    let store = patiently(|| target.store.open()).await?;
    loop {
        match store.records("pipeline").await {
            Ok(stated) if stated.is_empty() => {
                tracing::info!("waiting for a scheduler to state the pipeline");
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

/// A store and a broker that processes can share.
fn shared(options: &args::Data) -> Result<Target, Failure> {
    let target = Target::here(options)?;
    match (&target.store, &target.broker) {
        (StoreUrl::Postgres(_), BrokerUrl::Amqp(_)) => Ok(target),
        _ => Err(Failure::caller(
            "one role a process needs a store and a broker that processes share",
            "name them with --store postgres://… and --broker amqp://…, or run `waybill serve`",
        )),
    }
}

async fn run(
    service: Service,
    role: &Role,
    listen: Option<SocketAddr>,
    pipeline: Option<PathBuf>,
) -> Result<(), Failure> {
    let told = Told::listen()?;
    let mut beside = JoinSet::new();
    beside.spawn(reload::pipeline(service.engine.clone(), pipeline)?);
    if let Some(address) = listen {
        beside.spawn(health(address, &service).await?);
    }
    start(service, role, beside, told).await
}

/// Starts `role`, unless the process is told to end before it could, and runs it.
async fn start(
    mut service: Service,
    role: &Role,
    beside: JoinSet<()>,
    mut told: Told,
) -> Result<(), Failure> {
    let relay = tokio::select! {
        relay = service.start(role) => Some(relay?),
        () = told.wait() => None,
    };
    match relay {
        Some(relay) => until_told(service, relay, role, beside, told).await,
        None => {
            service.close().await;
            Ok(())
        }
    }
}

/// Relays, with `beside` running, until the process is told to end; then drains.
pub(crate) async fn until_told(
    service: Service,
    relay: Relay,
    role: &Role,
    mut beside: JoinSet<()>,
    mut told: Told,
) -> Result<(), Failure> {
    if role.schedules() {
        beside.spawn(relay.run());
    } else {
        beside.spawn(relay.tell());
    }
    tracing::info!(?role, "running");
    told.wait().await;
    tracing::info!("draining");
    beside.shutdown().await;
    service.close().await;
    tracing::info!("stopped");
    Ok(())
}

/// Listens at `address`; the future serves health and metrics.
pub(crate) async fn health(
    address: SocketAddr,
    service: &Service,
) -> Result<impl Future<Output = ()> + use<>, Failure> {
    let listener = TcpListener::bind(address).map_err(|error| {
        Failure::caller(format!("could not listen on {address}: {error}"), "choose another port")
    })?;
    let routes = waybill_api::health(service.engine.clone());
    Ok(async move {
        if let Err(error) = listen::serve(listener, routes, None, &[]).await {
            tracing::error!(%error, "health is no longer served");
        }
    })
}
