//! The broker: whether it accepts messages, which queues exist, and who consumes from them.

use std::sync::Arc;

use waybill_shared::broker::{BrokerError, QueueSeen};
use waybill_shared::domain::kinds::JobKind;
use waybill_shared::domain::lot::Timestamp;
use waybill_shared::engine::Engine;
use waybill_shared::store::{Lane, Wanted, queues};

use super::finding::Finding;
use super::processes::{Takers, known};

pub(super) async fn broker(engine: &Engine, is_led: bool, now: Option<Timestamp>) -> Finding {
    let steps = engine.pipelines().flat_map(|pipeline| &pipeline.steps);
    let mut names: Vec<&str> = steps.map(|step| &*step.name.0).collect();
    names.sort_unstable();
    names.dedup();
    let lanes: Vec<(Arc<str>, Lane)> = queues(names, JobKind::ALL.iter().copied())
        .into_iter()
        .map(|(queue, lots)| {
            let lane = Wanted { queue: queue.clone(), lots, limit: 0 }.lane();
            (queue, lane)
        })
        .collect();
    let mend = "start RabbitMQ, or correct the address in --broker";
    match engine.broker.probe().await {
        Ok(()) => {}
        Err(error @ BrokerError::Disconnected) => {
            return Finding::bad("broker", error.to_string(), mend);
        }
        Err(error) => return Finding::bad("broker", error.to_string(), ALARM),
    }
    match engine.broker.look(&lanes).await {
        Ok(None) if engine.broker.is_ready() => Finding::ok("broker", "embedded, in this process"),
        Ok(None) => Finding::bad("broker", "embedded, and closed", "start the process again"),
        Ok(Some(seen)) => topology(&seen, is_led, known(engine, now).await),
        Err(error) => Finding::bad("broker", error.to_string(), mend),
    }
}

/// How to fix a broker that accepts no messages.
pub(super) const ALARM: &str = "free memory or disk where RabbitMQ runs (`rabbitmqctl status`: \
                                alarms, and the disk it counts), or move the limit: `rabbitmqctl \
                                set_disk_free_limit`, `set_vm_memory_high_watermark`; then the \
                                work continues by itself";

/// Compares the existing queues with those that should exist.
fn topology(seen: &[QueueSeen], is_led: bool, known: Option<Takers>) -> Finding {
    let names = |is: fn(&QueueSeen) -> bool| -> Vec<&str> {
        seen.iter().filter(|queue| is(queue)).map(|queue| queue.name.as_str()).collect()
    };
    let missing = names(|queue| queue.found.is_none());
    let untaken = names(|queue| matches!(queue.found, Some((_, 0))));
    let messages: u64 =
        seen.iter().filter_map(|queue| queue.found).map(|(waiting, _)| u64::from(waiting)).sum();
    let there = format!("{} queues, {messages} messages wait", seen.len() - missing.len());
    if !missing.is_empty() {
        let seen = format!("{there}; not there: {}", missing.join(", "));
        let mend = "start `waybill scheduler`: the leading scheduler creates the queues";
        return if is_led {
            Finding::bad("broker", seen, mend)
        } else {
            Finding::warn("broker", seen, mend)
        };
    }
    // Each process consumes from a queue once. Queues of given-up messages are left out, since everybody counts them.
    // If nothing can be written, no process is known.
    if let Some(known) = known.filter(|known| known.all > 0) {
        let taking = seen.iter().filter(|queue| !queue.name.ends_with(".dead"));
        let taking = taking.filter_map(|queue| Some((queue, queue.found?.1 as usize)));
        let mut strange = taking.map(|(queue, takers)| {
            let own = if is_schedulers(&queue.name) { known.schedulers } else { known.workers };
            (&queue.name, takers, own)
        });
        if let Some((queue, takers, own)) = strange.find(|(_, takers, own)| takers > own) {
            let seen = format!(
                "{there}; {takers} processes take from {queue}, but only {own} of this \
                 installation are known"
            );
            let mend =
                "another installation uses this virtual host: give each its own (--broker …/VHOST)";
            return Finding::bad("broker", seen, mend);
        }
    }
    if untaken.is_empty() {
        return Finding::ok("broker", format!("{there}; processes take from all of them"));
    }
    let seen = format!("{there}; no process takes from {}", untaken.join(", "));
    let mend = match untaken.iter().all(|name| is_schedulers(name)) {
        true => "start `waybill scheduler`, which takes from these; or see its problems below",
        false => "start `waybill worker`; or see the problems of the running workers below",
    };
    Finding::warn("broker", seen, mend)
}

/// Whether schedulers consume from the queue with this name. The others belong to workers.
fn is_schedulers(queue: &str) -> bool {
    let mut kinds = JobKind::ALL.iter().filter(|kind| kind.is_schedulers());
    kinds.any(|kind| queue.contains(kind.name()))
}
