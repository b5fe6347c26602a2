//! One attempt: a signed POST in which everything is bounded.

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

/// How many bytes of an answer are read and kept.
const KEPT: usize = 512;

/// The longest time to establish a connection.
const CONNECT: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub struct Outcome {
    /// The HTTP status, or `None` if there was no answer.
    pub status: Option<u16>,
    /// What went wrong, or `None` if the event has arrived.
    pub error: Option<String>,
    /// The first bytes of the answer, for people.
    pub answer: String,
    pub duration: Duration,
    /// The pause that the receiver asks for (`Retry-After`).
    pub retry_after: Option<Duration>,
    /// Whether no connection could be established.
    pub is_unreachable: bool,
}

impl Outcome {
    /// Whether the receiver wants no more events.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.status == Some(StatusCode::GONE.as_u16())
    }
}

/// The client for deliveries. It follows no redirects, uses no proxy and connects only to allowed
/// addresses.
///
/// # Errors
/// [`reqwest::Error`] if TLS cannot be set up.
pub fn client(allow: &[IpNet]) -> Result<Client, reqwest::Error> {
    // The whole program uses this one TLS implementation.
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
    // The resolver checks only names, so an address in the URL has to be checked here.
    let url = match parse(&endpoint.url, allow) {
        Ok(url) => url,
        Err(error) => return failed(error.to_string()),
    };
    let body = match serde_json::to_string(event) {
        Ok(body) => body,
        Err(error) => return failed(error.to_string()),
    };
    // The same in every attempt, so that a receiver recognizes a repeat.
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

/// An error with its causes, but without the URL, which may contain a secret.
fn describe(error: &reqwest::Error) -> String {
    let text = causes(error);
    if text.is_empty() { "the request failed".to_owned() } else { text }
}
