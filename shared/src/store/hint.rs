//! Hints say what to look at now. They are not authoritative: the store is.

use std::sync::Arc;

use crate::domain::kinds::JobKind;
use crate::domain::lot::{Lot, LotState, Priority, Timestamp};

/// The urgency of a hint. Each queue has one lane for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Lane {
    /// Class 1.
    Urgent,
    /// Class 2, and all jobs.
    Normal,
    /// Class 3 and beyond.
    Low,
}

impl Lane {
    /// All lanes, the most urgent first.
    pub const ALL: [Self; 3] = [Self::Urgent, Self::Normal, Self::Low];

    #[must_use]
    pub fn of(priority: Priority) -> Self {
        Self::of_class(i64::from(priority.class))
    }

    #[must_use]
    pub fn of_class(class: i64) -> Self {
        match class {
            ..=1 => Self::Urgent,
            2 => Self::Normal,
            3.. => Self::Low,
        }
    }

    /// The first and the last class that use this lane.
    #[must_use]
    pub fn classes(self) -> (i64, i64) {
        match self {
            Self::Urgent => (0, 1),
            Self::Normal => (2, 2),
            Self::Low => (3, i64::from(u8::MAX)),
        }
    }

    /// The name in queues and metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Urgent => "urgent",
            Self::Normal => "normal",
            Self::Low => "low",
        }
    }
}

/// Something to look at now: a lot at a step, or a job of a kind.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Hint {
    /// A step's name or a job's kind.
    pub queue: Arc<str>,
    pub lane: Lane,
    /// The lot's or the job's number.
    pub id: i64,
    /// When it became due, in milliseconds since 1970 UTC. It tells this hint from an earlier one of the same lot or
    /// job.
    pub due: i64,
}

impl Hint {
    /// The hint for a lot that is ready, due at `now`; `None` for a lot in another state.
    #[must_use]
    pub fn of_ready(lot: &Lot, now: Timestamp) -> Option<Self> {
        let LotState::Ready { step, .. } = lot.state() else { return None };
        Some(Self {
            queue: step.0.clone(),
            lane: Lane::of(lot.priority),
            id: lot.id.0,
            due: now.timestamp_millis(),
        })
    }
}

/// Builds hints from rows of queue, class, number and due time. Hints of one queue share its name.
pub(super) fn named<'a>(rows: impl IntoIterator<Item = (&'a str, i64, i64, i64)>) -> Vec<Hint> {
    let mut names: Vec<Arc<str>> = Vec::new();
    let hint = |(name, class, id, due): (&str, i64, i64, i64)| {
        let known = names.iter().find(|known| ***known == *name).cloned();
        let queue = known.unwrap_or_else(|| {
            names.push(name.into());
            names[names.len() - 1].clone()
        });
        Hint { queue, lane: Lane::of_class(class), id, due }
    };
    rows.into_iter().map(hint).collect()
}

/// A lane of a queue that has room for more hints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The step's name or the job's kind.
    pub queue: Arc<str>,
    /// The lane of lots; `None` for jobs, which have no lanes.
    pub lots: Option<Lane>,
    /// The maximum number of hints.
    pub limit: i64,
}

impl Wanted {
    /// The lane of the resulting hints.
    #[must_use]
    pub fn lane(&self) -> Lane {
        self.lots.unwrap_or(Lane::Normal)
    }
}

/// All queues and lanes of these steps and kinds of jobs.
pub fn queues<'a>(
    steps: impl IntoIterator<Item = &'a str>,
    kinds: impl IntoIterator<Item = JobKind>,
) -> Vec<(Arc<str>, Option<Lane>)> {
    let mut all = Vec::new();
    for step in steps {
        let name: Arc<str> = step.into();
        all.extend(Lane::ALL.map(|lane| (name.clone(), Some(lane))));
    }
    all.extend(kinds.into_iter().map(|kind| (kind.name().into(), None)));
    all
}
