//! The store and the broker that these tests run on: `WAYBILL_TEST_PAIR`, which is `sqlite` (the default), `postgres` or
//! `rabbitmq`. With another than `sqlite`, run `every_pair` and (for `postgres`) `every_store`: see `scripts/test`.

use std::collections::HashMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

use anyhow::{Context, Result};
use sqlx::Row;

/// A store and a broker that go together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pair {
    SqliteEmbedded,
    PostgresEmbedded,
    PostgresRabbitMq,
}

/// The pair that the tests of this process run on.
pub(crate) fn pair() -> Pair {
    static PAIR: OnceLock<Pair> = OnceLock::new();
    *PAIR.get_or_init(|| match std::env::var("WAYBILL_TEST_PAIR").as_deref() {
        Err(_) | Ok("sqlite") => Pair::SqliteEmbedded,
        Ok("postgres") => Pair::PostgresEmbedded,
        Ok("rabbitmq") => Pair::PostgresRabbitMq,
        Ok(other) => panic!("WAYBILL_TEST_PAIR is `{other}`: sqlite, postgres or rabbitmq"),
    })
}

/// Where the data of a folder is.
#[derive(Debug, Clone)]
struct Place {
    store: String,
    broker: String,
}

/// The places of data folders, made when they are first named.
static PLACES: Mutex<Option<HashMap<PathBuf, Place>>> = Mutex::new(None);

fn place(data: &Path, make: impl FnOnce() -> Result<String>) -> Result<Place> {
    let mut places = PLACES.lock().unwrap_or_else(PoisonError::into_inner);
    let places = places.get_or_insert_default();
    if let Some(place) = places.get(data) {
        return Ok(place.clone());
    }
    let broker = match pair() {
        Pair::PostgresRabbitMq => waybill_services::broker()?,
        Pair::SqliteEmbedded | Pair::PostgresEmbedded => "embedded:".to_owned(),
    };
    let place = Place { store: make()?, broker };
    places.insert(data.to_owned(), place.clone());
    Ok(place)
}

/// The settings by which `waybill` finds the data that `arguments` name, by variable.
pub(crate) fn settings(arguments: &[&str]) -> Result<Vec<(&'static str, String)>> {
    let data = arguments.iter().position(|argument| *argument == "--data");
    let Some(data) = data.and_then(|at| arguments.get(at + 1)) else { return Ok(Vec::new()) };
    if pair() == Pair::SqliteEmbedded || arguments.contains(&"--store") {
        return Ok(Vec::new());
    }
    let place = place(Path::new(data), waybill_services::database)?;
    Ok(vec![("WAYBILL_STORE", place.store), ("WAYBILL_BROKER", place.broker)])
}

/// The database of the folder `to` becomes a copy of that of `from`.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<()> {
    if pair() != Pair::SqliteEmbedded {
        let from = place(from, || anyhow::bail!("there is no database of that folder"))?;
        place(to, || waybill_services::copy(&from.store))?;
    }
    Ok(())
}

/// Asks the database of a data folder itself.
pub(crate) enum Database {
    Sqlite(sqlx::SqlitePool),
    Postgres(sqlx::PgPool),
}

impl Database {
    pub(crate) async fn of(data: &Path) -> Result<Self> {
        if pair() == Pair::SqliteEmbedded {
            let url = format!("sqlite:{}?mode=ro", data.join("waybill.sqlite").display());
            let options = sqlx::sqlite::SqlitePoolOptions::new().max_connections(1);
            return Ok(Self::Sqlite(options.connect(&url).await?));
        }
        let place = place(data, || anyhow::bail!("there is no database of that folder"))?;
        let options = sqlx::postgres::PgPoolOptions::new().max_connections(1);
        Ok(Self::Postgres(options.connect(&place.store).await?))
    }

