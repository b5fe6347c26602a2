//! What can be wrong with a file, in words that say the way out.

use std::fmt;
use std::io;
use std::path::Path;

use crate::import::table::{MAX_COLUMNS, MAX_LINE_BYTES, Table};

/// Longest excerpt of a value that an error shows, in characters.
const SHOWN_CHARS: usize = 60;

/// Something wrong at one place of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// The file's name.
    pub file: String,
    /// The row as counted in the file; none: the file as a whole, such as its header.
    pub row: Option<u64>,
    /// The field, by our name for it.
    pub field: Option<String>,
    /// The value as given, cut to 60 characters.
    pub value: Option<String>,
    /// What is wrong.
    pub what: String,
    /// The way out.
    pub hint: String,
}

impl FieldError {
    /// Something wrong with `file` as a whole.
    pub(in crate::import) fn of_file(
        file: &str,
        what: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        let (what, hint) = (what.into(), hint.into());
        Self { file: file.to_owned(), row: None, field: None, value: None, what, hint }
    }

    /// The same, where no mapping can be given: the hint proposes none.
    pub(in crate::import) fn unmapped(mut self) -> Self {
        for proposal in
            [", or set `decimal", ", or give `date` in a mapping", ", or translate it in [codes"]
        {
            if let Some(at) = self.hint.find(proposal) {
                self.hint.truncate(at);
            }
        }
        for said in [
            "; a mapping file can translate codes",
            ", and no mapping says that this file does",
            ", and no mapping says so",
        ] {
            self.what = self.what.replace(said, "");
        }
        self
    }

    /// The same, at `field`.
    pub(in crate::import) fn at(self, field: &str) -> Self {
        Self { field: Some(excerpt(field)), ..self }
    }
}

impl fmt::Display for FieldError {
    /// `requests.csv, row 7, field quantity, value "1.5": what` and the hint on its own line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(row) = self.row {
            write!(f, ", row {row}")?;
        }
        if let Some(field) = &self.field {
            write!(f, ", field {field}")?;
        }
        if let Some(value) = &self.value {
            write!(f, ", value {value:?}")?;
        }
        write!(f, ": {}\n  hint: {}", self.what, self.hint)
    }
}

impl std::error::Error for FieldError {}

/// `value` cut to what an error shows.
pub(in crate::import) fn excerpt(value: &str) -> String {
    if value.chars().nth(SHOWN_CHARS).is_none() {
        return value.to_owned();
    }
    value.chars().take(SHOWN_CHARS - 1).chain(['…']).collect()
}

/// The name by which errors call the file at `path`.
pub(in crate::import) fn file_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str());
    name.to_string_lossy().into_owned()
}

