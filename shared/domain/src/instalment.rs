//! Instalments: a lot that is paid in parts takes the same from envelopes as one that is paid at once.
//!
//! Everything that an envelope pays at the rates of one day is one share. It is converted as a whole and rounded up
//! once. So the parts together debit what a single payment would, however many there are.

use super::funding::{self, Share, ShareState};
use super::lot::Lot;
use super::money::{Currency, Money, MoneyError, Rate, Rounding, convert};

/// Units of a currency for one EUR on the day of a payment. `None` if no rate is known.
pub type RateOf<'a> = dyn Fn(Currency) -> Option<Rate> + Sync + 'a;

/// Why an instalment cannot be booked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InstalmentError {
    /// An envelope is in a currency without a rate.
    #[error("{part} has no exchange rate to {currency} on the day of the payment: import a rate")]
    NoRate {
        /// What the envelope has to pay.
        part: Money,
        /// The envelope's currency.
        currency: Currency,
    },
    /// Nothing is bound any more, so there is no envelope to debit.
    #[error("no money is bound for {lot} any more, so {amount} cannot be paid for it")]
    NotBound {
        lot: String,
        /// The amount of the reported payment.
        amount: Money,
    },
    /// More comes back than was paid.
    #[error("only {paid} was paid for {lot}, so {back} cannot be returned")]
    NotPaid {
        lot: String,
        paid: Money,
        /// The amount that is reported to come back.
        back: Money,
    },
    /// The amount is too large.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

/// The id of an envelope, and the amount by which its debit exceeds what was bound.
pub type Overrun = (String, Money);

/// Pays `amount`, in the order's currency, from the money that is bound for `lot`. Each donor pays its part, at the
/// rates of the day. If `is_settled`, nothing stays bound. Returns the overruns.
///
/// # Errors
/// [`InstalmentError`]. `lot` is then unchanged.
pub fn disburse(
    lot: &mut Lot,
    amount: Money,
    is_settled: bool,
    rate_of: &RateOf<'_>,
) -> Result<Vec<Overrun>, InstalmentError> {
    let (bound, mut funding): (Vec<Share>, Vec<Share>) =
        lot.funding.iter().cloned().partition(|share| share.state == ShareState::Obligated);
    if bound.is_empty() && amount.minor != 0 {
        return Err(InstalmentError::NotBound { lot: lot.id.to_string(), amount });
    }
    let weights: Vec<u64> = bound.iter().map(|share| share.covers.minor.unsigned_abs()).collect();
    let mut over = Vec::new();
    for (share, part) in bound.into_iter().zip(amount.shares(&weights)) {
        let paid = book(&mut funding, &share, part, is_settled, rate_of)?;
        if paid.minor > share.amount.minor {
            let more = Money::new(paid.minor - share.amount.minor, paid.currency);
            over.push((share.envelope.clone(), more));
        }
        let rest = share.covers.minor - part.minor;
        if !is_settled && rest > 0 {
            let covers = Money::new(rest, share.covers.currency);
            let left = (share.amount.minor - paid.minor).max(0);
            let amount = Money::new(left, share.amount.currency);
            funding.push(Share { covers, amount, ..share });
        }
    }
    lot.funding = funding;
    Ok(over)
}

/// Adds `part` of a cost to what the envelope of `bound` has paid at these rates. Returns the debited amount.
fn book(
    funding: &mut Vec<Share>,
    bound: &Share,
    part: Money,
    is_settled: bool,
    rate_of: &RateOf<'_>,
) -> Result<Money, InstalmentError> {
    let currency = bound.amount.currency;
    let is_same = part.currency == currency;
    let rates = rate_of(currency).zip(rate_of(part.currency));
    let (rate, covers_rate) = match rates {
        Some(rates) => rates,
        None if is_same => (bound.rate, bound.rate),
        None => return Err(InstalmentError::NoRate { part, currency }),
    };
    let is_known = |share: &&mut Share| {
        share.envelope == bound.envelope
            && share.state == ShareState::Disbursed
            && share.covers_rate.is_some()
            && (is_same || (share.rate, share.covers_rate) == (rate, Some(covers_rate)))
    };
    if let Some(known) = funding.iter_mut().find(is_known) {
        let covers = known.covers.checked_add(part)?;
        let whole = convert(covers, covers_rate, currency, rate, Rounding::Up)?;
        let paid = Money::new(whole.minor - known.amount.minor, currency);
        (known.covers, known.amount) = (covers, whole);
        return Ok(paid);
    }
    let amount =
        if is_same { part } else { convert(part, covers_rate, currency, rate, Rounding::Up)? };
    // A payment of zero adds no share, unless it settles the lot: then the lot has to count as paid.
    if part.minor != 0 || is_settled {
        let (state, covers_rate) = (ShareState::Disbursed, Some(covers_rate));
        funding.push(Share { covers: part, amount, rate, state, covers_rate, ..bound.clone() });
    }
    Ok(amount)
}

