//! The single writer: group commit, with a savepoint for each batch.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use sqlx::{Connection, SqliteConnection};
use tokio::sync::{mpsc, oneshot};

use super::commit;
use super::heads::Kept;
use super::log::Log;
use super::place::Place;
use super::script::Script;
use crate::store::change_set::Prepared;
use crate::store::{Fate, StoreError};

/// The maximum number of batches that are committed together.
const GROUP: usize = 64;

/// Sends the fates of a batch's change sets once its group has committed.
type Reply = oneshot::Sender<Result<Vec<Fate>, StoreError>>;

pub(super) enum Request {
    Commit { change_sets: Vec<Prepared>, generation: Option<Arc<AtomicI64>>, reply: Reply },
    Close { reply: oneshot::Sender<()> },
}

pub(super) struct Writer {
    connection: SqliteConnection,
    log: Log,
    kept: Kept,
    place: Place,
}

impl Writer {
    pub(super) async fn new(
        mut connection: SqliteConnection,
        place: Place,
    ) -> Result<Self, sqlx::Error> {
        let (position, link): (i64, String) =
            sqlx::query_as(include_str!("sql/tail.sql")).fetch_one(&mut connection).await?;
        Ok(Self { connection, log: Log::new(position, &link), kept: Kept::default(), place })
    }

    /// Runs until the last sender is gone or a request closes it.
    pub(super) async fn run(mut self, mut requests: mpsc::Receiver<Request>) {
        let mut group = Vec::with_capacity(GROUP);
        while requests.recv_many(&mut group, GROUP).await > 0 {
            let mut closing = None;
            let mut batches = Vec::with_capacity(group.len());
            let mut generations = Vec::new();
            for request in group.drain(..) {
                match request {
                    Request::Commit { change_sets, generation, reply } => {
                        generations.extend(generation);
                        batches.push((change_sets, reply));
                    }
                    Request::Close { reply } => closing = Some(reply),
                }
            }
            self.group(batches, &generations).await;
            if let Some(reply) = closing {
                if let Err(error) = self.connection.close().await {
                    tracing::error!(%error, "could not close the database");
                }
                reply.send(()).ok();
                return;
            }
        }
    }

    async fn group(
        &mut self,
        batches: Vec<(Vec<Prepared>, Reply)>,
        generations: &[Arc<AtomicI64>],
    ) {
        if batches.is_empty() {
            return;
        }
        if self.place.moved().is_some() {
            for (_, reply) in batches {
                let moved = self.place.moved().unwrap_or(StoreError::Closed);
                reply.send(Err(moved)).ok();
            }
            return;
        }
        let mark = self.log.mark();
        let (batches, replies): (Vec<_>, Vec<_>) = batches.into_iter().unzip();
        let outcome = self.transact(batches).await;
        if outcome.is_err() {
            self.log.rewind(mark);
            self.kept.clear();
            // If the transaction is already gone, the rollback fails, which is harmless.
            drop(sqlx::query("ROLLBACK").execute(&mut self.connection).await);
        }
        // Before anybody gets the result, and even if nobody waits for it any more.
        for generation in generations {
            generation.fetch_add(1, Ordering::AcqRel);
        }
        match outcome {
            // If the receiver is gone, nothing is lost: the database has the result.
            Ok(fates) => {
                for (reply, fates) in replies.into_iter().zip(fates) {
                    reply.send(fates).ok();
                }
            }
            Err(error) => {
                let cause = Arc::new(error);
                for reply in replies {
                    let source = sqlx::Error::Io(std::io::Error::other(cause.clone()));
                    reply.send(Err(StoreError::Database { operation: "commit", source })).ok();
                }
            }
        }
    }

    /// Commits `batches` together. One that fails does not affect the others.
    async fn transact(
        &mut self,
        batches: Vec<Vec<Prepared>>,
    ) -> Result<Vec<Result<Vec<Fate>, StoreError>>, sqlx::Error> {
        let since = self.log.position();
        // A batch that is alone in its group needs no savepoint, because the whole transaction is its own.
        let is_shared = batches.len() > 1;
        let mut all = Vec::with_capacity(batches.len());
        let mut script = Script::new(&mut self.connection);
        script.word("BEGIN IMMEDIATE").await?;
        for change_sets in batches {
            let mark = self.log.mark();
            if is_shared {
                // The savepoint has to exist before anything of the batch can fail.
                script.word("SAVEPOINT batch").await?;
                script.run().await?;
            }
            let mut fates =
                commit::apply(&mut script, &mut self.log, &mut self.kept, change_sets).await;
            if is_shared && fates.is_ok() {
                // Forces errors of this batch to appear here.
                let released = match script.word("RELEASE batch").await {
                    Ok(()) => script.run().await,
                    failed => failed,
                };
                if let Err(source) = released {
                    fates = Err(StoreError::Database { operation: "write a batch", source });
                }
            }
            let has_failed = fates.is_err();
            all.push(fates);
            if has_failed {
                self.log.rewind(mark);
                self.kept.clear();
                if !is_shared {
                    // The transaction may be gone, or may never have begun. The first error counts.
                    drop(script.undo("ROLLBACK").await);
                    return Ok(all);
                }
                if let Err(gone) = script.undo("ROLLBACK TO batch; RELEASE batch").await {
                    // A full disk or lack of memory ends the whole transaction. The first error says why.
                    return Err(match all.pop() {
                        Some(Err(StoreError::Database { source, .. })) => source,
                        _ => gone,
                    });
                }
            }
        }
        self.log.seal(&mut script, since).await?;
        script.word("COMMIT").await?;
        script.run().await?;
        Ok(all)
    }
}
