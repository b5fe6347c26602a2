//! What a matching round reads from the store: the lots that wait for money or may still move, and the money.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use crate::domain::coalition::{Coalition, DayRates, Settings};
use crate::domain::ids::LotId;
use crate::domain::kinds::JobKind;
use crate::domain::lot::{Lot, Timestamp};
use crate::domain::money::{Currency, Money, Rounding};
use crate::domain::supplier::Offer;
use crate::engine::Engine;
use crate::frameworks::balances;
use crate::matching::{Funds, is_movable};
use crate::openings::start_of;
use crate::store::{LotFilter, NewJob, Store, StoreError};

/// Lots read at once.
const READ: i64 = 10_000;

/// What lots wait for that the next round may provide.
pub const OPEN: [&str; 2] = ["funding", "offer"];

/// What lots wait for that have money which no order has bound yet.
pub const HELD: [&str; 2] = ["consent", "gathering"];

/// Lots that have money which no order has bound yet.
///
/// # Errors
/// [`StoreError`] if the store cannot be read.
pub async fn held(store: &dyn Store) -> Result<Vec<Lot>, StoreError> {
    let mut lots = Vec::new();
    for awaits in HELD {
        lots.extend(store.lots_awaiting(awaits).await?);
    }
    Ok(lots)
}

/// Lots that wait for money or an offer, and lots whose money may still be moved, by priority.
///
/// # Errors
/// [`StoreError`] if the store cannot be read.
pub async fn lots(
    store: &dyn Store,
    coalition: &Coalition,
    day: NaiveDate,
) -> Result<Vec<Lot>, StoreError> {
    with_waiting(store, held(store).await?, coalition, day).await
}

/// Like [`lots`], for lots `held` that were read before.
///
/// # Errors
/// [`StoreError`] if the store cannot be read.
pub async fn with_waiting(
    store: &dyn Store,
    held: Vec<Lot>,
    coalition: &Coalition,
    day: NaiveDate,
) -> Result<Vec<Lot>, StoreError> {
    let mut lots = Vec::new();
    for awaits in OPEN {
        lots.extend(store.lots_awaiting(awaits).await?);
    }
    lots.extend(held.into_iter().filter(|lot| is_movable(coalition, lot, day)));
    lots.sort_by_key(|lot| (lot.priority.class, lot.priority.rank, lot.id));
    Ok(lots)
}

/// The money available for `lots`: what envelopes have left, and what these lots have.
///
/// # Errors
/// [`StoreError`] if the store cannot be read.
pub async fn funds<'a>(
    engine: &Engine,
    lots: impl IntoIterator<Item = &'a Lot>,
) -> Result<Funds, StoreError> {
    let mut funds = Funds::default();
    let coalition = engine.coalition().await?;
    for (number, balance) in balances(&*engine.store, &coalition).await? {
        funds.frameworks.insert(number, balance.left());
    }
    for row in engine.store.envelopes().await? {
        funds.available.insert(row.id.clone(), row.available());
        let spent = row.allocated.saturating_add(row.obligated).saturating_add(row.disbursed);
        funds.spent.insert(row.id, spent);
    }
    let mut of_round = BTreeSet::new();
    for lot in lots {
        of_round.insert(lot.id);
        for share in &lot.funding {
            *funds.available.entry(share.envelope.clone()).or_default() += share.amount.minor;
            *funds.spent.entry(share.envelope.clone()).or_default() -= share.amount.minor;
        }
    }
    gathered(engine, &of_round, &mut funds).await?;
    if !engine.pipeline().match_donor.requester_cap.is_empty() {
        given(engine, &of_round, &mut funds).await?;
    }
    Ok(funds)
}

/// Rounds on later days on which an offer becomes valid, or a currency gets its first rate.
#[must_use]
pub fn later(
    settings: &Settings,
    offers: &[Offer],
    rates: &[DayRates],
    now: Timestamp,
) -> Vec<NewJob> {
    let today = now.with_timezone(&settings.zone).date_naive();
    let mut first: BTreeMap<Currency, NaiveDate> = BTreeMap::new();
    for day in rates {
        for currency in day.rates.keys() {
            let known = first.entry(*currency).or_insert(day.date);
            *known = day.date.min(*known);
        }
    }
    let days: BTreeSet<NaiveDate> =
        offers.iter().map(|offer| offer.from).chain(first.into_values()).collect();
    let job = |day: NaiveDate| NewJob {
        kind: JobKind::Round,
        key: format!("offers@{day}"),
        due: start_of(day, settings.zone),
        body: String::new(),
    };
    days.into_iter().filter(|day| *day > today).map(job).collect()
}

/// Adds the lots that are being gathered for an order, if the offers' minimum, increment or pack makes that matter.
async fn gathered(
    engine: &Engine,
    of_round: &BTreeSet<LotId>,
    funds: &mut Funds,
) -> Result<(), StoreError> {
    let coalition = engine.coalition().await?;
    let is_bound = |id: &String| coalition.offers.get(id).is_some_and(|o| !o.is_sold_freely());
    if coalition.offers.values().all(Offer::is_sold_freely) {
        return Ok(());
    }
    let mut lots = engine.store.lots_awaiting("gathering").await?;
    lots.retain(|lot| lot.offer.as_ref().is_some_and(is_bound) && !of_round.contains(&lot.id));
    let lines = engine.lines_of(&lots).await?;
    for lot in &lots {
        let Some((line, offer)) = lines.get(&lot.line()).zip(lot.offer.clone()) else { continue };
        funds.gathered.entry((offer, line.unit)).or_default().add(lot);
    }
    Ok(())
}

/// Adds what each requester's lots have, except lots of the round.
async fn given(
    engine: &Engine,
    of_round: &BTreeSet<LotId>,
    funds: &mut Funds,
) -> Result<(), StoreError> {
    let coalition = engine.coalition().await?;
    let day = engine.today(&coalition);
    let base = coalition.settings.as_ref().map(|settings| settings.currency);
    let mut after = None;
    loop {
        let filter = LotFilter { after, limit: READ, ..LotFilter::default() };
        let mut lots = engine.store.lots(&filter).await?;
        after = lots.last().map(|lot| lot.id);
        let is_last = (lots.len() as i64) < READ;
        lots.retain(|lot| !lot.funding.is_empty() && !of_round.contains(&lot.id));
        let lines = engine.lines_of(&lots).await?;
        for lot in &lots {
            let Some(line) = lines.get(&lot.line()) else { continue };
            let covers = lot.funding.iter().map(|share| share.covers);
            let in_base = |covers: Money| {
                let found = coalition.reckon(covers, base?, day, Rounding::Up).ok()??;
                Some(found.minor)
            };
            let given: i64 = covers.filter_map(in_base).fold(0, i64::saturating_add);
            *funds.given.entry(line.requester.clone()).or_default() += given;
        }
        if is_last {
            return Ok(());
        }
    }
}
