//! `waybill check`: replays the log and asserts the invariants on what is stored.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};
use sha2::Sha256;
use utoipa::ToSchema;

use crate::domain::funding::{Movement, movements};
use crate::domain::ids::LotId;
use crate::domain::lot::{Lot, LotState, Timestamp};
use crate::domain::order::{Order, OrderStatus};
use crate::store::chain::{digest, hex, link};
use crate::store::{Filed, LotCount, LotFilter, Store, StoreError, tally};

/// Events read at once.
const PAGE: i64 = 10_000;

/// Something that should not be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Violation {
    /// Which invariant, such as `I2`.
    pub invariant: String,
    /// What it is about.
    pub subject: String,
    /// What is wrong.
    pub detail: String,
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Findings {
    /// Whether everything holds.
    pub ok: bool,
    /// Events replayed.
    pub events: i64,
    /// What does not hold.
    pub violations: Vec<Violation>,
}

#[derive(Default)]
struct Check {
    violations: Vec<Violation>,
}

impl Check {
    fn fails(&mut self, invariant: &str, subject: impl ToString, detail: impl ToString) {
        self.violations.push(Violation {
            invariant: invariant.to_owned(),
            subject: subject.to_string(),
            detail: detail.to_string(),
        });
    }
}

/// What the log says of a subject at its end.
struct Last {
    number: i64,
    body: String,
}

/// Checks everything in `store`.
///
/// # Errors
/// [`StoreError`] if it cannot be read.
pub async fn check(store: &dyn Store) -> Result<Findings, StoreError> {
    let mut check = Check::default();
    // One snapshot, so that what `serve` commits meanwhile is no violation.
    let snapshot = store.snapshot().await?;
    let store = &*snapshot;
    let (events, last) = replay(store, &mut check).await?;
    match compare(store, &mut check, &last).await {
        Err(StoreError::Corrupt { subject, source }) => {
            check.fails("I7", subject, format!("cannot be read: {source}"));
        }
        other => other?,
    }
    let violations = check.violations;
    Ok(Findings { ok: violations.is_empty(), events, violations })
}

/// Compares what is stored with what the log says of it.
async fn compare(
    store: &dyn Store,
    check: &mut Check,
    last: &HashMap<String, Last>,
) -> Result<(), StoreError> {
    let lots = lots(store, check, last).await?;
    counts(store, check, &lots).await?;
    lines(store, check, &lots, last).await?;
    envelopes(store, check, &lots, last).await?;
    orders(store, check, &lots).await?;
    records(store, check, last).await
}

/// I7: positions and numbers have no gaps, and the hash chain verifies.
async fn replay(
    store: &dyn Store,
    check: &mut Check,
) -> Result<(i64, HashMap<String, Last>), StoreError> {
    let mut links = store.chain().await?.into_iter().peekable();
    let mut hash: Sha256 = link("");
    let mut last: HashMap<String, Last> = HashMap::new();
    let (mut position, mut linked) = (0, 0);
    loop {
        let page = store.events_after(position, PAGE).await?;
        if page.is_empty() {
            break;
        }
        for event in page {
            if event.position != position + 1 {
                check.fails("I7", &event.subject, format!("no event at {}", position + 1));
            }
            position = event.position;
            digest(
                &mut hash,
                (event.position, event.at.timestamp_millis(), event.number),
                (&event.actor, &event.subject, &event.kind, &event.body),
            );
            if let Some((_, stored)) = links.next_if(|(at, _)| *at == position) {
                if hex(hash) != stored {
                    let detail = format!("the hash chain breaks at or before position {position}");
                    check.fails("I7", &event.subject, detail);
                }
                hash = link(&stored);
                linked = position;
            }
            let before = last.get(&event.subject).map_or(0, |last| last.number);
            if event.number != before + 1 {
                let detail = format!("event {} follows {before}", event.number);
                check.fails("I7", &event.subject, detail);
            }
            last.insert(event.subject, Last { number: event.number, body: event.body });
        }
    }
    // What has no position yet is no violation: the leader gives it one in a moment.
    for event in store.tail().await? {
        let before = last.get(&event.subject).map_or(0, |last| last.number);
        if event.number != before + 1 {
            let detail = format!("event {} follows {before}", event.number);
            check.fails("I7", &event.subject, detail);
        }
        last.insert(event.subject, Last { number: event.number, body: event.body });
    }
    if linked < position {
        check.fails("I7", "chain", format!("no link covers the events after {linked}"));
    }
    for (at, subject) in store.broken_trails().await? {
        check.fails("I7", subject, format!("the event at {at} does not follow the one before"));
    }
    if let Some((at, _)) = links.next() {
        check.fails("I7", "chain", format!("a link at {at} has no events"));
    }
    Ok((position, last))
}

