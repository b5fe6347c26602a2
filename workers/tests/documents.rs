//! Any sequence of documents about one order, beside a model of it that is a few lines of arithmetic: the
//! same answers, and the same quantities and money, to the unit and the cent. `WAYBILL_SEQUENCES` says how
//! many sequences are played.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use chrono::NaiveDate;
use serde_json::{Value, json};
use waybill_shared::broker::EmbeddedBroker;
use waybill_shared::check::check;
use waybill_shared::clock::Clock;
use waybill_shared::domain::document::Document;
use waybill_shared::domain::funding::{Share, ShareState};
use waybill_shared::domain::ids::{LineId, LotId};
use waybill_shared::domain::kinds::{LotEvent, RecordEvent, RecordKind, StepKind};
use waybill_shared::domain::lot::{Awaited, Lot, LotState, StepName};
use waybill_shared::domain::pipeline::{ConnectorConfig, Pipeline};
use waybill_shared::domain::quantity::Quantity;
use waybill_shared::domain::transition::StepResult;
use waybill_shared::engine::{Engine, Wakes};
use waybill_shared::intake::load;
use waybill_shared::openings::start_of;
use waybill_shared::store::sqlite::SqliteStore;
use waybill_shared::store::{ChangeSet, Fate, LineChange, LotChange, RecordChange};
use waybill_workers::connectors::{self, Connector};
use waybill_workers::documents::{Refusal, Taken, take};

/// Sequences that are played where nothing else is said.
const SEQUENCES: u64 = 200;

/// The price of one, in cents.
const PRICE: i64 = 1_234;

/// The lines of each order: their lots' quantities, what is tolerated of them, per mille, and what is bought
/// above their last lot, because the supplier sells no less.
const LINES: [(&[i64], i64, i64); 4] =
    [(&[10, 5], 0, 0), (&[20], 100, 0), (&[1], 1000, 0), (&[7, 9], 0, 4)];

fn first_day() -> NaiveDate {
    NaiveDate::from_ymd_opt(2025, 1, 1).expect("a day")
}

/// Numbers that only depend on where they begin (xorshift).
struct Draws(u64);

impl Draws {
    fn below(&mut self, end: i64) -> i64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        i64::try_from(self.0 % end.unsigned_abs().max(1)).expect("small")
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    ToCome,
    Received,
    Paid,
    /// Closed as short, or carried by another lot.
    Gone,
}

/// A lot as the model knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Known {
    at: At,
    quantity: i64,
    surplus: i64,
    over: i64,
    shipped: i64,
    paid: i64,
    /// It has a line of its own in the order.
    is_ordered: bool,
}

#[derive(Debug, PartialEq, Eq)]
enum Answer {
    Taken,
    Before,
    Kept,
    Refused,
}

impl Known {
    fn bought(&self) -> i64 {
        self.quantity + self.surplus
    }

    fn cost(&self) -> i64 {
        self.bought() * PRICE
    }
}

/// Rows of a receipt: a lot by line and part, what was accepted and what rejected.
type Rows = Vec<((usize, i64), i64, i64)>;

/// A document that is kept, with what it says: rows of a receipt, or a lot with how much was despatched.
type KeptDocument = (Document, Rows, Option<((usize, i64), i64)>);

/// What the order should have come to.
struct Model {
    is_accepted: bool,
    lots: BTreeMap<(usize, i64), Known>,
    /// What was closed as short of each line.
    short: [i64; LINES.len()],
}

impl Model {
    fn new() -> Self {
        let mut lots = BTreeMap::new();
        for (line, (quantities, ..)) in LINES.iter().enumerate() {
            for (part, quantity) in (0..).zip(*quantities) {
                let (at, quantity, surplus) = (At::ToCome, *quantity, surplus_of(line, part));
                let (over, shipped, paid, is_ordered) = (0, 0, 0, true);
                let lot = Known { at, quantity, surplus, over, shipped, paid, is_ordered };
                lots.insert((line, part), lot);
            }
        }
        Self { is_accepted: false, lots, short: [0; LINES.len()] }
    }

    fn tolerance(line: usize) -> i64 {
        LINES[line].0.iter().sum::<i64>() * LINES[line].1 / 1000
    }

    fn is_under(&self, id: (usize, i64)) -> bool {
        self.lots.get(&id).is_some_and(|lot| lot.at != At::Gone)
    }

