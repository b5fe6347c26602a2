//! The store on Postgres 14 or newer. Many processes commit at once, rows are locked in one order, batches are passed
//! as arrays, and the leader assigns positions to events just after their commit.

mod claim;
mod cluster;
mod commit;
mod condition;
mod due;
mod dump;
mod fill;
mod gate;
mod history;
mod lock;
mod read;
mod replacement;
mod sequence;
mod sessions;
mod steps;
mod write;

use std::collections::HashSet;
use std::str::FromStr;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgArguments, PgConnectOptions, PgPool, PgPoolOptions, PgRow};
use sqlx::query::Query;
use sqlx::{ConnectOptions, Connection, PgConnection, Postgres, Row as _};

use self::gate::Gate;
pub use self::replacement::PostgresReplacement;
use self::sequence::Sequencer;
use crate::address::without_secrets;
use crate::documents;
use crate::store::change_set::Prepared;
use crate::store::migrations::{all_applied, planned, unmade};
use crate::store::{ChangeSet, Condition, Fate, Lease, Migration, Store, StoreError};

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("migrations/postgres");

/// The longest time for one statement or commit before its connection is given up.
const PATIENCE: Duration = Duration::from_secs(40);

/// The server's limit for a statement.
const STATEMENT: &str = "30s";

/// [`PATIENCE`] for snapshots, which read everything and block nobody.
const LONG_PATIENCE: Duration = Duration::from_secs(3_600);

/// The longest wait for a connection.
const ACQUIRE: Duration = Duration::from_secs(10);

/// The default number of connections of a process. The leader has one more, for listening.
pub const CONNECTIONS: u32 = 12;

/// The minimum number of connections with which a process works.
pub const FEWEST_CONNECTIONS: u32 = 3;

/// A connection that was idle for longer is tested before it is used.
const IDLE: Duration = Duration::from_secs(1);

/// How long leases and terms last without renewal.
const LEASE: Duration = Duration::from_secs(10);

/// The store on one Postgres database. Cheap to clone.
#[derive(Debug, Clone)]
pub struct PostgresStore {
    pool: PgPool,
    /// For commits that need not survive a crash of the database: leases and notifications.
    casual: PgPool,
    gate: Arc<Gate>,
    /// The name of this process in leases and terms.
    holder: Arc<str>,
    /// The longest time for one statement before its connection is given up.
    patience: Duration,
    lease_time: Duration,
    /// Ended leases. The next claim deletes them.
    ended: Arc<Mutex<Vec<Lease>>>,
    /// Jobs that this process is running, whose leases it renews.
    jobs: Arc<Mutex<HashSet<i64>>>,
    sequencer: Arc<tokio::sync::Mutex<Option<Sequencer>>>,
    /// How many events got positions since tallies were last folded.
    moved: Arc<AtomicUsize>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn failed(operation: &'static str) -> impl FnOnce(sqlx::Error) -> StoreError {
    move |source| {
        sessions::met(&source);
        StoreError::Database { operation, source }
    }
}

fn pool(connections: u32) -> PgPoolOptions {
    PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(ACQUIRE)
        .test_before_acquire(false)
        // A database that was restarted or failed over leaves dead connections behind.
        .before_acquire(|connection, meta| {
            Box::pin(async move {
                if !sessions::is_sound(meta.age) {
                    return Ok(false);
                }
                if meta.idle_for < IDLE {
                    return Ok(true);
                }
                let alive = tokio::time::timeout(IDLE, connection.ping()).await;
                Ok(alive.is_ok_and(|ping| ping.is_ok()))
            })
        })
}

impl PostgresStore {
    /// Connects to the database at `url` and migrates it.
    ///
    /// # Errors
    /// [`StoreError::Newer`] if a newer version of Waybill wrote it, [`StoreError::Open`] if it cannot be reached.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        Self::open_with(url, CONNECTIONS).await
    }

    /// Like [`PostgresStore::open`], with at most `connections` connections, but at least [`FEWEST_CONNECTIONS`].
    ///
    /// # Errors
    /// As for [`PostgresStore::open`].
    pub async fn open_with(url: &str, connections: u32) -> Result<Self, StoreError> {
        let options = options(url)?;
        // Skips the migration if nothing is pending, because a database that refuses writes can still be read.
        let planned = Self::migrations(url).await?;
        if planned.iter().any(|migration| !migration.is_applied) {
            migrate(&options, url).await?;
        }
        let store = Self::on(options, connections);
        documents::move_in(&store).await?;
        Ok(store)
    }