    /// The number that `sql` asks for.
    pub(crate) async fn count(&self, sql: &'static str) -> Result<i64> {
        Ok(match self {
            Self::Sqlite(pool) => sqlx::query_scalar(sql).fetch_one(pool).await?,
            Self::Postgres(pool) => sqlx::query_scalar(sql).fetch_one(pool).await?,
        })
    }

    /// What a restore that was killed leaves; on SQLite it is overwritten.
    pub(crate) async fn leave_a_schema(&self) -> Result<()> {
        if let Self::Postgres(pool) = self {
            sqlx::query("CREATE SCHEMA waybill_new_4711").execute(pool).await?;
        }
        Ok(())
    }

    /// The schemas that were made beside the one in use.
    pub(crate) async fn schemas(&self) -> Result<Vec<String>> {
        Ok(match self {
            Self::Sqlite(_) => Vec::new(),
            Self::Postgres(pool) => {
                let sql = "SELECT nspname::text FROM pg_namespace WHERE nspname LIKE 'waybill%'";
                sqlx::query_scalar(sql).fetch_all(pool).await?
            }
        })
    }

    /// How often each lot was ordered, and how often an order let it go, by lot.
    pub(crate) async fn orders(&self) -> Result<Vec<(String, i64, i64)>> {
        let sql = |order: &str, is: fn(&str) -> String| {
            let released = "kind IN ('lot.refused_by_supplier', 'lot.short', 'lot.rejected', 'lot.order_cancelled')";
            let (ordered, released) =
                (is("kind = 'lot.ordered'"), is(&format!("{order} IS NULL AND {released}")));
            format!(
                "SELECT subject, sum({ordered}), sum({released}) FROM events
                 WHERE subject LIKE 'LOT-%' GROUP BY subject"
            )
        };
        Ok(match self {
            Self::Sqlite(pool) => {
                let sql = sql("json_extract(body, '$.order')", |is| is.to_owned());
                let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).fetch_all(pool).await?;
                rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect()
            }
            Self::Postgres(pool) => {
                let sql = sql("body::json ->> 'order'", |is| format!("({is})::int"));
                let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).fetch_all(pool).await?;
                rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect()
            }
        })
    }

    /// Changes what is stored, past the program: what only a fault of it would do.
    pub(crate) fn tamper(data: &Path, sql: &'static str) -> Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let changed = if pair() == Pair::SqliteEmbedded {
                let url = format!("sqlite:{}", data.join("waybill.sqlite").display());
                let pool = sqlx::SqlitePool::connect(&url).await?;
                let changed = sqlx::query(sql).execute(&pool).await?.rows_affected();
                pool.close().await;
                changed
            } else {
                let Self::Postgres(pool) = Self::of(data).await? else { return Ok(()) };
                let changed = sqlx::query(sql).execute(&pool).await?.rows_affected();
                pool.close().await;
                changed
            };
            anyhow::ensure!(changed > 0, "nothing was changed by {sql}");
            Ok(())
        })
    }

    pub(crate) async fn close(self) {
        match self {
            Self::Sqlite(pool) => pool.close().await,
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

/// Says something past the harness, which keeps what tests print to itself while they pass.
pub(crate) fn say(text: &str) -> Result<()> {
    Ok(writeln!(std::io::stderr(), "{text}")?)
}

/// Says which pair the tests run on.
#[test]
fn the_pair_is_said() -> Result<()> {
    say(&format!("these tests run on {:?}", pair()))?;
    let folder = tempfile::tempdir()?;
    let data = folder.path().to_str().context("a path")?;
    let settings = settings(&["serve", "--data", data])?;
    let is = |name: &str, start: &str| {
        settings.iter().any(|(known, value)| *known == name && value.starts_with(start))
    };
    let (postgres, rabbitmq) = (is("WAYBILL_STORE", "postgres"), is("WAYBILL_BROKER", "amqp"));
    anyhow::ensure!(postgres == (pair() != Pair::SqliteEmbedded), "{settings:?}");
    anyhow::ensure!(rabbitmq == (pair() == Pair::PostgresRabbitMq), "{settings:?}");
    Ok(())
}
