//! The options of what runs for long: roles, benchmarks, and the question whether one is ready.

use std::path::PathBuf;

use clap::builder::{BoolishValueParser, PossibleValuesParser};
use clap::{Args, ValueEnum};
use waybill_shared::domain::kinds::StepKind;
use waybill_shared::store::postgres::{CONNECTIONS, FEWEST_CONNECTIONS};

use super::{DATA, Data, OUTPUT};

/// `waybill serve`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  waybill serve
  waybill serve --data data --listen 127.0.0.1:8080")]
pub(crate) struct Serve {
    #[command(flatten)]
    pub(crate) data: Data,
    #[command(flatten)]
    pub(crate) pool: Pool,
    /// The pipeline; without it, the one in the data folder or the last one stored. It becomes the next
    /// version, unless it is as an earlier one.
    #[arg(long, env = "WAYBILL_PIPELINE")]
    pub(crate) pipeline: Option<PathBuf>,
    /// State the pipeline again, though a later version has replaced it.
    #[arg(long)]
    pub(crate) restate: bool,
    /// Serve the API, health and metrics here, as ADDRESS:PORT.
    #[arg(long, env = "WAYBILL_LISTEN")]
    pub(crate) listen: Option<std::net::SocketAddr>,
    #[command(flatten)]
    pub(crate) network: Network,
    /// Export traces to the OTLP collector here, as http://HOST:4318.
    #[arg(long, env = "WAYBILL_OTLP", value_name = "URL")]
    pub(crate) otlp: Option<String>,
}

/// How the database is reached.
#[derive(Debug, Clone, Args)]
pub(crate) struct Pool {
    /// Connections to Postgres that this process holds at most; the scheduler that leads holds one more.
    #[arg(
        long, help_heading = DATA, env = "WAYBILL_STORE_CONNECTIONS", value_name = "N", default_value_t = CONNECTIONS,
        value_parser = clap::value_parser!(u32).range(i64::from(FEWEST_CONNECTIONS)..)
    )]
    pub(crate) store_connections: u32,
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
    /// Write each request here, a line of JSON: who asked what from where. SIGHUP opens it anew.
    #[arg(long, env = "WAYBILL_ACCESS_LOG", value_name = "FILE")]
    pub(crate) access_log: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) metrics: Metrics,
}

/// Who may read what is measured.
#[derive(Debug, Clone, Args)]
pub(crate) struct Metrics {
    /// The file with the token that /metrics asks for; without, whoever reaches the port reads them.
    #[arg(long, env = "WAYBILL_METRICS_TOKEN_FILE", value_name = "FILE")]
    pub(crate) metrics_token_file: Option<PathBuf>,
}

/// `waybill scheduler`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  waybill scheduler --store postgres://db/waybill --broker amqp://mq")]
pub(crate) struct Scheduler {
    #[command(flatten)]
    pub(crate) data: Data,
    #[command(flatten)]
    pub(crate) pool: Pool,
    /// The pipeline; without it, the one in the data folder or the last one stored. It becomes the next
    /// version, unless it is as an earlier one.
    #[arg(long, env = "WAYBILL_PIPELINE")]
    pub(crate) pipeline: Option<PathBuf>,
    /// State the pipeline again, though a later version has replaced it.
    #[arg(long)]
    pub(crate) restate: bool,
    /// Serve health and metrics here, as ADDRESS:PORT.
    #[arg(long, env = "WAYBILL_LISTEN")]
    pub(crate) listen: Option<std::net::SocketAddr>,
    #[command(flatten)]
    pub(crate) metrics: Metrics,
    /// Export traces to the OTLP collector here, as http://HOST:4318.
    #[arg(long, env = "WAYBILL_OTLP", value_name = "URL")]
    pub(crate) otlp: Option<String>,
}

/// `waybill api`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  waybill api --store postgres://db/waybill --broker amqp://mq")]
pub(crate) struct Api {
    #[command(flatten)]
    pub(crate) data: Data,
    #[command(flatten)]
    pub(crate) pool: Pool,
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
#[command(after_help = "\
Examples:
  waybill worker --store postgres://db/waybill --broker amqp://mq
  waybill worker --steps issue_order --concurrency 4")]
pub(crate) struct Worker {
    #[command(flatten)]
    pub(crate) data: Data,
    #[command(flatten)]
    pub(crate) pool: Pool,
    /// Run only these steps.
    #[arg(long, env = "WAYBILL_STEPS", value_delimiter = ',', value_parser = PossibleValuesParser::new(StepKind::NAMES))]
    pub(crate) steps: Vec<String>,
    /// Batches of each step under way at once, instead of the pipeline's.
    #[arg(long, env = "WAYBILL_CONCURRENCY")]
    pub(crate) concurrency: Option<usize>,
    /// Serve health and metrics here.
    #[arg(long, env = "WAYBILL_LISTEN")]
    pub(crate) listen: Option<std::net::SocketAddr>,
    #[command(flatten)]
    pub(crate) metrics: Metrics,
    /// Export traces to the OTLP collector here, as http://HOST:4318.
    #[arg(long, env = "WAYBILL_OTLP", value_name = "URL")]
    pub(crate) otlp: Option<String>,
}

/// `waybill health`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  waybill health 127.0.0.1:8080")]
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
#[command(after_help = "\
Examples:
  waybill bench w4 --lots 200
  waybill bench pipeline --lots 50 --json")]
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
    #[arg(long, env = "WAYBILL_STORE", hide_env_values = true)]
    pub(crate) store: Option<String>,
    /// The broker as a URL.
    #[arg(long, default_value = "embedded:", env = "WAYBILL_BROKER", hide_env_values = true)]
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
    #[arg(long, help_heading = OUTPUT, env = "WAYBILL_JSON", value_parser = BoolishValueParser::new())]
    pub(crate) json: bool,
}
