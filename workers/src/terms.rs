//! Terms that a supplier changed after it got an order: what they cost, and who would pay the
//! difference.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use waybill_shared::domain::coalition::Coalition;
use waybill_shared::domain::funding::{self, Share, ShareState};
use waybill_shared::domain::ids::LotId;
use waybill_shared::domain::kinds::{LotEvent, ReasonCode};
use waybill_shared::domain::lot::{Awaited, Lot};
use waybill_shared::domain::money::Money;
use waybill_shared::domain::order::{LineShare, Order, OrderLine};
use waybill_shared::domain::pipeline::MatchPolicy;
use waybill_shared::domain::price::Price;
use waybill_shared::domain::requisition::Line;
use waybill_shared::domain::supplier::Offer;
use waybill_shared::domain::transition::{StepResult, TransitionError};
use waybill_shared::engine::Engine;
use waybill_shared::matching::binding::may_pay;
use waybill_shared::matching::{Answer, Funds, Round, needs_consent, solve};
use waybill_shared::store::{EnvelopeRow, LotChange, StoreError};

use crate::funding::{beyond, covered, fit, spread};
use crate::step::Progress;

/// Where the money for a difference comes from.
pub(crate) struct Purse<'a> {
    pub(crate) coalition: &'a Coalition,
    pub(crate) day: NaiveDate,
    pub(crate) policy: &'a MatchPolicy,
    pub(crate) tolerance_per_mille: i64,
    /// The envelopes. Their amounts are updated as money is taken.
    pub(crate) envelopes: &'a mut BTreeMap<String, EnvelopeRow>,
}

/// What a line of `order` costs at `price`, including the charges of its buying agent.
///
/// # Errors
/// A text for people that says what cannot be computed.
pub fn cost(
    coalition: &Coalition,
    order: &Order,
    line: &OrderLine,
    price: Price,
) -> Result<Money, String> {
    let cost = line.goods(price).and_then(|goods| coalition.with_charges(&order.channel, goods));
    cost.map_err(|error| error.to_string())
}

