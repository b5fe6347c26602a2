//! `waybill check`: replays the log and verifies the invariants on the stored data.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::{Deserialize, Serialize};
use sha2::Sha256;
use utoipa::ToSchema;

mod acted;
mod arrivals;
mod bound;
mod files;
mod ledger;
mod needs;
mod paid;
mod sold;

use crate::archive::{Archive, Tally, archives};
use crate::domain::event::Event;
use crate::domain::funding::{Movement, movements};
use crate::domain::ids::{LineId, LotId};
use crate::domain::kinds::RecordKind;
use crate::domain::lot::{Lot, LotState, Outcome, Timestamp};
use crate::domain::order::{Order, OrderStatus};
use crate::domain::quantity::Quantity;
use crate::sealed;
use crate::sealing::Keys;
use crate::store::chain::{archived, digest_of, hex, link, sum_of};
use crate::store::{LotCount, LotFilter, LotIndex, Store, StoreError, tally};

use acted::CommandResult;
use bound::Bound;
use files::FileHistory;
use sold::Sold;

/// Records read at once. The limit is low because some contain files.
const RECORDS: i64 = 200;

/// Events read at once.
const PAGE: i64 = 10_000;

/// A broken invariant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Violation {
    /// The number of the invariant, such as `I2`.
    pub invariant: String,
    /// What the violation is about.
    pub subject: String,
    /// What is wrong.
    pub detail: String,
}

/// The result of a check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Findings {
    /// Whether all invariants hold.
    pub ok: bool,
    /// The number of events replayed.
    pub events: i64,
    /// The broken invariants.
    pub violations: Vec<Violation>,
    /// The number of sealed values that could not be opened, by the id of the missing key.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub unopened: BTreeMap<String, usize>,
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

/// The state of a subject at the end of the log. It has the SHA-256 of the body, because all bodies would fill the
/// memory.
struct Last {
    number: i64,
    body: [u8; 32],
}

fn sum(body: &str) -> [u8; 32] {
    sum_of(body)
}

/// Checks everything in `store`.
///
/// # Errors
/// [`StoreError`] if the store cannot be read.
pub async fn check(store: &dyn Store) -> Result<Findings, StoreError> {
    check_telling(store, &Keys::default(), &|_| ()).await
}

/// Like [`check`], but also opens sealed values with `keys`, and reports the number of replayed events to `passed`.
///
/// # Errors
/// [`StoreError`] if the store cannot be read.
pub async fn check_telling(
    store: &dyn Store,
    keys: &Keys,
    passed: &(dyn Fn(usize) + Sync),
) -> Result<Findings, StoreError> {
    let mut check = Check::default();
    // One snapshot, so that concurrent commits of `serve` do not look like violations.
    let snapshot = store.snapshot().await?;
    let store = &*snapshot;
    let (events, last, Heard { mut files, bound, sold, acted, archived }) =
        replay(store, &mut check, passed).await?;
    let arrived = std::mem::take(&mut files.arrived);
    let requesters = files.requesters();
    let compared = async {
        let payments = arrived.rows(store, &mut check, requesters).await?;
        compare(store, &mut check, &last, &payments).await
    };
    match compared.await {
        Err(StoreError::Corrupt { subject, source }) => {
            check.fails("I7", subject, format!("cannot be read: {source}"));
        }
        other => other?,
    }
    files.renamed_lines(&mut check);
    bound.ends(&mut check);
    acted.report(&mut check);
    archive(store, &mut check, archived).await?;
    sold.report(&mut check);
    let unopened = match sealed::look(store, keys).await {
        Ok(looked) => {
            looked.forged.iter().for_each(|(what, error)| check.fails("I7", what, error));
            looked.unopened
        }
        // The comparison above has already reported this.
        Err(StoreError::Corrupt { .. }) => BTreeMap::new(),
        Err(error) => return Err(error),
    };
    let violations = check.violations;
    Ok(Findings { ok: violations.is_empty(), events, violations, unopened })
}

