//! Calls the routes: over the socket of a running `serve`, at a remote service, or in this process with the data
//! folder locked. All ways use the same code.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use chrono::NaiveDate;
use http_body_util::BodyExt;
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::net::UnixStream;
use tokio::time::timeout;
use tower::ServiceExt;
use waybill_api::Problem;
use waybill_shared::broker::{Broker, SilentBroker};
use waybill_shared::causes::with_causes;
use waybill_shared::clock::Clock;
use waybill_shared::domain::pipeline::Pipeline;

use crate::failure::Failure;
use crate::output;
use crate::service::{self, Service};
use crate::stating::Stating;
use crate::target::Target;

/// The content type of most bodies.
const JSON: &str = "application/json";

/// How long each part may take to answer a diagnosis.
const PART: Duration = Duration::from_secs(2);

pub(crate) async fn get<T: DeserializeOwned>(target: &Target, path: &str) -> Result<T, Failure> {
    Client::with(target, async |client| client.get(path).await).await
}

pub(crate) async fn post<T: DeserializeOwned>(
    target: &Target,
    path: &str,
    body: &impl Serialize,
) -> Result<T, Failure> {
    Client::with(target, async |client| client.post(path, body).await).await
}

/// A way to reach the routes.
pub(crate) enum Client {
    /// A running `serve`, by its socket.
    Socket(PathBuf),
    /// Nothing is running, so this process serves itself.
    Local(Box<Service>),
    /// A remote service, and the token for it.
    Remote(String, Option<String>),
}

impl Client {
    /// Runs `work` with the service that `target` names, and closes what was opened for it.
    pub(crate) async fn with<T>(
        target: &Target,
        work: impl AsyncFnOnce(&Self) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let client = Self::of(target).await?;
        let done = work(&client).await;
        client.close().await;
        done
    }

    /// This process, on virtual time, with a data folder that may be new.
    pub(crate) async fn on(
        target: &Target,
        day: NaiveDate,
        pipeline: Option<Pipeline>,
    ) -> Result<Self, Failure> {
        if target.server.is_some() {
            let message = "--on cannot be used with a service: it has its own date";
            return Err(Failure::caller(
                message,
                "leave --on out, or import into a data folder with --data",
            ));
        }
        let clock = Clock::starting_at(day.and_time(chrono::NaiveTime::MIN).and_utc());
        Ok(Self::Local(Box::new(
            Service::for_command(target, clock, pipeline.map(Stating::once)).await?,
        )))
    }

    /// The service of a data folder that may be new. A running service keeps its own pipeline.
    pub(crate) async fn new(target: &Target, pipeline: Option<Pipeline>) -> Result<Self, Failure> {
        if let Some((url, token)) = &target.server {
            if pipeline.is_some() {
                output::talk("pipeline.toml is not imported: the service keeps its own");
            }
            return Ok(Self::Remote(url.clone(), token.clone()));
        }
        let is_stated = pipeline.is_some();
        let client = Self::here(target, pipeline).await?;
        if is_stated && matches!(client, Self::Socket(_)) {
            output::talk(
                "pipeline.toml is not imported: `serve` keeps the one it was started with",
            );
        }
        Ok(client)
    }

