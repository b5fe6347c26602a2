//! The logs of requests: who sent what from where, and the answer. The access log has one line of JSON for each
//! request.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use axum::extract::Request;
use axum::http::{Method, StatusCode, Uri};
use chrono::{DateTime, Utc};
use serde::Serialize;

use super::caller::{AccessEntry, Named};
use crate::http::origin::Origin;

/// A file that gets a line for each request from the network.
#[derive(Debug)]
pub struct AccessLog {
    path: PathBuf,
    file: Mutex<File>,
}

/// A request that was answered, or whose caller left before the answer.
#[derive(Debug, Serialize)]
struct Entry<'a> {
    /// When the answer was sent, by the machine's clock.
    time: DateTime<Utc>,
    /// The id of the request.
    request: &'a str,
    /// The client's address.
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<&'a str>,
    /// The caller's name. `None` if the caller is unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    actor: Option<&'a str>,
    /// The id of the token that was sent, valid or not. Never the token itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<&'a str>,
    /// The salt of the request's hash in the event log, if the request may have changed something.
    #[serde(skip_serializing_if = "Option::is_none")]
    salt: Option<&'a str>,
    method: &'a str,
    /// Path and query.
    path: &'a str,
    status: u16,
    ms: u64,
}

impl AccessLog {
    /// Opens the file at `path` for appending. A new file is readable only by its owner.
    ///
    /// # Errors
    /// [`io::Error`] if the file cannot be opened for appending.
    pub fn open(path: &Path) -> io::Result<Self> {
        Ok(Self { path: path.to_owned(), file: Mutex::new(append(path)?) })
    }

    /// Continues in a new file, after log rotation has moved the old one away.
    ///
    /// # Errors
    /// [`io::Error`] if the new file cannot be opened. Then the log continues in the old one.
    pub fn reopen(&self) -> io::Result<()> {
        let file = append(&self.path)?;
        *self.file.lock().unwrap_or_else(PoisonError::into_inner) = file;
        Ok(())
    }

    /// Writes one request to the log. If that fails, the service's own log gets an error and the answer is still sent.
    fn write(&self, entry: &Entry<'_>) {
        let mut line = serde_json::to_vec(entry).unwrap_or_default();
        line.push(b'\n');
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = file.write_all(&line) {
            let path = self.path.display();
            tracing::error!(%path, %error, request = entry.request, "a request could not be \
                written to the access log");
        }
    }
}

/// A slot for the caller's identity, which is filled in while the request is processed.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    asked: Arc<Mutex<AccessEntry>>,
    /// Whether the request gets a line in the access log.
    pub(crate) is_written: bool,
}

impl Seen {
    pub(crate) fn is(&self, asked: AccessEntry) {
        *self.asked.lock().unwrap_or_else(PoisonError::into_inner) = asked;
    }
}

/// A request being processed. It is logged exactly once: when it is answered, or when it is dropped without an answer.
#[derive(Debug)]
pub(crate) struct Written {
    log: Option<Arc<AccessLog>>,
    name: String,
    from: Option<String>,
    method: Method,
    uri: Uri,
    asked: Arc<Mutex<AccessEntry>>,
    began: Instant,
    /// The HTTP status. 499, as in nginx, if the caller left before there was an answer.
    status: u16,
}

impl Written {
    /// Starts recording `request`.
    pub(crate) fn begun(log: Option<Arc<AccessLog>>, request: &Request) -> Self {
        let name = request.extensions().get::<Named>().map(|named| named.0.clone());
        let from = request.extensions().get::<Origin>().map(|origin| origin.0.to_string());
        let (method, uri) = (request.method().clone(), request.uri().clone());
        let (name, asked, began) = (name.unwrap_or_default(), Arc::default(), Instant::now());
        Self { log, name, from, method, uri, asked, began, status: 499 }
    }

    /// The slot through which handlers report the caller.
    pub(crate) fn seen(&self) -> Seen {
        Seen { asked: self.asked.clone(), is_written: self.log.is_some() }
    }

    pub(crate) fn answered(mut self, status: StatusCode) {
        self.status = status.as_u16();
    }
}

impl Drop for Written {
    fn drop(&mut self) {
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let ms = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let (method, path, status) = (self.method.as_str(), self.uri.path(), self.status);
        if let Some(log) = &self.log {
            log.write(&Entry {
                time: Utc::now(),
                request: &self.name,
                from: self.from.as_deref(),
                actor: asked.actor.as_deref(),
                token: asked.token.as_deref(),
                salt: asked.salt.as_deref(),
                method,
                path: self.uri.path_and_query().map_or(path, |path| path.as_str()),
                status,
                ms,
            });
        }
        let (request, from, caller) = (&*self.name, self.from.as_deref(), asked.actor.as_deref());
        // Changes are logged at a higher level: who changed something, and from where. The event log says what was
        // changed, under the same request id.
        if matches!(self.method, Method::GET | Method::HEAD) {
            tracing::debug!(request, method, path, status, ms, caller, origin = from, "answered");
        } else {
            tracing::info!(request, method, path, status, ms, caller, origin = from, "answered");
        }
    }
}

fn append(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
