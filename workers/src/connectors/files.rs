//! Orders go out as files, and documents come in from a watched folder.
//!
//! `outbox/NUMBER.json` holds an order's exact bytes. Documents are JSON files in `inbox/`. Each is
//! taken once, by its sender and number, and then moved to `inbox/taken/`. A document that comes
//! before its time waits in `inbox/kept/`. A document that cannot be taken goes to
//! `inbox/refused/`. In both cases a `.txt` file with the same name says why.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use waybill_shared::domain::admissible::inadmissible;
use waybill_shared::domain::document::Document;
use waybill_shared::domain::lot::{Lot, Timestamp};
use waybill_shared::domain::order::Order;
use waybill_shared::engine::Engine;
use waybill_shared::incidents;
use waybill_shared::job::JobError;
use waybill_shared::store::{ChangeSet, Fate, NewJob};

use super::{Connector, ConnectorQuery};
use crate::documents::{Kept, KeptFate, Settled, Taken, receive, why_refused};

/// How often the inbox is checked.
const LOOK: Duration = Duration::from_secs(1);

/// A file that seems incomplete may still be being written until it has not changed for this long.
const STILL: Duration = Duration::from_secs(5);

/// The largest document that is taken, in bytes.
const LARGEST: u64 = 1024 * 1024;

#[derive(Debug)]
pub struct FilesConnector {
    outbox: PathBuf,
}

impl FilesConnector {
    /// Creates `outbox/` and `inbox/` in `folder`.
    ///
    /// # Errors
    /// If the folders cannot be created.
    pub fn open(folder: &Path) -> Result<Self, std::io::Error> {
        let outbox = folder.join("outbox");
        fs::create_dir_all(&outbox)?;
        for place in Place::ALL {
            fs::create_dir_all(folder.join("inbox").join(place.name()))?;
        }
        Ok(Self { outbox })
    }

    /// Writes the message `number` to the outbox.
    async fn put_out(&self, number: &str, bytes: &str) -> Result<(), JobError> {
        let path = self.outbox.join(format!("{number}.json"));
        let bytes = bytes.to_owned();
        let written =
            tokio::task::spawn_blocking(move || write_whole(&path, bytes.as_bytes())).await;
        let source = match written {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(error)) => Some(error),
            Err(_) => None,
        };
        Err(JobError::Outside { what: format!("{number} could not be sent"), source })
    }
}

/// Writes `bytes` so that the file either exists completely or not at all.
fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), std::io::Error> {
    let partial = path.with_extension("partial");
    let mut file = fs::File::create(&partial)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&partial, path)?;
    if let Some(folder) = path.parent() {
        fs::File::open(folder)?.sync_all()?;
    }
    Ok(())
}

#[async_trait]
impl Connector for FilesConnector {
    fn ask(&self, _: ConnectorQuery<'_>, _: Timestamp) -> Vec<NewJob> {
        // The database says who has to answer. Answers come as documents in the inbox.
        Vec::new()
    }

    async fn send(
        &self,
        order: &Order,
        _: &[Lot],
        bytes: &str,
        _: Timestamp,
    ) -> Result<Vec<NewJob>, JobError> {
        self.put_out(&order.number, bytes).await.map(|()| Vec::new())
    }

    async fn tell(&self, number: &str, bytes: &str) -> Result<(), JobError> {
        self.put_out(number, bytes).await
    }
}

/// Takes documents from `folder/inbox` until the broker closes.
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

/// The subfolder of the inbox that a file is moved to.
#[derive(Debug, Clone, Copy)]
enum Place {
    Taken,
    Kept,
    Refused,
}

impl Place {
    const ALL: [Self; 3] = [Self::Taken, Self::Kept, Self::Refused];

    fn name(self) -> &'static str {
        match self {
            Self::Taken => "taken",
            Self::Kept => "kept",
            Self::Refused => "refused",
        }
    }
}

fn failed(source: std::io::Error) -> JobError {
    JobError::Outside { what: "read the inbox".to_owned(), source: Some(source) }
}

/// The JSON files in `folder`, sorted by name.
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

