//! Errors in files. Each says what is wrong and how to fix it.

use std::fmt;
use std::io;
use std::path::Path;

use crate::import::table::{MAX_COLUMNS, MAX_LINE_BYTES, Table};

/// The longest excerpt of a value in an error, in characters.
const SHOWN_CHARS: usize = 60;

/// An error at one place of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    pub file: String,
    /// The row number as a person counts in the file. `None` means the whole file, or its header.
    pub row: Option<u64>,
    /// Our name of the field.
    pub field: Option<String>,
    /// The value as given, cut to 60 characters.
    pub value: Option<String>,
    pub what: String,
    /// How to fix it.
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
            ", and no mapping states one for this file",
            ", and no mapping states this",
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
    /// Prints `requests.csv, row 7, field quantity, value "1.5": what`, and the hint on a line of
    /// its own.
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

/// Why a file, or rows of it, could not be read. Each text ends with a line that says how to fix
/// it.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    #[error("{path}: no such file\n  hint: check the path, and the folder it is relative to")]
    NotFound { path: String },
    /// It is a directory or a device.
    #[error("{path}: is {kind}, not a file\n  hint: name a file in it")]
    NotAFile { path: String, kind: &'static str },
    #[error("{path}: cannot be read: {source}\n  hint: check the permissions of the file")]
    Read {
        path: String,
        #[source]
        source: io::Error,
    },
    #[error(
        "{path}: cannot be written: {source}\n  hint: name a file in a folder you may write to"
    )]
    Write {
        path: String,
        #[source]
        source: io::Error,
    },
    #[error("{file}: has {bytes} bytes, more than the limit of {limit}\n  hint: {hint}")]
    TooLarge { file: String, bytes: u64, limit: u64, hint: &'static str },
    /// The content exceeds the limits; a small packed file can hold gigabytes.
    #[error("{file}: {what}\n  hint: split it and submit the parts")]
    TooMuch { file: String, what: String },
    /// The extension is not supported.
    #[error(
        "{file}: files with the extension `.{extension}` are not supported\n  \
         hint: use .csv, .xlsx, .json (an array of objects) or .jsonl (one object a line); .tsv, \
         .txt, .xlsm, .xls and .ods are also read"
    )]
    Format {
        file: String,
        /// The extension; may be empty.
        extension: String,
    },
    /// The file lists lots. A line appears there once for each of its lots, so it cannot be read as
    /// lines.
    #[error("{error}")]
    Lots {
        error: Box<FieldError>,
        /// The listing, from which the lots can still be read.
        table: Box<Table>,
    },
    /// The file has no header, or no object.
    #[error(
        "{file}: is empty\n  hint: the first row must name the columns; each row after it is a \
         record"
    )]
    Empty { file: String },
    #[error(
        "{file}: has more than {MAX_COLUMNS} columns\n  hint: remove those that are not needed"
    )]
    TooManyColumns { file: String },
    #[error(
        "{file}: columns {first} and {second} are both named `{column}`\n  hint: rename or remove one"
    )]
    DuplicateColumn {
        file: String,
        column: String,
        /// The number of the first column, from 1.
        first: usize,
        /// The number of the second column, from 1.
        second: usize,
    },
    /// A column has no name, and it is not at the end.
    #[error(
        "{file}: column {position} has no name\n  hint: name it in the first row, or remove it"
    )]
    UnnamedColumn {
        file: String,
        /// The column's number, from 1.
        position: usize,
    },
    #[error(
        "{file}: `{label}` is not a supported encoding\n  \
         hint: use utf-8, utf-16le, windows-1251, windows-1252 or iso-8859-2, or save the file as UTF-8"
    )]
    UnknownEncoding {
        file: String,
        /// The label as given.
        label: String,
    },
    /// The bytes are not valid in the encoding.
    #[error(
        "{file}, row {row}: is not {encoding} at byte offset {offset}\n  hint: state the \
         encoding, for example `--encoding windows-1251`, or save the file as UTF-8"
    )]
    InvalidText {
        file: String,
        row: u64,
        /// The first invalid byte, counted from 0 at the start of the file.
        offset: u64,
        encoding: &'static str,
    },
    #[error(
        "{file}, row {row}: is longer than {MAX_LINE_BYTES} bytes\n  \
         hint: check that lines end, and that every quote is closed"
    )]
    LongLine { file: String, row: u64 },
    /// The columns are separated by another character than stated, or the separator cannot be
    /// detected.
    #[error(
        "{file}: the columns seem to be separated by {mark:?}\n  \
         hint: name it with --separator, or as `separator` in the mapping"
    )]
    Separator {
        file: String,
        /// The likely separator.
        mark: char,
    },
    /// The first line states an unknown separator, such as `sep=^`.
    #[error(
        "{file}, row 1: `{line}` names a separator that is not supported\n  \
         hint: separate the columns by commas, semicolons, tabs or vertical bars (|)"
    )]
    Said { file: String, line: String },
    #[error(
        "{file}: looks like UTF-16 without a byte order mark\n  hint: state the encoding with \
         `--encoding utf-16le`, or save the file as UTF-8"
    )]
    Unmarked { file: String },
    /// The text is not valid UTF-16.
    #[error("{file}, row {row}: is not UTF-16\n  hint: save the file as UTF-8")]
    BrokenUtf16 {
        file: String,
        /// The approximate row.
        row: u64,
    },
    /// Quotes do not pair up.
    #[error(
        "{file}, row {row}: {what}\n  hint: quote a whole cell, and double the quotes inside it"
    )]
    Quoting {
        file: String,
        /// The row in which the cell begins.
        row: u64,
        what: &'static str,
    },
    /// The file is not JSON, or its objects are not flat.
    #[error(
        "{file}, row {row}: {source}\n  hint: .json holds one array of flat objects; .jsonl holds \
         one flat object a line"
    )]
    Json {
        file: String,
        /// The number of the object; in JSON lines, the line.
        row: u64,
        #[source]
        source: serde_json::Error,
    },
    #[error("{file}: has no sheet `{sheet}`\n  hint: it has {there}")]
    NoSheet {
        file: String,
        /// The sheet that was asked for.
        sheet: String,
        /// The names of the sheets that exist.
        there: String,
    },
    /// The file is not a workbook, or it is damaged.
    #[error(
        "{file}: cannot be read as a workbook: {what}\n  hint: save it again as .xlsx, or as .csv"
    )]
    Workbook { file: String, what: String },
    /// The file is not TOML, or has unknown or wrong keys.
    #[error("{file}: {source}\n  hint: correct the line shown; docs/file-formats.md has all names")]
    Toml {
        file: String,
        #[source]
        source: Box<toml::de::Error>,
    },
    #[error("the starter coalition could not be written: {what}")]
    Template { what: String },
    /// All errors in rows, headers and mappings.
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
