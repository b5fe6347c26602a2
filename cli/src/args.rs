//! The options of every command. Each has an environment variable and a key in `waybill.toml` in
//! the current folder; the option wins, then the variable, then the file.

use std::path::PathBuf;

use chrono::NaiveDate;
use clap::builder::BoolishValueParser;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use waybill_shared::domain::account::Role;
use waybill_shared::domain::pipeline::STEPS;

use crate::failure::Failure;

/// Carries each requested item from a stated priority to a confirmed delivery.
#[derive(Debug, Parser)]
#[command(name = "waybill", version, about, max_term_width = 100)]
pub(crate) struct Arguments {
    /// Say more about what happens.
    #[arg(long, short, global = true, env = "WAYBILL_VERBOSE", value_parser = BoolishValueParser::new())]
    pub(crate) verbose: bool,
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
    /// Import requisitions from a file, or a coalition's folder.
    Import(Import),
    /// List lots.
    Lots(Lots),
    /// Show a lot, line, order, contribution or party with everything that happened to it.
    Show(Show),
    /// Explain who pays for a lot and what decided, or what it is short of.
    Why(Why),
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
    /// The roadmap by quarter: what gets funded, what would lapse, and what changes would do.
    Plan(Plan),
    /// Match lots with donors, without a database: answer a problem in a file as JSON.
    Match(Match),
    /// Ask a running process whether it is ready.
    Health(Health),
    /// Measure throughput and latency.
    Bench(Bench),
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

/// `waybill serve`.
#[derive(Debug, Args)]
pub(crate) struct Serve {
    #[command(flatten)]
    pub(crate) data: Data,
    /// The pipeline; without it, the one in the data folder or the last one stored.
    #[arg(long, env = "WAYBILL_PIPELINE")]
    pub(crate) pipeline: Option<PathBuf>,
    /// Serve the API, health and metrics here, as ADDRESS:PORT.
    #[arg(long, env = "WAYBILL_LISTEN")]
    pub(crate) listen: Option<std::net::SocketAddr>,
    #[command(flatten)]
    pub(crate) network: Network,
    /// Export traces to the OTLP collector here, as http://HOST:4318.
    #[arg(long, env = "WAYBILL_OTLP", value_name = "URL")]
    pub(crate) otlp: Option<String>,
}

/// How the API is served.
#[derive(Debug, Clone, Args)]
pub(crate) struct Network {
    /// Ask for no tokens: whoever reaches the address is the operator. On loopback only.
    #[arg(long, env = "WAYBILL_NO_ACCOUNTS", value_parser = BoolishValueParser::new())]
    pub(crate) no_accounts: bool,
    /// Serve over TLS, with this certificate chain (PEM).
    #[arg(long, env = "WAYBILL_TLS_CERT", value_name = "FILE", requires = "tls_key")]
    pub(crate) tls_cert: Option<PathBuf>,
    /// The certificate's key (PEM).
    #[arg(long, env = "WAYBILL_TLS_KEY", value_name = "FILE", requires = "tls_cert")]
    pub(crate) tls_key: Option<PathBuf>,
    /// Requests a second for each account, twice as many at once; 0: no limits.
    #[arg(long, env = "WAYBILL_RATE", default_value_t = 200, value_name = "N")]
    pub(crate) rate: u32,
    /// Networks of proxies whose X-Forwarded-For is believed, such as 10.0.0.0/8.
    #[arg(long, env = "WAYBILL_TRUSTED_PROXY", value_delimiter = ',', value_name = "NET")]
    pub(crate) trusted_proxy: Vec<ipnet::IpNet>,
}

/// `waybill scheduler`.
#[derive(Debug, Args)]
pub(crate) struct Scheduler {
    #[command(flatten)]
    pub(crate) data: Data,
    /// The pipeline; without it, the one in the data folder or the last one stored.
    #[arg(long, env = "WAYBILL_PIPELINE")]
    pub(crate) pipeline: Option<PathBuf>,
    /// Serve health and metrics here, as ADDRESS:PORT.
    #[arg(long, env = "WAYBILL_LISTEN")]
    pub(crate) listen: Option<std::net::SocketAddr>,
    /// Export traces to the OTLP collector here, as http://HOST:4318.
    #[arg(long, env = "WAYBILL_OTLP", value_name = "URL")]
    pub(crate) otlp: Option<String>,
}

/// `waybill api`.
#[derive(Debug, Args)]
pub(crate) struct Api {
    #[command(flatten)]
    pub(crate) data: Data,
    /// Where it listens, as ADDRESS:PORT.
    #[arg(long, env = "WAYBILL_LISTEN", default_value = "127.0.0.1:8080")]
    pub(crate) listen: std::net::SocketAddr,
    #[command(flatten)]
    pub(crate) network: Network,
    /// Export traces to the OTLP collector here, as http://HOST:4318.
    #[arg(long, env = "WAYBILL_OTLP", value_name = "URL")]
    pub(crate) otlp: Option<String>,
}

/// `waybill worker`.
#[derive(Debug, Args)]
pub(crate) struct Worker {
    #[command(flatten)]
    pub(crate) data: Data,
    /// Run only these steps.
    #[arg(long, env = "WAYBILL_STEPS", value_delimiter = ',', value_parser = STEPS)]
    pub(crate) steps: Vec<String>,
    /// Batches of each step under way at once, instead of the pipeline's.
    #[arg(long, env = "WAYBILL_CONCURRENCY")]
    pub(crate) concurrency: Option<usize>,
    /// Serve health and metrics here.
    #[arg(long, env = "WAYBILL_LISTEN")]
    pub(crate) listen: Option<std::net::SocketAddr>,
    /// Export traces to the OTLP collector here, as http://HOST:4318.
    #[arg(long, env = "WAYBILL_OTLP", value_name = "URL")]
    pub(crate) otlp: Option<String>,
}

/// `waybill token`.
#[derive(Debug, Subcommand)]
pub(crate) enum Token {
    /// Give an account: its token is shown once.
    Create(TokenCreate),
    /// List accounts, without their tokens.
    List(Listing),
    /// Revoke an account, at once.
    Revoke(TokenRevoke),
}

/// `waybill token create`.
#[derive(Debug, Args)]
pub(crate) struct TokenCreate {
    /// As what it acts.
    #[arg(value_parser = ROLES)]
    pub(crate) role: String,
    /// For whom: a party, an expert group, a supplier, or a consignee's code.
    #[arg(long = "for", env = "WAYBILL_FOR", value_name = "PARTY")]
    pub(crate) party: Option<String>,
    /// Who or what will use it; without, the role and the party.
    #[arg(long, env = "WAYBILL_NAME")]
    pub(crate) name: Option<String>,
    /// For how many days it holds; without, until it is revoked.
    #[arg(long, env = "WAYBILL_DAYS")]
    pub(crate) days: Option<u32>,
    #[command(flatten)]
    pub(crate) listing: Listing,
}

/// The roles, by name.
const ROLES: [&str; Role::ALL.len()] = {
    let mut names = [""; Role::ALL.len()];
    let mut i = 0;
    while i < names.len() {
        names[i] = Role::ALL[i].name();
        i += 1;
    }
    names
};

/// `waybill token revoke`.
#[derive(Debug, Args)]
pub(crate) struct TokenRevoke {
    /// The account's id.
    pub(crate) id: String,
    #[command(flatten)]
    pub(crate) listing: Listing,
}

/// Where the data is, and how to print.
#[derive(Debug, Args)]
pub(crate) struct Listing {
    #[command(flatten)]
    pub(crate) data: Reach,
    /// Print one JSON document instead of text.
    #[arg(long, env = "WAYBILL_JSON", value_parser = BoolishValueParser::new())]
    pub(crate) json: bool,
}

/// `waybill webhook`.
#[derive(Debug, Subcommand)]
pub(crate) enum Webhook {
    /// Have events sent to an address; the secret that signs them is shown once.
    Create(WebhookCreate),
    /// List webhooks with how far each has come.
    List(Listing),
    /// Show what has not arrived, and the last attempts.
    Show(WebhookId),
    /// Send a ping now, and say what became of it.
    Ping(WebhookId),
    /// Make a new secret; the one before signs beside it for a day.
    Rotate(WebhookId),
    /// Send again now what has not arrived, or a range of the log.
    Replay(WebhookReplay),
    /// Send nothing more, for good.
    Remove(WebhookId),
}

/// `waybill webhook create`.
#[derive(Debug, Args)]
pub(crate) struct WebhookCreate {
    /// The address, over https.
    pub(crate) url: String,
    /// Kinds of events, such as `lot.matched`, or the first part of several, such as `order`.
    #[arg(long, env = "WAYBILL_KINDS", value_delimiter = ',', value_name = "KIND")]
    pub(crate) kinds: Vec<String>,
    /// Only what is about money of this donor.
    #[arg(long, env = "WAYBILL_DONOR")]
    pub(crate) donor: Option<String>,
    /// Only what is about lines of this requester.
    #[arg(long, env = "WAYBILL_REQUESTER")]
    pub(crate) requester: Option<String>,
    /// Only what is about this line.
    #[arg(long, env = "WAYBILL_LINE")]
    pub(crate) line: Option<String>,
    /// The position of the log after which events are sent; without, what happens from now on.
    #[arg(long, env = "WAYBILL_AFTER")]
    pub(crate) after: Option<i64>,
    #[command(flatten)]
    pub(crate) listing: Listing,
}

/// A webhook by its id.
#[derive(Debug, Args)]
pub(crate) struct WebhookId {
    /// The webhook's id.
    pub(crate) id: String,
    #[command(flatten)]
    pub(crate) listing: Listing,
}

/// `waybill webhook replay`.
#[derive(Debug, Args)]
pub(crate) struct WebhookReplay {
    /// The webhook's id.
    pub(crate) id: String,
    /// The first position of a range; without, everything that has not arrived.
    #[arg(long, env = "WAYBILL_FROM_POSITION", value_name = "POSITION")]
    pub(crate) from: Option<i64>,
    /// The last position of the range; without, only the first.
    #[arg(long, env = "WAYBILL_TO_POSITION", value_name = "POSITION", requires = "from")]
    pub(crate) to: Option<i64>,
    #[command(flatten)]
    pub(crate) listing: Listing,
}

/// `waybill audit`.
#[derive(Debug, Subcommand)]
pub(crate) enum Audit {
    /// Write the log as JSON lines, with the links of its hash chain.
    Export(AuditExport),
    /// Verify an exported log, or the one there is.
    Verify(AuditVerify),
}

/// `waybill audit export`.
#[derive(Debug, Args)]
pub(crate) struct AuditExport {
    #[command(flatten)]
    pub(crate) data: Reach,
}

/// `waybill audit verify`.
#[derive(Debug, Args)]
pub(crate) struct AuditVerify {
    /// An exported log; without, the one in the data folder or at the service.
    pub(crate) file: Option<PathBuf>,
    /// The hash of a link that was kept elsewhere: it has to be in the log.
    #[arg(long, env = "WAYBILL_LINK", value_name = "HASH")]
    pub(crate) link: Option<String>,
    #[command(flatten)]
    pub(crate) listing: Listing,
}

/// `waybill import`.
#[derive(Debug, Args)]
pub(crate) struct Import {
    /// A file of requisitions (.csv, .xlsx, .json, .jsonl), or a coalition's folder.
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

/// The states that lots can have.
const STATES: [&str; 9] = [
    "ready",
    "waiting",
    "retry_at",
    "parked",
    "delivered",
    "declined",
    "merged",
    "cancelled",
    "short",
];

/// What lots can wait for.
const WAITS: [&str; 10] = [
    "review",
    "funding",
    "consent",
    "acceptance",
    "gathering",
    "approval",
    "response",
    "delivery",
    "payment",
    "release",
];

/// `waybill lots`.
#[derive(Debug, Args)]
pub(crate) struct Lots {
    #[command(flatten)]
    pub(crate) data: Reach,
    /// Only in this state.
    #[arg(long, env = "WAYBILL_STATE", value_parser = STATES)]
    pub(crate) state: Option<String>,
    /// Only at this step.
    #[arg(long, env = "WAYBILL_STEP", value_parser = STEPS)]
    pub(crate) step: Option<String>,
    /// Only waiting for this.
    #[arg(long, env = "WAYBILL_AWAITS", value_parser = WAITS)]
    pub(crate) awaits: Option<String>,
    /// Only after this lot.
    #[arg(long, env = "WAYBILL_AFTER")]
    pub(crate) after: Option<String>,
    /// At most this many.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(i64).range(1..), env = "WAYBILL_LIMIT")]
    pub(crate) limit: i64,
    /// Print one JSON document instead of text.
    #[arg(long, env = "WAYBILL_JSON", value_parser = BoolishValueParser::new())]
    pub(crate) json: bool,
}

/// `waybill show`.
#[derive(Debug, Args)]
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
pub(crate) struct Check {
    #[command(flatten)]
    pub(crate) data: Reach,
    /// Print one JSON document instead of text.
    #[arg(long, env = "WAYBILL_JSON", value_parser = BoolishValueParser::new())]
    pub(crate) json: bool,
}

/// `waybill plan`.
#[derive(Debug, Args)]
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
    /// Write the plan as a table, too.
    #[arg(long, env = "WAYBILL_CSV")]
    pub(crate) csv: Option<PathBuf>,
    /// Write the plan as a web page, too.
    #[arg(long, env = "WAYBILL_HTML")]
    pub(crate) html: Option<PathBuf>,
    /// Print one JSON document instead of text.
    #[arg(long, env = "WAYBILL_JSON", value_parser = BoolishValueParser::new())]
    pub(crate) json: bool,
}

/// `waybill match`.
#[derive(Debug, Args)]
pub(crate) struct Match {
    /// A JSON file with envelopes, lots, rates and policy; `-`: standard input.
    pub(crate) instance: PathBuf,
    /// JSON is what it always prints.
    #[arg(long, hide = true, env = "WAYBILL_JSON", value_parser = BoolishValueParser::new())]
    pub(crate) json: bool,
}

/// `waybill health`.
#[derive(Debug, Args)]
pub(crate) struct Health {
    /// Where it listens, as given to its `--listen`.
    #[arg(env = "WAYBILL_LISTEN")]
    pub(crate) address: std::net::SocketAddr,
}

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Workload {
    /// The bare engine: four trivial steps, each durable before the next.
    W4,
    /// The real pipeline, with the sandbox answering at once.
    Pipeline,
}

/// A process of a bench over many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// Time and dispatch.
    Scheduler,
    /// Steps.
    Worker,
    /// What submits lots, once a file `go` is in the folder for evidence.
    Submit,
}

