//! The money a lot carries: shares of envelopes, and how a change of them moves the ledger.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::lot::Lot;
use super::money::{Money, Rate};

/// How far a share has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ShareState {
    /// Set aside until the donor's consent rule is met.
    Proposed,
    /// Set aside.
    Agreed,
    /// Bound by an order ("contracted").
    Obligated,
    /// Paid.
    Disbursed,
}

/// An amount of an envelope set aside for a lot: an allocation and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// The envelope.
    pub envelope: String,
    /// What it costs the envelope, in the envelope's currency.
    pub amount: Money,
    /// What it pays of the lot's cost, in the lot's currency.
    pub covers: Money,
    /// Units of the envelope's currency for one EUR, frozen when it was set aside.
    pub rate: Rate,
    /// How far it has come.
    pub state: ShareState,
    /// Of what is paid: units of the currency of `covers` for one EUR on the day of the payment. Shares paid
    /// by versions that did not keep it have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub covers_rate: Option<Rate>,
    /// The donors who were asked for it and agreed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub consents: Vec<String>,
}

/// Adds `share` to `funding`: to the share of the same envelope that has come as far at the same rates, if there
/// is one.
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

/// Splits a part off `funding` by the weights of the part and of what stays. The sum of what is covered is
/// rounded once, however many shares there are, and what is paid is dealt first.
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
    /// Set aside, proposed and agreed.
    pub allocated: i64,
    /// Bound by orders.
    pub obligated: i64,
    /// Paid.
    pub disbursed: i64,
}

impl Movement {
    /// Whether nothing moves.
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

/// Adds to `totals` what replacing `before` by `after` moves in each envelope.
///
/// The ledger's columns are the sum of these over all changes, so they equal the sum of the lots'
/// shares at every commit.
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
