//! The API on the network.

use std::net::SocketAddr;

use tokio::net::TcpListener;
use waybill_api::{Network, first_admin};

use crate::failure::Failure;
use crate::output;
use crate::service::Service;

/// Listens at `address`; the future serves the API, health and metrics.
pub(crate) async fn network(
    address: SocketAddr,
    service: &Service,
    accounts: bool,
) -> Result<impl Future<Output = ()> + use<>, Failure> {
    if !accounts && !address.ip().is_loopback() {
        let message =
            format!("{address} can be reached from elsewhere, where everybody is operator");
        return Err(Failure::caller(message, "leave --no-accounts out, or listen on 127.0.0.1"));
    }
    let listener = TcpListener::bind(address).await.map_err(|error| {
        Failure::caller(format!("could not listen on {address}: {error}"), "choose another port")
    })?;
    let api = service.api();
    if accounts {
        let issued = first_admin(&api.engine).await;
        let issued = issued.map_err(|problem| Failure::ours(anyhow::anyhow!(problem.detail)))?;
        if let Some(issued) = issued {
            output::talk(&format!(
                "the first admin's token, shown this once:\n\n  {}\n\n\
                 keep it, and give others with `waybill token create`",
                issued.token
            ));
        }
    }
    let routes = waybill_api::network(&api, &Network { accounts, ..Network::default() });
    let bound = listener.local_addr().map_err(Failure::ours)?;
    tracing::info!(address = %bound, accounts, "the API is served");
    Ok(async move {
        if let Err(error) = axum::serve(listener, routes).await {
            tracing::error!(%error, "the API is no longer served");
        }
    })
}
