//! Text that names something: ids, codes, parties, items and units.
//!
//! People type, paste and export the same name in different bytes. Names are compared and looked up in one
//! canonical form. Characters that print does not show are refused. Letters of another alphabet that look the same
//! are reported.

use std::borrow::Cow;
use std::fmt;

use unicode_normalization::{UnicodeNormalization as _, is_nfc};
use unicode_security::skeleton;

/// The canonical form of a name: Unicode NFC, with single spaces instead of runs of white space, and no white space
/// at either end.
///
/// Canonically equivalent texts look the same in print (Unicode Standard Annex 15). So two names that a person can
/// tell apart stay different.
#[must_use]
pub fn canonical(text: &str) -> Cow<'_, str> {
    let is_plain = |text: &str| {
        let mut before = ' ';
        text.chars().all(|c| {
            let is_run = c == ' ' && before == ' ';
            before = c;
            c == ' ' && !is_run || !c.is_whitespace()
        }) && before != ' '
    };
    if is_nfc(text) && (text.is_empty() || is_plain(text)) {
        return Cow::Borrowed(text);
    }
    let normal: String = text.nfc().collect();
    Cow::Owned(normal.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// A character that print does not show. It can make two names differ that look alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("contains the invisible character U+{code:04X} ({name})", code = u32::from(*.character))]
pub struct Invisible {
    pub character: char,
    pub name: &'static str,
}

/// The first control, zero-width or direction character of `text`, except tab and line ends.
#[must_use]
pub fn invisible(text: &str) -> Option<Invisible> {
    let named = |character: char| {
        let name = match character {
            '\n' | '\r' | '\t' => return None,
            '\u{AD}' => "soft hyphen",
            '\u{34F}' => "grapheme joiner",
            '\u{61C}' | '\u{200E}' | '\u{200F}' => "direction mark",
            '\u{180E}' | '\u{200B}' => "zero-width space",
            '\u{200C}' => "zero-width non-joiner",
            '\u{200D}' => "zero-width joiner",
            '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => "direction control",
            '\u{2060}'..='\u{2064}' => "invisible operator",
            '\u{FEFF}' => "byte order mark",
            c if c.is_control() => "control character",
            _ => return None,
        };
        Some(Invisible { character, name })
    };
    text.chars().find_map(named)
}

/// A letter of one alphabet among letters of another in the same word, such as a Cyrillic `М` in `REQ-М1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LookAlike {
    /// The letter that does not belong.
    pub letter: char,
    pub script: Script,
    /// The Latin letter that it looks like.
    pub like: char,
}

/// An alphabet whose letters are mistaken for Latin ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Script {
    Cyrillic,
    Greek,
    /// Full-width Latin letters, which East Asian keyboards produce, and mathematical letters.
    Other,
}

impl Script {
    fn of(letter: char) -> Self {
        match letter {
            '\u{370}'..='\u{3FF}' => Self::Greek,
            '\u{400}'..='\u{52F}' => Self::Cyrillic,
            _ => Self::Other,
        }
    }
}

impl fmt::Display for LookAlike {
    /// `the Cyrillic letter М (U+041C), which looks like the Latin M`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { letter, like, .. } = self;
        let script = match self.script {
            Script::Cyrillic => "the Cyrillic letter ",
            Script::Greek => "the Greek letter ",
            Script::Other => "the letter ",
        };
        let code = u32::from(*letter);
        write!(f, "{script}{letter} (U+{code:04X}), which looks like the Latin {like}")
    }
}

/// The Latin letter or digit that `letter` looks like. `None` if it is Latin, or looks like none.
fn latin(letter: char) -> Option<char> {
    if letter.is_ascii() || !letter.is_alphabetic() {
        return None;
    }
    let text = letter.to_string();
    let mut alike = skeleton(&text);
    let first = alike.next()?;
    (alike.next().is_none() && first.is_ascii_alphanumeric()).then_some(first)
}

/// The first letter in `text` that only looks like a Latin one, in a word that also has Latin letters. Words
/// entirely in another alphabet are fine.
#[must_use]
pub fn mixed(text: &str) -> Option<LookAlike> {
    let words = text.split(|c: char| !c.is_alphanumeric());
    let is_latin = |word: &&str| word.chars().any(|c| c.is_ascii_alphabetic());
    let found = |letter: char| {
        let like = latin(letter)?;
        Some(LookAlike { letter, script: Script::of(letter), like })
    };
    words.filter(is_latin).find_map(|word| word.chars().find_map(found))
}

/// The first letter in which `text` differs from `other`, although both look the same in print.
#[must_use]
pub fn look_alike(text: &str, other: &str) -> Option<LookAlike> {
    if text == other || !skeleton(text).eq(skeleton(other)) {
        return None;
    }
    text.chars().zip(other.chars()).filter(|(one, other)| one != other).find_map(|(letter, _)| {
        let like = latin(letter)?;
        Some(LookAlike { letter, script: Script::of(letter), like })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_name_has_one_form_however_it_was_typed() {
        for (written, form) in [
            ("Re\u{301}f-1", "R\u{e9}f-1"),
            ("  MIN ", "MIN"),
            ("Routeur\u{a0}d\u{e9}port\u{e9}", "Routeur d\u{e9}port\u{e9}"),
            ("a  b\tc", "a b c"),
            ("", ""),
            ("0012", "0012"),
        ] {
            assert_eq!(canonical(written), form, "{written:?}");
        }
        assert!(matches!(canonical("REQ-2026/1 x"), Cow::Borrowed(_)));
    }

    #[test]
    fn what_print_does_not_show_is_found() {
        for hidden in ["M\u{200b}IN", "M\u{202e}IN", "M\u{ad}IN", "M\u{7}IN", "\u{feff}MIN", "M\0"]
        {
            assert!(invisible(hidden).is_some(), "{hidden:?}");
        }
        assert_eq!(invisible("R\u{e9}f-1 Київ\n"), None);
        let shown = invisible("a\u{200b}").map(|found| found.to_string());
        let text = "contains the invisible character U+200B (zero-width space)";
        assert_eq!(shown.as_deref(), Some(text));
    }

    #[test]
    fn letters_of_another_alphabet_are_named_among_latin_ones_only() {
        let found = mixed("\u{41c}IN").map(|found| found.to_string());
        let text = "the Cyrillic letter \u{41c} (U+041C), which looks like the Latin M";
        assert_eq!(found.as_deref(), Some(text));
        assert_eq!(mixed("МОУ-1"), None, "a Cyrillic word");
        assert_eq!(mixed("Київ router"), None, "two words");
        assert_eq!(mixed("ÄÖÜ-é"), None);
        assert!(look_alike("М\u{406}N", "MIN").is_some());
        assert_eq!(look_alike("MIN", "MIN"), None);
        assert_eq!(look_alike("MIM", "MIN"), None);
    }

    proptest! {
        #[test]
        fn the_canonical_form_is_its_own(text in "\\PC{0,12}[ \\t\\u{a0}]{0,3}\\PC{0,12}") {
            let once = canonical(&text).into_owned();
            prop_assert_eq!(&*canonical(&once), once.as_str());
            prop_assert_eq!(once.trim(), once.as_str());
        }
    }
}
