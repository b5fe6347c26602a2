//! Text that only its owner may see, such as the address of a consignee.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A confidential text as it is stored: sealed if there is a key, otherwise plain.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Confidential {
    Plain(String),
    Sealed(Sealed),
}

/// A sealed text. Its bytes reveal nothing except its length.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sealed {
    /// The nonce, text and tag of AES-256-GCM, in base64.
    pub sealed: String,
    /// The id of the key that opens it.
    pub key: String,
}

impl Confidential {
    /// The id of the key that opens it. `None` means that it is not sealed.
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
