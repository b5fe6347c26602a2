//! The options of every command. Each has an environment variable and a key in `waybill.toml` in
//! the current folder; the option wins, then the variable, then the file.

mod acts;
mod care;
mod giving;
mod groups;
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
use clap::{Args, Parser, Subcommand};

pub(crate) use acts::{
    Attach, Consent, Fields, How, InKind, Incident, Lots as OfLots, Merge, Note, OnLots, Rank,
    Redirect, Review, Split,
};
pub(crate) use care::{Backup, Export, Migrate, Restore};
pub(crate) use giving::{Contribute, Deposit, Member, PartyRole, Submit, Withdraw};
pub(crate) use look::{Incidents, Lines, Lots, Needs, Status, Todo};
pub(crate) use orders::{Claim, Despatch, Order, Pay, Receive, Remedy, Respond};
pub(crate) use reports::{Arrivals, By, LeadTimes, Money, Report, Reported, ReportedOf};
pub(crate) use roles::{Api, Bench, Health, Network, Part, Scheduler, Serve, Worker, Workload};
pub(crate) use service::{Cron, CronRun, Doctor, Events};
pub(crate) use settings::{names_data, read};
pub(crate) use shell::{Completions, Man, Shell};
pub(crate) use surface::{
    Audit, Token, TokenCreate, Webhook, WebhookCreate, WebhookId, WebhookReplay,
};
pub(crate) use watch::Watch;