    /// The service that has the data folder; without one, this process with the folder locked. A service that starts
    /// has locked the folder before it answers.
    async fn here(target: &Target, pipeline: Option<Pipeline>) -> Result<Self, Failure> {
        let socket = service::socket(&target.data);
        let began = Instant::now();
        loop {
            if UnixStream::connect(&socket).await.is_ok() {
                return Ok(Self::Socket(socket));
            }
            if began.elapsed() > service::PATIENCE || !service::is_locked(&target.data) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let opened = Service::for_command(target, Clock::Real, pipeline.map(Stating::once)).await;
        match opened {
            Ok(service) => Ok(Self::Local(Box::new(service))),
            Err(_) if UnixStream::connect(&socket).await.is_ok() => Ok(Self::Socket(socket)),
            Err(failure) => Err(failure),
        }
    }

    /// Finds the service of an existing data folder.
    pub(crate) async fn of(target: &Target) -> Result<Self, Failure> {
        if let Some((url, token)) = &target.server {
            return Ok(Self::Remote(url.clone(), token.clone()));
        }
        if UnixStream::connect(service::socket(&target.data)).await.is_err() {
            target.is_there()?;
        }
        Self::here(target, None).await
    }

    /// Does the same and also opens the broker of `target`, to diagnose it. If the broker cannot be opened, that
    /// failure is returned next to the client.
    pub(crate) async fn to_diagnose(target: &Target) -> Result<(Self, Option<Failure>), Failure> {
        if target.server.is_some()
            || UnixStream::connect(service::socket(&target.data)).await.is_ok()
        {
            return Ok((Self::of(target).await?, None));
        }
        target.is_there()?;
        let metrics = Arc::default();
        let opened = timeout(PART, target.broker.open(&metrics)).await;
        let late =
            || Failure::caller("the broker does not answer", "check that RabbitMQ is running");
        let (broker, failure): (Arc<dyn Broker>, _) = match opened.unwrap_or_else(|_| Err(late())) {
            Ok(broker) => (broker, None),
            Err(failure) => (Arc::new(SilentBroker::default()), Some(failure)),
        };
        let service = Service::with(target, Clock::Real, None, broker, metrics);
        let late =
            || Failure::caller("the store does not answer", "check that the database is running");
        let service = timeout(2 * PART, service).await.unwrap_or_else(|_| Err(late()))?;
        Ok((Self::Local(Box::new(service)), failure))
    }

    /// Whether this process is the only one that can use the data.
    pub(crate) fn is_alone(&self) -> bool {
        matches!(self, Self::Local(service) if service.is_alone())
    }

    /// If nobody leads, assigns positions to the events that a former leader left without.
    pub(crate) async fn settle(&self) -> Result<(), Failure> {
        match self {
            Self::Local(service) => match service::settle(&*service.engine.store).await {
                // Even if the database accepts no writes now, it can be read up to where its log is settled.
                Err(error) if error.is_passing() => {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "the last events of the log cannot be settled yet"
                    );
                    Ok(())
                }
                done => Ok(done?),
            },
            Self::Socket(_) | Self::Remote(..) => Ok(()),
        }
    }

    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        self.request(Method::GET, path, Body::empty()).await
    }

    /// Gets what may not exist. `None` means that it does not.
    pub(crate) async fn find<T: DeserializeOwned>(&self, path: &str) -> Result<Option<T>, Failure> {
        match self.get(path).await {
            Ok(found) => Ok(Some(found)),
            Err(failure) if failure.is_not_found() => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    pub(crate) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, Failure> {
        let body = serde_json::to_vec(body).map_err(Failure::ours)?;
        self.request(Method::POST, path, Body::from(body)).await
    }

    /// Posts `body` of the content type `kind` to a route.
    pub(crate) async fn send<T: DeserializeOwned>(
        &self,
        path: &str,
        kind: &str,
        body: Vec<u8>,
    ) -> Result<T, Failure> {
        let bytes = self.ask(Method::POST, path, kind, Body::from(body)).await?;
        serde_json::from_slice(&bytes).map_err(Failure::ours)
    }

    pub(crate) async fn put<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, Failure> {
        let body = serde_json::to_vec(body).map_err(Failure::ours)?;
        self.request(Method::PUT, path, Body::from(body)).await
    }

    pub(crate) async fn delete<T: DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        self.request(Method::DELETE, path, Body::empty()).await
    }

    /// Deletes what a route names. The answer has no body.
    pub(crate) async fn remove(&self, path: &str) -> Result<(), Failure> {
        self.ask(Method::DELETE, path, JSON, Body::empty()).await.map(drop)
    }

    /// Closes what this process opened.
    pub(crate) async fn close(self) {
        if let Self::Local(service) = self {
            service.close().await;
        }
    }

    async fn request<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Body,
    ) -> Result<T, Failure> {
        let bytes = self.ask(method, path, JSON, body).await?;
        serde_json::from_slice(&bytes).map_err(Failure::ours)
    }

    /// Sends a request and returns the body of the answer.
    async fn ask(
        &self,
        method: Method,
        path: &str,
        kind: &str,
        body: Body,
    ) -> Result<Bytes, Failure> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "waybill")
            .header("content-type", kind)
            .body(body)
            .map_err(Failure::ours)?;
        let (status, bytes) = match self {
            Self::Local(service) => {
                let answer = waybill_api::local(&service.api()).oneshot(request).await;
                let answer = answer.map_err(Failure::ours)?;
                let status = answer.status();
                let bytes = answer.into_body().collect().await.map_err(Failure::ours)?.to_bytes();
                (status, bytes)
            }
            Self::Socket(path) => {
                let stream = UnixStream::connect(path).await.map_err(|error| {
                    let message = format!("`serve` does not answer any more: {error}");
                    Failure::caller(
                        message,
                        "try again: without `serve` the command opens the data itself",
                    )
                })?;
                let io = TokioIo::new(stream);
                let (mut sender, connection) =
                    hyper::client::conn::http1::handshake(io).await.map_err(Failure::ours)?;
                tokio::spawn(connection);
                let answer = sender.send_request(request).await.map_err(Failure::ours)?;
                let status = answer.status();
                let bytes = answer.into_body().collect().await.map_err(Failure::ours)?.to_bytes();
                (status, bytes)
            }
            Self::Remote(url, token) => remote(url, token.as_deref(), request).await?,
        };
        if status.is_success() {
            return Ok(bytes);
        }
        let problem: Problem = serde_json::from_slice(&bytes).map_err(|_| {
            Failure::ours(anyhow::anyhow!("{status}: {}", String::from_utf8_lossy(&bytes)))
        })?;
        let message = describe(&problem);
        let hint = problem.hint.unwrap_or_default();
        if status == StatusCode::NOT_FOUND {
            return Err(Failure::caller(message, hint).not_found());
        }
        if status.is_client_error() {
            return Err(Failure::caller(message, hint));
        }
        Err(Failure::ours(anyhow::anyhow!(message)).hint(hint))
    }
}

