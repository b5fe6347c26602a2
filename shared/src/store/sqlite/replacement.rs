//! A new file next to the one in use, which it replaces when it is complete; and copies of a file.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{Arguments, ConnectOptions, Connection, SqliteConnection};
use tokio::sync::mpsc;

use super::script::Script;
use super::{MIGRATIONS, SqliteStore, read_only};
use crate::store::row::{Batch, Row};
use crate::store::{Beside, Store, StoreError};

#[derive(Debug)]
pub struct SqliteReplacement {
    place: PathBuf,
    new: PathBuf,
}

fn failed(operation: &'static str) -> impl Fn(sqlx::Error) -> StoreError {
    move |source| StoreError::Database { operation, source }
}

fn lost(operation: &'static str) -> impl Fn(std::io::Error) -> StoreError {
    move |error| StoreError::Database { operation, source: sqlx::Error::Io(error) }
}

/// Deletes a file if it exists.
fn remove(path: &Path) -> std::io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// The files of a database, the main file first.
fn files(path: &Path) -> [PathBuf; 3] {
    ["", "-wal", "-shm"].map(|end| {
        let mut name = path.as_os_str().to_owned();
        name.push(end);
        name.into()
    })
}

/// Creates an empty file that only its owner can read, because it will contain confidential data.
fn make_private(path: &Path) -> std::io::Result<()> {
    let mut options = std::fs::File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

/// Syncs `path` and its directory entry to the disk.
fn keep(path: &Path) -> std::io::Result<()> {
    std::fs::File::open(path)?.sync_all()?;
    match path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) => std::fs::File::open(folder)?.sync_all(),
        None => std::fs::File::open(".")?.sync_all(),
    }
}

impl SqliteStore {
    /// Copies the database at `from` to the new file `to`. The copy is consistent even while others write.
    ///
    /// # Errors
    /// [`StoreError`] if `from` cannot be read, or `to` exists or cannot be written.
    pub async fn copy(from: &Path, to: &Path) -> Result<(), StoreError> {
        let opening = |source| StoreError::Open { path: from.display().to_string(), source };
        make_private(to).map_err(lost("create the copy"))?;
        let mut connection = read_only(from).connect().await.map_err(opening)?;
        sqlx::query(include_str!("sql/copy_file.sql"))
            .bind(to.display().to_string())
            .execute(&mut connection)
            .await
            .map_err(failed("copy the database"))?;
        connection.close().await.map_err(opening)?;
        keep(to).map_err(lost("keep the copy"))
    }
}

impl SqliteReplacement {
    /// Prepares a replacement for the database at `place`.
    ///
    /// # Errors
    /// [`StoreError`] if the leftovers of a killed process cannot be removed.
    pub fn at(place: &Path) -> Result<Self, StoreError> {
        let new = place.with_extension("new.sqlite");
        for file in files(&new).into_iter().chain(files(&new.with_extension("leases.sqlite"))) {
            remove(&file).map_err(lost("remove leftovers of a restore"))?;
        }
        Ok(Self { place: place.to_owned(), new })
    }

    /// Creates the replacement with empty tables.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be created.
    pub async fn empty(&self) -> Result<(), StoreError> {
        make_private(&self.new).map_err(lost("create the new database"))?;
        self.migrate().await
    }

    /// Creates the replacement as a copy of the database at `file`, and applies pending migrations.
    ///
    /// # Errors
    /// [`StoreError`] if `file` cannot be read or is newer than this version, or if the copy cannot be created.
    pub async fn copy_of(&self, file: &Path) -> Result<(), StoreError> {
        SqliteStore::migrations(file).await?;
        SqliteStore::copy(file, &self.new).await?;
        self.migrate().await
    }

    async fn connect(&self) -> Result<SqliteConnection, StoreError> {
        // No journal or sync while filling: the file matters only once it is complete, and is synced before it takes
        // the place.
        let options = SqliteConnectOptions::new()
            .filename(&self.new)
            .journal_mode(SqliteJournalMode::Off)
            .synchronous(SqliteSynchronous::Off)
            .pragma("cache_size", "-65536")
            .pragma("temp_store", "memory")
            .disable_statement_logging();
        options.connect().await.map_err(failed("open the new database"))
    }

