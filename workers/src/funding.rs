//! Keeps the money of a lot equal to its cost: tops it up from the same donors, or returns what is
//! too much.

use std::collections::BTreeMap;

use waybill_shared::domain::funding::{Share, ShareState};
use waybill_shared::domain::instalment::disbursed;
use waybill_shared::domain::lot::Lot;
use waybill_shared::domain::money::{Currency, Rate};
use waybill_shared::domain::money::{Money, MoneyError, Rounding, convert};
use waybill_shared::store::EnvelopeRow;

/// What a lot's shares cover together, or `None` if it has no shares.
#[must_use]
pub(crate) fn covered(lot: &Lot) -> Option<Money> {
    let first = lot.funding.first()?;
    let minor = lot.funding.iter().map(|share| share.covers.minor).sum();
    Some(Money::new(minor, first.covers.currency))
}

/// Describes for people how much more `now` is than `before`, and how much more is tolerated.
pub(crate) fn beyond(before: i128, now: i128, tolerance_per_mille: i64) -> String {
    let percent = |per_mille: i128| match per_mille % 10 {
        0 => format!("{} %", per_mille / 10),
        tenths => format!("{}.{tenths} %", per_mille / 10),
    };
    let more = (now - before) * 1000 / before.max(1);
    let most = percent(i128::from(tolerance_per_mille));
    format!("{} more (tolerated: {most}) than", percent(more))
}

/// Whether a share may take that much of its envelope's money without asking anybody.
pub(crate) type MayBecome<'a> = dyn Fn(&Share, Money) -> bool + Sync + 'a;

/// Makes the shares of `lot` cover `cost` exactly, and updates `envelopes`. Money that is no longer
/// needed returns to the donors. Missing money comes from the same donors, within
/// `tolerance_per_mille`, their envelopes and `may_become`.
///
/// # Errors
/// A text for people that says why it cannot be done.
pub(crate) fn fit(
    lot: &mut Lot,
    cost: Money,
    tolerance_per_mille: i64,
    envelopes: &mut BTreeMap<String, EnvelopeRow>,
    may_become: &MayBecome<'_>,
) -> Result<(), String> {
    let covers = covered(lot).ok_or("no money is set aside for it")?;
    if covers.currency != cost.currency {
        return Err(format!(
            "it now costs {cost}, but its money was set aside in {}",
            covers.currency
        ));
    }
    if covers == cost {
        return Ok(());
    }
    let limit = i128::from(covers.minor) * i128::from(1000 + tolerance_per_mille);
    if i128::from(cost.minor) * 1000 > limit {
        let beyond = beyond(covers.minor.into(), cost.minor.into(), tolerance_per_mille);
        return Err(format!("it now costs {cost}, {beyond} the {covers} set aside"));
    }
    let (funding, missing) = spread(lot, cost, envelopes, may_become)?;
    if missing.minor > 0 {
        let payers: Vec<&str> = funding.iter().map(|share| share.envelope.as_str()).collect();
        let payers = payers.join(", ");
        return Err(format!("it now costs {cost}, and {payers} cannot pay {missing} of that"));
    }
    follow(lot, funding, envelopes);
    Ok(())
}

/// Shares of the same donors that cover `cost` as far as they can, and the amount that is still
/// missing. Each donor gives in proportion to what it gave before. If a donor has too little money
/// left, the others give more.
///
/// # Errors
/// A text for people that says what cannot be computed.
pub(crate) fn spread(
    lot: &Lot,
    cost: Money,
    envelopes: &BTreeMap<String, EnvelopeRow>,
    may_become: &MayBecome<'_>,
) -> Result<(Vec<Share>, Money), String> {
    // Paid shares do not change.
    let is_paid = |share: &Share| share.state == ShareState::Disbursed;
    let cost = unpaid(lot, cost)?;
    if lot.funding.iter().all(is_paid) {
        return Ok((lot.funding.clone(), cost));
    }
    let weight = |share: &Share| if is_paid(share) { 0 } else { share.covers.minor.unsigned_abs() };
    let weights: Vec<u64> = lot.funding.iter().map(weight).collect();
    // Two shares may belong to one envelope, and both draw on the same remaining money.
    let mut left: BTreeMap<&str, i64> = BTreeMap::new();
    for share in &lot.funding {
        let row = envelopes.get(&share.envelope).ok_or("one of its envelopes does not exist")?;
        left.insert(&share.envelope, row.available());
    }
    let mut funding = lot.funding.clone();
    let mut missing = 0;
    // First each donor gives its part, then those that can give what is missing.
    for ((share, old), part) in funding.iter_mut().zip(&lot.funding).zip(cost.shares(&weights)) {
        if is_paid(old) {
            missing += part.minor;
            continue;
        }
        let left = left.entry(&old.envelope).or_default();
        missing += part.minor - give(share, old, part, left, may_become)?;
    }
    for (share, old) in funding.iter_mut().zip(&lot.funding) {
        if missing > 0 && !is_paid(old) {
            let left = left.entry(&old.envelope).or_default();
            let before = share.covers.minor;
            let wanted = Money::new(before + missing, cost.currency);
            missing -= give(share, old, wanted, left, may_become)? - before;
        }
    }
    Ok((funding, Money::new(missing, cost.currency)))
}

