//! The store on SQLite: one file (and another one for leases), one writer, group commit, WAL, `synchronous=FULL`.

mod cluster;
mod commit;
mod condition;
mod due;
mod dump;
mod flows;
mod heads;
mod history;
mod leases;
mod log;
mod place;
mod raw;
mod read;
mod replacement;
mod rest;
mod script;
mod writer;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::time::Duration;

use async_trait::async_trait;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{ConnectOptions, Connection, SqliteConnection};
use tokio::sync::{mpsc, oneshot};

use self::flows::Flows;
use self::leases::Leases;
use self::place::Place;
pub use self::raw::raw_updates;
pub use self::replacement::SqliteReplacement;
use self::writer::{Request, Writer};
use crate::documents;
use crate::store::change_set::Prepared;
use crate::store::migrations::{all_applied, planned, unmade};
use crate::store::{ChangeSet, Condition, Fate, Migration, Store, StoreError, Term};

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("migrations/sqlite");

/// The store on one SQLite file. Cheap to clone.
#[derive(Debug, Clone)]
pub struct SqliteStore {
    readers: SqlitePool,
    requests: mpsc::Sender<Request>,
    leases: Leases,
    flows: Flows,
    generation: Arc<AtomicI64>,
    place: Place,
}

fn read_only(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .read_only(true)
        .busy_timeout(Duration::from_secs(10))
        .pragma("temp_store", "memory")
        // Reading everything takes long, so slow statements are not logged.
        .disable_statement_logging()
}

/// The process that opens the file is the only one, so it leads.
const ONLY_TERM: Term = Term(1);

