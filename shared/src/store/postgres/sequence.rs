//! Positions and the hash chain, given by the leader in batches, just after commit.
//!
//! Events draw their number after their subject's row is locked, so of one subject the lower number
//! is always the earlier event, and is visible wherever a later one is. What is visible and has no
//! position yet is therefore put behind in the order of numbers. A number is *settled* once no
//! transaction that drew it or a lower one can still commit: what was drawn before a moment belongs
//! to transactions that had begun by then, and those have ended when the oldest running one is
//! younger.

use sqlx::Row;

use super::PostgresStore;
use crate::store::{StoreError, Term};

/// Events given positions at once at most.
const BATCH: i64 = 20_000;

/// Where the chain ends.
#[derive(Debug)]
pub(super) struct Sequencer {
    term: Term,
    position: i64,
    hash: String,
    /// Every event up to this one has its position, or never comes.
    settled: i64,
    /// Those beyond that have theirs.
    known: Vec<i64>,
    /// The last number that had been drawn when the pass before looked.
    drawn: i64,
    /// What settles once every transaction before has ended: a number, and that transaction.
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

    /// Gives positions to what has none; returns to how many.
    pub(super) async fn give_positions(&self, term: Term) -> Result<usize, StoreError> {
        let store = self.clone();
        // A task of its own: a caller that goes away leaves no statement under way beside the next
        // one's, which would give the same positions.
        let task = tokio::spawn(async move {
            let mut guard = store.sequencer.lock().await;
            // Taken out: after a failure nobody knows whether the last link is there, so it is read.
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

    /// Gives positions behind `at`, and moves it; none: another leads.
    async fn place(&self, at: &mut Sequencer) -> Result<Option<usize>, StoreError> {
        let query = sqlx::query(include_str!("sql/sequence.sql"))
            .bind(at.term.0)
            .bind(at.settled)
            .bind(&at.known)
            .bind(at.position)
            .bind(&at.hash)
            .bind(BATCH);
        let rows = self.rows("give positions", query).await?;
        let Some(row) = rows.first().filter(|row| row.get::<bool, _>(0)) else { return Ok(None) };
        let events: Vec<i64> = row.get::<Option<Vec<i64>>, _>(3).unwrap_or_default();
        let placed = events.len();
        // A full batch leaves events behind its last; before that, whatever is visible has its place.
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
            // Drawn before this pass began, thus by transactions before `next`.
            at.settling = Some((at.drawn, next));
        }
        at.drawn = row.get(6);
        Ok(Some(placed))
    }
}
