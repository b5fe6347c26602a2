//! How the database is.

use chrono::TimeDelta;
use sqlx::Row;

use super::{MIGRATIONS, PostgresStore};
use crate::address::without_secrets;
use crate::store::condition::{Leader, Transaction};
use crate::store::stored::time;
use crate::store::{Condition, StoreError};

const READ: &str = "look at the database";

impl PostgresStore {
    pub(super) async fn examine(&self) -> Result<Condition, StoreError> {
        let rows = self.rows(READ, sqlx::query(include_str!("sql/condition.sql"))).await?;
        let row = rows.first().ok_or(StoreError::Closed)?;
        let rest = self.rows(READ, sqlx::query(include_str!("sql/unpositioned.sql"))).await?;
        let rest = rest.first().ok_or(StoreError::Closed)?;
        let strays = self.rows(READ, sqlx::query(include_str!("sql/strays.sql"))).await?;
        let detached = self.rows(READ, sqlx::query(include_str!("sql/detached.sql"))).await?;
        let oldest = self.rows(READ, sqlx::query(include_str!("sql/oldest.sql"))).await?;
        let lease = TimeDelta::from_std(self.lease_time).unwrap_or(TimeDelta::zero());
        let leader = Leader {
            holder: row.get(3),
            term: row.get(4),
            renewed: time(row.get(5)) - lease,
            is_live: row.get(6),
        };
        Ok(Condition {
            kind: "Postgres",
            place: without_secrets(&self.url()),
            size: row.get(1),
            wal: None,
            migrations: row.get(0),
            known_migrations: i64::try_from(MIGRATIONS.iter().count()).unwrap_or(i64::MAX),
            now: Some(time(row.get(2))),
            leader: Some(leader),
            unpositioned: rest.get(0),
            unpositioned_since: rest.get::<Option<i64>, _>(1).map(time),
            strays: strays.first().map_or(0, |row| row.get(0)),
            is_read_only: row.get(7),
            detached: detached.first().map(|row| row.get(0)).unwrap_or_default(),
            oldest: oldest.first().map(|row| Transaction {
                process: row.get(0),
                database: row.get(1),
                seconds: row.get(2),
            }),
        })
    }
}