    fn despatch(&mut self, id: (usize, i64), quantity: i64) -> Answer {
        if !self.is_under(id) || quantity == 0 {
            return Answer::Refused;
        }
        let lot = self.lots.get_mut(&id).expect("there");
        let most = lot.bought() - lot.shipped + Self::tolerance(id.0);
        if lot.at == At::ToCome && quantity > most {
            return Answer::Refused;
        }
        if !self.is_accepted {
            return Answer::Kept;
        }
        lot.shipped += quantity;
        Answer::Taken
    }

    fn receive(&mut self, rows: &Rows) -> Answer {
        let mut sums: Rows = Vec::new();
        for (id, accepted, rejected) in rows {
            match sums.iter_mut().find(|sum| sum.0 == *id) {
                Some(sum) => *sum = (*id, sum.1 + accepted, sum.2 + rejected),
                None => sums.push((*id, *accepted, *rejected)),
            }
        }
        if sums.is_empty() || sums.iter().any(|row| !self.is_under(row.0)) {
            return Answer::Refused;
        }
        if !self.is_accepted {
            return Answer::Kept;
        }
        let is_named = |id: &(usize, i64)| sums.iter().any(|row| row.0 == *id);
        for (id, accepted, _) in &sums {
            let lot = &self.lots[id];
            let is_missed = self
                .lots
                .iter()
                .any(|(other, lot)| other.0 == id.0 && lot.at == At::ToCome && !is_named(other));
            let is_less = lot.at != At::ToCome && *accepted < lot.bought();
            let is_more = lot.at == At::Paid && *accepted > lot.bought();
            let is_paid = lot.at == At::Paid || lot.paid > accepted * PRICE;
            if (is_less && is_paid) || (is_more && is_missed) {
                return Answer::Refused;
            }
        }
        let before = self.lots.clone();
        let mut is_news = false;
        for line in 0..LINES.len() {
            // What is on back order and not named may turn out to have come.
            let is_missed = |(id, lot): &(&(usize, i64), &Known)| {
                id.0 == line && lot.at == At::ToCome && !lot.is_ordered && !is_named(id)
            };
            let missed = before.iter().filter(is_missed);
            let mut missed: Vec<((usize, i64), i64, i64)> =
                missed.map(|(id, lot)| (*id, lot.quantity, lot.surplus)).collect();
            let rows = sums.iter().filter(|row| row.0.0 == line);
            let mut tolerance = Self::tolerance(line) - self.short[line];
            let mut next =
                before.keys().filter(|id| id.0 == line).map(|id| id.1).max().unwrap_or(0);
            for (id, accepted, rejected) in rows {
                let was = &before[id];
                let mut above = (accepted - was.quantity).max(0);
                // First what is wanted of all parts, then what this lot buys above that, then what they do. What was
                // received before stays what it is.
                let own = if was.at == At::ToCome { 0 } else { above.min(was.surplus) };
                above -= own;
                let mut taken = Vec::new();
                for (part, open, _) in missed.iter_mut().filter(|part| part.1 > 0) {
                    let by = above.min(*open);
                    (above, *open) = (above - by, *open - by);
                    taken.push((*part, by, 0));
                }
                let more = above.min(was.surplus - own);
                above -= more;
                let (mut whole, mut missing) = (was.surplus, was.surplus - own - more);
                for (part, open, more) in &mut missed {
                    let found = taken.iter_mut().find(|one| one.0 == *part && one.1 > 0);
                    if let Some(found) = found.filter(|_| *open == 0) {
                        let came = above.min(*more);
                        above -= came;
                        (whole, missing) = (whole + *more, missing + *more - came);
                        (found.2, *more) = (*more, 0);
                    }
                }
                let (mut over, mut paid) = (0, 0);
                for (part, by, more) in taken.into_iter().filter(|one| one.1 > 0) {
                    let known = self.lots.get_mut(&part).expect("there");
                    let moved = part_of(known.paid, by + more, known.bought() - by - more);
                    (paid, known.paid) = (paid + moved, known.paid - moved);
                    known.quantity -= by;
                    known.surplus -= more;
                    over += by;
                    if known.quantity == 0 {
                        (known.at, known.shipped) = (At::Gone, 0);
                    }
                }
                let came = (*accepted).min(was.quantity);
                let rejected = (*rejected).min(was.quantity - came);
                let short = was.quantity - came - rejected;
                is_news |= was.at == At::ToCome
                    || (was.quantity, was.surplus, was.over)
                        != (came + over, whole - missing, above);
                let lot = self.lots.get_mut(id).expect("there");
                lot.over = above;
                if was.at == At::Paid {
                    continue;
                }
                lot.quantity = was.quantity + over;
                lot.surplus = whole;
                lot.paid += paid;
                let is_tolerated = short > 0 && came > 0 && short <= tolerance;
                let mut parts = Vec::new();
                if short > 0 {
                    parts.push((short, missing, is_tolerated));
                }
                if rejected > 0 {
                    parts.push((rejected, if short > 0 { 0 } else { missing }, false));
                }
                if parts.is_empty() && lot.paid <= (lot.bought() - missing) * PRICE {
                    // Nobody waits for what nobody asked for; what is paid of it is owed.
                    lot.surplus -= missing;
                }
                if is_tolerated {
                    tolerance -= short;
                }
                let mut is_received = true;
                for (by, more, is_closed) in parts {
                    let lot = self.lots.get_mut(id).expect("there");
                    if by == lot.quantity {
                        // All of it is to come again.
                        (lot.at, lot.shipped, is_received) = (At::ToCome, 0, false);
                        break;
                    }
                    lot.quantity -= by;
                    lot.surplus -= more;
                    next += 1;
                    // An advance is for what came, as far as that costs as much.
                    let kept = match is_closed {
                        true => lot.paid.min(lot.cost()),
                        false => lot.paid - part_of(lot.paid, by + more, lot.bought()),
                    };
                    let paid = lot.paid - kept;
                    lot.paid = kept;
                    let is_closed = is_closed && paid == 0;
                    self.short[line] += if is_closed { by } else { 0 };
                    let at = if is_closed { At::Gone } else { At::ToCome };
                    let surplus = if is_closed { 0 } else { more };
                    let (quantity, over, shipped, is_ordered) = (by, 0, 0, false);
                    let part = Known { at, quantity, surplus, over, shipped, paid, is_ordered };
                    self.lots.insert((line, next), part);
                }
                if is_received {
                    let lot = self.lots.get_mut(id).expect("there");
                    let is_paid = lot.paid > 0 && lot.paid == lot.cost();
                    lot.at = if is_paid { At::Paid } else { At::Received };
                }
            }
        }
        if is_news { Answer::Taken } else { Answer::Refused }
    }

