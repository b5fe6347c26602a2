//! Gauges that are measured on request, in the OpenMetrics text format.

use std::fmt::Write as _;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};
use waybill_shared::engine::Engine;
use waybill_shared::pauses::pauses;
use waybill_shared::store::Backlog;
use waybill_shared::store::StoreError;

use super::status::{WebhookLag, behind};
use waybill_shared::domain::kinds::RecordKind;

/// How long the store may take for all gauges.
const PATIENCE: Duration = Duration::from_millis(700);

/// How long measured values are reused.
const FRESH: Duration = Duration::from_secs(5);

/// A gauge: its name, its help text, and its values by labels.
struct Gauge {
    name: &'static str,
    help: &'static str,
    values: Vec<(String, f64)>,
}

impl Gauge {
    fn of(name: &'static str, help: &'static str, value: f64) -> Self {
        Self { name, help, values: vec![(String::new(), value)] }
    }
}

/// The latest values. However many clients ask, the store is queried rarely and by one client at a time.
#[derive(Debug, Default)]
pub(crate) struct Gauges {
    last: Mutex<Option<(Instant, String, Vec<Backlog>)>>,
}

impl Gauges {
    /// The text of all gauges, and the backlog of the queues. Values that the store does not return in time are left
    /// out.
    pub(crate) async fn look(&self, engine: &Engine) -> (String, Vec<Backlog>) {
        let mut text = written(process());
        // If another client is already measuring, this one does not wait.
        let Ok(mut last) = self.last.try_lock() else { return (text, Vec::new()) };
        if last.as_ref().is_none_or(|(at, _, _)| at.elapsed() > FRESH) {
            // The two have separate timeouts, so one can fail without the other.
            let told = timeout(PATIENCE, of_store(engine));
            let backlog = timeout(PATIENCE, engine.store.backlog(engine.clock.now()));
            let (told, backlog) = tokio::join!(told, backlog);
            let told = told.ok().and_then(Result::ok).map(written);
            let backlog = backlog.ok().and_then(Result::ok);
            *last = (told.is_some() || backlog.is_some())
                .then(|| (Instant::now(), told.unwrap_or_default(), backlog.unwrap_or_default()));
        }
        let mut backlog = Vec::new();
        if let Some((_, told, waiting)) = last.as_ref() {
            text.push_str(told);
            backlog.clone_from(waiting);
        }
        (text, backlog)
    }
}

fn written(gauges: Vec<Gauge>) -> String {
    let mut text = String::new();
    for Gauge { name, help, values } in gauges {
        // Writing to a string does not fail.
        writeln!(text, "# HELP {name} {help}.\n# TYPE {name} gauge").ok();
        for (labels, value) in values {
            writeln!(text, "{name}{labels} {value}").ok();
        }
    }
    text
}

async fn of_store(engine: &Engine) -> Result<Vec<Gauge>, StoreError> {
    let condition = engine.store.condition().await?;
    let lots = engine.store.lot_counts().await?;
    let lots = lots.into_iter().map(|count| {
        let (state, awaits) = (count.state, count.awaits.unwrap_or_default());
        (format!("{{state=\"{state}\",awaits=\"{awaits}\"}}"), count.lots as f64)
    });
    let incidents = engine.store.records(RecordKind::Incident).await?;
    let open = incidents.iter().filter(|incident| !incident.body.contains("\"closed\":")).count();
    let lag = behind(engine).await?;
    let lagging = |value: fn(&WebhookLag) -> i64| {
        let one = |lag: &WebhookLag| (format!("{{webhook=\"{}\"}}", lag.id), value(lag) as f64);
        lag.iter().map(one).collect()
    };
    let paused = pauses(&*engine.store).await?.into_iter();
    let paused = paused.map(|(what, _)| (format!("{{what=\"{what}\"}}"), 1.0)).collect();
    let unpositioned = condition.unpositioned as f64;
    let mut gauges = vec![
        Gauge { name: "waybill_lots", help: "Lots by state", values: sums(lots) },
        Gauge::of("waybill_incidents", "Incidents that are open", open as f64),
        Gauge { name: "waybill_paused", help: "1 for what somebody has paused", values: paused },
        Gauge {
            name: "waybill_webhook_behind_events",
            help: "Events that a webhook has not processed",
            values: lagging(|lag| lag.events),
        },
        Gauge {
            name: "waybill_webhook_behind_seconds",
            help: "How long the oldest of them has waited",
            values: lagging(|lag| lag.seconds),
        },
        Gauge::of("waybill_database_bytes", "The size of the database", condition.size as f64),
        Gauge::of("waybill_events_unpositioned", "Events that have no position yet", unpositioned),
        Gauge::of(
            "waybill_events_strays",
            "Events whose monthly table was not created",
            condition.strays as f64,
        ),
    ];
    let wal = "The size of the write-ahead log beside the database";
    gauges
        .extend(condition.wal.map(|wal_size| Gauge::of("waybill_wal_bytes", wal, wal_size as f64)));
    Ok(gauges)
}

/// Adds up values with the same labels, because several counts may share them.
fn sums(values: impl Iterator<Item = (String, f64)>) -> Vec<(String, f64)> {
    let mut sums = std::collections::BTreeMap::new();
    for (labels, value) in values {
        *sums.entry(labels).or_insert(0.0) += value;
    }
    sums.into_iter().collect()
}

/// What the operating system reports about this process, if it does.
fn process() -> Vec<Gauge> {
    let mut gauges = Vec::new();
    if let Ok(status) = std::fs::read_to_string("/proc/self/status") {
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = resident.and_then(|rest| rest.split_whitespace().next()?.parse().ok());
        let help = "Memory that the process has in use";
        gauges.extend(kilobytes.map(|kilobytes: f64| {
            Gauge::of("process_resident_memory_bytes", help, kilobytes * 1024.0)
        }));
    }
    if let Ok(open) = std::fs::read_dir("/proc/self/fd") {
        gauges.push(Gauge::of("process_open_fds", "Files and sockets open", open.count() as f64));
    }
    gauges
}
