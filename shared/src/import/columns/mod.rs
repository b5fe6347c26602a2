//! Describes the columns of each file once, for the readers, the templates and the reference of file formats.

mod contributions;
pub(in crate::import) mod lines;
mod parties;
mod reference;
mod settings;
mod supply;

use crate::domain::text::canonical;

pub(super) use contributions::{CONTRIBUTIONS, FIRMNESS};
pub(super) use lines::{KINDS, LINES};
pub(super) use parties::{GROUPS, PARTIES, ROLES};
pub(super) use reference::{CODES, CONSIGNEES, PROHIBITED, RATES};
pub(super) use settings::{SETTINGS, YES};
pub(super) use supply::{CHARGE_KINDS, CHARGES, OFFERS};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    English,
    French,
    Ukrainian,
}

impl Language {
    /// Picks this language's text. `texts` is in the order of the variants.
    pub(super) const fn of(self, texts: [&str; 3]) -> &str {
        match self {
            Self::English => texts[0],
            Self::French => texts[1],
            Self::Ukrainian => texts[2],
        }
    }
}

/// What a column's cells hold. Templates format and check cells by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cell {
    /// An id, a code, a name, or a list of these.
    Name,
    Text,
    Day,
    /// A number that may have decimals.
    Number,
    Whole,
    One(&'static [&'static str]),
    Unit,
    Currency,
    /// A value of the first column of the named section.
    Of(&'static str),
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Field<'a> {
    pub(super) name: &'a str,
    /// Whether the file must have this column.
    pub(super) required: bool,
    pub(super) cell: Cell,
    /// The headings, in the order of [`Language`]. Empty if only the name is used.
    titles: [&'static str; 3],
    /// The explanations, in the order of [`Language`].
    meaning: [&'static str; 3],
    pub(super) example: &'static str,
}

pub(super) const fn required(name: &str) -> Field<'_> {
    Field { name, required: true, cell: Cell::Text, titles: [""; 3], meaning: [""; 3], example: "" }
}

pub(super) const fn optional(name: &str) -> Field<'_> {
    Field { required: false, ..required(name) }
}

impl Field<'_> {
    const fn as_cell(self, cell: Cell) -> Self {
        Self { cell, ..self }
    }

    const fn titled(self, titles: [&'static str; 3]) -> Self {
        Self { titles, ..self }
    }

    const fn means(self, meaning: [&'static str; 3]) -> Self {
        Self { meaning, ..self }
    }

    const fn such_as(self, example: &'static str) -> Self {
        Self { example, ..self }
    }

    pub(super) fn title(&self, language: Language) -> &'static str {
        language.of(self.titles)
    }

    /// The explanation. Text to be typed literally is in backticks.
    pub(super) fn meaning(&self, language: Language) -> &'static str {
        language.of(self.meaning)
    }

    /// The name and the heading in each language, normalized for comparison.
    pub(super) fn headings(&self) -> impl Iterator<Item = String> {
        let [first, second, third]: [&str; 3] = self.titles;
        let all = [self.name, first, second, third].into_iter();
        all.filter(|heading| !heading.is_empty()).map(compared)
    }
}

/// The names of `choices`, in the same order.
const fn names<T: Copy, const N: usize>(choices: &[(&'static str, T); N]) -> [&'static str; N] {
    let mut names = [""; N];
    let mut at = 0;
    while at < N {
        names[at] = choices[at].0;
        at += 1;
    }
    names
}

/// A file or sheet, and its section in the reference.
#[derive(Debug, Clone, Copy)]
pub(super) struct Section<'a> {
    /// The heading in the reference of file formats.
    pub(super) name: &'a str,
    /// The names of its sheet, in the order of [`Language`].
    pub(super) titles: [&'static str; 3],
    pub(super) fields: &'a [Field<'a>],
    /// Columns that are accepted and skipped.
    pub(super) ignored: &'a [&'a str],
}

impl<'a> Section<'a> {
    pub(super) fn title(&self, language: Language) -> &'static str {
        language.of(self.titles)
    }

    /// Whether a sheet called `name` contains this table.
    pub(super) fn is_titled(&self, name: &str) -> bool {
        let name = compared(name);
        self.name == name || self.titles.iter().any(|title| compared(title) == name)
    }
}

/// A heading or a sheet's name, normalized for comparison.
pub(super) fn compared(heading: &str) -> String {
    canonical(heading).to_lowercase().replace('’', "'")
}

/// The name of the sheet that explains the others, in the order of [`Language`].
pub(super) const GUIDE: [&str; 3] = ["Guide", "Mode d'emploi", "Довідка"];

/// All tables of a coalition, in the order in which a person fills them in.
pub(super) const SECTIONS: [Section<'static>; 11] = [
    SETTINGS,
    PARTIES,
    CONTRIBUTIONS,
    OFFERS,
    LINES,
    CONSIGNEES,
    CODES,
    GROUPS,
    CHARGES,
    PROHIBITED,
    RATES,
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_heading_means_one_column() {
        for section in SECTIONS {
            let mut seen = HashSet::new();
            for field in section.fields {
                let headings: HashSet<String> =
                    field.titles.iter().chain([&field.name]).map(|t| t.to_lowercase()).collect();
                for heading in headings {
                    assert!(!heading.is_empty(), "{} {}", section.name, field.name);
                    assert!(seen.insert(heading.clone()), "{}: {heading}", section.name);
                }
                assert!(field.meaning.iter().all(|text| !text.is_empty()), "{}", field.name);
            }
        }
    }

    #[test]
    fn a_sheet_is_of_one_section() {
        for section in SECTIONS {
            for title in section.titles.iter().chain([&section.name]) {
                let of = SECTIONS.iter().filter(|other| other.is_titled(title)).count();
                assert_eq!(of, 1, "{title}");
            }
        }
    }
}
