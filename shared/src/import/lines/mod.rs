//! Reads rows as requisition lines.

pub(super) mod amended;
pub(super) mod rejects;

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use crate::domain::admissible::{CLASSES, LONGEST_ID, LONGEST_NAME, LONGEST_TEXT};
use crate::domain::lot::Priority;
use crate::domain::requisition::Line;

use crate::import::columns::{Field, KINDS, LINES, Section};
use crate::import::lines::rejects::{Layout, RANK_COLUMN, REJECT_COLUMNS};
use crate::import::table::error::{FieldError, ImportError, excerpt};
use crate::import::table::{ReadLimits, Row, Separator, Table, TableOptions, read_table};
use crate::import::values::fields::{Columns, RowFields};
use crate::import::values::mapping::Mapping;
use crate::import::values::parse::{self, Fault};

const FIELDS: &[Field<'static>] = LINES.fields;

/// Columns that Waybill adds to rejects and to its listing of lines, so that both can be read again.
const OUR_COLUMNS: [&str; 7] =
    [REJECT_COLUMNS[0], REJECT_COLUMNS[1], RANK_COLUMN, "line", "id", "arrives", "lots"];

/// Columns that identify a listing of lots, in which a line appears once for each of its lots.
const LOT_COLUMNS: [&str; 3] = ["lot", "step", "awaits"];

#[derive(Debug, Clone, Default)]
pub struct ReadOptions {
    /// The encoding's label. `None` means the mapping's, or else UTF-8.
    pub encoding: Option<String>,
    /// The separator of a CSV file. `None` means the mapping's, or else the detected one.
    pub separator: Option<Separator>,
    /// The sheet of a workbook. `None` means the mapping's, or else the first.
    pub sheet: Option<String>,
    /// Whether messages name the sheet too, because a coalition's workbook has several.
    pub names_sheet: bool,
    /// `None` means that the columns are named as in [`LINE_FIELDS`](crate::import::LINE_FIELDS).
    pub mapping: Option<Mapping>,
    pub limits: ReadLimits,
}

/// The content of a file of lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lines {
    pub file: String,
    /// The column names.
    pub header: Vec<String>,
    /// The rows that are valid lines, in the order of the file.
    pub good: Vec<GoodRow>,
    /// The rows that are not.
    pub bad: Vec<BadRow>,
    /// The number of rows that were skipped because they repeat an earlier row.
    pub repeats: usize,
    /// Doubts about rows, including good ones: letters that only look Latin, numbers that could be read in another
    /// way.
    pub warnings: Vec<FieldError>,
    /// Notes for the reader about how the file was read, such as rows above its header.
    pub notes: Vec<String>,
    /// How the file is laid out, for its rejects.
    pub(in crate::import) layout: Layout,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GoodRow {
    /// The row's number in the file.
    pub row: u64,
    pub line: Line,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadRow {
    /// The row's number in the file.
    pub row: u64,
    /// The cells as in the file. A cell that does not hold text is written so that it reads the same.
    pub cells: Vec<String>,
    /// The rank by the row's place in the file, if the mapping takes ranks from rows.
    pub rank: Option<u32>,
    /// All errors of the row. Empty for rows after the first [`ReadLimits::told`] bad ones.
    pub errors: Vec<FieldError>,
}

/// Reads the lines in the file at `path`.
///
/// A row that repeats an earlier one is skipped and counted. If rows of one requester give one `external_id`
/// different contents, all of them are bad, because nobody can tell which one is meant.
///
/// # Errors
/// [`ImportError`] if the file cannot be read as a whole, or its columns cannot be understood. Errors in rows are in
/// [`Lines::bad`].
pub fn read_lines(path: &Path, options: &ReadOptions) -> Result<Lines, ImportError> {
    let mapping = options.mapping.as_ref();
    let rank_from_row = mapping.is_some_and(|mapping| mapping.rank_from_row);
    let fields = fields_of(mapping);
    let section = section_of(&fields);
    let mut table = read_rows(path, options)?;
    if mapping.is_none() && lists_lots(&table) {
        return Err(listed_lots(table));
    }
    let layout = Layout::of(&table, mapping);
    let notes = std::mem::take(&mut table.notes);
    let columns = Columns::find(&table, section, mapping)?;

    let mut sorted = Sorted::new(&table, rank_from_row, options.limits.told);
    let mut warnings = Vec::new();
    for (row, rank) in ranked(&table, rank_from_row) {
        match RowFields::read(&columns, row, &mut warnings, |fields| read_line(fields, rank)) {
            Ok(line) => sorted.accept(row, line, rank),
            Err(errors) if options.names_sheet => {
                let errors = errors.into_iter().map(FieldError::unmapped).collect();
                sorted.refuse(row, rank, errors);
            }
            Err(errors) => sorted.refuse(row, rank, errors),
        }
        warnings.truncate(options.limits.told);
    }
    let Sorted { lines, bad, repeats, .. } = sorted;
    let good = lines.into_iter().filter(|taken| taken.is_good);
    let good = good.map(|Taken { row, line, .. }| GoodRow { row: row.number, line }).collect();
    let layout = layout.with(columns.named());
    let bad = bad.into_values().map(|(row, rank, errors)| {
        // Rows whose errors are not reported need no cells either.
        let cells = if errors.is_empty() { Vec::new() } else { layout.cells(row) };
        BadRow { row: row.number, cells, rank, errors }
    });
    let bad = bad.collect();
    let (file, header) = (table.file.clone(), table.header.clone());
    Ok(Lines { file, header, good, bad, repeats, warnings, notes, layout })
}

/// Moves rows that were refused later to the bad rows of `lines`, with the reasons. Their cells are read again from
/// the file at `path`.
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
    let table = read_rows(path, options)?;
    let rank_from_row = options.mapping.as_ref().is_some_and(|mapping| mapping.rank_from_row);
    let found = ranked(&table, rank_from_row).filter_map(|(row, rank)| {
        let errors = refused.remove(&row.number)?;
        Some(BadRow { row: row.number, cells: lines.layout.cells(row), rank, errors })
    });
    lines.bad.extend(found);
    lines.bad.sort_by_key(|row| row.row);
    Ok(())
}

/// The fields that a file read with `mapping` may have.
fn fields_of(mapping: Option<&Mapping>) -> Vec<Field<'static>> {
    let rank_from_row = mapping.is_some_and(|mapping| mapping.rank_from_row);
    FIELDS.iter().copied().filter(|field| !(rank_from_row && field.name == "rank")).collect()
}

