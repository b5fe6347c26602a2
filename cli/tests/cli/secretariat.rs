use std::fs::{self, File};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::coalition::{self, row};
use crate::support::{SOON, Started, eventually, kinds, lots, run, show, text, waybill};

/// How long a service may take to drain.
const DRAIN: Duration = Duration::from_secs(10);

/// A running `serve`, killed with the test.
pub(crate) struct Service {
    process: Started,
    log: PathBuf,
    _talk: TempDir,
}

impl Service {
    /// Starts it and waits until it answers.
    pub(crate) fn start(data: &Path, pipeline: Option<&Path>) -> Result<Self> {
        Self::start_with(data, pipeline, &[])
    }

    /// The same with more options.
    pub(crate) fn start_with(data: &Path, pipeline: Option<&Path>, more: &[&str]) -> Result<Self> {
        Self::start_in(data, pipeline, more, &[])
    }

    /// The same with variables in its environment.
    pub(crate) fn start_in(
        data: &Path,
        pipeline: Option<&Path>,
        more: &[&str],
        variables: &[(&str, &str)],
    ) -> Result<Self> {
        let talk = TempDir::new()?;
        let log = talk.path().join("log");
        let mut command = waybill(&["serve", "--data", text(data)?]);
        command.args(more).envs(variables.iter().copied());
        if let Some(pipeline) = pipeline {
            command.arg("--pipeline").arg(pipeline);
        }
        command.env("WAYBILL_LOG_FORMAT", "json");
        // Where a store is shared, what a killed one held is free soon.
        command.env("WAYBILL_LEASE_MS", "3000");
        command.stdout(Stdio::null()).stderr(File::create(&log)?);
        let mut service = Self { process: Started(command.spawn()?), log, _talk: talk };
        let socket = data.join("waybill.sock");
        eventually("serve answers", SOON, || {
            if let Some(status) = service.process.0.try_wait()? {
                anyhow::bail!("serve ended with {status}: {}", service.log()?);
            }
            Ok(UnixStream::connect(&socket).ok())
        })?;
        Ok(service)
    }

    /// What it has logged so far.
    pub(crate) fn log(&self) -> Result<String> {
        Ok(fs::read_to_string(&self.log)?)
    }

    /// Its process.
    pub(crate) fn id(&self) -> u32 {
        self.process.0.id()
    }

    /// Sends it a signal, as `kill` names it.
    pub(crate) fn signal(&self, signal: &str) -> Result<()> {
        self.process.signal(signal)
    }

    /// Waits until it ends by itself; gives the exit code and the log.
    pub(crate) fn ended(mut self) -> Result<(Option<i32>, String)> {
        let status = self.process.end(SOON)?;
        Ok((status.code(), self.log()?))
    }

    /// SIGTERM; it must drain and exit with 0 in time. Gives the log.
    pub(crate) fn stop(mut self) -> Result<String> {
        self.process.terminate()?;
        let status = self.process.end(DRAIN)?;
        let log = self.log()?;
        ensure!(status.code() == Some(0), "{status}: {log}");
        Ok(log)
    }

    /// SIGKILL.
    pub(crate) fn kill(mut self) -> Result<()> {
        self.process.0.kill()?;
        self.process.0.wait()?;
        Ok(())
    }
}

/// A data folder that `serve` serves, with a coalition of one requisition.
pub(crate) struct Secretariat {
    pub(crate) folder: TempDir,
    pub(crate) data: PathBuf,
    pub(crate) service: Service,
}

impl Secretariat {
    pub(crate) fn open(quantity: u32) -> Result<Self> {
        Self::open_with(quantity, &[])
    }

    /// The same, served with more options.
    pub(crate) fn open_with(quantity: u32, more: &[&str]) -> Result<Self> {
        let folder = TempDir::new()?;
        let dir = coalition::write(folder.path(), &[row("R-1", quantity)])?;
        Self::open_in(folder, &dir, more)
    }

    /// One that serves the coalition in `dir`.
    pub(crate) fn open_in(folder: TempDir, dir: &Path, more: &[&str]) -> Result<Self> {
        let data = folder.path().join("data");
        let service = Service::start_with(&data, Some(&dir.join("pipeline.toml")), more)?;
        let taken = run(&["import", text(dir)?, "--data", text(&data)?, "--json"])?.json()?;
        ensure!(taken["new"] == 1, "{taken}");
        Ok(Self { folder, data, service })
    }

    /// SIGKILL, then what `start` starts.
    pub(crate) fn restart(&mut self, start: impl FnOnce() -> Result<Service>) -> Result<()> {
        self.service.process.0.kill()?;
        self.service.process.0.wait()?;
        self.service = start()?;
        Ok(())
    }