/// `waybill bench`.
#[derive(Debug, Args)]
pub(crate) struct Bench {
    /// The workload.
    #[arg(value_enum)]
    pub(crate) workload: Workload,
    /// A burst of this many lots.
    #[arg(long, value_parser = clap::value_parser!(i64).range(1..), env = "WAYBILL_LOTS", conflicts_with = "rate")]
    pub(crate) lots: Option<i64>,
    /// Lots a second, for `--seconds`.
    #[arg(long, env = "WAYBILL_RATE")]
    pub(crate) rate: Option<f64>,
    /// How long lots are offered at a rate.
    #[arg(long, default_value_t = 10.0, env = "WAYBILL_SECONDS")]
    pub(crate) seconds: f64,
    /// The database as a URL, `sqlite:PATH` or `postgres://…`; without it, a temporary file.
    #[arg(long, env = "WAYBILL_STORE")]
    pub(crate) store: Option<String>,
    /// The broker as a URL.
    #[arg(long, default_value = "embedded:", env = "WAYBILL_BROKER")]
    pub(crate) broker: String,
    /// Batches under way at once, for each step.
    #[arg(long, env = "WAYBILL_WORKERS")]
    pub(crate) workers: Option<usize>,
    /// Be one part of a bench over many processes, until SIGTERM.
    #[arg(long, hide = true, value_enum, requires_all = ["evidence", "store"])]
    pub(crate) part: Option<Part>,
    /// The number of the first lot.
    #[arg(long, hide = true, default_value_t = 1)]
    pub(crate) first: i64,
    /// The class of the lots.
    #[arg(long, hide = true, default_value_t = 1)]
    pub(crate) class: u8,
    /// The folder in which the parts leave what they saw.
    #[arg(long, hide = true, requires = "part")]
    pub(crate) evidence: Option<PathBuf>,
    /// Measure raw batched row updates on the same disk, too.
    #[arg(long, env = "WAYBILL_RAW", value_parser = BoolishValueParser::new())]
    pub(crate) raw: bool,
    /// Print one JSON document instead of text.
    #[arg(long, env = "WAYBILL_JSON", value_parser = BoolishValueParser::new())]
    pub(crate) json: bool,
}