/// The part of `cost` that is not paid yet.
fn unpaid(lot: &Lot, cost: Money) -> Result<Money, String> {
    let paid = disbursed(lot);
    if paid > cost.minor {
        let paid = Money::new(paid, cost.currency);
        return Err(format!("it now costs {cost}, and {paid} of it is paid"));
    }
    Ok(Money::new(cost.minor - paid, cost.currency))
}

/// Makes `share`, which was `old`, cover as much as it can up to `wanted`, using at most what is
/// `left` in its envelope. Returns how much it covers, in minor units.
fn give(
    share: &mut Share,
    old: &Share,
    wanted: Money,
    left: &mut i64,
    may_become: &MayBecome<'_>,
) -> Result<i64, String> {
    let takes = |minor: i64| {
        let part = Money::new(minor, wanted.currency);
        debit(part, old.amount.currency, old.rate, &old.covers, &old.amount)
            .map_err(|error| error.to_string())
    };
    let fits = |amount: Money| {
        let more = amount.minor - share.amount.minor;
        more <= 0 || (more <= *left && may_become(old, amount))
    };
    let (mut known, mut beyond) = (share.covers.minor, wanted.minor);
    let mut amount = takes(wanted.minor)?;
    if wanted.minor <= known || fits(amount) {
        known = wanted.minor;
    } else {
        amount = share.amount;
        while beyond - known > 1 {
            let middle = known + (beyond - known) / 2;
            let taken = takes(middle)?;
            if fits(taken) {
                (known, amount) = (middle, taken);
            } else {
                beyond = middle;
            }
        }
    }
    *left -= amount.minor - share.amount.minor;
    (share.covers.minor, share.amount) = (known, amount);
    Ok(known)
}

/// Replaces the shares of `lot` with `funding`, which differs only in amounts, and updates
/// `envelopes`.
fn follow(lot: &mut Lot, funding: Vec<Share>, envelopes: &mut BTreeMap<String, EnvelopeRow>) {
    for (old, new) in lot.funding.iter().zip(&funding) {
        if let Some(envelope) = envelopes.get_mut(&old.envelope) {
            let more = new.amount.minor - old.amount.minor;
            match old.state {
                ShareState::Proposed | ShareState::Agreed => envelope.allocated += more,
                ShareState::Obligated => envelope.obligated += more,
                ShareState::Disbursed => envelope.disbursed += more,
            }
        }
    }
    lot.funding = funding;
}

/// What `part` of a cost takes from an envelope at the rate frozen in its share. The rate of the
/// cost's currency is not stored. If that currency is the euro, the rate is one; otherwise the
/// ratio of the share's own amounts applies.
fn debit(
    part: Money,
    currency: Currency,
    rate: Rate,
    covers: &Money,
    amount: &Money,
) -> Result<Money, MoneyError> {
    if part.currency == currency {
        return Ok(part);
    }
    if part.currency == Currency::EUR {
        return convert(part, Rate::ONE, currency, rate, Rounding::Up);
    }
    let product = i128::from(amount.minor) * i128::from(part.minor);
    let covers = i128::from(covers.minor.max(1));
    let minor = (product + covers - 1) / covers;
    Ok(Money::new(i64::try_from(minor).map_err(|_| MoneyError::Overflow)?, currency))
}
