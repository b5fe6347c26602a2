//! How the money of a lot follows its cost: topped up from the same donors, or returned.

use std::collections::BTreeMap;

use waybill_shared::domain::funding::ShareState;
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
pub(crate) fn beyond(before: i64, now: i64, tolerance_per_mille: i64) -> String {
    let percent = |per_mille: i128| match per_mille % 10 {
        0 => format!("{} %", per_mille / 10),
        tenths => format!("{}.{tenths} %", per_mille / 10),
    };
    let more = (i128::from(now) - i128::from(before)) * 1000 / i128::from(before.max(1));
    let most = percent(i128::from(tolerance_per_mille));
    format!("{} more (tolerated: {most}) than", percent(more))
}

/// Makes the shares of `lot` cover `cost` exactly: what is too much returns to the donors, what is
/// missing comes from the same donors, as far as `tolerance_per_mille` and their envelopes allow.
/// `envelopes` follow.
///
/// # Errors
/// Why it cannot be done, for people.
pub(crate) fn fit(
    lot: &mut Lot,
    cost: Money,
    tolerance_per_mille: i64,
    envelopes: &mut BTreeMap<String, EnvelopeRow>,
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
        let beyond = beyond(covers.minor, cost.minor, tolerance_per_mille);
        return Err(format!("it now costs {cost}, {beyond} the {covers} set aside"));
    }
    let weights: Vec<u64> =
        lot.funding.iter().map(|share| share.covers.minor.unsigned_abs()).collect();
    let parts = cost.shares(&weights);
    let mut funding = lot.funding.clone();
    for (share, part) in funding.iter_mut().zip(parts) {
        let amount = debit(part, share.amount.currency, share.rate, &share.covers, &share.amount)
            .map_err(|error| error.to_string())?;
        let more = amount.minor - share.amount.minor;
        let envelope = envelopes.get(&share.envelope).ok_or("one of its envelopes is not there")?;
        if more > envelope.available() {
            return Err(format!("it now costs {cost}, and `{}` has no more", share.envelope));
        }
        (share.covers, share.amount) = (part, amount);
    }
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
    Ok(())
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
