//! The one writer: group commit, a savepoint for each act.

use sqlx::{Connection, SqliteConnection};
use tokio::sync::{mpsc, oneshot};

use super::commit::{self, Prepared, Versions};
use super::log::Log;
use super::read;
use crate::domain::lot::Timestamp;
use crate::store::{Fate, Job, Lease, StoreError};

/// Acts committed together at most.
const GROUP: usize = 64;

pub(super) enum Act {
    Lease {
        subjects: String,
        reply: oneshot::Sender<Result<Lease, StoreError>>,
    },
    ClaimJobs {
        kind: String,
        ids: String,
        now: Timestamp,
        reply: oneshot::Sender<Result<Vec<Job>, StoreError>>,
    },
    Commit {
        units: Vec<Prepared>,
        release: Option<Lease>,
        reply: oneshot::Sender<Result<Vec<Fate>, StoreError>>,
    },
    Close {
        reply: oneshot::Sender<()>,
    },
}

impl Act {
    fn must_be_durable(&self) -> bool {
        match self {
            Self::Commit { .. } | Self::Close { .. } => true,
            Self::Lease { .. } | Self::ClaimJobs { .. } => false,
        }
    }
}

/// An act's answer, held back until its group has committed.
enum Answer {
    Lease(oneshot::Sender<Result<Lease, StoreError>>, Result<Lease, StoreError>),
    Jobs(oneshot::Sender<Result<Vec<Job>, StoreError>>, Result<Vec<Job>, StoreError>),
    Commit(oneshot::Sender<Result<Vec<Fate>, StoreError>>, Result<Vec<Fate>, StoreError>),
}

impl Answer {
    fn failed(&self) -> bool {
        match self {
            Self::Lease(_, result) => result.is_err(),
            Self::Jobs(_, result) => result.is_err(),
            Self::Commit(_, result) => result.is_err(),
        }
    }

    /// Gives the answer, or `error` in its place if the group did not commit. A receiver that is
    /// gone has lost nothing: the database holds what was done.
    fn send(self, error: Option<StoreError>) {
        match self {
            Self::Lease(reply, result) => drop(reply.send(error.map_or(result, Err))),
            Self::Jobs(reply, result) => drop(reply.send(error.map_or(result, Err))),
            Self::Commit(reply, result) => drop(reply.send(error.map_or(result, Err))),
        }
    }
}

pub(super) struct Writer {
    connection: SqliteConnection,
    log: Log,
    /// Whether commits wait for the disk, as they do at first.
    is_full: bool,
    /// The versions of lots written lately. This process is the only one that writes them.
    versions: Versions,
}

fn writing(act: &'static str) -> impl Fn(sqlx::Error) -> StoreError {
    move |source| StoreError::Database { act, source }
}

impl Writer {
    pub(super) async fn new(mut connection: SqliteConnection) -> Result<Self, sqlx::Error> {
        let (position, link): (i64, String) =
            sqlx::query_as(include_str!("sql/tail.sql")).fetch_one(&mut connection).await?;
        Ok(Self {
            connection,
            log: Log::new(position, &link),
            is_full: true,
            versions: Versions::default(),
        })
    }

    /// Runs until the last sender is gone or an act closes it.
    pub(super) async fn run(mut self, mut acts: mpsc::Receiver<Act>) {
        let mut group = Vec::with_capacity(GROUP);
        while acts.recv_many(&mut group, GROUP).await > 0 {
            let mut closing = None;
            let mut open = Vec::with_capacity(group.len());
            for act in group.drain(..) {
                match act {
                    Act::Close { reply } => closing = Some(reply),
                    act => open.push(act),
                }
            }
            self.group(open).await;
            if let Some(reply) = closing {
                if let Err(error) = self.connection.close().await {
                    tracing::error!(%error, "could not close the database");
                }
                reply.send(()).ok();
                return;
            }
        }
    }

    async fn group(&mut self, acts: Vec<Act>) {
        if acts.is_empty() {
            return;
        }
        let mark = self.log.mark();
        let mut answers = Vec::with_capacity(acts.len());
        let outcome = self.transact(acts, &mut answers).await;
        if outcome.is_err() {
            self.log.rewind(mark);
            self.versions.clear();
            // The transaction may already be gone: a failed rollback says just that.
            drop(sqlx::query("ROLLBACK").execute(&mut self.connection).await);
        }
        let cause = outcome.err().map(std::sync::Arc::new);
        for answer in answers {
            let error = cause.clone().map(|cause| StoreError::Database {
                act: "commit",
                source: sqlx::Error::Io(std::io::Error::other(cause)),
            });
            answer.send(error);
        }
    }

