//! Payments. The amount paid is disbursed. A lot that is paid in part waits for the rest. The last
//! payment closes it and returns money that was bound beyond it. A part may be paid in advance. If
//! the seller pays something back, that is a payment below zero. A payment that takes more from an
//! envelope than was bound is still a fact, and is recorded as an overrun.

use chrono::NaiveDate;
use waybill_shared::domain::document::PaymentLine;
use waybill_shared::domain::funding::{Share, ShareState};
use waybill_shared::domain::instalment::{self, bound, disbursed};
use waybill_shared::domain::kinds::{LotEvent, ReasonCode};
use waybill_shared::domain::lot::{Awaited, Lot, LotState};
use waybill_shared::domain::money::Money;
use waybill_shared::domain::order::Order;
use waybill_shared::domain::rows::WrongRow;
use waybill_shared::domain::transition::StepResult;
use waybill_shared::incidents::{self, OVERRUN};
use waybill_shared::store::{ChangeSet, LotChange};

use super::rows::{Named, Stage, wrong};
use super::{Desk, Refusal};
use crate::wanted;

/// What a payment has to report in addition to the changed lots.
#[derive(Default)]
struct Notes {
    overruns: Vec<String>,
    late: Vec<String>,
}

fn refuse(why: impl Into<String>) -> Refusal {
    Refusal::DoesNotApply(why.into())
}