/// I7: bodies that are missing from the log are in an archive, and match its digest.
async fn archive(
    store: &dyn Store,
    check: &mut Check,
    mut archived: BTreeMap<u32, Tally>,
) -> Result<(), StoreError> {
    for archive in archives(store).await? {
        let Archive { number, events, digest, is_done, .. } = archive;
        let found = archived.remove(&number).unwrap_or_default();
        // While an archive is being made, bodies are removed step by step. If a copy of the log has all bodies, nothing
        // is missing.
        let is_whole = found.events == 0;
        let is_so =
            if is_done { is_whole || found.digest() == digest } else { found.events <= events };
        if !is_so {
            let there = found.events;
            let detail = format!(
                "{events} bodies were moved into it, but the log lacks {there}, or different ones"
            );
            check.fails("I7", RecordKind::Archive.subject(number), detail);
        }
    }
    for (number, found) in archived {
        let detail = format!(
            "the log lacks {} bodies, but there is no record of such an archive",
            found.events
        );
        check.fails("I7", RecordKind::Archive.subject(number), detail);
    }
    Ok(())
}

/// Compares the stored data with the log.
async fn compare(
    store: &dyn Store,
    check: &mut Check,
    last: &HashMap<String, Last>,
    payments: &paid::PaymentHistory,
) -> Result<(), StoreError> {
    let mut carried = lots(store, check, last).await?;
    needs::merged(store, check, std::mem::take(&mut carried.merged)).await?;
    needs::under_way(store, check, std::mem::take(&mut carried.to_run)).await?;
    counts(store, check, std::mem::take(&mut carried.places)).await?;
    lines(store, check, std::mem::take(&mut carried.quantities), last).await?;
    ledger::envelopes(store, check, std::mem::take(&mut carried.shares), last).await?;
    orders(store, check, &carried).await?;
    carried.paid.report(check, payments);
    arrivals::surplus(store, check, &carried.over).await?;
    files::files(store, check, last).await?;
    files::planned(store, check).await?;
    records(store, check, last).await
}

/// State from replaying the log, by check.
#[derive(Default)]
struct Heard {
    files: FileHistory,
    bound: Bound,
    sold: Sold,
    acted: CommandResult,
    /// The archived bodies that the log refers to, by archive.
    archived: BTreeMap<u32, Tally>,
}

impl Heard {
    fn hear(&mut self, event: &Event) {
        if let Some((number, sum)) = archived(&event.body) {
            self.archived.entry(number).or_default().add(event.position, &sum);
        }
        self.files.hear(event);
        self.sold.hear(event);
        self.bound.hear(event);
        self.acted.hear(event);
    }
}

