//! A clock that cannot be believed: nothing that time decides is done by it, and what was done by one is taken back.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tempfile::TempDir;

use crate::coalition::{self, row};
use crate::pair::pair;
use crate::pair::{Database, Pair};
use crate::secretariat::Service;
use crate::support::{SOON, eventually, is_clean, is_named, run, text};

/// Seconds by which a clock is ahead, or behind.
const DAYS_300: i64 = 300 * 86_400;
const HOURS_3: i64 = 3 * 3_600;

/// The entry of the calendar that has money lapse.
const LAPSE: &str = "daily-lapse";

/// A served coalition whose clock can be set.
struct Place {
    folder: TempDir,
    /// None: nobody serves it now.
    service: Option<Service>,
}

impl Place {
    /// Its money can be bound for another hundred days.
    fn open() -> Result<Self> {
        let folder = TempDir::new()?;
        let dir = coalition::write(folder.path(), &[row("R-1", 1)])?;
        let last = chrono::Utc::now().date_naive() + chrono::Days::new(100);
        let money = format!(
            "id,donors,firmness,stated,amount,currency,obligate_by,consent,source\n\
             C1,AA,commitment,2025-01-01,100000.00,EUR,{last},none,invented\n"
        );
        fs::write(dir.join("contributions.csv"), money)?;
        let service = Some(serve(folder.path(), Some(&dir.join("pipeline.toml")))?);
        let place = Self { folder, service };
        run(&["import", text(&dir)?, "--data", &place.data()?])?.ok()?;
        Ok(place)
    }

    fn data(&self) -> Result<String> {
        Ok(text(&self.folder.path().join("data"))?.to_owned())
    }

    /// Sets the clock so many seconds ahead of what it is.
    fn set(&self, seconds: i64) -> Result<()> {
        set(self.folder.path(), seconds)
    }

    fn restart(&mut self) -> Result<()> {
        if let Some(service) = self.service.take() {
            service.kill()?;
        }
        self.service = Some(serve(self.folder.path(), None)?);
        Ok(())
    }

    fn stop(self) -> Result<()> {
        self.service.context("no `waybill serve` is running")?.stop().map(drop)
    }

    fn clock(&self) -> Result<Value> {
        let said = run(&["clock", "show", "--json", "--data", &self.data()?])?;
        serde_json::from_str(&said.out).with_context(|| said.err)
    }

    fn is_believed(&self, is_believed: bool) -> Result<Value> {
        eventually("the clock is looked at", SOON, || {
            let clock = self.clock()?;
            Ok((clock["is_believed"] == is_believed).then_some(clock))
        })
    }

    /// What has lapsed, in cents.
    fn lapsed(&self) -> Result<i64> {
        let money = run(&["money", "--json", "--data", &self.data()?])?.json()?;
        let envelope = money["envelopes"].get(0).context("an envelope")?;
        envelope["money"]["expired"]["minor"].as_i64().with_context(|| money.to_string())
    }

    fn entry(&self, name: &str) -> Result<Value> {
        let entries = run(&["cron", "list", "--json", "--data", &self.data()?])?.json()?;
        let found = entries.as_array().and_then(|all| all.iter().find(|e| e["name"] == name));
        found.cloned().context("no such entry")
    }

    /// Runs an entry of the calendar, and waits until it has.
    fn run_entry(&self, name: &str) -> Result<()> {
        let before = self.entry(name)?["runs"].as_u64();
        run(&["cron", "run", name, "--data", &self.data()?])?.ok()?;
        eventually("it has run", SOON, || {
            Ok((self.entry(name)?["runs"].as_u64() > before).then_some(()))
        })
    }
}

fn set(folder: &Path, seconds: i64) -> Result<()> {
    let (new, file) = (folder.join("offset.new"), folder.join("offset"));
    fs::write(&new, seconds.to_string())?;
    Ok(fs::rename(new, file)?)
}

fn serve(folder: &Path, pipeline: Option<&Path>) -> Result<Service> {
    let offset = folder.join("offset");
    if !offset.exists() {
        set(folder, 0)?;
    }
    let variable = ("WAYBILL_CLOCK_OFFSET_FILE", text(&offset)?);
    Service::start_in(&folder.join("data"), pipeline, &[], &[variable])
}

