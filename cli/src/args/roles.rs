//! Options of long-running roles, of benchmarks, and of the health check.

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
    /// The pipeline; by default the one in the data folder, or else the last one stored. It becomes the next version,
    /// unless it equals an earlier one.
    #[arg(long, env = "WAYBILL_PIPELINE")]
    pub(crate) pipeline: Option<PathBuf>,
    /// Use the pipeline even though a later version has replaced it. It becomes the next version again.
    #[arg(long)]
    pub(crate) restate: bool,
    /// Serve the API, health and metrics at this ADDRESS:PORT.
    #[arg(long, env = "WAYBILL_LISTEN")]
    pub(crate) listen: Option<std::net::SocketAddr>,
    #[command(flatten)]
    pub(crate) network: Network,
    /// Export traces to this OTLP collector, as http://HOST:4318.
    #[arg(long, env = "WAYBILL_OTLP", value_name = "URL")]
    pub(crate) otlp: Option<String>,
}

/// The connections to the database.
#[derive(Debug, Clone, Args)]
pub(crate) struct Pool {
    /// The most connections to Postgres that this process holds. The leading scheduler holds one more.
    #[arg(
        long, help_heading = DATA, env = "WAYBILL_STORE_CONNECTIONS", value_name = "N", default_value_t = CONNECTIONS,
        value_parser = clap::value_parser!(u32).range(i64::from(FEWEST_CONNECTIONS)..)
    )]
    pub(crate) store_connections: u32,
}

/// How the API is served on the network.
#[derive(Debug, Clone, Args)]
pub(crate) struct Network {
    /// Require no tokens: anybody who can reach the address is the operator. Only on loopback addresses.
    #[arg(long, env = "WAYBILL_NO_ACCOUNTS", value_parser = BoolishValueParser::new())]
    pub(crate) no_accounts: bool,
    /// Serve over TLS with this certificate chain (PEM).
    #[arg(long, env = "WAYBILL_TLS_CERT", value_name = "FILE", requires = "tls_key")]
    pub(crate) tls_cert: Option<PathBuf>,
    /// The certificate's key (PEM).
    #[arg(long, env = "WAYBILL_TLS_KEY", value_name = "FILE", requires = "tls_cert")]
    pub(crate) tls_key: Option<PathBuf>,
    /// The limit of requests a second for each account. Twice as many are allowed at once. 0 means no limit.
    #[arg(long, env = "WAYBILL_RATE", default_value_t = 200, value_name = "N")]
    pub(crate) rate: u32,
    /// Networks of proxies whose X-Forwarded-For header is trusted, such as 10.0.0.0/8.
    #[arg(long, env = "WAYBILL_TRUSTED_PROXY", value_delimiter = ',', value_name = "NET")]
    pub(crate) trusted_proxy: Vec<ipnet::IpNet>,
    /// Write each request to this file as a line of JSON: who asked for what, and from where. SIGHUP reopens it.
    #[arg(long, env = "WAYBILL_ACCESS_LOG", value_name = "FILE")]
    pub(crate) access_log: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) metrics: Metrics,
}