/// I7: positions and numbers have no gaps, and the hash chain verifies.
async fn replay(
    store: &dyn Store,
    check: &mut Check,
    passed: &(dyn Fn(usize) + Sync),
) -> Result<(i64, HashMap<String, Last>, Heard), StoreError> {
    let mut heard = Heard::default();
    let mut links = store.chain().await?.into_iter().peekable();
    let mut hash: Sha256 = link("");
    let mut last: HashMap<String, Last> = HashMap::new();
    let (mut position, mut linked) = (0, 0);
    loop {
        let page = store.events_after(position, PAGE).await?;
        if page.is_empty() {
            break;
        }
        passed(page.len());
        for event in page {
            if event.position != position + 1 {
                check.fails("I7", &event.subject, format!("no event at position {}", position + 1));
            }
            position = event.position;
            let body = sum(&event.body);
            digest_of(
                &mut hash,
                (event.position, event.at.timestamp_millis(), event.number),
                (&event.actor, &event.subject, &event.kind),
                &body,
            );
            if let Some((_, stored)) = links.next_if(|(at, _)| *at == position) {
                if hex(hash) != stored {
                    let detail = format!("the hash chain breaks at or before position {position}");
                    check.fails("I7", &event.subject, detail);
                }
                hash = link(&stored);
                linked = position;
            }
            heard.hear(&event);
            let before = last.get(&event.subject).map_or(0, |last| last.number);
            if event.number != before + 1 {
                let detail = format!("event {} follows event {before}", event.number);
                check.fails("I7", &event.subject, detail);
            }
            last.insert(event.subject, Last { number: event.number, body });
        }
    }
    // Events without a position are no violation: the leader is about to assign it.
    for event in store.tail().await? {
        heard.hear(&event);
        let before = last.get(&event.subject).map_or(0, |last| last.number);
        if event.number != before + 1 {
            let detail = format!("event {} follows event {before}", event.number);
            check.fails("I7", &event.subject, detail);
        }
        last.insert(event.subject, Last { number: event.number, body: sum(&event.body) });
    }
    if linked < position {
        check.fails("I7", "chain", format!("no link covers the events after position {linked}"));
    }
    for (at, subject) in store.broken_trails().await? {
        check.fails(
            "I7",
            subject,
            format!("the event at position {at} does not follow the subject's previous event"),
        );
    }
    if let Some((at, _)) = links.next() {
        check.fails("I7", "chain", format!("the link at position {at} has no events"));
    }
    Ok((position, last, heard))
}

