//! One attempt: a signed POST, with bounds on everything.

use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use ipnet::IpNet;
use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode, header};
use waybill_shared::causes::causes;
use waybill_shared::domain::webhook::{Endpoint, Secrets};
use waybill_shared::feed::CloudEvent;

use super::address::{Guarded, parse};
use super::sign::signatures;

/// Bytes of an answer that are read and kept.
const KEPT: usize = 512;

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(10);

/// What became of an attempt.
#[derive(Debug)]
pub struct Outcome {
    /// The status of the answer; none: there was none.
    pub status: Option<u16>,
    /// What went wrong; none: it has arrived.
    pub error: Option<String>,
    /// The first bytes of the answer.
    pub answer: String,
    /// How long it took.
    pub duration: Duration,
    /// How long the receiver asks to be left alone.
    pub retry_after: Option<Duration>,
    /// Whether no connection could be made at all.
    pub is_unreachable: bool,
}

impl Outcome {
    /// Whether the receiver wants nothing any more.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.status == Some(StatusCode::GONE.as_u16())
    }
}

/// The client for deliveries: no redirects, no proxy, no address that is not allowed.
///
/// # Errors
/// [`reqwest::Error`] if TLS cannot be set up.
pub fn client(allow: &[IpNet]) -> Result<Client, reqwest::Error> {
    // TLS by the one implementation that everything here uses.
    rustls::crypto::ring::default_provider().install_default().ok();
    Client::builder()
        .redirect(Policy::none())
        .no_proxy()
        .dns_resolver(Arc::new(Guarded { allow: allow.into() }))
        .connect_timeout(CONNECT)
        .user_agent(concat!("waybill/", env!("CARGO_PKG_VERSION")))
        .build()
}

/// Sends `event` to `endpoint` once.
pub async fn post(
    client: &Client,
    allow: &[IpNet],
    endpoint: &Endpoint,
    secrets: &Secrets<String>,
    event: &CloudEvent,
) -> Outcome {
    let began = tokio::time::Instant::now();
    let time = Duration::from_secs(u64::from(endpoint.timeout_s));
    let sent = tokio::time::timeout(time, send(client, allow, endpoint, secrets, event)).await;
    let mut outcome = sent.unwrap_or_else(|_| Outcome {
        status: None,
        error: Some(format!("no answer within {} s", endpoint.timeout_s)),
        answer: String::new(),
        duration: Duration::ZERO,
        retry_after: None,
        is_unreachable: false,
    });
    outcome.duration = began.elapsed();
    outcome
}

async fn send(
    client: &Client,
    allow: &[IpNet],
    endpoint: &Endpoint,
    secrets: &Secrets<String>,
    event: &CloudEvent,
) -> Outcome {
    let failed = |error: String| Outcome {
        status: None,
        error: Some(error),
        answer: String::new(),
        duration: Duration::ZERO,
        retry_after: None,
        is_unreachable: false,
    };
    // An address is not asked for where the URL holds one.
    let url = match parse(&endpoint.url, allow) {
        Ok(url) => url,
        Err(error) => return failed(error.to_string()),
    };
    let body = match serde_json::to_string(event) {
        Ok(body) => body,
        Err(error) => return failed(error.to_string()),
    };
    // The same for each attempt, so that a receiver knows a repeat.
    let id = format!("{}_{}", endpoint.id, event.id);
    let at = Utc::now();
    let request = client
        .post(url)
        .header(header::CONTENT_TYPE, "application/cloudevents+json")
        .header("webhook-id", &id)
        .header("webhook-timestamp", at.timestamp().to_string())
        .header("webhook-signature", signatures(secrets, &id, at, &body))
        .body(body);
    let answer = match request.send().await {
        Ok(answer) => answer,
        Err(error) => {
            return Outcome { is_unreachable: error.is_connect(), ..failed(describe(&error)) };
        }
    };
    let status = answer.status();
    let retry_after = answer.headers().get(header::RETRY_AFTER);
    let retry_after = retry_after.and_then(|value| value.to_str().ok()?.parse().ok());
    let (mut text, mut answer) = (Vec::new(), answer);
    while text.len() < KEPT
        && let Ok(Some(chunk)) = answer.chunk().await
    {
        text.extend_from_slice(&chunk[..chunk.len().min(KEPT - text.len())]);
    }
    Outcome {
        status: Some(status.as_u16()),
        error: (!status.is_success()).then(|| format!("answered {status}")),
        answer: String::from_utf8_lossy(&text).into_owned(),
        duration: Duration::ZERO,
        retry_after: retry_after.map(Duration::from_secs),
        is_unreachable: false,
    }
}

/// An error with its causes, without the URL: it may hold a secret.
fn describe(error: &reqwest::Error) -> String {
    let text = causes(error);
    if text.is_empty() { "the request failed".to_owned() } else { text }
}