    fn pay(&mut self, id: (usize, i64), parts: &[i64]) -> Answer {
        if !self.is_under(id) {
            return Answer::Refused;
        }
        let is_accepted = self.is_accepted;
        let lot = self.lots.get_mut(&id).expect("there");
        let (sum, cost) = (parts.iter().sum::<i64>(), lot.cost());
        let most = match lot.at {
            // Three tenths, to the nearest cent.
            At::ToCome if is_accepted => (cost * 3 + 5) / 10 - lot.paid,
            At::Received => i64::MAX,
            At::ToCome | At::Paid | At::Gone => 0,
        };
        if sum == 0 || sum > most || -sum > lot.paid {
            return Answer::Refused;
        }
        lot.paid += sum;
        if lot.at == At::Received && lot.paid >= cost {
            lot.at = At::Paid;
        }
        Answer::Taken
    }
}

/// What is bought above this part of a line.
fn surplus_of(line: usize, part: i64) -> i64 {
    let (quantities, _, surplus) = LINES[line];
    if usize::try_from(part).is_ok_and(|part| part + 1 == quantities.len()) { surplus } else { 0 }
}

/// The part of `amount` that goes with `by` where `rest` stays: what both lack to a whole cent goes to the larger
/// remainder.
fn part_of(amount: i64, by: i64, rest: i64) -> i64 {
    let whole = (by + rest).max(1);
    let (part, other) = (amount * by / whole, amount * rest / whole);
    let is_larger = amount * by % whole >= amount * rest % whole;
    part + if is_larger { amount - part - other } else { 0 }
}

/// One order in the store, and what was said of it.
struct Played<'a> {
    engine: &'a Engine,
    connector: &'a Arc<dyn Connector>,
    index: i64,
    order: String,
    model: Model,
    kept: Vec<KeptDocument>,
    said: Vec<Document>,
    number: u64,
}