impl Purse<'_> {
    /// Accepts a price that needs no decision. It must be within the tolerance of the ordered
    /// price, and the donors that already pay must be able to cover it without being asked again.
    ///
    /// # Errors
    /// A text for people that says why somebody has to decide.
    pub(crate) fn accept(
        &mut self,
        order: &Order,
        line: &OrderLine,
        (lot, requested): (&mut Lot, &Line),
        price: Price,
    ) -> Result<(), String> {
        // Always compare with the price that was first ordered, so that tolerances do not add up
        // over several changes.
        let offered = self.coalition.offers.get(&line.offer).map(|offer| offer.unit_price);
        let ordered = line.ordered_at.or(offered).unwrap_or(line.unit_price);
        if price.currency != line.unit_price.currency {
            return Err(format!("{price} a unit is not in the currency of the order"));
        }
        if price.is_beyond(ordered, self.tolerance_per_mille) {
            let many = (ordered.for_all(price), price.for_all(ordered));
            let beyond = beyond(many.0, many.1, self.tolerance_per_mille);
            return Err(format!("{price} a unit is {beyond} the {ordered} ordered"));
        }
        let cost = cost(self.coalition, order, line, price)?;
        let (coalition, day, tolerance) = (self.coalition, self.day, self.tolerance_per_mille);
        let payer = lot.clone();
        let may_become = |share: &Share, amount: Money| {
            let is_raised = is_beyond(share.amount, amount, tolerance);
            let is_asked = is_raised && needs_consent(coalition, &share.envelope, amount);
            !is_asked && may_pay(coalition, &payer, requested, &share.envelope, day).is_ok()
        };
        fit(lot, cost, tolerance, self.envelopes, &may_become)
    }

    /// The additional shares that `lot` needs at `price`: first from the donors that already pay,
    /// then from others. Shares whose donors have to agree first are `Proposed`.
    ///
    /// # Errors
    /// A text for people that says why it cannot be paid.
    pub(crate) fn raise(
        &mut self,
        order: &Order,
        line: &OrderLine,
        (lot, requested): (&Lot, &Line),
        price: Price,
    ) -> Result<Vec<Share>, String> {
        let has = covered(lot).ok_or("no order binds money for it")?;
        if price.currency != has.currency {
            let currency = has.currency;
            return Err(format!("{price} cannot be paid under an order in {currency}"));
        }
        let cost = cost(self.coalition, order, line, price)?;
        let (coalition, day) = (self.coalition, self.day);
        let may_become = |share: &Share, _: Money| {
            may_pay(coalition, lot, requested, &share.envelope, day).is_ok()
        };
        let (raised, missing) = spread(lot, cost, self.envelopes, &may_become)?;
        let mut more = Vec::new();
        for (old, new) in lot.funding.iter().zip(raised) {
            let is_asked = is_beyond(old.amount, new.amount, self.tolerance_per_mille)
                && needs_consent(coalition, &old.envelope, new.amount);
            let amount = Money::new(new.amount.minor - old.amount.minor, new.amount.currency);
            let covers = Money::new(new.covers.minor - old.covers.minor, new.covers.currency);
            if covers.minor != 0 || amount.minor != 0 {
                let consents = if is_asked { Vec::new() } else { new.consents.clone() };
                more.push(Share { amount, covers, state: state(is_asked), consents, ..new });
            }
        }
        self.take(&more);
        if missing.minor > 0 {
            let others = self.others(order, (lot, requested), missing)?;
            self.take(&others);
            more.extend(others);
        }
        Ok(more)
    }

    /// Other donors that pay what is missing, found in the same way as in a round.
    fn others(
        &self,
        order: &Order,
        (lot, requested): (&Lot, &Line),
        missing: Money,
    ) -> Result<Vec<Share>, String> {
        let mut funds = Funds::default();
        for (id, row) in self.envelopes.iter() {
            funds.available.insert(id.clone(), row.available());
            let spent = row.allocated.saturating_add(row.obligated).saturating_add(row.disbursed);
            funds.spent.insert(id.clone(), spent);
        }
        let nobody = || format!("no donor can give the missing {missing}");
        let asked = (order.channel.as_str(), missing);
        let lot = (lot, requested);
        let problem = Round::of_more(self.coalition, &funds, lot, asked, self.policy, self.day);
        let problem = problem.ok_or_else(nobody)?;
        let solution = solve(&problem).map_err(|error| error.to_string())?;
        let Some(Answer::Funded { part: None, payments }) = solution.answers.first() else {
            return Err(nobody());
        };
        Ok(payments
            .iter()
            .map(|payment| {
                let envelope = &problem.envelopes[payment.envelope];
                let is_asked = needs_consent(self.coalition, &envelope.id, payment.amount);
                Share {
                    envelope: envelope.id.clone(),
                    amount: payment.amount,
                    covers: payment.covers,
                    rate: envelope.rate,
                    state: state(is_asked),
                    covers_rate: None,
                    consents: Vec::new(),
                }
            })
            .collect())
    }

    fn take(&mut self, shares: &[Share]) {
        for share in shares {
            if let Some(row) = self.envelopes.get_mut(&share.envelope) {
                row.allocated += share.amount.minor;
            }
        }
    }
}

#[derive(Debug)]
pub struct Payable {
    pub lot: LotId,
    /// What each envelope would add, `Proposed` if its donors are asked first. The error is a text
    /// that says why it cannot be paid.
    pub payers: Result<Vec<Share>, String>,
}

/// Who could now pay the additional cost of the changed terms of `order`, line by line.
///
/// # Errors
/// [`StoreError`] if lots or money cannot be read.
pub async fn payable(
    engine: &Engine,
    coalition: &Coalition,
    order: &Order,
) -> Result<Vec<Payable>, StoreError> {
    let rows = engine.store.envelopes().await?;
    let mut envelopes: BTreeMap<String, EnvelopeRow> =
        rows.into_iter().map(|row| (row.id.clone(), row)).collect();
    let mut found = Vec::new();
    for line in &order.lines {
        let Some(terms) = &line.asked else { continue };
        let lots = engine.store.lots_by_id(&[line.lot.0]).await?;
        let lines = engine.lines_of(&lots).await?;
        let asked = |lot: &&Lot| !matches!(lot.state().awaits(), Some(Awaited::Consent { .. }));
        let Some(lot) = lots.first().filter(asked) else { continue };
        let Some(requested) = lines.get(&lot.line()) else { continue };
        let pipeline = engine.pipeline_of(lot)?;
        let mut purse = Purse {
            coalition,
            day: engine.today(coalition),
            policy: &pipeline.match_donor,
            tolerance_per_mille: pipeline.issue_order.tolerance_per_mille,
            envelopes: &mut envelopes,
        };
        let payers = purse.raise(order, line, (lot, requested), terms.unit_price);
        found.push(Payable { lot: lot.id, payers });
    }
    Ok(found)
}

