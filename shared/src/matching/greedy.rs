//! The greedy matcher: walks the lots by priority and gives each the money that lapses first.

use super::{Answer, Demand, Envelope, Payment, Rules, WhyNot};
use crate::domain::money::{Money, MoneyError, Rounding, convert};
use crate::domain::quantity::Quantity;

/// Answers each of `demands`, which come in priority order, out of `envelopes`, whose `available`
/// goes down by what is given.
///
/// Money that lapses soonest is used first, unrestricted money last; equals by id. No envelope
/// pays more than it has: capacities are rounded down, debits up, and both are exact in the minor
/// unit.
///
/// # Errors
/// [`MoneyError::Overflow`] if an amount does not fit into `i64`.
pub fn solve(
    envelopes: &mut [Envelope],
    demands: &[Demand],
    rules: Rules,
) -> Result<Vec<Answer>, MoneyError> {
    demands.iter().map(|demand| answer(envelopes, demand, rules)).collect()
}

fn answer(envelopes: &mut [Envelope], demand: &Demand, rules: Rules) -> Result<Answer, MoneyError> {
    let cost = demand.quote.cost(demand.quantity)?;
    let mut order = demand.eligible.clone();
    order.sort_by(|a, b| {
        let key = |i: &usize| {
            let envelope: &Envelope = &envelopes[*i];
            let last = envelope.obligate_by.unwrap_or(chrono::NaiveDate::MAX);
            (last, envelope.is_unrestricted, envelope.id.as_str())
        };
        key(a).cmp(&key(b))
    });
    let mut usable = Vec::new();
    for i in order {
        let capacity = capacity(&envelopes[i], demand, cost)?;
        if capacity > 0 {
            usable.push((i, capacity));
        }
    }
    if !rules.co_financing {
        // One donor: the first that can pay alone, else the one that can pay most.
        let alone = usable.iter().find(|(_, capacity)| *capacity >= cost.minor);
        let most = || usable.iter().max_by_key(|(i, capacity)| (*capacity, std::cmp::Reverse(*i)));
        usable = alone.or_else(most).copied().into_iter().collect();
    }
    let total: i64 = usable.iter().map(|(_, capacity)| *capacity).fold(0, i64::saturating_add);
    let quantity =
        if total >= cost.minor { Some(demand.quantity) } else { part(demand, total, rules)? };
    let Some(quantity) = quantity else {
        return unfunded(envelopes, demand, Money::new(cost.minor - total, cost.currency));
    };
    let mut left = demand.quote.cost(quantity)?.minor;
    let mut payments = Vec::new();
    for (i, capacity) in usable {
        if left == 0 {
            break;
        }
        let covers = Money::new(left.min(capacity), cost.currency);
        let envelope = &mut envelopes[i];
        let amount = convert(covers, demand.rate, envelope.currency, envelope.rate, Rounding::Up)?;
        envelope.available -= amount.minor;
        left -= covers.minor;
        payments.push(Payment { envelope: i, amount, covers });
    }
    Ok(Answer::Funded { quantity, payments })
}

/// How much of a cost in its own currency the envelope can pay.
fn capacity(envelope: &Envelope, demand: &Demand, cost: Money) -> Result<i64, MoneyError> {
    let available = Money::new(envelope.available, envelope.currency);
    if available.currency == cost.currency {
        return Ok(available.minor);
    }
    Ok(convert(available, envelope.rate, cost.currency, demand.rate, Rounding::Down)?.minor)
}