    async fn migrate(&self) -> Result<(), StoreError> {
        let mut connection = self.connect().await?;
        let migrated = MIGRATIONS.run_direct(None, &mut connection, false).await;
        migrated.map_err(|error| {
            failed("create the tables of the new database")(sqlx::Error::Migrate(Box::new(error)))
        })?;
        connection.close().await.map_err(failed("close the new database"))
    }
}

#[async_trait]
impl Beside for SqliteReplacement {
    async fn fill(&self, mut from: mpsc::Receiver<Batch>) -> Result<(), StoreError> {
        let filling = failed("fill the new database");
        let mut connection = self.connect().await?;
        let mut script = Script::new(&mut connection);
        script.word("BEGIN IMMEDIATE").await.map_err(&filling)?;
        while let Some(batch) = from.recv().await {
            insert(&mut script, batch).await.map_err(&filling)?;
        }
        script.word(include_str!("sql/fill_requesters.sql")).await.map_err(&filling)?;
        script.word(include_str!("sql/fill_tallies.sql")).await.map_err(&filling)?;
        script.word("COMMIT").await.map_err(&filling)?;
        script.run().await.map_err(&filling)?;
        connection.close().await.map_err(filling)
    }

    async fn look(&self) -> Result<Arc<dyn Store>, StoreError> {
        Ok(Arc::new(SqliteStore::look(&self.new).await?))
    }

    async fn open(&self) -> Result<Arc<dyn Store>, StoreError> {
        // Documents of an older version stay where they are. The first process to open the store moves them, behind the
        // void events.
        Ok(Arc::new(SqliteStore::migrated(&self.new).await?))
    }

    async fn take_place(&self) -> Result<Option<String>, StoreError> {
        let placing = lost("put the new database in its place");
        for file in files(&self.new.with_extension("leases.sqlite")) {
            remove(&file).map_err(&placing)?;
        }
        keep(&self.new).map_err(&placing)?;
        let mut kept = None;
        if self.place.exists() {
            // The last connection to close folds the WAL into the file. A file that cannot be opened is kept as it is.
            let was = SqliteConnectOptions::new().filename(&self.place).connect().await;
            if let Ok(mut was) = was {
                sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut was).await.ok();
                was.close().await.ok();
            }
            let aside = put_aside(&self.place).map_err(&placing)?;
            // What could not be folded in belongs to the old file, which was put aside with it.
            for file in &files(&self.place)[1..] {
                remove(file).map_err(&placing)?;
            }
            kept = Some(aside.display().to_string());
        }
        // The leases refer to lots of the old database.
        for file in files(&self.place.with_extension("leases.sqlite")) {
            remove(&file).map_err(&placing)?;
        }
        // Renamed over the old file, so that there is a database at every moment.
        std::fs::rename(&self.new, &self.place).map_err(&placing)?;
        keep(&self.place).map_err(placing)?;
        Ok(kept)
    }

    async fn discard(&self) -> Result<(), StoreError> {
        let leases = self.new.with_extension("leases.sqlite");
        for file in files(&self.new).into_iter().chain(files(&leases)) {
            remove(&file).map_err(lost("remove the new database"))?;
        }
        Ok(())
    }
}

/// Gives the files of the database at `place` a second name that is not yet used, and returns it.
fn put_aside(place: &Path) -> std::io::Result<PathBuf> {
    let now = chrono::Utc::now().format("%Y%m%d-%H%M%S");
    let names = std::iter::once(String::new()).chain((2..).map(|n| format!("-{n}")));
    for name in names {
        let aside = place.with_extension(format!("before-{now}{name}.sqlite"));
        if aside.exists() {
            continue;
        }
        for (file, aside) in files(place).iter().zip(files(&aside)) {
            if file.exists() && std::fs::hard_link(file, &aside).is_err() {
                // Some file systems have no hard links.
                make_private(&aside)?;
                std::fs::copy(file, &aside)?;
                keep(&aside)?;
            }
        }
        return Ok(aside);
    }
    Err(std::io::ErrorKind::AlreadyExists.into())
}

