//! Documents in from a watched folder.
//!
//! Documents are JSON files in `inbox/`. Each is taken once, by its sender and number, and then moved to `inbox/taken/`. A
//! document that comes too early waits in `inbox/kept/`; one that cannot be taken goes to `inbox/refused/`. Both get a `.txt`
//! beside them that says why.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use waybill_shared::domain::admissible::inadmissible;
use waybill_shared::domain::document::Document;
use waybill_shared::engine::Engine;
use waybill_shared::incidents;
use waybill_shared::job::JobError;
use waybill_shared::store::{ChangeSet, Fate};

use super::{Kept, KeptFate, Settled, Taken, receive, why_refused};
use crate::connectors::{Connector, InboxFolder};

/// How often the inbox is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// A file that ends too early is being written until it has been left alone for so long.
const STILL: Duration = Duration::from_secs(5);

/// Documents larger than this are refused, in bytes.
const LARGEST: u64 = 1024 * 1024;

/// Takes documents out of `folder/inbox` until the broker closes.
pub async fn watch_inbox(engine: Engine, connector: Arc<dyn Connector>, folder: PathBuf) {
    let inbox = Inbox { engine, connector, folder: folder.join("inbox") };
    let mut look = tokio::time::interval(LOOK);
    look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    while !inbox.engine.broker.is_closed() {
        look.tick().await;
        let looked = async {
            inbox.look().await?;
            inbox.look_at_kept().await
        };
        if let Err(error) = looked.await {
            tracing::error!(error = &error as &dyn std::error::Error, "the inbox was not read");
        }
    }
}

fn failed(source: std::io::Error) -> JobError {
    JobError::Outside { what: "read the inbox".to_owned(), source: Some(source) }
}