/// Why a file, or rows of it, could not be read. Each text ends with a line that says the way out.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// There is no such file.
    #[error("{path}: no such file\n  hint: check the path, and the folder it is relative to")]
    NotFound {
        /// The path as given.
        path: String,
    },
    /// A directory, or a device.
    #[error("{path}: is {kind}, not a file\n  hint: name a file in it")]
    NotAFile {
        /// The path as given.
        path: String,
        /// What it is.
        kind: &'static str,
    },
    /// The operating system refused.
    #[error("{path}: cannot be read: {source}\n  hint: check the permissions of the file")]
    Read {
        /// The path as given.
        path: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The operating system refused.
    #[error(
        "{path}: cannot be written: {source}\n  hint: name a file in a folder you may write to"
    )]
    Write {
        /// The path as given.
        path: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Larger than what is read.
    #[error("{file}: has {bytes} bytes, more than the {limit} that are read\n  hint: {hint}")]
    TooLarge {
        /// The file's name.
        file: String,
        /// Its size.
        bytes: u64,
        /// The largest size that is read.
        limit: u64,
        /// The way out.
        hint: &'static str,
    },
    /// More than is read: a small file can hold gigabytes.
    #[error("{file}: {what}\n  hint: hand it in in parts")]
    TooMuch {
        /// The file's name.
        file: String,
        /// How much it is.
        what: String,
    },
    /// Not an extension that is read.
    #[error(
        "{file}: files named `.{extension}` are not read\n  \
         hint: use .csv, .xlsx, .json (an array of objects) or .jsonl (an object a line); \
         .tsv, .txt, .xlsm, .xls and .ods are read, too"
    )]
    Format {
        /// The file's name.
        file: String,
        /// Its extension; may be empty.
        extension: String,
    },
    /// The listing of lots, in which a line stands once for each of its lots.
    #[error("{error}")]
    Lots {
        /// What to do instead.
        error: Box<FieldError>,
        /// What it lists.
        table: Box<Table>,
    },
    /// No header, or no object.
    #[error(
        "{file}: is empty\n  hint: the first row names the columns, each further row is a record"
    )]
    Empty {
        /// The file's name.
        file: String,
    },
    /// More columns than are read.
    #[error(
        "{file}: has more than {MAX_COLUMNS} columns\n  hint: remove those that are not needed"
    )]
    TooManyColumns {
        /// The file's name.
        file: String,
    },
    /// Two columns of one name.
    #[error(
        "{file}: columns {first} and {second} are both named `{column}`\n  hint: rename or remove one"
    )]
    DuplicateColumn {
        /// The file's name.
        file: String,
        /// The name.
        column: String,
        /// The number of the first, from 1.
        first: usize,
        /// The number of the second, from 1.
        second: usize,
    },
    /// A column before the last without a name.
    #[error(
        "{file}: column {position} has no name\n  hint: name it in the first row, or remove it"
    )]
    UnnamedColumn {
        /// The file's name.
        file: String,
        /// Its number, from 1.
        position: usize,
    },
    /// Not an encoding that is read.
    #[error(
        "{file}: `{label}` is not an encoding that is read\n  \
         hint: use utf-8, utf-16le, windows-1251, windows-1252 or iso-8859-2, or save the file as UTF-8"
    )]
    UnknownEncoding {
        /// The file's name.
        file: String,
        /// The label as given.
        label: String,
    },
    /// Bytes that mean nothing in the encoding.
    #[error(
        "{file}, row {row}: is not {encoding} at byte offset {offset}\n  hint: say what it is, \
         for example `--encoding windows-1251`, or save the file as UTF-8"
    )]
    InvalidText {
        /// The file's name.
        file: String,
        /// The line of text.
        row: u64,
        /// The first such byte, counted from 0 at the start of the file.
        offset: u64,
        /// The encoding that was expected.
        encoding: &'static str,
    },
    /// A line longer than what is read.
    #[error(
        "{file}, row {row}: is longer than {MAX_LINE_BYTES} bytes\n  \
         hint: check that lines end, and that every quote is closed"
    )]
    LongLine {
        /// The file's name.
        file: String,
        /// The line.
        row: u64,
    },
    /// Columns are separated by something else than what was stated, or cannot be told apart.
    #[error(
        "{file}: the columns seem to be separated by {mark:?}\n  \
         hint: name it with --separator, or as `separator` in the mapping"
    )]
    Separator {
        /// The file's name.
        file: String,
        /// What seems to separate them.
        mark: char,
    },
    /// A first line such as `sep=^`.
    #[error(
        "{file}, row 1: `{line}` names no separator that is read\n  \
         hint: separate the columns by commas, semicolons, tabs or bars"
    )]
    Said {
        /// The file's name.
        file: String,
        /// The line.
        line: String,
    },
    /// UTF-16 without the mark that says so.
    #[error(
        "{file}: looks like UTF-16 without a byte order mark\n  \
         hint: say so with `--encoding utf-16le`, or save the file as UTF-8"
    )]
    Unmarked {
        /// The file's name.
        file: String,
    },
    /// Half a character of UTF-16.
    #[error("{file}, row {row}: is not UTF-16\n  hint: save the file as UTF-8")]
    BrokenUtf16 {
        /// The file's name.
        file: String,
        /// About where.
        row: u64,
    },
    /// Quotes that do not pair.
    #[error(
        "{file}, row {row}: {what}\n  hint: quote a whole cell, and double the quotes inside it"
    )]
    Quoting {
        /// The file's name.
        file: String,
        /// The row in which the cell begins.
        row: u64,
        /// What is wrong.
        what: &'static str,
    },
    /// Not JSON, or not flat objects.
    #[error(
        "{file}, row {row}: {source}\n  hint: .json holds one array of flat objects, \
         .jsonl a flat object a line"
    )]
    Json {
        /// The file's name.
        file: String,
        /// The object's number, or its line in JSON lines.
        row: u64,
        /// What is wrong.
        #[source]
        source: serde_json::Error,
    },
    /// The workbook has no such sheet.
    #[error("{file}: has no sheet `{sheet}`\n  hint: it has {there}")]
    NoSheet {
        /// The file's name.
        file: String,
        /// The sheet asked for.
        sheet: String,
        /// The sheets there are.
        there: String,
    },
    /// Not a workbook, or a damaged one.
    #[error(
        "{file}: cannot be read as a workbook: {what}\n  hint: save it again as .xlsx, or as .csv"
    )]
    Workbook {
        /// The file's name.
        file: String,
        /// What is wrong.
        what: String,
    },
    /// Not TOML, or not what was expected in it.
    #[error("{file}: {source}\n  hint: mend the line shown; docs/file-formats.md has all names")]
    Toml {
        /// The file's name.
        file: String,
        /// What is wrong and where.
        #[source]
        source: Box<toml::de::Error>,
    },
    /// A coalition to start with could not be made.
    #[error("a coalition to start with could not be made: {what}")]
    Template {
        /// Why.
        what: String,
    },
    /// Everything that is wrong in rows, headers and mappings.
    #[error("{}", join(.0))]
    Rows(Vec<FieldError>),
}

impl ImportError {
    /// `value`, unless there are errors.
    pub(in crate::import) fn unless<T>(errors: Vec<FieldError>, value: T) -> Result<T, Self> {
        if errors.is_empty() { Ok(value) } else { Err(Self::Rows(errors)) }
    }
}

fn join(errors: &[FieldError]) -> String {
    let texts: Vec<String> = errors.iter().map(FieldError::to_string).collect();
    texts.join("\n")
}
