//! The options that every listing has.

use clap::Args;
use clap::builder::BoolishValueParser;

/// The heading under which `--help` lists options about what is printed.
pub(crate) const HEADING: &str = "Output";

/// The output of a listing.
#[derive(Debug, Clone, Args)]
pub(crate) struct Form {
    /// Print the API's answer, one JSON document, instead of text.
    #[arg(long, help_heading = HEADING, env = "WAYBILL_JSON", value_parser = BoolishValueParser::new())]
    pub(crate) json: bool,
    /// Print comma-separated values with all columns. Times are in RFC 3339, and amounts have no thousands
    /// separators.
    #[arg(long, help_heading = HEADING, env = "WAYBILL_CSV", value_parser = BoolishValueParser::new())]
    pub(crate) csv: bool,
    /// Print only these columns, in this order.
    #[arg(long, help_heading = HEADING, env = "WAYBILL_COLUMNS", value_delimiter = ',', value_name = "NAMES")]
    pub(crate) columns: Vec<String>,
}

impl Form {
    /// Whether the output is a table for people.
    pub(crate) fn is_table(&self) -> bool {
        !self.json && !self.csv
    }
}