    async fn transact(
        &mut self,
        acts: Vec<Act>,
        answers: &mut Vec<Answer>,
    ) -> Result<(), sqlx::Error> {
        let since = self.log.position();
        self.sync(acts.iter().any(Act::must_be_durable)).await?;
        // An act that is alone in its group needs no savepoint: the transaction is its own.
        let is_shared = acts.len() > 1;
        let mut acts = acts.into_iter();
        if let Err(error) = sqlx::query("BEGIN IMMEDIATE").execute(&mut self.connection).await {
            answers.extend(acts.map(refused));
            return Err(error);
        }
        for act in acts.by_ref() {
            let mark = self.log.mark();
            if is_shared {
                sqlx::query("SAVEPOINT act").execute(&mut self.connection).await?;
            }
            let answer = self.act(act).await;
            if answer.failed() {
                self.log.rewind(mark);
                self.versions.clear();
                let undo = if is_shared { "ROLLBACK TO act" } else { "ROLLBACK" };
                sqlx::query(undo).execute(&mut self.connection).await?;
            }
            let has_failed = answer.failed();
            answers.push(answer);
            if is_shared {
                sqlx::query("RELEASE act").execute(&mut self.connection).await?;
            } else if has_failed {
                return Ok(());
            }
        }
        self.log.seal(&mut self.connection, since).await?;
        sqlx::query("COMMIT").execute(&mut self.connection).await?;
        Ok(())
    }

    /// Whether the next commit waits for the disk. A claim need not: what it writes counts only
    /// when this process dies, and then the system still has it; the next commit that must be
    /// durable makes it so, too.
    async fn sync(&mut self, full: bool) -> Result<(), sqlx::Error> {
        if self.is_full != full {
            let sql = if full {
                include_str!("sql/synchronous_full.sql")
            } else {
                include_str!("sql/synchronous_normal.sql")
            };
            sqlx::query(sql).execute(&mut self.connection).await?;
            self.is_full = full;
        }
        Ok(())
    }

    async fn act(&mut self, act: Act) -> Answer {
        match act {
            Act::Lease { subjects, reply } => Answer::Lease(reply, self.lease(subjects).await),
            Act::ClaimJobs { kind, ids, now, reply } => {
                Answer::Jobs(reply, self.claim_jobs(&kind, &ids, now).await)
            }
            Act::Commit { units, release, reply } => {
                Answer::Commit(reply, self.commit(units, release).await)
            }
            Act::Close { .. } => unreachable!("taken out before the group"),
        }
    }

    async fn lease(&mut self, subjects: String) -> Result<Lease, StoreError> {
        sqlx::query_scalar(include_str!("sql/insert_lease.sql"))
            .bind(subjects)
            .fetch_one(&mut self.connection)
            .await
            .map(Lease)
            .map_err(writing("lease lots"))
    }

    async fn claim_jobs(
        &mut self,
        kind: &str,
        ids: &str,
        now: Timestamp,
    ) -> Result<Vec<Job>, StoreError> {
        let rows = sqlx::query(include_str!("sql/claim_jobs.sql"))
            .bind(ids)
            .bind(kind)
            .bind(now.timestamp_millis())
            .fetch_all(&mut self.connection)
            .await
            .map_err(writing("claim jobs"))?;
        Ok(rows.iter().map(read::job).collect())
    }

    async fn commit(
        &mut self,
        units: Vec<Prepared>,
        release: Option<Lease>,
    ) -> Result<Vec<Fate>, StoreError> {
        let (connection, log) = (&mut self.connection, &mut self.log);
        let fates = commit::apply(connection, log, &mut self.versions, units).await?;
        if let Some(Lease(id)) = release {
            sqlx::query(include_str!("sql/release_lease.sql"))
                .bind(id)
                .execute(&mut self.connection)
                .await
                .map_err(writing("release a lease"))?;
        }
        Ok(fates)
    }
}

/// The answer of an act whose transaction did not begin.
fn refused(act: Act) -> Answer {
    match act {
        Act::Lease { reply, .. } => Answer::Lease(reply, Err(StoreError::Closed)),
        Act::ClaimJobs { reply, .. } => Answer::Jobs(reply, Err(StoreError::Closed)),
        Act::Commit { reply, .. } => Answer::Commit(reply, Err(StoreError::Closed)),
        Act::Close { .. } => unreachable!("taken out before the group"),
    }
}
