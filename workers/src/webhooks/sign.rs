//! Signatures according to Standard Webhooks (standardwebhooks.com): HMAC-SHA-256 of id, time and
//! body, once for each valid secret.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chrono::TimeDelta;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use waybill_shared::domain::confidential::Confidential;
use waybill_shared::domain::lot::Timestamp;
use waybill_shared::domain::webhook::Secrets;

/// The prefix of every secret.
const PREFIX: &str = "whsec_";

/// How long a replaced secret still signs, together with its successor.
const BOTH: TimeDelta = TimeDelta::hours(24);

/// A new secret of 256 random bits.
///
/// # Errors
/// [`getrandom::Error`] if the system gives no random numbers.
pub fn new_secret() -> Result<String, getrandom::Error> {
    let mut secret = [0; 32];
    getrandom::fill(&mut secret)?;
    Ok(format!("{PREFIX}{}", BASE64_STANDARD.encode(secret)))
}

/// `secrets` with `new` as the current one. The previous one still signs for 24 hours.
#[must_use]
pub fn rotated(secrets: &Secrets, new: String, now: Timestamp) -> Secrets {
    Secrets {
        current: Confidential::Plain(new),
        before: Some((secrets.current.clone(), now + BOTH)),
    }
}

/// The value of the header `webhook-signature`.
pub(super) fn signatures(secrets: &Secrets<String>, id: &str, at: Timestamp, body: &str) -> String {
    let before = secrets.before.iter().filter(|(_, until)| at < *until).map(|(secret, _)| secret);
    let all = std::iter::once(&secrets.current).chain(before);
    all.map(|secret| signature(secret, id, at.timestamp(), body)).collect::<Vec<_>>().join(" ")
}

fn signature(secret: &str, id: &str, at: i64, body: &str) -> String {
    let key = secret.strip_prefix(PREFIX).unwrap_or(secret);
    let key = BASE64_STANDARD.decode(key).unwrap_or_default();
    // HMAC accepts keys of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&key) else { return String::new() };
    for part in [id, ".", &at.to_string(), ".", body] {
        mac.update(part.as_bytes());
    }
    format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use waybill_shared::sealing::Keys;

    /// The example of the specification.
    #[test]
    fn a_signature_is_that_of_the_specification() {
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        let (id, at) = ("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330);
        let body = r#"{"test": 2432232314}"#;
        let expected = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        assert_eq!(signature(secret, id, at, body), expected);
    }

    #[test]
    fn both_secrets_sign_for_a_day() {
        let keys = Keys::default();
        let first = Secrets { current: new_secret().expect("random").into(), before: None };
        let at = Timestamp::UNIX_EPOCH;
        let both = rotated(&first, new_secret().expect("random"), at);
        let both = waybill_shared::sealed::secrets(&keys, "wh", &both).expect("plain");
        let first = waybill_shared::sealed::secrets(&keys, "wh", &first).expect("plain");
        let old = signatures(&first, "1", at, "{}");
        let signed = signatures(&both, "1", at, "{}");
        assert!(signed.split(' ').count() == 2 && signed.ends_with(&old), "{signed}");
        let later = at + TimeDelta::hours(25);
        assert_eq!(signatures(&both, "1", later, "{}").split(' ').count(), 1);
    }
}