/// Carries each requested item from a stated priority to a confirmed delivery.
#[derive(Debug, Parser)]
#[command(name = "waybill", version, about, max_term_width = 100)]
pub(crate) struct Arguments {
    /// Say more about what happens.
    #[arg(long, short, global = true, env = "WAYBILL_VERBOSE", value_parser = BoolishValueParser::new())]
    pub(crate) verbose: bool,
    /// Say nothing but data and errors.
    #[arg(long, short, global = true, env = "WAYBILL_QUIET", value_parser = BoolishValueParser::new())]
    pub(crate) quiet: bool,
    /// Times in UTC, not in this machine's zone.
    #[arg(long, global = true, env = "WAYBILL_UTC", value_parser = BoolishValueParser::new())]
    pub(crate) utc: bool,
    /// Take the options of `[contexts.NAME]` in waybill.toml: another environment.
    #[arg(long, global = true, env = "WAYBILL_CONTEXT", value_name = "NAME")]
    pub(crate) context: Option<String>,
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Import a coalition's folder, run it on virtual time to its end, and report.
    Run(Run),
    /// Run all roles on real time, until SIGTERM.
    Serve(Serve),
    /// Run time and dispatch alone, on a Postgres store and a RabbitMQ broker; of many one leads.
    Scheduler(Scheduler),
    /// Run steps and acts alone, on a Postgres store and a RabbitMQ broker; any number of them.
    Worker(Worker),
    /// Serve the API alone, on a Postgres store and a RabbitMQ broker; any number of them.
    Api(Api),
    /// Import requisitions from a file, a coalition's folder, or a whole database that was exported.
    Import(Import),
    /// Whether all is well: the service, where lots are, incidents, money that lapses.
    Status(Status),
    /// Who must act today, and since when.
    Todo(Todo),
    /// List lots: where each is, for how long, and why.
    Lots(Lots),
    /// List lines: what was asked for, where it is, when it arrives.
    Lines(Lines),
    /// What could not be done, by cause, and how it is mended.
    Incidents(Incidents),
    /// Show a lot, line, order, contribution or party with everything that happened to it.
    Show(Show),
    /// What happened, in order, and what happens from now on.
    Events(Events),
    /// Explain who pays for a lot and what decided, or what it is short of.
    Why(Why),
    /// Watch what happens on the whole screen, and mend it by keys.
    Watch(Watch),
    /// Hand in lines: a file, or one by its fields or by answering questions.
    #[command(after_help = "\
Examples:
  waybill submit examples/it-coalition/amendments.csv
  waybill submit examples/it-coalition/requisitions.csv --partial")]
    Submit(Submit),
    /// Hand in what an expert group decided of lots.
    #[command(subcommand)]
    Review(Review),
    /// Hand in what a donor decided of the use of its money.
    #[command(subcommand)]
    Consent(Consent),
    /// Hand in what a requester decided of goods in kind.
    #[command(subcommand)]
    InKind(InKind),
    /// Give a line another place in the list.
    #[command(after_help = "\
Examples:
  waybill rank REQ-2024-12/5 1 -m 'agreed by the steering group'
  waybill rank REQ-2024-12/5 1 --class 2 --dry-run")]
    Rank(Rank),
    /// State a line anew, in part: lots that are not ordered are validated again.
    #[command(after_help = "\
Examples:
  waybill amend REQ-2024-01/5 quantity=100 needed_by=2027-06-30 --dry-run
  waybill amend REQ-2024-01/5 quantity=100 needed_by=2027-06-30")]
    Amend(Fields),
    /// Correct what was written down wrongly and changes nothing of what is asked for.
    #[command(after_help = "\
Examples:
  waybill correct REQ-2024-01/5 'description=For meeting rooms' source=letter")]
    Correct(Fields),
    /// Let nothing happen to lots until they are resumed; they keep their rank, not their money.
    #[command(after_help = "\
Examples:
  waybill hold LOT-005 -m 'asked the ministry'
  waybill hold --awaits funding --class 3 --dry-run
  waybill lots --awaits funding --ids | waybill hold - --yes")]
    Hold(OnLots),
    /// Let held lots go on.
    #[command(after_help = "\
Examples:
  waybill resume LOT-005
  waybill resume --awaits funding --dry-run")]
    Resume(OnLots),
    /// Let lots that failed try again now.
    #[command(after_help = "\
Examples:
  waybill retry LOT-005
  waybill retry --state parked --dry-run")]
    Retry(OnLots),
    /// Give lots up.
    #[command(after_help = "\
Examples:
  waybill cancel LOT-005 -m 'bought elsewhere'
  waybill cancel --awaits funding --requester UA-MOD-IT --dry-run")]
    Cancel(OnLots),
    /// Make a part of a lot a lot of its own.
    #[command(after_help = "\
Examples:
  waybill split LOT-015 700 -m 'the first 700 are urgent' --dry-run")]
    Split(Split),
    /// Let one lot carry others of its line.
    #[command(after_help = "\
Examples:
  waybill merge LOT-015 LOT-015.1 -m 'they go together after all'")]
    Merge(Merge),
    /// Send lots to another consignee, also in flight.
    #[command(after_help = "\
Examples:
  waybill redirect LOT-005 --to UA-C02 -m 'store 1 is full'")]
    Redirect(Redirect),
    /// Answer for an order, approve or cancel it.
    #[command(subcommand)]
    Order(Order),
    /// Note what of an order is on its way.
    #[command(after_help = "\
Examples:
  waybill despatch PO-SUP-03-NSPA-EUR-0001
  waybill despatch PO-SUP-03-NSPA-EUR-0001 LOT-00A=12 LOT-00B=4")]
    Despatch(Despatch),
    /// Note what of an order was received.
    #[command(after_help = "\
Examples:
  waybill receive PO-SUP-03-NSPA-EUR-0001
  waybill receive PO-SUP-03-NSPA-EUR-0001 LOT-00A=10/2 --remedy return")]
    Receive(Receive),
    /// Note what of an order was paid.
    #[command(after_help = "\
Examples:
  waybill pay PO-SUP-03-NSPA-EUR-0001 --date 2026-11-02
  waybill pay PO-SUP-03-NSPA-EUR-0001 LOT-00A=1250.50 --final")]
    Pay(Pay),
    /// Note a claim on a supplier.
    #[command(after_help = "\
Examples:
  waybill claim PO-SUP-01-NSPA-EUR-0001 --amount 'EUR 1,200' -m 'came late'")]
    Claim(Claim),
    /// State a pledge.
    #[command(after_help = "\
Examples:
  waybill contribute LU-2027-1 --donor LU --amount 'EUR 5M' --evidence letter")]
    Contribute(Contribute),
    /// State a commitment.
    #[command(after_help = "\
Examples:
  waybill commit LU-2027-2 --donor LU --amount 'EUR 5M' --evidence 'letter 4'
  waybill commit EE-2027-1 --donor EE --in-kind Router=50@30 --evidence letter")]
    Commit(Contribute),
    /// Take back what of a contribution is not bound.
    #[command(after_help = "\
Examples:
  waybill withdraw DK-2024-1 --dry-run
  waybill withdraw DK-2024-1 --amount 'DKK 1M' -m 'letter of 3 May'")]
    Withdraw(Withdraw),
    /// Note cash that has reached the buying agent.
    #[command(after_help = "\
Examples:
  waybill deposit LU-2024-1 'EUR 2.5M' --number 4711 --date 2026-11-02")]
    Deposit(Deposit),
    /// Let a party take a role, or end it.
    #[command(subcommand)]
    Member(Member),
    /// Write a note on a lot, line, order, contribution or party.
    #[command(after_help = "\
Examples:
  waybill note LOT-005 --follow-up 2027-01-15 -m 'call the ministry'")]
    Note(Note),
    /// Keep a file with a lot, line, order, contribution or party.
    #[command(after_help = "\
Examples:
  waybill attach LU-2024-1 examples/it-coalition/README.md")]
    Attach(Attach),
    /// Mend what failed for one cause, all of it at once.
    #[command(subcommand)]
    Incident(Incident),
    /// The money by donor and envelope: what became of it, and what lapses when.
    Money(Money),
    /// What is to come: lots under orders by the day they are due, late ones first.
    Arrivals(Arrivals),
    /// How long things take: at each step, in each category, from each supplier.
    LeadTimes(LeadTimes),
    /// Reports as pages, text, tables or data: weekly, donor, requester, steering.
    #[command(subcommand)]
    Report(Report),
    /// Give, list and revoke tokens for the API.
    #[command(subcommand)]
    Token(Token),
    /// Have events sent to you, and see what became of them.
    #[command(subcommand)]
    Webhook(Webhook),
    /// Export the log with its hash chain, or verify one.
    #[command(subcommand)]
    Audit(Audit),
    /// Replay the log and assert the invariants.
    Check(Check),
    /// Copy the database to a file while others work on it, and prove that the copy is whole.
    Backup(Backup),
    /// Put a backup or an export in the place of the database.
    Restore(Restore),
    /// Write the whole database as JSON lines that SQLite and Postgres both take.
    Export(Export),
    /// Make the changes of the tables that this version needs.
    Migrate(Migrate),
    /// What recurs, what comes next, and a fire by hand.
    #[command(subcommand)]
    Cron(Cron),
    /// Look at every part of the service, and say what ails it and the mend.
    Doctor(Doctor),
    /// The roadmap by quarter: what gets funded, what would lapse, and what changes would do.
    Plan(Plan),
    /// Match lots with donors, without a database: answer a problem in a file as JSON.
    Match(Match),
    /// Ask a running process whether it is ready.
    Health(Health),
    /// Measure throughput and latency.
    Bench(Bench),
    /// Print what completes commands and options in a shell.
    Completions(Completions),
    /// Print the manual, or write a page for each command.
    Man(Man),
}

