//! The funded set and who pays, compared with brute force and with a mixed integer program.

use microlp::{ComparisonOp, LinearExpr, OptimizationDirection, Variable};
use proptest::prelude::*;
use waybill_domain::quantity::Quantity;
use waybill_matching::{Answer, Problem, solve};

use crate::baseline::{capacities, cents};
use crate::random::{problem, purses, wants};

/// How much of each lot is funded.
fn funded(problem: &Problem) -> Vec<i64> {
    let solution = solve(problem).expect("small amounts");
    let funded =
        solution.answers.iter().zip(&problem.demands).map(|(answer, demand)| match answer {
            Answer::Funded { part: Some(part), .. } => part.0 / Quantity::ONE,
            Answer::Funded { part: None, .. } => whole(demand),
            Answer::Unfunded(_) => 0,
        });
    funded.collect()
}

fn whole(demand: &waybill_matching::Demand) -> i64 {
    demand.parts.as_ref().map_or(1, |parts| parts.quantity.0 / Quantity::ONE)
}

/// Every quantity of a lot that can be funded, the largest first, with what it costs in cents.
fn choices(demand: &waybill_matching::Demand) -> Vec<(i64, i64)> {
    let all = whole(demand);
    let mut choices = vec![(all, cents(demand.cost, demand.rate))];
    if let Some(parts) = &demand.parts {
        let smallest = parts.smallest.0 / Quantity::ONE;
        for quantity in (smallest..=all - smallest).rev() {
            let cost = parts.quote.cost(Quantity::whole(quantity)).expect("small");
            choices.push((quantity, cents(cost, demand.rate)));
        }
    }
    choices.push((0, 0));
    choices
}

/// Whether envelopes can pay for all of `costs`: no set of them is asked for more than it has by
/// lots that can use no other (Gale 1957).
fn can_pay(problem: &Problem, has: &[i64], costs: &[i64]) -> bool {
    (0..1_usize << has.len()).all(|within| {
        let is_within = |envelope: &usize| within & (1 << envelope) != 0;
        let have: i64 = (0..has.len()).filter(is_within).map(|envelope| has[envelope]).sum();
        let bound = costs
            .iter()
            .zip(&problem.demands)
            .filter(|(_, demand)| problem.groups[demand.group].iter().all(is_within));
        bound.map(|(cost, _)| cost).sum::<i64>() <= have
    })
}

/// The first in lexicographic order of all that can be paid.
fn best(problem: &Problem) -> Vec<i64> {
    fn look(problem: &Problem, has: &[i64], costs: &mut Vec<i64>, taken: &mut Vec<i64>) -> bool {
        if costs.len() == problem.demands.len() {
            return can_pay(problem, has, costs);
        }
        for (quantity, cost) in choices(&problem.demands[costs.len()]) {
            costs.push(cost);
            taken.push(quantity);
            if look(problem, has, costs, taken) {
                return true;
            }
            costs.pop();
            taken.pop();
        }
        false
    }
    let mut taken = Vec::new();
    look(problem, &capacities(problem), &mut Vec::new(), &mut taken);
    taken
}

/// The flows of a linear program: what each envelope pays for each lot, as far as `most` of it.
fn flows(
    program: &mut microlp::Problem,
    problem: &Problem,
    value: impl Fn(usize) -> f64,
) -> Vec<Vec<(usize, Variable)>> {
    let mut loads = vec![LinearExpr::empty(); problem.envelopes.len()];
    let flows: Vec<Vec<(usize, Variable)>> = problem
        .demands
        .iter()
        .map(|demand| {
            let pays = |envelope: &usize| {
                let flow = program.add_var(value(*envelope), (0.0, f64::INFINITY));
                loads[*envelope].add(flow, 1.0);
                (*envelope, flow)
            };
            problem.groups[demand.group].iter().map(pays).collect()
        })
        .collect();
    for (load, has) in loads.into_iter().zip(capacities(problem)) {
        program.add_constraint(load, ComparisonOp::Le, has as f64);
    }
    flows
}

/// The funded set by a mixed integer program in which each lot outweighs all behind it.
fn by_program(problem: &Problem) -> Vec<i64> {
    let mut program = microlp::Problem::new(OptimizationDirection::Maximize);
    let flows = flows(&mut program, problem, |_| 0.0);
    let count = problem.demands.len();
    let mut chosen = Vec::with_capacity(count);
    for (at, (demand, flows)) in problem.demands.iter().zip(flows).enumerate() {
        let is_funded = program.add_binary_var((1_u64 << (count - 1 - at)) as f64);
        let mut paid = LinearExpr::empty();
        flows.iter().for_each(|(_, flow)| paid.add(*flow, 1.0));
        paid.add(is_funded, -(cents(demand.cost, demand.rate) as f64));
        program.add_constraint(paid, ComparisonOp::Eq, 0.0);
        chosen.push(is_funded);
    }
    let solution = program.solve().expect("feasible").into_solution().expect("solved");
    chosen.iter().map(|variable| i64::from(solution.var_value(*variable) > 0.5)).collect()
}

/// The most that the envelopes for which `counts` holds can pay of what is funded, in cents.
fn most_used(problem: &Problem, funded: &[i64], counts: impl Fn(usize) -> bool) -> i64 {
    let mut program = microlp::Problem::new(OptimizationDirection::Maximize);
    let flows = flows(&mut program, problem, |envelope| if counts(envelope) { 1.0 } else { 0.0 });
    for ((demand, flows), funded) in problem.demands.iter().zip(flows).zip(funded) {
        let mut paid = LinearExpr::empty();
        flows.iter().for_each(|(_, flow)| paid.add(*flow, 1.0));
        let cost = if *funded > 0 { cents(demand.cost, demand.rate) } else { 0 };
        program.add_constraint(paid, ComparisonOp::Eq, cost as f64);
    }
    let solution = program.solve().expect("feasible").into_solution().expect("solved");
    solution.objective().round() as i64
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn the_funded_set_is_that_of_a_mixed_integer_program(
        purses in purses(6), wants in wants(10),
    ) {
        let problem = problem(&purses, &wants, false);
        prop_assert_eq!(funded(&problem), by_program(&problem));
    }

    #[test]
    fn the_funded_set_and_the_parts_of_lots_are_those_of_brute_force(
        purses in purses(4), wants in wants(6),
    ) {
        let problem = problem(&purses, &wants, true);
        prop_assert_eq!(funded(&problem), best(&problem));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn money_that_comes_first_is_used_as_far_as_can_be(purses in purses(6), wants in wants(10)) {
        // In one currency, in which what is used can be read from the payments.
        let purses: Vec<_> = purses.into_iter().map(|(a, f, _, day, d)| (a, f, 0, day, d)).collect();
        let problem = problem(&purses, &wants, false);
        let solution = solve(&problem).expect("small amounts");
        let funded = funded(&problem);
        let key = |at: usize| {
            (problem.envelopes[at].obligate_by, problem.envelopes[at].is_unrestricted)
        };
        for last in 0..problem.envelopes.len() {
            let counts = |at: usize| key(at) <= key(last);
            let used = (0..problem.envelopes.len()).filter(|at| counts(*at));
            let used: i64 = used.map(|at| solution.spent[at]).sum();
            prop_assert_eq!(used, most_used(&problem, &funded, counts));
        }
    }
}
