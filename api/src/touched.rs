//! What the end of a donor's role touches: money that is left, consents that were asked for, lots that are
//! gathered, orders under way.

use chrono::NaiveDate;
use waybill_shared::domain::coalition::Coalition;
use waybill_shared::domain::contribution::Contribution;
use waybill_shared::domain::lot::Lot;
use waybill_shared::domain::money::Money;
use waybill_shared::domain::party::Party;
use waybill_shared::engine::Engine;
use waybill_shared::store::{RecordChange, StoreError};

use crate::effects::Effect;

/// The event of a role that ends.
pub(crate) const ROLE_ENDED: &str = "party.role_ended";

/// What lots wait for while their money may still be taken back, and what becomes of them; then the same of
/// those on order.
const WAITS: [(&str, &str); 6] = [
    ("consent", "the consent cannot be given after that day; it is matched again"),
    ("gathering", "it is ordered by then, or matched again"),
    ("approval", "its order is approved by then, or taken back and matched again"),
    ("response", "its order stands: cancel it if the money may not be used"),
    ("delivery", "its order stands: cancel it if the money may not be used"),
    ("payment", "it has come and is paid"),
];

/// What the role that `record` ends touches.
pub(crate) async fn by_role(
    engine: &Engine,
    coalition: &Coalition,
    record: &RecordChange,
) -> Result<Vec<Effect>, StoreError> {
    let today = engine.today(coalition);
    let Some((party, last)) = ended(record, today) else { return Ok(Vec::new()) };
    let is_own = |given: &&Contribution| given.is_fundable() && given.donors.contains(&party);
    let given: Vec<&Contribution> = coalition.contributions.values().filter(is_own).collect();
    let mut told = Vec::new();
    for row in engine.store.envelopes().await? {
        let Some(given) = given.iter().find(|given| given.id == row.id) else { continue };
        let left = row.committed - row.obligated - row.disbursed - row.expired;
        if let (Some(currency), true) = (given.currency(), left > 0) {
            let left = Money::new(left, currency);
            let what = format!("{left} is not bound: nothing of it is bound after {last}");
            told.push(Effect::new(row.id, what));
        }
    }
    for (awaits, what) in WAITS {
        for lot in engine.store.lots_awaiting(awaits).await? {
            if let Some(money) = paid_by(&lot, &given) {
                let of_order = lot.order.as_ref().map(|order| format!(" under {order}"));
                let what = format!(
                    "waits for {awaits}{} on {money}: {what}",
                    of_order.unwrap_or_default()
                );
                told.push(Effect::new(lot.id.to_string(), what));
            }
        }
    }
    Ok(told)
}

/// The party that may not fund any more, and its last day.
fn ended(record: &RecordChange, today: NaiveDate) -> Option<(String, NaiveDate)> {
    let party: Party = serde_json::from_str(&record.body).ok()?;
    let ends = party.roles.iter().filter_map(|span| span.to);
    // It funds until its roles end without a gap, or has stopped before today.
    let last = match party.may_fund(today) {
        true => party.funds_until(today)?,
        false => ends.filter(|last| *last < today && party.may_fund(*last)).max()?,
    };
    Some((party.id, last))
}

/// What of `given` pays for `lot`.
fn paid_by(lot: &Lot, given: &[&Contribution]) -> Option<String> {
    let is_own = |envelope: &str| given.iter().any(|given| given.id == envelope);
    let shares = lot.funding.iter().filter(|share| is_own(&share.envelope));
    let money: Vec<String> =
        shares.map(|share| format!("{} of {}", share.amount, share.envelope)).collect();
    (!money.is_empty()).then(|| money.join(" and "))
}
