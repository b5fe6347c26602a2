//! Describes in words what a change set does: before it is committed, and afterwards.

pub(crate) mod answered;

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use waybill_shared::domain::coalition::Coalition;
use waybill_shared::domain::contribution::{Consent, Contribution};
use waybill_shared::domain::funding::{Share, ShareState, movements};
use waybill_shared::domain::kinds::{JobKind, LotEvent, RecordEvent, RecordKind};
use waybill_shared::domain::lot::Lot;
use waybill_shared::domain::money::Money;
use waybill_shared::domain::order::Order;
use waybill_shared::domain::order_change::{ChangeState, ChangedLot, OrderChange};
use waybill_shared::domain::party::Party;
use waybill_shared::domain::requisition::Line;
use waybill_shared::engine::Engine;
use waybill_shared::intake::{Pending, PendingState, difference};
use waybill_shared::matching::{needs_consent, quotes_for};
use waybill_shared::store::{ChangeSet, LotChange, RecordChange, StoreError};
use waybill_shared::visibility::Visibility;
use waybill_workers::{Payable, payable, touched};

use crate::queries::lots::timeline::state;

/// One thing that changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Effect {
    /// The id of what changes.
    pub subject: String,
    /// How it changes.
    pub what: String,
}

impl Effect {
    pub(crate) fn new(subject: impl Into<String>, what: impl Into<String>) -> Self {
        Self { subject: subject.into(), what: what.into() }
    }
}

/// What `change_set` would change, lots first. Only callers who see the whole coalition get an answer, because others
/// would learn from it what others pay and tolerate.
pub(crate) async fn effects(
    engine: &Engine,
    visibility: &Visibility,
    change_set: &ChangeSet,
) -> Result<Vec<Effect>, StoreError> {
    let mut told = Vec::new();
    if !visibility.is_whole() {
        return Ok(told);
    }
    let lines = engine.lines_of(change_set.lots.iter().map(|change| &change.after)).await?;
    let today = engine.today(&visibility.coalition);
    for (index, change) in change_set.lots.iter().enumerate() {
        told.extend(lot(change));
        let line = change.after.line();
        // Parts of a line take over each other's money, so the gain or loss of a line is shown once.
        if change_set.lots[..index].iter().all(|earlier| earlier.after.line() != line) {
            let own = change_set.lots[index..].iter().filter(|other| other.after.line() == line);
            let subject = change.after.id.to_string();
            told.extend(money(own).into_iter().map(|what| Effect::new(&subject, what)));
        }
        told.extend(consents(&visibility.coalition, change));
        if let (Some(line), LotEvent::RefusedBySupplier) =
            (lines.get(&change.after.line()), change.kind)
        {
            told.push(offered(&visibility.coalition, &change.after, line, today));
            told.extend(no_consent(&visibility.coalition, change));
        }
    }
    let ids: Vec<_> = change_set.lines.iter().map(|change| change.id()).collect();
    let before = engine.store.lines(&ids).await?;
    for change in &change_set.lines {
        let old = before.iter().find(|(id, _)| *id == change.id());
        let Some((id, old)) = old else { continue };
        for field in difference(&old.line, change.line()) {
            let what = format!("{}: {} -> {}", field.field, field.from, field.to);
            told.push(Effect::new(id.to_string(), what));
        }
    }
    for record in change_set.records.iter().filter(|record| !record.kind.is_said_elsewhere()) {
        if record.kind == RecordKind::Order && record.expected > 0 {
            told.extend(order(engine, &visibility.coalition, record).await?);
            continue;
        }
        if let Some(needs) = needs(record) {
            told.extend(needs);
            continue;
        }
        let name = record.event.name();
        let what = name.split_once('.').map_or(name, |(_, what)| what);
        let mut what = what.replace('_', " ");
        if record.kind == RecordKind::Contribution {
            what.push_str(&amounts(engine, record).await?);
        }
        told.push(Effect::new(subject(record.kind, &record.id), what));
        if record.event == RecordEvent::PartyRoleEnded
            && let Ok(party) = serde_json::from_str::<Party>(&record.body)
        {
            let touched = touched(engine, &visibility.coalition, &party).await?;
            told.extend(touched.into_iter().map(|(subject, what)| Effect::new(subject, what)));
        }
    }
    for change in change_set.envelopes.iter().filter(|change| change.expired < 0) {
        let again = change.currency.parse().map(|currency| Money::new(-change.expired, currency));
        let again = again.map_or_else(|_| "it".to_owned(), |money| money.to_string());
        told.push(Effect::new(
            change.id.clone(),
            format!("{again} that had lapsed can be used again"),
        ));
    }
    for job in change_set.jobs.iter().filter(|job| job.kind == JobKind::Tell) {
        told.push(Effect::new(job.key.clone(), format!("{} is informed", job.body)));
    }
    Ok(told)
}

