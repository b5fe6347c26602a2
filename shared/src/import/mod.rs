//! Reads files into domain values: requisitions from CSV, workbooks, JSON and JSON lines, and the folder that
//! describes a coalition.
//!
//! Nothing here stores anything. Lines and files have a size limit. Every error of every row is collected, so that a
//! person can fix a file in one go. Each error names its file, row, field and value, and says how to fix it.
//!
//! A [`Table`] is a file as rows of text. A [`Mapping`] says what its columns mean. [`read_lines`] turns rows into
//! requisition lines. [`read_coalition`] reads everything else.

mod coalition;
mod columns;
mod lines;
#[cfg(test)]
mod reference;
mod table;
mod template;
mod values;

pub use coalition::defaults::defaults;
pub use coalition::{
    CoalitionFiles, RequisitionFile, is_coalition_book, read_coalition, read_coalition_noting,
};
pub use columns::Language;
pub use columns::lines::LINE_FIELDS;
pub use lines::amended::{check_line, line_with};
pub use lines::rejects::write_rejects;
pub use lines::{BadRow, GoodRow, Lines, ReadOptions, longest, read_lines, refuse_rows};
pub use table::error::{FieldError, ImportError};
pub use table::{
    Problem, ReadLimits, Row, Separator, Shown, Table, TableOptions, Typed, UnknownSeparator,
    defused, defused_number, read_table,
};
pub use template::Template;
pub use values::mapping::{DecimalMark, Mapping};
pub use values::number::unambiguous;
pub use values::parse::time_zone;
