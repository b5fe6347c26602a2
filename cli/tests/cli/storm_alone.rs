//! The storm over one `serve` with its SQLite file: killed, put to sleep, told another day, out of disk, locked out by
//! another writer, given other pipelines and half restores.
//!
//! `WAYBILL_STORM` is how many faults there are (12 without it), `WAYBILL_STORM_SEED` repeats their order.
#![allow(clippy::print_stderr)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use sqlx::{Connection, SqliteConnection};
use tempfile::TempDir;

use crate::api::receiver::{Receiver, Temper};
use crate::disk::SmallDisk;
use crate::every_pair::crash::{Draws, OPEN, number, requisitions, write_coalition};
use crate::storm::{CAUGHT_UP, EACH, Follower, SECTIONS, all_arrive, lasts};
use crate::support::{Started, eventually, is_clean, run, text, waybill};

/// Lots under way at first.
const LOTS: usize = 300;

/// How long everything may take to end after the last fault.
const END: Duration = Duration::from_secs(120);

/// A coalition that one process serves.
struct Alone {
    folder: TempDir,
    data: PathBuf,
    /// None where none can be mounted: its disk is never full.
    disk: Option<SmallDisk>,
    process: Started,
    runtime: tokio::runtime::Runtime,
    /// The requisitions that were handed in last.
    last: Option<PathBuf>,
}

impl Alone {
    fn open() -> Result<Self> {
        let folder = TempDir::new()?;
        let coalition = folder.path().join("coalition");
        fs::create_dir(&coalition)?;
        write_coalition(&coalition, 25, LOTS)?;
        let disk = SmallDisk::mount(&folder.path().join("disk"), "4g")?;
        let data = disk.as_ref().map_or(folder.path(), |disk| disk.0.as_path()).join("data");
        run(&["import", text(&coalition)?, "--data", text(&data)?])?.ok()?;
        let copy = folder.path().join("copy.jsonl");
        run(&["export", text(&copy)?, "--data", text(&data)?])?.ok()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        // Where it is not running yet: a process that has ended.
        let process = Started(std::process::Command::new("true").spawn()?);
        let mut alone = Self { folder, data, disk, process, runtime, last: None };
        alone.state("")?;
        alone.clock(0)?;
        alone.start()?;
        Ok(alone)
    }

    fn data(&self) -> Result<&str> {
        text(&self.data)
    }

    /// The pipeline that it states when it starts: that of the coalition, with `more`.
    fn state(&self, more: &str) -> Result<()> {
        let said = fs::read_to_string(self.folder.path().join("coalition/pipeline.toml"))?;
        Ok(fs::write(self.folder.path().join("pipeline.toml"), said + SECTIONS + more)?)
    }

    fn start(&mut self) -> Result<()> {
        let pipeline = self.folder.path().join("pipeline.toml");
        let mut command =
            waybill(&["serve", "--data", self.data()?, "--pipeline", text(&pipeline)?]);
        let log = self.folder.path().join("log");
        let log = File::options().create(true).append(true).open(log)?;
        command.stdout(Stdio::null()).stderr(log);
        command.env("WAYBILL_CLOCK_OFFSET_FILE", self.folder.path().join("offset"));
        self.process = Started(command.spawn()?);
        Ok(())
    }

    fn kill(&mut self) -> Result<()> {
        if let Some(status) = self.process.0.try_wait()? {
            let log = fs::read_to_string(self.folder.path().join("log"))?;
            anyhow::bail!("it had ended by itself, with {status}: {log}");
        }
        self.process.0.kill()?;
        self.process.0.wait()?;
        Ok(())
    }

    /// Its clock is so many seconds ahead.
    fn clock(&self, seconds: i64) -> Result<()> {
        let (new, file) = (self.folder.path().join("new"), self.folder.path().join("offset"));
        fs::write(&new, seconds.to_string())?;
        Ok(fs::rename(new, file)?)
    }

    /// Hands in `file`; a service that has just been started is waited for.
    fn hand_in(&self, file: &std::path::Path) -> Result<()> {
        eventually("it is taken", CAUGHT_UP, || {
            let said = run(&["import", text(file)?, "--data", self.data()?])?;
            Ok((said.code == Some(0)).then_some(()))
        })
    }