impl Desk<'_> {
    pub(super) async fn payment(
        &self,
        number: &str,
        date: NaiveDate,
        named: &Named<PaymentLine>,
    ) -> Result<ChangeSet, Refusal> {
        let order = self.order(number).await?.order;
        self.only(&order.channel)?;
        self.on_a_day(&order, date)?;
        wrong(in_its_currency(&order, named))?;
        wrong(of_nothing(named))?;
        let mut change_set = self.change_set();
        change_set.is_outside_fact = true;
        let mut notes = Notes::default();
        for line in &named.rows {
            let Some(lot) = named.lots.iter().find(|lot| lot.id == line.lot) else { continue };
            let change = if line.amount.minor < 0 {
                self.refunded(lot.clone(), line.amount)?
            } else {
                self.paid(&order, lot.clone(), line, date, &mut notes)?
            };
            change_set.lots.push(change);
        }
        if change_set.lots.is_empty() {
            return Err(refuse(format!("`{number}` has nothing to pay")));
        }
        if !notes.overruns.is_empty() {
            let cause = format!("more was paid under {number} than was bound");
            let id = format!("{OVERRUN}{number}");
            let store = &*self.engine.store;
            change_set.records.push(incidents::opened(store, &id, &cause, notes.overruns).await?);
        }
        if !notes.late.is_empty() {
            let cause = format!("money was paid under {number} after its last day for payment");
            let id = format!("late_payment:{number}");
            let store = &*self.engine.store;
            change_set.records.push(incidents::opened(store, &id, &cause, notes.late).await?);
        }
        change_set.jobs.push(wanted::round(self.engine));
        Ok(change_set)
    }

    /// Refuses payments dated in the future or before the order was drawn up.
    fn on_a_day(&self, order: &Order, date: NaiveDate) -> Result<(), Refusal> {
        // The payer's day may already have begun, so the later of the coalition's day and the UTC
        // day counts as today.
        let today = self.engine.today(self.coalition).max(self.engine.clock.now().date_naive());
        if date > today {
            return Err(refuse(format!("{date} is in the future: today is {today}")));
        }
        let zone = self.coalition.zone();
        let drawn_up = order.created.with_timezone(&zone).date_naive();
        let drawn_up = drawn_up.min(order.created.date_naive());
        if date < drawn_up {
            let number = &order.number;
            return Err(refuse(format!(
                "{date} is too early: `{number}` was drawn up on {drawn_up}"
            )));
        }
        Ok(())
    }

    /// Applies a payment for a lot that was received, or an advance.
    fn paid(
        &self,
        order: &Order,
        lot: Lot,
        paid: &PaymentLine,
        date: NaiveDate,
        notes: &mut Notes,
    ) -> Result<LotChange, Refusal> {
        let due = bound(&lot);
        let refused = || {
            let state = lot.state().name();
            refuse(format!("{} cannot be paid: it is {state}", lot.id))
        };
        let delivery = || Awaited::Delivery { order: order.number.clone() };
        let awaits = match (Stage::of(&lot), lot.state().awaits()) {
            _ if lot.funding.is_empty() => return Err(refused()),
            (Stage::ToCome, awaits) => awaits.cloned().unwrap_or_else(delivery),
            (Stage::Received, Some(awaits)) => awaits.clone(),
            (Stage::Received, None) | (Stage::Early, _) => return Err(refused()),
        };
        let is_received = matches!(awaits, Awaited::Payment { .. });
        if !is_received {
            self.may_be_advanced(&lot, paid)?;
        }
        let is_settled = is_received && (paid.is_final || paid.amount.minor >= due);
        let mut after = lot.clone();
        let rate_of = |currency| self.coalition.last_rate(currency, date).map(|dated| dated.rate);
        let over = instalment::disburse(&mut after, paid.amount, is_settled, &rate_of)
            .map_err(|error| refuse(error.to_string()))?;
        let over: Vec<String> = over.iter().map(|(id, more)| format!("{id} {more}")).collect();
        notes.late.extend(self.too_late(&lot, date));
        let (id, amount) = (lot.id, paid.amount);
        let rest = Money::new(due - amount.minor, amount.currency);
        if !over.is_empty() {
            after.because(
                ReasonCode::Overrun,
                format!("paid more than was bound: {}", over.join(", ")),
            );
            notes.overruns.push(format!("{id}: {}", over.join(", ")));
        } else if is_settled {
            after.without_reason();
        } else if is_received {
            after.because(ReasonCode::PartPaid, format!("{amount} paid, {rest} to come"));
        }
        let (result, kind) = match awaits {
            _ if is_settled => (StepResult::Done, LotEvent::Paid),
            Awaited::Payment { .. } => {
                let awaits = Awaited::Payment { order: order.number.clone() };
                (StepResult::Wait { awaits, until: None }, LotEvent::PartPaid)
            }
            awaits => (StepResult::Wait { awaits, until: None }, LotEvent::AdvancePaid),
        };
        self.change(lot, after, result, kind)
    }

    /// Refuses payments for goods that have not come, except advances within the limit.
    fn may_be_advanced(&self, lot: &Lot, paid: &PaymentLine) -> Result<(), Refusal> {
        let per_mille = i64::from(self.engine.pipeline_of(lot)?.issue_order.advance_per_mille);
        let was = disbursed(lot);
        let whole = Money::new(was + bound(lot), paid.amount.currency);
        let most = whole.scaled(per_mille, 1000).map_err(|error| refuse(error.to_string()))?;
        let all = was.saturating_add(paid.amount.minor);
        if paid.is_final || all > most.minor {
            return Err(refuse(format!(
                "before {} is received, at most {most} of it may be paid in advance, and not as \
                 a final payment",
                lot.id
            )));
        }
        Ok(())
    }

    /// The envelopes whose last day for payments has passed, as a text.
    fn too_late(&self, lot: &Lot, date: NaiveDate) -> Option<String> {
        let is_late = |share: &&Share| {
            let given = self.coalition.contributions.get(&share.envelope);
            let last = given.and_then(|given| given.pay_by);
            share.state == ShareState::Obligated && last.is_some_and(|last| last < date)
        };
        let late: Vec<&str> =
            lot.funding.iter().filter(is_late).map(|share| share.envelope.as_str()).collect();
        (!late.is_empty()).then(|| format!("{}: {} on {date}", lot.id, late.join(", ")))
    }

    /// Applies a refund. While the lot is under way, the money is bound again. Once the lot has
    /// ended, it returns to the donors.
    fn refunded(&self, lot: Lot, amount: Money) -> Result<LotChange, Refusal> {
        let back = Money::new(amount.minor.saturating_neg(), amount.currency);
        let is_open = !matches!(lot.state(), LotState::Closed(_));
        let mut after = lot.clone();
        instalment::refund(&mut after, back, is_open).map_err(|error| refuse(error.to_string()))?;
        after.because(ReasonCode::Refunded, format!("{back} was refunded"));
        // The lot stays in its state.
        Ok(LotChange::new(lot, after, LotEvent::Refunded))
    }
}

/// Errors for rows that neither pay nor settle anything.
fn of_nothing(named: &Named<PaymentLine>) -> Vec<WrongRow> {
    let is_nothing = |line: &&PaymentLine| line.amount.minor == 0 && !line.is_final;
    let wrong = |line: &PaymentLine| {
        let hint = "leave the row out, or mark it final if nothing more will be paid";
        named.wrong(line.lot, "amount", &line.amount, "the amount is 0", hint)
    };
    named.rows.iter().filter(is_nothing).map(wrong).collect()
}

/// Errors for rows in another currency than the order's.
fn in_its_currency(order: &Order, named: &Named<PaymentLine>) -> Vec<WrongRow> {
    let currency = order.currency.map(|c| c.to_string()).unwrap_or_default();
    let detail = format!("`{}` is to be paid in {currency}", order.number);
    let hint = format!("give the amount in {currency} that the bank charged");
    let is_other = |line: &&PaymentLine| Some(line.amount.currency) != order.currency;
    let others = named.rows.iter().filter(is_other);
    others.map(|line| named.wrong(line.lot, "amount", &line.amount, &detail, &hint)).collect()
}