#[test]
fn a_clock_that_is_ahead_for_a_while_lapses_nothing() -> Result<()> {
    let place = Place::open()?;
    let data = place.data()?;
    place.run_entry(LAPSE)?;
    place.set(DAYS_300)?;
    let clock = place.is_believed(false)?;
    let doubt = clock["doubt"].as_str().context("a doubt")?;
    ensure!(doubt.contains("300 days ahead"), "{clock}");
    // Whoever asks for something is told, and nothing is done.
    let fired = run(&["cron", "run", LAPSE, "--data", &data])?;
    fired.failed(2, &["days ahead", "no work is done"])?;
    let found = run(&["doctor", "--json", "--data", &data])?;
    ensure!(found.code == Some(2) && found.out.contains("days ahead"), "{found:?}");
    ensure!(place.lapsed()? == 0);
    place.set(-HOURS_3)?;
    let clock = place.is_believed(false)?;
    ensure!(clock["doubt"].as_str().is_some_and(|doubt| doubt.contains("3 h b")), "{clock}");
    // Set right, all goes on.
    place.set(0)?;
    place.is_believed(true)?;
    place.run_entry(LAPSE)?;
    ensure!(place.lapsed()? == 0);
    let next = place.entry(LAPSE)?["next"].as_str().context("a next fire")?.to_owned();
    let next: chrono::DateTime<chrono::Utc> = next.parse()?;
    ensure!(next - chrono::Utc::now() < chrono::TimeDelta::days(2), "{next}");
    is_clean(&place.folder.path().join("data"))?;
    place.stop()
}

/// A restart does not make a wrong clock right; what was lapsed by one that somebody believed is taken back.
#[test]
fn what_a_wrong_clock_has_done_is_undone() -> Result<()> {
    if pair() != Pair::SqliteEmbedded {
        // A database has a clock of its own, and nobody can say that both are right.
        return Ok(());
    }
    let mut place = Place::open()?;
    let data = place.data()?;
    place.run_entry(LAPSE)?;
    place.set(DAYS_300)?;
    place.restart()?;
    place.is_believed(false)?;
    run(&["clock", "accept", "--data", &data])?.ok()?;
    place.is_believed(true)?;
    place.run_entry(LAPSE)?;
    eventually("the money has lapsed", SOON, || Ok((place.lapsed()? > 0).then_some(())))?;
    let reinstate = ["reinstate", "C1", "--yes", "--data", &data];
    let refused = run(&reinstate)?;
    ensure!(refused.err.contains("the last day on which `C1` can be bound was"), "{refused:?}");

    place.set(0)?;
    place.is_believed(false)?;
    run(&["clock", "accept", "--data", &data])?.ok()?;
    // The next thing that happens shows that the day was still to come.
    run(&["pause", "webhooks", "--data", &data])?.ok()?;
    let folder = place.folder.path().join("data");
    is_named(&folder, "I15", "because a clock was ahead: position")?;
    // What it shows as next is what comes.
    let ahead: chrono::DateTime<chrono::Utc> =
        place.entry(LAPSE)?["next"].as_str().context("a next fire")?.parse()?;
    ensure!(ahead - chrono::Utc::now() > chrono::TimeDelta::days(200), "{ahead}");
    let shown = run(&[&reinstate[..], &["--dry-run"]].concat())?.ok()?;
    ensure!(shown.out.contains("that had lapsed can be used again"), "{shown:?}");
    run(&reinstate)?.ok()?;
    ensure!(place.lapsed()? == 0);
    let again = run(&reinstate)?.ok()?;
    ensure!(again.out.contains("none of its money has lapsed"), "{again:?}");
    place.restart()?;
    eventually("the calendar goes on", SOON, || {
        let lapse = place.entry(LAPSE)?;
        let next: chrono::DateTime<chrono::Utc> =
            lapse["next"].as_str().context("a next fire")?.parse()?;
        let soon = next - chrono::Utc::now() < chrono::TimeDelta::days(2);
        Ok((soon && lapse["runs"].as_u64() >= Some(3)).then_some(()))
    })?;
    ensure!(place.lapsed()? == 0);
    is_clean(&place.folder.path().join("data"))?;
    place.stop()
}

#[test]
fn check_names_what_moved_by_itself_while_it_was_paused() -> Result<()> {
    if pair() != Pair::SqliteEmbedded {
        // Its clock would be too far from the database's.
        return Ok(());
    }
    let place = Place::open()?;
    let (data, folder) = (place.data()?, place.folder.path().join("data"));
    place.run_entry(LAPSE)?;
    run(&["pause", "all", "--data", &data])?.ok()?;
    let dir = coalition::write(place.folder.path(), &[row("R-1", 1), row("R-2", 1)])?;
    run(&["import", text(&dir.join("requisitions.csv"))?, "--data", &data])?.ok()?;
    // Later than what was under way may take.
    place.set(600)?;
    is_clean(&folder)?;
    Database::tamper(&folder, "DELETE FROM records WHERE kind = 'pause'")?;
    eventually("a lot moves", SOON, || Ok(is_named(&folder, "I15", "had paused all since").ok()))?;
    place.stop()
}
