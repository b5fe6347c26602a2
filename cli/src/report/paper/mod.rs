//! The content of a report, independent of its format.

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

use super::html::Kind;
use super::html::chart::Part;

/// The most rows of a table on a page. Files for programs have all rows.
pub(crate) const SHOWN: usize = 200;

pub(crate) struct Paper {
    /// The kind of report, for its heading.
    pub(crate) kind: &'static str,
    /// The name of the coalition or party that it is about.
    pub(crate) title: String,
    /// The day or week that it is about.
    pub(crate) day: String,
    /// A summary in a sentence or two.
    pub(crate) summary: String,
    /// The figures that people look for first, by name and value.
    pub(crate) figures: Vec<(&'static str, String)>,
    pub(crate) sections: Vec<Section>,
    /// Everything that the report lists, for programs.
    pub(crate) rows: Vec<Row>,
}

pub(crate) struct Section {
    /// The HTML id, for links.
    pub(crate) id: String,
    pub(crate) heading: String,
    pub(crate) blocks: Vec<Block>,
}

pub(crate) enum Block {
    Text(String),
    Table(Table),
    Bars(Bars),
}

pub(crate) struct Table {
    pub(crate) caption: String,
    pub(crate) columns: Vec<(&'static str, Kind)>,
    /// The rows; only the first [`SHOWN`] are printed.
    pub(crate) rows: Vec<Vec<Cell>>,
    /// How many rows there are, including those not in `rows`.
    pub(crate) all: usize,
    /// The text if there are no rows.
    pub(crate) nothing: &'static str,
}

#[derive(Clone, Default)]
pub(crate) struct Cell {
    pub(crate) text: String,
    /// A remark, printed after the value.
    pub(crate) aside: String,
}

/// A chart of bars below each other.
pub(crate) struct Bars {
    pub(crate) caption: String,
    /// The classes of the parts: class, name, meaning.
    pub(crate) legend: Vec<(&'static str, &'static str, &'static str)>,
    pub(crate) bars: Vec<Bar>,
}

pub(crate) struct Bar {
    pub(crate) name: String,
    /// The total, as text.
    pub(crate) value: String,
    pub(crate) parts: Vec<Part>,
    /// The size of a full bar.
    pub(crate) whole: i128,
    /// A limit; what exceeds it is marked.
    pub(crate) limit: Option<i128>,
}

/// Something that a report lists, for programs. Fields that do not apply are empty.
#[derive(Default)]
pub(crate) struct Row {
    /// The name of the list.
    pub(crate) section: &'static str,
    /// The relevant day.
    pub(crate) day: String,
    /// The subject: a lot, an order, an envelope, a document or a supplier.
    pub(crate) subject: String,
    /// The line, by the requester's id.
    pub(crate) line: String,
    pub(crate) requester: String,
    pub(crate) item: String,
    pub(crate) quantity: String,
    /// The code of the unit.
    pub(crate) unit: String,
    /// The party that is concerned, or that has to act.
    pub(crate) party: String,
    pub(crate) amount: Option<Money>,
    /// An explanation in words.
    pub(crate) detail: String,
}

impl Section {
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
    /// An amount. Zero is a dash.
    pub(crate) fn money(money: Money) -> Self {
        if money.minor == 0 { "–".into() } else { money.to_string().into() }
    }

    /// Adds a remark.
    pub(crate) fn aside(self, aside: impl Into<String>) -> Self {
        Self { aside: aside.into(), ..self }
    }
}

/// The digits of an amount whose currency is shown elsewhere. Zero is a dash.
pub(crate) fn digits(money: Money) -> String {
    if money.minor == 0 { "–".to_owned() } else { money.to_string().split_off(4) }
}

/// A quantity with its unit. Pieces need no unit.
pub(crate) fn quantity(quantity: &str, unit: &str) -> String {
    match unit.parse::<Unit>().map(Unit::name) {
        Ok("piece" | "one") => quantity.to_owned(),
        Ok(name) => format!("{quantity} {name}"),
        Err(_) => format!("{quantity} {unit}"),
    }
}
