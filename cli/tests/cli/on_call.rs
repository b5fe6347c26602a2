//! What happens at night: files that go away under a service, and everything stopped by hand.

use std::fs;

use anyhow::{Result, ensure};
use serde_json::Value;

use crate::coalition::{self, row};
use crate::pair::Pair;
use crate::pair::pair;
use crate::secretariat::{Secretariat, Service};
use crate::support::{SOON, eventually, is_clean, run, text};

/// The coalition's folder, with three more lines.
fn more(secretariat: &Secretariat) -> Result<String> {
    let rows = [row("R-1", 10), row("R-2", 1), row("R-3", 1), row("R-4", 1)];
    Ok(text(&coalition::write(secretariat.folder.path(), &rows)?)?.to_owned())
}

/// What is written to a file that nobody finds any more is lost: nothing is taken from then on.
#[test]
fn a_database_that_is_deleted_or_replaced_ends_the_service() -> Result<()> {
    if pair() != Pair::SqliteEmbedded {
        return Ok(());
    }
    for is_replaced in [false, true] {
        let secretariat = Secretariat::open(10)?;
        let data = text(&secretariat.data)?.to_owned();
        let (file, aside) =
            (secretariat.data.join("waybill.sqlite"), secretariat.folder.path().join("aside"));
        secretariat.until("LOT-001", "response")?;
        fs::copy(&file, &aside)?;
        if is_replaced {
            fs::rename(&aside, &file)?;
        } else {
            fs::remove_file(&file)?;
        }
        let more = more(&secretariat)?;
        let taken = run(&["import", &more, "--data", &data])?;
        let is_told = taken.err.contains("files are gone") || taken.err.contains("is gone");
        ensure!(taken.code != Some(0) && is_told, "taken into a file that is gone: {taken:?}");
        let (code, log) = secretariat.service.ended()?;
        ensure!(code == Some(2), "{code:?}: {log}");
        ensure!(log.contains("was moved, deleted or replaced while it was in use"), "{log}");
    }
    Ok(())
}

#[test]
fn what_is_paused_waits_until_somebody_lets_it_go_on() -> Result<()> {
    let mut secretariat = Secretariat::open(10)?;
    let data = text(&secretariat.data)?.to_owned();
    secretariat.until("LOT-001", "response")?;
    let unknown = run(&["pause", "everything", "--data", &data])?;
    ensure!(
        unknown.code == Some(1) && unknown.err.contains("choose one of all, calendar"),
        "{unknown:?}"
    );
    run(&["pause", "all", "-m", "a night of changes", "--data", &data])?.ok()?;
    let again = run(&["pause", "all", "--data", &data])?.ok()?;
    ensure!(again.out.contains("already paused it at"), "{again:?}");
    let status = run(&["status", "--data", &data])?.ok()?;
    ensure!(status.out.contains("a night of changes"), "{status:?}");
    let more = more(&secretariat)?;
    let place = secretariat.data.clone();
    secretariat.restart(|| Service::start(&place, None))?;
    run(&["import", &more, "--data", &data])?.ok()?;
    run(&["cron", "run", "daily-chase", "--data", &data])?.ok()?;
    let runs = || -> Result<Value> {
        let entries = run(&["cron", "list", "--json", "--data", &data])?.json()?;
        let mut all = entries.as_array().cloned().unwrap_or_default().into_iter();
        Ok(all.find(|entry| entry["name"] == "daily-chase").unwrap_or_default())
    };
    // What is by hand is done all the same, and has its time after what would have run by itself.
    run(&["hold", "LOT-003", "--yes", "--data", &data])?.ok()?;
    ensure!(runs()?["runs"] == 0, "the calendar has run");
    let lots = crate::support::lots(&secretariat.data)?;
    let moved = |lot: &&Value| lot["id"] != "LOT-001" && lot["step"] != "validate_priority";
    ensure!(lots.len() == 4 && !lots.iter().any(|lot| moved(&lot)), "{lots:?}");

    run(&["unpause", "all", "--yes", "--data", &data])?.ok()?;
    eventually("all goes on", SOON, || Ok((runs()?["runs"] == 1).then_some(())))?;
    eventually("lots move", SOON, || {
        Ok(crate::support::lots(&secretariat.data)?.iter().any(|lot| moved(&lot)).then_some(()))
    })?;
    let none = run(&["pause", "--data", &data])?.ok()?;
    ensure!(none.out == "nothing is paused\n", "{none:?}");
    is_clean(&secretariat.data)?;
    secretariat.service.stop().map(drop)
}
