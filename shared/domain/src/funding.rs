//! The money of a lot: shares of envelopes, and how a change of shares moves the ledger.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::lot::Lot;
use super::money::{Money, Rate};

/// The state of a share of money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ShareState {
    /// Set aside, but a donor still has to consent.
    Proposed,
    /// Set aside, and no consent is missing.
    Agreed,
    /// Bound by an order ("contracted").
    Obligated,
    /// Paid.
    Disbursed,
}

/// An amount of an envelope that is set aside for a lot: the allocation and its state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    pub envelope: String,
    /// The amount that the envelope pays, in the envelope's currency.
    pub amount: Money,
    /// The part of the lot's cost that this pays, in the lot's currency.
    pub covers: Money,
    /// Units of the envelope's currency for one EUR: the rate of the day on which the money was set aside or, once
    /// it is paid, of the day of the payment.
    pub rate: Rate,
    pub state: ShareState,
    /// Only for paid shares: units of the currency of `covers` for one EUR on the day of the payment. `None` also
    /// for shares that were paid by versions that did not store it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub covers_rate: Option<Rate>,
    /// The donors who were asked for it and agreed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub consents: Vec<String>,
}

/// Adds `share` to `funding`. If there is already a share of the same envelope with the same state and rates, the
/// two become one.
pub fn add(funding: &mut Vec<Share>, share: Share) {
    let of = |share: &Share| (share.state, share.rate, share.covers_rate);
    let known = funding
        .iter_mut()
        .find(|known| known.envelope == share.envelope && of(known) == of(&share));
    match known {
        Some(known) => {
            known.amount.minor += share.amount.minor;
            known.covers.minor += share.covers.minor;
            known.consents.extend(share.consents);
            known.consents.sort_unstable();
            known.consents.dedup();
        }
        None => funding.push(share),
    }
}

/// Splits a part off `funding`, by the weights of the part and of the rest. The covered sum is rounded only once,
/// however many shares there are. Of equal remainders, those of paid shares come first.
pub(super) fn split(funding: &mut [Share], weights: &[u64; 2]) -> Vec<Share> {
    let Some(first) = funding.first() else { return Vec::new() };
    let whole = funding.iter().map(|share| share.covers.minor).sum();
    let whole = Money::new(whole, first.covers.currency).shares(weights)[0];
    let mut order: Vec<usize> = (0..funding.len()).collect();
    order.sort_by_key(|at| funding[*at].state != ShareState::Disbursed);
    let covers = |at: &usize| funding[*at].covers.minor.unsigned_abs();
    let covers: Vec<u64> = order.iter().map(covers).collect();
    let mut parts = funding.to_vec();
    for (at, covers) in order.into_iter().zip(whole.shares(&covers)) {
        let (kept, moved) = (&mut funding[at], &mut parts[at]);
        kept.covers.minor -= covers.minor;
        moved.covers = covers;
        let of_covers = [covers.minor.unsigned_abs(), kept.covers.minor.unsigned_abs()];
        let amounts = kept.amount.shares(&of_covers);
        (moved.amount, kept.amount) = (amounts[0], amounts[1]);
    }
    parts
}

/// What a change moves within one envelope, in minor units of its currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Movement {
    /// Set aside: proposed or agreed.
    pub allocated: i64,
    /// Bound by orders.
    pub obligated: i64,
    pub disbursed: i64,
}

impl Movement {
    #[must_use]
    pub fn is_zero(self) -> bool {
        self == Self::default()
    }

    fn add(&mut self, state: ShareState, minor: i64) {
        match state {
            ShareState::Proposed | ShareState::Agreed => self.allocated += minor,
            ShareState::Obligated => self.obligated += minor,
            ShareState::Disbursed => self.disbursed += minor,
        }
    }
}

/// Adds to `totals` what moves in each envelope when `after` replaces `before`.
///
/// The ledger's columns are the sum of these movements over all changes. So they equal the sum of the lots' shares
/// at every commit.
pub fn movements(before: Option<&Lot>, after: &Lot, totals: &mut BTreeMap<String, Movement>) {
    let mut add = |lot: &Lot, sign: i64| {
        for share in &lot.funding {
            let entry = totals.entry(share.envelope.clone()).or_default();
            entry.add(share.state, sign * share.amount.minor);
        }
    };
    if let Some(before) = before {
        add(before, -1);
    }
    add(after, 1);
}
