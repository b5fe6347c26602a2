//! What happens to lines.

use strum::{Display, EnumString, IntoStaticStr, VariantArray};

/// What happened to a line. The log and the feed use the name of the event.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Display, EnumString, IntoStaticStr, VariantArray,
)]
pub enum LineEvent {
    /// Its requester stated it for the first time.
    #[strum(serialize = "line.submitted")]
    Submitted,
    /// Its requester stated it again without changes.
    #[strum(serialize = "line.restated")]
    Restated,
    /// It changed.
    #[strum(serialize = "line.amended")]
    Amended,
}

impl LineEvent {
    pub const ALL: &[Self] = Self::VARIANTS;

    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// The event with this name. `None` if it is not an event of a line, or only a newer version knows it.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        name.parse().ok()
    }
}
