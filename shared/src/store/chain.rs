//! The hash chain over the log. Each commit adds one link: the SHA-256 over the previous link and the events since
//! then, as stored. For an event's body, the link contains only the SHA-256 of the body. So the log can still be
//! verified after a body was removed because it contained an address.

use sha2::{Digest, Sha256};

/// Starts a link from the hash of the previous link.
pub(crate) fn link(previous: &str) -> Sha256 {
    Sha256::new().chain_update(previous)
}

/// Adds one event to a link, over the bytes as stored: three numbers (big-endian, 64 bits), three texts (each preceded
/// by its length in the same format), and the SHA-256 of the body.
pub(crate) fn digest(
    hash: &mut Sha256,
    numbers: (i64, i64, i64),
    (actor, subject, kind, body): (&str, &str, &str, &str),
) {
    digest_of(hash, numbers, (actor, subject, kind), &sum_of(body));
}

/// Like [`digest`], for when only the hash of the body is known.
pub(crate) fn digest_of(
    hash: &mut Sha256,
    (position, at, number): (i64, i64, i64),
    (actor, subject, kind): (&str, &str, &str),
    body: &[u8; 32],
) {
    for number in [position, at, number] {
        hash.update(number.to_be_bytes());
    }
    for text in [actor, subject, kind] {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text);
    }
    hash.update(body);
}

pub(crate) fn hex(hash: Sha256) -> String {
    hex::encode(hash.finalize())
}

/// Start of the placeholder that replaces an archived body. The archive's number and the SHA-256 of the body follow. It
/// is not valid JSON, so it cannot be confused with a body.
const ARCHIVED: &str = "#archived ";

/// The placeholder for the body with the SHA-256 `sum` in archive `number`.
#[must_use]
pub fn placeholder(number: u32, sum: &[u8; 32]) -> String {
    format!("{ARCHIVED}{number} {}", hex::encode(sum))
}

/// The archive that holds this body, and the body's SHA-256; `None` if the body is in the log.
#[must_use]
pub fn archived(body: &str) -> Option<(u32, [u8; 32])> {
    let (number, sum) = body.strip_prefix(ARCHIVED)?.split_once(' ')?;
    Some((number.parse().ok()?, unhex(sum)?))
}

/// The SHA-256 of a body, even if only its placeholder is left.
#[must_use]
pub fn sum_of(body: &str) -> [u8; 32] {
    archived(body).map_or_else(|| Sha256::digest(body).into(), |(_, sum)| sum)
}

/// Parses a SHA-256 in hexadecimal.
pub(crate) fn unhex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    hex::decode_to_slice(text, &mut bytes).ok()?;
    Some(bytes)
}
