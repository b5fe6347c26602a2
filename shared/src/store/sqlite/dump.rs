//! Reads all rows, to copy them elsewhere.

use std::time::Duration;

use async_trait::async_trait;
use futures_util::TryStreamExt;
use sqlx::sqlite::{SqliteConnectOptions, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _, Row as _, SqliteConnection};
use tokio::sync::mpsc;

use super::SqliteStore;
use super::read::reading;
use crate::store::row::{BATCH, Batch, Counts, Row};
use crate::store::stored::parse;
use crate::store::{StoreError, Whole};

#[async_trait]
impl Whole for SqliteStore {
    async fn counts(&self) -> Result<Counts, StoreError> {
        let sql = sqlx::query(include_str!("sql/counts.sql"));
        let row = sql.fetch_one(&self.readers).await.map_err(reading)?;
        Ok(Counts {
            events: row.get(0),
            links: row.get(1),
            lines: row.get(2),
            lots: row.get(3),
            records: row.get(4),
            envelopes: row.get(5),
            jobs: row.get(6),
            documents: row.get(7),
            notes: row.get(8),
        })
    }

    async fn rest(&self, to: &mpsc::Sender<Batch>) -> Result<(), StoreError> {
        // Each row is read as the text that a file contains.
        for sql in [
            include_str!("sql/give_lines.sql"),
            include_str!("sql/give_lots.sql"),
            include_str!("sql/give_records.sql"),
            include_str!("sql/give_envelopes.sql"),
            include_str!("sql/give_jobs.sql"),
            include_str!("sql/give_documents.sql"),
            include_str!("sql/give_notes.sql"),
        ] {
            let mut rows = sqlx::query(sql).fetch(&self.readers);
            let mut batch = Vec::with_capacity(BATCH);
            while let Some(row) = rows.try_next().await.map_err(reading)? {
                let row: Row = parse(row.get(0), || "a row to be exported".to_owned())?;
                batch.push(row);
                if batch.len() == BATCH && to.send(std::mem::take(&mut batch)).await.is_err() {
                    return Ok(());
                }
            }
            if !batch.is_empty() && to.send(batch).await.is_err() {
                return Ok(());
            }
        }
        Ok(())
    }

    async fn take_out(&self, placeholders: &[(i64, String)]) -> Result<(), StoreError> {
        let mut connection = self.beside_the_writer().await?;
        let mut request = connection.begin().await.map_err(failed(TAKE_OUT))?;
        for (position, placeholder) in placeholders {
            let sql = sqlx::query(include_str!("sql/take_out.sql"));
            let sql = sql.bind(position).bind(placeholder);
            sql.execute(&mut *request).await.map_err(failed(TAKE_OUT))?;
        }
        request.commit().await.map_err(failed(TAKE_OUT))?;
        connection.close().await.map_err(failed(TAKE_OUT))
    }

    async fn compact(&self) -> Result<(), StoreError> {
        let mut connection = self.beside_the_writer().await?;
        for sql in ["VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"] {
            sqlx::query(sql).execute(&mut connection).await.map_err(failed("shrink the file"))?;
        }
        connection.close().await.map_err(failed("shrink the file"))
    }
}

const TAKE_OUT: &str = "remove bodies from the log";

fn failed(operation: &'static str) -> impl Fn(sqlx::Error) -> StoreError {
    move |source| StoreError::Database { operation, source }
}

impl SqliteStore {
    /// A separate connection for writes that are not change sets.
    async fn beside_the_writer(&self) -> Result<SqliteConnection, StoreError> {
        let path = self.place.database().ok_or(StoreError::Closed)?;
        let options = SqliteConnectOptions::new().filename(path).busy_timeout(BUSY);
        let options = options.synchronous(SqliteSynchronous::Full);
        options.disable_statement_logging().connect().await.map_err(failed(TAKE_OUT))
    }
}

/// How long to wait for the writer's lock.
const BUSY: Duration = Duration::from_secs(30);
