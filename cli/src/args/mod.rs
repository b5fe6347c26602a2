//! The options of every command. Each has an environment variable and a key in `waybill.toml` in
//! the current folder; the option wins, then the variable, then the file.

mod by_hand;
mod care;
mod command;
mod giving;
mod groups;
mod init;
mod key;
mod look;
mod orders;
mod reports;
mod roles;
mod service;
mod settings;
mod shell;
mod surface;
mod watch;

use std::path::PathBuf;

use chrono::NaiveDate;
use clap::builder::BoolishValueParser;
use clap::{Args, Parser};
use waybill_shared::import::Separator;

pub(crate) use by_hand::{
    Attach, Consent, Fields, How, InKind, Incident, Lots as OfLots, Merge, Note, OnLots, Pause,
    Rank, Redirect, Reopen, Review, Split, Surplus, Unpause,
};
pub(crate) use care::{Archive, Backup, Export, Migrate, Restore};
pub(crate) use command::Command;
pub(crate) use giving::{
    Contribute, Deposit, Member, Offer, PartyRole, Reinstate, Submit, Withdraw,
};
pub(crate) use init::Init;
pub(crate) use key::{Key, KeyRotate};
pub(crate) use look::{Incidents, Lines, Lots, Needs, Status, Todo};
pub(crate) use orders::{
    CancelOrder, Claim, DecideTerms, Despatch, Order, Pay, Receive, Remedy, Respond,
};
pub(crate) use reports::{Arrivals, By, LeadTimes, Money, Report, Reported, ReportedOf};
pub(crate) use roles::{
    Api, Bench, Health, Metrics, Network, Part, Pool, Scheduler, Serve, Worker, Workload,
};
pub(crate) use service::{Clock, Cron, CronRun, Doctor, Events};
pub(crate) use settings::{FILE as SETTINGS, names_data, read};
pub(crate) use shell::{Completions, Man, Shell, Trust};
pub(crate) use surface::{
    Audit, AuditAccess, Token, TokenCreate, TokenRotate, Webhook, WebhookCreate, WebhookId,
    WebhookReplay,
};
pub(crate) use watch::Watch;

/// Carries each requested item from a stated priority to a confirmed delivery.
#[derive(Debug, Parser)]
#[command(name = "waybill", version, about, max_term_width = 100)]
pub(crate) struct Arguments {
    /// Say more about what happens.
    #[arg(long, short, global = true, help_heading = "Everywhere", env = "WAYBILL_VERBOSE", value_parser = BoolishValueParser::new())]
    pub(crate) verbose: bool,
    /// Say nothing but data and errors.
    #[arg(long, short, global = true, help_heading = "Everywhere", env = "WAYBILL_QUIET", value_parser = BoolishValueParser::new())]
    pub(crate) quiet: bool,
    /// Times in UTC, not in this machine's zone.
    #[arg(long, global = true, help_heading = "Everywhere", env = "WAYBILL_UTC", value_parser = BoolishValueParser::new())]
    pub(crate) utc: bool,
    /// Take the options of `[contexts.NAME]` in waybill.toml: another environment.
    #[arg(
        long,
        global = true,
        help_heading = "Everywhere",
        env = "WAYBILL_CONTEXT",
        value_name = "NAME"
    )]
    pub(crate) context: Option<String>,
    /// Answer as if what is in this archive were still in the log: from a copy that is made for it.
    #[arg(
        long,
        global = true,
        help_heading = "Everywhere",
        env = "WAYBILL_WITH_ARCHIVE",
        value_name = "FILE",
        value_delimiter = ','
    )]
    pub(crate) with_archive: Vec<PathBuf>,
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The heading of the options that say where the data is.
const DATA: &str = "Data";

/// The heading of the options that say how something is printed.
const OUTPUT: &str = "Output";

/// Where the data is.
#[derive(Debug, Clone, Args)]
pub(crate) struct Data {
    /// The data folder.
    #[arg(long, help_heading = DATA, env = "WAYBILL_DATA", default_value = "data")]
    pub(crate) data: PathBuf,
    /// The database as a URL, `sqlite:PATH` or `postgres://…`, instead of the data folder's file.
    #[arg(long, help_heading = DATA, env = "WAYBILL_STORE", hide_env_values = true)]
    pub(crate) store: Option<String>,
    /// The broker as a URL, `embedded:` or `amqp(s)://…`.
    #[arg(long, help_heading = DATA, env = "WAYBILL_BROKER", hide_env_values = true)]
    pub(crate) broker: Option<String>,
    /// The file of keys that seal secrets and addresses in the database; or WAYBILL_KEY.
    #[arg(long, help_heading = DATA, env = "WAYBILL_KEY_FILE", value_name = "FILE")]
    pub(crate) key_file: Option<PathBuf>,
}

