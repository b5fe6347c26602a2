//! What a coalition may rule besides priority.

use waybill_domain::money::{Currency, Money};
use waybill_domain::pipeline::{Preference, WhenUnaffordable};
use waybill_matching::{Answer, Problem, Solution, Unfunded, solve};

use crate::random;

/// Envelopes with so many cents, each of its own donor, and lots by cost and envelopes.
fn problem(envelopes: &[i64], lots: &[(i64, usize)]) -> Problem {
    let purses: Vec<_> =
        envelopes.iter().enumerate().map(|(at, cents)| (*cents, 0, 0, 0, at)).collect();
    let wants: Vec<_> = lots.iter().map(|(_, mask)| (1, 1, 0, *mask, None)).collect();
    let mut problem = random::problem(&purses, &wants, false);
    for (demand, (cost, _)) in problem.demands.iter_mut().zip(lots) {
        demand.cost = Money::new(*cost, Currency::EUR);
    }
    problem
}

fn answer(problem: &Problem) -> Solution {
    solve(problem).expect("small amounts")
}

fn funded(problem: &Problem) -> Vec<bool> {
    let solution = answer(problem);
    solution.answers.iter().map(|answer| matches!(answer, Answer::Funded { .. })).collect()
}

fn missing(problem: &Problem, place: usize) -> i64 {
    match &answer(problem).answers[place] {
        Answer::Unfunded(Unfunded::Money { missing, .. }) => missing.minor,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_reserve_keeps_money_for_its_class() {
    let mut problem = problem(&[100, 50], &[(60, 0b01), (60, 0b11), (40, 0b01)]);
    problem.demands[2].class = 2;
    assert_eq!(funded(&problem), [true, true, false]);
    problem.policy.reserves = vec![(2, 40)];
    // The second lot can have fifty of the other envelope and nothing that is reserved.
    assert_eq!(funded(&problem), [true, false, true]);
    assert_eq!(missing(&problem, 1), 10);
    // What the class does not need is not kept from those behind it.
    problem.demands[2].cost = Money::new(10, Currency::EUR);
    let solution = answer(&problem);
    assert_eq!(solution.spent.iter().sum::<i64>(), 70);
}

#[test]
fn what_belongs_together_is_funded_together_or_not_at_all() {
    let lots = [(30, 0b01), (50, 0b01), (60, 0b11), (40, 0b01)];
    let mut problem = problem(&[100, 20], &lots);
    assert_eq!(funded(&problem), [true, true, false, false]);
    // A server, first by priority, and its licence.
    problem.demands[0].bundle = Some(0);
    problem.demands[3].bundle = Some(0);
    assert_eq!(funded(&problem), [true, false, false, true]);
    // Both together are ten short, for whichever of them the money comes.
    problem.demands[3].cost = Money::new(80, Currency::EUR);
    assert_eq!(funded(&problem), [false, true, true, false]);
    assert_eq!((missing(&problem, 0), missing(&problem, 3)), (10, 10));
    problem.envelopes[0].available += 10;
    assert_eq!(funded(&problem), [true, false, false, true]);
}

#[test]
fn a_donor_gives_no_more_than_its_ceiling_and_others_make_room_below_it() {
    // Two envelopes of one donor, one of another.
    let mut problem = problem(&[100, 100, 100], &[(100, 0b101), (80, 0b001), (50, 0b010)]);
    problem.envelopes[1].donor = problem.envelopes[0].donor.clone();
    assert_eq!(funded(&problem), [true, true, true]);
    problem.policy.donor_caps = vec![(problem.envelopes[0].donor.clone(), 100)];
    // The first lot moves to the other donor, so that the second fits below the ceiling.
    assert_eq!(funded(&problem), [true, true, false]);
    assert_eq!(missing(&problem, 2), 30);
    let solution = answer(&problem);
    assert!(solution.spent[0] + solution.spent[1] <= 100, "{:?}", solution.spent);
}

#[test]
fn a_requester_has_no_more_than_its_ceiling() {
    let mut problem = problem(&[200], &[(60, 1), (60, 1), (30, 1), (20, 1)]);
    problem.requesters = vec![100];
    problem.demands.iter_mut().take(3).for_each(|demand| demand.requester = Some(0));
    assert_eq!(funded(&problem), [true, false, true, true]);
    let Answer::Unfunded(Unfunded::RequesterCap { left }) = answer(&problem).answers[1] else {
        panic!("{:?}", answer(&problem));
    };
    assert_eq!(left.minor, 40);
}

#[test]
fn money_is_held_for_what_cannot_be_paid_yet_but_only_what_it_could_use() {
    let mut problem = problem(&[50, 50], &[(80, 0b01), (30, 0b01), (50, 0b10)]);
    problem.policy.when_unaffordable = WhenUnaffordable::Hold;
    assert_eq!(funded(&problem), [false, false, true]);
    assert_eq!((missing(&problem, 0), missing(&problem, 1)), (30, 30));
    assert_eq!(answer(&problem).spent, [0, 50]);
}

#[test]
fn the_order_of_money_is_a_rule() {
    // The first lapses later but is earmarked; the second may be used for everything.
    let mut problem = problem(&[100, 100], &[(100, 0b11)]);
    problem.envelopes.iter_mut().zip([9, 3]).for_each(|(envelope, day)| {
        envelope.obligate_by = chrono::NaiveDate::from_num_days_from_ce_opt(740_000 + day);
    });
    problem.envelopes[0].is_unrestricted = false;
    problem.envelopes[1].is_unrestricted = true;
    assert_eq!(answer(&problem).spent, [0, 100]);
    problem.policy.order = vec![Preference::Earmarked, Preference::SoonestLapse];
    assert_eq!(answer(&problem).spent, [100, 0]);
}
