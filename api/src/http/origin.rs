//! The address that a request comes from: that of its connection, or the one that a trusted proxy reports.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use ipnet::IpNet;

const FORWARDED: &str = "x-forwarded-for";

/// The client's address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Origin(pub(crate) IpAddr);

/// Determines the client's address. `proxies` are the networks whose `X-Forwarded-For` header is trusted.
pub(crate) async fn find(
    State(proxies): State<std::sync::Arc<[IpNet]>>,
    mut request: Request,
    next: Next,
) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    if let Some(peer) = peer {
        let given = request.headers().get_all(FORWARDED).iter();
        let given: Vec<&str> = given.filter_map(|value| value.to_str().ok()).collect();
        let origin = origin(peer.to_canonical(), &given, &proxies);
        request.extensions_mut().insert(Origin(origin));
    }
    next.run(request).await
}

/// The last address in the chain that is not a trusted proxy. Anything before it in the header could be forged.
fn origin(peer: IpAddr, given: &[&str], proxies: &[IpNet]) -> IpAddr {
    let is_proxy = |address: &IpAddr| proxies.iter().any(|net| net.contains(address));
    let mut origin = peer;
    let hops = given.iter().flat_map(|list| list.split(',')).map(str::trim);
    for hop in hops.collect::<Vec<_>>().into_iter().rev() {
        if !is_proxy(&origin) {
            break;
        }
        match hop.parse::<IpAddr>() {
            Ok(address) => origin = address.to_canonical(),
            Err(_) => break,
        }
    }
    origin
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_trusted_proxy_says_is_believed() {
        let ip = |text: &str| text.parse::<IpAddr>().expect("an address");
        let net = ["10.0.0.0/8".parse().expect("a network")];
        let found =
            |peer: &str, given: &[&str], proxies: &[IpNet]| origin(ip(peer), given, proxies);
        assert_eq!(found("9.9.9.9", &["1.1.1.1"], &net), ip("9.9.9.9"));
        assert_eq!(found("10.0.0.1", &["1.1.1.1"], &net), ip("1.1.1.1"));
        assert_eq!(found("10.0.0.1", &["6.6.6.6, 1.1.1.1, 10.0.0.2"], &net), ip("1.1.1.1"));
        assert_eq!(found("10.0.0.1", &["6.6.6.6", "1.1.1.1"], &net), ip("1.1.1.1"));
        assert_eq!(found("10.0.0.1", &["nonsense"], &net), ip("10.0.0.1"));
        assert_eq!(found("10.0.0.1", &["1.1.1.1"], &[]), ip("10.0.0.1"));
    }
}
