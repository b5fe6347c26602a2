//! I12: an order line costs its goods and charges, its lots carry their part of that cost, the amounts paid for a line
//! are those of its documents, and instalments debit what one payment would.

use std::collections::{BTreeMap, HashMap};

use super::Check;
use crate::domain::funding::{Share, ShareState};
use crate::domain::ids::{LineId, LotId};
use crate::domain::instalment::{bound, disbursed};
use crate::domain::lot::{Lot, LotState};
use crate::domain::money::{Currency, Money, Rate, Rounding, convert};
use crate::domain::order::{Order, OrderLine};
use crate::domain::quantity::Quantity;

/// Line, envelope and the two rates that instalments have in common.
type Instalments = (LineId, String, String, String);

/// State from all lots: the money that orders bind for them.
#[derive(Default)]
pub(super) struct Paid {
    /// The amount paid for each line, in minor units of its order's currency.
    lines: HashMap<LineId, i64>,
    /// The sum of what instalments cover and debit, and the number of shares.
    instalments: BTreeMap<Instalments, (Share, i64)>,
    /// Open lots, by order: the lot, the lot whose order line it travels under, the bought quantity, and the amount
    /// bound and paid.
    open: BTreeMap<String, Vec<(LotId, LotId, Quantity, i64)>>,
    /// The number of lots into which a line was split.
    parts: HashMap<LineId, i64>,
    wrong: Vec<(String, String)>,
}

impl Paid {
    pub(super) fn take(&mut self, lot: &Lot) {
        let line = lot.line();
        if lot.id.part() > 0 {
            let parts = self.parts.entry(line).or_default();
            *parts = (*parts).max(lot.id.part());
        }
        let paid = disbursed(lot);
        if paid != 0 {
            *self.lines.entry(line).or_default() += paid;
        }
        for share in lot.funding.iter().filter(|share| share.state == ShareState::Disbursed) {
            self.instalment(lot, share);
        }
        let is_open = !matches!(lot.state(), LotState::Closed(_));
        // Goods beyond the ordered quantity are paid separately from the order's lines.
        if let Some(order) = lot.order.as_ref().filter(|_| is_open && lot.oversupply.is_zero())
            && !lot.funding.is_empty()
        {
            let covers = bound(lot) + paid;
            self.open.entry(order.clone()).or_default().push((
                lot.id,
                lot.order_line(),
                lot.bought(),
                covers,
            ));
        }
    }

    fn instalment(&mut self, lot: &Lot, share: &Share) {
        if share.covers.currency == share.amount.currency {
            if share.covers != share.amount {
                let (covers, amount) = (share.covers, share.amount);
                let detail = format!("{} paid {amount} for {covers}", share.envelope);
                self.wrong.push((lot.id.to_string(), detail));
            }
            return;
        }
        // Payments of versions that did not store the rates are checked from the log.
        let Some(covers_rate) = share.covers_rate else { return };
        let rates = (share.rate.to_string(), covers_rate.to_string());
        let key = (lot.line(), share.envelope.clone(), rates.0, rates.1);
        match self.instalments.get_mut(&key) {
            Some((sum, shares)) => {
                sum.covers.minor += share.covers.minor;
                sum.amount.minor += share.amount.minor;
                *shares += 1;
            }
            None => drop(self.instalments.insert(key, (share.clone(), 1))),
        }
    }

    /// Checks that an order line costs its goods and charges, and that its open lots carry their part of that.
    pub(super) fn order(&self, check: &mut Check, order: &Order) {
        if order.in_kind.is_some() {
            return;
        }
        for line in &order.lines {
            let Ok(goods) = line.goods(line.unit_price) else { continue };
            // Each split of the line may have rounded once.
            let slack = 1 + self.parts.get(&line.lot.line()).copied().unwrap_or_default();
            let known = goods.minor + line.charged().minor;
            let more = line.amount.minor - known;
            // Orders of versions that did not store charges may have had some.
            let is_wrong = if line.charges.is_empty() { more < -slack } else { more.abs() > slack };
            if is_wrong {
                let (amount, price, number) = (line.amount, line.unit_price, &order.number);
                let detail = format!(
                    "costs {amount} under {number}, but {} at {price} and {} of charges make {}",
                    line.quantity,
                    line.charged(),
                    Money::new(known, amount.currency)
                );
                check.fails("I12", line.lot, detail);
            }
        }
        for (lot, line, bought, covers) in self.open.get(&order.number).into_iter().flatten() {
            let Some(line) = order.line(*line) else { continue };
            let slack = 1 + self.parts.get(&lot.line()).copied().unwrap_or_default();
            let due = part(line, *bought, line.quantity);
            // In versions that did not store how a surplus is divided, the line's lots carried all of it.
            let wanted = line.quantity.less(line.surplus);
            let whole = part(line, *bought, wanted);
            if (covers - due).abs() > slack && (covers - whole).abs() > slack {
                let currency = line.amount.currency;
                let (has, due) = (Money::new(*covers, currency), Money::new(due, currency));
                let number = &order.number;
                let detail = format!("has {has} bound and paid, but costs {due} under {number}");
                check.fails("I12", lot, detail);
            }
        }
    }

