//! What is sent to an endpoint at once: a queue for each subject, so that what is about one thing
//! arrives in order, and nothing else waits for it.

use std::collections::{BTreeMap, HashMap};

use waybill_shared::domain::lot::Timestamp;
use waybill_shared::domain::webhook::Delivery;
use waybill_shared::feed::CloudEvent;

/// Events of one subject, in order, the first with the attempts that it has had.
#[derive(Debug)]
pub(super) struct Queue {
    pub(super) events: Vec<CloudEvent>,
    pub(super) attempts: u32,
}

/// What is sent at once.
#[derive(Debug, Default)]
pub(super) struct Batch {
    queues: HashMap<String, Queue>,
    /// The order of their first events.
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

/// The deliveries that are due, subject by subject: the first of each that waits, if it is due, and
/// all that wait behind it.
pub(super) fn due(deliveries: &BTreeMap<i64, Delivery>, now: Timestamp) -> Vec<i64> {
    let mut is_due: HashMap<&str, bool> = HashMap::new();
    let mut found = Vec::new();
    for (position, delivery) in deliveries.iter().filter(|(_, delivery)| !delivery.is_failed) {
        // What has no time of its own waits for the one before it; the first waits for nobody.
        let own = delivery.due.is_none_or(|due| due <= now);
        if *is_due.entry(&delivery.subject).or_insert(own) {
            found.push(*position);
        }
    }
    found
}

/// When the first delivery that waits is due.
pub(super) fn next_due(deliveries: &BTreeMap<i64, Delivery>, now: Timestamp) -> Option<Timestamp> {
    let mut first: HashMap<&str, Timestamp> = HashMap::new();
    for delivery in deliveries.values().filter(|delivery| !delivery.is_failed) {
        first.entry(&delivery.subject).or_insert(delivery.due.unwrap_or(now));
    }
    first.into_values().min()
}
