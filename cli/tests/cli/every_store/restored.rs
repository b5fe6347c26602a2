//! After a restore: what was given out before is not given out again, and somebody looks before anything moves.

use std::fs;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::coalition::{self, row};
use crate::secretariat::{Secretariat, Service};
use crate::support::{SOON, eventually, id, is_clean, lots, run, text};

/// The events after `position`, one a line.
fn events(data: &str, position: i64) -> Result<Vec<Value>> {
    let after = position.to_string();
    let said = run(&["events", "--json", "--after", &after, "--data", data])?.ok()?;
    said.out.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
}

fn position(event: &Value) -> i64 {
    event["position"].as_i64().unwrap_or_default()
}

#[test]
fn nothing_that_was_given_out_is_given_out_again() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let dir = coalition::write(folder.path(), &[row("R-1", 10)])?;
    let data = folder.path().join("data");
    let place = text(&data)?.to_owned();
    let copy = folder.path().join("copy.jsonl");
    let service = Service::start(&data, Some(&dir.join("pipeline.toml")))?;
    run(&["pause", "all", "--data", &place])?.ok()?;
    run(&["import", text(&dir)?, "--data", &place])?.ok()?;
    service.stop()?;
    run(&["export", text(&copy)?, "--data", &place])?.ok()?;
    let copied = events(&place, 0)?.last().map(position).context("an event")?;

    let service = Service::start(&data, None)?;
    run(&["unpause", "all", "--yes", "--data", &place])?.ok()?;
    let secretariat = Secretariat { folder, data: data.clone(), service };
    let (first, _) = secretariat.order(&[])?;
    secretariat.until("LOT-001", "response")?;
    let more = coalition::write(secretariat.folder.path(), &[row("R-1", 10), row("R-2", 1)])?;
    run(&["import", text(&more)?, "--data", &place])?.ok()?;
    eventually("it was told", SOON, || {
        let told = events(&place, 0)?;
        Ok(told.iter().any(|event| event["type"] == "waybill.order.sent").then_some(()))
    })?;
    let was: Vec<String> = lots(&data)?.iter().map(id).collect::<Result<_>>()?;
    let Secretariat { folder, service, .. } = secretariat;
    service.stop()?;
    let given_out = events(&place, 0)?.last().map(position).context("an event")?;

    let restored = run(&["restore", text(&copy)?, "--yes", "--data", &place])?.ok()?;
    ensure!(restored.out.contains("everything is paused"), "{restored:?}");
    is_clean(&data)?;
    run(&["audit", "verify", "--data", &place])?.ok()?;
    let service = Service::start(&data, None)?;
    let status = run(&["status", "--data", &place])?.ok()?;
    ensure!(status.out.contains("restored from copy.jsonl"), "{status:?}");
    let todo = run(&["todo", "--json", "--data", &place])?.ok()?.out;
    ensure!(todo.contains(&format!("SUP was sent {first}")), "{todo}");
    ensure!(todo.contains("to be submitted again: REQ/R-2"), "{todo}");

    // Who has read what is void now is told, and where to begin again.
    let after = given_out.to_string();
    let gone = run(&["events", "--json", "--after", &after, "--data", &place])?;
    ensure!(gone.code == Some(1) && gone.err.contains("are void"), "{gone:?}");
    let again = gone.err.split("after=").nth(1).context("where")?;
    let again: i64 = again.trim().parse()?;
    ensure!(again == copied, "{gone:?}");
    // The first that was given out after the copy is void, too.
    let first_void =
        run(&["events", "--json", "--after", &(copied + 1).to_string(), "--data", &place])?;
    first_void.failed(1, &["are void"])?;
    let since = events(&place, again)?;
    ensure!(since.iter().all(|event| position(event) > given_out), "{since:?}");
    let first_told = since.first().context("an event")?;
    ensure!(first_told["type"] == "waybill.log.restored", "{first_told}");
    ensure!(first_told["data"]["record"]["void_to"] == given_out, "{first_told}");
    let beyond = (given_out + 1_000_000).to_string();
    let beyond = run(&["events", "--json", "--after", &beyond, "--data", &place])?;
    beyond.failed(1, &["the log ends at"])?;

    run(&["import", text(&more)?, "--data", &place])?.ok()?;
    let now: Vec<String> = lots(&data)?.iter().map(id).collect::<Result<_>>()?;
    let new: Vec<&String> = now.iter().filter(|id| *id != "LOT-001").collect();
    ensure!(new.len() == 1 && !was.contains(new[0]), "{was:?} {now:?}");
    // What was sent before the restore is still there.
    let mut sent = Vec::new();
    for file in fs::read_dir(data.join("outbox"))? {
        let name = file?.file_name().to_string_lossy().into_owned();
        sent.extend(name.strip_suffix(".json").map(str::to_owned));
    }
    let sent: Vec<&str> = sent.iter().map(String::as_str).collect();
    ensure!(sent.contains(&first.as_str()), "{sent:?}");
    run(&["unpause", "all", "--yes", "--data", &place])?.ok()?;
    let secretariat = Secretariat { folder, data: data.clone(), service };
    let (second, _) = secretariat.order(&sent)?;
    fs::metadata(data.join("outbox").join(format!("{first}.json")))?;
    eventually("it was told that it was sent", SOON, || {
        let is_it = |event: &Value| {
            event["type"] == "waybill.order.sent" && event.to_string().contains(&second)
        };
        let all = events(&place, again)?;
        Ok(all.iter().any(is_it).then_some(()))
    })?;
    is_clean(&data)?;
    secretariat.service.stop()?;
    // Twice in a row: what the first has found is still to be done, and is told once.
    for _ in 0..2 {
        run(&["restore", text(&copy)?, "--yes", "--data", &place])?.ok()?;
        is_clean(&data)?;
    }
    let todo = run(&["todo", "--json", "--data", &place])?.ok()?.out;
    for number in sent.iter().copied().chain([second.as_str()]) {
        ensure!(todo.contains(number), "{number}: {todo}");
    }
    Ok(())
}
