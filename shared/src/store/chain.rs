//! The hash chain over the log: one link a commit, SHA-256 over the link before it and the events
//! since, as stored.

use sha2::{Digest, Sha256};

/// A link's hash continues from the link before it.
pub(crate) fn link(previous: &str) -> Sha256 {
    Sha256::new().chain_update(previous)
}

/// Adds one event to a link, over the bytes as stored: three numbers and four texts behind their
/// lengths, all numbers big-endian in 64 bits.
pub(crate) fn digest(
    hash: &mut Sha256,
    (position, at, number): (i64, i64, i64),
    (actor, subject, kind, body): (&str, &str, &str, &str),
) {
    for number in [position, at, number] {
        hash.update(number.to_be_bytes());
    }
    for text in [actor, subject, kind, body] {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text);
    }
}

/// A finished link in hexadecimal.
pub(crate) fn hex(hash: Sha256) -> String {
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
