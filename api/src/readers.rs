//! What requests carry, read without a service: for whoever tries the readers with anything.

use crate::http::access::check_token;
use crate::http::request::parse;
use crate::http::routes::{CommandRequest, Sent};
use crate::queries::cursor as page;

/// The cursor after `key` of a listing of `kind`.
#[must_use]
pub fn cursor(kind: &str, key: &str) -> String {
    page::cursor(kind, key)
}

/// The key that a cursor of a listing of `kind` names, if it is one.
#[must_use]
pub fn after(kind: &str, cursor: &str) -> Option<String> {
    page::after(kind, Some(cursor)).ok().flatten()
}

/// Whether `text` has the form of a token.
#[must_use]
pub fn is_token(text: &str) -> bool {
    check_token(text).is_ok()
}

/// Whether `body` is a document as it is sent.
#[must_use]
pub fn is_document(body: &[u8]) -> bool {
    parse::<Sent>(body).is_ok()
}

/// The command in `body`, if it is one.
#[must_use]
pub fn command(body: &[u8]) -> Option<CommandRequest> {
    parse(body).ok()
}
