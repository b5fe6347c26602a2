//! A process's metrics, in the OpenMetrics text format.

use std::fmt::Write;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use chrono::TimeDelta;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use crate::store::{Backlog, Term};

/// Upper bounds of the latency buckets, in seconds.
const SECONDS: [f64; 12] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0];

/// Upper bounds of the buckets of batch sizes.
const SIZES: [f64; 9] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    queue: String,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Step {
    step: String,
}

/// The metrics of this process.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    jobs: Family<Outcome, Counter>,
    latency: Family<Step, Histogram>,
    batch: Histogram,
    published: Counter,
    lag: Gauge<f64, AtomicU64>,
    lost: Counter,
    stale: Counter,
    reconnects: Counter,
    dropped: Counter,
    leader: Gauge,
    term: Gauge,
    trouble: Family<Part, Gauge>,
    offset: Gauge<f64, AtomicU64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Part {
    part: &'static str,
}

/// The parts that may keep a process from working.
const PARTS: [&str; 3] = ["store", "broker", "clock"];

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("waybill");
        let jobs = Family::<Outcome, Counter>::default();
        registry.register("jobs", "Lots and jobs run, by queue and outcome", jobs.clone());
        let latency = Family::<Step, Histogram>::new_with_constructor(|| Histogram::new(SECONDS));
        registry.register_with_unit(
            "step_latency",
            "Time from the claim of a batch to its durable commit",
            Unit::Seconds,
            latency.clone(),
        );
        let batch = Histogram::new(SIZES);
        registry.register("commit_batch_size", "Lots committed together", batch.clone());
        let published = Counter::default();
        registry.register("hints_published", "Hints published to the broker", published.clone());
        let lag = Gauge::default();
        registry.register_with_unit(
            "relay_lag",
            "How long the last published hint had been due",
            Unit::Seconds,
            lag.clone(),
        );
        let lost = Counter::default();
        registry.register("lease_losses", "Lots whose worker was lost", lost.clone());
        let stale = Counter::default();
        registry.register("stale_units", "Change sets dropped as stale", stale.clone());
        let reconnects = Counter::default();
        registry.register(
            "broker_reconnects",
            "New connections after a lost one",
            reconnects.clone(),
        );
        let dropped = Counter::default();
        registry.register("dead_letters", "Messages counted and dropped", dropped.clone());
        let leader = Gauge::default();
        registry.register("leader", "1 while this process leads", leader.clone());
        let term = Gauge::default();
        registry.register("leader_term", "The last term in which this process led", term.clone());
        let trouble = Family::<Part, Gauge>::default();
        let help = "1 while this part keeps the process from working";
        registry.register("trouble", help, trouble.clone());
        let offset = Gauge::default();
        let help = "How far the clock is ahead of the database's";
        registry.register_with_unit("clock_offset", help, Unit::Seconds, offset.clone());
        let build = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "The version of Waybill", build);
        Self {
            registry,
            jobs,
            latency,
            batch,
            published,
            lag,
            lost,
            stale,
            reconnects,
            dropped,
            leader,
            term,
            trouble,
            offset,
        }
    }
}

impl Metrics {
    /// Counts lots or jobs of `queue` that ended with this outcome.
    pub fn ran(&self, queue: &str, outcome: &'static str, count: u64) {
        if count > 0 {
            self.jobs.get_or_create(&Outcome { queue: queue.to_owned(), outcome }).inc_by(count);
        }
    }

    /// Records a batch of `lots` that took `time` at `step`.
    pub fn batch(&self, step: &str, lots: usize, time: Duration) {
        self.latency.get_or_create(&Step { step: step.to_owned() }).observe(time.as_secs_f64());
        self.batch.observe(lots as f64);
    }

    /// Records published hints. The last of them had been due for `lag`.
    pub fn published(&self, hints: usize, lag: Duration) {
        self.published.inc_by(hints as u64);
        self.lag.set(lag.as_secs_f64());
    }

    /// Counts lots that a lost worker held.
    pub fn lost(&self, lots: usize) {
        self.lost.inc_by(lots as u64);
    }

    /// Counts stale change sets.
    pub fn stale(&self, units: usize) {
        self.stale.inc_by(units as u64);
    }

    /// Counts a new connection to the broker.
    pub fn reconnected(&self) {
        self.reconnects.inc();
    }

    /// Counts messages that were given up and dropped.
    pub fn dropped(&self, messages: u64) {
        self.dropped.inc_by(messages);
    }

    /// Records the term under which this process leads; `None` if it does not lead.
    pub fn leads(&self, term: Option<Term>) {
        self.leader.set(i64::from(term.is_some()));
        if let Some(Term(term)) = term {
            self.term.set(term);
        }
    }

    /// Which parts keep this process from working now, and how far its clock is ahead of the database's.
    pub(crate) fn troubles(&self, troubles: &[&str], offset: Option<TimeDelta>) {
        for part in PARTS {
            let is_met = troubles.contains(&part);
            self.trouble.get_or_create(&Part { part }).set(i64::from(is_met));
        }
        if let Some(offset) = offset {
            self.offset.set(offset.num_milliseconds() as f64 / 1000.0);
        }
    }

    #[must_use]
    pub fn is_leading(&self) -> bool {
        self.leader.get() == 1
    }

    /// All metrics as text, with the gauges of `backlog` (see [`Backlog`]). `more` is appended and has the same format.
    ///
    /// # Errors
    /// Never in practice: writing to a string does not fail.
    pub fn text(&self, backlog: &[Backlog], more: &str) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        for (name, help) in [
            ("queue_depth", "Lots and jobs that are due and not under way"),
            ("queue_oldest_seconds", "How long the oldest of these lots and jobs has been due"),
        ] {
            writeln!(text, "# HELP waybill_{name} {help}.\n# TYPE waybill_{name} gauge")?;
            for Backlog { queue, lane, depth, oldest } in backlog {
                let value =
                    if name == "queue_depth" { *depth as f64 } else { oldest.as_secs_f64() };
                writeln!(text, "waybill_{name}{{queue=\"{queue}\",lane=\"{lane}\"}} {value}")?;
            }
        }
        text.push_str(more);
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}
