//! What is due.

use std::time::Duration;

use async_trait::async_trait;
use sqlx::Row;
use sqlx::postgres::PgRow;

use super::{PostgresStore, lock};
use crate::domain::kinds::JobKind;
use crate::domain::limit::Limit;
use crate::domain::lot::Timestamp;
use crate::store::Backlog;
use crate::store::hint::named;
use crate::store::stored::time;
use crate::store::{Claim, Hint, Job, Lane, Lease, Queues, StoreError, Wanted};

const READ: &str = "read due work";

fn hints(rows: &[PgRow]) -> Vec<Hint> {
    named(
        rows.iter()
            .map(|row| (row.get(0), i64::from(row.get::<i16, _>(1)), row.get(2), row.get(3))),
    )
}

#[async_trait]
impl Queues for PostgresStore {
    async fn claim_lots(
        &self,
        step: &str,
        ids: &[i64],
        now: Timestamp,
    ) -> Result<Claim, StoreError> {
        self.lease_lots(step, ids, now).await
    }

    async fn claim_jobs(
        &self,
        kind: JobKind,
        ids: &[i64],
        now: Timestamp,
    ) -> Result<Vec<Job>, StoreError> {
        self.lease_jobs(kind, ids, now).await
    }

    async fn claim_job_within(
        &self,
        kind: JobKind,
        ids: &[i64],
        now: Timestamp,
        limit: Limit,
    ) -> Result<Option<Job>, StoreError> {
        self.lease_job_within(kind, ids, now, limit).await
    }

    async fn free_jobs(
        &self,
        kind: JobKind,
        ids: &[i64],
        now: Timestamp,
    ) -> Result<Vec<Job>, StoreError> {
        self.unheld_jobs(kind, ids, now).await
    }

    fn release(&self, lease: Lease) {
        lock(&self.ended).push(lease);
    }

    fn let_go(&self, job: &Job) {
        // If the end of the job could not be committed, its lease expires and another process takes the job.
        lock(&self.jobs).remove(&job.id);
    }

    async fn lost_leases(&self) -> Result<Vec<(Lease, Vec<(i64, i64)>)>, StoreError> {
        self.expired().await
    }

    async fn renew_leases(&self) -> Result<(), StoreError> {
        self.renew().await
    }

    fn lease_time(&self) -> Option<Duration> {
        Some(self.lease_time)
    }

    async fn due(&self, now: Timestamp, wanted: &[Wanted]) -> Result<Vec<Hint>, StoreError> {
        let now = now.timestamp_millis();
        let (lots, jobs): (Vec<&Wanted>, Vec<&Wanted>) =
            wanted.iter().partition(|wanted| wanted.lots.is_some());
        let names = |of: &[&Wanted]| of.iter().map(|w| w.queue.to_string()).collect::<Vec<_>>();
        let limits = |of: &[&Wanted]| of.iter().map(|w| w.limit).collect::<Vec<_>>();
        let mut all = Vec::new();
        if !lots.is_empty() {
            let lanes: Vec<i16> = lots.iter().map(|wanted| wanted.lane() as i16).collect();
            let query = sqlx::query(include_str!("sql/due_lots_in.sql"))
                .bind(now)
                .bind(names(&lots))
                .bind(lanes)
                .bind(limits(&lots));
            all.append(&mut hints(&self.rows(READ, query).await?));
        }
        if !jobs.is_empty() {
            let query = sqlx::query(include_str!("sql/due_jobs_in.sql"))
                .bind(now)
                .bind(names(&jobs))
                .bind(limits(&jobs));
            all.append(&mut hints(&self.rows(READ, query).await?));
        }
        Ok(all)
    }

    async fn due_lots(&self, now: Timestamp, limit: i64) -> Result<Vec<Hint>, StoreError> {
        let query =
            sqlx::query(include_str!("sql/due_lots.sql")).bind(now.timestamp_millis()).bind(limit);
        Ok(hints(&self.rows(READ, query).await?))
    }

    async fn first_due_job(&self, now: Timestamp) -> Result<Option<Hint>, StoreError> {
        let order: Vec<&str> = JobKind::ALL.iter().map(|kind| kind.name()).collect();
        let query = sqlx::query(include_str!("sql/first_due_job.sql"))
            .bind(now.timestamp_millis())
            .bind(order);
        let rows = self.rows(READ, query).await?;
        let hint = |row: &PgRow| {
            let queue = row.get::<&str, _>(0).into();
            Hint { queue, lane: Lane::Normal, id: row.get(1), due: row.get(2) }
        };
        Ok(rows.first().map(hint))
    }

    async fn next_due(
        &self,
        now: Timestamp,
        without: Option<JobKind>,
    ) -> Result<Option<Timestamp>, StoreError> {
        let query = sqlx::query(include_str!("sql/next_due.sql"))
            .bind(now.timestamp_millis())
            .bind(without.map_or("", JobKind::name));
        let rows = self.rows(READ, query).await?;
        Ok(rows.first().and_then(|row| row.get::<Option<i64>, _>(0)).map(time))
    }

    async fn backlog(&self, now: Timestamp) -> Result<Vec<Backlog>, StoreError> {
        let millis = now.timestamp_millis();
        let rows =
            self.rows(READ, sqlx::query(include_str!("sql/backlog.sql")).bind(millis)).await?;
        let backlog = |row: &PgRow| {
            let waited = millis.saturating_sub(row.get(3)).max(0).unsigned_abs();
            let lane = Lane::ALL[row.get::<i64, _>(1).clamp(0, 2) as usize];
            let oldest = Duration::from_millis(waited);
            Backlog { queue: row.get(0), lane: lane.name(), depth: row.get(2), oldest }
        };
        Ok(rows.iter().map(backlog).collect())
    }

    async fn job_dues(&self, kind: JobKind) -> Result<Vec<(String, Timestamp)>, StoreError> {
        let query = sqlx::query(include_str!("sql/job_dues.sql")).bind(kind.name());
        let rows = self.rows(READ, query).await?;
        Ok(rows.iter().map(|row| (row.get(0), time(row.get(1)))).collect())
    }

    async fn job_counts(&self) -> Result<Vec<(String, i64)>, StoreError> {
        let query = sqlx::query(include_str!("sql/job_counts.sql"));
        let rows = self.rows(READ, query).await?;
        Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
    }
}
