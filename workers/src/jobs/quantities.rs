//! Quantities as suppliers sell them. Minimum, increment and pack apply to an item on an order, so
//! the lots of an item are counted together. The quantity that their sum needs in addition is paid
//! for by lots that have money set aside for it, and otherwise by the last lot whose donors can
//! give more.

use std::collections::BTreeMap;
use std::sync::Arc;

use waybill_shared::domain::coalition::Coalition;
use waybill_shared::domain::kinds::{JobKind, LotEvent, ReasonCode, StepKind};
use waybill_shared::domain::lot::Lot;
use waybill_shared::domain::quantity::{Quantity, Unit as Measure};
use waybill_shared::domain::requisition::Line;
use waybill_shared::domain::supplier::{Quote, Surplus};
use waybill_shared::domain::transition::{Direction, StepResult};
use waybill_shared::engine::Engine;
use waybill_shared::job::JobError;
use waybill_shared::matching::needs_consent;
use waybill_shared::store::{ChangeSet, EnvelopeRow};

use crate::funding;

/// The additional quantity that a supplier requires is subject to the approval of the order, not to
/// a tolerance.
const ANY_PER_MILLE: i64 = i64::MAX - 1000;

/// A lot that is ready to be ordered.
pub(super) struct Ready {
    /// The lot as it was gathered.
    pub(super) before: Lot,
    /// The lot with the quantity that is bought for it and the money for that.
    pub(super) after: Lot,
    pub(super) line: Arc<Line>,
    pub(super) quote: Quote,
}

#[derive(Default)]
pub(super) struct Sold {
    /// Groups of lots that have to stay on one order because they are counted together. Most lots
    /// are alone.
    pub(super) groups: Vec<Vec<Ready>>,
    /// Change sets that match lots again because they cannot pay for the smallest quantity that
    /// their supplier sells.
    pub(super) returned: Vec<ChangeSet>,
}

/// Turns gathered lots into quantities that their suppliers sell.
pub(super) async fn as_sold(
    engine: &Engine,
    coalition: &Coalition,
    lots: Vec<(Lot, Arc<Line>, Quote)>,
) -> Result<Sold, JobError> {
    let mut sold = Sold::default();
    let mut groups: Vec<Vec<Ready>> = Vec::new();
    let mut places: BTreeMap<(String, Measure), usize> = BTreeMap::new();
    for (lot, line, quote) in lots {
        let key = quote.offer.as_ref().filter(|_| !quote.is_free());
        let place = key.map(|offer| {
            *places.entry((offer.id.clone(), line.unit)).or_insert_with(|| {
                groups.push(Vec::new());
                groups.len() - 1
            })
        });
        let ready = Ready { before: lot.clone(), after: lot, line, quote };
        match place {
            Some(place) => groups[place].push(ready),
            None => groups.push(vec![ready]),
        }
    }
    if places.is_empty() {
        sold.groups = groups;
        return Ok(sold);
    }
    let rows = engine.store.envelopes().await?;
    let mut envelopes: BTreeMap<String, EnvelopeRow> =
        rows.into_iter().map(|row| (row.id.clone(), row)).collect();
    for mut group in groups {
        if group.first().is_some_and(|ready| ready.quote.is_free()) {
            sold.groups.push(group);
            continue;
        }
        let mut changed = envelopes.clone();
        match together(coalition, &mut group, &mut changed) {
            Ok(()) => {
                envelopes = changed;
                sold.groups.push(group);
            }
            Err(why) => {
                for ready in group {
                    sold.returned.push(returned(engine, ready.before, &why)?);
                }
            }
        }
    }
    Ok(sold)
}

/// Adds the surplus that the lots of an item on an order need together. The error says why nobody
/// can pay for it.
fn together(
    coalition: &Coalition,
    group: &mut [Ready],
    envelopes: &mut BTreeMap<String, EnvelopeRow>,
) -> Result<(), String> {
    let Some(quote) = group.first().map(|ready| ready.quote.clone()) else { return Ok(()) };
    let wanted: Quantity = group.iter().map(|ready| ready.before.quantity).sum();
    let mut left = quote.bought(wanted).less(wanted);
    for ready in group.iter_mut().rev() {
        let paid = left.min(ready.before.surplus);
        left = left.less(paid);
        pays_for(ready, paid, envelopes)?;
    }
    if left.is_zero() {
        return Ok(());
    }
    let mut whys = Vec::new();
    for ready in group.iter_mut().rev() {
        let (after, more) = (ready.after.clone(), Quantity(ready.after.surplus.0 + left.0));
        let mut tried = envelopes.clone();
        match pays_for(ready, more, &mut tried).and_then(|()| unasked(coalition, ready)) {
            Ok(()) => {
                *envelopes = tried;
                return Ok(());
            }
            Err(why) => whys.push(format!("{}: {why}", ready.before.id)),
        }
        ready.after = after;
    }
    let bought = quote.bought(wanted);
    let (supplier, unit) = match (&quote.offer, group.first()) {
        (Some(offer), Some(ready)) => (offer.supplier.as_str(), ready.line.unit.name()),
        _ => ("the supplier", ""),
    };
    whys.truncate(3);
    Err(format!(
        "{wanted} {unit} are wanted in all, but {supplier} sells at least {bought}: {}",
        whys.join("; ")
    ))
}

/// Sets the surplus that a lot buys, and fits its money to the new cost.
fn pays_for(
    ready: &mut Ready,
    surplus: Quantity,
    envelopes: &mut BTreeMap<String, EnvelopeRow>,
) -> Result<(), String> {
    ready.after.surplus = surplus;
    ready.quote.surplus = Surplus::Fixed(surplus);
    let cost = ready.quote.cost(ready.after.quantity).map_err(|error| error.to_string())?;
    funding::fit(&mut ready.after, cost, ANY_PER_MILLE, envelopes, &|_, _| true)
}

/// Fails if a donor has to be asked before it gives more.
fn unasked(coalition: &Coalition, ready: &Ready) -> Result<(), String> {
    let mut shares = ready.before.funding.iter().zip(&ready.after.funding);
    let asked = shares.find(|(before, after)| {
        after.amount.minor > before.amount.minor
            && needs_consent(coalition, &after.envelope, after.amount)
    });
    match asked {
        None => Ok(()),
        Some((_, share)) => {
            Err(format!("the donors of `{}` have to agree to {}", share.envelope, share.amount))
        }
    }
}

/// Sends a lot back to be matched again. It then pays alone for everything that it needs.
fn returned(engine: &Engine, lot: Lot, why: &str) -> Result<ChangeSet, JobError> {
    let mut after = lot.clone();
    after.release();
    after.because(ReasonCode::LessThanSold, why);
    let result = StepResult::Go(Direction::Back(StepKind::MatchDonor));
    let change = engine
        .advance(lot, after, result, LotEvent::ReturnedToMatching)
        .map_err(|error| JobError::Invalid(error.to_string()))?;
    Ok(ChangeSet::new(JobKind::Gather.name(), engine.clock.now()).lot(change))
}