/// The file that shows that there was a database at `place`, although there is none now: a restore was cut off, or the
/// file was moved or deleted.
pub(super) fn was_there(place: &Path) -> Option<PathBuf> {
    let leases = place.with_extension("leases.sqlite");
    let folder = place.parent().filter(|folder| !folder.as_os_str().is_empty());
    let stem = format!("{}.", place.file_stem()?.to_string_lossy());
    let is_left = |name: &str| {
        name.strip_prefix(&stem).is_some_and(|rest| {
            rest == "new.sqlite" || (rest.starts_with("before-") && rest.ends_with(".sqlite"))
        })
    };
    let there = std::fs::read_dir(folder.unwrap_or(Path::new("."))).into_iter().flatten().flatten();
    let left = there
        .map(|entry| entry.path())
        .filter(|path| path.file_name().is_some_and(|name| is_left(&name.to_string_lossy())));
    left.max().or_else(|| leases.exists().then_some(leases))
}

/// Inserts rows. Consecutive rows of one kind share a statement.
async fn insert(script: &mut Script<'_>, batch: Batch) -> Result<(), sqlx::Error> {
    for rows in
        batch.chunk_by(|one, two| std::mem::discriminant(one) == std::mem::discriminant(two))
    {
        let template = match rows[0] {
            Row::Event(_) => include_str!("sql/insert_event.sql"),
            Row::Link(_) => include_str!("sql/insert_link.sql"),
            Row::Line(_) => include_str!("sql/upsert_line.sql"),
            Row::Lot(_) => include_str!("sql/upsert_lot.sql"),
            Row::Record(_) => include_str!("sql/upsert_record.sql"),
            Row::Envelope(_) => include_str!("sql/upsert_envelope.sql"),
            Row::Job(_) => include_str!("sql/insert_job.sql"),
            Row::Document(_) => include_str!("sql/insert_old_documents.sql"),
            Row::Note(_) => include_str!("sql/upsert_note.sql"),
        };
        script.rows(template, rows, bind).await?;
    }
    script.run().await
}

/// Binds a row's values in the order of its statement.
fn bind(
    row: &Row,
    args: &mut sqlx::sqlite::SqliteArguments,
) -> Result<(), sqlx::error::BoxDynError> {
    match row.clone() {
        Row::Event(row) => {
            args.add(row.position)?;
            args.add(row.at)?;
            args.add(row.actor)?;
            args.add(row.subject)?;
            args.add(row.number)?;
            args.add(row.kind)?;
            args.add(row.previous)?;
            args.add(row.body)
        }
        Row::Link(row) => {
            args.add(row.position)?;
            args.add(row.hash)
        }
        Row::Line(row) => {
            args.add(row.id)?;
            // The requester is in the line's last event, which may not be there yet. Until then the number keeps rows
            // distinct.
            args.add(row.id.to_string())?;
            args.add(row.external)?;
            args.add(row.alike)?;
            args.add(row.version)?;
            args.add(row.event)
        }
        Row::Lot(row) => {
            args.add(row.id)?;
            args.add(row.version)?;
            args.add(row.event)?;
            args.add(row.state)?;
            args.add(row.step)?;
            args.add(row.awaits)?;
            args.add(row.due)?;
            args.add(row.class)?;
            args.add(row.rank)
        }
        Row::Record(row) => {
            args.add(row.kind)?;
            args.add(row.id)?;
            args.add(row.version)?;
            args.add(row.event)
        }
        Row::Envelope(row) => {
            args.add(row.id)?;
            args.add(row.currency)?;
            for minor in [row.committed, row.opened, row.allocated, row.obligated, row.disbursed] {
                args.add(minor)?;
            }
            for number in [row.expired, row.overrun, row.version, row.event] {
                args.add(number)?;
            }
            Ok(())
        }
        Row::Job(row) => {
            args.add(row.kind)?;
            args.add(row.key)?;
            args.add(row.due)?;
            args.add(row.attempt)?;
            args.add(row.version)?;
            args.add(row.body)
        }
        Row::Document(row) => {
            args.add(row.sender)?;
            args.add(row.number)?;
            args.add(row.at)?;
            args.add(row.body)
        }
        Row::Note(row) => {
            args.add(row.kind)?;
            args.add(row.key)?;
            args.add(row.body)
        }
    }
}
