//! Payments: what was paid disburses; the rest of what was bound for it returns. A payment that
//! takes more from an envelope than was bound is a fact all the same, recorded as an overrun.

use chrono::NaiveDate;
use waybill_shared::act::Incident;
use waybill_shared::domain::document::PaymentLine;
use waybill_shared::domain::funding::ShareState;
use waybill_shared::domain::lot::{Lot, Outcome};
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
            let mut after = lot.clone();
            if let Some(over) = self.disburse(&mut after, paid.amount, date)? {
                overruns.push(over);
            }
            let result = StepResult::Close(Outcome::Delivered);
            unit.lots.push(self.change(lot, after, result, "lot.paid")?);
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
        let mut incident = Incident { cause, subjects: Vec::new() };
        let invalid = |error: serde_json::Error| Refusal::DoesNotApply(error.to_string());
        if let Some(record) = &found {
            incident = serde_json::from_str(&record.body).map_err(invalid)?;
        }
        incident.subjects.extend(lots);
        let body = serde_json::to_string(&incident).map_err(invalid)?;
        let (expected, event) = match found {
            None => (0, "incident.opened"),
            Some(record) => (record.version, "incident.grew"),
        };
        Ok(RecordChange { kind: "incident", id, expected, body, event })
    }

    /// Marks the lot's shares as paid, at the rates of the day; says what was paid above them.
    fn disburse(
        &self,
        lot: &mut Lot,
        amount: Money,
        date: NaiveDate,
    ) -> Result<Option<String>, Refusal> {
        let weights: Vec<u64> =
            lot.funding.iter().map(|share| share.covers.minor.unsigned_abs()).collect();
        let mut over = Vec::new();
        for (share, part) in lot.funding.iter_mut().zip(amount.shares(&weights)) {
            let currency: Currency = share.amount.currency;
            let converted = self
                .coalition
                .convert(part, currency, date, Rounding::Up)
                .map_err(|error| Refusal::DoesNotApply(error.to_string()))?;
            let paid = converted.ok_or_else(|| {
                Refusal::DoesNotApply(format!("{part} has no rate to {currency} on {date}"))
            })?;
            if paid.minor > share.amount.minor {
                let more = Money::new(paid.minor - share.amount.minor, currency);
                over.push(format!("{} {more}", share.envelope));
            }
            if let Some(rate) = self.coalition.rate(currency, date) {
                share.rate = rate.rate;
            }
            (share.covers, share.amount, share.state) = (part, paid, ShareState::Disbursed);
        }
        if over.is_empty() {
            lot.because("", "");
            return Ok(None);
        }
        let text = format!("{}: {}", lot.id, over.join(", "));
        lot.because("overrun", format!("paid more than was bound: {}", over.join(", ")));
        Ok(Some(text))
    }
}
