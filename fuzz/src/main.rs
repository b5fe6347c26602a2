//! Gives mutated inputs to all readers: `waybill-fuzz [INPUTS] [SEED] [TARGET] [FROM]`.

use std::io::Write as _;

use anyhow::{Context, Result, ensure};
use waybill_fuzz::{run, targets};

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize, otherwise: u64| match arguments.get(at) {
        Some(text) => text.parse().with_context(|| format!("`{text}` is no number")),
        None => Ok(otherwise),
    };
    let (inputs, seed, from) = (number(0, 100_000)?, number(1, 1)?, number(3, 0)?);
    let only = arguments.get(2).filter(|name| *name != "all");
    let mut all = targets()?;
    all.retain(|target| only.is_none_or(|only| only == target.name));
    ensure!(!all.is_empty(), "there is no such target");
    let shares: u64 = all.iter().map(|target| target.share).sum();
    let mut out = std::io::stdout().lock();
    let mut faults = Vec::new();
    for target in &all {
        let folder = tempfile::TempDir::new()?;
        let inputs = (inputs * target.share).div_ceil(shares);
        let report = run(target, folder.path(), seed, from..from + inputs);
        writeln!(
            out,
            "{:<12} {:>9} inputs, {:>9} taken, {:>4} MiB at most, {:>6.1} s, {} faults",
            target.name,
            report.inputs,
            report.taken,
            report.memory >> 20,
            report.time.as_secs_f64(),
            report.faults.len()
        )?;
        faults.extend(report.faults);
    }
    for fault in &faults {
        let input = fault.input.escape_ascii();
        writeln!(out, "{} {}: {}\n  {input}", fault.target, fault.number, fault.what)?;
    }
    ensure!(faults.is_empty(), "{} faults, of seed {seed}", faults.len());
    Ok(())
}
