//! The store on SQLite: one file (and one for leases beside it), one writer, group commit, WAL, `synchronous=FULL`.

mod commit;
mod due;
mod heads;
mod history;
mod leases;
mod log;
mod raw;
mod read;
mod rest;
mod script;
mod writer;

use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{ConnectOptions, SqliteConnection};
use tokio::sync::{mpsc, oneshot};

use self::commit::Prepared;
use self::leases::Leases;
pub use self::raw::raw_updates;
use self::writer::{Act, Writer};
use crate::domain::lot::{Lot, Timestamp};
use crate::store::{Claim, Fate, Job, Lease, StoreError, Unit};

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("migrations/sqlite");

/// The store on one SQLite file. Cheap to clone.
#[derive(Debug, Clone)]
pub struct SqliteStore {
    readers: SqlitePool,
    acts: mpsc::Sender<Act>,
    leases: Leases,
}

impl SqliteStore {
    /// Opens the database at `path`, creates it if it is not there, and migrates it.
    ///
    /// # Errors
    /// [`StoreError::Newer`] if a newer Waybill wrote it, [`StoreError::Open`] if it cannot
    /// be opened or is no database.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        let opening = |source| StoreError::Open { path: path.display().to_string(), source };
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(Duration::from_secs(10))
            // Pages; a hot page is then copied back once for many commits.
            .pragma("wal_autocheckpoint", "4096")
            .pragma("cache_size", "-65536")
            .statement_cache_capacity(256)
            .pragma("temp_store", "memory");
        let mut connection: SqliteConnection = options.connect().await.map_err(opening)?;
        MIGRATIONS.run_direct(None, &mut connection, false).await.map_err(
            |source| match source {
                sqlx::migrate::MigrateError::VersionMissing(_) => {
                    StoreError::Newer { path: path.display().to_string(), source }
                }
                other => opening(sqlx::Error::Migrate(Box::new(other))),
            },
        )?;
        let readers = SqlitePoolOptions::new()
            .max_connections(4)
            .test_before_acquire(false)
            .connect_with(options.read_only(true).create_if_missing(false))
            .await
            .map_err(opening)?;
        let writer = Writer::new(connection).await.map_err(opening)?;
        let (acts, queue) = mpsc::channel(256);
        tokio::spawn(writer.run(queue));
        Ok(Self { readers, acts, leases: Leases::open(path).await? })
    }

    /// Claims those of `ids` that are due at `step`, under one lease. They are read beside the
    /// writer: what changes meanwhile is stale when it is committed.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be written.
    pub async fn claim_lots(
        &self,
        step: &str,
        ids: &[i64],
        now: Timestamp,
    ) -> Result<Claim, StoreError> {
        let (lease, bodies) = self.leases.claim(step, ids, now).await?;
        let lots: Vec<Lot> = serde_json::from_str(&bodies).map_err(|source| {
            self.release(lease);
            StoreError::Corrupt { subject: format!("a lot at {step}"), source }
        })?;
        Ok(Claim { lease, lots })
    }

    /// Claims those of `ids` that are due jobs of `kind`.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be read.
    pub async fn claim_jobs(
        &self,
        kind: &str,
        ids: &[i64],
        now: Timestamp,
    ) -> Result<Vec<Job>, StoreError> {
        let rows = sqlx::query(include_str!("sql/claim_jobs.sql"))
            .bind(serde_json::json!(ids).to_string())
            .bind(kind)
            .bind(now.timestamp_millis())
            .fetch_all(&self.readers)
            .await
            .map_err(|source| StoreError::Database { act: "claim jobs", source })?;
        Ok(rows.iter().map(due::job).collect())
    }

    /// Commits `units` together: each whole or not at all, in order, durably before this returns.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be written; then nothing of them is stored.
    pub async fn commit(&self, units: Vec<Unit>) -> Result<Vec<Fate>, StoreError> {
        if units.is_empty() {
            return Ok(Vec::new());
        }
        // Bodies are written here, so that the one writer has less to do.
        let units = units.into_iter().map(Prepared::of).collect::<Result<Vec<_>, _>>()?;
        self.ask(|reply| Act::Commit { units, reply }).await?
    }

    /// Ends the lease of a batch that has committed.
    pub fn release(&self, lease: Lease) {
        self.leases.release(lease);
    }

    /// This store as it is now, for many reads that have to fit together. To be dropped soon.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be read.
    pub(crate) async fn snapshot(&self) -> Result<Self, StoreError> {
        // One connection, never exchanged for another: its transaction is the snapshot.
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
            .map_err(|source| StoreError::Database { act: "read", source })?;
        Ok(Self { readers, ..self.clone() })
    }

    /// Writes what is queued, checkpoints and closes the files.
    pub async fn close(&self) {
        self.readers.close().await;
        // A writer that is already gone has nothing left to write.
        drop(self.ask(|reply| Act::Close { reply }).await);
        self.leases.close().await;
    }

    async fn ask<T>(&self, act: impl FnOnce(oneshot::Sender<T>) -> Act) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.acts.send(act(reply)).await.map_err(|_| StoreError::Closed)?;
        answer.await.map_err(|_| StoreError::Closed)
    }
}
