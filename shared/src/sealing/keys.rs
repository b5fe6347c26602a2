//! The keys of a process. The first key seals; every key opens what it sealed.

use std::fmt;
use std::sync::{PoisonError, RwLock};

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest, Sha256};

use super::text::{self, CHECK, Fault, SECRET};
use crate::domain::confidential::{Confidential, Sealed};

/// The prefix of every key.
const PREFIX: &str = "wbk_";

/// Bytes of a nonce. Each value has its own random nonce.
const NONCE: usize = 12;

/// Why a text could not be sealed or opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The process does not have the key.
    #[error("{what} is sealed by key {key}, which this process does not have")]
    Lacking {
        /// What was to be opened or sealed.
        what: String,
        /// The key's id.
        key: String,
    },
    /// The value was changed, or copied from elsewhere.
    #[error("{what} cannot be opened by key {key}: it was changed, or stood elsewhere")]
    Forged {
        /// What was to be opened.
        what: String,
        /// The key's id.
        key: String,
    },
    /// The system provides no random numbers.
    #[error("the system gives no random numbers: {0}")]
    Random(#[from] getrandom::Error),
}

/// Why a file of keys cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyFault {
    /// A line is not a key.
    #[error("line {0} is no key: {1}")]
    Line(usize, Fault),
    /// The file has no key.
    #[error("there is no key in it")]
    None,
}

#[derive(Clone)]
struct Key {
    id: String,
    cipher: Aes256Gcm,
}

/// The keys of a process. They can be reloaded while it runs.
#[derive(Default)]
pub struct Keys(RwLock<Vec<Key>>);

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Keys").field(&self.ids()).finish()
    }
}

impl Keys {
    /// Creates a new key. Returns its line for a file of keys, and its id.
    ///
    /// # Errors
    /// [`getrandom::Error`] if the system provides no random numbers.
    pub fn draw() -> Result<(String, String), getrandom::Error> {
        let id = text::new_id::<4>()?;
        Ok((text::draw(PREFIX, &id)?.0, id))
    }

    /// Parses keys, one per line. Empty lines and lines that begin with `#` are ignored.
    ///
    /// # Errors
    /// [`KeyFault`] if a line is not a key, or there is none.
    pub fn read(text: &str) -> Result<Self, KeyFault> {
        let mut keys = Vec::new();
        for (number, line) in text.lines().map(str::trim).enumerate() {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let wrong = |fault| KeyFault::Line(number + 1, fault);
            let (id, secret) = text::parts(PREFIX, line).map_err(wrong)?;
            // A key without a checksum was cut off.
            if line.len() != PREFIX.len() + id.len() + 1 + SECRET + CHECK {
                return Err(wrong(Fault::Checksum));
            }
            let cipher = Aes256Gcm::new(&Sha256::digest(secret));
            keys.push(Key { id: id.to_owned(), cipher });
        }
        if keys.is_empty() { Err(KeyFault::None) } else { Ok(Self(RwLock::new(keys))) }
    }

    /// Replaces these keys with `others`.
    pub fn replace(&self, others: &Self) {
        let others = others.all();
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = others;
    }

    fn all(&self) -> Vec<Key> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The ids of all keys. The first one is that of the key that seals.
    #[must_use]
    pub fn ids(&self) -> Vec<String> {
        self.all().into_iter().map(|key| key.id).collect()
    }

    /// The id of the key that seals; `None` if nothing is sealed.
    #[must_use]
    pub fn current(&self) -> Option<String> {
        self.all().into_iter().next().map(|key| key.id)
    }

    /// Seals `text` if there is a key. It can only be opened under the same name `what`.
    ///
    /// # Errors
    /// [`SealError::Random`].
    pub fn seal(&self, what: &str, text: &str) -> Result<Confidential, SealError> {
        let Some(Key { id, cipher }) = self.all().into_iter().next() else {
            return Ok(Confidential::Plain(text.to_owned()));
        };
        let mut nonce = [0; NONCE];
        getrandom::fill(&mut nonce)?;
        let forged = || SealError::Forged { what: what.to_owned(), key: id.clone() };
        let payload = Payload { msg: text.as_bytes(), aad: what.as_bytes() };
        let sealed = cipher.encrypt(&Nonce::from(nonce), payload).map_err(|_| forged())?;
        let sealed = BASE64_STANDARD.encode([&nonce[..], &sealed].concat());
        Ok(Confidential::Sealed(Sealed { sealed, key: id }))
    }