/// Where the data is.
#[derive(Debug, Clone, Args)]
pub(crate) struct Data {
    /// The data folder.
    #[arg(long, env = "WAYBILL_DATA", default_value = "data")]
    pub(crate) data: PathBuf,
    /// The database as a URL, `sqlite:PATH` or `postgres://…`, instead of the data folder's file.
    #[arg(long, env = "WAYBILL_STORE")]
    pub(crate) store: Option<String>,
    /// The broker as a URL, `embedded:` or `amqp(s)://…`.
    #[arg(long, env = "WAYBILL_BROKER")]
    pub(crate) broker: Option<String>,
}

/// Where the data is, or the service that has it.
#[derive(Debug, Clone, Args)]
pub(crate) struct Reach {
    #[command(flatten)]
    pub(crate) data: Data,
    /// A service elsewhere, as http(s)://HOST:PORT, instead of a data folder; with a token.
    #[arg(long, env = "WAYBILL_SERVER", value_name = "URL")]
    pub(crate) server: Option<String>,
    /// The file that holds the token for it, which only its owner may read; or WAYBILL_TOKEN.
    #[arg(long, env = "WAYBILL_TOKEN_FILE", value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
}

/// `waybill run`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  waybill run examples/it-coalition --until 2024-06-30
  waybill run examples/it-coalition --until 2024-05-31 --report report.html")]
