//! What holds on every broker: urgent lots go first, and what is less urgent does not starve.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tokio::time::timeout;
use waybill_shared::broker::{Broker, Claimed, EmbeddedBroker, RabbitBroker, Track};
use waybill_shared::store::{Hint, Lane};

/// How long something may take.
const SOON: Duration = Duration::from_secs(20);

async fn brokers() -> Result<Vec<Arc<dyn Broker>>> {
    let url = waybill_services::broker()?;
    let rabbit = RabbitBroker::open(&url, Arc::default()).await?;
    Ok(vec![Arc::new(EmbeddedBroker::default()), Arc::new(rabbit)])
}

fn hints(queue: &Arc<str>, lane: Lane, ids: std::ops::Range<i64>) -> Vec<Hint> {
    ids.map(|id| Hint { queue: queue.clone(), lane, id, due: 0 }).collect()
}

/// This process makes and takes from these queues.
async fn serves(broker: &dyn Broker, queues: &[Arc<str>]) -> Result<()> {
    let lanes: Vec<_> =
        queues.iter().flat_map(|queue| Lane::ALL.map(|lane| (queue.clone(), lane))).collect();
    broker.lead(&lanes);
    queues.iter().for_each(|queue| broker.attend(queue));
    let is_ready = async {
        while !broker.is_ready() {
            tokio::task::yield_now().await;
        }
    };
    timeout(SOON, is_ready).await.context("the queues are not there")
}

async fn taken(
    broker: &dyn Broker,
    queue: &Arc<str>,
    track: Track,
    most: usize,
) -> Result<Claimed> {
    let taken = timeout(SOON, broker.take(queue, track, most)).await;
    taken.with_context(|| format!("nothing came: {queue}, {track:?}"))?.context("it is closed")
}

#[tokio::test(flavor = "multi_thread")]
async fn urgent_lots_go_first() -> Result<()> {
    for broker in brokers().await? {
        let queues: [Arc<str>; 2] = ["validate_priority".into(), "match_donor".into()];
        serves(&*broker, &queues).await?;
        let [one, two] = &queues;
        broker.publish(hints(one, Lane::Low, 1..300)).await?;
        broker.publish(hints(one, Lane::Urgent, 300..301)).await?;
        broker.publish(hints(two, Lane::Low, 1..300)).await?;

        let urgent = taken(&*broker, one, Track::Urgent, 256).await?;
        ensure!(urgent.ids == [300], "{urgent:?}");
        // What it goes on with is urgent, too.
        ensure!(broker.keep(hints(two, Lane::Urgent, 300..301)).is_empty());
        broker.acknowledge(urgent);

        let mut low = std::pin::pin!(broker.take(two, Track::Others, 256));
        ensure!(timeout(Duration::ZERO, &mut low).await.is_err(), "an urgent lot was passed by");
        broker.acknowledge(taken(&*broker, two, Track::Urgent, 256).await?);
        let low = timeout(SOON, low).await.context("nothing came")?.context("it is closed")?;
        ensure!(low.ids.len() <= 64, "a batch of {} while urgent lots come", low.ids.len());

        // While urgent lots keep coming, one batch of the others is in hand at a time …
        let mut next = std::pin::pin!(broker.take(one, Track::Others, 256));
        ensure!(timeout(Duration::ZERO, &mut next).await.is_err(), "two batches at once");
        broker.acknowledge(low);
        let next = timeout(SOON, next).await.context("nothing came")?.context("it is closed")?;
        // … unless that one takes long, or the urgent one does.
        let other = taken(&*broker, two, Track::Others, 256).await?;
        broker.publish(hints(one, Lane::Urgent, 301..302)).await?;
        let urgent = taken(&*broker, one, Track::Urgent, 256).await?;
        let starving = taken(&*broker, one, Track::Others, 256).await?;
        for taken in [next, other, urgent, starving] {
            broker.acknowledge(taken);
        }
        broker.disconnect().await;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_wait_for_no_lot() -> Result<()> {
    for broker in brokers().await? {
        let queues: [Arc<str>; 2] = ["validate_priority".into(), "round".into()];
        serves(&*broker, &queues).await?;
        broker.publish(hints(&queues[0], Lane::Urgent, 1..2)).await?;
        let urgent = taken(&*broker, &queues[0], Track::Urgent, 256).await?;
        broker.publish(hints(&queues[1], Lane::Normal, 1..3)).await?;
        let first = taken(&*broker, &queues[1], Track::All, 1).await?;
        broker.acknowledge(urgent);
        broker.acknowledge(first);
        broker.disconnect().await;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hint_that_is_published_twice_at_once_comes_once() -> Result<()> {
    for broker in brokers().await? {
        let queues: [Arc<str>; 1] = ["validate_priority".into()];
        serves(&*broker, &queues).await?;
        let twice = || broker.publish(hints(&queues[0], Lane::Low, 1..100));
        let (one, other) = tokio::join!(twice(), twice());
        one.and(other)?;
        broker.publish(hints(&queues[0], Lane::Low, 100..101)).await?;
        let mut ids = Vec::new();
        while !ids.contains(&100) {
            let some = taken(&*broker, &queues[0], Track::Others, 256).await?;
            ids.extend(some.ids.iter().copied());
            broker.acknowledge(some);
        }
        ensure!(ids == (1..=100).collect::<Vec<i64>>(), "{ids:?}");
        broker.disconnect().await;
    }
    Ok(())
}
