//! What the columns of each file are: the one description that readers, templates and the reference of file formats share.

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

/// A language of header texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// English.
    English,
    /// French.
    French,
    /// Ukrainian.
    Ukrainian,
}

impl Language {
    /// The one of `texts`, which are in the order of the variants.
    pub(super) const fn of(self, texts: [&str; 3]) -> &str {
        match self {
            Self::English => texts[0],
            Self::French => texts[1],
            Self::Ukrainian => texts[2],
        }
    }
}

/// What a cell of a column holds: a template formats and checks it by this.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cell {
    /// An id, a code, a name, or a list of them.
    Name,
    /// Any text.
    Text,
    /// A day.
    Day,
    /// A number, perhaps with decimals.
    Number,
    /// A whole number.
    Whole,
    /// One of these words.
    One(&'static [&'static str]),
    /// The code of a unit.
    Unit,
    /// The code of a currency.
    Currency,
    /// What the first column of this section names.
    Of(&'static str),
}

/// A field that a file may or must give.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field<'a> {
    /// Our name for it.
    pub(super) name: &'a str,
    /// Whether the file must have it.
    pub(super) required: bool,
    /// What a cell holds.
    pub(super) cell: Cell,
    /// Its headings, by language; empty where its name is all there is.
    titles: [&'static str; 3],
    /// What it means, by language.
    meaning: [&'static str; 3],
    /// An example of a value.
    pub(super) example: &'static str,
}

/// A field that a file must give.
pub(super) const fn required(name: &str) -> Field<'_> {
    Field { name, required: true, cell: Cell::Text, titles: [""; 3], meaning: [""; 3], example: "" }
}

/// A field that a file may leave out.
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

    /// Its heading.
    pub(super) fn title(&self, language: Language) -> &'static str {
        language.of(self.titles)
    }

    /// What it means; what is to be written as it stands is between backticks.
    pub(super) fn meaning(&self, language: Language) -> &'static str {
        language.of(self.meaning)
    }

    /// Its name, and what stands above its column in each language, in the form by which headings are compared.
    pub(super) fn headings(&self) -> impl Iterator<Item = String> {
        let [first, second, third]: [&str; 3] = self.titles;
        let all = [self.name, first, second, third].into_iter();
        all.filter(|heading| !heading.is_empty()).map(compared)
    }
}

/// The names of `choices`, in their order.
const fn names<T: Copy, const N: usize>(choices: &[(&'static str, T); N]) -> [&'static str; N] {
    let mut names = [""; N];
    let mut at = 0;
    while at < N {
        names[at] = choices[at].0;
        at += 1;
    }
    names
}

/// What a file is, and where its reference stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Section<'a> {
    /// The heading in the reference of file formats.
    pub(super) name: &'a str,
    /// What a sheet of it is called, by language.
    pub(super) titles: [&'static str; 3],
    /// What may stand in the file.
    pub(super) fields: &'a [Field<'a>],
    /// Columns that may be there and mean nothing.
    pub(super) ignored: &'a [&'a str],
}

impl<'a> Section<'a> {
    /// What a sheet of it is called.
    pub(super) fn title(&self, language: Language) -> &'static str {
        language.of(self.titles)
    }

    /// Whether a sheet called `name` is of it.
    pub(super) fn is_titled(&self, name: &str) -> bool {
        let name = compared(name);
        self.name == name || self.titles.iter().any(|title| compared(title) == name)
    }
}

/// A heading or the name of a sheet, in the form by which such are compared.
pub(super) fn compared(heading: &str) -> String {
    canonical(heading).to_lowercase().replace('’', "'")
}

/// What the sheet is called that explains the others, by language.
pub(super) const GUIDE: [&str; 3] = ["Guide", "Mode d'emploi", "Довідка"];

/// Every table of a coalition, in the order in which a person fills them in.
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