/// The inbox. A file leaves it only after its content is stored, so that a crash loses none. Its
/// new folder shows what became of it.
struct Inbox {
    engine: Engine,
    connector: Arc<dyn Connector>,
    folder: PathBuf,
}

impl Inbox {
    /// Takes the documents that are there now.
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
                    self.put(&path, Place::Taken, None)
                }
                Ok(Settled::Taken(Taken::Kept { until })) => {
                    self.put(&path, Place::Kept, Some(&format!("it is kept {until}")))
                }
                Ok(Settled::Refused(why)) => self.put(&path, Place::Refused, Some(&why)),
                Err(error) => Err(error),
            };
            // The file stays and is tried again. The others do not wait for it.
            if let Err(error) = put {
                tracing::error!(
                    file = %path.display(),
                    error = &error as &dyn std::error::Error,
                    "a document could not be looked at"
                );
            }
        }
        Ok(())
    }

    /// Opens an incident about a file that cannot be read. It is not stored as anybody's document.
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
            _ => Err(JobError::Invalid(format!("others file {id} at the same moment"))),
        }
    }

    /// Moves kept documents to their final folder once their time has come.
    async fn look_at_kept(&self) -> Result<(), JobError> {
        for path in documents_in(&self.folder.join(Place::Kept.name()))? {
            let Ok(document) = read(&path) else { continue };
            let fate = Kept::of(&self.engine, &document).await?.map(|(kept, _)| kept.fate);
            match fate {
                Some(KeptFate::Taken) => self.put(&path, Place::Taken, None)?,
                Some(KeptFate::Refused) => {
                    let why = why_refused(&self.engine, &document).await?;
                    self.put(&path, Place::Refused, why.as_deref())?;
                }
                Some(KeptFate::Waiting) | None => continue,
            }
            fs::remove_file(path.with_extension("txt")).ok();
        }
        Ok(())
    }

    /// Moves the file at `path`, and writes the reason `why` to a text file with the same name.
    fn put(&self, path: &Path, place: Place, why: Option<&str>) -> Result<(), JobError> {
        let Some(name) = path.file_name() else { return Ok(()) };
        let to = self.folder.join(place.name()).join(name);
        if let Some(why) = why {
            fs::write(to.with_extension("txt"), why).map_err(failed)?;
        }
        fs::rename(path, &to).map_err(failed)
    }
}

#[derive(Debug)]
enum Unread {
    /// It is incomplete and was written to a moment ago, so somebody may still be writing it.
    Partly,
    /// It cannot be read. Holds the reason.
    Wrong(String),
}

fn read(path: &Path) -> Result<Document, Unread> {
    let wrong = |error: std::io::Error| match error.kind() {
        // Another process has taken it.
        std::io::ErrorKind::NotFound => Unread::Partly,
        _ => Unread::Wrong(error.to_string()),
    };
    let about = fs::metadata(path).map_err(wrong)?;
    let size = about.len();
    if size > LARGEST {
        return Err(Unread::Wrong(format!("{size} bytes: a document has at most {LARGEST}")));
    }
    // `None` if the file seems to be from the future. A clock that was set back does not make a
    // file old.
    let age = about.modified().ok().and_then(|written| written.elapsed().ok());
    let bytes = fs::read(path).map_err(wrong)?;
    read_document(&bytes).map_err(|Misread { is_cut, why }| {
        match is_cut && age.is_none_or(|age| age < STILL) {
            true => Unread::Partly,
            false => Unread::Wrong(format!("{}: {why}", path.display())),
        }
    })
}

/// Why bytes are not a document.
#[derive(Debug, thiserror::Error)]
#[error("{why}")]
pub struct Misread {
    /// Whether more bytes could make it a document.
    is_cut: bool,
    why: String,
}

/// Parses a document from the content of a file.
///
/// # Errors
/// [`Misread`] if the bytes hold no document, or one that is not allowed.
pub fn read_document(bytes: &[u8]) -> Result<Document, Misread> {
    let misread = |is_cut: bool, why: String| Misread { is_cut, why };
    let text = std::str::from_utf8(bytes)
        .map_err(|error| misread(error.error_len().is_none(), format!("no UTF-8: {error}")))?;
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
