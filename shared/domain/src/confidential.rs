//! Text that is nobody's business but its owner's, such as where a consignee is.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Such a text as it is kept: sealed where there is a key, as it is where there is none.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Confidential {
    /// As it is.
    Plain(String),
    /// Sealed.
    Sealed(Sealed),
}

/// A sealed text. Which bytes it comes to tells nothing of it but its length.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sealed {
    /// Nonce, text and tag of AES-256-GCM, in base 64.
    pub sealed: String,
    /// The id of the key that opens it.
    pub key: String,
}

impl Confidential {
    /// The id of the key that opens it; none: it is not sealed.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        match self {
            Self::Plain(_) => None,
            Self::Sealed(sealed) => Some(&sealed.key),
        }
    }
}

impl From<String> for Confidential {
    fn from(text: String) -> Self {
        Self::Plain(text)
    }
}

impl fmt::Debug for Confidential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(_) => f.write_str("Plain(…)"),
            Self::Sealed(sealed) => sealed.fmt(f),
        }
    }
}
