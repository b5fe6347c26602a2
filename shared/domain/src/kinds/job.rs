//! Kinds of jobs.

use strum::{Display, EnumString, IntoStaticStr, VariantArray};

/// A kind of job. Its name is also the name of its queue.
///
/// Jobs that are due at the same moment run in the order of the variants: first what becomes known, then what
/// follows from it.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Display,
    EnumString,
    IntoStaticStr,
    VariantArray,
)]
#[strum(serialize_all = "snake_case")]
pub enum JobKind {
    /// A contribution takes effect.
    Contribution,
    /// The content of a folder takes effect.
    Opening,
    /// A requisition arrives.
    Requisition,
    /// A document arrives.
    Document,
    /// A calendar entry fires.
    Cron,
    /// Money that was not used in time lapses.
    Lapse,
    /// Lots are matched with donors.
    Round,
    /// Lots are collected into orders.
    Gather,
    /// An order is sent.
    Send,
    /// A supplier is informed of a change.
    Tell,
    /// Parties that owe something are reminded.
    Chase,
    /// A day's summary is written.
    Digest,
    /// Events are sent to a webhook.
    Webhook,
}

impl JobKind {
    pub const ALL: &[Self] = Self::VARIANTS;

    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// The kind with this name. `None` means that only a newer version knows it.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        name.parse().ok()
    }

    /// Whether schedulers run such jobs. Workers run the others.
    #[must_use]
    pub fn is_schedulers(self) -> bool {
        match self {
            Self::Contribution | Self::Opening | Self::Requisition | Self::Cron => true,
            Self::Document
            | Self::Lapse
            | Self::Round
            | Self::Gather
            | Self::Send
            | Self::Tell
            | Self::Chase
            | Self::Digest
            | Self::Webhook => false,
        }
    }
}