    /// One fault; gives what it was.
    fn fault(&mut self, draws: &mut Draws) -> Result<&'static str> {
        match draws.below(100) {
            ..72 => {
                self.kill()?;
                self.start()?;
                Ok("killed")
            }
            72..76 => {
                self.process.signal("-STOP")?;
                lasts(2_000);
                self.process.signal("-CONT")?;
                Ok("a sleeper")
            }
            76..81 => {
                let days = 30 + draws.below(5_000);
                self.state(&format!("disable_after_days = {days}\n"))?;
                self.kill()?;
                self.start()?;
                Ok("the pipeline replaced")
            }
            81..86 => {
                self.clock(300 * 86_400)?;
                lasts(2_000);
                self.clock(0)?;
                Ok("a clock ahead")
            }
            86..90 => {
                // A copy of the folder as it was at first; its numbers would be given out again.
                self.kill()?;
                let copy = self.folder.path().join("copy.jsonl");
                let mut command =
                    waybill(&["restore", text(&copy)?, "--yes", "--data", self.data()?]);
                let mut restore =
                    Started(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?);
                lasts(draws.below(60));
                let is_done = restore.0.try_wait()?.is_some_and(|status| status.success());
                ensure!(!is_done, "a restore was too fast to be killed");
                restore.0.kill()?;
                restore.0.wait()?;
                self.start()?;
                Ok("a restore killed")
            }
            90..93 => {
                let url = format!("sqlite:{}", self.data.join("waybill.sqlite").display());
                self.runtime.block_on(async {
                    let mut other = SqliteConnection::connect(&url).await?;
                    sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await?;
                    lasts(1_500);
                    sqlx::query("ROLLBACK").execute(&mut other).await?;
                    other.close().await
                })?;
                Ok("another writer")
            }
            93..97 => {
                if let Some(last) = self.last.clone() {
                    self.hand_in(&last)?;
                }
                let junk = self.folder.path().join("junk.csv");
                fs::write(&junk, b"external_id,requester\n\0\xff,\n")?;
                let said = run(&["import", text(&junk)?, "--data", self.data()?])?;
                ensure!(said.code != Some(0), "junk was taken");
                Ok("files doubled, and junk")
            }
            _ => {
                let filler = self.disk.as_ref().map(|disk| disk.fill(0)).transpose()?;
                lasts(1_000);
                if let Some(filler) = filler {
                    fs::remove_file(filler)?;
                }
                // A process may end for want of a disk; it is started again, as by its supervisor.
                if self.process.0.try_wait()?.is_some() {
                    self.start()?;
                }
                Ok("a full disk")
            }
        }
    }

    /// The number that `sql` asks for.
    fn count(&self, sql: &'static str) -> Result<i64> {
        let url = format!("sqlite:{}?mode=ro", self.data.join("waybill.sqlite").display());
        self.runtime.block_on(async {
            let mut reader = SqliteConnection::connect(&url).await?;
            let count = sqlx::query_scalar(sql).fetch_one(&mut reader).await?;
            reader.close().await?;
            Ok(count)
        })
    }
}

#[test]
fn nothing_is_lost_in_a_storm_over_one_process() -> Result<()> {
    let faults = number("WAYBILL_STORM", 12);
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos() as u64;
    let seed = number("WAYBILL_STORM_SEED", now) | 1;
    eprintln!("seed {seed}");
    let mut alone = Alone::open()?;
    let receiver = Receiver::start(Temper::Moody(10))?;
    eventually("the webhook is made", CAUGHT_UP, || {
        let url = receiver.url();
        let said = run(&["webhook", "create", &url, "--after", "0", "--data", alone.data()?])?;
        Ok((said.code == Some(0)).then_some(()))
    })?;
    let (mut draws, mut counts) = (Draws(seed), BTreeMap::<&str, u64>::new());
    let (mut follower, mut lots) = (Follower::default(), 0);
    let place = alone.data()?.to_owned();
    let waybill = |arguments: &[&str]| run(&[arguments, &["--data", &place]].concat());
    for n in 0..faults {
        if n > 0 && n % 100 == 0 {
            eprintln!("{n} faults: {counts:?}");
        }
        if n % EACH == 0 {
            let file = alone.folder.path().join(format!("S{n}.csv"));
            fs::write(&file, requisitions(&format!("S{n}"), 20))?;
            alone.hand_in(&file)?;
            alone.last = Some(file);
            lots += 20;
        }
        let what = alone.fault(&mut draws)?;
        *counts.entry(what).or_default() += 1;
        lasts(draws.below(700));
        if n % 5 == 0 {
            follower.read_on(waybill);
        }
    }
    let last_fault = Instant::now();
    eventually("every lot ends", END, || Ok((alone.count(OPEN)? == 0).then_some(())))
        .with_context(|| format!("seed {seed}, {counts:?}"))?;
    let ended = last_fault.elapsed();
    let all = follower.read_all(waybill)?;
    all_arrive(&all, &receiver).with_context(|| format!("seed {seed}, {counts:?}"))?;
    let caught_up = last_fault.elapsed();
    ensure!(alone.count("SELECT count(*) FROM lots WHERE state = 'parked'")? == 0, "parked lots");
    let by_hand = run(&["incidents", "--json", "--data", &place])?.json()?;
    ensure!(by_hand.as_array().is_some_and(Vec::is_empty), "somebody has to act: {by_hand}");
    let orders: Vec<&str> = all
        .iter()
        .filter(|event| event["type"] == "waybill.order.sent")
        .filter_map(|event| event["subject"].as_str())
        .collect();
    let once: BTreeSet<&str> = orders.iter().copied().collect();
    ensure!(!orders.is_empty() && once.len() == orders.len(), "an order was sent twice");
    let late = "SELECT count(*) FROM events WHERE at > (unixepoch() + 86400) * 1000";
    ensure!(alone.count(late)? == 0, "something was done by a clock that was ahead");
    is_clean(&alone.data)?;
    eprintln!(
        "seed {seed}: {faults} faults {counts:?}, {lots} lots more, {} events; all ended after {ended:?}, webhooks caught \
         up after {caught_up:?}",
        all.len()
    );
    Ok(())
}
