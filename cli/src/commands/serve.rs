//! `waybill serve`: runs all roles in one process, in real time.

use tokio::net::UnixListener;
use waybill_shared::clock::Clock;

use crate::args;
use crate::commands::api;
use crate::commands::roles::leave;
use crate::failure::Failure;
use crate::reload;
use crate::service::{Role, Service, read_pipeline, socket};
use crate::signals::Signals;
use crate::stating::Stating;
use crate::target::Target;

/// Serves until SIGTERM or SIGINT, then finishes running work.
pub(crate) async fn run(arguments: args::Serve) -> Result<(), Failure> {
    let target = Target::here(&arguments.data)?;
    let data = &target.data.clone();
    let beside = data.join("pipeline.toml");
    let path = arguments.pipeline.or_else(|| beside.exists().then_some(beside));
    let pipeline = path.as_deref().map(read_pipeline).transpose()?;
    let is_again = arguments.restate;
    let pipeline = pipeline.map(|pipeline| Stating { pipeline, is_again });
    reload::outlive_hangups()?;
    let target = Target { connections: arguments.pool.store_connections, ..target };
    let mut service = Service::open(&target, Clock::Real, pipeline).await?;
    service.hold_folder()?;
    let mut told = Signals::listen()?;
    let socket = socket(data);
    // This process holds the lock, so an existing socket is left over.
    if let Err(error) = std::fs::remove_file(&socket)
        && error.kind() != std::io::ErrorKind::NotFound
    {
        return Err(Failure::ours(error));
    }
    let listener = UnixListener::bind(&socket).map_err(|error| {
        let message = format!("cannot listen on {}: {error}", socket.display());
        Failure::caller(message, "the path of a socket may not be long: use a shorter --data path")
    })?;
    // Anybody who can open the socket is the operator.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let only_its_owner = std::fs::Permissions::from_mode(0o600);
        std::fs::set_permissions(&socket, only_its_owner).map_err(Failure::ours)?;
    }
    let (mut beside, mut door) = (tokio::task::JoinSet::new(), None);
    beside.spawn(reload::pipeline(service.engine.clone(), path)?);
    beside.spawn(reload::keys(target.keys.clone(), target.key_file.clone())?);
    if let Some(address) = arguments.listen {
        let (opened, serves) = api::listen(address, &arguments.network).await?;
        beside.spawn(serves);
        api::open(&opened, &service, &arguments.network).await?;
        door = Some(opened);
    }
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let routes =
        axum::serve(listener, waybill_api::local(&service.api())).with_graceful_shutdown(async {
            stopped.await.ok();
        });
    let routes = tokio::spawn(routes.into_future());
    let relay = tokio::select! {
        relay = service.start(&Role::All(None)) => Some(tokio::spawn(relay?.run())),
        () = told.wait() => None,
    };
    let mut outcome = Ok(());
    if let Some(relay) = relay {
        tracing::info!(data = %data.display(), "serving");
        tokio::select! {
            () = told.wait() => {}
            lost = service.lost(&socket) => outcome = Err(lost),
        }
        relay.abort();
    }
    tracing::info!("draining");
    drop(stop);
    leave(&service, door.as_ref()).await;
    beside.shutdown().await;
    service.close().await;
    routes.abort();
    if outcome.is_ok() {
        std::fs::remove_file(&socket).ok();
    }
    tracing::info!("stopped");
    outcome
}
