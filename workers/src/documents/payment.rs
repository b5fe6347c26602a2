//! Payments: what was paid disburses. A lot that is paid in part waits for the rest; the last payment
//! closes it, and what was bound beyond it returns. A payment that takes more from an envelope than
//! was bound is a fact all the same, recorded as an overrun.

use chrono::NaiveDate;
use waybill_shared::act::Incident;
use waybill_shared::domain::document::PaymentLine;
use waybill_shared::domain::funding::{Share, ShareState};
use waybill_shared::domain::lot::{Awaited, Lot, LotState, Outcome};
use waybill_shared::domain::money::{Currency, Money, Rounding};
use waybill_shared::domain::transition::StepResult;
use waybill_shared::store::{RecordChange, Unit};

use super::{Desk, Refusal};
use crate::acts::round;
use crate::steps::confirm_delivery;

impl Desk<'_> {
    pub(super) async fn payment(
        &self,
        number: &str,
        date: NaiveDate,
        lines: &[PaymentLine],
    ) -> Result<Unit, Refusal> {
        let order = self.order(number).await?.order;
        self.only(&order.channel)?;
        let is_wrong = |line: &&PaymentLine| {
            line.amount.minor < 0 || Some(line.amount.currency) != order.currency
        };
        if let Some(line) = lines.iter().find(is_wrong) {
            let currency = order.currency.map(|c| c.to_string()).unwrap_or_default();
            let text = format!(
                "{} for {}: `{number}` is paid in {currency}, from zero",
                line.amount, line.lot
            );
            return Err(Refusal::DoesNotApply(text));
        }
        let mut unit = self.unit();
        unit.is_outside_fact = true;
        let mut overruns = Vec::new();
        let ids = lines.iter().map(|line| line.lot);
        for lot in self.lots_under(&order, ids, confirm_delivery::NAME).await? {
            let Some(paid) = lines.iter().find(|line| line.lot == lot.id) else { continue };
            if !matches!(lot.state, LotState::Waiting { awaits: Awaited::Payment { .. }, .. }) {
                let text = format!("{} is not to be paid before it is received", lot.id);
                return Err(Refusal::DoesNotApply(text));
            }
            let mut after = lot.clone();
            let due = bound(&after);
            let is_settled = paid.is_final || paid.amount.minor >= due;
            let over = self.disburse(&mut after, paid.amount, is_settled, date)?;
            if !over.is_empty() {
                after.because("overrun", format!("paid more than was bound: {}", over.join(", ")));
                overruns.push(format!("{}: {}", lot.id, over.join(", ")));
            } else if is_settled {
                after.because("", "");
            } else {
                let rest = Money::new(due - paid.amount.minor, paid.amount.currency);
                after.because("part_paid", format!("{} paid, {rest} to come", paid.amount));
            }
            let (result, kind) = if is_settled {
                (StepResult::Close(Outcome::Delivered), "lot.paid")
            } else {
                let awaits = Awaited::Payment { order: number.to_owned() };
                (StepResult::Wait { awaits, until: None }, "lot.part_paid")
            };
            unit.lots.push(self.change(lot, after, result, kind)?);
        }
        if unit.lots.is_empty() {
            return Err(Refusal::DoesNotApply(format!("nothing of `{number}` is to be paid")));
        }
        if !overruns.is_empty() {
            unit.records.push(self.overrun(number, overruns).await?);
        }
        unit.jobs.push(round::wanted(self.engine));
        Ok(unit)
    }

    /// One incident an order, which grows.
    async fn overrun(&self, number: &str, lots: Vec<String>) -> Result<RecordChange, Refusal> {
        let id = format!("overrun:{number}");
        let found = self.engine.store.record("incident", &id).await?;
        let cause = format!("more was paid under {number} than was bound");
        let mut incident = Incident { cause, subjects: Vec::new(), job: None, closed: None };
        let invalid = |error: serde_json::Error| Refusal::DoesNotApply(error.to_string());
        if let Some(record) = &found {
            incident = serde_json::from_str(&record.body).map_err(invalid)?;
        }
        incident.subjects.extend(lots);
        // What was closed stands open again.
        incident.closed = None;
        let body = serde_json::to_string(&incident).map_err(invalid)?;
        let (expected, event) = match found {
            None => (0, "incident.opened"),
            Some(record) => (record.version, "incident.grew"),
        };
        Ok(RecordChange { kind: "incident", id, expected, body, event })
    }

    /// Pays `amount` out of what is bound for the lot, at the rates of the day, by each donor's part;
    /// says what it took above what was bound. `is_settled`: nothing stays bound.
    fn disburse(
        &self,
        lot: &mut Lot,
        amount: Money,
        is_settled: bool,
        date: NaiveDate,
    ) -> Result<Vec<String>, Refusal> {
        let (bound, mut funding): (Vec<Share>, Vec<Share>) =
            lot.funding.drain(..).partition(|share| share.state == ShareState::Obligated);
        let weights: Vec<u64> =
            bound.iter().map(|share| share.covers.minor.unsigned_abs()).collect();
        let mut over = Vec::new();
        for (share, part) in bound.into_iter().zip(amount.shares(&weights)) {
            let currency: Currency = share.amount.currency;
            let converted = self
                .coalition
                .convert(part, currency, date, Rounding::Up)
                .map_err(|error| Refusal::DoesNotApply(error.to_string()))?;
            let paid = converted.ok_or_else(|| {
                Refusal::DoesNotApply(format!("{part} has no rate to {currency} on {date}"))
            })?;
            let rest = if is_settled { 0 } else { share.covers.minor - part.minor };
            let was = if is_settled {
                vec![share.amount, Money::new(0, currency)]
            } else {
                share.amount.shares(&[part.minor.unsigned_abs(), rest.unsigned_abs()])
            };
            if paid.minor > was[0].minor {
                let more = Money::new(paid.minor - was[0].minor, currency);
                over.push(format!("{} {more}", share.envelope));
            }
            let rate = self.coalition.rate(currency, date).map_or(share.rate, |dated| dated.rate);
            let is_paid = |known: &&mut Share| {
                known.envelope == share.envelope && known.state == ShareState::Disbursed
            };
            match funding.iter_mut().find(is_paid) {
                Some(known) => {
                    known.amount.minor += paid.minor;
                    known.covers.minor += part.minor;
                    known.rate = rate;
                }
                // A payment of nothing pays no part.
                None if part.minor == 0 && !is_settled => {}
                None => funding.push(Share {
                    covers: part,
                    amount: paid,
                    rate,
                    state: ShareState::Disbursed,
                    ..share.clone()
                }),
            }
            if rest > 0 {
                let covers = Money::new(rest, share.covers.currency);
                funding.push(Share { covers, amount: was[1], ..share });
            }
        }
        lot.funding = funding;
        Ok(over)
    }
}

/// What is bound for the lot and not paid yet, in minor units of the order's currency.
fn bound(lot: &Lot) -> i64 {
    let bound = lot.funding.iter().filter(|share| share.state == ShareState::Obligated);
    bound.map(|share| share.covers.minor).sum()
}