    /// Opens the stored value `kept` of `what`.
    ///
    /// # Errors
    /// [`SealError`] if its key is missing or does not open it.
    pub fn open(&self, what: &str, kept: &Confidential) -> Result<String, SealError> {
        let Sealed { sealed, key } = match kept {
            Confidential::Plain(text) => return Ok(text.clone()),
            Confidential::Sealed(sealed) => sealed,
        };
        let (named, id) = (|| what.to_owned(), || key.clone());
        let found = self.all().into_iter().find(|one| one.id == *key);
        let found = found.ok_or_else(|| SealError::Lacking { what: named(), key: id() })?;
        let opened = || {
            let bytes = BASE64_STANDARD.decode(sealed).ok()?;
            let (nonce, sealed) = bytes.split_first_chunk::<NONCE>()?;
            let payload = Payload { msg: sealed, aad: what.as_bytes() };
            let text = found.cipher.decrypt(&Nonce::from(*nonce), payload).ok()?;
            String::from_utf8(text).ok()
        };
        opened().ok_or_else(|| SealError::Forged { what: named(), key: id() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(lines: &[&str]) -> Keys {
        Keys::read(&lines.join("\n")).expect("keys")
    }

    #[test]
    fn what_is_sealed_opens_by_its_key_alone_and_where_it_stood() {
        let ((one, one_id), (two, two_id)) =
            (Keys::draw().expect("random"), Keys::draw().expect("random"));
        let old = keys(&[&one]);
        let sealed = old.seal("consignee:A", "1 Example Street").expect("sealed");
        assert_ne!(sealed, old.seal("consignee:A", "1 Example Street").expect("sealed"));
        assert_eq!(sealed.key(), Some(one_id.as_str()));
        assert!(!serde_json::to_string(&sealed).expect("JSON").contains("Example"));
        assert_eq!(old.open("consignee:A", &sealed).as_deref(), Ok("1 Example Street"));
        let elsewhere = old.open("consignee:B", &sealed);
        assert!(matches!(elsewhere, Err(SealError::Forged { .. })), "{elsewhere:?}");

        let both = keys(&["# the newest first", &two, "", &one]);
        assert_eq!(both.ids(), [two_id.clone(), one_id.clone()]);
        assert_eq!(both.open("consignee:A", &sealed).as_deref(), Ok("1 Example Street"));
        assert_eq!(both.seal("x", "y").expect("sealed").key(), Some(two_id.as_str()));
        let lacking = SealError::Lacking { what: "consignee:A".to_owned(), key: one_id };
        assert_eq!(keys(&[&two]).open("consignee:A", &sealed), Err(lacking.clone()));
        assert_eq!(Keys::default().open("consignee:A", &sealed), Err(lacking));

        let Confidential::Sealed(inside) = &sealed else { panic!("it is plain") };
        let mut bytes = BASE64_STANDARD.decode(&inside.sealed).expect("base 64");
        for place in [0, NONCE, bytes.len() - 1] {
            bytes[place] ^= 1;
            let changed = Sealed { sealed: BASE64_STANDARD.encode(&bytes), ..inside.clone() };
            let opened = old.open("consignee:A", &Confidential::Sealed(changed));
            assert!(matches!(opened, Err(SealError::Forged { .. })), "{opened:?}");
            bytes[place] ^= 1;
        }
    }

    #[test]
    fn without_a_key_all_is_as_it_is() {
        let plain = Keys::default().seal("consignee:A", "1 Example Street").expect("kept");
        assert_eq!(serde_json::to_string(&plain).expect("JSON"), "\"1 Example Street\"");
        assert_eq!(Keys::default().open("any", &plain).as_deref(), Ok("1 Example Street"));
    }

    #[test]
    fn keys_that_were_mistyped_or_cut_off_are_refused_by_line() {
        let (key, _) = Keys::draw().expect("random");
        let cut = &key[..key.len() - CHECK];
        let wrong = |text: &str| Keys::read(text).map(|_| ()).expect_err("it was read").to_string();
        assert!(wrong(&format!("{key}\n{cut}")).starts_with("line 2 is no key: its checksum"));
        assert!(wrong("secret").contains("wbk_ID_SECRET"));
        assert_eq!(wrong("# none\n"), KeyFault::None.to_string());
    }
}
