//! Limits connection attempts while the database accepts none: one caller of this process tries at a time, with growing
//! pauses, however many are waiting.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::{PgPool, Postgres};
use tokio::time::{Instant, sleep_until, timeout};

use super::ACQUIRE;
use crate::backoff::Backoff;

/// The first and the longest pause.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// One gate for all pools of a store.
#[derive(Debug)]
pub(super) struct Gate {
    pace: Mutex<Pace>,
    turn: tokio::sync::Mutex<()>,
}

#[derive(Debug)]
struct Pace {
    backoff: Backoff,
    /// Set after a failed attempt: the time of the next one.
    until: Option<Instant>,
}

impl Default for Gate {
    fn default() -> Self {
        let backoff = Backoff::new(PAUSES.0, PAUSES.1);
        let (pace, turn) =
            (Mutex::new(Pace { backoff, until: None }), tokio::sync::Mutex::default());
        Self { pace, turn }
    }
}

impl Gate {
    /// Gets a connection from `pool`.
    pub(super) async fn acquire(
        &self,
        pool: &PgPool,
    ) -> Result<PoolConnection<Postgres>, sqlx::Error> {
        if self.until().is_none() || pool.num_idle() > 0 {
            return self.met(pool, pool.acquire().await);
        }
        let in_turn = async {
            let _turn = self.turn.lock().await;
            if let Some(until) = self.until() {
                sleep_until(until).await;
            }
            self.met(pool, pool.acquire().await)
        };
        timeout(ACQUIRE, in_turn).await.unwrap_or(Err(sqlx::Error::PoolTimedOut))
    }

    fn until(&self) -> Option<Instant> {
        self.lock().until
    }

    /// Closes the gate after a failed attempt, and opens it after a success.
    fn met<T>(&self, pool: &PgPool, tried: Result<T, sqlx::Error>) -> Result<T, sqlx::Error> {
        let mut pace = self.lock();
        let now = Instant::now();
        match &tried {
            Ok(_) => {
                pace.until = None;
                pace.backoff.reset();
            }
            Err(sqlx::Error::PoolClosed) => {}
            // The database is not the cause: all connections of the pool were in use.
            Err(sqlx::Error::PoolTimedOut) if pool.size() > 0 => {}
            // Attempts that ran at the same time and failed together lengthen the pause only once.
            Err(_) if pace.until.is_some_and(|until| until > now) => {}
            Err(_) => pace.until = Some(now + pace.backoff.pause()),
        }
        drop(pace);
        tried
    }

    fn lock(&self) -> MutexGuard<'_, Pace> {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
