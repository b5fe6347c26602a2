//! A large public record runs to the same end on every pair. The record is not part of the project.
#![allow(clippy::print_stderr)]

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tempfile::TempDir;

use crate::PAIR;
use crate::pair::Pair;
use crate::support::{is_clean, run, text};

/// The record, if it is beside the project.
fn record() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let record = root.join("../shared/data/leso1033/ict_requests_2019q1_2020q1.csv");
    record.exists().then_some(record)
}

fn history(record: &Path, data: &Path, more: &[&str]) -> Result<Value> {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/leso");
    let (mapping, rejects) = (example.join("mapping.toml"), data.with_extension("csv"));
    let mut import = vec!["import", text(record)?, "--mapping", text(&mapping)?];
    import.extend(["--keep-good", text(&rejects)?, "--data", text(data)?, "--on", "2020-04-01"]);
    import.extend(more);
    run(&import)?;
    let mut arguments = vec!["run", text(&example)?, "--data", text(data)?, "--json"];
    arguments.extend(more);
    let mut report = run(&arguments)?.json()?;
    report.as_object_mut().context("a report")?.remove("wall_s");
    Ok(report)
}

#[test]
fn the_record_runs_to_the_same_end_on_every_pair() -> Result<()> {
    let Some(record) = record() else {
        eprintln!("skipped: the record is not beside the project");
        return Ok(());
    };
    let folder = TempDir::new()?;
    let data = folder.path().join("data");
    let report = history(&record, &data, &[])?;
    ensure!(report["lines"] == 2770, "{}", report["lines"]);
    is_clean(&data)?;
    if PAIR != Pair::SqliteEmbedded {
        let other = folder.path().join("other");
        let store = format!("sqlite:{}", other.join("waybill.sqlite").display());
        let embedded = history(&record, &other, &["--store", &store, "--broker", "embedded:"])?;
        ensure!(report == embedded, "{report}\nis not\n{embedded}");
    }
    Ok(())
}
