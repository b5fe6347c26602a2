//! Kinds of jobs.

use strum::{Display, EnumString, IntoStaticStr, VariantArray};

/// A kind of job: its name is that of its queue.
///
/// They stand in the order in which jobs run that are due at one moment: first what becomes known, then what follows
/// from it.
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
    /// What a folder states takes effect.
    Opening,
    /// A requisition comes in.
    Requisition,
    /// A document comes in.
    Document,
    /// A calendar entry fires.
    Cron,
    /// What was not used in time lapses.
    Lapse,
    /// Lots are matched with donors.
    Round,
    /// Lots become orders.
    Gather,
    /// An order is sent.
    Send,
    /// A supplier is told of a change.
    Tell,
    /// Whoever owes something is reminded.
    Chase,
    /// A day's summary is written.
    Digest,
    /// Events are sent to a webhook.
    Webhook,
}

impl JobKind {
    /// All of them, in their order.
    pub const ALL: &[Self] = Self::VARIANTS;

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// The kind that `name` names; `None`: it is a newer version's.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        name.parse().ok()
    }

    /// Whether schedulers do such jobs; the others are workers'.
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
