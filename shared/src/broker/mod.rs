//! The broker carries hints: which lot or job to look at now. It is not authoritative: if hints are lost, repeated,
//! delayed or reordered, only time is lost.

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

/// The lanes of a queue that a runner takes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Track {
    /// Urgent lots.
    Urgent,
    /// All other lots. For a moment, they let urgent lots of this process go first.
    Others,
    /// All lanes.
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

/// Hints that were taken together. Acknowledge them once each was looked at.
#[derive(Debug)]
pub struct Claimed {
    /// The queue they came from.
    pub queue: Arc<str>,
    /// Numbers of lots or jobs.
    pub ids: Vec<i64>,
    /// The trace of the first hint.
    pub trace: Option<String>,
    track: Track,
    /// Held while urgent lots keep coming.
    turn: Option<OwnedSemaphorePermit>,
    receipts: Vec<Receipt>,
}

/// What a broker needs to acknowledge a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Receipt {
    channel: u64,
    /// The delivery's number on that channel.
    tag: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueSeen {
    pub name: String,
    /// The number of messages in the queue, and of its consumers; `None` if there is no such queue.
    pub found: Option<(u32, u32)>,
}

/// The resource that a broker lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alarm {
    Memory,
    Disk,
    /// Memory or disk: the broker did not say which.
    Either,
}

impl Alarm {
    /// Parses the broker's reason: `low on memory` or `low on disk`.
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

/// Why the broker failed. Whatever is due stays due.
#[derive(Debug, thiserror::Error)]
pub enum BrokerError {
    /// There is no connection. A new one is being made.
    #[error("the broker is not connected")]
    Disconnected,
    /// The broker accepts no messages, for lack of memory or disk.
    #[error("the broker accepts no messages: its {0} alarm is on")]
    Blocked(Alarm),
    /// A request failed.
    #[error("the broker could not {operation}: {why}")]
    Failed {
        operation: &'static str,
        /// The broker's answer.
        why: String,
    },
}

/// A broker. Each step and kind of job has one queue, which has lanes.
#[async_trait]
pub trait Broker: std::fmt::Debug + Send + Sync {
    /// The maximum number of untaken hints in a lane. The rest of a backlog stays in the store.
    fn window(&self) -> usize;

    /// From now on only this process creates the queues of `lanes`, and recreates those that fail. An empty list means
    /// that another process does. The leader is the process that publishes.
    fn lead(&self, _lanes: &[(Arc<str>, Lane)]) {}

    /// The number of untaken hints in a lane.
    ///
    /// # Errors
    /// [`BrokerError`] if the broker cannot be asked.
    async fn untaken(&self, queue: &Arc<str>, lane: Lane) -> Result<usize, BrokerError>;

    /// Queues `hints`, except those that are already queued or being processed. Returns once the broker has stored
    /// them.
    ///
    /// # Errors
    /// [`BrokerError`] if some of them may not be queued.
    async fn publish(&self, hints: Vec<Hint>) -> Result<(), BrokerError>;

    /// Keeps the hints that this process will take itself, if it has room. Returns the others.
    fn keep(&self, hints: Vec<Hint>) -> Vec<Hint>;

    /// Makes this process take from `queue` from now on.
    fn attend(&self, queue: &Arc<str>);

    /// Whether hints flow: the queues that this process takes from and publishes to exist.
    fn is_ready(&self) -> bool;

    /// Why hints do not flow; `None` if they do.
    fn trouble(&self) -> Option<String> {
        (!self.is_ready()).then(|| BrokerError::Disconnected.to_string())
    }

    /// Tests whether the broker accepts messages.
    ///
    /// # Errors
    /// [`BrokerError`] if it does not.
    async fn probe(&self) -> Result<(), BrokerError> {
        Ok(())
    }

    /// Waits for something in a lane of `track`, then takes at most `most` hints, but at least one message. `None` once
    /// the broker is closed.
    async fn take(&self, queue: &Arc<str>, track: Track, most: usize) -> Option<Claimed>;

    /// The state of the queues of `lanes`; `None` if the broker is this process itself.
    ///
    /// # Errors
    /// [`BrokerError`] if the broker cannot be asked.
    async fn look(
        &self,
        _lanes: &[(Arc<str>, Lane)],
    ) -> Result<Option<Vec<QueueSeen>>, BrokerError> {
        Ok(None)
    }

    /// Acknowledges hints that were looked at.
    fn acknowledge(&self, taken: Claimed);

    /// Ends all waits. Nothing is taken any more.
    fn close(&self);

    fn is_closed(&self) -> bool;

    /// Closes the connection once everything that was taken is acknowledged.
    async fn disconnect(&self);
}