impl Played<'_> {
    fn line(&self, line: usize) -> LineId {
        LineId(self.index * 4 + i64::try_from(line).expect("small") + 1)
    }

    fn lot(&self, id: (usize, i64)) -> LotId {
        LotId::of(self.line(id.0), id.1).expect("a lot")
    }

    /// The order, sent, with its lots.
    async fn begin(&self) {
        let now = self.engine.clock.now();
        let mut change_set = ChangeSet::new("test", now);
        let mut lines = Vec::new();
        for (line, (quantities, tolerance, _)) in LINES.iter().enumerate() {
            let id = self.line(line);
            let whole: i64 = quantities.iter().sum();
            let stated = serde_json::from_value(json!({
                "external_id": format!("L-{}", id.0), "requester": "MIN", "item": "router",
                "kind": "goods", "classification": "32413100-2", "scheme": "CPV",
                "quantity": whole * 1000, "unit": "H87", "consignee": "C",
                "unit_estimate": {"minor": PRICE, "currency": "EUR"},
                "priority": {"class": 1, "rank": 1}, "requested": first_day(),
                "tolerance_per_mille": tolerance,
            }));
            let stated: waybill_shared::domain::requisition::Line = stated.expect("a line");
            for (part, quantity) in (0..).zip(*quantities) {
                let (id, priority) = (self.lot((line, part)), stated.priority);
                let ordering = StepName::from(StepKind::IssueOrder);
                let lot = Lot::new(id, Quantity::whole(*quantity), priority, ordering);
                let awaits = Awaited::Response { order: self.order.clone() };
                let waits = StepResult::Wait { awaits, until: None };
                let waiting = self.engine.part(lot, waits, LotEvent::Ordered).expect("it waits");
                let mut lot = waiting.after;
                let surplus = surplus_of(line, part);
                lot.surplus = Quantity::whole(surplus);
                let cost = json!({"minor": (quantity + surplus) * PRICE, "currency": "EUR"});
                let share: Share = serde_json::from_value(json!({
                    "envelope": "D-1", "rate": "1", "state": "obligated",
                    "amount": cost, "covers": cost,
                }))
                .expect("a share");
                (lot.funding, lot.order) = (vec![share], Some(self.order.clone()));
                change_set.lots.push(LotChange::created(lot, LotEvent::Ordered));
                let mut told = json!({
                    "lot": id, "item": "router", "quantity": (quantity + surplus) * 1000,
                    "unit": "H87", "unit_price": {"minor": PRICE, "currency": "EUR"},
                    "amount": cost, "offer": "O", "consignee": "C", "due": "2025-02-01",
                });
                if surplus > 0 {
                    told["surplus"] = json!(surplus * 1000);
                    told["surplus_payer"] = json!("D-1");
                }
                lines.push(told);
            }
            change_set.lines.push(LineChange::created(id, stated));
        }
        let order = json!({
            "number": self.order, "supplier": "SUP", "channel": "AG", "currency": "EUR",
            "author": "waybill", "created": now, "lines": lines,
        });
        let record = |kind, event, body: Value| {
            let id = self.order.clone();
            RecordChange { kind, id, expected: 0, body: body.to_string(), event }
        };
        change_set.records = vec![
            record(RecordKind::Order, RecordEvent::OrderDrawnUp, order),
            record(RecordKind::OrderStatus, RecordEvent::OrderSent, json!("sent")),
        ];
        let fates = self.engine.commit(vec![change_set], None).await.expect("committed");
        assert_eq!(fates, [Fate::Committed]);
    }

    fn document(&mut self, sender: &str, kind: &str, lines: Value) -> Document {
        self.number += 1;
        serde_json::from_value(json!({
            "sender": sender, "number": format!("{}-{}", self.order, self.number), "type": kind,
            "order": self.order, "date": first_day(), "lines": lines,
        }))
        .expect("a document")
    }

    async fn send(&self, document: &Document) -> (Answer, String) {
        match take(self.engine, self.connector, document, "test", "").await {
            Ok(Taken::Now) => (Answer::Taken, String::new()),
            Ok(Taken::Before) => (Answer::Before, String::new()),
            Ok(Taken::Kept { until }) => (Answer::Kept, until),
            Err(Refusal::Failed(error)) => panic!("{error}"),
            Err(refusal) => (Answer::Refused, refusal.to_string()),
        }
    }

    fn any_lot(&self, draws: &mut Draws) -> (usize, i64) {
        let ids: Vec<(usize, i64)> = self.model.lots.keys().copied().collect();
        // One that is not there, now and then.
        let at = draws.below(i64::try_from(ids.len()).expect("small") + 1);
        ids.get(usize::try_from(at).expect("small")).copied().unwrap_or((0, 90))
    }

    /// The next document, and whether it is answered as the model says.
    async fn step(&mut self, draws: &mut Draws) {
        match draws.below(10) {
            0 | 1 if !self.model.is_accepted => {
                let document = self.document("SUP", "order_response", json!([]));
                let (answer, why) = self.send(&document).await;
                assert_eq!(answer, Answer::Taken, "{why}");
                self.model.is_accepted = true;
                self.said.push(document);
                // What was kept is looked at again, as the jobs that the change set asks for do.
                for (document, rows, despatch) in std::mem::take(&mut self.kept) {
                    let expected = match despatch {
                        Some((id, quantity)) => self.model.despatch(id, quantity),
                        None => self.model.receive(&rows),
                    };
                    let (answer, why) = self.send(&document).await;
                    assert_eq!(answer, expected, "{document:?}: {why}");
                }
            }
            0 if !self.said.is_empty() => {
                let last = i64::try_from(self.said.len()).expect("small");
                let again = &self.said[usize::try_from(draws.below(last)).expect("small")];
                assert_eq!(self.send(again).await.0, Answer::Before);
            }
            1 | 2 => {
                let (id, quantity) = (self.any_lot(draws), draws.below(25));
                let row = json!({"lot": self.lot(id), "quantity": quantity.to_string()});
                let document = self.document("SUP", "despatch_advice", json!([row]));
                let expected = self.model.despatch(id, quantity);
                self.answers(document, expected, Vec::new(), Some((id, quantity))).await;
            }
            3 | 4 => {
                let id = self.any_lot(draws);
                let known = self.model.lots.get(&id);
                let (cost, paid) = known.map_or((9, 0), |lot| (lot.cost(), lot.paid));
                // The rest, an advance, more than that, what comes back; in one row or in two.
                let sum = match draws.below(6) {
                    0 | 1 => cost - paid,
                    2 => 1 + draws.below((cost - paid).max(1)),
                    3 => 1 + draws.below(cost * 3 / 10 + 2),
                    4 => -1 - draws.below(paid + 2),
                    _ => cost - paid + draws.below(3) - 1,
                };
                let first = draws.below(sum.abs() + 1);
                let parts = if first == 0 { vec![sum] } else { vec![first, sum - first] };
                let row = |minor: &i64| {
                    let amount = json!({"minor": minor, "currency": "EUR"});
                    json!({"lot": self.lot(id), "amount": amount})
                };
                let rows: Vec<Value> = parts.iter().map(row).collect();
                let document = self.document("AG", "payment", json!(rows));
                let expected = self.model.pay(id, &parts);
                self.answers(document, expected, Vec::new(), None).await;
            }
            _ => {
                let mut rows: Rows = Vec::new();
                for _ in 0..=draws.below(3) {
                    let id = self.any_lot(draws);
                    let near = self.model.lots.get(&id).map_or(3, Known::bought);
                    let accepted = match draws.below(3) {
                        0 => near,
                        1 => draws.below(near + 1),
                        _ => draws.below(near + 6),
                    };
                    let rejected = if draws.below(3) == 0 { draws.below(4) } else { 0 };
                    rows.push((id, accepted, rejected));
                }
                let row = |(id, accepted, rejected): &((usize, i64), i64, i64)| {
                    json!({"lot": self.lot(*id), "accepted": accepted.to_string(),
                           "rejected": rejected.to_string()})
                };
                let lines: Vec<Value> = rows.iter().map(row).collect();
                let document = self.document("MIN", "receipt_advice", json!(lines));
                let expected = self.model.receive(&rows);
                self.answers(document, expected, rows, None).await;
            }
        }
    }

    async fn answers(
        &mut self,
        document: Document,
        expected: Answer,
        rows: Rows,
        despatch: Option<((usize, i64), i64)>,
    ) {
        let (answer, why) = self.send(&document).await;
        assert_eq!(answer, expected, "{document:?}: {why}\n{:#?}", self.model.lots);
        match answer {
            Answer::Taken => self.said.push(document),
            Answer::Kept => self.kept.push((document, rows, despatch)),
            Answer::Before | Answer::Refused => {}
        }
    }

    /// The store says what the model says.
    async fn compare(&self) {
        let mut found = BTreeMap::new();
        for line in 0..LINES.len() {
            for lot in self.engine.store.lots_of_line(self.line(line)).await.expect("read") {
                let at = match (&lot.order, lot.state()) {
                    (None, _) => At::Gone,
                    (_, LotState::Closed(_)) => At::Paid,
                    (_, LotState::Waiting { awaits: Awaited::Payment { .. }, .. }) => At::Received,
                    (Some(_), _) => At::ToCome,
                };
                let sum = |state| {
                    let shares = lot.funding.iter().filter(|share| share.state == state);
                    shares.map(|share| share.covers.minor).sum::<i64>()
                };
                let (quantity, paid) = (lot.quantity.0 / 1000, sum(ShareState::Disbursed));
                let surplus = lot.surplus.0 / 1000;
                if at == At::ToCome || at == At::Received {
                    let bound = sum(ShareState::Obligated);
                    assert_eq!(bound + paid, (quantity + surplus) * PRICE, "{lot:?}");
                }
                let (over, shipped) = (lot.oversupply.0 / 1000, lot.shipped.0 / 1000);
                let (is_ordered, id) = (false, (line, lot.id.part()));
                found.insert(id, Known { at, quantity, surplus, over, shipped, paid, is_ordered });
            }
        }
        let mut expected = self.model.lots.clone();
        for lot in expected.values_mut() {
            lot.is_ordered = false;
        }
        assert_eq!(found, expected, "{:#?}", self.said);
    }
}