fn state(is_asked: bool) -> ShareState {
    if is_asked { ShareState::Proposed } else { ShareState::Agreed }
}

/// Whether `now` exceeds `before` by more than the tolerance.
fn is_beyond(before: Money, now: Money, tolerance_per_mille: i64) -> bool {
    let most = i128::from(before.minor) * i128::from(1000 + tolerance_per_mille);
    i128::from(now.minor) * 1000 > most
}

/// Binds all money that is set aside for `lot`. Paid shares stay as they are.
pub(crate) fn bind(lot: &mut Lot) {
    for share in std::mem::take(&mut lot.funding) {
        let is_paid = share.state == ShareState::Disbursed;
        let state = if is_paid { ShareState::Disbursed } else { ShareState::Obligated };
        funding::add(&mut lot.funding, Share { state, ..share });
    }
}

/// Makes the terms that the supplier asked for the agreed terms of the line. `lot` already has the
/// money for them.
pub(crate) fn agree(line: &mut OrderLine, lot: &Lot) {
    let Some(terms) = line.asked.take() else { return };
    line.unit_price = terms.unit_price;
    line.due = terms.due;
    if let Some(covers) = covered(lot) {
        line.amount = covers;
    }
    line.recharge();
    line.shares.clear();
    for share in &lot.funding {
        match line.shares.iter_mut().find(|known| known.envelope == share.envelope) {
            Some(known) => known.covers.minor += share.covers.minor,
            None => line
                .shares
                .push(LineShare { envelope: share.envelope.clone(), covers: share.covers }),
        }
    }
}

/// Returns a lot to the decision on its terms, because the additional money is not given after all.
/// Its order stands.
///
/// # Errors
/// [`TransitionError`] if the lot has ended.
pub(crate) fn asked_anew(
    engine: &Engine,
    lot: Lot,
    code: ReasonCode,
    why: &str,
) -> Result<LotChange, TransitionError> {
    let mut after = lot.clone();
    after.keep_bound();
    after.because(code, why);
    let awaits = Awaited::Terms { order: lot.order.clone().unwrap_or_default() };
    let result = StepResult::Wait { awaits, until: None };
    engine.advance(lot, after, result, LotEvent::TermsChanged)
}

/// `offer` at the price that its supplier asks from `day` on, or `None` if that price is not higher
/// than the offered one.
pub(crate) fn answered(
    offer: &Offer,
    line: &OrderLine,
    price: Price,
    due: Option<NaiveDate>,
    day: NaiveDate,
) -> Option<Offer> {
    let offered = offer.unit_price;
    let is_dearer = price.currency != offered.currency || price.is_beyond(offered, 0);
    if line.priced().1 != offer.unit || !is_dearer {
        return None;
    }
    let days = due.and_then(|due| u32::try_from((due - day).num_days()).ok());
    let lead_days = days.unwrap_or(offer.lead_days);
    Some(Offer { unit_price: price, from: day, lead_days, ..offer.clone() })
}

/// Whether `lot` is on order and its donors were asked for more money. Such a lot is handled with
/// its order, whatever step it is at.
pub(crate) fn is_raise(lot: &Lot) -> bool {
    lot.order.is_some() && matches!(lot.state().awaits(), Some(Awaited::Consent { .. }))
}

/// For a lot whose donors were asked for more money and have not answered in time: its terms have
/// to be decided again.
pub(crate) fn not_raised(lot: Lot) -> Progress {
    let awaits = Awaited::Terms { order: lot.order.clone().unwrap_or_default() };
    let result = StepResult::Wait { awaits, until: None };
    let mut progress = Progress::new(lot, result, LotEvent::TermsChanged);
    progress.after.keep_bound();
    progress
        .after
        .because(ReasonCode::ConsentExpired, "its donors did not agree to its price in time");
    progress
}
