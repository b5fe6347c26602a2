//! The leader assigns positions and extends the hash chain, in batches, just after commit.
//!
//! Events draw their number after their subject's row is locked. So of one subject's events, the lower number is always
//! the earlier event, and is visible wherever a later one is. Visible events without a position are therefore appended
//! in the order of their numbers. A number is *settled* once no transaction that drew it or a lower one can still
//! commit. Numbers that were drawn before a given moment belong to transactions that had begun by then. They have all
//! ended once the oldest running transaction began later.

use sqlx::Row;

use super::PostgresStore;
use crate::store::{StoreError, Term};

/// The largest number of events that get positions at once.
const BATCH: i64 = 20_000;

/// The end of the chain.
#[derive(Debug)]
pub(super) struct Sequencer {
    term: Term,
    position: i64,
    hash: String,
    /// Every event up to this number has its position, or was rolled back.
    settled: i64,
    /// Events beyond `settled` that have their position.
    known: Vec<i64>,
    /// The last number that had been drawn at the previous pass.
    drawn: i64,
    /// A number, and the transaction before which all have to end until that number is settled.
    settling: Option<(i64, i64)>,
}

impl PostgresStore {
    async fn sequencer(&self, term: Term) -> Result<Sequencer, StoreError> {
        let query = sqlx::query(include_str!("sql/sequence_tail.sql"));
        let rows = self.rows("read the end of the log", query).await?;
        let new = Sequencer {
            term,
            position: 0,
            hash: String::new(),
            settled: 0,
            known: Vec::new(),
            drawn: 0,
            settling: None,
        };
        Ok(rows.first().map_or(new, |row| Sequencer {
            term,
            position: row.get(0),
            hash: row.get(1),
            settled: row.get(2),
            known: row.get(3),
            drawn: 0,
            settling: None,
        }))
    }

    /// Assigns positions to events that have none, and returns how many.
    pub(super) async fn give_positions(&self, term: Term) -> Result<usize, StoreError> {
        let store = self.clone();
        // A separate task: if the caller is cancelled, no statement may keep running and give the same positions as the
        // next one.
        let task = tokio::spawn(async move {
            let mut guard = store.sequencer.lock().await;
            // Taken out of the mutex: after a failure it is unknown whether the last link was written, so it is read
            // again.
            let mut at = match guard.take().filter(|at| at.term == term) {
                Some(at) => at,
                None => store.sequencer(term).await?,
            };
            let placed = store.place(&mut at).await?;
            if placed.is_some() {
                *guard = Some(at);
            }
            Ok(placed.unwrap_or_default())
        });
        task.await.map_err(|_| StoreError::Closed)?
    }

    /// Assigns positions after `at` and moves `at` forward. `None` means that another process leads.
    async fn place(&self, at: &mut Sequencer) -> Result<Option<usize>, StoreError> {
        let query = sqlx::query(include_str!("sql/sequence.sql"))
            .bind(at.term.0)
            .bind(at.settled)
            .bind(&at.known)
            .bind(at.position)
            .bind(&at.hash)
            .bind(BATCH);
        let rows = self.rows("assign positions", query).await?;
        let Some(row) = rows.first().filter(|row| row.get::<bool, _>(0)) else { return Ok(None) };
        let events: Vec<i64> = row.get::<Option<Vec<i64>>, _>(3).unwrap_or_default();
        let placed = events.len();
        // A full batch may leave later events without a position, so nothing beyond its last event can be settled.
        let whole = events.last().copied().filter(|_| placed as i64 >= BATCH).unwrap_or(i64::MAX);
        if let (Some(position), Some(hash)) = (row.get(1), row.get(2)) {
            (at.position, at.hash) = (position, hash);
            at.known.extend(events);
        }
        let (oldest, next): (i64, i64) = (row.get(4), row.get(5));
        if let Some((number, before)) = at.settling
            && oldest >= before
        {
            at.settled = at.settled.max(number.min(whole));
            let settled = at.settled;
            at.known.retain(|id| *id > settled);
            at.settling = Some((number, before)).filter(|_| settled < number);
        }
        if at.settling.is_none() && at.drawn > at.settled {
            // Drawn before this pass began, so by transactions before `next`.
            at.settling = Some((at.drawn, next));
        }
        at.drawn = row.get(6);
        Ok(Some(placed))
    }
}
