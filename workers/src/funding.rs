//! How the money of a lot follows its cost: topped up from the same donors, or returned.

use std::collections::BTreeMap;

use waybill_shared::domain::funding::{Share, ShareState};
use waybill_shared::domain::instalment::disbursed;
use waybill_shared::domain::lot::Lot;
use waybill_shared::domain::money::{Currency, Rate};
use waybill_shared::domain::money::{Money, MoneyError, Rounding, convert};
use waybill_shared::store::EnvelopeRow;

/// What a lot's shares cover together; none without shares.
#[must_use]
pub(crate) fn covered(lot: &Lot) -> Option<Money> {
    let first = lot.funding.first()?;
    let minor = lot.funding.iter().map(|share| share.covers.minor).sum();
    Some(Money::new(minor, first.covers.currency))
}

/// By how much `now` is more than `before`, and how much of that is tolerated, in words.
pub(crate) fn beyond(before: i128, now: i128, tolerance_per_mille: i64) -> String {
    let percent = |per_mille: i128| match per_mille % 10 {
        0 => format!("{} %", per_mille / 10),
        tenths => format!("{}.{tenths} %", per_mille / 10),
    };
    let more = (now - before) * 1000 / before.max(1);
    let most = percent(i128::from(tolerance_per_mille));
    format!("{} more (tolerated: {most}) than", percent(more))
}

/// Whether a share may become that much of its envelope's money without anybody being asked.
pub(crate) type MayBecome<'a> = dyn Fn(&Share, Money) -> bool + Sync + 'a;

/// Makes the shares of `lot` cover `cost` exactly: what is too much returns to the donors, what is
/// missing comes from the same donors, as far as `tolerance_per_mille`, their envelopes and `may_become`
/// allow. `envelopes` follow.
///
/// # Errors
/// Why it cannot be done, for people.
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
        return Err(format!("it now costs {cost}, and {payers} cannot give {missing} of that"));
    }
    follow(lot, funding, envelopes);
    Ok(())
}

/// Shares of the same donors that cover `cost` as far as they can, and what is missing then: each gives
/// in proportion to what it gave, and for what one has no more the others give.
///
/// # Errors
/// What cannot be computed, for people.
pub(crate) fn spread(
    lot: &Lot,
    cost: Money,
    envelopes: &BTreeMap<String, EnvelopeRow>,
    may_become: &MayBecome<'_>,
) -> Result<(Vec<Share>, Money), String> {
    // What is paid stays as it was paid.
    let is_paid = |share: &Share| share.state == ShareState::Disbursed;
    let cost = unpaid(lot, cost)?;
    if lot.funding.iter().all(is_paid) {
        return Ok((lot.funding.clone(), cost));
    }
    let weight = |share: &Share| if is_paid(share) { 0 } else { share.covers.minor.unsigned_abs() };
    let weights: Vec<u64> = lot.funding.iter().map(weight).collect();
    // Two shares may be of one envelope: what one takes the other has no more.
    let mut left: BTreeMap<&str, i64> = BTreeMap::new();
    for share in &lot.funding {
        let row = envelopes.get(&share.envelope).ok_or("one of its envelopes is not there")?;
        left.insert(&share.envelope, row.available());
    }
    let mut funding = lot.funding.clone();
    let mut missing = 0;
    // First each its part, then whoever can the rest.
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

/// What of `cost` is not paid yet.
fn unpaid(lot: &Lot, cost: Money) -> Result<Money, String> {
    let paid = disbursed(lot);
    if paid > cost.minor {
        let paid = Money::new(paid, cost.currency);
        return Err(format!("it now costs {cost}, and {paid} of it is paid"));
    }
    Ok(Money::new(cost.minor - paid, cost.currency))
}

/// Makes `share`, which was `old`, cover as much as it can up to `wanted`, with what is `left` of its
/// envelope; says how much it covers.
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

/// Gives `lot` these shares, which are its own with other amounts; `envelopes` follow.
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
/// cost's currency is not kept: within the euro it is one, else the share's own ratio holds.
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