/// The documents in `folder`, by name.
fn documents_in(folder: &Path) -> Result<Vec<PathBuf>, JobError> {
    let mut paths: Vec<PathBuf> = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|extension| extension == "json") && path.is_file() {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// The inbox: a file leaves it only once what it says is stored, so that a crash loses none, and goes where
/// what became of it is said.
struct Inbox {
    engine: Engine,
    connector: Arc<dyn Connector>,
    folder: PathBuf,
}

impl Inbox {
    /// Takes what is there now.
    async fn look(&self) -> Result<(), JobError> {
        for path in documents_in(&self.folder)? {
            let settled = match read(&path) {
                Ok(document) => receive(&self.engine, &self.connector, &document).await,
                Err(Unread::Partly) => continue,
                Err(Unread::Wrong(why)) => {
                    tracing::warn!(file = %path.display(), why, "a document was refused");
                    self.report(&path, &why).await.map(|()| Settled::Refused(why))
                }
            };
            let put = match settled {
                Ok(Settled::Taken(Taken::Now | Taken::Before)) => {
                    self.put(&path, InboxFolder::Taken, None)
                }
                Ok(Settled::Taken(Taken::Kept { until })) => {
                    self.put(&path, InboxFolder::Kept, Some(&format!("it is kept {until}")))
                }
                Ok(Settled::Refused(why)) => self.put(&path, InboxFolder::Refused, Some(&why)),
                Err(error) => Err(error),
            };
            // It stays, and is looked at again; the others do not wait for it.
            if let Err(error) = put {
                tracing::error!(
                    file = %path.display(),
                    error = &error as &dyn std::error::Error,
                    "a document could not be handled"
                );
            }
        }
        Ok(())
    }

    /// Opens the incident of a file that cannot be read: it is nobody's document.
    async fn report(&self, path: &Path, why: &str) -> Result<(), JobError> {
        let name =
            path.file_name().unwrap_or_default().to_string_lossy().escape_debug().to_string();
        let (id, cause) = (format!("inbox:{name}"), format!("{name} in the inbox: {why}"));
        if incidents::is_open(&*self.engine.store, &id, &cause).await? {
            return Ok(());
        }
        let mut change_set = ChangeSet::new("inbox", self.engine.clock.now());
        change_set
            .records
            .push(incidents::opened(&*self.engine.store, &id, &cause, vec![name]).await?);
        match self.engine.commit(vec![change_set], None).await?.first() {
            Some(Fate::Committed) => Ok(()),
            _ => Err(JobError::Invalid(format!(
                "another process is storing {id} at the same moment"
            ))),
        }
    }

    /// Moves what was kept to where it belongs, once its time has come.
    async fn look_at_kept(&self) -> Result<(), JobError> {
        for path in documents_in(&self.folder.join(InboxFolder::Kept.name()))? {
            let Ok(document) = read(&path) else { continue };
            let fate = Kept::of(&self.engine, &document).await?.map(|(kept, _)| kept.fate);
            match fate {
                Some(KeptFate::Taken) => self.put(&path, InboxFolder::Taken, None)?,
                Some(KeptFate::Refused) => {
                    let why = why_refused(&self.engine, &document).await?;
                    self.put(&path, InboxFolder::Refused, why.as_deref())?;
                }
                Some(KeptFate::Waiting) | None => continue,
            }
            fs::remove_file(path.with_extension("txt")).ok();
        }
        Ok(())
    }

    /// Moves the file at `path`, with why it goes there beside it.
    fn put(&self, path: &Path, place: InboxFolder, why: Option<&str>) -> Result<(), JobError> {
        let Some(name) = path.file_name() else { return Ok(()) };
        let to = self.folder.join(place.name()).join(name);
        if let Some(why) = why {
            fs::write(to.with_extension("txt"), why).map_err(failed)?;
        }
        fs::rename(path, &to).map_err(failed)
    }
}

/// Why a file is no document.
#[derive(Debug)]
enum Unread {
    /// It ends too early, and was written to a moment ago: somebody may be writing it still.
    Partly,
    /// It cannot be read.
    Wrong(String),
}

fn read(path: &Path) -> Result<Document, Unread> {
    let wrong = |error: std::io::Error| match error.kind() {
        // Somebody else has taken it.
        std::io::ErrorKind::NotFound => Unread::Partly,
        _ => Unread::Wrong(error.to_string()),
    };
    let about = fs::metadata(path).map_err(wrong)?;
    let size = about.len();
    if size > LARGEST {
        return Err(Unread::Wrong(format!(
            "the document has {size} bytes, but at most {LARGEST} are allowed"
        )));
    }
    // A clock that was set back has made no file old.
    let age = about.modified().ok().and_then(|written| written.elapsed().ok());
    let bytes = fs::read(path).map_err(wrong)?;
    read_document(&bytes).map_err(|Misread { is_cut, why }| {
        match is_cut && age.is_none_or(|age| age < STILL) {
            true => Unread::Partly,
            false => Unread::Wrong(format!("{}: {why}", path.display())),
        }
    })
}

/// Why bytes are no document.
#[derive(Debug, thiserror::Error)]
#[error("{why}")]
pub struct Misread {
    /// Whether more bytes could make them one.
    is_cut: bool,
    why: String,
}

/// The document that a file of the inbox holds.
///
/// # Errors
/// [`Misread`] if it holds none, or one that may not be taken.
pub fn read_document(bytes: &[u8]) -> Result<Document, Misread> {
    let misread = |is_cut: bool, why: String| Misread { is_cut, why };
    let text = std::str::from_utf8(bytes).map_err(|error| {
        misread(error.error_len().is_none(), format!("it is not UTF-8: {error}"))
    })?;
    if let Some(found) = inadmissible(text.as_bytes()) {
        return Err(misread(false, found.to_string()));
    }
    let document: Document =
        serde_json::from_str(text).map_err(|error| misread(error.is_eof(), error.to_string()))?;
    match document.unfilable() {
        Some(why) => Err(misread(false, why)),
        None => Ok(document),
    }
}
