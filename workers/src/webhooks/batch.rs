//! What is sent to an endpoint at once. Each subject has its own queue, so that events about one
//! thing arrive in order and do not delay others.

use std::collections::{BTreeMap, HashMap};

use waybill_shared::domain::lot::Timestamp;
use waybill_shared::domain::webhook::Delivery;
use waybill_shared::feed::CloudEvent;

/// Events of one subject, in order. `attempts` counts the attempts that the first has had.
#[derive(Debug)]
pub(super) struct Queue {
    pub(super) events: Vec<CloudEvent>,
    pub(super) attempts: u32,
}

#[derive(Debug, Default)]
pub(super) struct Batch {
    queues: HashMap<String, Queue>,
    /// Subjects in the order of their first events.
    order: Vec<String>,
}

impl Batch {
    /// Adds an event behind those of its subject.
    pub(super) fn add(&mut self, event: CloudEvent, attempts: u32) {
        match self.queues.get_mut(&event.subject) {
            Some(queue) => queue.events.push(event),
            None => {
                self.order.push(event.subject.clone());
                self.queues.insert(event.subject.clone(), Queue { events: vec![event], attempts });
            }
        }
    }

    /// The queues, in the order of their first events.
    pub(super) fn queues(mut self) -> impl Iterator<Item = Queue> {
        let order = std::mem::take(&mut self.order);
        order.into_iter().filter_map(move |subject| self.queues.remove(&subject))
    }
}

/// The positions of the deliveries that are due. For each subject these are the first waiting
/// delivery, if it is due, and all that wait behind it.
pub(super) fn due(deliveries: &BTreeMap<i64, Delivery>, now: Timestamp) -> Vec<i64> {
    let mut is_due: HashMap<&str, bool> = HashMap::new();
    let mut found = Vec::new();
    for (position, delivery) in deliveries.iter().filter(|(_, delivery)| !delivery.is_failed) {
        // A delivery without a time waits for the one before it. If there is none before it, it is
        // due.
        let own = delivery.due.is_none_or(|due| due <= now);
        if *is_due.entry(&delivery.subject).or_insert(own) {
            found.push(*position);
        }
    }
    found
}

/// When the next waiting delivery is due.
pub(super) fn next_due(deliveries: &BTreeMap<i64, Delivery>, now: Timestamp) -> Option<Timestamp> {
    let mut first: HashMap<&str, Timestamp> = HashMap::new();
    for delivery in deliveries.values().filter(|delivery| !delivery.is_failed) {
        first.entry(&delivery.subject).or_insert(delivery.due.unwrap_or(now));
    }
    first.into_values().min()
}
