//! Queues on RabbitMQ: one quorum queue for each lane of a step, one for each kind of job, and one for messages that
//! were delivered too often. Those are counted and dropped, because only attempts in the database park a lot or job.
//! Works with RabbitMQ 3.10 to 4.x.

use lapin::options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::protocol::{AMQPErrorKind, AMQPSoftError};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{Channel, ErrorKind, ExchangeKind};

use crate::domain::kinds::StepKind;
use crate::store::Lane;

/// After this many deliveries without acknowledgement, the broker gives a message up.
const DELIVERIES: i32 = 20;

/// The queue of given-up messages.
pub(super) const DEAD: &str = "waybill.dead";

/// The lanes of a queue. A queue of jobs has only one.
pub(super) fn lanes(queue: &str) -> &'static [Lane] {
    if StepKind::named(queue).is_some() { &Lane::ALL } else { &[Lane::Normal] }
}

/// The name of a lane's queue on the broker.
pub(super) fn name(queue: &str, lane: Lane) -> String {
    if StepKind::named(queue).is_some() {
        format!("waybill.{queue}.{}", lane.name())
    } else {
        format!("waybill.{queue}")
    }
}

fn quorum() -> FieldTable {
    let mut arguments = FieldTable::default();
    arguments.insert("x-queue-type".into(), AMQPValue::LongString("quorum".into()));
    arguments
}

/// Declares a queue, and returns the number of messages in it.
pub(super) async fn declare(channel: &Channel, name: &str) -> lapin::Result<u32> {
    let mut arguments = quorum();
    if name != DEAD {
        arguments.insert("x-delivery-limit".into(), AMQPValue::LongInt(DELIVERIES));
        arguments.insert("x-dead-letter-exchange".into(), AMQPValue::LongString(DEAD.into()));
    }
    let options = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
    let queue = channel.queue_declare(name.into(), options, arguments).await?;
    if name == DEAD {
        bind_dead(channel).await?;
    }
    Ok(queue.message_count())
}

/// The number of messages in a queue, and of its consumers. `None` if there is no such queue; the channel is then
/// closed.
pub(super) async fn find(channel: &Channel, name: &str) -> lapin::Result<Option<(u32, u32)>> {
    let options = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
    let not_found = AMQPErrorKind::Soft(AMQPSoftError::NOTFOUND);
    match channel.queue_declare(name.into(), options, FieldTable::default()).await {
        Ok(queue) => Ok(Some((queue.message_count(), queue.consumer_count()))),
        Err(error) => match error.kind() {
            ErrorKind::ProtocolError(said) if *said.kind() == not_found => Ok(None),
            _ => Err(error),
        },
    }
}

/// Declares the queue of given-up messages.
async fn bind_dead(channel: &Channel) -> lapin::Result<()> {
    let durable = ExchangeDeclareOptions { durable: true, ..ExchangeDeclareOptions::default() };
    channel
        .exchange_declare(DEAD.into(), ExchangeKind::Fanout, durable, FieldTable::default())
        .await?;
    let bind = QueueBindOptions::default();
    channel.queue_bind(DEAD.into(), DEAD.into(), "".into(), bind, FieldTable::default()).await
}