    /// Connects to the database at `url` without migrating it.
    ///
    /// # Errors
    /// [`StoreError::Older`] if migrations are pending, [`StoreError::Newer`] and [`StoreError::Open`] as for
    /// [`PostgresStore::open`].
    pub async fn look(url: &str) -> Result<Self, StoreError> {
        all_applied(&Self::migrations(url).await?, &without_secrets(url))?;
        Ok(Self::on(options(url)?, CONNECTIONS))
    }

    /// The migrations of the database at `url`, and whether each was applied. Writes nothing.
    ///
    /// # Errors
    /// [`StoreError::Newer`] if a newer version of Waybill wrote it, [`StoreError::Open`] if it cannot be reached.
    pub async fn migrations(url: &str) -> Result<Vec<Migration>, StoreError> {
        let opening = |source| StoreError::Open { path: without_secrets(url), source };
        let options = options(url)?;
        // Limits the wait for a server that gives no answer at all, not even a refusal.
        let connected = tokio::time::timeout(ACQUIRE, PgConnection::connect_with(&options)).await;
        let late = |_| Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into()));
        let mut connection = connected.unwrap_or_else(late).map_err(opening)?;
        if is_pooled(&mut connection, &options).await.map_err(opening)? {
            return Err(StoreError::Pooled { path: without_secrets(url) });
        }
        let has_some: bool = sqlx::query_scalar(include_str!("sql/has_migrations.sql"))
            .fetch_one(&mut connection)
            .await
            .map_err(opening)?;
        let mut applied: Vec<i64> = Vec::new();
        if has_some {
            let sql = sqlx::query_scalar(include_str!("sql/migrations.sql"));
            applied = sql.fetch_all(&mut connection).await.map_err(opening)?;
        }
        connection.close().await.map_err(opening)?;
        planned(&MIGRATIONS, &applied, &without_secrets(url))
    }

    fn on(options: PgConnectOptions, connections: u32) -> Self {
        let casual = options.clone().options([("synchronous_commit", "off")]);
        let all = connections.max(FEWEST_CONNECTIONS);
        let pool = pool(all - all / 3).connect_lazy_with(options);
        let casual = self::pool(all / 3).connect_lazy_with(casual);
        let host = std::fs::read_to_string("/etc/hostname").unwrap_or_default();
        let started = chrono::Utc::now().timestamp_micros();
        let holder = format!("{}:{}:{started}", host.trim(), std::process::id()).into();
        Self {
            pool,
            casual,
            gate: Arc::default(),
            holder,
            patience: PATIENCE,
            lease_time: lease_time(),
            ended: Arc::default(),
            jobs: Arc::default(),
            sequencer: Arc::default(),
            moved: Arc::default(),
        }
    }

    /// The database's URL, without options.
    #[must_use]
    pub fn url(&self) -> String {
        self.pool.connect_options().to_url_lossy().to_string()
    }

    /// The rows of `query`. A connection that does not answer is given up.
    async fn rows(
        &self,
        operation: &'static str,
        query: Query<'_, Postgres, PgArguments>,
    ) -> Result<Vec<PgRow>, StoreError> {
        rows(&self.gate, &self.pool, self.patience, operation, query).await
    }

    /// Like [`PostgresStore::rows`], for what need not survive a crash of the database.
    async fn casual_rows(
        &self,
        operation: &'static str,
        query: Query<'_, Postgres, PgArguments>,
    ) -> Result<Vec<PgRow>, StoreError> {
        rows(&self.gate, &self.casual, self.patience, operation, query).await
    }
}

/// The connection options for the database at `url`.
fn options(url: &str) -> Result<PgConnectOptions, StoreError> {
    let options = PgConnectOptions::from_str(url)
        .map_err(|source| StoreError::Open { path: without_secrets(url), source })?
        .application_name("waybill")
        .statement_cache_capacity(256)
        .options([
            ("statement_timeout", STATEMENT),
            ("lock_timeout", "20s"),
            ("idle_in_transaction_session_timeout", "30s"),
            // Arrays of any length are looked up by key, so one plan fits all.
            ("plan_cache_mode", "force_generic_plan"),
            ("jit", "off"),
            ("timezone", "UTC"),
        ]);
    Ok(options)
}

