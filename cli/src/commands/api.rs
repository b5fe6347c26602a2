//! Serves the API on the network.

use std::io::Write as _;
use std::net::SocketAddr;

use waybill_api::{MetricsToken, Network, first_admin};

use crate::args;
use crate::door::Door;
use crate::failure::Failure;
use crate::output;
use crate::private;
use crate::service::{Service, make_private};

/// The file with the first admin's token, in the data folder. It is not logged, because a log would
/// keep it.
const ADMIN_TOKEN: &str = "admin-token";

/// The shortest accepted token for metrics, in characters.
const SHORTEST: usize = 20;

/// Listens at `address` for the API, health and metrics. The returned future serves them.
pub(crate) async fn listen(
    address: SocketAddr,
    options: &args::Network,
) -> Result<(Door, impl Future<Output = ()> + use<>), Failure> {
    if options.no_accounts && !address.ip().is_loopback() {
        let message = format!(
            "{address} can be reached from other machines, and without accounts everybody is an \
             operator"
        );
        return Err(Failure::caller(message, "leave --no-accounts out, or listen on 127.0.0.1"));
    }
    metrics_token(&options.metrics)?;
    Door::at(address, Some(options)).await
}

/// Opens the API at `door`.
pub(crate) async fn open(
    door: &Door,
    service: &Service,
    options: &args::Network,
) -> Result<(), Failure> {
    let accounts = !options.no_accounts;
    // This comes first: if it fails, no account has been created.
    let metrics = metrics_token(&options.metrics)?;
    let api = service.api();
    if accounts {
        // This makes sure that the token can be written before it is created.
        make_private(service.data()).map_err(Failure::ours)?;
        let path = service.data().join(ADMIN_TOKEN);
        let part = path.with_extension("part");
        let unwritten = |error: std::io::Error| {
            let message = format!("{}: {error}", part.display());
            Failure::caller(message, "make it writable: it receives the first admin's token")
        };
        let mut file = std::fs::File::create(&part).map_err(unwritten)?;
        let issued = first_admin(&api.engine).await;
        let issued = issued.map_err(|problem| Failure::of_problem(&problem))?;
        match issued {
            Some(issued) => {
                writeln!(file, "{}", issued.token).map_err(unwritten)?;
                file.sync_all().map_err(unwritten)?;
                std::fs::rename(&part, &path).map_err(unwritten)?;
                output::talk(&format!(
                    "the first admin's token is in {}: create other tokens with `waybill token \
                     create`, then delete the file",
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
        access_log: door.access_log(),
        metrics,
        ..Network::default()
    };
    door.open(waybill_api::network(&api, &network));
    let tls = options.tls_cert.is_some();
    tracing::info!(address = %door.address(), accounts, tls, "the API is served");
    Ok(())
}

/// The token that `/metrics` requires.
pub(crate) fn metrics_token(options: &args::Metrics) -> Result<Option<MetricsToken>, Failure> {
    let Some(path) = &options.metrics_token_file else { return Ok(None) };
    let text = private::read(path)?;
    let token = text.trim();
    // A short token could be guessed.
    if token.len() < SHORTEST || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        let message = format!(
            "{}: it does not contain a token of at least {SHORTEST} characters",
            path.display()
        );
        let hint = format!("create one: openssl rand -hex 32 > {}", path.display());
        return Err(Failure::caller(message, hint));
    }
    Ok(Some(MetricsToken::of(token)))
}
