//! The API on the network.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use axum_server::tls_rustls::RustlsConfig;
use waybill_api::{AccessLog, Network, first_admin};
use waybill_shared::clock::Clock;

use crate::args;
use crate::certificate;
use crate::failure::Failure;
use crate::listen;
use crate::output;
use crate::reload;
use crate::service::{Service, make_private};

/// The file of the first admin's token, in the data folder: in a log it would stay.
const ADMIN_TOKEN: &str = "admin-token";

/// Listens at `address`; the future serves the API, health and metrics.
pub(crate) async fn network(
    address: SocketAddr,
    service: &Service,
    options: &args::Network,
) -> Result<impl Future<Output = ()> + use<>, Failure> {
    let accounts = !options.no_accounts;
    if !accounts && !address.ip().is_loopback() {
        let message =
            format!("{address} can be reached from elsewhere, where everybody is operator");
        return Err(Failure::caller(message, "leave --no-accounts out, or listen on 127.0.0.1"));
    }
    let failed = |error: std::io::Error| {
        Failure::caller(format!("could not listen on {address}: {error}"), "choose another port")
    };
    let listener = std::net::TcpListener::bind(address).map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    let tls = match (&options.tls_cert, &options.tls_key) {
        (Some(certificate), Some(key)) => {
            let config = tls(certificate, key).await?;
            let again = reload::certificate(config.clone(), [certificate.clone(), key.clone()])?;
            Some((config, again))
        }
        _ => None,
    };
    let access_log = options.access_log.as_deref().map(access_log).transpose()?;
    let again = reload::access_log(access_log.clone())?;
    let api = service.api();
    if accounts {
        // A place for the token is found before there is one.
        make_private(service.data()).map_err(Failure::ours)?;
        let path = service.data().join(ADMIN_TOKEN);
        let part = path.with_extension("part");
        let unwritten = |error: std::io::Error| {
            let message = format!("{}: {error}", part.display());
            Failure::caller(message, "let it be written: it gets the first admin's token")
        };
        let mut file = std::fs::File::create(&part).map_err(unwritten)?;
        let issued = first_admin(&api.engine).await;
        let issued = issued.map_err(|problem| Failure::ours(anyhow::anyhow!(problem.detail)))?;
        match issued {
            Some(issued) => {
                writeln!(file, "{}", issued.token).map_err(unwritten)?;
                file.sync_all().map_err(unwritten)?;
                std::fs::rename(&part, &path).map_err(unwritten)?;
                output::talk(&format!(
                    "the first admin's token is in {}: give others with `waybill token create`, then delete it",
                    path.display()
                ));
            }
            None => std::fs::remove_file(&part).map_err(unwritten)?,
        }
    }
    let network = Network {
        accounts,
        per_second: options.rate,
        proxies: options.trusted_proxy.clone(),
        access_log,
        ..Network::default()
    };
    let routes = waybill_api::network(&api, &network);
    let bound = listener.local_addr().map_err(failed)?;
    tracing::info!(address = %bound, accounts, tls = tls.is_some(), "the API is served");
    let proxies = network.proxies;
    Ok(async move {
        let (tls, renewed) = tls.unzip();
        let renewed = async {
            match renewed {
                Some(renewed) => renewed.await,
                None => std::future::pending().await,
            }
        };
        let served = tokio::select! {
            served = listen::serve(listener, routes, tls, &proxies) => served,
            () = renewed => Ok(()),
            () = again => Ok(()),
        };
        if let Err(error) = served {
            tracing::error!(%error, "the API is no longer served");
        }
    })
}

fn access_log(path: &Path) -> Result<Arc<AccessLog>, Failure> {
    AccessLog::open(path).map(Arc::new).map_err(|error| {
        let message = format!("{} cannot be written: {error}", path.display());
        Failure::caller(message, "name a file in a folder of this process's user")
    })
}

async fn tls(chain: &Path, key: &Path) -> Result<RustlsConfig, Failure> {
    // TLS by the one implementation that everything here uses.
    rustls::crypto::ring::default_provider().install_default().ok();
    certificate::holds(chain, Clock::Real.now()).map_err(|why| {
        let message = format!("{} cannot be used for TLS: {why}", chain.display());
        Failure::caller(message, "renew it, or look at the clock: `waybill clock show`")
    })?;
    let config = RustlsConfig::from_pem_file(chain, key).await.map_err(|error| {
        let (chain, key) = (chain.display(), key.display());
        let message = format!("{chain} and {key} cannot be used for TLS: {error}");
        Failure::caller(message, "name a PEM chain and its PEM key")
    })?;
    listen::offer_http1(&config);
    Ok(config)
}
