//! A large public record runs to the same end on every pair. The record is not part of the project.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tempfile::TempDir;

use crate::pair::pair;
use crate::pair::{Database, Pair, say};
use crate::support::{Started, eventually, id, is_clean, lots, run, text, waybill};

/// How long everything may take to end.
const END: Duration = Duration::from_secs(900);

/// Lots that have not ended: there is money for all, but nobody may be left who would sell.
const UNENDED: &str = "SELECT count(*) FROM lots
    WHERE step IS NOT NULL AND body NOT LIKE '%\"code\":\"offers_refused\"%'";

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

/// The beginning of the record: enough lots to be funded, declined, ordered together and left over.
fn beginning(record: &Path, folder: &Path) -> Result<PathBuf> {
    let path = folder.join("beginning.csv");
    let lines: Vec<String> =
        fs::read_to_string(record)?.split_inclusive('\n').take(500).map(str::to_owned).collect();
    fs::write(&path, lines.concat())?;
    Ok(path)
}

#[test]
fn the_record_runs_to_the_same_end_on_every_pair() -> Result<()> {
    let Some(record) = record() else {
        return say("skipped: the record is not beside the project");
    };
    let folder = TempDir::new()?;
    let data = folder.path().join("data");
    if pair() == Pair::SqliteEmbedded {
        let report = history(&record, &data, &[])?;
        ensure!(report["lines"] == 2770, "{}", report["lines"]);
        is_clean(&data)?;
    } else {
        let record = beginning(&record, folder.path())?;
        let report = history(&record, &data, &[])?;
        ensure!(report["lines"].as_i64().is_some_and(|lines| lines > 400), "{}", report["lines"]);
        is_clean(&data)?;
        let other = folder.path().join("other");
        let store = format!("sqlite:{}", other.join("waybill.sqlite").display());
        let embedded = history(&record, &other, &["--store", &store, "--broker", "embedded:"])?;
        ensure!(report == embedded, "{report}\nis not\n{embedded}");
    }
    Ok(())
}

/// The example for real time: answers come within moments, and money neither lapses nor is short,
/// so that what becomes of a lot does not depend on which of two comes first.
fn in_real_time(folder: &Path) -> Result<PathBuf> {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/leso");
    let dir = folder.join("leso");
    fs::create_dir_all(&dir)?;
    for entry in fs::read_dir(&example)? {
        let entry = entry?;
        let text = fs::read_to_string(entry.path())?;
        let text = match entry.file_name().to_str() {
            Some("pipeline.toml") => text
                .replace("gather_s = 86400", "gather_s = 1")
                // What a supplier asks holds for whoever is matched after it, which depends on the hour.
                .replace("changed = 60", "changed = 0")
                .replace("kind = \"sandbox\"", "kind = \"sandbox\"\nday_ms = 20"),
            Some("contributions.csv") => (0..5)
                .fold(text.replace("2020-03-01:700000 2020-07-01:500000", ""), |text, n| {
                    text.replace(&format!(",202{n}-"), &format!(",209{n}-"))
                })
                .replace("commitment,209", "commitment,202")
                .replace("pledge,209", "pledge,202")
                .replace("00000.00,", "0000000.00,"),
            _ => text,
        };
        fs::write(dir.join(entry.file_name()), text)?;
    }
    Ok(dir)
}

/// Imports the record, runs `roles` as processes until every lot has ended, and gives each lot's
/// end and money.
fn ends(
    record: &Path,
    data: &Path,
    dir: &Path,
    roles: &[&str],
) -> Result<BTreeMap<String, String>> {
    let (mapping, rejects) = (dir.join("mapping.toml"), data.with_extension("csv"));
    run(&["import", text(dir)?, "--data", text(data)?])?.ok()?;
    let mut import = vec!["import", text(record)?, "--mapping", text(&mapping)?];
    import.extend(["--keep-good", text(&rejects)?, "--data", text(data)?]);
    run(&import)?;
    let mut processes = Vec::new();
    for (number, role) in roles.iter().enumerate() {
        let log = File::create(data.with_extension(format!("{role}-{number}.log")))?;
        let mut command = waybill(&[role, "--data", text(data)?]);
        processes.push(Started(command.stdout(log.try_clone()?).stderr(log).spawn()?));
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let database = runtime.block_on(Database::of(data))?;
    eventually("every lot ends", END, || {
        Ok((runtime.block_on(database.count(UNENDED))? == 0).then_some(()))
    })
    .with_context(|| {
        let is_open = |lot: &&Value| !lot["step"].is_null();
        lots(data)
            .map(|lots| format!("{:#?}", lots.iter().filter(is_open).collect::<Vec<_>>()))
            .unwrap_or_else(|error| error.to_string())
    })?;
    for process in &mut processes {
        process.terminate()?;
        ensure!(process.end(END)?.success(), "a process did not drain");
    }
    runtime.block_on(database.close());
    is_clean(data)?;
    let end = |lot: &Value| {
        let end = [&lot["state"], &lot["code"], &lot["quantity"], &lot["funding"]];
        Ok((id(lot)?, end.map(ToString::to_string).join(" ")))
    };
    lots(data)?.iter().map(end).collect()
}

#[test]
fn two_schedulers_and_four_workers_end_as_one_process_does() -> Result<()> {
    let Some(record) = record() else {
        return say("skipped: the record is not beside the project");
    };
    if pair() != Pair::PostgresRabbitMq {
        return say("many processes run on Postgres and RabbitMQ: skipped here");
    }
    let folder = TempDir::new()?;
    let dir = in_real_time(folder.path())?;
    let roles = ["scheduler", "scheduler", "worker", "worker", "worker", "worker"];
    let many = ends(&record, &folder.path().join("many"), &dir, &roles)?;
    let one = ends(&record, &folder.path().join("one"), &dir, &["serve"])?;
    let differ: Vec<String> = one
        .iter()
        .filter(|(lot, end)| many.get(*lot) != Some(*end))
        .map(|(lot, end)| format!("{lot}: {end}, not {:?}", many.get(lot)))
        .collect();
    ensure!(differ.is_empty(), "{} of {}: {differ:#?}", differ.len(), one.len());
    ensure!(one.len() == many.len(), "{} lots, not {}", many.len(), one.len());
    Ok(())
}