    /// Checks that the amounts paid for a line's lots are those of its documents, and that instalments do not debit
    /// more.
    pub(super) fn report(self, check: &mut Check, told: &PaymentHistory) {
        for (subject, detail) in self.wrong {
            check.fails("I12", subject, detail);
        }
        let mut lines = self.lines;
        for (line, said) in &told.lines {
            let paid = lines.remove(line).unwrap_or_default();
            if paid != *said {
                let detail = format!(
                    "{said} minor units were paid by its documents, but its lots record {paid}"
                );
                check.fails("I12", line, detail);
            }
        }
        for (line, paid) in lines {
            check.fails(
                "I12",
                line,
                format!("no document reports the {paid} minor units that were paid"),
            );
        }
        for ((line, envelope, _, _), (sum, shares)) in self.instalments {
            let Some(covers_rate) = sum.covers_rate else { continue };
            let whole = whole(sum.covers, covers_rate, sum.amount.currency, sum.rate);
            // Each lot into which the line was split may have rounded once.
            if whole.is_none_or(|whole| (sum.amount.minor - whole).abs() >= shares) {
                debited(check, &line, &envelope, sum.amount, whole);
            }
        }
        told.before(check);
    }
}

/// The cost of the quantity `bought`, if the order line's cost is for the quantity `whole`.
fn part(line: &OrderLine, bought: Quantity, whole: Quantity) -> i64 {
    let whole = i128::from(whole.0.max(1));
    let due = (i128::from(line.amount.minor) * i128::from(bought.0) * 2 + whole) / (2 * whole);
    i64::try_from(due).unwrap_or(i64::MAX)
}

fn whole(covers: Money, covers_rate: Rate, currency: Currency, rate: Rate) -> Option<i64> {
    convert(covers, covers_rate, currency, rate, Rounding::Up).ok().map(|whole| whole.minor)
}

fn debited(
    check: &mut Check,
    subject: &impl ToString,
    envelope: &str,
    amount: Money,
    whole: Option<i64>,
) {
    let whole = Money::new(whole.unwrap_or_default(), amount.currency);
    let detail = format!(
        "instalments debit {envelope} by {amount}, but a single payment would debit {whole}"
    );
    check.fails("I12", subject.to_string(), detail);
}

/// State from documents and from replaying the log: payments.
#[derive(Default)]
pub(super) struct PaymentHistory {
    lines: HashMap<LineId, i64>,
    /// Amounts covered and debited so far, for shares of versions that did not store the rates of the day.
    known: HashMap<(LotId, String), (i64, i64)>,
    /// The same by rate.
    rates: BTreeMap<(LotId, String), OfRates>,
}

/// Amounts by rate, in minor units covered; and the total that they debit.
type OfRates = (BTreeMap<String, (Rate, i64)>, Money);

impl PaymentHistory {
    /// Records a row of a payment.
    pub(super) fn row(&mut self, lot: LotId, minor: i64) {
        *self.lines.entry(lot.line()).or_default() += minor;
    }

    /// Records a lot's shares after a payment.
    pub(super) fn hear(&mut self, lot: LotId, funding: &[Share]) {
        for share in funding {
            let is_old = share.state == ShareState::Disbursed && share.covers_rate.is_none();
            let is_known = share.covers.currency == Currency::EUR;
            if !is_old || !is_known || share.amount.currency == Currency::EUR {
                continue;
            }
            let key = (lot, share.envelope.clone());
            let now = (share.covers.minor, share.amount.minor);
            let before = self.known.insert(key.clone(), now).unwrap_or_default();
            let by = now.0 - before.0;
            let (rates, amount) =
                self.rates.entry(key).or_insert_with(|| (BTreeMap::new(), share.amount));
            *amount = share.amount;
            let rate = rates.entry(share.rate.to_string()).or_insert((share.rate, 0));
            rate.1 += by;
        }
    }

    fn before(&self, check: &mut Check) {
        for ((lot, envelope), (rates, amount)) in &self.rates {
            let whole = rates.values().try_fold(0, |sum, (rate, covers)| {
                let covers = Money::new(*covers, Currency::EUR);
                Some(sum + whole(covers, Rate::ONE, amount.currency, *rate)?)
            });
            if whole.is_none_or(|whole| amount.minor > whole) {
                debited(check, lot, envelope, *amount, whole);
            }
        }
    }
}
