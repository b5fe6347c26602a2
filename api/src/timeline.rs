//! What `show` says of one subject: where it is, why, whose move it is, and everything that
//! happened to it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use waybill_shared::domain::ids::{LineId, LotId};
use waybill_shared::domain::lot::{Awaited, Lot, LotState, Timestamp};
use waybill_shared::domain::money::Money;
use waybill_shared::domain::order::Order;
use waybill_shared::domain::requisition::Line;
use waybill_shared::engine::Engine;
use waybill_shared::intake::{Change, difference};
use waybill_shared::sight::Sight;
use waybill_shared::store::StoreError;

use crate::Problem;

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = TimelineEntry)]
pub struct Entry {
    /// When.
    #[schema(value_type = chrono::DateTime<chrono::Utc>)]
    pub at: Timestamp,
    /// Who did it.
    pub actor: String,
    /// What, such as `lot.matched`.
    pub kind: String,
    /// Where the subject was after it.
    pub state: String,
    /// Why.
    pub reason: String,
}

/// A subject with its timeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// Its id.
    pub id: String,
    /// What it is, by name and value, in order.
    pub facts: Vec<(String, String)>,
    /// What happened to it, oldest first.
    pub timeline: Vec<Entry>,
}

/// Where a lot is, in words.
pub(crate) fn state(lot: &Lot) -> String {
    match &lot.state {
        LotState::Ready { step, attempt: 1 } => format!("ready for {step}"),
        LotState::Ready { step, attempt } => format!("ready for {step}, attempt {attempt}"),
        LotState::Waiting { step, awaits, until } => {
            let until = until.map(|until| format!(" until {}", until.format("%Y-%m-%d %H:%M")));
            format!("{step}: waits for {}{}", awaited(awaits), until.unwrap_or_default())
        }
        LotState::RetryAt { step, attempt, due } => {
            format!("{step}: attempt {attempt} at {}", due.format("%Y-%m-%d %H:%M:%S"))
        }
        LotState::Parked { step, incident } => format!("{step}: parked, {incident}"),
        LotState::Closed(_) => lot.state.name().to_owned(),
    }
}

/// What a lot waits for, in words.
pub(crate) fn awaited(awaits: &Awaited) -> String {
    match awaits {
        Awaited::Review { group } => format!("the review of {group}"),
        Awaited::Funding => "money".to_owned(),
        Awaited::Consent { donors } => format!("the consent of {}", donors.join(", ")),
        Awaited::Acceptance { contribution } => format!("its requester to accept {contribution}"),
        Awaited::Gathering => "the end of the ordering window".to_owned(),
        Awaited::Approval { order } => format!("the approval of {order}"),
        Awaited::Response { order } => format!("the supplier's response to {order}"),
        Awaited::Delivery { order } => format!("delivery under {order}"),
        Awaited::Payment { order } => format!("payment of {order}"),
        Awaited::Release => "an operator to resume it".to_owned(),
    }
}

pub(crate) fn unknown(id: &str, what: &str) -> Problem {
    let hint = "`waybill lots` lists the lots there are";
    Problem::new("not_found", format!("no {what} `{id}`"), hint)
}

/// What is known of `id`: a lot, a line (by its number or its requester's id), an order, a
/// contribution, a party, or any other record as `kind:id`.
pub(crate) async fn show(engine: &Engine, id: &str) -> Result<Shown, Problem> {
    if id.is_empty() {
        return Err(unknown(id, "lot, line or record"));
    }
    if let Ok(lot) = id.parse::<LotId>() {
        return show_lot(engine, lot).await;
    }
    if let Ok(line) = id.parse::<LineId>() {
        return show_line(engine, line).await;
    }
    if let Some((line, _)) = engine.store.lines_by_external(&[id]).await?.into_iter().next() {
        return show_line(engine, line).await;
    }
    let kinds = ["order", "contribution", "party", "offer", "group", "incident", "amendment"];
    let pairs: Vec<(&str, &str)> = match id.split_once(':') {
        Some((kind, rest)) => std::iter::once((kind, rest)).chain(kinds.map(|k| (k, id))).collect(),
        None => kinds.map(|kind| (kind, id)).to_vec(),
    };
    for (kind, id) in pairs {
        if let Some(record) = engine.store.record(kind, id).await? {
            let subject = format!("{kind}:{id}");
            let order: Option<Order> =
                serde_json::from_str(&record.body).ok().filter(|_| kind == "order");
            if let Some(order) = order {
                let mut told = timeline(engine, &subject).await?;
                told.extend(timeline(engine, &format!("order_status:{id}")).await?);
                told.sort_by_key(|entry| entry.at);
                let status = engine.store.record("order_status", id).await?;
                let mut facts = order_facts(engine, &order).await?;
                let status = status.map(|record| record.body.replace('"', "").replace('_', " "));
                facts.insert(0, ("status".to_owned(), status.unwrap_or_default()));
                return Ok(Shown { id: order.number, facts, timeline: told });
            }
            let mut facts: Vec<(String, String)> = match serde_json::from_str(&record.body) {
                Ok(serde_json::Value::Object(fields)) => fields
                    .into_iter()
                    .filter(|(name, _)| !["document", "address", "hash"].contains(&name.as_str()))
                    .map(|(name, value)| (name.replace('_', " "), plain(&value)))
                    .filter(|(_, value)| !value.is_empty())
                    .collect(),
                _ => vec![("body".to_owned(), record.body)],
            };
            let mut told = timeline(engine, &subject).await?;
            if kind == "contribution" {
                facts.extend(envelope_facts(engine, id).await?);
                told.extend(timeline(engine, &format!("envelope:{id}")).await?);
                told.sort_by_key(|entry| entry.at);
            }
            return Ok(Shown { id: subject, facts, timeline: told });
        }
    }
    Err(unknown(id, "lot, line or record"))
}

