//! Kinds of notes.

use strum::{Display, EnumString, IntoStaticStr, VariantArray};

/// A kind of note. Notes are stored outside the log, are changed in place, and have no events.
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
pub enum NoteKind {
    /// The state of each process's clock.
    Clock,
    /// A test whether the database accepts changes.
    Doctor,
    /// The id of the key that seals secrets.
    Key,
    /// The time since which a service works on the database in real time.
    Live,
    /// What was converted from an older form.
    Moved,
    /// The processes that are running.
    Process,
    /// Marks a copy into which an archive was put back.
    PutBack,
    /// An answer that is repeated if the same request comes again.
    Reply,
    /// When an account was last used.
    TokenUsed,
    /// An attempt to deliver an event.
    WebhookAttempt,
    /// An event that still has to be delivered.
    WebhookDelivery,
    /// The position up to which events were delivered.
    WebhookProgress,
    /// The secrets that sign a webhook's events.
    WebhookSecrets,
}

impl NoteKind {
    pub const ALL: &[Self] = Self::VARIANTS;

    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }
}
