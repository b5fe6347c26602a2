//! Puts every message of a virtual host into its queue once more. RabbitMQ's tracing (the "firehose")
//! tells of each message that is published, with its headers inside those of the notice.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Result;
use futures_util::StreamExt;
use lapin::message::Delivery;
use lapin::options::{
    BasicConsumeOptions, BasicGetOptions, BasicPublishOptions, QueueBindOptions,
    QueueDeclareOptions,
};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Connection, ConnectionProperties};
use tokio::task::JoinHandle;

/// Marks what was repeated, so that it is not repeated again.
const AGAIN: &str = "again";

/// Puts messages of `queue` there twice, and others that say nothing.
pub(crate) async fn meddle(url: &str, queue: &str) -> Result<()> {
    let connection = Connection::connect(url, ConnectionProperties::default()).await?;
    let channel = connection.create_channel().await?;
    let publish = async |body: &[u8]| -> Result<()> {
        let options = BasicPublishOptions::default();
        let properties = BasicProperties::default();
        channel.basic_publish("".into(), queue.into(), options, body, properties).await?;
        Ok(())
    };
    for _ in 0..10 {
        let taken = channel.basic_get(queue.into(), BasicGetOptions { no_ack: true }).await?;
        let Some(taken) = taken else { break };
        publish(&taken.delivery.data).await?;
        publish(&taken.delivery.data).await?;
    }
    for junk in [&b""[..], b"\0\xff", b"{\"kind\":\"no such\"}", &[b'['; 100_000]] {
        publish(junk).await?;
    }
    connection.close(200, "".into()).await?;
    Ok(())
}

/// Begins to repeat, and counts.
pub(crate) async fn repeat(url: &str, repeated: Arc<AtomicU64>) -> Result<JoinHandle<Result<()>>> {
    let connection = Connection::connect(url, ConnectionProperties::default()).await?;
    let channel = connection.create_channel().await?;
    let options = QueueDeclareOptions { exclusive: true, ..QueueDeclareOptions::default() };
    let queue = channel.queue_declare("".into(), options, FieldTable::default()).await?;
    let (trace, published) = ("amq.rabbitmq.trace".into(), "publish.#".into());
    let (bind, none) = (QueueBindOptions::default(), FieldTable::default());
    channel.queue_bind(queue.name().clone(), trace, published, bind, none).await?;
    let options = BasicConsumeOptions { no_ack: true, ..BasicConsumeOptions::default() };
    let name = queue.name().clone();
    let mut notices =
        channel.basic_consume(name, "".into(), options, FieldTable::default()).await?;
    Ok(tokio::spawn(async move {
        // The connection ends with the task.
        let _connection = connection;
        while let Some(notice) = notices.next().await {
            let notice = notice?;
            let Some((queue, headers)) = published_message(&notice) else { continue };
            let properties = BasicProperties::default().with_headers(headers);
            let options = BasicPublishOptions::default();
            let name = queue.as_str().into();
            channel.basic_publish("".into(), name, options, &notice.data, properties).await?;
            repeated.fetch_add(1, Ordering::Relaxed);
        }
        anyhow::bail!("the broker tells no more")
    }))
}

/// The queue and the headers of a message that was published the first time.
fn published_message(notice: &Delivery) -> Option<(String, FieldTable)> {
    let headers = notice.properties.headers().as_ref()?.inner();
    let AMQPValue::LongString(exchange) = headers.get("exchange_name")? else { return None };
    let AMQPValue::FieldArray(keys) = headers.get("routing_keys")? else { return None };
    let AMQPValue::LongString(queue) = keys.as_slice().first()? else { return None };
    let AMQPValue::FieldTable(properties) = headers.get("properties")? else { return None };
    let AMQPValue::FieldTable(own) = properties.inner().get("headers")? else { return None };
    if !exchange.as_bytes().is_empty() || own.inner().contains_key(AGAIN) {
        return None;
    }
    let mut own = own.clone();
    own.insert(AGAIN.into(), AMQPValue::Boolean(true));
    Some((String::from_utf8(queue.as_bytes().to_vec()).ok()?, own))
}