/// Who may read the metrics.
#[derive(Debug, Clone, Args)]
pub(crate) struct Metrics {
    /// The file with the token that /metrics requires. Without it, anybody who reaches the port can read the metrics.
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
    /// The pipeline; by default the one in the data folder, or else the last one stored. It becomes the next version,
    /// unless it equals an earlier one.
    #[arg(long, env = "WAYBILL_PIPELINE")]
    pub(crate) pipeline: Option<PathBuf>,
    /// Use the pipeline even though a later version has replaced it. It becomes the next version again.
    #[arg(long)]
    pub(crate) restate: bool,
    /// Serve health and metrics at this ADDRESS:PORT.
    #[arg(long, env = "WAYBILL_LISTEN")]
    pub(crate) listen: Option<std::net::SocketAddr>,
    #[command(flatten)]
    pub(crate) metrics: Metrics,
    /// Export traces to this OTLP collector, as http://HOST:4318.
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
    /// The ADDRESS:PORT to listen on.
    #[arg(long, env = "WAYBILL_LISTEN", default_value = "127.0.0.1:8080")]
    pub(crate) listen: std::net::SocketAddr,
    #[command(flatten)]
    pub(crate) network: Network,
    /// Export traces to this OTLP collector, as http://HOST:4318.
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
    /// How many batches of each step run at once, instead of the pipeline's number.
    #[arg(long, env = "WAYBILL_CONCURRENCY")]
    pub(crate) concurrency: Option<usize>,
    /// Serve health and metrics at this ADDRESS:PORT.
    #[arg(long, env = "WAYBILL_LISTEN")]
    pub(crate) listen: Option<std::net::SocketAddr>,
    #[command(flatten)]
    pub(crate) metrics: Metrics,
    /// Export traces to this OTLP collector, as http://HOST:4318.
    #[arg(long, env = "WAYBILL_OTLP", value_name = "URL")]
    pub(crate) otlp: Option<String>,
}

/// `waybill health`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  waybill health 127.0.0.1:8080")]
pub(crate) struct Health {
    /// The address of the process, as in its `--listen`.
    #[arg(env = "WAYBILL_LISTEN")]
    pub(crate) address: std::net::SocketAddr,
}

/// The workloads that can be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Workload {
    /// Only the engine: four trivial steps, each durable before the next.
    W4,
    /// The real pipeline. The sandbox answers at once.
    Pipeline,
}

/// The process of a benchmark over several processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// Scheduling and dispatch.
    Scheduler,
    /// The steps.
    Worker,
    /// Submits lots once the evidence folder has a file `go`.
    Submit,
}

/// `waybill bench`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  waybill bench w4 --lots 200
  waybill bench pipeline --lots 50 --json")]
pub(crate) struct Bench {
    /// The workload to measure.
    #[arg(value_enum)]
    pub(crate) workload: Workload,
    /// Submit this many lots at once.
    #[arg(long, value_parser = clap::value_parser!(i64).range(1..), env = "WAYBILL_LOTS", conflicts_with = "rate")]
    pub(crate) lots: Option<i64>,
    /// Submit this many lots a second, for `--seconds`.
    #[arg(long, env = "WAYBILL_RATE")]
    pub(crate) rate: Option<f64>,
    /// For how many seconds lots are submitted at a rate.
    #[arg(long, default_value_t = 10.0, env = "WAYBILL_SECONDS")]
    pub(crate) seconds: f64,
    /// The database's URL, `sqlite:PATH` or `postgres://…`; by default a temporary file.
    #[arg(long, env = "WAYBILL_STORE", hide_env_values = true)]
    pub(crate) store: Option<String>,
    /// The broker's URL.
    #[arg(long, default_value = "embedded:", env = "WAYBILL_BROKER", hide_env_values = true)]
    pub(crate) broker: String,
    /// How many batches of each step run at once.
    #[arg(long, env = "WAYBILL_WORKERS")]
    pub(crate) workers: Option<usize>,
    /// Run one part of a benchmark over several processes, until SIGTERM.
    #[arg(long, hide = true, value_enum, requires_all = ["evidence", "store"])]
    pub(crate) part: Option<Part>,
    /// The number of the first lot.
    #[arg(long, hide = true, default_value_t = 1)]
    pub(crate) first: i64,
    /// The class of the lots.
    #[arg(long, hide = true, default_value_t = 1)]
    pub(crate) class: u8,
    /// The folder in which the parts write their results.
    #[arg(long, hide = true, requires = "part")]
    pub(crate) evidence: Option<PathBuf>,
    /// Also measure raw batched row updates on the same disk.
    #[arg(long, env = "WAYBILL_RAW", value_parser = BoolishValueParser::new())]
    pub(crate) raw: bool,
    /// Print one JSON document instead of text.
    #[arg(long, help_heading = OUTPUT, env = "WAYBILL_JSON", value_parser = BoolishValueParser::new())]
    pub(crate) json: bool,
}
