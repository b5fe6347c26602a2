//! Orders out as files, documents in from a watched folder.
//!
//! `outbox/NUMBER.json` holds an order's exact bytes. Documents are JSON files in `inbox/`; each is
//! taken once by its sender and number and then moved to `inbox/taken/`, or to `inbox/refused/`
//! with a `.txt` beside it that says why.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use waybill_shared::act::ActError;
use waybill_shared::domain::document::Document;
use waybill_shared::domain::lot::{Lot, Timestamp};
use waybill_shared::domain::order::Order;
use waybill_shared::engine::Engine;
use waybill_shared::store::{NewJob, StoreError, Unit};

use super::{Connector, Question};

/// How often the inbox is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// Documents larger than this are refused, in bytes.
const LARGEST: u64 = 16 * 1024 * 1024;

/// The connector to folders.
#[derive(Debug)]
pub struct FilesConnector {
    outbox: PathBuf,
}

impl FilesConnector {
    /// Makes `outbox/` and `inbox/` in `folder`.
    ///
    /// # Errors
    /// What keeps them from being made.
    pub fn open(folder: &Path) -> Result<Self, std::io::Error> {
        let outbox = folder.join("outbox");
        fs::create_dir_all(&outbox)?;
        for name in ["taken", "refused"] {
            fs::create_dir_all(folder.join("inbox").join(name))?;
        }
        Ok(Self { outbox })
    }

    /// Writes what is sent under `number`.
    async fn put_out(&self, number: &str, bytes: &str) -> Result<(), ActError> {
        let path = self.outbox.join(format!("{number}.json"));
        let bytes = bytes.to_owned();
        let written =
            tokio::task::spawn_blocking(move || write_whole(&path, bytes.as_bytes())).await;
        let source = match written {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(error)) => Some(error),
            Err(_) => None,
        };
        Err(ActError::Outside { what: format!("{number} could not be sent"), source })
    }
}

/// Writes `bytes` so that the file is either there whole or not at all.
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
    fn ask(&self, _: Question<'_>, _: Timestamp) -> Vec<NewJob> {
        // Whose move it is stands in the database; answers come as documents in the inbox.
        Vec::new()
    }

    async fn send(
        &self,
        order: &Order,
        _: &[Lot],
        bytes: &str,
        _: Timestamp,
    ) -> Result<Vec<NewJob>, ActError> {
        self.put_out(&order.number, bytes).await.map(|()| Vec::new())
    }

    async fn tell(&self, number: &str, bytes: &str) -> Result<(), ActError> {
        self.put_out(number, bytes).await
    }
}

/// Takes documents out of `folder/inbox` until the broker closes.
pub async fn watch_inbox(engine: Engine, folder: PathBuf) {
    let mut look = tokio::time::interval(LOOK);
    look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    while !engine.broker.is_closed() {
        look.tick().await;
        if let Err(error) = take_inbox(&engine, &folder).await {
            tracing::error!(error = &error as &dyn std::error::Error, "the inbox was not read");
        }
    }
}

/// Takes what is in `folder/inbox` now; returns how many documents were taken.
///
/// # Errors
/// [`ActError`] if the folder cannot be read or the store not written.
async fn take_inbox(engine: &Engine, folder: &Path) -> Result<usize, ActError> {
    let inbox = folder.join("inbox");
    let failed =
        |source| ActError::Outside { what: "read the inbox".to_owned(), source: Some(source) };
    let mut paths: Vec<PathBuf> = Vec::new();
    for entry in fs::read_dir(&inbox).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|extension| extension == "json") && path.is_file() {
            paths.push(path);
        }
    }
    paths.sort();
    let mut taken = 0;
    for path in paths {
        let Some(name) = path.file_name() else { continue };
        let refusal = match read(&path) {
            Ok(document) => {
                enqueue(engine, &document).await?;
                taken += 1;
                None
            }
            Err(why) => Some(why),
        };
        let to = inbox.join(if refusal.is_none() { "taken" } else { "refused" });
        if let Some(why) = refusal {
            tracing::warn!(file = %path.display(), why, "a document was refused");
            fs::write(to.join(name).with_extension("txt"), why).map_err(failed)?;
        }
        fs::rename(&path, to.join(name)).map_err(failed)?;
    }
    Ok(taken)
}

fn read(path: &Path) -> Result<Document, String> {
    let size = fs::metadata(path).map_err(|error| error.to_string())?.len();
    if size > LARGEST {
        return Err(format!("{size} bytes: a document has at most {LARGEST}"));
    }
    let text = fs::read_to_string(path).map_err(|error| error.to_string())?;
    serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))
}

/// Stores a document's job; from then on it survives whatever happens to the file.
///
/// # Errors
/// [`StoreError`] if it could not be stored.
async fn enqueue(engine: &Engine, document: &Document) -> Result<(), StoreError> {
    let now = engine.clock.now();
    let mut unit = Unit::new(&document.sender, now);
    unit.jobs.push(NewJob {
        kind: "document",
        key: document.key(),
        due: now,
        body: serde_json::to_string(document).unwrap_or_default(),
    });
    engine.commit(vec![unit], None).await?;
    Ok(())
}