/// What became of a contribution's money.
async fn envelope_facts(engine: &Engine, id: &str) -> Result<Vec<(String, String)>, Problem> {
    let envelopes = engine.store.envelopes().await?;
    let Some(row) = envelopes.into_iter().find(|row| row.id == id) else { return Ok(Vec::new()) };
    let Ok(currency) = row.currency.parse() else { return Ok(Vec::new()) };
    let amounts = [
        ("open", row.opened),
        ("set aside", row.allocated),
        ("bound", row.obligated),
        ("paid", row.disbursed),
        ("lapsed", row.expired),
        ("available", row.available()),
        ("overrun", row.overrun),
    ];
    let is_told = |(name, minor): &(&str, i64)| *minor != 0 || *name == "available";
    let fact =
        |(name, minor): (&str, i64)| (name.to_owned(), Money::new(minor, currency).to_string());
    Ok(amounts.into_iter().filter(is_told).map(fact).collect())
}

async fn order_facts(engine: &Engine, order: &Order) -> Result<Vec<(String, String)>, Problem> {
    let ids: Vec<i64> = order.lines.iter().map(|line| line.lot.0).collect();
    let lots = engine.store.lots_by_id(&ids).await?;
    let mut facts = vec![
        ("supplier".to_owned(), order.supplier.clone()),
        ("channel".to_owned(), order.channel.clone()),
        ("author".to_owned(), order.author.clone()),
    ];
    if let Some(total) = order.total() {
        facts.push(("total".to_owned(), total.to_string()));
    }
    if let Some(contribution) = &order.in_kind {
        facts.push(("in kind".to_owned(), contribution.clone()));
    }
    for line in &order.lines {
        let what = format!("{} {} {}", line.quantity, line.unit.name(), line.item);
        let surplus = match &line.surplus_payer {
            Some(payer) => format!(", of them {} surplus paid by {payer}", line.surplus),
            None => String::new(),
        };
        let how = format!("{}, due {} at {}", line.amount, line.due, line.consignee);
        let lot = lots.iter().find(|lot| lot.id == line.lot);
        let now = match lot {
            Some(lot) if lot.order.as_deref() == Some(&order.number) => {
                format!("; {} {}", lot.quantity, state(lot))
            }
            Some(_) | None => "; no longer under this order".to_owned(),
        };
        facts.push((line.lot.to_string(), format!("{what}, {how}{surplus}{now}")));
    }
    Ok(facts)
}

/// A value of a record as people write it: amounts with their currency, lists with commas.
fn plain(value: &serde_json::Value) -> String {
    use serde_json::Value;
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::Array(values) => values.iter().map(plain).collect::<Vec<_>>().join(", "),
        Value::Object(fields) => {
            if let Ok(money) = serde_json::from_value::<Money>(value.clone()) {
                return money.to_string();
            }
            let field = |(name, value): (&String, &Value)| {
                format!("{} {}", name.replace('_', " "), plain(value))
            };
            fields.iter().map(field).collect::<Vec<_>>().join(" ")
        }
    }
}

