//! Reads files into domain values: requisitions from CSV, workbooks, JSON and JSON lines, and the folder that
//! describes a coalition.
//!
//! Nothing here stores anything. Lines and files have a size limit. Every error of every row is collected, so that a
//! person can fix a file in one go. Each error names its file, row, field and value, and says how to fix it.
//!
//! A [`Table`] is a file as rows of text. A [`Mapping`] says what its columns mean. [`read_lines`] turns rows into
//! requisition lines. [`read_coalition`] reads everything else.

mod amended;
mod coalition;
mod columns;
mod defaults;
mod error;
mod fields;
mod lines;
mod mapping;
mod number;
mod parse;
#[cfg(test)]
mod reference;
mod rejects;
mod table;
mod template;

pub use amended::{check_line, line_with};
pub use coalition::{
    CoalitionFiles, RequisitionFile, is_coalition_book, read_coalition, read_coalition_noting,
};
pub use columns::Language;
pub use defaults::defaults;
pub use error::{FieldError, ImportError};
pub use lines::{
    BadRow, GoodRow, LINE_FIELDS, Lines, ReadOptions, longest, read_lines, refuse_rows,
};
pub use mapping::{DecimalMark, Mapping};
pub use number::unambiguous;
pub use parse::time_zone;
pub use rejects::write_rejects;
pub use table::{
    Problem, ReadLimits, Row, Separator, Shown, Table, TableOptions, Typed, UnknownSeparator,
    defused, defused_number, read_table,
};
pub use template::Template;
