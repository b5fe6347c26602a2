//! What the end of a donor's role affects: money that is left, requested consents, gathered lots,
//! orders under way.

use chrono::NaiveDate;
use waybill_shared::domain::coalition::Coalition;
use waybill_shared::domain::contribution::Contribution;
use waybill_shared::domain::lot::Lot;
use waybill_shared::domain::money::Money;
use waybill_shared::domain::party::Party;
use waybill_shared::engine::Engine;
use waybill_shared::store::StoreError;

/// The states in which a lot's money may still be taken back, with what then becomes of the lot;
/// after them, the states of lots on order.
const WAITS: [(&str, &str); 6] = [
    ("consent", "the consent cannot be given after that day; the lot is matched again"),
    ("gathering", "the lot is ordered by then, or matched again"),
    ("approval", "its order is approved by then, or withdrawn and the lot is matched again"),
    ("response", "its order stands: cancel it if the money may not be used"),
    ("delivery", "its order stands: cancel it if the money may not be used"),
    ("payment", "the goods have come and will be paid"),
];

/// What is affected when the role of `party` ends as it says now: the id of each thing, with a text
/// about what becomes of it.
///
/// # Errors
/// [`StoreError`] if the store cannot be read.
pub async fn touched(
    engine: &Engine,
    coalition: &Coalition,
    party: &Party,
) -> Result<Vec<(String, String)>, StoreError> {
    let Some(last) = ended(party, engine.today(coalition)) else { return Ok(Vec::new()) };
    let is_own = |given: &&Contribution| given.is_fundable() && given.donors.contains(&party.id);
    let given: Vec<&Contribution> = coalition.contributions.values().filter(is_own).collect();
    let mut told = Vec::new();
    for row in engine.store.envelopes().await? {
        let Some(given) = given.iter().find(|given| given.id == row.id) else { continue };
        let left = row.committed - row.obligated - row.disbursed - row.expired;
        if let (Some(currency), true) = (given.currency(), left > 0) {
            let left = Money::new(left, currency);
            let what = format!("{left} is not bound by an order and cannot be bound after {last}");
            told.push((row.id, what));
        }
    }
    for (awaits, what) in WAITS {
        for lot in engine.store.lots_awaiting(awaits).await? {
            if let Some(money) = paid_by(&lot, &given) {
                let of_order = lot.order.as_ref().map(|order| format!(" under {order}"));
                let what = format!(
                    "waits for {awaits}{}, with money of {money}: {what}",
                    of_order.unwrap_or_default()
                );
                told.push((lot.id.to_string(), what));
            }
        }
    }
    Ok(told)
}

/// The last day on which a party may fund, or `None` if nothing ends its role.
fn ended(party: &Party, today: NaiveDate) -> Option<NaiveDate> {
    let ends = party.roles.iter().filter_map(|span| span.to);
    // The party funds until its roles end without a gap, or it has stopped before today.
    match party.may_fund(today) {
        true => party.funds_until(today),
        false => ends.filter(|last| *last < today && party.may_fund(*last)).max(),
    }
}

/// The money from contributions in `given` that pays for `lot`, as a text.
fn paid_by(lot: &Lot, given: &[&Contribution]) -> Option<String> {
    let is_own = |envelope: &str| given.iter().any(|given| given.id == envelope);
    let shares = lot.funding.iter().filter(|share| is_own(&share.envelope));
    let money: Vec<String> =
        shares.map(|share| format!("{} of {}", share.amount, share.envelope)).collect();
    (!money.is_empty()).then(|| money.join(" and "))
}
