//! Files to domain values: requisitions from CSV, workbooks, JSON and JSON lines, and the folder that
//! describes a coalition.
//!
//! Nothing here stores anything. Reading is bounded (a line, a file), and every error of every row
//! is collected, so that a file is mended in one go. Each error names its file, row, field and
//! value, and the way out.
//!
//! A [`Table`] is a file as rows of text; a [`Mapping`] says which of its columns mean what;
//! [`read_lines`] turns rows into requisition lines; [`read_coalition`] reads the rest.

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