pub(crate) struct Run {
    /// The coalition's folder, with its `coalition.toml`.
    pub(crate) dir: PathBuf,
    /// The data folder; without it, a temporary one.
    #[arg(long, env = "WAYBILL_DATA")]
    pub(crate) data: Option<PathBuf>,
    /// The database as a URL, `sqlite:PATH` or `postgres://…`, instead of the data folder's file.
    #[arg(long, env = "WAYBILL_STORE")]
    pub(crate) store: Option<String>,
    /// The broker as a URL, `embedded:` or `amqp(s)://…`.
    #[arg(long, env = "WAYBILL_BROKER")]
    pub(crate) broker: Option<String>,
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
    #[arg(long, env = "WAYBILL_JSON", value_parser = BoolishValueParser::new())]
    pub(crate) json: bool,
}

/// Where the data is, and how to print one thing.
#[derive(Debug, Args)]
pub(crate) struct Single {
    #[command(flatten)]
    pub(crate) data: Reach,
    /// Print one JSON document instead of text.
    #[arg(long, env = "WAYBILL_JSON", value_parser = BoolishValueParser::new())]
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
    #[arg(long, env = "WAYBILL_JSON", value_parser = BoolishValueParser::new())]
    pub(crate) json: bool,
    /// Print comma-separated values with all columns; times in RFC 3339, amounts without grouping.
    #[arg(long, env = "WAYBILL_CSV", value_parser = BoolishValueParser::new())]
    pub(crate) csv: bool,
    /// Only these columns, in this order.
    #[arg(long, env = "WAYBILL_COLUMNS", value_delimiter = ',', value_name = "NAMES")]
    pub(crate) columns: Vec<String>,
}

/// `waybill import`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  waybill import examples/it-coalition --data new
  waybill import examples/it-coalition/requisitions.csv --data new
  waybill import examples/it-coalition/requisitions.csv --keep-good rejects.csv")]
pub(crate) struct Import {
    /// A file of requisitions (.csv, .xlsx, .json, .jsonl), a coalition's folder, or what
    /// `waybill export` wrote: that goes into an empty database.
    pub(crate) path: PathBuf,
    #[command(flatten)]
    pub(crate) data: Reach,
    /// A mapping file for foreign columns.
    #[arg(long, env = "WAYBILL_MAPPING")]
    pub(crate) mapping: Option<PathBuf>,
    /// The encoding of a .csv file, such as windows-1251.
    #[arg(long, env = "WAYBILL_ENCODING")]
    pub(crate) encoding: Option<String>,
    /// The day on which it is handed in, on virtual time, in UTC: for data that `waybill run`
    /// carries on.
    #[arg(long, env = "WAYBILL_ON")]
    pub(crate) on: Option<NaiveDate>,
    /// Take the valid rows and write the others with their reasons to this file.
    #[arg(long, value_name = "REJECTS", env = "WAYBILL_KEEP_GOOD")]
    pub(crate) keep_good: Option<PathBuf>,
    /// Print one JSON document instead of text.
    #[arg(long, env = "WAYBILL_JSON", value_parser = BoolishValueParser::new())]
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
    #[arg(long, env = "WAYBILL_JSON", value_parser = BoolishValueParser::new())]
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
    #[arg(long, env = "WAYBILL_JSON", value_parser = BoolishValueParser::new())]
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
    #[arg(long, env = "WAYBILL_JSON", value_parser = BoolishValueParser::new())]
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
    #[arg(long, env = "WAYBILL_JSON", value_parser = BoolishValueParser::new())]
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
    #[arg(long, hide = true, env = "WAYBILL_JSON", value_parser = BoolishValueParser::new())]
    pub(crate) json: bool,
}
