//! Options of commands that maintain the database: copies, archives and migrations.

use std::path::PathBuf;

use chrono::NaiveDate;
use clap::Args;
use clap::builder::BoolishValueParser;

use super::{Data, Form, OUTPUT};

/// `waybill backup`.
#[derive(Debug, Args)]
#[command(
    after_help = "The copy is of one moment, whoever works meanwhile, and is opened and checked before it \
gets its name. Of SQLite it is a database, of Postgres an export. It holds secrets: only \
its owner may read it. The files of the data folder (pipeline.toml, inbox, outbox) are \
not in it.

Examples:
  waybill backup monday.sqlite
  waybill backup monday.jsonl.gz --store postgres://waybill@db/waybill"
)]
pub(crate) struct Backup {
    /// The new file.
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) data: Data,
    /// Print one JSON document instead of text.
    #[arg(long, help_heading = OUTPUT, env = "WAYBILL_JSON", value_parser = BoolishValueParser::new())]
    pub(crate) json: bool,
}

/// `waybill restore`.
#[derive(Debug, Args)]
#[command(
    after_help = "The file is read whole and checked beside the database before it takes its place; what \
was there is kept under another name, which is said. Nobody may work on it meanwhile: \
stop `serve` first.

Examples:
  waybill backup monday.sqlite && waybill restore monday.sqlite --yes
  waybill restore coalition.jsonl.gz --store postgres://waybill@db/waybill --yes"
)]
pub(crate) struct Restore {
    /// A file that `waybill backup` or `waybill export` wrote.
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) data: Data,
    /// Accept the file even if invariants do not hold in it, as they did not in the database it came from.
    #[arg(long, env = "WAYBILL_AS_IT_IS", value_parser = BoolishValueParser::new())]
    pub(crate) as_it_is: bool,
    /// Do not ask before the present database is put aside.
    #[arg(long, short, env = "WAYBILL_YES", value_parser = BoolishValueParser::new())]
    pub(crate) yes: bool,
    /// Print one JSON document instead of text.
    #[arg(long, help_heading = OUTPUT, env = "WAYBILL_JSON", value_parser = BoolishValueParser::new())]
    pub(crate) json: bool,
}

/// `waybill archive`.
#[derive(Debug, Args)]
#[command(
    after_help = "Lots are archived with their whole line, once all of it has ended. What they are stays, and who \
did what and when; what they looked like at each of these events moves to the file. The log verifies as before, and \
the file by itself: `waybill audit verify FILE`. Questions about old days are answered with --with-archive FILE. \
On SQLite stop `serve` first; on Postgres others go on working, but for --compact.

Examples:
  waybill archive --before 2024-07-01 --dry-run
  waybill archive --before 2024-07-01 --to 2024-h1.jsonl.gz
  waybill archive --before 2024-07-01 --compact"
)]
pub(crate) struct Archive {
    /// Archive lines that ended before this day. Without it, the pipeline's `[log] keep_days` decides.
    #[arg(long, env = "WAYBILL_BEFORE", value_name = "DAY")]
    pub(crate) before: Option<NaiveDate>,
    /// The new file, compressed if its name ends in .gz. Without it, a file in the data's folder `archive`.
    #[arg(long, env = "WAYBILL_TO", value_name = "FILE")]
    pub(crate) to: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) data: Data,
    /// Also give the space back to the disk. On Postgres this locks each past month while it is rewritten. On SQLite
    /// this always happens.
    #[arg(long, env = "WAYBILL_COMPACT", value_parser = BoolishValueParser::new())]
    pub(crate) compact: bool,
    /// Show what would be archived, and archive nothing.
    #[arg(long, env = "WAYBILL_DRY_RUN", value_parser = BoolishValueParser::new())]
    pub(crate) dry_run: bool,
    /// Print one JSON document instead of text.
    #[arg(long, help_heading = OUTPUT, env = "WAYBILL_JSON", value_parser = BoolishValueParser::new())]
    pub(crate) json: bool,
}

/// `waybill export`.
#[derive(Debug, Args)]
#[command(
    after_help = "Everything is in it: the log with its hash chain, byte for byte, and what stands beside \
it, secrets of webhooks and hashes of tokens included. Only its owner may read the file. \
`waybill import` puts it into an empty database of either kind, `waybill restore` in the \
place of one.

Examples:
  waybill export coalition.jsonl.gz
  waybill export - | gzip > coalition.jsonl.gz"
)]
pub(crate) struct Export {
    /// The new file, compressed if its name ends in .gz. `-` means standard output.
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) data: Data,
    /// Print a JSON document about the file instead of text.
    #[arg(long, help_heading = OUTPUT, env = "WAYBILL_JSON", value_parser = BoolishValueParser::new())]
    pub(crate) json: bool,
}

/// `waybill migrate`.
#[derive(Debug, Args)]
#[command(
    after_help = "Every command that works on a database makes them, too; this says first what they are.

Examples:
  waybill migrate --dry-run
  waybill backup before.sqlite && waybill migrate"
)]
pub(crate) struct Migrate {
    #[command(flatten)]
    pub(crate) data: Data,
    /// Show the pending migrations, and write nothing.
    #[arg(long, env = "WAYBILL_DRY_RUN", value_parser = BoolishValueParser::new())]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) form: Form,
}
