//! Plain row updates, to know what the disk and SQLite themselves can do.

use std::path::Path;
use std::time::{Duration, Instant};

use sqlx::ConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};

use crate::store::StoreError;

/// Updates rows of a table of `rows`, `batch` in each durable transaction, for `stretch`; returns
/// how many were updated.
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
        // One statement is one transaction; the rows are scattered.
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