/// Takes back `back`, an amount above zero that the seller returned from what was paid for `lot`. Each donor gets
/// its part, at the rates at which it paid. If the lot is `open`, the money is bound again; otherwise it is free.
///
/// # Errors
/// [`InstalmentError`]. `lot` is then unchanged.
pub fn refund(lot: &mut Lot, back: Money, open: bool) -> Result<(), InstalmentError> {
    let paid = Money::new(disbursed(lot), back.currency);
    if back.minor > paid.minor {
        return Err(InstalmentError::NotPaid { lot: lot.id.to_string(), paid, back });
    }
    let (paid, mut funding): (Vec<Share>, Vec<Share>) =
        lot.funding.iter().cloned().partition(|share| share.state == ShareState::Disbursed);
    let weights: Vec<u64> = paid.iter().map(|share| share.covers.minor.unsigned_abs()).collect();
    for (mut share, part) in paid.into_iter().zip(back.shares(&weights)) {
        let covers = Money::new(share.covers.minor - part.minor, part.currency);
        let left = debit(&share, covers)?;
        let returned = Money::new(share.amount.minor - left.minor, left.currency);
        (share.covers, share.amount) = (covers, left);
        if open && part.minor > 0 {
            bind(&mut funding, &share, part, returned);
        }
        if share.covers.minor > 0 || part.minor == 0 {
            funding.push(share);
        }
    }
    lot.funding = funding;
    Ok(())
}

/// Binds `amount` from the envelope of `share` again. It covers `covers`.
fn bind(funding: &mut Vec<Share>, share: &Share, covers: Money, amount: Money) {
    let is_its = |bound: &&mut Share| {
        bound.envelope == share.envelope && bound.state == ShareState::Obligated
    };
    match funding.iter_mut().find(is_its) {
        Some(bound) => {
            bound.amount.minor += amount.minor;
            bound.covers.minor += covers.minor;
        }
        None => {
            let state = ShareState::Obligated;
            funding.push(Share { state, covers, amount, covers_rate: None, ..share.clone() });
        }
    }
}

/// Moves paid shares from `leaving`, a part that leaves the order, to `kept`, as far as money is bound for `kept`.
/// The bound money moves the other way, because an advance pays for what arrived. What was paid beyond that stays
/// with `leaving`.
pub fn keep_paid(kept: &mut Lot, leaving: &mut Lot) {
    let (mut paid, mut rest): (Vec<Share>, Vec<Share>) = std::mem::take(&mut leaving.funding)
        .into_iter()
        .partition(|share| share.state == ShareState::Disbursed);
    for share in &mut paid {
        // The same envelope comes first, so that each envelope pays what it was meant to pay.
        let mut bound: Vec<usize> = (0..kept.funding.len()).collect();
        bound.retain(|at| kept.funding[*at].state == ShareState::Obligated);
        bound.sort_by_key(|at| kept.funding[*at].envelope != share.envelope);
        for at in bound {
            let by = share.covers.minor.min(kept.funding[at].covers.minor);
            if by > 0 {
                rest.push(cut(&mut kept.funding[at], by));
                let moved = cut(share, by);
                funding::add(&mut kept.funding, moved);
            }
        }
    }
    kept.funding.retain(|share| share.covers.minor > 0 || share.amount.minor > 0);
    paid.retain(|share| share.covers.minor > 0 || share.amount.minor > 0);
    leaving.funding = paid;
    leaving.funding.extend(rest);
}

/// Cuts off the part of `share` that covers `by`, with the exact part of the amount.
fn cut(share: &mut Share, by: i64) -> Share {
    let rest = share.covers.minor - by;
    let weights = [by.unsigned_abs(), rest.unsigned_abs()];
    let amounts = share.amount.shares(&weights);
    let covers = Money::new(by, share.covers.currency);
    let part = Share { amount: amounts[0], covers, ..share.clone() };
    (share.amount, share.covers.minor) = (amounts[1], rest);
    part
}

/// What `covers` takes from the envelope of `share`, at the rates at which the share was paid. If these were not
/// stored, the ratio of the share itself is used.
///
/// # Errors
/// [`MoneyError::Overflow`] past `i64`.
pub fn debit(share: &Share, covers: Money) -> Result<Money, MoneyError> {
    let currency = share.amount.currency;
    if covers.currency == currency {
        return Ok(covers);
    }
    if let Some(covers_rate) = share.covers_rate {
        return convert(covers, covers_rate, currency, share.rate, Rounding::Up);
    }
    let product = i128::from(share.amount.minor) * i128::from(covers.minor);
    let whole = i128::from(share.covers.minor.max(1));
    let minor = (product + whole - 1) / whole;
    Ok(Money::new(i64::try_from(minor).map_err(|_| MoneyError::Overflow)?, currency))
}

/// The amount that is bound for the lot and not paid yet, in minor units of the order's currency.
#[must_use]
pub fn bound(lot: &Lot) -> i64 {
    covers(lot, ShareState::Obligated)
}

/// The amount that was paid for the lot, in minor units of the order's currency.
#[must_use]
pub fn disbursed(lot: &Lot) -> i64 {
    covers(lot, ShareState::Disbursed)
}

fn covers(lot: &Lot, state: ShareState) -> i64 {
    let shares = lot.funding.iter().filter(|share| share.state == state);
    shares.map(|share| share.covers.minor).sum()
}

#[cfg(test)]
mod tests;
