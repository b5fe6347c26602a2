//! Reads of what is due, and of jobs.

use std::sync::Arc;

use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::SqliteStore;
use super::read::{json, parse, reading, time};
use crate::domain::lot::Timestamp;
use crate::store::{Hint, Job, StoreError};

pub(super) fn job(row: &SqliteRow) -> Job {
    Job {
        id: row.get(0),
        kind: row.get(1),
        key: row.get(2),
        due: time(row.get(3)),
        attempt: row.get::<i64, _>(4).try_into().unwrap_or(u32::MAX),
        version: row.get(5),
        body: row.get(6),
    }
}

/// Hints out of `[[queue, id], …]`; those of one queue share its name.
fn hints(due: &str) -> Result<Vec<Hint>, StoreError> {
    let due: Vec<(&str, i64)> = parse(due, || "what is due".to_owned())?;
    let mut names: Vec<Arc<str>> = Vec::new();
    let hint = |(name, id): (&str, i64)| {
        let known = names.iter().find(|known| ***known == *name).cloned();
        let queue = known.unwrap_or_else(|| {
            names.push(name.into());
            names[names.len() - 1].clone()
        });
        Hint { queue, id }
    };
    Ok(due.into_iter().map(hint).collect())
}

impl SqliteStore {
    /// What is due by `now`, at most `limit`; what is under way is among it.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be read.
    pub async fn due(&self, now: Timestamp, limit: i64) -> Result<Vec<Hint>, StoreError> {
        self.hints(include_str!("sql/due.sql"), now, limit).await
    }

    /// Lots that are due by `now`, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be read.
    pub async fn due_lots(&self, now: Timestamp, limit: i64) -> Result<Vec<Hint>, StoreError> {
        self.hints(include_str!("sql/due_lots.sql"), now, limit).await
    }

    async fn hints(
        &self,
        sql: &'static str,
        now: Timestamp,
        limit: i64,
    ) -> Result<Vec<Hint>, StoreError> {
        let due = sqlx::query_scalar(sql).bind(now.timestamp_millis()).bind(limit);
        let due: String = due.fetch_one(&self.readers).await.map_err(reading)?;
        hints(&due)
    }

    /// The first of the jobs that are due by `now`: by their time, then by where their kind stands
    /// in `order`, then by their key.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be read.
    pub async fn first_due_job(
        &self,
        now: Timestamp,
        order: &[&str],
    ) -> Result<Option<Hint>, StoreError> {
        let row = sqlx::query(include_str!("sql/first_due_job.sql"))
            .bind(now.timestamp_millis())
            .bind(json(order.iter().map(|kind| (*kind).to_owned())))
            .fetch_optional(&self.readers)
            .await
            .map_err(reading)?;
        Ok(row.map(|row| Hint { queue: row.get::<&str, _>(0).into(), id: row.get(1) }))
    }

    /// How many jobs there are of each kind.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be read.
    pub async fn job_counts(&self) -> Result<Vec<(String, i64)>, StoreError> {
        let rows = sqlx::query(include_str!("sql/job_counts.sql"))
            .fetch_all(&self.readers)
            .await
            .map_err(reading)?;
        Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
    }

    /// The next moment after `now` at which anything but jobs of the kind `without` is due.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be read.
    pub async fn next_due(
        &self,
        now: Timestamp,
        without: &str,
    ) -> Result<Option<Timestamp>, StoreError> {
        let due: Option<i64> = sqlx::query_scalar(include_str!("sql/next_due.sql"))
            .bind(now.timestamp_millis())
            .bind(without)
            .fetch_one(&self.readers)
            .await
            .map_err(reading)?;
        Ok(due.map(time))
    }
}
