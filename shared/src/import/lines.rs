//! Rows to lines of requisitions.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io;
use std::path::Path;

use crate::domain::lot::Priority;
use crate::domain::requisition::{Kind, Line};

use super::error::{FieldError, ImportError, excerpt};
use super::fields::{Columns, Field, RowFields, optional, required};
use super::mapping::Mapping;
use super::parse::{self, Fault};
use super::table::{Row, Table, TableOptions, read_table};

/// The fields of a line, by which columns are called.
pub const LINE_FIELDS: [&str; FIELDS.len()] = {
    let mut names = [""; FIELDS.len()];
    let mut index = 0;
    while index < FIELDS.len() {
        names[index] = FIELDS[index].name;
        index += 1;
    }
    names
};

pub(super) const FIELDS: [Field<'static>; 20] = [
    required("external_id"),
    required("requester"),
    required("item"),
    optional("description"),
    required("kind"),
    required("classification"),
    optional("scheme"),
    required("quantity"),
    required("unit"),
    required("unit_estimate"),
    required("currency"),
    required("class"),
    required("rank"),
    required("requested"),
    optional("needed_by"),
    required("consignee"),
    optional("smallest_lot"),
    optional("together"),
    optional("tolerance_per_mille"),
    optional("source"),
];

/// Columns that [`write_rejects`] adds: a mended file of rejects is read as it is.
const REJECT_COLUMNS: [&str; 2] = ["row", "errors"];

pub(super) const KINDS: [(&str, Kind); 3] =
    [("goods", Kind::Goods), ("licence", Kind::Licence), ("service", Kind::Service)];

/// How to read a file of lines.
#[derive(Debug, Clone, Default)]
pub struct ReadOptions {
    /// The encoding's label; none: the mapping's, or UTF-8.
    pub encoding: Option<String>,
    /// What the columns mean; none: they are called as in [`LINE_FIELDS`].
    pub mapping: Option<Mapping>,
}

/// What a file of lines holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lines {
    /// The file's name.
    pub file: String,
    /// The names of its columns.
    pub header: Vec<String>,
    /// The rows that are lines, in the order of the file.
    pub good: Vec<GoodRow>,
    /// The rows that are not.
    pub bad: Vec<BadRow>,
    /// How many rows were left out because they say again what an earlier one says.
    pub repeats: usize,
}

/// A row that is a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GoodRow {
    /// Its number in the file.
    pub row: u64,
    /// The line.
    pub line: Line,
}

/// A row that is not a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadRow {
    /// Its number in the file.
    pub row: u64,
    /// Its cells as they are in the file.
    pub cells: Vec<String>,
    /// Everything that is wrong with it.
    pub errors: Vec<FieldError>,
}

/// Reads the lines in the file at `path`.
///
/// A row that repeats an earlier one is left out and counted; rows that give one `external_id` to
/// different contents are all bad, for nobody can tell which is meant.
///
/// # Errors
/// [`ImportError`] if the file as a whole cannot be read, or its columns cannot be understood; what
/// is wrong with rows is in [`Lines::bad`].
pub fn read_lines(path: &Path, options: &ReadOptions) -> Result<Lines, ImportError> {
    let mapping = options.mapping.as_ref();
    let table = read_table(path, table_options(options))?;
    let rank_from_row = mapping.is_some_and(|mapping| mapping.rank_from_row);
    let fields: Vec<Field<'_>> =
        FIELDS.into_iter().filter(|field| !(rank_from_row && field.name == "rank")).collect();
    let columns = Columns::find(&table, &fields, &REJECT_COLUMNS, mapping)?;

    let mut sorted = Sorted::new(&table, rank_from_row);
    for (row, rank) in table.rows.iter().zip(1_u32..) {
        let rank = rank_from_row.then_some(rank);
        match RowFields::read(&columns, row, |fields| read_line(fields, rank)) {
            Ok(line) => sorted.accept(row, line),
            Err(errors) => sorted.refuse(row, errors),
        }
    }
    let Sorted { good, bad, repeats, .. } = sorted;
    let good = good.into_iter().map(|(row, line)| GoodRow { row, line }).collect();
    let bad = bad.into_values().collect();
    Ok(Lines { file: table.file, header: table.header, good, bad, repeats })
}

pub(super) fn read_line(fields: &mut RowFields<'_>, rank: Option<u32>) -> Option<Line> {
    let external_id = fields.text("external_id");
    let requester = fields.text("requester");
    let item = fields.text("item");
    let description = fields.optional_text("description");
    let kind = fields.required("kind", |text| parse::one_of(text, &KINDS));
    let classification = fields.text("classification");
    let scheme = fields.optional_text("scheme");
    let unit = fields.required("unit", parse::unit);
    let quantity = fields.quantity("quantity", unit);
    let smallest_lot = fields.optional_quantity("smallest_lot", unit);
    let currency = fields.required("currency", parse::currency);
    let unit_estimate = fields.money("unit_estimate", currency);
    let class = fields.whole("class", 1, 9).and_then(|class| u8::try_from(class).ok());
    let rank = rank.or_else(|| fields.whole("rank", 1, u32::MAX));
    let requested = fields.date("requested");
    let needed_by = fields.optional_date("needed_by");
    let consignee = fields.text("consignee");
    let together = fields.optional_text("together");
    let tolerance = fields.optional("tolerance_per_mille", |text| parse::whole(text, 0, 1000));
    let source = fields.optional_text("source");

    fields.in_order(("requested", requested), ("needed_by", needed_by));
    if let (Some(smallest), Some(quantity)) = (smallest_lot, quantity)
        && smallest > quantity
    {
        let what = format!("is more than the quantity, {quantity}");
        let hint = "give the smallest part worth delivering alone, or leave it empty";
        fields.fail("smallest_lot", Fault::new(what, hint));
    }
    Some(Line {
        external_id: external_id?,
        requester: requester?,
        item: item?,
        description: description.unwrap_or_default(),
        kind: kind?,
        classification: classification?,
        scheme: scheme.unwrap_or_else(|| "CPV".to_owned()),
        quantity: quantity?,
        unit: unit?,
        unit_estimate: unit_estimate?,
        priority: Priority { class: class?, rank: rank? },
        requested: requested?,
        needed_by,
        consignee: consignee?,
        smallest_lot,
        together,
        tolerance_per_mille: tolerance.unwrap_or(0),
        source: source.unwrap_or_default(),
    })
}

