//! The matcher of the first days, which never moves what it has given: a baseline.

use waybill_shared::matching::{Answer, Problem, solve};

use crate::random::{capacities, cents, problem};

/// Walks the lots and gives each the money that lapses first, if there is enough; which are funded.
pub(crate) fn funded(problem: &Problem) -> Vec<bool> {
    let mut left = capacities(problem);
    let key = |place: &usize| {
        let envelope = &problem.envelopes[*place];
        let last = envelope.obligate_by.unwrap_or(chrono::NaiveDate::MAX);
        (last, envelope.is_unrestricted, envelope.id.clone())
    };
    let fund = |demand: &waybill_shared::matching::Demand| {
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

#[test]
fn without_moving_what_was_given_flexible_money_is_wasted() {
    // The first lot may use both envelopes, the second only the one that lapses sooner.
    let purses = [(1_100, 0, 0, 0, 0), (1_100, 0, 0, 1, 1)];
    let wants = [(1_000, 1, 0, 0b11, None), (1_000, 1, 0, 0b01, None)];
    let problem = problem(&purses, &wants, false);
    assert_eq!(funded(&problem), [true, false]);
    let solution = solve(&problem).expect("small amounts");
    assert!(solution.answers.iter().all(|answer| matches!(answer, Answer::Funded { .. })));
}
