//! The parsers of request content, usable without a service. Fuzz tests call them with arbitrary input.

use crate::http::access::check_token;
use crate::http::request::parse;
use crate::http::routes::{CommandRequest, Sent};
use crate::queries::cursor as page;

/// A cursor for a listing of `kind` that continues after `key`.
#[must_use]
pub fn cursor(kind: &str, key: &str) -> String {
    page::cursor(kind, key)
}

/// The key inside a cursor of a listing of `kind`. `None` if the text is not such a cursor.
#[must_use]
pub fn after(kind: &str, cursor: &str) -> Option<String> {
    page::after(kind, Some(cursor)).ok().flatten()
}

/// Whether `text` has the form of a token. It need not belong to an account.
#[must_use]
pub fn is_token(text: &str) -> bool {
    check_token(text).is_ok()
}

/// Whether `body` parses as a submitted document.
#[must_use]
pub fn is_document(body: &[u8]) -> bool {
    parse::<Sent>(body).is_ok()
}

/// The command in `body`, or `None` if it does not parse as one.
#[must_use]
pub fn command(body: &[u8]) -> Option<CommandRequest> {
    parse(body).ok()
}
