//! Measures time, CPU, bytes and latencies.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, broadcast};
use waybill_shared::engine::Committed;

/// If no lot closes for this long, the remaining lots count as lost.
const PATIENCE: Duration = Duration::from_secs(60);

/// When each lot was submitted, and when it was seen to be closed after the commit.
#[derive(Debug, Default)]
pub(super) struct Latencies {
    inner: Mutex<Inner>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Inner {
    submitted: HashMap<i64, Instant>,
    took_ms: Vec<f64>,
    closed: i64,
}

impl Latencies {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Call just before a lot is submitted.
    pub(super) fn submits(&self, lot: i64) {
        self.lock().submitted.insert(lot, Instant::now());
    }

    /// Listens to commits, and records when lots are closed.
    pub(super) async fn watch(self: Arc<Self>, mut commits: broadcast::Receiver<Committed>) {
        loop {
            let closed = match commits.recv().await {
                Ok(committed) => committed.closed,
                Err(broadcast::error::RecvError::Lagged(_)) => continue,
                Err(broadcast::error::RecvError::Closed) => return,
            };
            let now = Instant::now();
            let mut inner = self.lock();
            for lot in closed {
                if let Some(since) = inner.submitted.remove(&lot) {
                    inner.took_ms.push((now - since).as_secs_f64() * 1000.0);
                }
                inner.closed += 1;
            }
            drop(inner);
            self.changed.notify_one();
        }
    }

    /// Waits until `lots` lots are closed, or gives up if none has been closed for a while.
    pub(super) async fn all_closed(&self, lots: i64) {
        while self.lock().closed < lots {
            if tokio::time::timeout(PATIENCE, self.changed.notified()).await.is_err() {
                return;
            }
        }
    }

    /// The median and the 99th percentile, in milliseconds.
    pub(super) fn percentiles(&self) -> (Option<f64>, Option<f64>) {
        let mut took = self.lock().took_ms.clone();
        took.sort_by(f64::total_cmp);
        let at = |share: usize| {
            let last = took.len().checked_sub(1)?;
            took.get(last * share / 100).map(|ms| (ms * 100.0).round() / 100.0)
        };
        (at(50), at(99))
    }
}

/// The resources used during a measurement.
pub(super) struct Used {
    pub(super) wall_s: f64,
    pub(super) cpu_s: f64,
    pub(super) bytes: u64,
    pub(super) rss_mib: u64,
}

/// Reads this process's counters from `/proc` at the start and at the end.
pub(super) struct Meter {
    began: Instant,
    cpu_s: f64,
    bytes: u64,
}

impl Meter {
    pub(super) fn start() -> Self {
        Self { began: Instant::now(), cpu_s: cpu_s(), bytes: written_bytes() }
    }

    pub(super) fn stop(self) -> Used {
        Used {
            wall_s: self.began.elapsed().as_secs_f64(),
            cpu_s: cpu_s() - self.cpu_s,
            bytes: written_bytes() - self.bytes,
            rss_mib: field("/proc/self/status", "VmHWM:") / 1024,
        }
    }
}

fn field(path: &str, name: &str) -> u64 {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

fn written_bytes() -> u64 {
    field("/proc/self/io", "write_bytes:")
}

/// User and system time in seconds. Linux always reports hundredths.
fn cpu_s() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after = text.rsplit_once(") ").map_or("", |(_, after)| after);
    let fields: Vec<&str> = after.split(' ').collect();
    let ticks = |i: usize| fields.get(i).and_then(|t| t.parse::<f64>().ok()).unwrap_or(0.0);
    (ticks(11) + ticks(12)) / 100.0
}
