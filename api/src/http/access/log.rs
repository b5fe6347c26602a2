//! The logs of requests: who asked what from where, and what was answered; the access log has a line of JSON for each.

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

/// A request that was answered, or given up.
#[derive(Debug, Serialize)]
struct Entry<'a> {
    /// When it was answered, by the machine's clock.
    time: DateTime<Utc>,
    /// The name of the request.
    request: &'a str,
    /// From where.
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<&'a str>,
    /// Who asked; none: nobody who is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    actor: Option<&'a str>,
    /// The id of the token that was shown, valid or not: never the token.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<&'a str>,
    /// What the hash of this request in the log of events begins with, where it may have changed something.
    #[serde(skip_serializing_if = "Option::is_none")]
    salt: Option<&'a str>,
    method: &'a str,
    /// Path and query.
    path: &'a str,
    status: u16,
    ms: u64,
}

impl AccessLog {
    /// Appends to the file at `path`, which only its owner may read.
    ///
    /// # Errors
    /// [`io::Error`] if it cannot be opened for that.
    pub fn open(path: &Path) -> io::Result<Self> {
        Ok(Self { path: path.to_owned(), file: Mutex::new(append(path)?) })
    }

    /// Goes on in a new file, after whoever rotates logs has moved the old one away.
    ///
    /// # Errors
    /// [`io::Error`] if it cannot be opened; then it goes on in the old one.
    pub fn reopen(&self) -> io::Result<()> {
        let file = append(&self.path)?;
        *self.file.lock().unwrap_or_else(PoisonError::into_inner) = file;
        Ok(())
    }

    /// Writes down one request. A line that cannot be written is an error of the service's own log: the answer goes out.
    fn write(&self, entry: &Entry<'_>) {
        let mut line = serde_json::to_vec(entry).unwrap_or_default();
        line.push(b'\n');
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = file.write_all(&line) {
            let path = self.path.display();
            tracing::error!(%path, %error, request = entry.request, "the access log lacks a request");
        }
    }
}

/// Who asks, as it is found out on the way.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    asked: Arc<Mutex<AccessEntry>>,
    /// Whether it gets a line in the access log.
    pub(crate) is_written: bool,
}

impl Seen {
    /// It is `asked`.
    pub(crate) fn is(&self, asked: AccessEntry) {
        *self.asked.lock().unwrap_or_else(PoisonError::into_inner) = asked;
    }
}

/// A request under way. It is written down once, at the latest when nobody answers it any more.
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
    /// `request` has come.
    pub(crate) fn begun(log: Option<Arc<AccessLog>>, request: &Request) -> Self {
        let name = request.extensions().get::<Named>().map(|named| named.0.clone());
        let from = request.extensions().get::<Origin>().map(|origin| origin.0.to_string());
        let (method, uri) = (request.method().clone(), request.uri().clone());
        let (name, asked, began) = (name.unwrap_or_default(), Arc::default(), Instant::now());
        Self { log, name, from, method, uri, asked, began, status: 499 }
    }

    /// What finds out who asks.
    pub(crate) fn seen(&self) -> Seen {
        Seen { asked: self.asked.clone(), is_written: self.log.is_some() }
    }

    /// It was answered.
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
        // Who changed what, and from where; what was changed is in the log of events, by the same name.
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
