//! Batches under way, in a file of their own beside the database: marking one does not wait for the
//! writer, nor for the disk. A row left behind by a killed process is a lost lease; a lease whose
//! lots have changed since means nothing.

use std::path::Path;
use std::sync::Arc;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, Row, SqliteConnection};
use tokio::sync::Mutex;

use crate::store::{Lease, StoreError};

/// The leases of one database. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Leases {
    connection: Arc<Mutex<Option<SqliteConnection>>>,
}

fn failed(act: &'static str) -> impl Fn(sqlx::Error) -> StoreError {
    move |source| StoreError::Database { act, source }
}

impl Leases {
    pub(super) async fn open(database: &Path) -> Result<Self, StoreError> {
        let opening = failed("open the leases");
        let mut connection = SqliteConnectOptions::new()
            .filename(database.with_extension("leases.sqlite"))
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // What this keeps matters when the process dies, and then the system still has it.
            .synchronous(SqliteSynchronous::Normal)
            .connect()
            .await
            .map_err(&opening)?;
        sqlx::query(include_str!("sql/leases_table.sql"))
            .execute(&mut connection)
            .await
            .map_err(opening)?;
        Ok(Self { connection: Arc::new(Mutex::new(Some(connection))) })
    }

    /// Marks lots, as `[[number, version], …]`, as under way.
    pub(super) async fn insert(&self, subjects: String) -> Result<Lease, StoreError> {
        let mut guard = self.connection.lock().await;
        let connection = guard.as_mut().ok_or(StoreError::Closed)?;
        let insert = sqlx::query_scalar(include_str!("sql/insert_lease.sql")).bind(subjects);
        insert.fetch_one(connection).await.map(Lease).map_err(failed("lease lots"))
    }

    /// Ends a lease.
    pub(super) async fn release(&self, Lease(id): Lease) -> Result<(), StoreError> {
        let mut guard = self.connection.lock().await;
        let connection = guard.as_mut().ok_or(StoreError::Closed)?;
        let release = sqlx::query(include_str!("sql/release_lease.sql")).bind(id);
        release.execute(connection).await.map(drop).map_err(failed("release a lease"))
    }

    /// All leases: id, and lots by number and version.
    pub(super) async fn all(&self) -> Result<Vec<(i64, String)>, StoreError> {
        let mut guard = self.connection.lock().await;
        let connection = guard.as_mut().ok_or(StoreError::Closed)?;
        let rows = sqlx::query(include_str!("sql/leases.sql"))
            .fetch_all(connection)
            .await
            .map_err(failed("read leases"))?;
        Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
    }

    pub(super) async fn close(&self) {
        if let Some(connection) = self.connection.lock().await.take()
            && let Err(error) = connection.close().await
        {
            tracing::error!(%error, "could not close the leases");
        }
    }
}
