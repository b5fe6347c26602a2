//! Reads of the log: by position, by subject, and its hash chain.

use async_trait::async_trait;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::SqliteStore;
use super::read::reading;
use crate::domain::event::Event;
use crate::domain::ids::{LineId, LotId};
use crate::store::stored::time;
use crate::store::{Log, StoreError};

fn event(row: &SqliteRow) -> Event {
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
impl Log for SqliteStore {
    async fn events_of(&self, subject: &str) -> Result<Vec<Event>, StoreError> {
        let (kind, id) = subject.split_once(':').unzip();
        let envelope = id.filter(|_| kind == Some("envelope"));
        let rows = sqlx::query(include_str!("sql/events_of.sql"))
            .bind(subject.parse::<LotId>().ok().map(|lot| lot.0))
            .bind(subject.parse::<LineId>().ok().map(|line| line.0))
            .bind(envelope)
            .bind(kind)
            .bind(id)
            .fetch_all(&self.readers)
            .await
            .map_err(reading)?;
        Ok(rows.iter().map(event).collect())
    }

    async fn broken_trails(&self) -> Result<Vec<(i64, String)>, StoreError> {
        let rows = sqlx::query(include_str!("sql/broken_trails.sql"))
            .fetch_all(&self.readers)
            .await
            .map_err(reading)?;
        Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
    }

    async fn events_after(&self, position: i64, limit: i64) -> Result<Vec<Event>, StoreError> {
        let rows = sqlx::query(include_str!("sql/events_after.sql"))
            .bind(position)
            .bind(limit)
            .fetch_all(&self.readers)
            .await
            .map_err(reading)?;
        Ok(rows.iter().map(event).collect())
    }

    async fn chain(&self) -> Result<Vec<(i64, String)>, StoreError> {
        let rows = sqlx::query(include_str!("sql/chain.sql"))
            .fetch_all(&self.readers)
            .await
            .map_err(reading)?;
        Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
    }

    async fn links(&self, after: i64, upto: i64) -> Result<Vec<(i64, String)>, StoreError> {
        let sql = sqlx::query_as(include_str!("sql/links.sql")).bind(after).bind(upto);
        sql.fetch_all(&self.readers).await.map_err(reading)
    }

    async fn last_position(&self) -> Result<i64, StoreError> {
        let sql = include_str!("sql/last_position.sql");
        sqlx::query_scalar(sql).fetch_one(&self.readers).await.map_err(reading)
    }

    async fn tail(&self) -> Result<Vec<Event>, StoreError> {
        // The commit itself assigns positions, so no event is without one.
        Ok(Vec::new())
    }

    async fn last_event(&self) -> Result<i64, StoreError> {
        self.last_position().await
    }
}
