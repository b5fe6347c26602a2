//! Finds NUL characters, which Postgres cannot store, before anything is written.

use std::io::{self, BufRead};

use serde_json::Value;

/// A row of an export that contains a NUL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NulFound {
    /// The row's line in the file, from 1.
    pub row: u64,
    /// What the row is about.
    pub what: String,
}

/// The first row of an export with a NUL in one of its texts.
///
/// # Errors
/// The file cannot be read.
pub fn first_nul(mut file: impl BufRead) -> io::Result<Option<NulFound>> {
    let mut line = Vec::new();
    for row in 1.. {
        line.clear();
        if file.read_until(b'\n', &mut line)? == 0 {
            break;
        }
        if holds_nul(&line) {
            return Ok(Some(NulFound { row, what: what(&line) }));
        }
    }
    Ok(None)
}

/// Whether a text in this JSON contains a NUL: `\u0000`, unless the backslash is itself escaped. The body of an event
/// is a text that contains JSON, so its escapes are escaped once more.
fn holds_nul(json: &[u8]) -> bool {
    let mut at = 0;
    while at < json.len() {
        match json[at] {
            b'\\' if json[at + 1..].starts_with(b"u0000") => return true,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    false
}

/// What a row is about, as far as it can be read.
fn what(json: &[u8]) -> String {
    let row: Value = serde_json::from_slice(json).unwrap_or_default();
    let inside = row.as_object().and_then(|row| row.values().next()).cloned().unwrap_or_default();
    let text = |name: &str| inside[name].as_str().or(row[name].as_str());
    let said = match (text("subject"), text("kind"), text("id")) {
        (Some(subject), _, _) => subject.to_owned(),
        (None, Some(kind), Some(id)) => format!("{kind}:{id}"),
        _ => "it".to_owned(),
    };
    said.escape_debug().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nul_is_found_where_it_is_one() {
        let rows = [
            r#"{"event":{"subject":"contribution:A","body":"{\"id\":\"a\\u0000b\"}"}}"#,
            r#"{"record":{"kind":"note","id":"a\\u0000"}}"#,
            r#"{"record":{"kind":"contribution","id":"a\u0000b"}}"#,
        ];
        let found = |rows: &[&str]| first_nul(rows.join("\n").as_bytes()).expect("read");
        assert_eq!(found(&rows[..2]), None);
        let what = "contribution:a\\0b".to_owned();
        assert_eq!(found(&rows), Some(NulFound { row: 3, what }));
    }
}