/// A step, a state, and what a lot waits for.
type Place = (Option<String>, &'static str, Option<String>);

/// Totals of all lots, because the lots themselves would fill the memory.
#[derive(Default)]
struct Carried {
    /// Sum of the lots' quantities, by line.
    quantities: HashMap<LineId, i64>,
    /// Sum of share movements, by envelope.
    shares: BTreeMap<String, Movement>,
    /// The number of lots in each place, and since when the first of them is there.
    places: BTreeMap<Place, (i64, Option<Timestamp>)>,
    /// Lots that are due now or later.
    to_run: HashSet<LotId>,
    /// Lots that were merged into a lot of another line.
    merged: Vec<(LotId, LotId)>,
    /// Open lots on an order: the lot, the lot whose order line it travels under, and the order.
    ordered: Vec<(LotId, LotId, String)>,
    /// Lots that received more than was bought.
    over: Vec<(LotId, Quantity)>,
    /// Surplus of lots, by order.
    surplus: BTreeMap<String, Vec<(LotId, Quantity)>>,
    /// Money that orders bind.
    paid: paid::Paid,
    lots: usize,
}

/// I7: every lot equals the body of its last event.
async fn lots(
    store: &dyn Store,
    check: &mut Check,
    last: &HashMap<String, Last>,
) -> Result<Carried, StoreError> {
    let mut carried = Carried::default();
    let mut after = None;
    loop {
        let filter = LotFilter { after, limit: PAGE, ..LotFilter::default() };
        let page = store.filed_lots(&filter).await?;
        let Some((end, _)) = page.last() else { break };
        after = Some(end.id);
        for (lot, filed) in page {
            if filed != LotIndex::of(&lot) {
                check.fails("I7", lot.id, format!("is indexed under wrong values: {filed:?}"));
            }
            let body = serde_json::to_string(&lot).unwrap_or_default();
            same(check, last, lot.id.to_string(), lot.version, &body);
            carried.take(lot);
        }
    }
    let told = last.keys().filter(|subject| subject.starts_with("LOT-")).count();
    if told != carried.lots {
        let there = carried.lots;
        check.fails("I1", "lots", format!("the log has {told}, but {there} are stored"));
    }
    Ok(carried)
}

impl Carried {
    fn take(&mut self, lot: Lot) {
        self.lots += 1;
        self.over.extend(arrivals::over(&lot));
        self.paid.take(&lot);
        *self.quantities.entry(lot.line()).or_default() += lot.quantity.0;
        movements(None, &lot, &mut self.shares);
        if let LotState::Ready { .. } | LotState::RetryAt { .. } = lot.state() {
            self.to_run.insert(lot.id);
        }
        if let LotState::Closed(Outcome::Merged { into }) = lot.state()
            && into.line() != lot.line()
        {
            self.merged.push((lot.id, *into));
        }
        let awaits = lot.state().awaits().map(|awaits| awaits.name().to_owned());
        let place = (lot.state().step().map(ToString::to_string), lot.state().name(), awaits);
        let (lots, oldest) = self.places.entry(place).or_default();
        *lots += 1;
        *oldest = oldest.iter().copied().chain(tally::oldest(&lot)).min();
        if let Some(order) = lot.order.as_ref().filter(|_| !lot.surplus.is_zero()) {
            self.surplus.entry(order.clone()).or_default().push((lot.id, lot.surplus));
        }
        let line = lot.order_line();
        let is_closed = matches!(lot.state(), LotState::Closed(_));
        if let Some(order) = lot.order.filter(|_| !is_closed) {
            self.ordered.push((lot.id, line, order));
        }
    }
}

/// I7: the stored counts of lots by state are right.
async fn counts(
    store: &dyn Store,
    check: &mut Check,
    counted: BTreeMap<Place, (i64, Option<Timestamp>)>,
) -> Result<(), StoreError> {
    let counted = counted.into_iter().map(|((step, state, awaits), (lots, oldest))| LotCount {
        state: state.to_owned(),
        step,
        awaits,
        lots,
        oldest,
    });
    let (counted, kept): (Vec<_>, _) = (counted.collect(), store.lot_counts().await?);
    for count in kept.iter().filter(|count| !counted.contains(count)) {
        check.fails("I7", "lots", format!("stored count does not match a recount: {count:?}"));
    }
    for count in counted.iter().filter(|count| !kept.contains(count)) {
        check.fails("I7", "lots", format!("stored count missing for {count:?}"));
    }
    Ok(())
}

fn same(
    check: &mut Check,
    last: &HashMap<String, Last>,
    subject: String,
    version: i64,
    body: &str,
) {
    match last.get(&subject) {
        None => check.fails("I7", subject, "the log has no event of it"),
        Some(told) if told.number != version => {
            let detail =
                format!("is at version {version}, but its last event has number {}", told.number);
            check.fails("I7", subject, detail);
        }
        Some(told) if told.body != sum(body) => {
            check.fails("I7", subject, "differs from its last event");
        }
        Some(_) => {}
    }
}

/// I1: the lots of a line add up to the line.
async fn lines(
    store: &dyn Store,
    check: &mut Check,
    mut sums: HashMap<LineId, i64>,
    last: &HashMap<String, Last>,
) -> Result<(), StoreError> {
    let told = last.keys().filter(|subject| subject.starts_with("LINE-"));
    let mut ids: Vec<LineId> = told.filter_map(|subject| subject.parse().ok()).collect();
    ids.sort_unstable();
    let mut found = 0;
    for page in ids.chunks(PAGE as usize) {
        let there = store.lines(page).await?;
        let names: Vec<&str> = there.iter().map(|(_, line)| &*line.line.external_id).collect();
        let likenesses = there.iter().map(|(_, line)| line.line.likeness()).collect();
        let alike = store.lines_alike(likenesses).await?;
        let alike: HashMap<LineId, String> = alike.into_iter().collect();
        // A line that is not found by its id would be imported again. The likeness is what warns of that.
        let by_name = store.lines_by_external(&names).await?;
        let by_name: HashSet<LineId> = by_name.into_iter().map(|(id, _)| id).collect();
        for (id, stored) in there {
            found += 1;
            if !by_name.contains(&id) {
                let name = &stored.line.external_id;
                check.fails("I7", id, format!("cannot be found by its id `{name}`"));
            }
            if alike.get(&id) != Some(&stored.line.likeness()) {
                check.fails("I7", id, "cannot be found by what it requests");
            }
            let sum = sums.remove(&id).unwrap_or(0);
            if sum != stored.line.quantity.0 {
                let detail =
                    format!("requests {}, but its lots add up to {sum}", stored.line.quantity.0);
                check.fails("I1", id, format!("{detail} thousandths"));
            }
            let body = stored.body().unwrap_or_default();
            same(check, last, id.to_string(), stored.version, &body);
        }
    }
    let there = store.counts().await?.lines;
    if found != there || ids.len() as i64 != there {
        let detail = format!("the log has {}, but {there} are stored", ids.len());
        check.fails("I7", "lines", detail);
    }
    for line in store.lines_of_others().await? {
        check.fails("I7", line, "is stored under a different requester than its own");
    }
    for line in sums.into_keys() {
        check.fails("I1", line, "has lots, but is not stored");
    }
    Ok(())
}

/// I3: an open lot on an order is on a live one that has a line for it.
async fn orders(
    store: &dyn Store,
    check: &mut Check,
    Carried { ordered, surplus, paid, .. }: &Carried,
) -> Result<(), StoreError> {
    let mut orders: BTreeMap<String, (Order, OrderStatus)> = BTreeMap::new();
    for record in store.records(RecordKind::Order).await? {
        let order: Order = serde_json::from_str(&record.body).map_err(|source| {
            StoreError::Corrupt { subject: format!("order:{}", record.id), source }
        })?;
        let mut named: Vec<LotId> = order.lines.iter().map(|line| line.lot).collect();
        named.sort_unstable();
        named.dedup();
        if named.len() != order.lines.len() {
            check.fails("I3", &order.number, "names a lot twice");
        }
        paid.order(check, &order);
        sold::followed(check, &order, surplus.get(&order.number).map_or(&[], Vec::as_slice));
        let status = store.record(RecordKind::OrderStatus, &record.id).await?;
        let status = status.and_then(|record| serde_json::from_str(&record.body).ok());
        match status {
            Some(status) => drop(orders.insert(record.id, (order, status))),
            None => check.fails("I3", &record.id, "has no status"),
        }
    }
    for (lot, line, number) in ordered {
        match orders.get(number) {
            None => check.fails("I3", lot, format!("is on order {number}, which does not exist")),
            Some((_, status)) if !status.is_live() => {
                check.fails(
                    "I3",
                    lot,
                    format!("is on order {number}, which is refused, cancelled or completed"),
                );
            }
            Some((order, _)) if order.line(*line).is_none() => {
                check.fails("I3", lot, format!("is on order {number}, which has no line for it"));
            }
            Some(_) => {}
        }
    }
    Ok(())
}

/// I7: every record exists and equals the body of its last event.
async fn records(
    store: &dyn Store,
    check: &mut Check,
    last: &HashMap<String, Last>,
) -> Result<(), StoreError> {
    let mut after = (String::new(), String::new());
    // Subjects of lots and lines contain no colon. Envelopes are checked with the ledger.
    let is_record = |subject: &&String| subject.contains(':') && !subject.starts_with("envelope:");
    let mut told: HashSet<&String> = last.keys().filter(is_record).collect();
    loop {
        let page = store.records_after(&after.0, &after.1, RECORDS).await?;
        let Some((kind, end)) = page.last() else {
            for subject in told {
                check.fails("I7", subject, "the log has events of it, but it is not stored");
            }
            return Ok(());
        };
        after = (kind.clone(), end.id.clone());
        for (kind, record) in page {
            let subject = format!("{kind}:{}", record.id);
            told.remove(&subject);
            match last.get(&subject) {
                Some(told) if told.number == record.version && told.body == sum(&record.body) => {}
                Some(_) => check.fails("I7", subject, "differs from its last event"),
                None => check.fails("I7", subject, "the log has no event of it"),
            }
        }
    }
}
