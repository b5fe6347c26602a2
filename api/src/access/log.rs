//! The access log: who asked what from where, and what was answered, a line of JSON for each request.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Utc};
use serde::Serialize;

/// A file that gets a line for each request from the network.
#[derive(Debug)]
pub struct AccessLog {
    path: PathBuf,
    file: Mutex<File>,
}

/// A request that was answered.
#[derive(Debug, Serialize)]
pub(crate) struct Entry<'a> {
    /// When it was answered, by the machine's clock.
    pub(crate) time: DateTime<Utc>,
    /// The name of the request.
    pub(crate) request: &'a str,
    /// From where.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) from: Option<&'a str>,
    /// Who asked; none: nobody who is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) actor: Option<&'a str>,
    /// The id of the token that was shown, valid or not: never the token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) token: Option<&'a str>,
    /// What the hash of this request in the log of events begins with, where it may have changed something.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) salt: Option<&'a str>,
    pub(crate) method: &'a str,
    /// Path and query.
    pub(crate) path: &'a str,
    pub(crate) status: u16,
    pub(crate) ms: u64,
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
    pub(crate) fn write(&self, entry: &Entry<'_>) {
        let mut line = serde_json::to_vec(entry).unwrap_or_default();
        line.push(b'\n');
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = file.write_all(&line) {
            let path = self.path.display();
            tracing::error!(%path, %error, request = entry.request, "the access log lacks a request");
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
