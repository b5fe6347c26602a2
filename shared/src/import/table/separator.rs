//! The separators of columns in a text file.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(try_from = "String")]
pub enum Separator {
    #[default]
    Comma,
    /// `;`, common where the comma is the decimal mark.
    Semicolon,
    Tab,
    Bar,
}

impl Separator {
    /// All of them, the likeliest first.
    pub const ALL: [Self; 4] = [Self::Comma, Self::Semicolon, Self::Tab, Self::Bar];

    #[must_use]
    pub fn mark(self) -> char {
        match self {
            Self::Comma => ',',
            Self::Semicolon => ';',
            Self::Tab => '\t',
            Self::Bar => '|',
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Comma => "comma",
            Self::Semicolon => "semicolon",
            Self::Tab => "tab",
            Self::Bar => "bar",
        }
    }

    /// The separator that the first line of a file states, such as `sep=;`. `None` if it states
    /// none.
    pub(super) fn said_by(line: &str) -> Option<Result<Self, UnknownSeparator>> {
        let line = line.trim_matches([' ', '"', ',', '\u{feff}']);
        let (key, mark) = line.split_at_checked(4)?;
        key.eq_ignore_ascii_case("sep=").then(|| match mark {
            "" => Ok(Self::Comma),
            mark => mark.parse(),
        })
    }
}

impl fmt::Display for Separator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a supported separator: use comma, semicolon, tab or bar, or the character itself"
)]
pub struct UnknownSeparator(String);

impl FromStr for Separator {
    type Err = UnknownSeparator;

    /// Reads the character itself, or its name.
    fn from_str(text: &str) -> Result<Self, UnknownSeparator> {
        let is_meant = |separator: &Self| {
            let mut mark = [0; 4];
            text == &*separator.mark().encode_utf8(&mut mark)
                || text.eq_ignore_ascii_case(separator.name())
                || (text == "\\t" && *separator == Self::Tab)
        };
        let found = Self::ALL.into_iter().find(is_meant);
        found.ok_or_else(|| UnknownSeparator(text.to_owned()))
    }
}

impl TryFrom<String> for Separator {
    type Error = UnknownSeparator;

    fn try_from(text: String) -> Result<Self, UnknownSeparator> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_first_line_may_say_it() {
        for (line, said) in [
            ("sep=;", Some(Ok(Separator::Semicolon))),
            ("\"SEP=|\"", Some(Ok(Separator::Bar))),
            ("sep=\t", Some(Ok(Separator::Tab))),
            ("sep=,", Some(Ok(Separator::Comma))),
            ("sep=x", Some(Err(UnknownSeparator("x".into())))),
            ("separator", None),
            ("\u{e9}\u{e9}\u{e9}", None),
        ] {
            assert_eq!(Separator::said_by(line), said, "{line}");
        }
    }
}