/// The settings file, read from the current folder.
const FILE: &str = "waybill.toml";

/// Reads the command line; the inner error is usage: help that was asked for, or a mistake.
pub(crate) fn read() -> Result<Result<Arguments, clap::Error>, Failure> {
    let matches = with_defaults_of_file()?.try_get_matches();
    Ok(matches.and_then(|matches| Arguments::from_arg_matches(&matches)))
}

/// The command line, with what `waybill.toml` sets as defaults, and before that what is in files
/// that variables name: `WAYBILL_STORE_FILE` for `WAYBILL_STORE`, so that secrets can be files.
fn with_defaults_of_file() -> Result<clap::Command, Failure> {
    let mut file: toml::Table = match std::fs::read_to_string(FILE) {
        Ok(text) => toml::from_str(&text)
            .map_err(|error| Failure::caller(format!("{FILE}: {error}"), ""))?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => toml::Table::new(),
        Err(error) => return Err(Failure::caller(format!("{FILE}: {error}"), "")),
    };
    choose_context(&mut file)?;
    let mut command = Arguments::command();
    let mut known: Vec<String> = Vec::new();
    let mut unread: Option<Failure> = None;
    let names: Vec<String> =
        command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
    for name in names {
        command =
            command.mut_subcommand(name, |sub| with_defaults(sub, &file, &mut known, &mut unread));
    }
    if let Some(failure) = unread {
        return Err(failure);
    }
    if let Some(key) = file.keys().find(|key| !known.contains(key)) {
        let hint = format!("the keys are the names of options: {}", known_list(&known));
        return Err(Failure::caller(format!("{FILE}: no option is called `{key}`"), hint));
    }
    Ok(command)
}

