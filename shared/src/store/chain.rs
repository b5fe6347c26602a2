//! The hash chain over the log: one link a commit, SHA-256 over the link before it and the events
//! since, as stored. Of an event's body its own SHA-256 goes in, so that a log from which a body was
//! left out, because it says where somebody is, can still be verified.

use sha2::{Digest, Sha256};

/// A link's hash continues from the link before it.
pub(crate) fn link(previous: &str) -> Sha256 {
    Sha256::new().chain_update(previous)
}

/// Adds one event to a link, over the bytes as stored: three numbers, three texts behind their
/// lengths, all numbers big-endian in 64 bits, and the SHA-256 of the body.
pub(crate) fn digest(
    hash: &mut Sha256,
    numbers: (i64, i64, i64),
    (actor, subject, kind, body): (&str, &str, &str, &str),
) {
    digest_of(hash, numbers, (actor, subject, kind), &sum_of(body));
}

/// The same where the body itself is not there.
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

/// A finished link in hexadecimal.
pub(crate) fn hex(hash: Sha256) -> String {
    hex::encode(hash.finalize())
}

/// What stands for a body that is in an archive: the archive's number, and the SHA-256 of the body. It is no JSON, which
/// every body is.
const ARCHIVED: &str = "#archived ";

/// What stands in the log for the body with the SHA-256 `sum`, which is in the archive `number`.
#[must_use]
pub fn placeholder(number: u32, sum: &[u8; 32]) -> String {
    format!("{ARCHIVED}{number} {}", hex::encode(sum))
}

/// The archive that a body is in, and its SHA-256; none: it is here.
#[must_use]
pub fn archived(body: &str) -> Option<(u32, [u8; 32])> {
    let (number, sum) = body.strip_prefix(ARCHIVED)?.split_once(' ')?;
    Some((number.parse().ok()?, unhex(sum)?))
}

/// The SHA-256 of a body, wherever that is.
#[must_use]
pub fn sum_of(body: &str) -> [u8; 32] {
    archived(body).map_or_else(|| Sha256::digest(body).into(), |(_, sum)| sum)
}

/// A SHA-256 in hexadecimal, read.
pub(crate) fn unhex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    hex::decode_to_slice(text, &mut bytes).ok()?;
    Some(bytes)
}
