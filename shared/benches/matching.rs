//! How long the matcher takes: `cargo bench -p waybill-shared`.
#![allow(clippy::print_stdout, missing_docs)]

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use waybill_shared::domain::coalition::Coalition;
use waybill_shared::domain::ids::{LineId, LotId};
use waybill_shared::domain::lot::{Lot, StepName};
use waybill_shared::domain::money::{Currency, Money, Rate};
use waybill_shared::domain::pipeline::MatchPolicy;
use waybill_shared::domain::requisition::Line;
use waybill_shared::import::{Mapping, ReadOptions, read_coalition, read_lines};
use waybill_shared::matching::{Answer, Demand, Envelope, Funds, Policy, Problem, Round, solve};

#[path = "../matching/tests/matching/baseline.rs"]
mod baseline;

/// Numbers that look random and are the same in every run (Knuth's MMIX generator).
struct Draw(u64);

impl Draw {
    fn next(&mut self, below: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }
}

/// Lots that want about half as much again as there is.
fn problem(lots: usize, envelopes: usize, groups: usize) -> Problem {
    let mut draw = Draw(1);
    let demands: Vec<Demand> = (0..lots)
        .map(|_| Demand {
            cost: Money::new(1_000 + draw.next(2_000_000) as i64, Currency::EUR),
            rate: Rate::ONE,
            group: draw.next(groups as u64) as usize,
            class: 1,
            parts: None,
            held: Vec::new(),
            requester: None,
            bundle: None,
        })
        .collect();
    let wanted: i64 = demands.iter().map(|demand| demand.cost.minor).sum();
    let dkk = ("DKK".parse().expect("known"), "7.4605".parse().expect("a rate"));
    let envelope = |at: usize, draw: &mut Draw| {
        let (currency, rate) = if at.is_multiple_of(5) { dkk } else { (Currency::EUR, Rate::ONE) };
        let part = wanted / envelopes as i64 * 2 / 3;
        Envelope {
            id: format!("E{at:03}"),
            donor: format!("D{}", at % 12),
            available: part / 2 + draw.next(part as u64 + 1) as i64,
            currency,
            rate,
            obligate_by: chrono::NaiveDate::from_num_days_from_ce_opt(
                740_000 + draw.next(8) as i32,
            ),
            is_unrestricted: at == 0,
        }
    };
    let envelopes: Vec<Envelope> = (0..envelopes).map(|at| envelope(at, &mut draw)).collect();
    let group = |draw: &mut Draw| {
        let mut group = vec![0];
        group.extend((1..envelopes.len()).filter(|_| draw.next(6) == 0));
        group
    };
    let groups = (0..groups).map(|_| group(&mut draw)).collect();
    Problem {
        base: (Currency::EUR, Rate::ONE),
        envelopes,
        groups,
        demands,
        requesters: Vec::new(),
        policy: Policy::default(),
    }
}

/// The median of nine runs, in milliseconds, and how many lots are funded.
fn time(problem: &Problem) -> (f64, usize) {
    let mut times = Vec::new();
    let mut funded = 0;
    for _ in 0..9 {
        let began = Instant::now();
        let solution = solve(problem).expect("small amounts");
        times.push(began.elapsed().as_secs_f64() * 1e3);
        let is_funded = |answer: &&Answer| matches!(answer, Answer::Funded { .. });
        funded = solution.answers.iter().filter(is_funded).count();
    }
    times.sort_by(f64::total_cmp);
    (times[4], funded)
}

/// The most memory this process ever held, in MiB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) / 1024
}

