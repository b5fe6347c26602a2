//! Who connects while the database takes no connections: one of this process at a time, at growing pauses, however many
//! wait for it.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::{PgPool, Postgres};
use tokio::time::{Instant, sleep_until, timeout};

use super::ACQUIRE;
use crate::backoff::Backoff;

/// The first pause, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// A gate before the pools of one store.
#[derive(Debug)]
pub(super) struct Gate {
    pace: Mutex<Pace>,
    turn: tokio::sync::Mutex<()>,
}

#[derive(Debug)]
struct Pace {
    backoff: Backoff,
    /// Connecting has failed, and is tried again then.
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
    /// A connection of `pool`.
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

    /// Opens or closes with what became of a try.
    fn met<T>(&self, pool: &PgPool, tried: Result<T, sqlx::Error>) -> Result<T, sqlx::Error> {
        let mut pace = self.lock();
        let now = Instant::now();
        match &tried {
            Ok(_) => {
                pace.until = None;
                pace.backoff.reset();
            }
            Err(sqlx::Error::PoolClosed) => {}
            // All that there are were busy.
            Err(sqlx::Error::PoolTimedOut) if pool.size() > 0 => {}
            // Those who tried at the same time have failed together.
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