/// The options of the chosen context take the place of those that hold for all.
fn choose_context(file: &mut toml::Table) -> Result<(), Failure> {
    let contexts = match file.remove("contexts") {
        Some(toml::Value::Table(contexts)) => contexts,
        Some(_) => return Err(Failure::caller(format!("{FILE}: `contexts` is no table"), "")),
        None => toml::Table::new(),
    };
    let named = file.remove("context").and_then(|name| name.as_str().map(str::to_owned));
    let Some(name) = context_of(std::env::args()).or(named) else { return Ok(()) };
    let Some(toml::Value::Table(context)) = contexts.get(&name) else {
        let names: Vec<&str> = contexts.keys().map(String::as_str).collect();
        let hint = format!("state [contexts.{name}]; there are: {}", names.join(", "));
        return Err(Failure::caller(format!("{FILE} has no context `{name}`"), hint));
    };
    file.extend(context.clone());
    Ok(())
}

/// The context that the command line or the environment names: it has to be known before the command
/// line is read.
fn context_of(mut arguments: impl Iterator<Item = String>) -> Option<String> {
    while let Some(argument) = arguments.next() {
        if argument == "--context" {
            return arguments.next();
        }
        if let Some(name) = argument.strip_prefix("--context=") {
            return Some(name.to_owned());
        }
    }
    std::env::var("WAYBILL_CONTEXT").ok()
}

