//! Makes text harmless that a spreadsheet would run as a formula, and restores it when it is read
//! back.

use std::borrow::Cow;

/// Whether a spreadsheet may take a cell that begins with `c` as a formula (OWASP, CSV injection).
fn is_live(c: char) -> bool {
    matches!(
        c,
        '=' | '+'
            | '-'
            | '@'
            | '\t'
            | '\r'
            | '\n'
            | '\u{ff1d}'
            | '\u{ff0b}'
            | '\u{ff0d}'
            | '\u{ff20}'
    )
}

/// Whether `text` would run as a formula without the apostrophes before it.
fn begins_live(text: &str) -> bool {
    text.trim_start_matches('\'').starts_with(is_live)
}

/// Writes `text` for a spreadsheet's cell. Text that could run gets an apostrophe, and so does text
/// that already looks as if it had got one.
#[must_use]
pub fn defused(text: &str) -> Cow<'_, str> {
    if begins_live(text) { Cow::Owned(format!("'{text}")) } else { Cow::Borrowed(text) }
}

/// Does the same for a column of numbers, where `-5` stays a number.
#[must_use]
pub fn defused_number(text: &str) -> Cow<'_, str> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_number = digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b','));
    if is_number { Cow::Borrowed(text) } else { defused(text) }
}

/// Restores the text from which [`defused`] made `cell`.
#[must_use]
pub(super) fn restored(mut cell: String) -> String {
    if cell.starts_with('\'') && begins_live(&cell) {
        cell.remove(0);
    }
    cell
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_could_run_is_defused() {
        for (text, written) in [
            ("=1+1", "'=1+1"),
            ("-2", "'-2"),
            ("\u{ff1d}1", "'\u{ff1d}1"),
            ("'=1", "''=1"),
            ("'tis", "'tis"),
            ("a=1", "a=1"),
        ] {
            assert_eq!(defused(text), written);
        }
        assert_eq!((&*defused_number("-5.25"), &*defused_number("-5+1")), ("-5.25", "'-5+1"));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(text in "'{0,3}[=+@\\t\\n\u{ff0b}a-]{0,3}") {
            let written = defused(&text).into_owned();
            prop_assert!(!written.starts_with(is_live));
            prop_assert_eq!(restored(written), text);
        }
    }
}