/// A problem's text. Its single errors follow on lines of their own, unless the text contains them already.
fn describe(problem: &Problem) -> String {
    let mut text = problem.detail.clone();
    for wrong in problem.errors.iter().filter(|wrong| !problem.detail.contains(&wrong.detail)) {
        let row = wrong.row.map(|row| format!("row {row}"));
        let field = wrong.field.as_ref().map(|field| format!("field {field}"));
        let value = wrong.value.as_ref().map(|value| format!("value {value:?}"));
        let at: Vec<String> = [row, field, value].into_iter().flatten().collect();
        let hint = wrong.hint.as_ref().map(|hint| format!("; {hint}")).unwrap_or_default();
        let at = if at.is_empty() { String::new() } else { format!("{}: ", at.join(", ")) };
        text.push_str(&format!("\n  {at}{}{hint}", wrong.detail));
    }
    text
}

/// Sends a request to a remote service.
async fn remote(
    url: &str,
    token: Option<&str>,
    request: Request<Body>,
) -> Result<(StatusCode, Bytes), Failure> {
    if !url.starts_with("http://") && !url.starts_with("https://") {
        let message = format!("`{url}` is not the address of a service");
        return Err(Failure::caller(message, "write it as http(s)://HOST:PORT"));
    }
    let unreachable = |error: reqwest::Error| {
        Failure::caller(with_causes(&error), "check --server, and that the service is running")
    };
    // All of Waybill uses the same implementation of TLS.
    rustls::crypto::ring::default_provider().install_default().ok();
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
    let client = client.build().map_err(unreachable)?;
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_err(Failure::ours)?.to_bytes();
    let mut asked = client
        .request(parts.method, format!("{url}{}", parts.uri))
        .headers(parts.headers)
        .body(body);
    if let Some(token) = token {
        asked = asked.bearer_auth(token);
    }
    let answer = asked.send().await.map_err(unreachable)?;
    let status = answer.status();
    Ok((status, answer.bytes().await.map_err(unreachable)?))
}

/// Characters that are percent-encoded in a path: all but the unreserved ones of RFC 3986 and colons.
const IN_PATH: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b':');

pub(crate) fn escape(id: &str) -> String {
    utf8_percent_encode(id, IN_PATH).to_string()
}

/// The path and query string of a listing.
#[derive(Debug)]
pub(crate) struct Query(String);

impl Query {
    /// A listing of everything at `path`.
    pub(crate) fn new(path: &str) -> Self {
        Self(format!("{path}?"))
    }

    /// Adds the filter that `name` equals `value`, if there is a value.
    pub(crate) fn add(&mut self, name: &str, value: Option<impl ToString>) {
        if let Some(value) = value {
            self.0.push_str(&format!("{name}={}&", escape(&value.to_string())));
        }
    }

    /// Whether there is no filter.
    pub(crate) fn is_open(&self) -> bool {
        self.0.ends_with('?')
    }

    /// The path of one page with at most `limit` entries, after `cursor`.
    pub(crate) fn page(&self, limit: u64, cursor: Option<&str>) -> String {
        let cursor = cursor.map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
        format!("{}limit={limit}{cursor}", self.0)
    }
}