/// The largest part of the lot that `total` pays for, if the lot may be split and both parts are
/// at least its smallest quantity.
fn part(demand: &Demand, total: i64, rules: Rules) -> Result<Option<Quantity>, MoneyError> {
    let Some(smallest) = demand.smallest.filter(|_| rules.partial) else { return Ok(None) };
    let step = if demand.is_whole { Quantity::ONE } else { 1 };
    let most = demand.quantity.0 - smallest.0;
    let (mut low, mut high) = (0, most / step);
    while low < high {
        let middle = low + (high - low + 1) / 2;
        if demand.quote.cost(Quantity(middle * step))?.minor <= total {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    let quantity = Quantity(low * step);
    let pays = low > 0 && demand.quote.cost(quantity)?.minor <= total;
    Ok((pays && quantity >= smallest).then_some(quantity))
}

fn unfunded(envelopes: &[Envelope], demand: &Demand, missing: Money) -> Result<Answer, MoneyError> {
    let mut why = demand.why_not.clone();
    for i in &demand.eligible {
        let envelope = &envelopes[*i];
        let left = Money::new(envelope.available, envelope.currency);
        why.push((envelope.id.clone(), WhyNot::Exhausted { left }));
    }
    why.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(Answer::Unfunded { missing, why })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::contribution::Consent;
    use crate::domain::ids::{LineId, LotId};
    use crate::domain::money::{Currency, Rate};
    use crate::domain::supplier::Quote;
    use proptest::prelude::*;

    fn envelope(index: usize, available: i64, days: u32, is_foreign: bool) -> Envelope {
        let foreign = ("DKK".parse().expect("known"), "7.4605".parse().expect("a rate"));
        let (currency, rate) = if is_foreign { foreign } else { (Currency::EUR, Rate::ONE) };
        Envelope {
            id: format!("E{index}"),
            available,
            currency,
            rate,
            obligate_by: chrono::NaiveDate::from_num_days_from_ce_opt(730_000 + days as i32),
            is_unrestricted: index.is_multiple_of(2),
            consent: Consent::None,
        }
    }

    fn demand(line: i64, count: i64, price: i64, smallest: Option<i64>, mask: u8) -> Demand {
        Demand {
            lot: LotId::of(LineId(line), 0).expect("in range"),
            quantity: Quantity::whole(count),
            quote: Quote {
                offer: None,
                unit_price: Money::new(price, Currency::EUR),
                charges_bp: 325,
            },
            rate: Rate::ONE,
            smallest: smallest.map(Quantity::whole),
            is_whole: true,
            eligible: (0..4).filter(|i| mask & (1 << i) != 0).collect(),
            why_not: Vec::new(),
        }
    }

    proptest! {
        #[test]
        fn shares_cover_the_cost_exactly_and_no_envelope_is_exceeded(
            money in proptest::collection::vec((0_i64..500_000, 0_u32..3, any::<bool>()), 4),
            lots in proptest::collection::vec(
                (1_i64..50, 1_i64..20_000, proptest::option::of(1_i64..5), 0_u8..16), 1..20),
            co_financing: bool,
        ) {
            let before: Vec<Envelope> = money.iter().enumerate()
                .map(|(i, (available, days, foreign))| envelope(i, *available, *days, *foreign))
                .collect();
            let demands: Vec<Demand> = lots.iter().enumerate()
                .map(|(i, (count, price, smallest, mask))| {
                    demand(i as i64 + 1, *count, *price, *smallest, *mask)
                })
                .collect();
            let mut after = before.clone();
            let rules = Rules { co_financing, partial: true };
            let answers = solve(&mut after, &demands, rules).expect("small amounts");
            // I4: whoever comes behind takes nothing from those ahead.
            let ahead = demands.len() / 2;
            let first = solve(&mut before.clone(), &demands[..ahead], rules).expect("small amounts");
            prop_assert_eq!(&answers[..ahead], &first[..]);
            let mut spent = vec![0_i64; before.len()];
            for (demand, answer) in demands.iter().zip(&answers) {
                match answer {
                    Answer::Funded { quantity, payments } => {
                        let cost = demand.quote.cost(*quantity).expect("small").minor;
                        prop_assert_eq!(payments.iter().map(|p| p.covers.minor).sum::<i64>(), cost);
                        prop_assert!(co_financing || payments.len() == 1);
                        prop_assert!(payments.iter().all(|p| demand.eligible.contains(&p.envelope)));
                        if *quantity != demand.quantity {
                            let smallest = demand.smallest.expect("may be split");
                            let rest = demand.quantity.less(*quantity);
                            prop_assert!(*quantity >= smallest && rest >= smallest);
                        }
                        for payment in payments {
                            spent[payment.envelope] += payment.amount.minor;
                        }
                    }
                    Answer::Unfunded { missing, .. } => prop_assert!(missing.minor > 0),
                }
            }
            for (i, spent) in spent.iter().enumerate() {
                prop_assert_eq!(before[i].available - spent, after[i].available);
                prop_assert!(after[i].available >= 0);
            }
        }
    }

    #[test]
    fn money_that_lapses_first_is_used_first_and_unrestricted_last() {
        let mut envelopes = [
            envelope(0, 10_000, 1, false),
            envelope(1, 10_000, 1, false),
            envelope(3, 500, 0, false),
        ];
        let demands = [demand(1, 1, 10_000, None, 0b111)];
        let rules = Rules { co_financing: true, partial: true };
        let answers = solve(&mut envelopes, &demands, rules).expect("small amounts");
        let Answer::Funded { payments, .. } = &answers[0] else { panic!("{answers:?}") };
        let used: Vec<_> = payments.iter().map(|p| (p.envelope, p.covers.minor)).collect();
        assert_eq!(used, [(2, 500), (1, 9825)]);
    }
}
