//! What holds for every answer.

use proptest::prelude::*;
use waybill_domain::money::{Currency, Money, Rate};
use waybill_matching::{Answer, Envelope, Problem, Solution, Unfunded, solve};

use crate::random::{problem, purses, wants};

fn answer(problem: &Problem) -> Solution {
    solve(problem).expect("small amounts")
}

fn funded(solution: &Solution) -> Vec<bool> {
    solution.answers.iter().map(|answer| matches!(answer, Answer::Funded { .. })).collect()
}

/// The problem with new money of `minor` cents for the lot at `place` alone.
fn with_money(problem: &Problem, place: usize, minor: i64) -> Problem {
    let mut more = problem.clone();
    more.envelopes.push(Envelope {
        id: "new".to_owned(),
        donor: "new".to_owned(),
        available: minor,
        currency: Currency::EUR,
        rate: Rate::ONE,
        obligate_by: None,
        is_unrestricted: false,
    });
    let mut group = problem.groups[problem.demands[place].group].clone();
    group.push(problem.envelopes.len());
    more.demands[place].group = more.groups.len();
    more.groups.push(group);
    more
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn sums_are_exact_and_nothing_is_exceeded(
        purses in purses(6), wants in wants(12), in_parts: bool,
    ) {
        let problem = problem(&purses, &wants, in_parts);
        let solution = answer(&problem);
        let mut spent = vec![0; problem.envelopes.len()];
        let mut split = 0;
        for (demand, answer) in problem.demands.iter().zip(&solution.answers) {
            let Answer::Funded { part, payments } = answer else { continue };
            let cost = match (part, &demand.parts) {
                (Some(part), Some(parts)) => parts.quote.cost(*part).expect("small"),
                _ => demand.cost,
            };
            prop_assert_eq!(payments.iter().map(|p| p.covers.minor).sum::<i64>(), cost.minor);
            split += payments.len().saturating_sub(1);
            for payment in payments {
                let envelope = &problem.envelopes[payment.envelope];
                prop_assert!(problem.groups[demand.group].contains(&payment.envelope));
                prop_assert!(payment.amount.minor >= 0 && payment.covers.minor >= 0);
                prop_assert_eq!(payment.amount.currency, envelope.currency);
                if envelope.currency == cost.currency {
                    prop_assert_eq!(payment.amount, payment.covers);
                }
                spent[payment.envelope] += payment.amount.minor;
            }
        }
        for (envelope, spent) in problem.envelopes.iter().zip(&spent) {
            prop_assert!(*spent <= envelope.available, "{} of {}", spent, envelope.available);
        }
        prop_assert!(split < problem.envelopes.len() + problem.groups.len());
        prop_assert_eq!(spent, solution.spent);
    }

    #[test]
    fn what_comes_behind_changes_nothing_ahead(purses in purses(5), wants in wants(10)) {
        let all = problem(&purses, &wants, true);
        let fewer = problem(&purses, &wants[..wants.len() - 1], true);
        let (all, fewer) = (answer(&all), answer(&fewer));
        prop_assert_eq!(&funded(&all)[..wants.len() - 1], &funded(&fewer)[..]);
    }

    #[test]
    fn new_money_never_makes_it_worse(
        purses in purses(5), wants in wants(10), place: prop::sample::Index, more in 0_i64..3_000,
    ) {
        let before = problem(&purses, &wants, false);
        let mut after = before.clone();
        let place = place.index(after.envelopes.len());
        after.envelopes[place].available += more;
        prop_assert!(funded(&answer(&after)) >= funded(&answer(&before)));
    }

    #[test]
    fn what_is_missing_is_true_and_tight(purses in purses(5), wants in wants(10)) {
        let problem = problem(&purses, &wants, false);
        let solution = answer(&problem);
        let before = funded(&solution);
        for (place, answered) in solution.answers.iter().enumerate() {
            let Answer::Unfunded(Unfunded::Money { missing, cut }) = answered else { continue };
            prop_assert_eq!(missing.currency, Currency::EUR);
            let enough = funded(&answer(&with_money(&problem, place, missing.minor)));
            prop_assert!(enough[place] && enough[..place] == before[..place]);
            let less = funded(&answer(&with_money(&problem, place, missing.minor - 1)));
            prop_assert!(!less[place] && less[..place] == before[..place]);
            let cut = &solution.cuts[*cut];
            let eligible = &problem.groups[problem.demands[place].group];
            prop_assert!(eligible.iter().all(|envelope| cut.contains(envelope)));
        }
    }
}

#[test]
fn equal_money_shares_fairly() {
    let purses = [(3_000, 0, 0, 0, 0), (0, 0, 0, 0, 0), (1_000, 0, 0, 0, 1)];
    // Twenty lots of ten cents and charges, by envelopes of equal standing.
    let mut problem = problem(&purses, &[(10, 1, 0, 0b101, None); 200], false);
    problem.demands.iter_mut().for_each(|demand| demand.cost = Money::new(10, Currency::EUR));
    let solution = answer(&problem);
    assert_eq!(solution.spent, [1_500, 0, 500]);
}

/// The problem, its lots held by whoever pays for them in `solution`.
fn held(problem: &Problem, solution: &Solution) -> Problem {
    let mut held = problem.clone();
    for (demand, answer) in held.demands.iter_mut().zip(&solution.answers) {
        if let Answer::Funded { part: None, payments } = answer {
            demand.held = payments.iter().map(|p| (p.envelope, p.covers.minor)).collect();
        }
    }
    held
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn lots_keep_their_payers_unless_these_are_needed_elsewhere(
        purses in purses(6), wants in wants(14), first in 0_usize..14,
    ) {
        // In one currency, as what may still move is.
        let purses: Vec<_> = purses.into_iter().map(|(a, f, _, day, d)| (a, f, 0, day, d)).collect();
        let wants: Vec<_> = wants.into_iter().map(|(p, n, _, mask, s)| (p, n, 0, mask, s)).collect();
        let all = problem(&purses, &wants, false);
        let solution = answer(&all);
        // Asked again, nothing has changed.
        let again = answer(&held(&all, &solution));
        prop_assert_eq!(&again.answers, &solution.answers);
        // Who paid for some of them before others came does not change what is funded.
        let mut fewer = all.clone();
        let first = first.min(wants.len());
        fewer.demands.drain(..first);
        let before = answer(&fewer);
        let mut later = all.clone();
        let kept = held(&fewer, &before).demands;
        later.demands.splice(first.., kept);
        prop_assert_eq!(funded(&answer(&later)), funded(&solution));
        prop_assert_eq!(&answer(&later).spent.iter().sum::<i64>(), &solution.spent.iter().sum::<i64>());
    }
}