    /// Waits for an order in the outbox that is not one of `known`; gives number and document.
    pub(crate) fn order(&self, known: &[&str]) -> Result<(String, Value)> {
        let outbox = self.data.join("outbox");
        eventually("an order is in the outbox", SOON, || {
            for entry in fs::read_dir(&outbox)? {
                let path = entry?.path();
                let stem = path.file_stem().and_then(|stem| stem.to_str()).context("a name")?;
                if path.extension().is_some_and(|kind| kind == "json") && !known.contains(&stem) {
                    return Ok(Some((stem.to_owned(), serde_json::from_slice(&fs::read(&path)?)?)));
                }
            }
            Ok(None)
        })
    }

    /// Hands in `bytes` as `name`: written beside, then renamed.
    pub(crate) fn hand_in(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let inbox = self.data.join("inbox");
        fs::write(inbox.join("writing"), bytes)?;
        fs::rename(inbox.join("writing"), inbox.join(name))?;
        Ok(())
    }

    /// Hands in a document, and waits until it has left the inbox, whatever became of it.
    pub(crate) fn send(&self, name: &str, document: &Value) -> Result<()> {
        self.hand_in(name, document.to_string().as_bytes())?;
        let inbox = self.data.join("inbox");
        let is_there = |place| inbox.join(place).join(name).exists();
        let left = || ["taken", "kept", "refused"].into_iter().any(is_there);
        eventually("a document leaves the inbox", SOON, || Ok(left().then_some(())))
    }

    /// Waits until lot `wanted` is in a state that prints as JSON with `part` in it.
    /// Waits until the lot `wanted` waits for, or has ended as, `what`.
    pub(crate) fn until(&self, wanted: &str, what: &str) -> Result<Value> {
        let mut last = String::new();
        let found = eventually("a lot gets on", SOON, || {
            let lots = lots(&self.data)?;
            last = lots.iter().map(|lot| format!("{lot}\n")).collect();
            let is_there = |lot: &Value| {
                lot["id"] == wanted && (lot["state"] == what || lot["awaits"] == what)
            };
            Ok(lots.into_iter().find(is_there))
        });
        found.with_context(|| {
            format!("{wanted} {what}: {last}\n{}", self.service.log().unwrap_or_default())
        })
    }

    /// Waits until the log says that document `number` of `sender` changes nothing. It must be
    /// recorded, too, with each of `parts` as the reason.
    pub(crate) fn until_refused(&self, sender: &str, number: &str, parts: &[&str]) -> Result<()> {
        eventually("a document is refused", SOON / 2, || {
            let is_it = |line: &str| {
                let entry: Value = serde_json::from_str(line).unwrap_or_default();
                let fields = &entry["fields"];
                fields["sender"] == sender && fields["number"] == number
            };
            Ok(self.service.log()?.lines().any(is_it).then_some(()))
        })?;
        let record = format!("refused_document:{}:{sender}/{number}", sender.len());
        let shown =
            eventually("a refusal is recorded", SOON / 2, || Ok(show(&self.data, &record).ok()))?;
        ensure!(kinds(&shown).iter().all(|kind| *kind == "document.refused"), "{shown}");
        let why = fact(&shown, "why");
        for part in parts {
            ensure!(why.is_some_and(|why| why.contains(part)), "not refused for `{part}`: {shown}");
        }
        Ok(())
    }

    /// Waits until the file `name` is put aside as no document, with a reason that has `parts`.
    pub(crate) fn until_put_aside(&self, name: &str, parts: &[&str]) -> Result<()> {
        let refused = self.data.join("inbox/refused");
        eventually("a file is put aside", SOON, || Ok(refused.join(name).exists().then_some(())))?;
        let why = fs::read_to_string(refused.join(name).with_extension("txt"))?;
        for part in parts {
            ensure!(why.contains(part), "`{part}` is missing: {why}");
        }
        ensure!(!self.data.join("inbox").join(name).exists(), "{name} is still in the inbox");
        Ok(())
    }
}

/// The value of a fact in what `show --json` says.
pub(crate) fn fact<'a>(shown: &'a Value, name: &str) -> Option<&'a str> {
    let facts = shown["facts"].as_array().map(Vec::as_slice).unwrap_or_default();
    facts.iter().find(|fact| fact[0] == name).and_then(|fact| fact[1].as_str())
}

pub(crate) fn response(number: &str, order: &str, lot: &str) -> Value {
    json!({"sender": "SUP", "number": number, "type": "order_response", "order": order,
           "lines": [{"lot": lot, "answer": "accepted"}]})
}

pub(crate) fn receipt(number: &str, order: &str, line: &Value) -> Value {
    json!({"sender": "REQ", "number": number, "type": "receipt_advice", "order": order,
           "lines": [line]})
}

pub(crate) fn payment(number: &str, order: &str, lot: &str, minor: i64) -> Value {
    json!({"sender": "BUY", "number": number, "type": "payment", "order": order,
           "date": chrono::Utc::now().date_naive(),
           "lines": [{"lot": lot, "amount": {"minor": minor, "currency": "EUR"}}]})
}
