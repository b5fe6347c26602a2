//! A report as a document: what it says, apart from how it is written.

mod csv;
mod html;
mod markdown;
mod screen;

pub(crate) use csv::csv;
pub(crate) use html::html;
pub(crate) use markdown::markdown;
pub(crate) use screen::screen;

use waybill_shared::domain::money::Money;
use waybill_shared::domain::quantity::Unit;

use super::chart::Part;
use super::html::Kind;

/// Rows of a table on a page; the files for programs have all.
pub(crate) const SHOWN: usize = 200;

/// A report.
pub(crate) struct Paper {
    /// What kind of report it is.
    pub(crate) kind: &'static str,
    /// Whose it is.
    pub(crate) title: String,
    /// Of which day or week.
    pub(crate) day: String,
    /// What it says, in a sentence or two.
    pub(crate) summary: String,
    /// What people ask for first, by name and value.
    pub(crate) figures: Vec<(&'static str, String)>,
    /// Its sections.
    pub(crate) sections: Vec<Section>,
    /// Everything that it lists, a row each.
    pub(crate) rows: Vec<Row>,
}

/// A part under its heading.
pub(crate) struct Section {
    /// By which it is linked to.
    pub(crate) id: String,
    /// Its heading.
    pub(crate) heading: String,
    /// What it says.
    pub(crate) blocks: Vec<Block>,
}

/// A part of a section.
pub(crate) enum Block {
    /// A paragraph.
    Text(String),
    /// A table.
    Table(Table),
    /// A plot.
    Bars(Bars),
}

/// A table.
pub(crate) struct Table {
    /// What it shows.
    pub(crate) caption: String,
    /// Its columns.
    pub(crate) columns: Vec<(&'static str, Kind)>,
    /// Its rows, of which the first are shown.
    pub(crate) rows: Vec<Vec<Cell>>,
    /// How many rows there would be.
    pub(crate) all: usize,
    /// What is said instead where there are none.
    pub(crate) nothing: &'static str,
}

/// A value in a table.
#[derive(Clone, Default)]
pub(crate) struct Cell {
    /// The value.
    pub(crate) text: String,
    /// What is said beside it.
    pub(crate) aside: String,
}

/// Bars below each other.
pub(crate) struct Bars {
    /// What they show.
    pub(crate) caption: String,
    /// What the parts stand for: class, name, meaning.
    pub(crate) legend: Vec<(&'static str, &'static str, &'static str)>,
    /// The bars.
    pub(crate) bars: Vec<Bar>,
}

/// A bar.
pub(crate) struct Bar {
    /// Its name.
    pub(crate) name: String,
    /// What it comes to.
    pub(crate) value: String,
    /// Its parts.
    pub(crate) parts: Vec<Part>,
    /// The size of a full bar.
    pub(crate) whole: i128,
    /// What should not have been passed.
    pub(crate) limit: Option<i128>,
}

/// Something that a report lists, for programs. What does not apply is empty.
#[derive(Default)]
pub(crate) struct Row {
    /// In which list it stands.
    pub(crate) section: &'static str,
    /// The day that matters.
    pub(crate) day: String,
    /// What it is about: a lot, an order, an envelope, a document, a supplier.
    pub(crate) subject: String,
    /// A line, by its requester's id.
    pub(crate) line: String,
    /// Who asks for it.
    pub(crate) requester: String,
    /// What it is.
    pub(crate) item: String,
    /// How much.
    pub(crate) quantity: String,
    /// The unit's code.
    pub(crate) unit: String,
    /// Whose it is, or whose move.
    pub(crate) party: String,
    /// Money.
    pub(crate) amount: Option<Money>,
    /// In words.
    pub(crate) detail: String,
}

impl Section {
    /// A section.
    pub(crate) fn new(id: &str, heading: &str, blocks: Vec<Block>) -> Self {
        Self { id: id.to_owned(), heading: heading.to_owned(), blocks }
    }
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self { text: text.into(), aside: String::new() }
    }
}

impl Cell {
    /// An amount; nothing is a dash.
    pub(crate) fn money(money: Money) -> Self {
        if money.minor == 0 { "–".into() } else { money.to_string().into() }
    }

    /// The same with something beside it.
    pub(crate) fn aside(self, aside: impl Into<String>) -> Self {
        Self { aside: aside.into(), ..self }
    }
}

/// The digits of an amount, where its currency stands elsewhere.
pub(crate) fn digits(money: Money) -> String {
    if money.minor == 0 { "–".to_owned() } else { money.to_string().split_off(4) }
}

/// How much; what is counted without a unit needs none.
pub(crate) fn quantity(quantity: &str, unit: &str) -> String {
    match unit.parse::<Unit>().map(Unit::name) {
        Ok("piece" | "one") => quantity.to_owned(),
        Ok(name) => format!("{quantity} {name}"),
        Err(_) => format!("{quantity} {unit}"),
    }
}