/// I7: every lot is as its last event says.
async fn lots(
    store: &dyn Store,
    check: &mut Check,
    last: &HashMap<String, Last>,
) -> Result<BTreeMap<LotId, Lot>, StoreError> {
    let mut lots = BTreeMap::new();
    let mut after = None;
    loop {
        let filter = LotFilter { after, limit: PAGE, ..LotFilter::default() };
        let page = store.filed_lots(&filter).await?;
        let Some((end, _)) = page.last() else { break };
        after = Some(end.id);
        for (lot, filed) in page {
            if filed != Filed::of(&lot) {
                check.fails("I7", lot.id, format!("is filed as {filed:?}"));
            }
            same(check, last, lot.id.to_string(), lot.version, &lot);
            lots.insert(lot.id, lot);
        }
    }
    let told = last.keys().filter(|subject| subject.starts_with("LOT-")).count();
    if told != lots.len() {
        check.fails("I1", "lots", format!("the log tells of {told}, {} are there", lots.len()));
    }
    Ok(lots)
}

/// I7: what is kept of how many lots are where is so.
async fn counts(
    store: &dyn Store,
    check: &mut Check,
    lots: &BTreeMap<LotId, Lot>,
) -> Result<(), StoreError> {
    let mut counted: BTreeMap<_, (i64, Option<Timestamp>)> = BTreeMap::new();
    for lot in lots.values() {
        let awaits = lot.state.awaits().map(|awaits| awaits.name().to_owned());
        let place = (lot.state.step().map(ToString::to_string), lot.state.name(), awaits);
        let (lots, oldest) = counted.entry(place).or_default();
        *lots += 1;
        *oldest = oldest.iter().copied().chain(tally::oldest(lot)).min();
    }
    let counted = counted.into_iter().map(|((step, state, awaits), (lots, oldest))| LotCount {
        state: state.to_owned(),
        step,
        awaits,
        lots,
        oldest,
    });
    let (counted, kept): (Vec<_>, _) = (counted.collect(), store.lot_counts().await?);
    for count in kept.iter().filter(|count| !counted.contains(count)) {
        check.fails("I7", "lots", format!("are not where it is kept that they are: {count:?}"));
    }
    for count in counted.iter().filter(|count| !kept.contains(count)) {
        check.fails("I7", "lots", format!("are where it is not kept that they are: {count:?}"));
    }
    Ok(())
}

fn same(
    check: &mut Check,
    last: &HashMap<String, Last>,
    subject: String,
    version: i64,
    value: &impl Serialize,
) {
    let body = serde_json::to_string(value).unwrap_or_default();
    match last.get(&subject) {
        None => check.fails("I7", subject, "the log does not tell of it"),
        Some(told) if told.number != version => {
            let detail = format!("is at version {version}, its log at {}", told.number);
            check.fails("I7", subject, detail);
        }
        Some(told) if told.body != body => {
            check.fails("I7", subject, "is not as its last event says");
        }
        Some(_) => {}
    }
}

/// I1: the lots of a line add up to it.
async fn lines(
    store: &dyn Store,
    check: &mut Check,
    lots: &BTreeMap<LotId, Lot>,
    last: &HashMap<String, Last>,
) -> Result<(), StoreError> {
    let mut sums: HashMap<i64, i64> = HashMap::new();
    for lot in lots.values() {
        *sums.entry(lot.line().0).or_default() += lot.quantity.0;
    }
    for (id, stored) in store.all_lines().await? {
        let sum = sums.remove(&id.0).unwrap_or(0);
        if sum != stored.line.quantity.0 {
            let detail = format!("asks for {}, its lots carry {sum}", stored.line.quantity.0);
            check.fails("I1", id, format!("{detail} thousandths"));
        }
        same(check, last, id.to_string(), stored.version, &stored.line);
    }
    for line in sums.keys() {
        check.fails("I1", crate::domain::ids::LineId(*line), "has lots and is not there");
    }
    Ok(())
}

