//! Reads all rows, to copy them elsewhere.

use async_trait::async_trait;
use futures_util::TryStreamExt;
use sqlx::Row as _;
use tokio::sync::mpsc;

use super::PostgresStore;
use super::failed;
use crate::store::row::{BATCH, Batch, Counts, Row};
use crate::store::stored::parse;
use crate::store::{StoreError, Whole};

const READ: &str = "read all rows";

#[async_trait]
impl Whole for PostgresStore {
    async fn counts(&self) -> Result<Counts, StoreError> {
        let sql = sqlx::query(include_str!("sql/counts.sql"));
        let row = sql.fetch_one(&self.pool).await.map_err(failed(READ))?;
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
            let mut rows = sqlx::query(sql).fetch(&self.pool);
            let mut batch = Vec::with_capacity(BATCH);
            while let Some(row) = rows.try_next().await.map_err(failed(READ))? {
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
        let (positions, bodies): (Vec<i64>, Vec<&str>) =
            placeholders.iter().map(|(position, body)| (*position, body.as_str())).unzip();
        let sql = sqlx::query(include_str!("sql/take_out.sql")).bind(positions).bind(bodies);
        let taken = sql.execute(&self.pool).await.map_err(failed("remove bodies from the log"))?;
        tracing::debug!(bodies = taken.rows_affected(), "bodies removed from the log");
        Ok(())
    }

    async fn compact(&self) -> Result<(), StoreError> {
        const COMPACT: &str = "release unused space";
        let months: Vec<String> = sqlx::query_scalar(include_str!("sql/old_months.sql"))
            .fetch_all(&self.pool)
            .await
            .map_err(failed(COMPACT))?;
        let mut connection = self.pool.acquire().await.map_err(failed(COMPACT))?;
        // Gives up soon, so that nobody waits long behind this lock.
        for setting in ["SET lock_timeout = '2s'", "SET statement_timeout = 0"] {
            sqlx::query(setting).execute(&mut *connection).await.map_err(failed(COMPACT))?;
        }
        for month in months {
            let sql = sqlx::AssertSqlSafe(format!("VACUUM (FULL) {month}"));
            if let Err(error) = sqlx::query(sql).execute(&mut *connection).await {
                tracing::warn!(%error, month, "its space could not be released");
            }
        }
        connection.close().await.map_err(failed(COMPACT))
    }
}
