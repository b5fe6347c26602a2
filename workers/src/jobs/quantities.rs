//! Quantities as suppliers sell them: minimum, increment and pack hold for an item on an order. The
//! lots of an item are counted together, and what their sum needs above them is paid for by those whose
//! money was set aside for it, else by the last of them whose donors have more.

use std::collections::BTreeMap;
use std::sync::Arc;

use waybill_shared::domain::coalition::Coalition;
use waybill_shared::domain::kinds::{JobKind, LotEvent, StepKind};
use waybill_shared::domain::lot::Lot;
use waybill_shared::domain::quantity::{Quantity, Unit as Measure};
use waybill_shared::domain::requisition::Line;
use waybill_shared::domain::supplier::{Quote, Surplus};
use waybill_shared::domain::transition::{Direction, StepResult};
use waybill_shared::engine::Engine;
use waybill_shared::job::JobError;
use waybill_shared::matching::{LESS_THAN_SOLD, needs_consent};
use waybill_shared::store::{ChangeSet, EnvelopeRow};

use crate::funding;

/// Donors who give more for what a supplier sells at least are asked by the approval of the order, if by
/// anything: no tolerance holds for it.
const ANY_PER_MILLE: i64 = i64::MAX - 1000;

/// A lot that is to be ordered.
pub(super) struct Ready {
    /// As it was gathered.
    pub(super) before: Lot,
    /// With what is bought for it, and the money for that.
    pub(super) after: Lot,
    /// Its line.
    pub(super) line: Arc<Line>,
    /// What it costs.
    pub(super) quote: Quote,
}

/// What can be ordered, and what cannot.
#[derive(Default)]
pub(super) struct Sold {
    /// Lots that stay on one order, because they are counted together; most are alone.
    pub(super) groups: Vec<Vec<Ready>>,
    /// Lots that are matched again, because what their supplier sells is more than they can pay for.
    pub(super) returned: Vec<ChangeSet>,
}

/// Makes of the lots that are gathered quantities that their suppliers sell.
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

/// Gives the lots of an item on an order what has to be bought for them together; an error says why
/// nobody pays for it.
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
        "{wanted} {unit} are wanted together, and {supplier} sells no less than {bought}: {}",
        whys.join("; ")
    ))
}

/// Has a lot buy so much above what it carries, and fits its money to that.
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

/// Whether no donor has to be asked before it gives that much more.
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

/// A lot that is matched again, and pays then for all that it needs alone.
fn returned(engine: &Engine, lot: Lot, why: &str) -> Result<ChangeSet, JobError> {
    let mut after = lot.clone();
    after.release();
    after.because(LESS_THAN_SOLD, why);
    let result = StepResult::Go(Direction::Back(StepKind::MatchDonor));
    let change = engine
        .advance(lot, after, result, LotEvent::ReturnedToMatching)
        .map_err(|error| JobError::Invalid(error.to_string()))?;
    Ok(ChangeSet::new(JobKind::Gather.name(), engine.clock.now()).lot(change))
}