/// I2: the ledger equals the lots' shares, and no envelope is exceeded.
async fn envelopes(
    store: &dyn Store,
    check: &mut Check,
    lots: &BTreeMap<LotId, Lot>,
    last: &HashMap<String, Last>,
) -> Result<(), StoreError> {
    let mut sums: BTreeMap<String, Movement> = BTreeMap::new();
    for lot in lots.values() {
        movements(None, lot, &mut sums);
    }
    for row in store.envelopes().await? {
        if !row.holds() {
            let detail = format!("uses {} of {} open minor units", row.used(), row.opened);
            check.fails("I2", &row.id, detail);
        }
        let told = last.get(&format!("envelope:{}", row.id));
        if told.is_none_or(|told| told.number != row.version || told.body != row.body()) {
            check.fails("I7", &row.id, "the envelope is not as its last event says");
        }
        let sum = sums.remove(&row.id).unwrap_or_default();
        if (sum.allocated, sum.obligated, sum.disbursed)
            != (row.allocated, row.obligated, row.disbursed)
        {
            check.fails("I2", &row.id, format!("{row:?} is not the sum of shares {sum:?}"));
        }
    }
    for id in sums.keys() {
        check.fails("I2", id, "lots have shares of it and it is not there");
    }
    Ok(())
}

/// I3: a lot under way is on the one order it names, which is live and has a line for it.
async fn orders(
    store: &dyn Store,
    check: &mut Check,
    lots: &BTreeMap<LotId, Lot>,
) -> Result<(), StoreError> {
    let mut orders: BTreeMap<String, (Order, OrderStatus)> = BTreeMap::new();
    for record in store.records("order").await? {
        let order: Order = serde_json::from_str(&record.body).map_err(|source| {
            StoreError::Corrupt { subject: format!("order:{}", record.id), source }
        })?;
        let mut named: Vec<LotId> = order.lines.iter().map(|line| line.lot).collect();
        named.sort_unstable();
        named.dedup();
        if named.len() != order.lines.len() {
            check.fails("I3", &order.number, "names a lot twice");
        }
        let status = store.record("order_status", &record.id).await?;
        let status = status.and_then(|record| serde_json::from_str(&record.body).ok());
        match status {
            Some(status) => drop(orders.insert(record.id, (order, status))),
            None => check.fails("I3", &record.id, "has no status"),
        }
    }
    for lot in lots.values().filter(|lot| !matches!(lot.state, LotState::Closed(_))) {
        let Some(number) = &lot.order else { continue };
        match orders.get(number) {
            None => check.fails("I3", lot.id, format!("names {number}, which is not there")),
            Some((_, status)) if !status.is_live() => {
                check.fails("I3", lot.id, format!("names {number}, which was refused"));
            }
            Some((order, _)) if order.line(lot.id).is_none() => {
                check.fails("I3", lot.id, format!("names {number}, which has no line for it"));
            }
            Some(_) => {}
        }
    }
    Ok(())
}

/// I7: every record is as its last event says.
async fn records(
    store: &dyn Store,
    check: &mut Check,
    last: &HashMap<String, Last>,
) -> Result<(), StoreError> {
    let mut after = (String::new(), String::new());
    loop {
        let page = store.records_after(&after.0, &after.1, PAGE).await?;
        let Some((kind, end)) = page.last() else { return Ok(()) };
        after = (kind.clone(), end.id.clone());
        for (kind, record) in page {
            let subject = format!("{kind}:{}", record.id);
            match last.get(&subject) {
                Some(told) if told.number == record.version && told.body == record.body => {}
                Some(_) => check.fails("I7", subject, "is not as its last event says"),
                None => check.fails("I7", subject, "the log does not tell of it"),
            }
        }
    }
}
