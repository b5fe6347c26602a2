//! Tokens: `wbt_ID_SECRETCHECK`. The id finds the account, the secret proves it; of the secret only a keyed
//! hash is kept. It is 256 random bits, so a fast hash is as good as a slow one. Tokens of older programs have no
//! checksum, and hold.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use waybill_shared::sealing::{Fault, text};

/// What every token begins with, so that one that leaked is found by searching for it.
const PREFIX: &str = "wbt_";

/// Whether `token` can be one at all; whether it holds only the service knows.
///
/// # Errors
/// [`Fault`] if not.
pub fn check_token(token: &str) -> Result<(), Fault> {
    parts(token).map(drop)
}

/// A new token, with this id if one is given: its id, the token to be shown once, and the hash to be kept.
pub(crate) fn issue(id: Option<&str>) -> Result<(String, String, String), getrandom::Error> {
    let id = id.map_or_else(text::new_id::<6>, |id| Ok(id.to_owned()))?;
    let (token, secret) = text::draw(PREFIX, &id)?;
    let hash = hash(&id, &secret);
    Ok((id, token, hash))
}

/// The id and the secret of a token.
pub(crate) fn parts(token: &str) -> Result<(&str, &str), Fault> {
    text::parts(PREFIX, token)
}

/// The id that a text claims, which need not be a token.
pub(crate) fn claimed(token: &str) -> Option<&str> {
    token.strip_prefix(PREFIX)?.split('_').next()
}

/// Whether `secret` is the one of which `kept` is the hash; takes as long either way.
pub(crate) fn is_right(id: &str, secret: &str, kept: &str) -> bool {
    hash(id, secret).as_bytes().ct_eq(kept.as_bytes()).into()
}

fn hash(id: &str, secret: &str) -> String {
    // A key of any length is taken.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(id.as_bytes()) else { return String::new() };
    mac.update(secret.as_bytes());
    hex::encode(mac.finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_of_an_older_program_holds() {
        let old = "wbt_0a1b2c3d4e5f_Zm9v_mFyLWJhei1xdXV4LWZvby1iYXItYmF6LXF1dXg";
        let (id, secret) = parts(old).expect("a token");
        assert_eq!((id, secret.len()), ("0a1b2c3d4e5f", text::SECRET));
        assert!(is_right(id, secret, &hash(id, secret)));
    }
}
