//! How commands reach the routes: over the socket of a running `serve`, or in this process, with
//! the data folder locked. One code path either way.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

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

/// The type of most bodies.
const JSON: &str = "application/json";

/// How long a part may take to answer a diagnosis.
const PART: Duration = Duration::from_secs(2);

/// Asks one thing of the service that `target` names.
pub(crate) async fn get<T: DeserializeOwned>(target: &Target, path: &str) -> Result<T, Failure> {
    Client::with(target, async |client| client.get(path).await).await
}

/// Tells it one thing.
pub(crate) async fn post<T: DeserializeOwned>(
    target: &Target,
    path: &str,
    body: &impl Serialize,
) -> Result<T, Failure> {
    Client::with(target, async |client| client.post(path, body).await).await
}

/// A way to the routes.
pub(crate) enum Client {
    /// A running `serve`, by its socket.
    Socket(PathBuf),
    /// Nothing runs: this process serves itself.
    Local(Box<Service>),
    /// A service elsewhere, and the token for it.
    Remote(String, Option<String>),
}

impl Client {
    /// Does `work` with the service that `target` names, and closes what was opened for it.
    pub(crate) async fn with<T>(
        target: &Target,
        work: impl AsyncFnOnce(&Self) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let client = Self::of(target).await?;
        let done = work(&client).await;
        client.close().await;
        done
    }

    /// This process on a data folder that may be new, on virtual time.
    pub(crate) async fn on(
        target: &Target,
        day: NaiveDate,
        pipeline: Option<Pipeline>,
    ) -> Result<Self, Failure> {
        if target.server.is_some() {
            let message = "a service elsewhere has its own day";
            return Err(Failure::caller(message, "leave --on out, or import into a data folder"));
        }
        let clock = Clock::starting_at(day.and_time(chrono::NaiveTime::MIN).and_utc());
        Ok(Self::Local(Box::new(
            Service::for_command(target, clock, pipeline.map(Stating::once)).await?,
        )))
    }

    /// The service of a data folder that may be new; a running one keeps its own pipeline.
    pub(crate) async fn new(target: &Target, pipeline: Option<Pipeline>) -> Result<Self, Failure> {
        if let Some((url, token)) = &target.server {
            if pipeline.is_some() {
                output::talk("pipeline.toml is not taken: the service keeps its own");
            }
            return Ok(Self::Remote(url.clone(), token.clone()));
        }
        let socket = service::socket(&target.data);
        if UnixStream::connect(&socket).await.is_ok() {
            if pipeline.is_some() {
                let note = "pipeline.toml is not taken: `serve` keeps the one it was started with";
                output::talk(note);
            }
            return Ok(Self::Socket(socket));
        }
        Ok(Self::Local(Box::new(
            Service::for_command(target, Clock::Real, pipeline.map(Stating::once)).await?,
        )))
    }

    /// Finds the service of a data folder that is there.
    pub(crate) async fn of(target: &Target) -> Result<Self, Failure> {
        if let Some((url, token)) = &target.server {
            return Ok(Self::Remote(url.clone(), token.clone()));
        }
        let socket = service::socket(&target.data);
        if UnixStream::connect(&socket).await.is_ok() {
            return Ok(Self::Socket(socket));
        }
        target.is_there()?;
        Ok(Self::Local(Box::new(Service::for_command(target, Clock::Real, None).await?)))
    }

    /// The same with the broker that `target` names, to look at it, too; one that cannot be opened is told apart.
    pub(crate) async fn to_diagnose(target: &Target) -> Result<(Self, Option<Failure>), Failure> {
        if target.server.is_some()
            || UnixStream::connect(service::socket(&target.data)).await.is_ok()
        {
            return Ok((Self::of(target).await?, None));
        }
        target.is_there()?;
        let metrics = Arc::default();
        let opened = timeout(PART, target.broker.open(&metrics)).await;
        let late = || Failure::caller("the broker does not answer", "look whether RabbitMQ runs");
        let (broker, failure): (Arc<dyn Broker>, _) = match opened.unwrap_or_else(|_| Err(late())) {
            Ok(broker) => (broker, None),
            Err(failure) => (Arc::new(SilentBroker::default()), Some(failure)),
        };
        let service = Service::with(target, Clock::Real, None, broker, metrics);
        let late =
            || Failure::caller("the store does not answer", "look whether the database runs");
        let service = timeout(2 * PART, service).await.unwrap_or_else(|_| Err(late()))?;
        Ok((Self::Local(Box::new(service)), failure))
    }

