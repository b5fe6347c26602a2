//! Secrets as text: `PREFIX_ID_SECRETCHECK`. The last six characters are a CRC-32 of the text before them. So a typo or
//! a cut-off secret is detected without a query, and scanners for leaked secrets get no false matches.

/// The characters of secrets and checksums. A double click selects the whole secret.
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The length of the random part: more than 256 bits.
pub const SECRET: usize = 43;

/// The length of a checksum.
pub const CHECK: usize = 6;

/// What is wrong with a secret's text, as far as the text alone shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It does not have the form of a secret.
    #[error("it does not have the form {0}ID_SECRET")]
    Form(&'static str),
    /// The checksum does not match.
    #[error("its checksum does not match: it was mistyped or cut off")]
    Checksum,
}

/// Random bytes in hexadecimal, for use as an id.
///
/// # Errors
/// [`getrandom::Error`] if the system provides no random numbers.
pub fn new_id<const BYTES: usize>() -> Result<String, getrandom::Error> {
    let mut drawn = [0; BYTES];
    getrandom::fill(&mut drawn)?;
    Ok(hex::encode(drawn))
}

/// Creates a secret with `prefix` and `id`. Returns the whole text, and its random part.
///
/// # Errors
/// [`getrandom::Error`] if the system provides no random numbers.
pub fn draw(prefix: &str, id: &str) -> Result<(String, String), getrandom::Error> {
    let secret = secret()?;
    let text = format!("{prefix}{id}_{secret}");
    let check = checksum(&text);
    Ok((format!("{text}{check}"), secret))
}

/// Random characters, evenly distributed.
fn secret() -> Result<String, getrandom::Error> {
    let mut secret = String::with_capacity(SECRET);
    while secret.len() < SECRET {
        let mut drawn = [0; 64];
        getrandom::fill(&mut drawn)?;
        // 248 is the largest multiple of 62 that fits in a byte. Larger bytes would distort the distribution.
        let fair = drawn.into_iter().filter(|byte| *byte < 248);
        secret.extend(fair.map(|byte| digit(byte.into())).take(SECRET - secret.len()));
    }
    Ok(secret)
}

fn digit(number: u32) -> char {
    char::from(ALPHABET[number as usize % ALPHABET.len()])
}

/// The checksum of `text`, in base 62.
fn checksum(text: &str) -> String {
    let mut left = crc32fast::hash(text.as_bytes());
    let mut digits = ['0'; CHECK];
    for place in digits.iter_mut().rev() {
        *place = digit(left);
        left /= 62;
    }
    digits.iter().collect()
}

/// The id in `text` and the rest: the random part and, if the rest is longer than that, a checksum that matches.
///
/// # Errors
/// [`Fault`] if `text` is not a secret.
pub fn parts<'a>(prefix: &'static str, text: &'a str) -> Result<(&'a str, &'a str), Fault> {
    let form = Fault::Form(prefix);
    let (id, secret) =
        text.strip_prefix(prefix).and_then(|rest| rest.split_once('_')).ok_or(form)?;
    let is_digit = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if id.is_empty() || !secret.bytes().all(is_digit) {
        return Err(form);
    }
    match secret.len() {
        SECRET => Ok((id, secret)),
        length if length == SECRET + CHECK => {
            let (front, check) = text.split_at(text.len() - CHECK);
            let fits = checksum(front) == check;
            if fits { Ok((id, &secret[..SECRET])) } else { Err(Fault::Checksum) }
        }
        _ => Err(Fault::Checksum),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_seen() {
        let (text, secret) = draw("wbt_", "0a1b2c3d4e5f").expect("random");
        assert_eq!(parts("wbt_", &text), Ok(("0a1b2c3d4e5f", secret.as_str())));
        let bytes = text.as_bytes();
        let is_none = |bytes: Vec<u8>| {
            let slip = String::from_utf8(bytes).expect("text");
            assert!(slip == text || parts("wbt_", &slip).is_err(), "{slip} for {text}");
        };
        for place in 0..bytes.len() {
            for other in [b'0', b'z', b'_', b' '] {
                let mut slip = bytes.to_vec();
                slip[place] = other;
                is_none(slip);
            }
            let mut swapped = bytes.to_vec();
            swapped.swap(place, (place + 1) % bytes.len());
            is_none(swapped);
            // A text without exactly its checksum looks like a secret of an older version.
            let cut = &text[..place];
            assert_eq!(parts("wbt_", cut).is_ok(), place == bytes.len() - CHECK, "{cut}");
        }
    }

    /// The format is documented, so that other programs can compute it: CRC-32 as in zlib, in base 62 with the digits
    /// first.
    #[test]
    fn the_checksum_is_as_described() {
        assert_eq!(checksum("123456789"), "3jZRME");
        assert_eq!(checksum(""), "000000");
    }
}
