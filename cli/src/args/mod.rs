//! The options of every command. Each can also be set by an environment variable, or by a key in `waybill.toml` in
//! the current folder. An option overrides the variable, and the variable overrides the file.

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
pub(crate) mod trust;
mod watch;

pub(crate) use crate::output::Form;
use crate::output::HEADING as OUTPUT;
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
pub(crate) use shell::{Completions, Explain, Man, Shell, Trust};
pub(crate) use surface::{
    Audit, AuditAccess, Token, TokenCreate, TokenRotate, Webhook, WebhookCreate, WebhookId,
    WebhookReplay,
};
pub(crate) use watch::Watch;

/// Carries each requested item from a stated priority to a confirmed delivery.
#[derive(Debug, Parser)]
#[command(name = "waybill", version, about, max_term_width = 100)]
pub(crate) struct Arguments {
    /// Print more about what happens.
    #[arg(long, short, global = true, help_heading = "Everywhere", env = "WAYBILL_VERBOSE", value_parser = BoolishValueParser::new())]
    pub(crate) verbose: bool,
    /// Print only data and errors.
    #[arg(long, short, global = true, help_heading = "Everywhere", env = "WAYBILL_QUIET", value_parser = BoolishValueParser::new())]
    pub(crate) quiet: bool,
    /// Print times in UTC instead of this machine's time zone.
    #[arg(long, global = true, help_heading = "Everywhere", env = "WAYBILL_UTC", value_parser = BoolishValueParser::new())]
    pub(crate) utc: bool,
    /// Use the options of `[contexts.NAME]` in waybill.toml, for another environment.
    #[arg(
        long,
        global = true,
        help_heading = "Everywhere",
        env = "WAYBILL_CONTEXT",
        value_name = "NAME"
    )]
    pub(crate) context: Option<String>,
    /// Answer as if the content of this archive were still in the log. Works on a temporary copy.
    #[arg(
        long,
        global = true,
        help_heading = "Everywhere",
        env = "WAYBILL_WITH_ARCHIVE",
        value_name = "FILE",
        value_delimiter = ','
    )]
    pub(crate) with_archive: Vec<PathBuf>,
    /// The command to run.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The heading of options about the location of the data.
const DATA: &str = "Data";

/// The location of the data.
#[derive(Debug, Clone, Args)]
pub(crate) struct Data {
    /// The data folder.
    #[arg(long, help_heading = DATA, env = "WAYBILL_DATA", default_value = "data")]
    pub(crate) data: PathBuf,
    /// The database's URL, `sqlite:PATH` or `postgres://…`, instead of the file in the data folder.
    #[arg(long, help_heading = DATA, env = "WAYBILL_STORE", hide_env_values = true)]
    pub(crate) store: Option<String>,
    /// The broker's URL, `embedded:` or `amqp(s)://…`.
    #[arg(long, help_heading = DATA, env = "WAYBILL_BROKER", hide_env_values = true)]
    pub(crate) broker: Option<String>,
    /// The file of keys that seal secrets and addresses in the database. WAYBILL_KEY can hold the keys instead.
    #[arg(long, help_heading = DATA, env = "WAYBILL_KEY_FILE", value_name = "FILE")]
    pub(crate) key_file: Option<PathBuf>,
}

/// The location of the data, or of a service.
#[derive(Debug, Clone, Args)]
pub(crate) struct Reach {
    #[command(flatten)]
    pub(crate) data: Data,
    /// A remote service, as http(s)://HOST:PORT, instead of a data folder. It needs a token.
    #[arg(long, help_heading = DATA, env = "WAYBILL_SERVER", value_name = "URL")]
    pub(crate) server: Option<String>,
    /// The file with the token for --server; only its owner may read it. WAYBILL_TOKEN can hold the token instead.
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
    /// The coalition's folder with its `coalition.toml`, or its workbook.
    pub(crate) dir: PathBuf,
    /// The data folder; by default a temporary one.
    #[arg(long, help_heading = DATA, env = "WAYBILL_DATA")]
    pub(crate) data: Option<PathBuf>,
    /// The database's URL, `sqlite:PATH` or `postgres://…`, instead of the file in the data folder.
    #[arg(long, help_heading = DATA, env = "WAYBILL_STORE", hide_env_values = true)]
    pub(crate) store: Option<String>,
    /// The broker's URL, `embedded:` or `amqp(s)://…`.
    #[arg(long, help_heading = DATA, env = "WAYBILL_BROKER", hide_env_values = true)]
    pub(crate) broker: Option<String>,
    /// Run on a copy of the data in this new folder. Data that a service has worked on cannot be run into the future
    /// itself.
    #[arg(long, value_name = "FOLDER", conflicts_with = "store")]
    pub(crate) copy_to: Option<PathBuf>,
    /// The sandbox's seed, instead of the one in the pipeline.
    #[arg(long, env = "WAYBILL_SEED")]
    pub(crate) seed: Option<u64>,
    /// The last day of the run.
    #[arg(long, env = "WAYBILL_UNTIL")]
    pub(crate) until: Option<NaiveDate>,
    /// How many batches of each step run at once.
    #[arg(long, env = "WAYBILL_WORKERS")]
    pub(crate) workers: Option<usize>,
    /// Also write the report as a web page.
    #[arg(long, env = "WAYBILL_REPORT")]
    pub(crate) report: Option<PathBuf>,
    /// Print one JSON document instead of text.
    #[arg(long, help_heading = OUTPUT, env = "WAYBILL_JSON", value_parser = BoolishValueParser::new())]
    pub(crate) json: bool,
}