async fn show_lot(engine: &Engine, id: LotId) -> Result<Shown, Problem> {
    let found = engine.store.lots_by_id(&[id.0]).await?.pop();
    let lot = found.ok_or_else(|| unknown(&id.to_string(), "lot"))?;
    let line = engine.store.lines(&[lot.line()]).await?.pop().map(|(_, stored)| stored.line);
    let mut facts = vec![("state".to_owned(), state(&lot))];
    let mut fact = |name: &str, value: String| {
        if !value.is_empty() {
            facts.push((name.to_owned(), value));
        }
    };
    fact("why", lot.reason.clone());
    if let Some(line) = &line {
        fact("line", format!("{} ({})", line.external_id, lot.line()));
        fact("item", line.item.clone());
        fact("quantity", format!("{} {}", lot.quantity, line.unit.name()));
        fact("requester", line.requester.clone());
        fact("consignee", line.consignee.clone());
        fact("needed by", line.needed_by.map(|day| day.to_string()).unwrap_or_default());
    }
    fact("priority", format!("class {}, rank {}", lot.priority.class, lot.priority.rank));
    for share in &lot.funding {
        let state = format!("{:?}", share.state).to_lowercase();
        fact("funding", format!("{} pays {} ({state})", share.envelope, share.amount));
    }
    fact("order", lot.order.clone().unwrap_or_default());
    fact("in kind", lot.in_kind.clone().unwrap_or_default());
    let timeline = timeline(engine, &id.to_string()).await?;
    Ok(Shown { id: id.to_string(), facts, timeline })
}

async fn show_line(engine: &Engine, id: LineId) -> Result<Shown, Problem> {
    let found = engine.store.lines(&[id]).await?.pop();
    let (_, stored) = found.ok_or_else(|| unknown(&id.to_string(), "line"))?;
    let line = stored.line;
    let mut facts = vec![
        ("id".to_owned(), line.external_id.clone()),
        ("requester".to_owned(), line.requester.clone()),
        ("item".to_owned(), line.item.clone()),
        ("description".to_owned(), line.description.clone()),
        ("code".to_owned(), format!("{} {}", line.scheme, line.classification)),
        ("quantity".to_owned(), format!("{} {}", line.quantity, line.unit.name())),
        ("estimate".to_owned(), format!("{} a unit", line.unit_estimate)),
        (
            "priority".to_owned(),
            format!("class {}, rank {}", line.priority.class, line.priority.rank),
        ),
        ("consignee".to_owned(), line.consignee.clone()),
        ("needed by".to_owned(), line.needed_by.map(|day| day.to_string()).unwrap_or_default()),
        ("source".to_owned(), line.source.clone()),
    ];
    facts.retain(|(_, value)| !value.is_empty());
    for lot in engine.store.lots_of_line(id).await? {
        facts.push((lot.id.to_string(), format!("{}: {}", lot.quantity, state(&lot))));
    }
    Ok(Shown { id: id.to_string(), facts, timeline: timeline(engine, &id.to_string()).await? })
}

/// Everything that happened to `subject`, oldest first.
pub(crate) async fn timeline(engine: &Engine, subject: &str) -> Result<Vec<Entry>, StoreError> {
    let mut before: Option<Line> = None;
    let events = engine.store.events_of(subject).await?;
    Ok(events.into_iter().map(|event| entry(event, &mut before)).collect())
}

/// What happened to a lot while it was the caller's, or ended to be.
pub(crate) async fn of_lot(
    engine: &Engine,
    lot: &Lot,
    line: &Line,
    sight: &mut Sight,
) -> Result<Vec<Entry>, StoreError> {
    let subject = lot.id.to_string();
    if !sight.looks_at_lots() {
        return timeline(engine, &subject).await;
    }
    let (mut entries, mut was_own) = (Vec::new(), false);
    for event in engine.store.events_of(&subject).await? {
        let is_own = match serde_json::from_str::<Lot>(&event.body) {
            Ok(then) => sight.lot(&then, line).await?,
            Err(_) => false,
        };
        if is_own || was_own {
            entries.push(entry(event, &mut None));
        }
        was_own = is_own;
    }
    Ok(entries)
}

fn entry(event: waybill_shared::domain::event::Event, before: &mut Option<Line>) -> Entry {
    let lot: Option<Lot> = serde_json::from_str(&event.body).ok();
    let line: Option<Line> = serde_json::from_str(&event.body).ok();
    let amended = before.as_ref().zip(line.as_ref()).map(|(old, new)| {
        let told = |change: Change| format!("{}: {} -> {}", change.field, change.from, change.to);
        difference(old, new).into_iter().map(told).collect::<Vec<_>>().join("; ")
    });
    *before = line;
    Entry {
        at: event.at,
        actor: event.actor,
        kind: event.kind,
        state: lot.as_ref().map(state).unwrap_or_default(),
        reason: lot.map(|lot| lot.reason).or(amended).unwrap_or_default(),
    }
}