/// The same for one command and those below it.
fn with_defaults(
    mut command: clap::Command,
    file: &toml::Table,
    known: &mut Vec<String>,
    unread: &mut Option<Failure>,
) -> clap::Command {
    let names: Vec<String> =
        command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
    for name in names {
        command = command.mut_subcommand(name, |sub| with_defaults(sub, file, known, unread));
    }
    command.mut_args(|arg| {
        let Some(key) = arg.get_long().map(str::to_owned) else { return arg };
        known.push(key.clone());
        match of_file(&arg) {
            Ok(Some(value)) => return arg.default_value(value),
            Ok(None) => {}
            Err(failure) => *unread = Some(failure),
        }
        match file.get(&key) {
            Some(toml::Value::String(value)) => arg.default_value(value.clone()),
            None => arg,
            Some(value) => arg.default_value(value.to_string()),
        }
    })
}

/// Whether the command line names data here and no service elsewhere: then that is meant, whatever the
/// environment or the file says.
pub(crate) fn names_data() -> bool {
    let names = |option: &str| {
        let with_value = format!("{option}=");
        std::env::args().any(|argument| argument == option || argument.starts_with(&with_value))
    };
    (names("--data") || names("--store")) && !names("--server")
}

/// What is in the file that the variable of `arg`, with `_FILE`, names.
fn of_file(arg: &clap::Arg) -> Result<Option<String>, Failure> {
    let Some(name) = arg.get_env() else { return Ok(None) };
    let name = format!("{}_FILE", name.to_string_lossy());
    let Some(path) = std::env::var_os(&name) else { return Ok(None) };
    let path = PathBuf::from(path);
    let text = std::fs::read_to_string(&path).map_err(|error| {
        let message = format!("{}: {error}", path.display());
        Failure::caller(message, format!("name a file that can be read with {name}"))
    })?;
    Ok(Some(text.trim_end().to_owned()))
}

fn known_list(known: &[String]) -> String {
    let mut names: Vec<&str> = known.iter().map(String::as_str).collect();
    names.sort_unstable();
    names.dedup();
    names.join(", ")
}
