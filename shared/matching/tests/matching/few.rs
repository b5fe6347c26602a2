//! So many donors for one lot at most, compared with a mixed integer program.

use std::collections::BTreeSet;

use microlp::{ComparisonOp, LinearExpr, OptimizationDirection};
use proptest::prelude::*;
use waybill_matching::{Answer, Problem, Unfunded, solve};

use crate::baseline::{capacities, cents};
use crate::random::{problem, purses, wants};

/// The funded set where one donor pays for each lot, if each donor has one envelope.
fn by_program(problem: &Problem) -> Vec<bool> {
    let mut program = microlp::Problem::new(OptimizationDirection::Maximize);
    let mut loads = vec![LinearExpr::empty(); problem.envelopes.len()];
    let count = problem.demands.len();
    let mut chosen = Vec::new();
    for (at, demand) in problem.demands.iter().enumerate() {
        let weight = (1_u64 << (count - 1 - at)) as f64;
        let mut once = LinearExpr::empty();
        let pays: Vec<_> = problem.groups[demand.group]
            .iter()
            .map(|envelope| {
                let pays = program.add_binary_var(weight);
                loads[*envelope].add(pays, cents(demand.cost, demand.rate) as f64);
                once.add(pays, 1.0);
                pays
            })
            .collect();
        program.add_constraint(once, ComparisonOp::Le, 1.0);
        chosen.push(pays);
    }
    for (load, has) in loads.into_iter().zip(capacities(problem)) {
        program.add_constraint(load, ComparisonOp::Le, has as f64);
    }
    let solution = program.solve().expect("feasible").into_solution().expect("solved");
    let is_funded =
        |pays: &Vec<microlp::Variable>| pays.iter().any(|pays| solution.var_value(*pays) > 0.5);
    chosen.iter().map(is_funded).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn one_donor_for_each_lot_is_the_optimum(purses in purses(5), wants in wants(10)) {
        let mut problem = problem(&purses, &wants, false);
        for (place, envelope) in problem.envelopes.iter_mut().enumerate() {
            envelope.donor = format!("D{place}");
        }
        problem.policy.max_donors = Some(1);
        let solution = solve(&problem).expect("small amounts");
        let funded: Vec<bool> =
            solution.answers.iter().map(|a| matches!(a, Answer::Funded { .. })).collect();
        for answer in &solution.answers {
            match answer {
                Answer::Funded { payments, .. } => prop_assert_eq!(payments.len(), 1),
                Answer::Unfunded(Unfunded::Donors { is_proven, .. }) => prop_assert!(is_proven),
                Answer::Unfunded(other) => prop_assert!(false, "{:?}", other),
            }
        }
        prop_assert_eq!(funded, by_program(&problem));
    }

    #[test]
    fn no_more_donors_pay_than_may_and_what_is_missing_is_true(
        purses in purses(5), wants in wants(10), most in 1_usize..4,
    ) {
        let mut problem = problem(&purses, &wants, false);
        problem.policy.max_donors = Some(most);
        let solution = solve(&problem).expect("small amounts");
        for (place, answer) in solution.answers.iter().enumerate() {
            match answer {
                Answer::Funded { payments, .. } => {
                    let donors: BTreeSet<&str> = payments
                        .iter()
                        .map(|payment| problem.envelopes[payment.envelope].donor.as_str())
                        .collect();
                    prop_assert!(donors.len() <= most);
                }
                Answer::Unfunded(Unfunded::Donors { from, missing, .. }) => {
                    let eligible = &problem.groups[problem.demands[place].group];
                    prop_assert!(missing.minor > 0);
                    prop_assert!(from.iter().all(|envelope| eligible.contains(envelope)));
                    prop_assert_eq!(from.is_empty(), eligible.is_empty());
                }
                Answer::Unfunded(other) => prop_assert!(false, "{:?}", other),
            }
        }
    }
}