fn section_of<'a>(fields: &'a [Field<'a>]) -> Section<'a> {
    Section { fields, ignored: &OUR_COLUMNS, ..LINES }
}

fn read_rows(path: &Path, options: &ReadOptions) -> Result<Table, ImportError> {
    let mapping = options.mapping.as_ref();
    let fields = fields_of(mapping);
    let section = section_of(&fields);
    let (needed, headings) = (section.needed(mapping), section.headings(mapping));
    let needed: Vec<&str> = needed.iter().map(String::as_str).collect();
    let of_mapping = |text: fn(&Mapping) -> Option<&String>| mapping.and_then(text);
    let encoding = options.encoding.as_ref().or(of_mapping(|mapping| mapping.encoding.as_ref()));
    let sheet = options.sheet.as_ref().or(of_mapping(|mapping| mapping.sheet.as_ref()));
    read_table(
        path,
        TableOptions {
            encoding: encoding.map(String::as_str),
            sheet: sheet.map(String::as_str),
            separator: options.separator.or(mapping.and_then(|mapping| mapping.separator)),
            header_row: mapping.and_then(|mapping| mapping.header_row),
            needed: &needed,
            headings: &headings,
            names_sheet: options.names_sheet,
            limits: options.limits,
        },
    )
}

/// The rows of `table`, each with its rank if the mapping takes ranks from rows. Rejects have the rank of the
/// original row in a column.
fn ranked(table: &Table, rank_from_row: bool) -> impl Iterator<Item = (&Row, Option<u32>)> {
    let column = table.header.iter().position(|name| name == RANK_COLUMN);
    table.rows.iter().zip(1_u32..).map(move |(row, place)| {
        let said = || column.and_then(|column| row.cell(column).parse().ok());
        (row, rank_from_row.then(|| said().unwrap_or(place)))
    })
}

/// Whether `table` is the output of `waybill lots --csv`.
fn lists_lots(table: &Table) -> bool {
    LOT_COLUMNS.into_iter().all(|name| table.header.iter().any(|there| there == name))
}

/// The error for a listing of lots. Its quantities are those of lots, so it does not say what a line asks for.
fn listed_lots(table: Table) -> ImportError {
    let what = "lists lots: a line appears once for each of its lots";
    let hint = "submit the output of `waybill lines --csv`, which has each line once";
    let error = Box::new(FieldError::of_file(&table.file, what, hint));
    ImportError::Lots { error, table: Box::new(table) }
}

/// The longest value of a line's `field` in a file, in characters.
#[must_use]
pub fn longest(field: &str) -> usize {
    match field {
        "external_id" | "requester" | "classification" | "scheme" | "consignee" | "together" => {
            LONGEST_ID
        }
        "item" => LONGEST_NAME,
        "description" | "source" => LONGEST_TEXT,
        _ => parse::LONGEST_CODE,
    }
}

pub(in crate::import) fn read_line(fields: &mut RowFields<'_>, rank: Option<u32>) -> Option<Line> {
    let external_id = fields.id("external_id");
    let requester = fields.id("requester");
    let item = fields.name("item");
    let description = fields.optional_text("description");
    let kind = fields.required("kind", |text| parse::one_of(text, &KINDS));
    let classification = fields.id("classification");
    let scheme = fields.optional_id("scheme");
    let unit = fields.required("unit", parse::unit);
    let quantity = fields.quantity("quantity", unit);
    let smallest_lot = fields.optional_quantity("smallest_lot", unit);
    let currency = fields.required("currency", parse::currency);
    let unit_estimate = fields.price("unit_estimate", currency);
    let (first, last) = CLASSES.into_inner();
    let class =
        fields.whole("class", first.into(), last.into()).and_then(|class| u8::try_from(class).ok());
    let rank = rank.or_else(|| fields.whole("rank", 1, u32::MAX));
    let requested = fields.date("requested");
    let needed_by = fields.optional_date("needed_by");
    let consignee = fields.id("consignee");
    let together = fields.optional_id("together");
    let tolerance = fields.optional("tolerance_per_mille", |text| parse::whole(text, 0, 1000));
    let source = fields.optional_text("source");

    fields.in_order(("requested", requested), ("needed_by", needed_by));
    if let (Some(smallest), Some(quantity)) = (smallest_lot, quantity)
        && smallest > quantity
    {
        let what = format!("is more than the quantity, {quantity}");
        let hint = "give the smallest quantity worth delivering alone, or leave it empty";
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

/// A valid row, unless a later row contradicts it.
struct Taken<'a> {
    row: &'a Row,
    rank: Option<u32>,
    line: Line,
    is_good: bool,
}

/// The rows read so far, sorted into good and bad.
struct Sorted<'a> {
    table: &'a Table,
    ignore_rank: bool,
    /// For how many more bad rows errors are reported.
    told: usize,
    lines: Vec<Taken<'a>>,
    bad: BTreeMap<u64, (&'a Row, Option<u32>, Vec<FieldError>)>,
    repeats: usize,
    /// The index in `lines` of the first row of each requester and id.
    firsts: HashMap<String, usize>,
}

impl<'a> Sorted<'a> {
    fn new(table: &'a Table, ignore_rank: bool, told: usize) -> Self {
        let (lines, bad, firsts) = (Vec::new(), BTreeMap::new(), HashMap::new());
        Self { table, ignore_rank, told, lines, bad, repeats: 0, firsts }
    }

    fn accept(&mut self, row: &'a Row, mut line: Line, rank: Option<u32>) {
        // Names contain no line ends, so the key is unique.
        let key = format!("{}\n{}", line.requester, line.external_id);
        let Some(first) = self.firsts.get(&key).and_then(|at| self.lines.get_mut(*at)) else {
            self.firsts.insert(key, self.lines.len());
            self.lines.push(Taken { row, rank, line, is_good: true });
            return;
        };
        if self.ignore_rank {
            line.priority.rank = first.line.priority.rank;
        }
        if first.line == line {
            self.repeats += 1;
            return;
        }
        let was_good = std::mem::replace(&mut first.is_good, false);
        let (first, first_rank) = (first.row, first.rank);
        self.refuse(row, rank, vec![self.conflict(row, first, &line.external_id)]);
        if was_good {
            self.refuse(first, first_rank, vec![self.conflict(first, row, &line.external_id)]);
        }
    }

    fn refuse(&mut self, row: &'a Row, rank: Option<u32>, mut errors: Vec<FieldError>) {
        match self.told.checked_sub(1) {
            Some(left) => self.told = left,
            None => errors = Vec::new(),
        }
        self.bad.insert(row.number, (row, rank, errors));
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
