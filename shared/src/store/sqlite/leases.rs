//! Running batches, stored in a file next to the database, so that claiming waits neither for the writer nor for the
//! disk. A row left behind by a killed process is a lost lease. A lease whose lots have changed since has no effect.

use std::path::Path;
use std::sync::{Arc, Mutex as Lock, PoisonError};

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, Row, SqliteConnection};
use tokio::sync::Mutex;

use crate::domain::lot::Timestamp;
use crate::store::{Lease, StoreError};

/// The leases of one database. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Leases {
    connection: Arc<Mutex<Option<SqliteConnection>>>,
    /// Ended leases. The next claim deletes them.
    ended: Arc<Lock<Vec<i64>>>,
    /// The last lease of earlier processes.
    inherited: i64,
}

fn failed(operation: &'static str) -> impl Fn(sqlx::Error) -> StoreError {
    move |source| StoreError::Database { operation, source }
}

fn json(ids: &[i64]) -> String {
    serde_json::Value::from(ids).to_string()
}

impl Leases {
    pub(super) async fn open(database: &Path) -> Result<Self, StoreError> {
        let opening = failed("open the leases");
        let mut connection = SqliteConnectOptions::new()
            .filename(database.with_extension("leases.sqlite"))
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // Leases only matter after a crash of the process, which does not lose what the system has buffered.
            .synchronous(SqliteSynchronous::Normal)
            .connect()
            .await
            .map_err(&opening)?;
        sqlx::query(include_str!("sql/leases_table.sql"))
            .execute(&mut connection)
            .await
            .map_err(&opening)?;
        // The claim reads lots in the same statement, so that it is one trip.
        sqlx::query("ATTACH DATABASE ? AS waybill")
            .bind(database.to_string_lossy().into_owned())
            .execute(&mut connection)
            .await
            .map_err(opening)?;
        let last = sqlx::query_scalar(include_str!("sql/last_lease.sql"));
        let inherited: i64 =
            last.fetch_one(&mut connection).await.map_err(failed("open the leases"))?;
        let connection = Arc::new(Mutex::new(Some(connection)));
        Ok(Self { connection, ended: Arc::default(), inherited })
    }

    /// For a store that is only read, so that nothing is claimed.
    pub(super) fn none() -> Self {
        Self { connection: Arc::default(), ended: Arc::default(), inherited: 0 }
    }

    fn take_ended(&self) -> Vec<i64> {
        std::mem::take(&mut self.ended.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Leases the lots among `ids` that are due at `step`. Returns the lease, and the lots as a JSON array.
    pub(super) async fn claim(
        &self,
        step: &str,
        ids: &[i64],
        now: Timestamp,
    ) -> Result<(Lease, String), StoreError> {
        let mut guard = self.connection.lock().await;
        let connection = guard.as_mut().ok_or(StoreError::Closed)?;
        let (ids, now, ended) = (json(ids), now.timestamp_millis(), self.take_ended());
        let claimed = sqlx::query(include_str!("sql/claim_lots.sql"))
            .bind(json(&ended))
            .bind(ids.clone())
            .bind(step)
            .bind(now)
            .bind(ids)
            .bind(step)
            .bind(now)
            .fetch_all(&mut *connection)
            .await;
        if claimed.is_err() {
            ended.into_iter().for_each(|id| self.release(Lease(id)));
            // If the transaction is already gone, the rollback fails, which is harmless.
            drop(sqlx::query("ROLLBACK").execute(connection).await);
        }
        let rows = claimed.map_err(failed("claim lots"))?;
        match rows.as_slice() {
            [lease, lots] => Ok((Lease(lease.get(0)), lots.get(0))),
            _ => Ok((Lease(0), "[]".to_owned())),
        }
    }

    pub(super) fn release(&self, Lease(id): Lease) {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner).push(id);
    }

    /// Leases that earlier processes still held when they ended: id, and number and version of their lots.
    pub(super) async fn inherited(&self) -> Result<Vec<(i64, String)>, StoreError> {
        let mut guard = self.connection.lock().await;
        let connection = guard.as_mut().ok_or(StoreError::Closed)?;
        self.forget(connection).await?;
        let rows = sqlx::query(include_str!("sql/leases.sql"))
            .bind(self.inherited)
            .fetch_all(connection)
            .await
            .map_err(failed("read leases"))?;
        Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
    }

    async fn forget(&self, connection: &mut SqliteConnection) -> Result<(), StoreError> {
        let forget = sqlx::query(include_str!("sql/release_leases.sql"));
        let forget = forget.bind(json(&self.take_ended())).execute(connection);
        forget.await.map(drop).map_err(failed("release leases"))
    }

    pub(super) async fn close(&self) {
        let Some(mut connection) = self.connection.lock().await.take() else { return };
        if let Err(error) = self.forget(&mut connection).await {
            // The lots that these leases cover have changed, so the leases have no effect.
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "leases could not be released"
            );
        }
        if let Err(error) = connection.close().await {
            tracing::error!(%error, "could not close the leases");
        }
    }
}
