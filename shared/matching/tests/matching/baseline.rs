//! The matcher of the first days, which never moves what it has given: a baseline.

use waybill_domain::money::{Currency, Money, Rate, Rounding, convert};
use waybill_matching::{Demand, Envelope, Problem};

/// What each envelope has, in whole cents.
pub(crate) fn capacities(problem: &Problem) -> Vec<i64> {
    let capacity = |envelope: &Envelope| {
        let has = Money::new(envelope.available, envelope.currency);
        convert(has, envelope.rate, Currency::EUR, Rate::ONE, Rounding::Down).expect("small").minor
    };
    problem.envelopes.iter().map(capacity).collect()
}

/// What `cost` takes, in whole cents.
pub(crate) fn cents(cost: Money, rate: Rate) -> i64 {
    convert(cost, rate, Currency::EUR, Rate::ONE, Rounding::Up).expect("small").minor
}

/// Walks the lots and gives each the money that lapses first, if there is enough; which are funded.
pub(crate) fn funded(problem: &Problem) -> Vec<bool> {
    let mut left = capacities(problem);
    let key = |place: &usize| {
        let envelope = &problem.envelopes[*place];
        let last = envelope.obligate_by.unwrap_or(chrono::NaiveDate::MAX);
        (last, envelope.is_unrestricted, envelope.id.clone())
    };
    let fund = |demand: &Demand| {
        let mut order = problem.groups[demand.group].clone();
        order.sort_by_key(key);
        let cost = cents(demand.cost, demand.rate);
        if order.iter().map(|place| left[*place]).sum::<i64>() < cost {
            return false;
        }
        let mut missing = cost;
        for place in order {
            let pays = missing.min(left[place]);
            left[place] -= pays;
            missing -= pays;
        }
        true
    };
    problem.demands.iter().map(fund).collect()
}