    /// Whether no other process can have the data while this one does.
    pub(crate) fn is_alone(&self) -> bool {
        matches!(self, Self::Local(service) if service.is_alone())
    }

    /// Where nobody leads, gives events that a leader left their positions.
    pub(crate) async fn settle(&self) -> Result<(), Failure> {
        match self {
            Self::Local(service) => match service::settle(&*service.engine.store).await {
                // A database that takes no writes now can be read all the same, up to where its log is settled.
                Err(error) if error.is_passing() => {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "the log is not settled"
                    );
                    Ok(())
                }
                done => Ok(done?),
            },
            Self::Socket(_) | Self::Remote(..) => Ok(()),
        }
    }

    /// Asks a route.
    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        self.request(Method::GET, path, Body::empty()).await
    }

    /// Asks a route for what may not be there.
    pub(crate) async fn find<T: DeserializeOwned>(&self, path: &str) -> Result<Option<T>, Failure> {
        match self.get(path).await {
            Ok(found) => Ok(Some(found)),
            Err(failure) if failure.is_not_found() => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    /// Tells a route.
    pub(crate) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, Failure> {
        let body = serde_json::to_vec(body).map_err(Failure::ours)?;
        self.request(Method::POST, path, Body::from(body)).await
    }

    /// Hands `body` of the type `kind` to a route.
    pub(crate) async fn send<T: DeserializeOwned>(
        &self,
        path: &str,
        kind: &str,
        body: Vec<u8>,
    ) -> Result<T, Failure> {
        let bytes = self.ask(Method::POST, path, kind, Body::from(body)).await?;
        serde_json::from_slice(&bytes).map_err(Failure::ours)
    }

    /// States what a route names, or states it anew.
    pub(crate) async fn put<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, Failure> {
        let body = serde_json::to_vec(body).map_err(Failure::ours)?;
        self.request(Method::PUT, path, Body::from(body)).await
    }

    /// Takes away what a route names.
    pub(crate) async fn delete<T: DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        self.request(Method::DELETE, path, Body::empty()).await
    }

    /// Takes away what a route names, which answers with nothing.
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

    /// The body of a route's answer.
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
                    let message = format!("`serve` is gone: {error}");
                    Failure::caller(message, "try again: without it the command works by itself")
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

/// A problem, and on lines of their own what is wrong where, unless that is said already.
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

/// Asks a service elsewhere.
async fn remote(
    url: &str,
    token: Option<&str>,
    request: Request<Body>,
) -> Result<(StatusCode, Bytes), Failure> {
    if !url.starts_with("http://") && !url.starts_with("https://") {
        let message = format!("`{url}` is no service");
        return Err(Failure::caller(message, "name it as http(s)://HOST:PORT"));
    }
    let unreachable = |error: reqwest::Error| {
        Failure::caller(with_causes(&error), "check --server, and whether the service runs")
    };
    // TLS by the one implementation that everything here uses.
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

/// What stands in a path as it is encoded: all but what RFC 3986 calls unreserved, and colons.
const IN_PATH: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b':');

/// Percent-encodes what must not stand in a path.
pub(crate) fn escape(id: &str) -> String {
    utf8_percent_encode(id, IN_PATH).to_string()
}

/// The path and the query of a listing.
#[derive(Debug)]
pub(crate) struct Query(String);

impl Query {
    /// A listing of everything at `path`.
    pub(crate) fn new(path: &str) -> Self {
        Self(format!("{path}?"))
    }

    /// Asks for those only of which `name` is `value`, if there is one.
    pub(crate) fn add(&mut self, name: &str, value: Option<impl ToString>) {
        if let Some(value) = value {
            self.0.push_str(&format!("{name}={}&", escape(&value.to_string())));
        }
    }

    /// Whether it asks for everything.
    pub(crate) fn is_open(&self) -> bool {
        self.0.ends_with('?')
    }

    /// One page of so many, after that cursor.
    pub(crate) fn page(&self, limit: u64, cursor: Option<&str>) -> String {
        let cursor = cursor.map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
        format!("{}limit={limit}{cursor}", self.0)
    }
}
