//! The state of the database, for operators.

use std::time::Duration;

use chrono::TimeDelta;
use sqlx::Row;

use super::claim::interval;
use super::{MIGRATIONS, PostgresStore};
use crate::address::without_secrets;
use crate::store::condition::{Leader, Slot, Transaction};
use crate::store::stored::time;
use crate::store::{Condition, Hindrance, StoreError};

const READ: &str = "examine the database";

/// A transaction that is open for longer counts as forgotten.
const LONG_OPEN: Duration = Duration::from_secs(300);

/// [`LONG_OPEN`], or less in tests that wait for one.
fn long_open() -> Duration {
    let given = std::env::var("WAYBILL_LONG_OPEN_MS").ok().and_then(|text| text.parse().ok());
    given.map_or(LONG_OPEN, Duration::from_millis)
}

impl PostgresStore {
    pub(super) async fn hindered(&self) -> Result<Vec<Hindrance>, StoreError> {
        // Not over the main pool, whose connections may be waiting for the very sessions that this looks for.
        let rows = self.casual_rows(READ, sqlx::query(include_str!("sql/hindrances.sql"))).await?;
        let row = rows.first().ok_or(StoreError::Closed)?;
        let mut found = Vec::new();
        let (waiting, standbys): (i64, String) = (row.get(0), row.get(1));
        if waiting > 0 {
            found.push(Hindrance {
                what: "commits wait for a synchronous standby that does not confirm them",
                detail: format!("{waiting} wait, synchronous_standby_names is '{standbys}'"),
                mend: "start that standby again, or continue without it: ALTER SYSTEM SET \
                       synchronous_standby_names = ''; \
                       SELECT pg_reload_conf(); work then continues by itself, without a restart"
                    .to_owned(),
            });
        }
        let (user, missing): (String, Option<String>) = (row.get(2), row.get(4));
        if let Some(missing) = missing {
            let schema: String = row.get(3);
            found.push(Hindrance {
                what: "the database's user lacks a permission",
                detail: format!("{user} has no {missing}"),
                mend: format!(
                    "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO \
                     {user}; work then continues by itself"
                ),
            });
        }
        Ok(found)
    }

    pub(super) async fn examine(&self) -> Result<Condition, StoreError> {
        let rows = self.rows(READ, sqlx::query(include_str!("sql/condition.sql"))).await?;
        let row = rows.first().ok_or(StoreError::Closed)?;
        let rest = self.rows(READ, sqlx::query(include_str!("sql/unpositioned.sql"))).await?;
        let rest = rest.first().ok_or(StoreError::Closed)?;
        let strays = self.rows(READ, sqlx::query(include_str!("sql/strays.sql"))).await?;
        let detached = self.rows(READ, sqlx::query(include_str!("sql/detached.sql"))).await?;
        let oldest = sqlx::query(include_str!("sql/oldest.sql")).bind(interval(long_open()));
        let oldest = self.rows(READ, oldest).await?;
        let slots = self.rows(READ, sqlx::query(include_str!("sql/slots.sql"))).await?;
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
                holder: row.get(0),
                end: row.get(1),
                database: row.get(2),
                seconds: row.get(3),
            }),
            slot: slots.first().map(|row| Slot {
                name: row.get(0),
                is_used: row.get(1),
                kept: row.get(2),
            }),
        })
    }
}
