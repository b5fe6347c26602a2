//! Reads of the log: by position, by subject, and its hash chain.

use async_trait::async_trait;
use sqlx::Row;
use sqlx::postgres::PgRow;

use super::PostgresStore;
use crate::domain::event::Event;
use crate::domain::ids::{LineId, LotId};
use crate::store::stored::time;
use crate::store::{Log, StoreError};

const READ: &str = "read the log";

fn event(row: &PgRow) -> Event {
    Event {
        position: row.get(0),
        at: time(row.get(1)),
        actor: row.get(2),
        subject: row.get(3),
        number: row.get(4),
        kind: row.get(5),
        body: row.get(6),
    }
}

#[async_trait]
impl Log for PostgresStore {
    async fn events_of(&self, subject: &str) -> Result<Vec<Event>, StoreError> {
        let (kind, id) = subject.split_once(':').unzip();
        let envelope = id.filter(|_| kind == Some("envelope"));
        let query = sqlx::query(include_str!("sql/events_of.sql"))
            .bind(subject.parse::<LotId>().ok().map(|lot| lot.0))
            .bind(subject.parse::<LineId>().ok().map(|line| line.0))
            .bind(envelope)
            .bind(kind)
            .bind(id);
        Ok(self.rows(READ, query).await?.iter().map(event).collect())
    }

    async fn events_after(&self, position: i64, limit: i64) -> Result<Vec<Event>, StoreError> {
        let query = sqlx::query(include_str!("sql/events_after.sql")).bind(position).bind(limit);
        Ok(self.rows(READ, query).await?.iter().map(event).collect())
    }

    async fn tail(&self) -> Result<Vec<Event>, StoreError> {
        let rows = self.rows(READ, sqlx::query(include_str!("sql/tail.sql"))).await?;
        Ok(rows.iter().map(event).collect())
    }

    async fn broken_trails(&self) -> Result<Vec<(i64, String)>, StoreError> {
        let rows = self.rows(READ, sqlx::query(include_str!("sql/broken_trails.sql"))).await?;
        Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
    }

    async fn chain(&self) -> Result<Vec<(i64, String)>, StoreError> {
        let rows = self.rows(READ, sqlx::query(include_str!("sql/chain.sql"))).await?;
        Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
    }

    async fn links(&self, after: i64, upto: i64) -> Result<Vec<(i64, String)>, StoreError> {
        let query = sqlx::query(include_str!("sql/links.sql")).bind(after).bind(upto);
        Ok(self.rows(READ, query).await?.iter().map(|row| (row.get(0), row.get(1))).collect())
    }

    async fn last_position(&self) -> Result<i64, StoreError> {
        self.number(include_str!("sql/last_position.sql")).await
    }

    async fn last_event(&self) -> Result<i64, StoreError> {
        self.number(include_str!("sql/last_event.sql")).await
    }
}
