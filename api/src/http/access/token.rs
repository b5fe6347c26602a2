//! Tokens: `wbt_ID_SECRETCHECK`. The id finds the account and the secret proves it. Only a keyed hash of the secret is
//! stored. The secret is 256 random bits, so a fast hash is as safe as a slow one. Tokens of older versions have no
//! checksum and stay valid.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use waybill_shared::sealing::{Fault, text};

/// The prefix of every token. It makes leaked tokens searchable.
const PREFIX: &str = "wbt_";

/// Checks that `token` is well formed. Only the service knows whether it is valid.
///
/// # Errors
/// [`Fault`] if it is not well formed.
pub fn check_token(token: &str) -> Result<(), Fault> {
    parts(token).map(drop)
}

/// Draws a new token, for `id` if that is given. Returns the id, the token to show once, and the hash to store.
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

/// The id in a text that may or may not be a token.
pub(crate) fn claimed(token: &str) -> Option<&str> {
    token.strip_prefix(PREFIX)?.split('_').next()
}

/// Whether `kept` is the hash of `secret`. The comparison takes the same time either way.
pub(crate) fn is_right(id: &str, secret: &str, kept: &str) -> bool {
    hash(id, secret).as_bytes().ct_eq(kept.as_bytes()).into()
}

fn hash(id: &str, secret: &str) -> String {
    // HMAC accepts keys of any length, so this never fails.
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
