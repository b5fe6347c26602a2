//! Whether the money of a lot may be bound today, and until when. Whoever binds money checks the eligibility of
//! each share again. Rounds, orders, consents and `check` use the same rules.

use std::collections::BTreeSet;
use std::fmt;

use chrono::NaiveDate;

use super::eligibility::{Wanted, WhyNot, eligible, funders, may_serve};
use super::round::needs_consent;
use waybill_domain::coalition::Coalition;
use waybill_domain::funding::{Share, ShareState};
use waybill_domain::lot::{Awaited, Lot};
use waybill_domain::requisition::Line;
use waybill_domain::supplier::Offer;

/// An envelope that may not be bound for a lot, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unbindable {
    pub envelope: String,
    pub why: WhyNot,
}

impl fmt::Display for Unbindable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.envelope, self.why)
    }
}

/// Whether `envelope` may pay for `lot` on `day`, with the offer with which the lot was matched.
///
/// # Errors
/// The typed reason why it may not.
pub fn may_pay<'a>(
    coalition: &Coalition,
    lot: &Lot,
    wanted: impl Into<Wanted<'a>>,
    envelope: &str,
    day: NaiveDate,
) -> Result<(), WhyNot> {
    let Some(contribution) = coalition.contributions.get(envelope) else {
        return Err(WhyNot::PledgeOnly);
    };
    let offer = lot.offer.as_deref().and_then(|offer| coalition.offers.get(offer));
    let channel = offer.map(|offer| offer.channel.as_str());
    eligible(coalition, contribution, wanted, channel, day)?;
    if lot.refused.iter().any(|refused| refused == envelope) {
        return Err(WhyNot::ConsentRefused);
    }
    Ok(())
}

/// Whether the goods of the contribution with this id may serve `line` on `day`.
///
/// # Errors
/// The typed reason why they may not.
pub fn may_give(
    coalition: &Coalition,
    line: &Line,
    contribution: &str,
    day: NaiveDate,
) -> Result<(), WhyNot> {
    let given = coalition.contributions.get(contribution).ok_or(WhyNot::PledgeOnly)?;
    may_serve(coalition, given, line, None, day)
}

/// Whether all money that is set aside for `lot`, or the gift that it was offered, may be bound on `day`.
///
/// # Errors
/// The first share that may not be bound, and why.
pub fn may_bind(
    coalition: &Coalition,
    lot: &Lot,
    line: &Line,
    day: NaiveDate,
) -> Result<(), Unbindable> {
    if let Some(Awaited::Acceptance { contribution: envelope }) = lot.state().awaits() {
        let unbindable = |why| Unbindable { envelope: envelope.clone(), why };
        return may_give(coalition, line, envelope, day).map_err(unbindable);
    }
    for share in &lot.funding {
        let fits = may_pay(coalition, lot, line, &share.envelope, day);
        let fits = fits.and_then(|()| match share.state {
            ShareState::Agreed if !has_consent(coalition, share, day) => Err(WhyNot::NotAsked),
            ShareState::Proposed
            | ShareState::Agreed
            | ShareState::Obligated
            | ShareState::Disbursed => Ok(()),
        });
        fits.map_err(|why| Unbindable { envelope: share.envelope.clone(), why })?;
    }
    Ok(())
}

/// Whether everybody whose consent `share` needs has given it.
fn has_consent(coalition: &Coalition, share: &Share, day: NaiveDate) -> bool {
    !needs_consent(coalition, &share.envelope, share.amount)
        || unanswered_of(coalition, share, day).is_empty()
}

/// The donors of `share` that have to consent and have not done so yet.
#[must_use]
pub fn unanswered_of(coalition: &Coalition, share: &Share, day: NaiveDate) -> Vec<String> {
    let Some(contribution) = coalition.contributions.get(&share.envelope) else {
        return Vec::new();
    };
    let funders = match funders(coalition, contribution, day) {
        Ok(funders) => funders,
        // Nobody may consent to it. It waits for all its donors until it goes back.
        Err(_) => contribution.donors.iter().map(String::as_str).collect(),
    };
    let has_agreed = |donor: &str| share.consents.iter().any(|known| known == donor);
    funders.into_iter().filter(|donor| !has_agreed(donor)).map(str::to_owned).collect()
}

/// The donors that `lot` waits for, each once.
#[must_use]
pub fn unanswered(coalition: &Coalition, lot: &Lot, day: NaiveDate) -> Vec<String> {
    let proposed = lot.funding.iter().filter(|share| share.state == ShareState::Proposed);
    let donors = proposed.flat_map(|share| unanswered_of(coalition, share, day));
    donors.collect::<BTreeSet<String>>().into_iter().collect()
}

/// The last day on which `lot`, as matched on `day`, can be ordered from `offer` and arrive in time. `None` if
/// nothing ends. If it is already too late to arrive in time, that is not a limit any more.
#[must_use]
pub fn last_day(
    coalition: &Coalition,
    lot: &Lot,
    line: &Line,
    offer: &Offer,
    day: NaiveDate,
) -> Option<NaiveDate> {
    let shares = lot.funding.iter();
    let given = shares.filter_map(|share| coalition.contributions.get(&share.envelope));
    let of_money = given.flat_map(|contribution| {
        let donors = funders(coalition, contribution, day).unwrap_or_default().into_iter();
        let roles = donors.filter_map(|donor| coalition.parties.get(donor)?.funds_until(day));
        roles.chain(contribution.obligate_by)
    });
    let lead = offer.lead();
    let in_time = line.needed_by.and_then(|needed| needed.checked_sub_days(lead));
    of_money
        .chain(offer.to)
        .chain(offer.framework.as_ref().map(|framework| framework.ends))
        .chain(in_time.filter(|last| *last >= day))
        .min()
}

#[cfg(test)]
mod tests;