/// What others have to do, for kinds of records that need it.
fn needs(record: &RecordChange) -> Option<Vec<Effect>> {
    if record.kind == RecordKind::OrderChange {
        let change: OrderChange = serde_json::from_str(&record.body).ok()?;
        let of = |line: &ChangedLot| {
            let (lot, from, to) = (line.lot, line.from, line.to);
            let supplier = &change.supplier;
            let what = match change.state {
                ChangeState::Asked => format!("{lot}: {from} -> {to}, once {supplier} agrees"),
                ChangeState::Accepted => format!("{lot}: {from} -> {to}, {supplier} agreed"),
                ChangeState::Refused => format!("{lot}: {supplier} does not agree to {to}"),
                ChangeState::Overtaken => {
                    format!("{lot}: it had already been delivered or cancelled")
                }
                ChangeState::Settled => format!("{lot}: it is not requested any more"),
            };
            Effect::new(change.number.clone(), what)
        };
        return Some(change.lines.iter().map(of).collect());
    }
    if record.kind == RecordKind::Amendment {
        let pending = Pending::read(&record.body)?;
        let id = &pending.external_id;
        return Some(match pending.state {
            PendingState::Open => {
                let how = pending.needs.iter().map(|needed| {
                    let how = needed.how();
                    Effect::new(id.clone(), format!("waits for others: {how}"))
                });
                how.collect()
            }
            PendingState::Done => vec![Effect::new(id.clone(), "waits for nobody any more")],
        });
    }
    None
}

/// Which supplier else offers the refused lot.
fn offered(coalition: &Coalition, lot: &Lot, line: &Line, today: NaiveDate) -> Effect {
    let next = quotes_for(coalition, lot, line, lot.quantity, today);
    let what = match next.into_iter().find_map(|quote| quote.offer) {
        Some(offer) if lot.refused.contains(&offer.id) => format!(
            "is matched again: nobody else offers it, {} is asked once more at {} unless a new offer is imported",
            offer.supplier, offer.unit_price
        ),
        Some(offer) => format!(
            "is matched again: next, {} at {}, in {} d",
            offer.supplier, offer.unit_price, offer.lead_days
        ),
        None => "is matched again: no other offer is left, it waits for a new one".to_owned(),
    };
    Effect::new(lot.id.to_string(), what)
}

/// How the amount of a contribution changes. Empty if there is no earlier amount, or if it stays the same.
async fn amounts(engine: &Engine, record: &RecordChange) -> Result<String, StoreError> {
    let amount = |body: &str| serde_json::from_str::<Contribution>(body).ok()?.amount;
    let before = engine.store.record(record.kind, &record.id).await?;
    let before = before.and_then(|before| amount(&before.body));
    Ok(match (before, amount(&record.body)) {
        (Some(before), Some(after)) if before != after => format!(": {before} -> {after}"),
        _ => String::new(),
    })
}

/// What changes in the lines of an order.
async fn order(
    engine: &Engine,
    coalition: &Coalition,
    record: &RecordChange,
) -> Result<Vec<Effect>, StoreError> {
    let before = engine.store.record(RecordKind::Order, &record.id).await?;
    let before = before.and_then(|before| serde_json::from_str::<Order>(&before.body).ok());
    let after = serde_json::from_str::<Order>(&record.body).ok();
    let (Some(before), Some(after)) = (before, after) else { return Ok(Vec::new()) };
    let mut told = Vec::new();
    for old in &before.lines {
        let mut tell =
            |what: String| told.push(Effect::new(&record.id, format!("{}: {what}", old.lot)));
        let Some(new) = after.lines.iter().find(|line| line.lot == old.lot) else {
            tell("no longer on it".to_owned());
            continue;
        };
        if old.unit_price != new.unit_price {
            tell(format!("unit price {} -> {}", old.unit_price, new.unit_price));
        }
        if old.due != new.due {
            tell(format!("due {} -> {}", old.due, new.due));
        }
        if let Some(terms) = new.asked.as_ref().filter(|_| old.asked != new.asked) {
            tell(format!("waits for a decision on its terms: {}", terms.why));
        }
    }
    for Payable { lot, payers } in payable(engine, coalition, &after).await? {
        let payers = could_pay(coalition, payers);
        told.push(Effect::new(&record.id, format!("{lot}: if accepted, paid by {payers}")));
    }
    Ok(told)
}

/// Who could pay the extra cost of changed terms, and who of them is asked first.
pub(crate) fn could_pay(coalition: &Coalition, payers: Result<Vec<Share>, String>) -> String {
    let payers = match payers {
        Ok(payers) => payers,
        Err(why) => return format!("nobody yet: {why}"),
    };
    let payer = |share: &Share| {
        let given = coalition.contributions.get(&share.envelope);
        let donors = given.map(|given| given.donors.join(", ")).unwrap_or_default();
        let asked = match share.state {
            ShareState::Proposed => format!(", once {donors} has agreed"),
            ShareState::Agreed | ShareState::Obligated | ShareState::Disbursed => String::new(),
        };
        format!("{} {}{asked}", share.envelope, share.amount)
    };
    payers.iter().map(payer).collect::<Vec<_>>().join("; ")
}