/// The location of the data, and the output of a single answer.
#[derive(Debug, Args)]
pub(crate) struct Single {
    #[command(flatten)]
    pub(crate) data: Reach,
    /// Print one JSON document instead of text.
    #[arg(long, help_heading = OUTPUT, env = "WAYBILL_JSON", value_parser = BoolishValueParser::new())]
    pub(crate) json: bool,
}

/// The location of the data, and the output of a listing.
#[derive(Debug, Args)]
pub(crate) struct Listing {
    #[command(flatten)]
    pub(crate) data: Reach,
    #[command(flatten)]
    pub(crate) form: Form,
}

/// `waybill import`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  waybill import examples/it-coalition --data new
  waybill import examples/it-coalition/requisitions.csv --data new
  waybill import examples/it-coalition/requisitions.csv --keep-good rejects.csv")]
pub(crate) struct Import {
    /// A file of requisitions (.csv, .tsv, .xlsx, .xls, .ods, .json, .jsonl), a coalition's folder or workbook (see
    /// `waybill init`), or a file from `waybill export`, which needs an empty database.
    pub(crate) path: PathBuf,
    #[command(flatten)]
    pub(crate) data: Reach,
    /// A mapping file that describes foreign columns.
    #[arg(long, env = "WAYBILL_MAPPING")]
    pub(crate) mapping: Option<PathBuf>,
    /// The encoding of a .csv file, such as windows-1251. A byte order mark also states it.
    #[arg(long, env = "WAYBILL_ENCODING")]
    pub(crate) encoding: Option<String>,
    /// The column separator of a .csv file: comma, semicolon, tab, bar, or the character itself. By default it is
    /// detected from the header.
    #[arg(long, env = "WAYBILL_SEPARATOR")]
    pub(crate) separator: Option<Separator>,
    /// The sheet of a workbook with the lines. By default the first visible sheet; a workbook with a coalition's
    /// sheets is imported as a whole.
    #[arg(long, env = "WAYBILL_SHEET")]
    pub(crate) sheet: Option<String>,
    /// The day of submission on virtual time, in UTC, for data that `waybill run` continues.
    #[arg(long, env = "WAYBILL_ON")]
    pub(crate) on: Option<NaiveDate>,
    /// Accept the good rows, and write the others with their errors to this file.
    #[arg(long, value_name = "REJECTS", env = "WAYBILL_KEEP_GOOD")]
    pub(crate) keep_good: Option<PathBuf>,
    /// Change nothing. Show what is new, amended (field by field), unchanged, refused and in conflict.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Import a file again that was imported before, even if its lines have been stated differently since.
    #[arg(long)]
    pub(crate) as_new: bool,
    /// For these ids (MIN/1, or the bare id), keep the values that a command has set.
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub(crate) ours: Vec<String>,
    /// For these ids, take the values of the file.
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
    /// LOT-7K2, LINE-7K2, a requester's line id, an order's number, a contribution or a party.
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
    /// The first day; today by default.
    #[arg(long, env = "WAYBILL_FROM")]
    pub(crate) from: Option<NaiveDate>,
    /// How many quarters; by default this year's and those of the next two years.
    #[arg(long, env = "WAYBILL_QUARTERS")]
    pub(crate) quarters: Option<u32>,
    /// Assume that a donor adds money, as "LU 5M EUR from 2027-01".
    #[arg(long, env = "WAYBILL_ADD", value_name = "MONEY")]
    pub(crate) add: Vec<String>,
    /// Assume that a donor withdraws what is not bound yet.
    #[arg(long, env = "WAYBILL_WITHDRAW", value_name = "DONOR")]
    pub(crate) withdraw: Vec<String>,
    /// Assume another rank of a line within its class.
    #[arg(long, env = "WAYBILL_RANK", num_args = 2, value_names = ["LINE", "RANK"])]
    pub(crate) rank: Vec<String>,
    /// Assume that a supplier offers nothing any more.
    #[arg(long, env = "WAYBILL_FAIL", value_name = "SUPPLIER")]
    pub(crate) fail: Vec<String>,
    /// Also write the plan to a file: a web page (.html) or a table (.csv).
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
    /// A JSON file with envelopes, lots, rates and policy. `-` means standard input.
    pub(crate) instance: PathBuf,
    /// Has no effect: the output is always JSON.
    #[arg(long, hide = true, help_heading = OUTPUT, env = "WAYBILL_JSON", value_parser = BoolishValueParser::new())]
    pub(crate) json: bool,
}
