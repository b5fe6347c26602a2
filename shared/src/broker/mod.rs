//! The broker carries hints: which lot or job to look at now. It holds no truth: to lose, repeat,
//! delay or reorder any of them changes nothing but time.

mod embedded;
mod held;
mod lanes;
mod rabbitmq;
mod silent;

pub use embedded::EmbeddedBroker;
pub use held::HeldBroker;
pub use rabbitmq::RabbitBroker;
pub use silent::SilentBroker;

use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::OwnedSemaphorePermit;

use crate::store::{Hint, Lane};

/// Which lanes of a queue are taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Track {
    /// Urgent lots.
    Urgent,
    /// All other lots. They let urgent ones that this process has go first, for a moment.
    Others,
    /// Whatever is there.
    All,
}

impl Track {
    fn lanes(self) -> &'static [Lane] {
        match self {
            Self::Urgent => &Lane::ALL[..1],
            Self::Others => &Lane::ALL[1..],
            Self::All => &Lane::ALL,
        }
    }
}

/// Hints taken together, to be acknowledged once each was looked at.
#[derive(Debug)]
pub struct Claimed {
    /// The queue they came from.
    pub queue: Arc<str>,
    /// The lots or jobs, by number.
    pub ids: Vec<i64>,
    /// The trace that the first of them belongs to.
    pub trace: Option<String>,
    track: Track,
    /// Held while urgent lots keep coming.
    turn: Option<OwnedSemaphorePermit>,
    receipts: Vec<Receipt>,
}

/// What a broker needs to know to let go of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Receipt {
    /// Which channel it came over.
    channel: u64,
    /// Its number on that channel.
    tag: u64,
}

/// A queue, as the broker has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueSeen {
    /// Its name.
    pub name: String,
    /// Messages that wait in it, and who takes from it; none: it is not there.
    pub found: Option<(u32, u32)>,
}

/// Of what a broker has too little.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alarm {
    /// Memory.
    Memory,
    /// Disk.
    Disk,
    /// One of them: it did not say which.
    Either,
}

impl Alarm {
    /// What a broker says of it: `low on memory`, `low on disk`.
    pub(crate) fn of(why: &str) -> Self {
        match (why.contains("memory"), why.contains("disk")) {
            (true, false) => Self::Memory,
            (false, true) => Self::Disk,
            _ => Self::Either,
        }
    }
}

impl std::fmt::Display for Alarm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Memory => "memory",
            Self::Disk => "disk",
            Self::Either => "memory or disk",
        })
    }
}

/// Why the broker could not do it. What is due stays due.
#[derive(Debug, thiserror::Error)]
pub enum BrokerError {
    /// There is no connection now; it is being made again.
    #[error("the broker is not connected")]
    Disconnected,
    /// It takes no message, for want of memory or disk.
    #[error("the broker takes nothing: its {0} alarm is on")]
    Blocked(Alarm),
    /// The broker did not do what was asked.
    #[error("the broker could not {operation}: {why}")]
    Failed {
        /// What was tried.
        operation: &'static str,
        /// What it said.
        why: String,
    },
}

/// A broker: one queue a step or kind of job, with lanes.
#[async_trait]
pub trait Broker: std::fmt::Debug + Send + Sync {
    /// Untaken hints that a lane of a queue holds at most; the rest of a backlog stays in the store.
    fn window(&self) -> usize;

    /// From now on this process alone makes the queues of `lanes`, and makes those anew that fail;
    /// none: another does. It is the one that publishes.
    fn lead(&self, _lanes: &[(Arc<str>, Lane)]) {}

    /// How many hints wait untaken in a lane.
    ///
    /// # Errors
    /// [`BrokerError`] if it cannot be asked.
    async fn untaken(&self, queue: &Arc<str>, lane: Lane) -> Result<usize, BrokerError>;

    /// Queues `hints`, those that are queued or under way aside, until it returns held safely.
    ///
    /// # Errors
    /// [`BrokerError`] if some of them may not be queued.
    async fn publish(&self, hints: Vec<Hint>) -> Result<(), BrokerError>;

    /// Keeps what this process takes itself, if it has room; returns the others.
    fn keep(&self, hints: Vec<Hint>) -> Vec<Hint>;

    /// This process takes from `queue` from now on.
    fn attend(&self, queue: &Arc<str>);

    /// Whether hints flow: what this process takes from and what it publishes to is there.
    fn is_ready(&self) -> bool;

    /// Why they do not; none: they do.
    fn trouble(&self) -> Option<String> {
        (!self.is_ready()).then(|| BrokerError::Disconnected.to_string())
    }

    /// Tries whether it takes what is published.
    ///
    /// # Errors
    /// [`BrokerError`] if it does not.
    async fn probe(&self) -> Result<(), BrokerError> {
        Ok(())
    }

    /// Takes what is there in one lane of `track`, at most `most` or one message, waiting for the
    /// first; `None` once it is closed.
    async fn take(&self, queue: &Arc<str>, track: Track, most: usize) -> Option<Claimed>;

    /// How it stands with the queues of `lanes`; none: there is no broker but this process.
    ///
    /// # Errors
    /// [`BrokerError`] if it cannot be asked.
    async fn look(
        &self,
        _lanes: &[(Arc<str>, Lane)],
    ) -> Result<Option<Vec<QueueSeen>>, BrokerError> {
        Ok(None)
    }

    /// Lets go of hints that were looked at.
    fn acknowledge(&self, taken: Claimed);

    /// Ends every wait; nothing is taken any more.
    fn close(&self);

    /// Whether it was closed.
    fn is_closed(&self) -> bool;

    /// Ends the connection, after everything that was taken is acknowledged.
    async fn disconnect(&self);
}
