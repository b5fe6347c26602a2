//! Random problems, small enough for oracles.

use proptest::prelude::*;
use waybill_domain::money::{Currency, Rate};
use waybill_domain::quantity::Quantity;
use waybill_domain::supplier::{Quote, SoldBy, Surplus};
use waybill_matching::{Demand, Envelope, Parts, Policy, Problem};

/// Currencies with their rates for one EUR.
pub(crate) const CURRENCIES: [(&str, &str); 4] =
    [("EUR", "1"), ("DKK", "7.4605"), ("USD", "1.0832"), ("JPY", "162.31")];

pub(crate) fn currency(index: usize) -> (Currency, Rate) {
    let (code, rate) = CURRENCIES[index];
    (code.parse().expect("known"), rate.parse().expect("a rate"))
}

/// What envelopes are made from: amount, what is fixed of it, currency, day, donor.
type Purse = (i64, i64, usize, u32, usize);

/// What lots are made from: cost of a unit, units, currency, envelopes, smallest part.
type Want = (i64, i64, usize, usize, Option<i64>);

pub(crate) fn purses(most: usize) -> impl Strategy<Value = Vec<Purse>> {
    let purse = (0_i64..6_000, 0_i64..2_000, 0_usize..4, 0_u32..3, 0_usize..3);
    proptest::collection::vec(purse, 1..=most)
}

pub(crate) fn wants(most: usize) -> impl Strategy<Value = Vec<Want>> {
    let smallest = proptest::option::weighted(0.4, 1_i64..3);
    let want = (1_i64..1_500, 1_i64..5, 0_usize..4, 0_usize..1 << 12, smallest);
    proptest::collection::vec(want, 1..=most)
}

/// A problem; `in_parts`: lots may be split.
pub(crate) fn problem(purses: &[Purse], wants: &[Want], in_parts: bool) -> Problem {
    let envelopes = purses.iter().enumerate().map(|(at, (amount, fixed, index, day, donor))| {
        let (currency, rate) = currency(*index);
        Envelope {
            id: format!("E{at}"),
            donor: format!("D{donor}"),
            available: (amount - fixed).max(0),
            currency,
            rate,
            obligate_by: chrono::NaiveDate::from_num_days_from_ce_opt(730_000 + *day as i32),
            is_unrestricted: at % 2 == 0,
        }
    });
    let mut groups: Vec<Vec<usize>> = Vec::new();
    let mut demands = Vec::new();
    for (price, count, index, mask, smallest) in wants {
        let eligible: Vec<usize> = (0..purses.len()).filter(|at| mask & (1 << at) != 0).collect();
        let group = groups.iter().position(|group| *group == eligible).unwrap_or(groups.len());
        if group == groups.len() {
            groups.push(eligible);
        }
        let (currency, rate) = currency(*index);
        let quote = Quote {
            offer: None,
            unit_price: waybill_domain::price::Price::new(*price, currency),
            sold_by: SoldBy::Unit,
            charges_bp: 325,
            surplus: Surplus::ALONE,
        };
        demands.push(Demand {
            cost: quote.cost(Quantity::whole(*count)).expect("small"),
            rate,
            group,
            class: 1,
            parts: smallest.filter(|_| in_parts).map(|smallest| Parts {
                quantity: Quantity::whole(*count),
                smallest: Quantity::whole(smallest),
                is_whole: true,
                quote,
            }),
            held: Vec::new(),
            requester: None,
            bundle: None,
        });
    }
    Problem {
        base: (Currency::EUR, Rate::ONE),
        envelopes: envelopes.collect(),
        groups,
        demands,
        requesters: Vec::new(),
        policy: Policy::default(),
    }
}
