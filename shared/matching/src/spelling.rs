//! Names that are nearly the same: what people type, paste and export for the same item.

use std::fmt;

use serde::{Deserialize, Serialize};
use unicode_security::skeleton;
use utoipa::ToSchema;

use waybill_domain::text::look_alike;

/// How two spellings differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", tag = "differs")]
pub enum Differs {
    /// Upper and lower case.
    Case,
    /// Spaces, hyphens and other marks, perhaps upper and lower case too.
    Marks,
    /// A letter of another alphabet, or a digit, that looks the same.
    LookAlike {
        /// The letter, in words.
        letter: String,
    },
    /// Some letters.
    Letters {
        /// How many letters.
        count: usize,
    },
}

impl Differs {
    /// The distance between the two. It is 0 for the same name.
    #[must_use]
    pub fn distance(&self) -> usize {
        match self {
            Self::Case | Self::Marks | Self::LookAlike { .. } => 1,
            Self::Letters { count } => count.saturating_add(1),
        }
    }
}

impl fmt::Display for Differs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Case => f.write_str("capital letters differ"),
            Self::Marks => f.write_str("spaces or marks differ"),
            Self::LookAlike { letter } => write!(f, "one has {letter}"),
            Self::Letters { count: 1 } => f.write_str("one letter differs"),
            Self::Letters { count } => write!(f, "{count} letters differ"),
        }
    }
}

/// A name in the forms that are compared.
#[derive(Debug, Clone)]
pub(super) struct Form {
    text: String,
    lower: String,
    /// Only letters and digits, in lower case.
    letters: String,
    /// The same, with one form for all characters that look alike.
    looks: String,
}

impl Form {
    pub(super) fn of(text: &str) -> Self {
        let lower = text.to_lowercase();
        let letters: String = lower.chars().filter(|c| c.is_alphanumeric()).collect();
        let looks = skeleton(&letters).collect();
        Self { text: text.to_owned(), lower, letters, looks }
    }

    /// How `self` and `other` differ, if they are near to each other.
    pub(super) fn differs(&self, other: &Self) -> Option<Differs> {
        if self.lower == other.lower {
            return Some(Differs::Case);
        }
        if self.letters == other.letters {
            // Names that consist only of marks are not alike.
            return (!self.letters.is_empty()).then_some(Differs::Marks);
        }
        if !self.looks.is_empty() && self.looks == other.looks {
            let letter = look_alike(&self.lower, &other.lower)
                .or_else(|| look_alike(&other.lower, &self.lower))
                .or_else(|| look_alike(&self.text, &other.text))
                .or_else(|| look_alike(&other.text, &self.text));
            let letter = letter.map(|letter| letter.to_string());
            let letter = letter.unwrap_or_else(|| "a letter that looks like another".to_owned());
            return Some(Differs::LookAlike { letter });
        }
        let (one, two) = (self.letters.chars().count(), other.letters.chars().count());
        // In short names, another letter means another thing.
        let reach = match one.min(two) {
            ..=3 => return None,
            4..=6 => 1,
            7.. => 2,
        };
        if one.abs_diff(two) > reach || digits(&self.letters) != digits(&other.letters) {
            return None;
        }
        let count = strsim::damerau_levenshtein(&self.letters, &other.letters);
        (count <= reach).then_some(Differs::Letters { count })
    }
}

/// The digits of a name. They say what the item is: `Switch 24` is not nearly `Switch 48`.
fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn differs(one: &str, other: &str) -> Option<Differs> {
        Form::of(one).differs(&Form::of(other))
    }

    #[test]
    fn slips_of_spelling_are_near_and_other_things_are_not() {
        assert_eq!(differs("laptop", "Laptop"), Some(Differs::Case));
        assert_eq!(differs("USB-C Hub", "usb c hub"), Some(Differs::Marks));
        assert_eq!(differs("Laptpo", "Laptop"), Some(Differs::Letters { count: 1 }));
        assert_eq!(differs("Genrator", "Generators"), Some(Differs::Letters { count: 2 }));
        let cyrillic = differs("Rоuter", "Router").map(|differs| differs.to_string());
        assert!(cyrillic.is_some_and(|text| text.contains("Cyrillic")), "a Cyrillic о");
        let capital = differs("Сable", "cable").map(|differs| differs.to_string());
        assert!(capital.is_some_and(|text| text.contains("Cyrillic")), "a Cyrillic С");
        for (one, other) in [
            ("Laptop", "Router"),
            ("UPS", "UPC"),
            ("Switch 24", "Switch 48"),
            ("Phone", "Phones case"),
            ("-", "+"),
            ("", "a"),
        ] {
            assert_eq!(differs(one, other), None, "{one} {other}");
        }
    }

    #[test]
    fn nearness_goes_both_ways() {
        for (one, other) in [("laptop", "Laptop"), ("Rоuter", "router"), ("Tablet", "Tablte")] {
            let back = differs(other, one);
            assert_eq!(differs(one, other).map(|d| d.distance()), back.map(|d| d.distance()));
        }
    }
}
