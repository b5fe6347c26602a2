//! Tokens: `wbt_ID_SECRET`. The id finds the account, the secret proves it; of the secret only a keyed
//! hash is kept. It is 256 random bits, so a fast hash is as good as a slow one.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// What every token begins with, so that one that leaked is found by searching for it.
pub(crate) const PREFIX: &str = "wbt_";

/// A new token, with this id if one is given: its id, the token to be shown once, and the hash to be kept.
pub(crate) fn issue(id: Option<&str>) -> Result<(String, String, String), getrandom::Error> {
    let mut drawn = [0; 6];
    let mut secret = [0; 32];
    getrandom::fill(&mut drawn)?;
    getrandom::fill(&mut secret)?;
    let id = id.map_or_else(|| hex(&drawn), str::to_owned);
    let secret = BASE64_URL_SAFE_NO_PAD.encode(secret);
    let hash = hash(&id, &secret);
    Ok((id.clone(), format!("{PREFIX}{id}_{secret}"), hash))
}

/// The id and the secret of a token; none if it is none.
pub(crate) fn parts(token: &str) -> Option<(&str, &str)> {
    token.strip_prefix(PREFIX)?.split_once('_')
}

/// Whether `secret` is the one of which `kept` is the hash; takes as long either way.
pub(crate) fn is_right(id: &str, secret: &str, kept: &str) -> bool {
    hash(id, secret).as_bytes().ct_eq(kept.as_bytes()).into()
}

fn hash(id: &str, secret: &str) -> String {
    // A key of any length is taken.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(id.as_bytes()) else { return String::new() };
    mac.update(secret.as_bytes());
    hex(&mac.finalize().into_bytes())
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
