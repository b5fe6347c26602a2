//! Kinds of notes.

use strum::{Display, EnumString, IntoStaticStr, VariantArray};

/// A kind of note: what is kept beside the log, is changed in place, and tells no event.
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
    /// How far a clock was, by process.
    Clock,
    /// Whether the database takes changes.
    Doctor,
    /// The key that seals secrets.
    Key,
    /// Since when a service works on the database in real time.
    Live,
    /// What was moved from an older form.
    Moved,
    /// Processes that are there.
    Process,
    /// An archive is put back in this copy.
    PutBack,
    /// An answer that is given again to the same request.
    Reply,
    /// When an account asked last.
    TokenUsed,
    /// An attempt to deliver an event.
    WebhookAttempt,
    /// An event that is still to be delivered.
    WebhookDelivery,
    /// Up to where events were delivered.
    WebhookProgress,
    /// What a webhook's events are signed with.
    WebhookSecrets,
}

impl NoteKind {
    /// All of them, in their order.
    pub const ALL: &[Self] = Self::VARIANTS;

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }
}