/// Whose consent is needed again, or is not needed, for what `change` does to their money.
fn consents(coalition: &Coalition, change: &LotChange) -> Vec<Effect> {
    let Some(before) = &change.before else { return Vec::new() };
    let (was, is) = (&before.funding, &change.after.funding);
    let is_lost = !was.is_empty() && is.is_empty() && change.after.state().step().is_some();
    let mut told = Vec::new();
    for share in was {
        let Some(given) = coalition.contributions.get(&share.envelope) else { continue };
        let donors = given.donors.join(", ");
        let now = is.iter().filter(|now| now.envelope == share.envelope);
        let now: i64 = now.map(|share| share.amount.minor).sum();
        // An amount that was below the limit may exceed it now.
        let most = Money::new(now.max(share.amount.minor), share.amount.currency);
        if !needs_consent(coalition, &share.envelope, most) {
            continue;
        }
        let rule = match given.consent {
            Consent::None => continue,
            Consent::EachLine => "each lot".to_owned(),
            Consent::Above(minor) => {
                format!("more than {}", Money::new(minor, share.amount.currency))
            }
        };
        // An envelope that may not pay for the lot any more needs no consent.
        let is_lost = is_lost && !change.after.refused.contains(&share.envelope);
        let what = if is_lost {
            format!("if {} pays again, {donors} is asked again: it consents to {rule}", given.id)
        } else if now > share.amount.minor {
            format!(
                "within the tolerance: {donors} is not asked again, though it consents to {rule}"
            )
        } else {
            continue;
        };
        told.push(Effect::new(change.after.id.to_string(), what));
    }
    told
}

/// States that no consent is needed if the same money is used again.
fn no_consent(coalition: &Coalition, change: &LotChange) -> Option<Effect> {
    let was = &change.before.as_ref()?.funding;
    let is_free = was.iter().all(|s| !needs_consent(coalition, &s.envelope, s.amount));
    let envelopes: Vec<&str> = was.iter().map(|share| share.envelope.as_str()).collect();
    let what = format!(
        "no consent is needed if the same amounts come from {} again",
        envelopes.join(", ")
    );
    (is_free && !was.is_empty()).then(|| Effect::new(change.after.id.to_string(), what))
}

fn subject(kind: RecordKind, id: &str) -> String {
    match kind {
        RecordKind::Order
        | RecordKind::OrderStatus
        | RecordKind::Party
        | RecordKind::Contribution => id.to_owned(),
        _ => format!("{kind} {id}"),
    }
}

fn lot(change: &LotChange) -> Vec<Effect> {
    let id = change.after.id.to_string();
    let mut told = Vec::new();
    let to = state(&change.after);
    match &change.before {
        None => {
            let what = format!("new, {} of it: {to}", change.after.quantity);
            told.push(Effect::new(id.clone(), what));
        }
        Some(before) => {
            let from = state(before);
            if from != to {
                told.push(Effect::new(id.clone(), format!("{from} -> {to}")));
            }
            let is_told = !change.kind.is_by_hand();
            if from != to
                && is_told
                && !change.after.reason.is_empty()
                && before.reason != change.after.reason
            {
                told.push(Effect::new(id.clone(), format!("because: {}", change.after.reason)));
            }
            if before.shipped != change.after.shipped && !change.after.shipped.is_zero() {
                told.push(Effect::new(id.clone(), format!("{} on its way", change.after.shipped)));
            }
            if before.quantity != change.after.quantity {
                let (from, to) = (before.quantity, change.after.quantity);
                told.push(Effect::new(id.clone(), format!("quantity: {from} -> {to}")));
            }
            if before.priority != change.after.priority {
                let (from, to) = (before.priority, change.after.priority);
                let what =
                    format!("rank: {}/{} -> {}/{}", from.class, from.rank, to.class, to.rank);
                told.push(Effect::new(id.clone(), what));
            }
            if before.consignee != change.after.consignee
                && let Some(code) = &change.after.consignee
            {
                told.push(Effect::new(id.clone(), format!("goes to {code}")));
            }
        }
    }
    told
}

/// What moves in the paying envelopes, in words.
fn money<'a>(changes: impl Iterator<Item = &'a LotChange>) -> Vec<String> {
    let mut moved = BTreeMap::new();
    let mut currencies = BTreeMap::new();
    for change in changes {
        movements(change.before.as_ref(), &change.after, &mut moved);
        let before = change.before.iter().flat_map(|lot| &lot.funding);
        for share in before.chain(&change.after.funding) {
            currencies.insert(share.envelope.as_str(), share.amount.currency);
        }
    }
    let mut told = Vec::new();
    for (envelope, by) in &moved {
        let Some(currency) = currencies.get(envelope.as_str()) else { continue };
        let amount = |minor: i64| Money::new(minor.abs(), *currency);
        let all = by.allocated + by.obligated + by.disbursed;
        if all < 0 {
            told.push(format!("{} returns to {envelope}", amount(all)));
        } else if all > 0 {
            told.push(format!("{} more of {envelope}", amount(all)));
        }
        if by.obligated > 0 {
            told.push(format!("{} of {envelope} is contracted", amount(by.obligated)));
        }
        if by.disbursed > 0 {
            told.push(format!("{} of {envelope} is paid", amount(by.disbursed)));
        }
    }
    told
}