/// Where the data is, or the service that has it.
#[derive(Debug, Clone, Args)]
pub(crate) struct Reach {
    #[command(flatten)]
    pub(crate) data: Data,
    /// A service elsewhere, as http(s)://HOST:PORT, instead of a data folder; with a token.
    #[arg(long, help_heading = DATA, env = "WAYBILL_SERVER", value_name = "URL")]
    pub(crate) server: Option<String>,
    /// The file that holds the token for it, which only its owner may read; or WAYBILL_TOKEN.
    #[arg(long, help_heading = DATA, env = "WAYBILL_TOKEN_FILE", value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
}

/// `waybill run`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  waybill run examples/it-coalition --until 2024-06-30
  waybill run examples/it-coalition --until 2024-05-31 --report report.html")]
pub(crate) struct Run {
    /// The coalition's folder, with its `coalition.toml`, or its workbook.
    pub(crate) dir: PathBuf,
    /// The data folder; without it, a temporary one.
    #[arg(long, help_heading = DATA, env = "WAYBILL_DATA")]
    pub(crate) data: Option<PathBuf>,
    /// The database as a URL, `sqlite:PATH` or `postgres://…`, instead of the data folder's file.
    #[arg(long, help_heading = DATA, env = "WAYBILL_STORE", hide_env_values = true)]
    pub(crate) store: Option<String>,
    /// The broker as a URL, `embedded:` or `amqp(s)://…`.
    #[arg(long, help_heading = DATA, env = "WAYBILL_BROKER", hide_env_values = true)]
    pub(crate) broker: Option<String>,
    /// Run on a copy of the data, in this new folder: data that a service works on is not run into
    /// the future.
    #[arg(long, value_name = "FOLDER", conflicts_with = "store")]
    pub(crate) copy_to: Option<PathBuf>,
    /// The sandbox's seed, instead of the pipeline's.
    #[arg(long, env = "WAYBILL_SEED")]
    pub(crate) seed: Option<u64>,
    /// The last day to run to.
    #[arg(long, env = "WAYBILL_UNTIL")]
    pub(crate) until: Option<NaiveDate>,
    /// Batches under way at once, for each step.
    #[arg(long, env = "WAYBILL_WORKERS")]
    pub(crate) workers: Option<usize>,
    /// Write the report as a web page, too.
    #[arg(long, env = "WAYBILL_REPORT")]
    pub(crate) report: Option<PathBuf>,
    /// Print one JSON document instead of text.
    #[arg(long, help_heading = OUTPUT, env = "WAYBILL_JSON", value_parser = BoolishValueParser::new())]
    pub(crate) json: bool,
}

/// Where the data is, and how to print one thing.
#[derive(Debug, Args)]
pub(crate) struct Single {
    #[command(flatten)]
    pub(crate) data: Reach,
    /// Print one JSON document instead of text.
    #[arg(long, help_heading = OUTPUT, env = "WAYBILL_JSON", value_parser = BoolishValueParser::new())]
    pub(crate) json: bool,
}

/// Where the data is, and how to print a listing.
#[derive(Debug, Args)]
pub(crate) struct Listing {
    #[command(flatten)]
    pub(crate) data: Reach,
    #[command(flatten)]
    pub(crate) form: Form,
}

/// How a listing is printed.
#[derive(Debug, Clone, Args)]
pub(crate) struct Form {
    /// Print one JSON document: what the API says.
    #[arg(long, help_heading = OUTPUT, env = "WAYBILL_JSON", value_parser = BoolishValueParser::new())]
    pub(crate) json: bool,
    /// Print comma-separated values with all columns; times in RFC 3339, amounts without grouping.
    #[arg(long, help_heading = OUTPUT, env = "WAYBILL_CSV", value_parser = BoolishValueParser::new())]
    pub(crate) csv: bool,
    /// Only these columns, in this order.
    #[arg(long, help_heading = OUTPUT, env = "WAYBILL_COLUMNS", value_delimiter = ',', value_name = "NAMES")]
    pub(crate) columns: Vec<String>,
}

impl Form {
    /// Whether it is for people.
    pub(crate) fn is_table(&self) -> bool {
        !self.json && !self.csv
    }
}

/// `waybill import`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  waybill import examples/it-coalition --data new
  waybill import examples/it-coalition/requisitions.csv --data new
  waybill import examples/it-coalition/requisitions.csv --keep-good rejects.csv")]
