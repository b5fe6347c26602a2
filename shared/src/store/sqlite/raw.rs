//! Plain row updates, to measure what the disk and SQLite alone can do.

use std::path::Path;
use std::time::{Duration, Instant};

use sqlx::ConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};

use crate::store::StoreError;

/// Updates rows of a table with `rows` rows, `batch` rows in each durable transaction, for the duration `stretch`.
/// Returns how many rows were updated.
///
/// # Errors
/// [`StoreError`] if the database cannot be written.
pub async fn raw_updates(
    path: &Path,
    rows: i64,
    batch: i64,
    stretch: Duration,
) -> Result<i64, StoreError> {
    let failed = |source| StoreError::Database { operation: "update rows", source };
    let mut connection = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .connect()
        .await
        .map_err(failed)?;
    sqlx::query(include_str!("sql/raw_table.sql"))
        .execute(&mut connection)
        .await
        .map_err(failed)?;
    sqlx::query(include_str!("sql/raw_fill.sql"))
        .bind(rows)
        .execute(&mut connection)
        .await
        .map_err(failed)?;
    let (mut updated, began) = (0, Instant::now());
    while began.elapsed() < stretch {
        // Each statement is one transaction. The rows are scattered.
        let done = sqlx::query(include_str!("sql/raw_update.sql"))
            .bind(updated)
            .bind(batch)
            .bind(rows)
            .execute(&mut connection)
            .await
            .map_err(failed)?;
        updated += i64::try_from(done.rows_affected()).unwrap_or(0);
    }
    Ok(updated)
}
