//! Limits connections from the network: how many, from whom, and for how long. Clients that send nothing or read too
//! slowly are disconnected, so that there is always room for the store's files and the operator's socket.

use std::collections::HashMap;
use std::future::Ready;
use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr, TcpListener};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum_server::accept::Accept;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use axum_server::{Control, Handle};
use hyper_util::rt::TokioTimer;
use ipnet::IpNet;
use rustix::process::{Resource, getrlimit, setrlimit};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};

/// How long the head of a request may take to arrive, from the start of the connection or the end of the last answer.
const HEAD: Duration = Duration::from_secs(10);

/// How long a client may read nothing of an answer before it is disconnected.
const STALLED: Duration = Duration::from_secs(20);

/// The most connections, if the limit of open files allows it.
const MOST: usize = 1024;

/// Connections may use one part in this many of the allowed open files. The rest is for the store and this machine.
const SHARE: usize = 2;

/// One address may use one part in this many of the connections.
const SHARE_OF_ONE: usize = 2;

/// Raises the limit of open files to what the system allows, and returns it.
pub(crate) fn raise_files() -> usize {
    let limit = getrlimit(Resource::Nofile);
    let mut raised = limit;
    raised.current = limit.maximum;
    let now =
        if setrlimit(Resource::Nofile, raised).is_ok() { limit.maximum } else { limit.current };
    now.map_or(usize::MAX, |files| usize::try_from(files).unwrap_or(usize::MAX))
}

/// Serves `routes` to clients of `listener`, until `control` ends it.
pub(crate) async fn serve(
    listener: TcpListener,
    routes: Router,
    tls: Option<RustlsConfig>,
    proxies: &[IpNet],
    control: Control,
) -> io::Result<()> {
    let doors = Doors::new(raise_files(), proxies);
    let routes = routes.into_make_service_with_connect_info::<SocketAddr>();
    let mut server = axum_server::from_tcp(listener)?.http1_only().first_request_timeout(HEAD);
    server = server.handle(Handle::with_control(control));
    server.http_builder().http1().timer(TokioTimer::new()).header_read_timeout(HEAD);
    match tls {
        Some(tls) => server.acceptor(RustlsAcceptor::new(tls).acceptor(doors)).serve(routes).await,
        None => server.acceptor(doors).serve(routes).await,
    }
}

/// Offers only HTTP/1.1 over TLS, because nothing else is served.
pub(crate) fn offer_http1(config: &RustlsConfig) {
    let mut offered = (*config.get_inner()).clone();
    offered.alpn_protocols = vec![b"http/1.1".to_vec()];
    config.reload_from_config(Arc::new(offered));
}

/// The present connections, and their limits.
#[derive(Debug, Clone)]
struct Doors(Arc<Crowd>);

#[derive(Debug)]
struct Crowd {
    most: usize,
    most_of_one: usize,
    proxies: Vec<IpNet>,
    inside: Mutex<Inside>,
}

#[derive(Debug, Default)]
struct Inside {
    all: usize,
    by_address: HashMap<IpAddr, usize>,
}

impl Doors {
    fn new(files: usize, proxies: &[IpNet]) -> Self {
        let most = (files / SHARE).clamp(1, MOST);
        let most_of_one = (most / SHARE_OF_ONE).max(1);
        let (proxies, inside) = (proxies.to_vec(), Mutex::default());
        Self(Arc::new(Crowd { most, most_of_one, proxies, inside }))
    }

    /// A place for a client at `address`, if there is one.
    fn enter(&self, address: IpAddr) -> Option<Place> {
        let crowd = &self.0;
        // A proxy connects on behalf of many clients, so the limit of one address does not apply to it.
        let is_many = crowd.proxies.iter().any(|proxy| proxy.contains(&address.to_canonical()));
        let address = network(address);
        let mut inside = crowd.inside.lock().unwrap_or_else(PoisonError::into_inner);
        let there = inside.by_address.get(&address).copied().unwrap_or(0);
        if inside.all >= crowd.most || (there >= crowd.most_of_one && !is_many) {
            return None;
        }
        inside.all += 1;
        inside.by_address.insert(address, there + 1);
        Some(Place { doors: self.clone(), address })
    }
}

/// What counts as one address. For IPv6 it is the /64 network, because a subscriber has all addresses in it.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(six) => {
            let [a, b, c, d, ..] = six.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        four => four,
    }
}

/// A place for one connection. It is freed when the connection ends.
struct Place {
    doors: Doors,
    address: IpAddr,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut inside = self.doors.0.inside.lock().unwrap_or_else(PoisonError::into_inner);
        inside.all -= 1;
        if let Some(there) = inside.by_address.get_mut(&self.address) {
            *there -= 1;
            if *there == 0 {
                inside.by_address.remove(&self.address);
            }
        }
    }
}

impl<S> Accept<TcpStream, S> for Doors {
    type Stream = Connection;
    type Service = S;
    type Future = Ready<io::Result<(Connection, S)>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        let entered = stream.peer_addr().map(|peer| (self.enter(peer.ip()), peer));
        std::future::ready(match entered {
            Ok((Some(place), _)) => {
                Ok((Connection { stream, waits: None, _place: place }, service))
            }
            Ok((None, peer)) => {
                tracing::warn!(address = %peer.ip(), "too many connections: one was refused");
                Err(io::ErrorKind::ConnectionRefused.into())
            }
            Err(error) => Err(error),
        })
    }
}

/// A connection that is closed if the client does not read.
struct Connection {
    stream: TcpStream,
    /// Set while a write waits for the client. When it fires, the connection is closed.
    waits: Option<Pin<Box<Sleep>>>,
    _place: Place,
}

impl Connection {
    /// Passes on the result of a write. A write that waits too long fails.
    fn bounded<T>(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.waits = None;
            return written;
        }
        let waits = self.waits.get_or_insert_with(|| Box::pin(sleep(STALLED)));
        match waits.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.bounded(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, bytes);
        self.bounded(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        self.bounded(context, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = Pin::new(&mut self.stream).poll_shutdown(context);
        self.bounded(context, shut)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_never_has_all_connections() {
        let doors = Doors::new(256, &["10.0.0.0/8".parse().expect("a network")]);
        let one: IpAddr = "192.0.2.1".parse().expect("an address");
        let held: Vec<Place> = std::iter::from_fn(|| doors.enter(one)).collect();
        assert_eq!(held.len(), 64);
        let subscriber =
            |n: u64| IpAddr::V6(Ipv6Addr::from(0x2001_0db8_u128 << 96 | u128::from(n)));
        let of_a_network: Vec<Place> = (0..).map_while(|n| doors.enter(subscriber(n))).collect();
        assert_eq!(of_a_network.len(), 64);
        let proxy: IpAddr = "10.1.2.3".parse().expect("an address");
        let behind: Vec<Place> = std::iter::from_fn(|| doors.enter(proxy)).collect();
        assert_eq!(behind.len(), 0, "128 in all");
        drop(of_a_network);
        let behind: Vec<Place> = std::iter::from_fn(|| doors.enter(proxy)).collect();
        assert_eq!(behind.len(), 64);
        drop(held);
        assert!(doors.enter(one).is_some());
    }
}