pub(crate) struct Import {
    /// A file of requisitions (.csv, .tsv, .xlsx, .xls, .ods, .json, .jsonl), a coalition's folder or workbook
    /// (`waybill init` makes them), or what `waybill export` wrote: that goes into an empty database.
    pub(crate) path: PathBuf,
    #[command(flatten)]
    pub(crate) data: Reach,
    /// A mapping file for foreign columns.
    #[arg(long, env = "WAYBILL_MAPPING")]
    pub(crate) mapping: Option<PathBuf>,
    /// The encoding of a .csv file, such as windows-1251; a byte order mark says it as well.
    #[arg(long, env = "WAYBILL_ENCODING")]
    pub(crate) encoding: Option<String>,
    /// What separates the columns of a .csv file: comma, semicolon, tab, bar, or the character
    /// itself. Without, the header shows it.
    #[arg(long, env = "WAYBILL_SEPARATOR")]
    pub(crate) separator: Option<Separator>,
    /// The sheet of a workbook that holds lines. Without, the first that is not hidden; a workbook with
    /// the sheets of a coalition is taken whole.
    #[arg(long, env = "WAYBILL_SHEET")]
    pub(crate) sheet: Option<String>,
    /// The day on which it is handed in, on virtual time, in UTC: for data that `waybill run`
    /// carries on.
    #[arg(long, env = "WAYBILL_ON")]
    pub(crate) on: Option<NaiveDate>,
    /// Take the valid rows and write the others with their reasons to this file.
    #[arg(long, value_name = "REJECTS", env = "WAYBILL_KEEP_GOOD")]
    pub(crate) keep_good: Option<PathBuf>,
    /// Take nothing: say what is new, amended field by field, unchanged, refused and in conflict.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Take a file that was taken before, although others have stated its lines since.
    #[arg(long)]
    pub(crate) as_new: bool,
    /// Of lines and records that a command has changed too, keep what the command made of these
    /// (MIN/1, or the bare id).
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub(crate) ours: Vec<String>,
    /// Of these, take what the file says.
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub(crate) theirs: Vec<String>,
    /// Print one JSON document instead of text.
    #[arg(long, help_heading = OUTPUT, env = "WAYBILL_JSON", value_parser = BoolishValueParser::new())]
    pub(crate) json: bool,
}

/// `waybill show`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  waybill show LOT-00B
  waybill show REQ-2024-07/1
  waybill show PO-SUP-01-NSPA-EUR-0001
  waybill show LU")]
pub(crate) struct Show {
    /// LOT-7K2, LINE-7K2, a requester's line id, an order's number, a contribution, a party.
    pub(crate) id: String,
    #[command(flatten)]
    pub(crate) data: Reach,
    /// Print one JSON document instead of text.
    #[arg(long, help_heading = OUTPUT, env = "WAYBILL_JSON", value_parser = BoolishValueParser::new())]
    pub(crate) json: bool,
}

/// `waybill why`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  waybill why LOT-01R
  waybill why LOT-01R --json")]
pub(crate) struct Why {
    /// The lot, such as LOT-7K2.
    pub(crate) lot: String,
    #[command(flatten)]
    pub(crate) data: Reach,
    /// Print one JSON document instead of text.
    #[arg(long, help_heading = OUTPUT, env = "WAYBILL_JSON", value_parser = BoolishValueParser::new())]
    pub(crate) json: bool,
}

/// `waybill check`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  waybill check
  waybill check --json")]
pub(crate) struct Check {
    #[command(flatten)]
    pub(crate) data: Reach,
    /// Print one JSON document instead of text.
    #[arg(long, help_heading = OUTPUT, env = "WAYBILL_JSON", value_parser = BoolishValueParser::new())]
    pub(crate) json: bool,
}

/// `waybill plan`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  waybill plan --quarters 4
  waybill plan --add \"LU 5M EUR from 2027-01\" --withdraw DK
  waybill plan --quarters 4 --output plan.html --output plan.csv")]
pub(crate) struct Plan {
    #[command(flatten)]
    pub(crate) data: Reach,
    /// The first day, instead of today.
    #[arg(long, env = "WAYBILL_FROM")]
    pub(crate) from: Option<NaiveDate>,
    /// How many quarters, instead of those of this year and the next two.
    #[arg(long, env = "WAYBILL_QUARTERS")]
    pub(crate) quarters: Option<u32>,
    /// What if a donor adds money, as "LU 5M EUR from 2027-01"?
    #[arg(long, env = "WAYBILL_ADD", value_name = "MONEY")]
    pub(crate) add: Vec<String>,
    /// What if a donor takes back what is not bound yet?
    #[arg(long, env = "WAYBILL_WITHDRAW", value_name = "DONOR")]
    pub(crate) withdraw: Vec<String>,
    /// What if a line had another rank within its class?
    #[arg(long, env = "WAYBILL_RANK", num_args = 2, value_names = ["LINE", "RANK"])]
    pub(crate) rank: Vec<String>,
    /// What if a supplier offered nothing any more?
    #[arg(long, env = "WAYBILL_FAIL", value_name = "SUPPLIER")]
    pub(crate) fail: Vec<String>,
    /// Write the plan to a file, too: a web page (.html) or a table (.csv).
    #[arg(long, short, env = "WAYBILL_OUTPUT", value_name = "FILE")]
    pub(crate) output: Vec<PathBuf>,
    /// Print one JSON document instead of text.
    #[arg(long, help_heading = OUTPUT, env = "WAYBILL_JSON", value_parser = BoolishValueParser::new())]
    pub(crate) json: bool,
}

/// `waybill match`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  waybill match examples/match.json
  waybill match - < examples/match.json")]
pub(crate) struct Match {
    /// A JSON file with envelopes, lots, rates and policy; `-`: standard input.
    pub(crate) instance: PathBuf,
    /// JSON is what it always prints.
    #[arg(long, hide = true, help_heading = OUTPUT, env = "WAYBILL_JSON", value_parser = BoolishValueParser::new())]
    pub(crate) json: bool,
}
