//! A new schema next to the one in use. It replaces the one in use when it is complete.

use std::sync::Arc;

use async_trait::async_trait;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};
use tokio::sync::mpsc;

use super::{CONNECTIONS, PostgresStore, failed, fill, migrate, options};
use crate::address::without_secrets;
use crate::store::row::Batch;
use crate::store::{Beside, Store, StoreError};

#[derive(Debug)]
pub struct PostgresReplacement {
    url: String,
    options: PgConnectOptions,
    /// The schema in use.
    place: String,
    new: String,
    /// Holds the advisory lock for as long as this exists, so that nobody else makes a replacement.
    _lock: PgConnection,
}

/// Quotes an SQL identifier.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

async fn run(connection: &mut PgConnection, sql: String) -> Result<(), sqlx::Error> {
    sqlx::query(AssertSqlSafe(sql)).execute(connection).await.map(drop)
}

/// The key of the advisory lock: `waybill` in bytes.
const LOCK: i64 = 0x0077_6179_6269_6c6c;

/// Takes the lock that allows only one replacement in a database, for as long as `connection` lives.
async fn only_one(connection: &mut PgConnection, url: &str) -> Result<(), StoreError> {
    let asked = sqlx::query_scalar("SELECT pg_try_advisory_lock($1)").bind(LOCK);
    let is_only: bool =
        asked.fetch_one(connection).await.map_err(failed("find out who restores"))?;
    if is_only {
        return Ok(());
    }
    Err(StoreError::Busy { path: without_secrets(url), holder: "another restore".to_owned() })
}

/// Schemas that killed processes have left behind.
async fn left_behind(connection: &mut PgConnection) -> Result<Vec<String>, sqlx::Error> {
    let sql =
        "SELECT nspname::text FROM pg_namespace WHERE nspname LIKE 'waybill\\_new\\_%' ORDER BY 1";
    sqlx::query_scalar(sql).fetch_all(connection).await
}

/// Fails if somebody is working on the schema that is to be replaced.
async fn is_free(connection: &mut PgConnection, url: &str) -> Result<(), StoreError> {
    let asking = failed("find out who leads");
    let has_tables: bool = sqlx::query_scalar("SELECT to_regclass('leadership') IS NOT NULL")
        .fetch_one(&mut *connection)
        .await
        .map_err(failed("find out who leads"))?;
    if !has_tables {
        return Ok(());
    }
    let leads = sqlx::query_scalar(include_str!("sql/who_leads.sql"));
    let holder: Option<String> = leads.fetch_optional(connection).await.map_err(asking)?;
    match holder {
        None => Ok(()),
        Some(holder) => Err(StoreError::Busy { path: without_secrets(url), holder }),
    }
}

impl PostgresReplacement {
    /// Creates a new schema in the database at `url`.
    ///
    /// # Errors
    /// [`StoreError::Busy`] if somebody leads there, [`StoreError`] if the schema cannot be created.
    pub async fn empty(url: &str) -> Result<Self, StoreError> {
        let opening = |source| StoreError::Open { path: without_secrets(url), source };
        let options = options(url)?;
        let mut connection = options.connect().await.map_err(opening)?;
        let place: Option<String> = sqlx::query_scalar("SELECT current_schema()::text")
            .fetch_one(&mut connection)
            .await
            .map_err(opening)?;
        let place = place.unwrap_or_else(|| "public".to_owned());
        only_one(&mut connection, url).await?;
        for left in
            left_behind(&mut connection).await.map_err(failed("look for leftovers of a restore"))?
        {
            tracing::warn!(schema = left, "removing the schema of a restore that was killed");
            run(&mut connection, format!("DROP SCHEMA IF EXISTS {} CASCADE", quoted(&left)))
                .await
                .map_err(failed("remove leftovers of a restore"))?;
        }
        let new = format!("waybill_new_{}", chrono::Utc::now().timestamp_micros());
        let url = url.to_owned();
        let mut replacement = Self { url, options, place, new, _lock: connection };
        is_free(&mut replacement._lock, &replacement.url).await?;
        let made = format!("CREATE SCHEMA {}", quoted(&replacement.new));
        run(&mut replacement._lock, made).await.map_err(failed("create a new schema"))?;
        if let Err(error) = migrate(&replacement.there(), &replacement.url).await {
            replacement.discard().await?;
            return Err(error);
        }
        Ok(replacement)
    }

