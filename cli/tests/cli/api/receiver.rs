//! A receiver of webhooks, on an address of this machine that the tests' coalition allows.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use base64::Engine as _;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;

/// How a receiver behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Temper {
    /// Takes everything at once.
    Ready,
    /// Takes its time.
    Slow(Duration),
    /// Answers 500 to every so manyth request.
    Moody(u32),
    /// Answers 500 to everything.
    Broken,
    /// Answers 410.
    Gone,
}

/// What arrived.
#[derive(Debug, Clone)]
pub(crate) struct Arrived {
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: String,
    /// Whether it was taken.
    pub(crate) taken: bool,
    /// When, in milliseconds since 1970 UTC.
    pub(crate) at: i64,
}

impl Arrived {
    pub(crate) fn event(&self) -> Result<Value> {
        Ok(serde_json::from_str(&self.body)?)
    }

    fn header(&self, name: &str) -> Result<&str> {
        self.headers.get(name).map(String::as_str).with_context(|| format!("no {name}: {self:?}"))
    }

    /// It must be signed with `secret`, by the rules of Standard Webhooks.
    pub(crate) fn is_signed(&self, secret: &str) -> Result<()> {
        let key = secret.strip_prefix("whsec_").context("a secret")?;
        let key = base64::prelude::BASE64_STANDARD.decode(key)?;
        let mut mac = Hmac::<Sha256>::new_from_slice(&key)?;
        let (id, at) = (self.header("webhook-id")?, self.header("webhook-timestamp")?);
        mac.update(format!("{id}.{at}.{}", self.body).as_bytes());
        let signed = base64::prelude::BASE64_STANDARD.encode(mac.finalize().into_bytes());
        let signatures = self.header("webhook-signature")?;
        ensure!(signatures.split(' ').any(|s| s == format!("v1,{signed}")), "{self:?}");
        Ok(())
    }
}

#[derive(Clone)]
struct Shared {
    arrived: Arc<Mutex<Vec<Arrived>>>,
    temper: Arc<Mutex<Temper>>,
    count: Arc<AtomicU32>,
}

/// A running receiver.
pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    shared: Shared,
    runtime: Option<tokio::runtime::Runtime>,
}

async fn take(State(shared): State<Shared>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let temper = *shared.temper.lock().unwrap_or_else(PoisonError::into_inner);
    let count = shared.count.fetch_add(1, Ordering::SeqCst);
    let status = match temper {
        Temper::Ready => StatusCode::NO_CONTENT,
        Temper::Slow(time) => {
            tokio::time::sleep(time).await;
            StatusCode::OK
        }
        Temper::Moody(each) if count.is_multiple_of(each) => StatusCode::INTERNAL_SERVER_ERROR,
        Temper::Moody(_) => StatusCode::OK,
        Temper::Broken => StatusCode::INTERNAL_SERVER_ERROR,
        Temper::Gone => StatusCode::GONE,
    };
    let text = |value: &axum::http::HeaderValue| value.to_str().unwrap_or_default().to_owned();
    let headers = headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect();
    let body = String::from_utf8_lossy(&body).into_owned();
    let at = chrono::Utc::now().timestamp_millis();
    let arrived = Arrived { headers, body, taken: status.is_success(), at };
    shared.arrived.lock().unwrap_or_else(PoisonError::into_inner).push(arrived);
    status
}

impl Receiver {
    pub(crate) fn start(temper: Temper) -> Result<Self> {
        let shared = Shared {
            arrived: Arc::default(),
            temper: Arc::new(Mutex::new(temper)),
            count: Arc::default(),
        };
        let mut receiver = Self { address: ([127, 0, 0, 2], 0).into(), shared, runtime: None };
        receiver.go_up()?;
        Ok(receiver)
    }

    /// Listens, on the address that it had before.
    pub(crate) fn go_up(&mut self) -> Result<()> {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let listener = std::net::TcpListener::bind(self.address)?;
        listener.set_nonblocking(true)?;
        self.address = listener.local_addr()?;
        let routes = axum::Router::new().fallback(post(take)).with_state(self.shared.clone());
        runtime.spawn(async move {
            let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
            axum::serve(listener, routes).await
        });
        self.runtime = Some(runtime);
        Ok(())
    }

    /// Nobody listens any more.
    pub(crate) fn go_down(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(Duration::from_secs(5));
        }
    }

    pub(crate) fn becomes(&self, temper: Temper) {
        *self.shared.temper.lock().unwrap_or_else(PoisonError::into_inner) = temper;
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    pub(crate) fn arrived(&self) -> Vec<Arrived> {
        self.shared.arrived.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The events of the feed that were taken, in the order in which they arrived first.
    pub(crate) fn taken(&self) -> Result<Vec<Value>> {
        let mut taken: Vec<Value> = Vec::new();
        let mut seen = std::collections::HashSet::new();
        for arrived in self.arrived().iter().filter(|arrived| arrived.taken) {
            let event = arrived.event()?;
            if event["type"] != "waybill.ping" && seen.insert(event["id"].to_string()) {
                taken.push(event);
            }
        }
        Ok(taken)
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.go_down();
    }
}
