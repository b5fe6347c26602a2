//! What the optimum is better in than a matcher that never moves what it has given.

use waybill_matching::{Answer, solve};

use crate::baseline::funded;
use crate::random::problem;

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