    /// The connection options for the new schema.
    fn there(&self) -> PgConnectOptions {
        self.options
            .clone()
            .options([
                ("search_path", self.new.as_str()),
                ("statement_timeout", "1h"),
                ("idle_in_transaction_session_timeout", "1h"),
            ])
            // Writing and reading everything takes long, so slow statements are not logged.
            .disable_statement_logging()
    }

    /// Moves Waybill's objects from one schema to another.
    async fn carry(
        &self,
        connection: &mut PgConnection,
        from: &str,
        into: &str,
    ) -> Result<(), sqlx::Error> {
        sqlx::query(include_str!("sql/name_schemas.sql"))
            .bind(from)
            .bind(into)
            .bind(&self.new)
            .execute(&mut *connection)
            .await?;
        sqlx::query(include_str!("sql/move_tables.sql")).execute(connection).await.map(drop)
    }
}

#[async_trait]
impl Beside for PostgresReplacement {
    async fn fill(&self, mut from: mpsc::Receiver<Batch>) -> Result<(), StoreError> {
        let filling = "fill the new database";
        let mut connection = self.there().connect().await.map_err(failed(filling))?;
        fill::begin(&mut connection).await.map_err(failed(filling))?;
        while let Some(batch) = from.recv().await {
            fill::insert(&mut connection, &batch).await.map_err(failed(filling))?;
        }
        fill::end(&mut connection).await.map_err(failed(filling))?;
        sqlx::query("COMMIT").execute(&mut connection).await.map_err(failed(filling))?;
        // The next queries need up-to-date statistics of the planner.
        sqlx::query("ANALYZE").execute(&mut connection).await.map_err(failed(filling))?;
        connection.close().await.map_err(failed(filling))
    }

    async fn look(&self) -> Result<Arc<dyn Store>, StoreError> {
        Ok(Arc::new(PostgresStore::on(self.there(), CONNECTIONS)))
    }

    async fn open(&self) -> Result<Arc<dyn Store>, StoreError> {
        Ok(Arc::new(PostgresStore::on(self.there(), CONNECTIONS)))
    }

    async fn take_place(&self) -> Result<Option<String>, StoreError> {
        let placing = || failed("put the new database in its place");
        let mut connection = self.options.connect().await.map_err(placing())?;
        let mut transaction = connection.begin().await.map_err(placing())?;
        is_free(&mut transaction, &self.url).await?;
        let has_tables: bool = sqlx::query_scalar("SELECT to_regclass('events') IS NOT NULL")
            .fetch_one(&mut *transaction)
            .await
            .map_err(placing())?;
        // With milliseconds, because one restore may follow another at once.
        let now = chrono::Utc::now().format("%Y%m%d_%H%M%S_%3f");
        let aside = format!("waybill_before_{now}");
        let moved = async {
            if has_tables {
                run(&mut transaction, format!("CREATE SCHEMA {}", quoted(&aside))).await?;
                self.carry(&mut transaction, &self.place, &aside).await?;
            }
            self.carry(&mut transaction, &self.new, &self.place).await?;
            run(&mut transaction, format!("DROP SCHEMA {}", quoted(&self.new))).await?;
            transaction.commit().await
        };
        moved.await.map_err(placing())?;
        connection.close().await.map_err(placing())?;
        Ok(has_tables.then(|| format!("the schema {aside}")))
    }

    async fn discard(&self) -> Result<(), StoreError> {
        let operation = "remove the new schema";
        let mut connection = self.options.connect().await.map_err(failed(operation))?;
        let sql = format!("DROP SCHEMA IF EXISTS {} CASCADE", quoted(&self.new));
        run(&mut connection, sql).await.map_err(failed(operation))?;
        connection.close().await.map_err(failed(operation))
    }
}
