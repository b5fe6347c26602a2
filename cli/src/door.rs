//! The address of a process. It answers from the first moment. Before the process can work, it reports that it is
//! alive, that it is not ready, and why.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum_server::Control;
use axum_server::tls_rustls::RustlsConfig;
use ipnet::IpNet;
use tokio::time::timeout;
use tower::ServiceExt as _;
use waybill_api::{AccessLog, Problem, ProblemKind, Readiness};
use waybill_shared::clock::Clock;
use waybill_shared::presence::Trouble;

use crate::args;
use crate::certificate;
use crate::failure::Failure;
use crate::listen;
use crate::reload;

/// The `Retry-After` of an answer before the process can work, in seconds.
const AGAIN: u32 = 5;

/// How long running requests may take when the process ends.
const FAREWELL: Duration = Duration::from_secs(5);

/// How often the number of connections is checked while the process ends.
const LOOK: Duration = Duration::from_millis(20);

/// The address, and the routes that answer there.
#[derive(Debug, Clone)]
pub(crate) struct Door {
    address: SocketAddr,
    inside: Arc<OnceLock<Router>>,
    /// What the process waits for, as long as there are no routes.
    waits_for: Arc<Mutex<String>>,
    control: Control,
    access_log: Option<Arc<AccessLog>>,
}

impl Door {
    /// Listens at `address`. The returned future serves the requests.
    pub(crate) async fn at(
        address: SocketAddr,
        network: Option<&args::Network>,
    ) -> Result<(Self, impl Future<Output = ()> + use<>), Failure> {
        let failed = |error: std::io::Error| {
            let message = format!("cannot listen on {address}: {error}");
            Failure::caller(message, "choose another address or port with --listen")
        };
        let listener = TcpListener::bind(address).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let files =
            network.and_then(|options| options.tls_cert.clone().zip(options.tls_key.clone()));
        let tls = match files {
            Some((certificate, key)) => {
                let config = tls(&certificate, &key).await?;
                let again = reload::certificate(config.clone(), [certificate, key])?;
                Some((config, again))
            }
            None => None,
        };
        let access_log = network.and_then(|options| options.access_log.as_deref());
        let access_log = access_log.map(access_log_at).transpose()?;
        let reopens = reload::access_log(access_log.clone())?;
        let address = listener.local_addr().map_err(failed)?;
        let waits_for = Arc::new(Mutex::new("it is starting".to_owned()));
        let (inside, control) = (Arc::default(), Control::new());
        let door = Self { address, inside, waits_for, control, access_log };
        let routes = Router::new().fallback(enter).with_state(door.clone());
        let proxies: Vec<IpNet> =
            network.map(|options| options.trusted_proxy.clone()).unwrap_or_default();
        let control = door.control.clone();
        let serves = async move {
            let (tls, renewed) = tls.unzip();
            let renewed = async {
                match renewed {
                    Some(renewed) => renewed.await,
                    None => std::future::pending().await,
                }
            };
            let served = tokio::select! {
                served = listen::serve(listener, routes, tls, &proxies, control) => served,
                () = renewed => Ok(()),
                () = reopens => Ok(()),
            };
            if let Err(error) = served {
                tracing::error!(%error, "the address is no longer served");
            }
        };
        Ok((door, serves))
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn access_log(&self) -> Option<Arc<AccessLog>> {
        self.access_log.clone()
    }

    /// Sets what the process waits for before it can work.
    pub(crate) fn waits_for(&self, what: &str) {
        what.clone_into(&mut self.waits_for.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Accepts no new connections, and lets running requests finish within a time limit.
    pub(crate) async fn close(&self) {
        self.control.graceful_shutdown(Some(FAREWELL));
        let left = async {
            while self.control.connection_count() > 0 {
                tokio::time::sleep(LOOK).await;
            }
        };
        drop(timeout(FAREWELL, left).await);
    }

    /// From now on, `routes` answer.
    pub(crate) fn open(&self, routes: Router) {
        // This is called only once.
        self.inside.set(routes).ok();
    }
}

async fn enter(State(door): State<Door>, request: Request) -> Response {
    if let Some(routes) = door.inside.get() {
        return match routes.clone().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        };
    }
    let what = door.waits_for.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let path = request.uri().path();
    match path {
        "/health/live" => "live\n".into_response(),
        "/health/ready" => {
            let reasons = vec![Trouble::new("store", what)];
            Readiness { ready: false, reasons }.into_response()
        }
        _ => {
            let mut problem = Problem::new(ProblemKind::Unavailable, what, "try again in a moment");
            problem.retry_after = Some(AGAIN);
            problem.into_response()
        }
    }
}

fn access_log_at(path: &Path) -> Result<Arc<AccessLog>, Failure> {
    AccessLog::open(path).map(Arc::new).map_err(|error| {
        let message = format!("cannot write {}: {error}", path.display());
        Failure::caller(message, "name a file in a folder where this process can write")
    })
}

async fn tls(chain: &Path, key: &Path) -> Result<RustlsConfig, Failure> {
    // All of Waybill uses the same implementation of TLS.
    rustls::crypto::ring::default_provider().install_default().ok();
    certificate::holds(chain, Clock::Real.now()).map_err(|why| {
        let message = format!("{} cannot be used for TLS: {why}", chain.display());
        Failure::caller(message, "renew it, or check the clock: `waybill clock show`")
    })?;
    let config = RustlsConfig::from_pem_file(chain, key).await.map_err(|error| {
        let (chain, key) = (chain.display(), key.display());
        let message = format!("{chain} and {key} cannot be used for TLS: {error}");
        Failure::caller(message, "name a PEM chain and its PEM key")
    })?;
    listen::offer_http1(&config);
    Ok(config)
}
