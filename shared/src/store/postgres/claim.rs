//! Claims. A batch of lots has its own lease; a job's lease is stored in its row. Leases use the database's clock, and
//! last while their process renews them.

use std::time::Duration;

use sqlx::Row;
use sqlx::postgres::PgRow;
use sqlx::postgres::types::PgInterval;

use super::{PATIENCE, PostgresStore, failed, give_up, lock};
use crate::domain::kinds::JobKind;
use crate::domain::limit::Limit;
use crate::domain::lot::Timestamp;
use crate::store::stored::{parse, time};
use crate::store::{Claim, Job, Lease, StoreError};

pub(super) fn interval(time: Duration) -> PgInterval {
    let microseconds = i64::try_from(time.as_micros()).unwrap_or(i64::MAX);
    PgInterval { months: 0, days: 0, microseconds }
}

fn job(row: &PgRow) -> Job {
    Job {
        id: row.get(0),
        kind: row.get(1),
        key: row.get(2),
        due: time(row.get(3)),
        attempt: row.get::<i32, _>(4).try_into().unwrap_or(u32::MAX),
        version: row.get(5),
        lease: row.get(6),
        body: row.get(7),
    }
}

impl PostgresStore {
    pub(super) fn interval(&self) -> PgInterval {
        interval(self.lease_time)
    }

    pub(super) async fn lease_lots(
        &self,
        step: &str,
        ids: &[i64],
        now: Timestamp,
    ) -> Result<Claim, StoreError> {
        let ended: Vec<Lease> = std::mem::take(&mut lock(&self.ended));
        let query = sqlx::query(include_str!("sql/claim_lots.sql"))
            .bind(ids)
            .bind(step)
            .bind(now.timestamp_millis())
            .bind(&*self.holder)
            .bind(self.interval())
            .bind(ended.iter().map(|lease| lease.0).collect::<Vec<_>>());
        let rows = match self.casual_rows("claim lots", query).await {
            Ok(rows) => rows,
            Err(error) => {
                lock(&self.ended).extend(ended);
                return Err(error);
            }
        };
        let lease = Lease(rows.first().map_or(0, |row| row.get(0)));
        let body = |row: &PgRow| parse(row.get(2), || format!("lot {}", row.get::<i64, _>(1)));
        let lots = rows.iter().map(body).collect::<Result<Vec<_>, _>>();
        if lots.is_err() {
            lock(&self.ended).push(lease);
        }
        Ok(Claim { lease, lots: lots? })
    }

    pub(super) async fn lease_jobs(
        &self,
        kind: JobKind,
        ids: &[i64],
        now: Timestamp,
    ) -> Result<Vec<Job>, StoreError> {
        let query = sqlx::query(include_str!("sql/claim_jobs.sql"))
            .bind(ids)
            .bind(kind.name())
            .bind(now.timestamp_millis())
            .bind(&*self.holder)
            .bind(self.interval());
        let jobs: Vec<Job> = self.casual_rows("claim jobs", query).await?.iter().map(job).collect();
        lock(&self.jobs).extend(jobs.iter().map(|job| job.id));
        Ok(jobs)
    }

    pub(super) async fn lease_job_within(
        &self,
        kind: JobKind,
        ids: &[i64],
        now: Timestamp,
        limit: Limit,
    ) -> Result<Option<Job>, StoreError> {
        const CLAIM: &str = "claim a job";
        let connection = self.gate.acquire(&self.casual).await;
        let mut connection = connection.map_err(failed(CLAIM))?;
        let claim = async {
            sqlx::query("BEGIN").execute(&mut *connection).await?;
            sqlx::query(include_str!("sql/lock_flows.sql"))
                .bind(ids)
                .bind(kind.name())
                .bind(now.timestamp_millis())
                .execute(&mut *connection)
                .await?;
            // A separate statement, so that it sees the changes for which the previous one has waited.
            let row = sqlx::query(include_str!("sql/claim_job_within.sql"))
                .bind(ids)
                .bind(kind.name())
                .bind(now.timestamp_millis())
                .bind(&*self.holder)
                .bind(self.interval())
                .bind(i64::from(limit.at_once()))
                .bind(interval(limit.spacing()))
                .fetch_optional(&mut *connection)
                .await?;
            sqlx::query("COMMIT").execute(&mut *connection).await?;
            Ok(row.as_ref().map(job))
        };
        match tokio::time::timeout(PATIENCE, claim).await {
            Ok(Ok(claimed)) => {
                lock(&self.jobs).extend(claimed.iter().map(|job| job.id));
                Ok(claimed)
            }
            Ok(Err(error)) => {
                give_up(connection);
                Err(failed(CLAIM)(error))
            }
            Err(_) => Err(failed(CLAIM)(give_up(connection))),
        }
    }

    pub(super) async fn unheld_jobs(
        &self,
        kind: JobKind,
        ids: &[i64],
        now: Timestamp,
    ) -> Result<Vec<Job>, StoreError> {
        let query = sqlx::query(include_str!("sql/free_jobs.sql"));
        let query = query.bind(ids).bind(kind.name()).bind(now.timestamp_millis());
        Ok(self.casual_rows("read jobs", query).await?.iter().map(job).collect())
    }

    /// Leases that nobody renewed in time, with number and version of their lots.
    pub(super) async fn expired(&self) -> Result<Vec<(Lease, Vec<(i64, i64)>)>, StoreError> {
        let query = sqlx::query(include_str!("sql/lost_leases.sql"));
        let rows = self.casual_rows("read leases", query).await?;
        let lease = |row: &PgRow| {
            let (lots, versions): (Vec<i64>, Vec<i64>) = (row.get(1), row.get(2));
            (Lease(row.get(0)), lots.into_iter().zip(versions).collect())
        };
        Ok(rows.iter().map(lease).collect())
    }

    pub(super) async fn renew(&self) -> Result<(), StoreError> {
        self.forget_leases().await?;
        let running: Vec<i64> = lock(&self.jobs).iter().copied().collect();
        let query = sqlx::query(include_str!("sql/renew_leases.sql"))
            .bind(&*self.holder)
            .bind(self.interval())
            .bind(running);
        self.casual_rows("renew leases", query).await.map(drop)
    }

    /// Deletes the leases that have ended.
    pub(super) async fn forget_leases(&self) -> Result<(), StoreError> {
        let ended: Vec<Lease> = std::mem::take(&mut lock(&self.ended));
        if ended.is_empty() {
            return Ok(());
        }
        let ids: Vec<i64> = ended.iter().map(|lease| lease.0).collect();
        let query = sqlx::query(include_str!("sql/release_leases.sql")).bind(ids);
        let done = self.casual_rows("release leases", query).await;
        if done.is_err() {
            lock(&self.ended).extend(ended);
        }
        done.map(drop)
    }
}
