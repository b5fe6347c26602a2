//! What happens to lines.

use strum::{Display, EnumString, IntoStaticStr, VariantArray};

/// What happened to a line. Its name stands in the log and in the feed.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Display, EnumString, IntoStaticStr, VariantArray,
)]
pub enum LineEvent {
    /// Its requester stated it for the first time.
    #[strum(serialize = "line.submitted")]
    Submitted,
    /// Its requester stated it again, and it stays as it is.
    #[strum(serialize = "line.restated")]
    Restated,
    /// It changed.
    #[strum(serialize = "line.amended")]
    Amended,
}

impl LineEvent {
    /// All of them.
    pub const ALL: &[Self] = Self::VARIANTS;

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// The event that `name` names; `None`: it is none of a line, or a newer version's.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        name.parse().ok()
    }
}
