//! Replaces names in a text.

use std::collections::HashMap;

/// Hidden names and their replacements, by first character, the longest name first.
#[derive(Debug, Default)]
pub(super) struct Names(HashMap<char, Vec<(String, String)>>);

impl Names {
    pub(super) fn new(names: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut by_first: HashMap<char, Vec<(String, String)>> = HashMap::new();
        for (name, instead) in names {
            if let Some(first) = name.chars().next() {
                by_first.entry(first).or_default().push((name, instead));
            }
        }
        for names in by_first.values_mut() {
            names.sort_by(|(one, _), (other, _)| other.len().cmp(&one.len()).then(one.cmp(other)));
            names.dedup_by(|(one, _), (other, _)| one == other);
        }
        Self(by_first)
    }

    /// Replaces the names in `text`, if they stand there as one or several whole words.
    pub(super) fn without(&self, text: &str) -> String {
        let mut told = String::with_capacity(text.len());
        let (mut rest, mut is_in_word) = (text, false);
        while let Some(next) = rest.chars().next() {
            let may_begin = !(is_in_word && is_inside(next));
            let (length, last) = match self.at(rest).filter(|_| may_begin) {
                Some((name, instead)) => {
                    told.push_str(instead);
                    (name.len(), name.chars().next_back().unwrap_or(next))
                }
                None => {
                    told.push(next);
                    (next.len_utf8(), next)
                }
            };
            is_in_word = is_inside(last);
            rest = &rest[length..];
        }
        told
    }

    /// The longest name with which `text` begins, and its replacement.
    fn at(&self, text: &str) -> Option<(&str, &str)> {
        let names = self.0.get(&text.chars().next()?)?;
        let begins = |(name, _): &&(String, String)| {
            text.strip_prefix(name.as_str())
                .is_some_and(|after| !name.ends_with(is_inside) || ends_word(after))
        };
        names.iter().find(begins).map(|(name, instead)| (name.as_str(), instead.as_str()))
    }
}

fn is_inside(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '-' | '_' | '.')
}

/// Whether a word ends before `after`. A full stop followed by a space ends a sentence, not a name.
fn ends_word(after: &str) -> bool {
    !after.trim_start_matches('.').starts_with(is_inside)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_left_out_as_they_stand_and_nowhere_else() {
        let pairs = ["AA", "AA-1", "Fund of the North", "Fund", "#1 fund", "L\u{e9}o (old)"];
        let names = Names::new(pairs.map(|name| (name.to_owned(), "X".to_owned())));
        for (text, told) in [
            ("AA pays AA-1.", "X pays X."),
            ("AA-10, AAA, BAA and XAA-1 are others", "AA-10, AAA, BAA and XAA-1 are others"),
            ("asked Fund of the North, Fund of the Northern", "asked X, X of the Northern"),
            ("Fund of the North/Laptop; (Fund)", "X/Laptop; (X)"),
            ("the #1 fund gives", "the X gives"),
            ("L\u{e9}o (old)... and L\u{e9}o", "X... and L\u{e9}o"),
            ("AA... ends, AA.", "X... ends, X."),
            ("AA.1", "AA.1"),
            ("", ""),
        ] {
            assert_eq!(names.without(text), told, "{text}");
        }
    }
}
