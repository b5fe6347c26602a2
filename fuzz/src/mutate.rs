//! Makes inputs by mutating inputs that a reader accepts.

use fastrand::Rng;
use mutatis::Session;

use crate::Target;

/// Words that are likely to be out of place in any format.
const ANYWHERE: [&str; 38] = [
    "",
    "0",
    "-1",
    "-0",
    "1e309",
    "0.0001",
    "1,000",
    "1.000",
    "9223372036854775807",
    "-9223372036854775808",
    "999999999999999",
    "1000000000000000",
    "18446744073709551616",
    "4294967295",
    "2100-12-31",
    "2101-01-01",
    "-262143-01-01",
    "+262142-12-31",
    "0000-00-00",
    "2024-02-30",
    "\0",
    "\u{1b}[2J",
    "\u{202e}",
    "\u{200b}",
    "\u{feff}",
    "e\u{301}",
    "\u{41c}",
    "\u{10ffff}",
    "\"",
    "\n",
    "\r\n",
    ";",
    "\t",
    "=1+1",
    "null",
    "[]",
    "{}",
    " ",
];

/// The longest input, in bytes.
const LONGEST: usize = 16 * 1024;

/// The input with this number. The same seed and number always give the same input.
pub(crate) fn input(target: &Target, seed: u64, number: u64) -> Vec<u8> {
    let mut rng = Rng::with_seed(seed ^ number.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    let mut bytes = match rng.u8(0..32) {
        0 => (0..rng.usize(0..64)).map(|_| rng.u8(..)).collect(),
        _ => rng.choice(&target.corpus).cloned().unwrap_or_default(),
    };
    // Some inputs are not changed at all.
    for _ in 0..(1 << rng.u32(0..5)) - 1 {
        change(target, &mut rng, &mut bytes);
    }
    bytes.truncate(LONGEST);
    bytes
}

fn change(target: &Target, rng: &mut Rng, bytes: &mut Vec<u8>) {
    match rng.u8(0..8) {
        0 => {
            Session::new().seed(rng.u64(..)).mutate(bytes).ok();
        }
        1 if !bytes.is_empty() => {
            let at = rng.usize(0..bytes.len());
            bytes[at] ^= 1 << rng.u8(0..8);
        }
        2 | 3 => {
            let at = rng.usize(0..=bytes.len());
            let word = word(target, rng);
            bytes.splice(at..at, word.bytes());
        }
        4 | 5 => {
            let range = token(bytes, rng);
            let word = word(target, rng);
            bytes.splice(range, word.bytes());
        }
        6 => {
            let range = part(bytes, rng);
            bytes.drain(range);
        }
        _ => {
            let from = rng.choice(&target.corpus).cloned().unwrap_or_default();
            let from = if rng.bool() { from } else { bytes.clone() };
            let taken = from[part(&from, rng)].to_vec();
            let at = rng.usize(0..=bytes.len());
            bytes.splice(at..at, taken);
        }
    }
}

fn word(target: &Target, rng: &mut Rng) -> &'static str {
    let words = if rng.bool() && !target.words.is_empty() { target.words } else { &ANYWHERE };
    rng.choice(words).copied().unwrap_or_default()
}

/// A random range of less than 64 bytes.
fn part(bytes: &[u8], rng: &mut Rng) -> std::ops::Range<usize> {
    let from = rng.usize(0..=bytes.len());
    let to = (from + rng.usize(0..64)).min(bytes.len());
    from..to
}

/// The range of the word at a random place.
fn token(bytes: &[u8], rng: &mut Rng) -> std::ops::Range<usize> {
    let at = rng.usize(0..=bytes.len());
    let is_inside = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let before = bytes[..at].iter().rev().take_while(|byte| is_inside(byte)).count();
    let after = bytes[at..].iter().take_while(|byte| is_inside(byte)).count();
    at - before..at + after
}
