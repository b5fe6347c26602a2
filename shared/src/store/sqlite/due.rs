//! What is due, and claims of it.

use std::time::Duration;

use async_trait::async_trait;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::SqliteStore;
use super::read::{json, reading};
use crate::domain::kinds::JobKind;
use crate::domain::limit::Limit;
use crate::domain::lot::{Lot, Timestamp};
use crate::store::Backlog;
use crate::store::hint::named;
use crate::store::stored::{parse, time};
use crate::store::{Claim, Hint, Job, Lane, Lease, Queues, StoreError, Wanted};

fn job(row: &SqliteRow) -> Job {
    Job {
        id: row.get(0),
        kind: row.get(1),
        key: row.get(2),
        due: time(row.get(3)),
        attempt: row.get::<i64, _>(4).try_into().unwrap_or(u32::MAX),
        version: row.get(5),
        // Only one process claims, so leases are not counted.
        lease: 0,
        body: row.get(6),
    }
}

/// Parses hints from `[[queue, class, id, due], …]`.
fn hints(due: &str) -> Result<Vec<Hint>, StoreError> {
    Ok(named(parse::<Vec<(&str, i64, i64, i64)>>(due, || "the list of due work".to_owned())?))
}

#[async_trait]
impl Queues for SqliteStore {
    /// Reads the lots over the connection of the leases, not through the writer.
    async fn claim_lots(
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

    async fn claim_jobs(
        &self,
        kind: JobKind,
        ids: &[i64],
        now: Timestamp,
    ) -> Result<Vec<Job>, StoreError> {
        let rows = sqlx::query(include_str!("sql/claim_jobs.sql"))
            .bind(serde_json::json!(ids).to_string())
            .bind(kind.name())
            .bind(now.timestamp_millis())
            .fetch_all(&self.readers)
            .await
            .map_err(|source| StoreError::Database { operation: "claim jobs", source })?;
        Ok(rows.iter().map(job).collect())
    }

    async fn claim_job_within(
        &self,
        kind: JobKind,
        ids: &[i64],
        now: Timestamp,
        limit: Limit,
    ) -> Result<Option<Job>, StoreError> {
        Ok(self.flows.take(self.claim_jobs(kind, ids, now).await?, limit))
    }

    async fn free_jobs(
        &self,
        kind: JobKind,
        ids: &[i64],
        now: Timestamp,
    ) -> Result<Vec<Job>, StoreError> {
        Ok(self.flows.free(self.claim_jobs(kind, ids, now).await?))
    }

    fn release(&self, lease: Lease) {
        self.leases.release(lease);
    }

    fn let_go(&self, job: &Job) {
        self.flows.ends(job);
    }

    async fn lost_leases(&self) -> Result<Vec<(Lease, Vec<(i64, i64)>)>, StoreError> {
        let lease =
            |(id, lots): (i64, String)| Ok((Lease(id), parse(&lots, || format!("lease {id}"))?));
        self.leases.inherited().await?.into_iter().map(lease).collect()
    }

    async fn renew_leases(&self) -> Result<(), StoreError> {
        Ok(())
    }

    fn lease_time(&self) -> Option<Duration> {
        None
    }

    async fn due(&self, now: Timestamp, wanted: &[Wanted]) -> Result<Vec<Hint>, StoreError> {
        let mut all = Vec::new();
        for Wanted { queue, lots, limit } in wanted {
            let sql = match lots {
                Some(_) => include_str!("sql/due_at_step.sql"),
                None => include_str!("sql/due_of_kind.sql"),
            };
            let (first, last) = lots.unwrap_or(Lane::Normal).classes();
            let due: String = sqlx::query_scalar(sql)
                .bind(now.timestamp_millis())
                .bind(&**queue)
                .bind(limit)
                .bind(first)
                .bind(last)
                .fetch_one(&self.readers)
                .await
                .map_err(reading)?;
            all.append(&mut hints(&due)?);
        }
        Ok(all)
    }

    async fn due_lots(&self, now: Timestamp, limit: i64) -> Result<Vec<Hint>, StoreError> {
        let due: String = sqlx::query_scalar(include_str!("sql/due_lots.sql"))
            .bind(now.timestamp_millis())
            .bind(limit)
            .fetch_one(&self.readers)
            .await
            .map_err(reading)?;
        hints(&due)
    }

    async fn first_due_job(&self, now: Timestamp) -> Result<Option<Hint>, StoreError> {
        let row = sqlx::query(include_str!("sql/first_due_job.sql"))
            .bind(now.timestamp_millis())
            .bind(json(JobKind::ALL.iter().map(|kind| kind.name().to_owned())))
            .fetch_optional(&self.readers)
            .await
            .map_err(reading)?;
        Ok(row.map(|row| Hint {
            queue: row.get::<&str, _>(0).into(),
            lane: Lane::Normal,
            id: row.get(1),
            due: row.get(2),
        }))
    }

    async fn backlog(&self, now: Timestamp) -> Result<Vec<Backlog>, StoreError> {
        let millis = now.timestamp_millis();
        let rows = sqlx::query(include_str!("sql/backlog.sql"))
            .bind(millis)
            .fetch_all(&self.readers)
            .await
            .map_err(reading)?;
        let backlog = |row: &SqliteRow| {
            let waited = millis.saturating_sub(row.get(3)).max(0).unsigned_abs();
            let lane = Lane::ALL[row.get::<i64, _>(1).clamp(0, 2) as usize];
            let oldest = Duration::from_millis(waited);
            Backlog { queue: row.get(0), lane: lane.name(), depth: row.get(2), oldest }
        };
        Ok(rows.iter().map(backlog).collect())
    }

    async fn job_dues(&self, kind: JobKind) -> Result<Vec<(String, Timestamp)>, StoreError> {
        let rows: Vec<(String, i64)> = sqlx::query_as(include_str!("sql/job_dues.sql"))
            .bind(kind.name())
            .fetch_all(&self.readers)
            .await
            .map_err(reading)?;
        Ok(rows.into_iter().map(|(key, due)| (key, time(due))).collect())
    }

    async fn job_counts(&self) -> Result<Vec<(String, i64)>, StoreError> {
        let rows = sqlx::query(include_str!("sql/job_counts.sql"))
            .fetch_all(&self.readers)
            .await
            .map_err(reading)?;
        Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
    }

    async fn next_due(
        &self,
        now: Timestamp,
        without: Option<JobKind>,
    ) -> Result<Option<Timestamp>, StoreError> {
        let due: Option<i64> = sqlx::query_scalar(include_str!("sql/next_due.sql"))
            .bind(now.timestamp_millis())
            .bind(without.map_or("", JobKind::name))
            .fetch_one(&self.readers)
            .await
            .map_err(reading)?;
        Ok(due.map(time))
    }
}