async fn world(folder: &Path) -> (Engine, Arc<dyn Connector>, Wakes) {
    let store = SqliteStore::open(&folder.join("waybill.sqlite")).await.expect("opened");
    let mut pipeline = Pipeline::of(StepKind::NAMES);
    pipeline.connector = ConnectorConfig::Files;
    let clock = Clock::starting_at(start_of(first_day(), chrono_tz::UTC));
    let broker = Arc::new(EmbeddedBroker::default());
    let (engine, wakes) = Engine::new(Arc::new(store), broker, clock, vec![pipeline]);
    let role = |role: &str| json!([{"role": role, "from": first_day(), "evidence": "-"}]);
    let party = |id: &str, is: &str| json!({"id": id, "name": id, "roles": role(is)});
    let files = serde_json::from_value(json!({
        "settings": {"name": "C", "currency": "EUR", "zone": "UTC", "start": first_day()},
        "parties": [party("D", "member"), party("MIN", "beneficiary"), party("AG", "buying_agent")],
        "groups": [], "later_contributions": [], "offers": [], "charges": [], "prohibited": [],
        "contributions": [{
            "id": "D-1", "donors": ["D"], "firmness": "commitment", "stated": first_day(),
            "amount": {"minor": 1_000_000_000_000_i64, "currency": "EUR"}, "earmark": {},
            "consent": "none", "source": "invented",
        }],
        "codes": [{"scheme": "CPV", "code": "32413100-2", "name": "router"}],
        "consignees": [{"code": "C", "requester": "MIN", "address": "1 Street"}],
        "rates": [],
    }));
    load(&engine, &files.expect("a coalition")).await.expect("loaded");
    let connector = connectors::open(engine.pipeline(), folder).expect("a connector");
    (engine, connector, wakes)
}

#[test]
fn any_sequence_of_documents_comes_to_what_the_model_says() {
    let sequences = std::env::var("WAYBILL_SEQUENCES").ok().and_then(|text| text.parse().ok());
    let sequences: u64 = sequences.unwrap_or(SEQUENCES);
    let folder = tempfile::tempdir().expect("a folder");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        // Nobody relays: what would be due stays so.
        let (engine, connector, _wakes) = world(folder.path()).await;
        for index in 0..sequences {
            let mut draws = Draws((index + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
            let order = format!("PO-{index}");
            let index = i64::try_from(index).expect("small");
            let mut played = Played {
                engine: &engine,
                connector: &connector,
                index,
                order,
                model: Model::new(),
                kept: Vec::new(),
                said: Vec::new(),
                number: 0,
            };
            played.begin().await;
            for _ in 0..2 + draws.below(10) {
                played.step(&mut draws).await;
            }
            played.compare().await;
        }
        let findings = check(&*engine.store).await.expect("read");
        assert!(findings.ok, "{:#?}", findings.violations.iter().take(10).collect::<Vec<_>>());
    });
}