/// The rows read so far, by what became of them.
struct Sorted<'a> {
    table: &'a Table,
    ignore_rank: bool,
    good: BTreeMap<u64, Line>,
    bad: BTreeMap<u64, BadRow>,
    repeats: usize,
    /// The first row of each id, with its line.
    firsts: HashMap<String, (&'a Row, Line)>,
}

impl<'a> Sorted<'a> {
    fn new(table: &'a Table, ignore_rank: bool) -> Self {
        let (good, bad, firsts) = (BTreeMap::new(), BTreeMap::new(), HashMap::new());
        Self { table, ignore_rank, good, bad, repeats: 0, firsts }
    }

    fn accept(&mut self, row: &'a Row, mut line: Line) {
        let Some((first, earlier)) = self.firsts.get(&line.external_id) else {
            self.firsts.insert(line.external_id.clone(), (row, line.clone()));
            self.good.insert(row.number, line);
            return;
        };
        let first = *first;
        if self.ignore_rank {
            line.priority.rank = earlier.priority.rank;
        }
        if *earlier == line {
            self.repeats += 1;
            return;
        }
        self.refuse(row, vec![self.conflict(row, first, &line.external_id)]);
        if self.good.remove(&first.number).is_some() {
            self.refuse(first, vec![self.conflict(first, row, &line.external_id)]);
        }
    }

    fn refuse(&mut self, row: &Row, errors: Vec<FieldError>) {
        let bad = BadRow { row: row.number, cells: row.cells.clone(), errors };
        self.bad.insert(row.number, bad);
    }

    fn conflict(&self, row: &Row, other: &Row, id: &str) -> FieldError {
        let what =
            format!("rows {} and {} give this id to different lines", row.number, other.number);
        let hint = "give each line its own id, or remove the row that is out of date";
        FieldError {
            row: Some(row.number),
            value: Some(excerpt(id)),
            ..FieldError::of_file(&self.table.file, what, hint).at("external_id")
        }
    }
}

/// Takes rows that turned out not to be taken from the good ones of `lines`, with the reasons; their
/// cells are read again from the file at `path`.
///
/// # Errors
/// [`ImportError`] if the file cannot be read any more.
pub fn refuse_rows(
    lines: &mut Lines,
    path: &Path,
    options: &ReadOptions,
    mut refused: BTreeMap<u64, Vec<FieldError>>,
) -> Result<(), ImportError> {
    if refused.is_empty() {
        return Ok(());
    }
    lines.good.retain(|row| !refused.contains_key(&row.row));
    let table = read_table(path, table_options(options))?;
    let found = table.rows.into_iter().filter_map(|row| {
        let errors = refused.remove(&row.number)?;
        Some(BadRow { row: row.number, cells: row.cells, errors })
    });
    lines.bad.extend(found);
    lines.bad.sort_by_key(|row| row.row);
    Ok(())
}

/// How the file is to be read as a table.
fn table_options(options: &ReadOptions) -> TableOptions<'_> {
    let mapping = options.mapping.as_ref();
    let encoding = options.encoding.as_deref();
    TableOptions {
        encoding: encoding.or_else(|| mapping.and_then(|mapping| mapping.encoding.as_deref())),
        sheet: mapping.and_then(|mapping| mapping.sheet.as_deref()),
    }
}

/// Writes the bad rows of `lines` to `path` as CSV: their columns as they were, then `row` and
/// `errors`. Once mended it can be read as it is.
///
/// # Errors
/// [`ImportError::Write`] if the file cannot be written.
pub fn write_rejects(lines: &Lines, path: &Path) -> Result<(), ImportError> {
    let written = File::create(path).and_then(|file| write_bad(lines, file));
    written.map_err(|source| ImportError::Write { path: path.display().to_string(), source })
}

fn write_bad(lines: &Lines, file: File) -> io::Result<()> {
    let columns: Vec<usize> = (0..lines.header.len())
        .filter(|column| !REJECT_COLUMNS.contains(&lines.header[*column].as_str()))
        .collect();
    let mut writer = csv::Writer::from_writer(file);
    let names = columns.iter().map(|column| lines.header[*column].as_str());
    writer.write_record(names.chain(REJECT_COLUMNS))?;
    for bad in &lines.bad {
        let number = bad.row.to_string();
        let errors: Vec<String> = bad.errors.iter().map(explain).collect();
        let errors = errors.join("; ");
        let cells = columns.iter().map(|column| bad.cells.get(*column).map_or("", String::as_str));
        writer.write_record(cells.chain([number.as_str(), errors.as_str()]))?;
    }
    writer.flush()
}

/// An error in one line, without the place that the columns beside it give.
fn explain(error: &FieldError) -> String {
    let FieldError { what, hint, .. } = error;
    match &error.field {
        Some(field) => format!("{field}: {what} ({hint})"),
        None => format!("{what} ({hint})"),
    }
}