/// A large public record with the money and the offers of its example; none if it is not beside the
/// project.
fn record() -> Option<Problem> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let record = root.join("../shared/data/leso1033/ict_requests_2019q1_2020q1.csv");
    let example = root.join("examples/leso");
    let files = read_coalition(&example).expect("a coalition");
    let mapping = Mapping::read(&example.join("mapping.toml")).expect("a mapping");
    let options = ReadOptions { mapping: Some(mapping), ..ReadOptions::default() };
    let lines = record.exists().then(|| read_lines(&record, &options).expect("lines"))?;
    let coalition = Coalition {
        settings: Some(files.settings),
        parties: files.parties.into_iter().map(|party| (party.id.clone(), party)).collect(),
        contributions: files.contributions.into_iter().map(|c| (c.id.clone(), c)).collect(),
        offers: files.offers.into_iter().map(|offer| (offer.id.clone(), offer)).collect(),
        charges: files.charges.into_iter().enumerate().map(|(n, c)| (n.to_string(), c)).collect(),
        rates: files.rates.into_iter().map(|rates| (rates.date, rates)).collect(),
        ..Coalition::default()
    };
    let day = chrono::NaiveDate::from_ymd_opt(2020, 8, 1)?;
    let lot = |(number, line): (i64, &Line)| {
        let id = LotId::of(LineId(number), 0).expect("in range");
        Lot::new(id, line.quantity, line.priority, StepName::new("match_donor"))
    };
    let lines: Vec<Line> = lines.good.into_iter().map(|row| row.line).collect();
    let lots: Vec<Lot> = (1_i64..).zip(&lines).map(lot).collect();
    let mut asked: Vec<(&Lot, &Line)> = lots.iter().zip(&lines).collect();
    asked.sort_by_key(|(lot, _)| (lot.priority.class, lot.priority.rank, lot.id));
    let available: BTreeMap<String, i64> = coalition
        .contributions
        .values()
        .filter(|contribution| contribution.is_fundable())
        .map(|contribution| (contribution.id.clone(), contribution.opened(day)))
        .collect();
    let policy = MatchPolicy { partial: false, ..MatchPolicy::default() };
    let funds = Funds { available, ..Funds::default() };
    Some(Round::of(&coalition, &funds, &asked, &policy, day).problem)
}

/// What a matcher leaves out that never moves what it has given.
fn compare(what: &str, problem: &Problem) {
    println!("\n{what}");
    println!(
        "{:>6} {:>12} {:>8} {:>10} {:>12} {:>10}",
        "money", "lots, greedy", "optimum", "left out", "worth EUR", "first rank"
    );
    for percent in [100, 50, 25] {
        let mut problem = problem.clone();
        problem.envelopes.iter_mut().for_each(|e| e.available = e.available * percent / 100);
        let greedy = baseline::funded(&problem);
        let solution = solve(&problem).expect("small amounts");
        let optimum: Vec<bool> =
            solution.answers.iter().map(|a| matches!(a, Answer::Funded { .. })).collect();
        let count = |funded: &[bool]| funded.iter().filter(|is_funded| **is_funded).count();
        // What the greedy matcher leaves out although it can be funded with all ahead of it.
        let left_out: Vec<usize> =
            (0..greedy.len()).filter(|at| optimum[*at] && !greedy[*at]).collect();
        let worth = left_out.iter().map(|at| {
            let demand = &problem.demands[*at];
            baseline::cents(demand.cost, demand.rate)
        });
        println!(
            "{percent:>5}% {:>12} {:>8} {:>10} {:>12} {:>10}",
            count(&greedy),
            count(&optimum),
            left_out.len(),
            worth.sum::<i64>() / 100,
            left_out.first().map_or("-".to_owned(), |at| (at + 1).to_string())
        );
    }
}

fn main() {
    println!(
        "{:>9} {:>9} {:>6} {:>10} {:>9} {:>9}",
        "lots", "envelopes", "groups", "ms", "funded", "peak MiB"
    );
    for lots in [10_000, 100_000, 101_000, 300_000, 1_000_000] {
        let problem = problem(lots, 60, 40);
        let (ms, funded) = time(&problem);
        println!("{lots:>9} {:>9} {:>6} {ms:>10.1} {funded:>9} {:>9}", 60, 40, peak());
    }
    match record() {
        Some(problem) => {
            compare("the record, with the example's earmarks and dates", &problem);
            let mut flexible = problem.clone();
            let free = flexible.envelopes.iter_mut().filter(|envelope| envelope.is_unrestricted);
            free.for_each(|envelope| {
                envelope.obligate_by = chrono::NaiveDate::from_ymd_opt(2020, 8, 31);
            });
            compare("the same, but flexible money lapses first", &flexible);
        }
        None => {
            println!("the record is not beside the project: no comparison with the greedy matcher")
        }
    }
}