/// Whether a pooler answers that shares sessions between clients: the session has not kept its startup parameters, and
/// two connections are the same process of the server.
async fn is_pooled(
    connection: &mut PgConnection,
    options: &PgConnectOptions,
) -> Result<bool, sqlx::Error> {
    // A simple query: it prepares no statement, in case the session has somebody else's statements.
    let asked = sqlx::raw_sql(include_str!("sql/session.sql")).fetch_one(&mut *connection).await?;
    if asked.get::<String, _>(0) == STATEMENT {
        return Ok(false);
    }
    let mut other = PgConnection::connect_with(options).await?;
    let sql = include_str!("sql/session.sql");
    let first = sqlx::raw_sql(sql).fetch_one(&mut *connection).await?.get::<i32, _>(1);
    let second = sqlx::raw_sql(sql).fetch_one(&mut other).await?.get::<i32, _>(1);
    other.close().await?;
    Ok(first == second)
}

/// Applies the pending migrations.
async fn migrate(options: &PgConnectOptions, url: &str) -> Result<(), StoreError> {
    let opening = |source| StoreError::Open { path: without_secrets(url), source };
    let mut connection = PgConnection::connect_with(options).await.map_err(opening)?;
    let made = MIGRATIONS.run_direct(None, &mut connection, false).await;
    made.map_err(|source| unmade(source, without_secrets(url)))?;
    connection.close().await.map_err(opening)
}

/// [`LEASE`], or less in tests that wait for a lease to end.
fn lease_time() -> Duration {
    let given = std::env::var("WAYBILL_LEASE_MS").ok().and_then(|text| text.parse().ok());
    given.map_or(LEASE, Duration::from_millis)
}

async fn rows(
    gate: &Gate,
    pool: &PgPool,
    patience: Duration,
    operation: &'static str,
    query: Query<'_, Postgres, PgArguments>,
) -> Result<Vec<PgRow>, StoreError> {
    let mut connection = gate.acquire(pool).await.map_err(failed(operation))?;
    let answer = tokio::time::timeout(patience, query.fetch_all(&mut *connection)).await;
    answer.unwrap_or_else(|_| Err(give_up(connection))).map_err(failed(operation))
}

/// Closes a connection that does not answer.
fn give_up(connection: PoolConnection<Postgres>) -> sqlx::Error {
    drop(connection.detach());
    sqlx::Error::Io(std::io::Error::from(std::io::ErrorKind::TimedOut))
}

#[async_trait]
impl Store for PostgresStore {
    async fn commit(&self, change_sets: Vec<ChangeSet>) -> Result<Vec<Fate>, StoreError> {
        if change_sets.is_empty() {
            return Ok(Vec::new());
        }
        let change_sets =
            change_sets.into_iter().map(Prepared::of).collect::<Result<Vec<_>, _>>()?;
        let (gate, pool) = (self.gate.clone(), self.pool.clone());
        // A separate task, so that a caller that is cancelled does not leave a transaction half done.
        let task = tokio::spawn(async move { commit::commit(&gate, &pool, &change_sets).await });
        task.await.map_err(|_| StoreError::Closed)?
    }

    async fn snapshot(&self) -> Result<Arc<dyn Store>, StoreError> {
        // A single connection that is never replaced: its transaction is the snapshot.
        let pool = PgPoolOptions::new()
            .max_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .test_before_acquire(false)
            .after_connect(|connection, _| {
                Box::pin(async move {
                    let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
                    sqlx::query(begin).execute(connection).await.map(drop)
                })
            })
            .connect_with(
                (*self.pool.connect_options())
                    .clone()
                    .options([
                        ("idle_in_transaction_session_timeout", "10min"),
                        // The whole log may be read here.
                        ("statement_timeout", "1h"),
                    ])
                    .disable_statement_logging(),
            )
            .await
            .map_err(failed("read"))?;
        Ok(Arc::new(Self { pool, patience: LONG_PATIENCE, ..self.clone() }))
    }

    async fn condition(&self) -> Result<Condition, StoreError> {
        self.examine().await
    }

    async fn close(&self) {
        if let Err(error) = self.forget_leases().await {
            // The lots that these leases cover have changed, so the leases have no effect.
            tracing::debug!(
                error = &error as &dyn std::error::Error,
                "leases could not be released"
            );
        }
        self.casual.close().await;
        self.pool.close().await;
    }
}
