//! Reads everything in a store, row by row.

use sha2::Sha256;
use tokio::sync::mpsc;

use super::{BATCH, Batch, EventRow, FORMAT, Header, LinkRow, Row};
use crate::domain::event::Event;
use crate::store::chain::{digest, hex, link};
use crate::store::{Store, StoreError};

/// Events read at once.
const PAGE: i64 = 5_000;

/// The header of a file for `snapshot`.
///
/// # Errors
/// [`StoreError`] if the store cannot be read.
pub async fn header(snapshot: &dyn Store, source: &str) -> Result<Header, StoreError> {
    let mut counts = snapshot.counts().await?;
    let tail = snapshot.tail().await?.len();
    counts.events += tail as i64;
    counts.links += i64::from(tail > 0);
    let version = env!("CARGO_PKG_VERSION").to_owned();
    Ok(Header { format: FORMAT, version, source: source.to_owned(), counts })
}

/// Sends every row of `snapshot`, which comes from [`Store::snapshot`]. Ends early if the receiver is dropped.
///
/// # Errors
/// [`StoreError`] if the store cannot be read.
pub async fn fill(snapshot: &dyn Store, to: &mpsc::Sender<Batch>) -> Result<(), StoreError> {
    let mut position = 0;
    let mut head = String::new();
    loop {
        let events = snapshot.events_after(position, PAGE).await?;
        let Some(last) = events.last() else { break };
        let last = last.position;
        let mut links = snapshot.links(position, last).await?.into_iter().peekable();
        let mut batch = Vec::with_capacity(BATCH);
        for event in events {
            let at = event.position;
            batch.push(Row::Event(row(event)));
            if let Some((position, hash)) = links.next_if(|(position, _)| *position == at) {
                head.clone_from(&hash);
                batch.push(Row::Link(LinkRow { position, hash, after: 0 }));
            }
            if batch.len() >= BATCH && !send(to, &mut batch).await {
                return Ok(());
            }
        }
        if !send(to, &mut batch).await {
            return Ok(());
        }
        position = last;
    }
    tail(snapshot, position, &head, to).await?;
    snapshot.rest(to).await
}

/// Gives events without a position the one that the leader would assign, and adds their link.
async fn tail(
    snapshot: &dyn Store,
    mut position: i64,
    head: &str,
    to: &mpsc::Sender<Batch>,
) -> Result<(), StoreError> {
    let mut hash: Sha256 = link(head);
    let mut batch: Batch = Vec::new();
    for event in snapshot.tail().await? {
        position += 1;
        let event = EventRow { position, ..row(event) };
        let EventRow { at, actor, subject, number, kind, body, .. } = &event;
        digest(&mut hash, (position, *at, *number), (actor, subject, kind, body));
        batch.push(Row::Event(event));
    }
    if !batch.is_empty() {
        batch.push(Row::Link(LinkRow { position, hash: hex(hash), after: 0 }));
        send(to, &mut batch).await;
    }
    Ok(())
}

/// Sends `batch` and empties it. Returns false if the receiver was dropped.
async fn send(to: &mpsc::Sender<Batch>, batch: &mut Batch) -> bool {
    to.send(std::mem::take(batch)).await.is_ok()
}

fn row(event: Event) -> EventRow {
    let Event { position, at, actor, subject, number, kind, body } = event;
    let at = at.timestamp_millis();
    EventRow { position, at, actor, subject, number, kind, body, previous: 0 }
}