impl SqliteStore {
    /// Opens and migrates the database at `path`, and creates it if it does not exist.
    ///
    /// # Errors
    /// [`StoreError::Newer`] if a newer version of Waybill wrote it, [`StoreError::Open`] if it cannot be opened or is
    /// not a database, [`StoreError::Gone`] if there was a database and the file is gone.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        let store = Self::migrated(path).await?;
        documents::move_in(&store).await?;
        Ok(store)
    }

    /// Like [`SqliteStore::open`], but leaves documents in the table that an older version used.
    pub(super) async fn migrated(path: &Path) -> Result<Self, StoreError> {
        let opening = |source| StoreError::Open { path: path.display().to_string(), source };
        if let Some(left) = replacement::was_there(path).filter(|_| !path.exists()) {
            let (path, left) = (path.display().to_string(), left.display().to_string());
            return Err(StoreError::Gone { path, left });
        }
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(Duration::from_secs(10))
            // In pages. With a longer interval, a hot page is copied back once for many commits.
            .pragma("wal_autocheckpoint", "4096")
            // The WAL file shrinks again after a long read has made it grow.
            .pragma("journal_size_limit", "67108864")
            .pragma("cache_size", "-65536")
            .statement_cache_capacity(256)
            .pragma("temp_store", "memory");
        let mut connection: SqliteConnection = options.connect().await.map_err(opening)?;
        let made = MIGRATIONS.run_direct(None, &mut connection, false).await;
        made.map_err(|source| unmade(source, path.display().to_string()))?;
        let readers = SqlitePoolOptions::new()
            .max_connections(4)
            .test_before_acquire(false)
            .connect_with(options.read_only(true).create_if_missing(false))
            .await
            .map_err(opening)?;
        let leases = Leases::open(path).await?;
        let place = Place::of(path);
        let writer = Writer::new(connection, place.clone()).await.map_err(opening)?;
        let (requests, queue) = mpsc::channel(256);
        tokio::spawn(writer.run(queue));
        let (flows, generation) = (Flows::default(), Arc::new(AtomicI64::new(1)));
        Ok(Self { readers, requests, leases, flows, generation, place })
    }

    /// Opens the database at `path` read-only, while another process may be working on it.
    ///
    /// # Errors
    /// [`StoreError::Older`] if migrations are pending, [`StoreError::Newer`] and [`StoreError::Open`] as for
    /// [`SqliteStore::open`].
    pub async fn look(path: &Path) -> Result<Self, StoreError> {
        let shown = path.display().to_string();
        all_applied(&Self::migrations(path).await?, &shown)?;
        let readers = SqlitePoolOptions::new()
            .max_connections(4)
            .test_before_acquire(false)
            .connect_with(read_only(path))
            .await
            .map_err(|source| StoreError::Open { path: shown, source })?;
        // The receiver is dropped, so a write fails with [`StoreError::Closed`].
        let (requests, _) = mpsc::channel(1);
        let (flows, generation) = (Flows::default(), Arc::new(AtomicI64::new(1)));
        let (leases, place) = (Leases::none(), Place::default());
        Ok(Self { readers, requests, leases, flows, generation, place })
    }

    /// The migrations of the database at `path`, and whether each was applied. Writes nothing.
    ///
    /// # Errors
    /// [`StoreError::Newer`] if a newer version of Waybill wrote it, [`StoreError::Open`] if it is not a database.
    pub async fn migrations(path: &Path) -> Result<Vec<Migration>, StoreError> {
        let shown = path.display().to_string();
        if !path.exists() {
            return planned(&MIGRATIONS, &[], &shown);
        }
        let opening = |source| StoreError::Open { path: shown.clone(), source };
        let mut connection = read_only(path).connect().await.map_err(opening)?;
        let has_some: bool = sqlx::query_scalar(include_str!("sql/has_migrations.sql"))
            .fetch_one(&mut connection)
            .await
            .map_err(opening)?;
        let mut applied: Vec<i64> = Vec::new();
        if has_some {
            let sql = sqlx::query_scalar(include_str!("sql/migrations.sql"));
            applied = sql.fetch_all(&mut connection).await.map_err(opening)?;
        }
        connection.close().await.map_err(opening)?;
        planned(&MIGRATIONS, &applied, &shown)
    }

    async fn ask<T>(
        &self,
        request: impl FnOnce(oneshot::Sender<T>) -> Request,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.requests.send(request(reply)).await.map_err(|_| StoreError::Closed)?;
        answer.await.map_err(|_| StoreError::Closed)
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn commit(&self, change_sets: Vec<ChangeSet>) -> Result<Vec<Fate>, StoreError> {
        if change_sets.is_empty() {
            return Ok(Vec::new());
        }
        let is_new_generation = change_sets.iter().any(ChangeSet::changes_what_is_kept);
        // Bodies are serialized here, so that the single writer has less to do.
        let change_sets =
            change_sets.into_iter().map(Prepared::of).collect::<Result<Vec<_>, _>>()?;
        let generation = is_new_generation.then(|| self.generation.clone());
        self.ask(|reply| Request::Commit { change_sets, generation, reply }).await?
    }

    async fn snapshot(&self) -> Result<Arc<dyn Store>, StoreError> {
        // A single connection that is never replaced: its transaction is the snapshot.
        let readers = SqlitePoolOptions::new()
            .max_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .test_before_acquire(false)
            .after_connect(|connection, _| {
                Box::pin(async move { sqlx::query("BEGIN").execute(connection).await.map(drop) })
            })
            .connect_with((*self.readers.connect_options()).clone())
            .await
            .map_err(|source| StoreError::Database { operation: "read", source })?;
        Ok(Arc::new(Self { readers, ..self.clone() }))
    }

    async fn condition(&self) -> Result<Condition, StoreError> {
        self.examine().await
    }

    fn in_place(&self) -> Result<(), StoreError> {
        self.place.moved().map_or(Ok(()), Err)
    }

    async fn close(&self) {
        self.readers.close().await;
        // If the writer has already stopped, there is nothing left to write.
        drop(self.ask(|reply| Request::Close { reply }).await);
        self.leases.close().await;
    }
}
