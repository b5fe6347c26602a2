//! Starting `waybill`, waiting for things, and reading what it said.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use tempfile::TempDir;

use crate::pair;

/// How long one command may take, on a slow machine with others beside it: longer, and it hangs.
const COMMAND: Duration = Duration::from_secs(900);

/// How long a running service may take to do something.
pub(crate) const SOON: Duration = Duration::from_secs(90);

/// The example's folder.
pub(crate) fn example() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/it-coalition")
}

/// Asks `look` until it gives something, for at most `time`.
pub(crate) fn eventually<T>(
    what: &str,
    time: Duration,
    mut look: impl FnMut() -> Result<Option<T>>,
) -> Result<T> {
    let deadline = Instant::now() + time;
    loop {
        if let Some(found) = look().with_context(|| format!("while waiting: {what}"))? {
            return Ok(found);
        }
        ensure!(Instant::now() < deadline, "did not happen within {time:?}: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// What a finished process said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    /// It must have exited with 0.
    pub(crate) fn ok(self) -> Result<Self> {
        ensure!(self.code == Some(0), "exit {:?}\n{}\n{}", self.code, self.out, self.err);
        Ok(self)
    }

    /// It must have exited with 0 and one JSON document, and nothing else, on stdout.
    pub(crate) fn json(self) -> Result<Value> {
        let said = self.ok()?;
        serde_json::from_str(&said.out).with_context(|| format!("not one document: {}", said.out))
    }

    /// It must have exited with `code` and an error with each of `parts`, whatever it has logged before.
    pub(crate) fn refused(self, code: i32, parts: &[&str]) -> Result<Self> {
        let error = self.err.find("error: ").context("no error")?;
        Self { err: self.err[error..].to_owned(), ..self }.failed(code, parts)
    }

    /// It must have exited with `code`, nothing on stdout, and an error with each of `parts`.
    pub(crate) fn failed(self, code: i32, parts: &[&str]) -> Result<Self> {
        ensure!(self.code == Some(code), "exit {:?}, not {code}: {}", self.code, self.err);
        ensure!(self.out.is_empty(), "stdout is not empty: {}", self.out);
        ensure!(self.err.starts_with("error: "), "no error: {}", self.err);
        for part in parts {
            ensure!(self.err.contains(part), "the error does not say `{part}`: {}", self.err);
        }
        Ok(self)
    }
}

/// `waybill`, without settings from outside, on 80 columns.
pub(crate) fn waybill(arguments: &[&str]) -> Command {
    let mut command = plain(env!("CARGO_BIN_EXE_waybill"));
    command.args(arguments);
    // A pair that cannot be had fails the test, with the way out.
    command.envs(pair::settings(arguments).expect("a store and a broker"));
    command
}

/// `program`, the same way.
pub(crate) fn plain(program: &str) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("WAYBILL_") {
            command.env_remove(name);
        }
    }
    // A folder without a `waybill.toml`.
    command.current_dir(env!("CARGO_TARGET_TMPDIR"));
    // What is trusted there is not what its user trusts.
    command.env("XDG_CONFIG_HOME", concat!(env!("CARGO_TARGET_TMPDIR"), "/config"));
    command.env("COLUMNS", "80").env("TZ", "UTC").stdin(Stdio::null());
    command
}

/// Runs `command` to its end.
pub(crate) fn finish(mut command: Command) -> Result<Said> {
    let talk = TempDir::new()?;
    let (out, err) = (talk.path().join("out"), talk.path().join("err"));
    command.stdout(File::create(&out)?).stderr(File::create(&err)?);
    let mut child = Started(command.spawn()?);
    let status = child.end(COMMAND).with_context(|| format!("{command:?}"))?;
    let read = |path| fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    Ok(Said { code: status.code(), out: read(&out)?, err: read(&err)? })
}

/// Runs `waybill` with `arguments` to its end.
pub(crate) fn run(arguments: &[&str]) -> Result<Said> {
    finish(waybill(arguments))
}

/// What is answered at `path` of a service: status, head and body.
pub(crate) fn answered(address: &str, path: &str) -> Result<(u16, String, String)> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(SOON))?;
    write!(stream, "GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n")?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    let (head, body) = text.split_once("\r\n\r\n").with_context(|| format!("no answer: {text}"))?;
    let status = head.split(' ').nth(1).context("a status")?.parse()?;
    Ok((status, head.to_ascii_lowercase(), body.to_owned()))
}

/// A process that ends with the test.
#[derive(Debug)]
pub(crate) struct Started(pub(crate) Child);

impl Started {
    /// Waits for its end.
    pub(crate) fn end(&mut self, time: Duration) -> Result<ExitStatus> {
        eventually("the process ends", time, || Ok(self.0.try_wait()?))
    }

    /// Sends it SIGTERM.
    pub(crate) fn terminate(&self) -> Result<()> {
        self.signal("-TERM")
    }

    /// Sends it a signal, as `kill` names it.
    pub(crate) fn signal(&self, signal: &str) -> Result<()> {
        let killed = Command::new("kill").args([signal, &self.0.id().to_string()]).status()?;
        ensure!(killed.success(), "kill failed");
        Ok(())
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        if matches!(self.0.try_wait(), Ok(None)) {
            self.0.kill().ok();
            self.0.wait().ok();
        }
    }
}

/// `text` with a word for how far moments are from now, which is another each day.
pub(crate) fn steady(text: &str) -> String {
    let mut steady = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('(') {
        let Some((inside, after)) = after.split_once(')') else { break };
        let is_far = inside.ends_with(" ago") || inside.starts_with("in ") || inside == "now";
        steady.push_str(&format!("{before}({})", if is_far { "FAR" } else { inside }));
        rest = after;
    }
    steady + rest
}

/// A path as text.
pub(crate) fn text(path: &Path) -> Result<&str> {
    path.to_str().context("a path is not UTF-8")
}

/// All lots in the data folder.
pub(crate) fn lots(data: &Path) -> Result<Vec<Value>> {
    let said = run(&["lots", "--data", text(data)?, "--json", "--limit", "10000"])?;
    match said.json()? {
        Value::Array(lots) => Ok(lots),
        other => bail!("no list of lots: {other}"),
    }
}

/// A lot's id.
pub(crate) fn id(lot: &Value) -> Result<String> {
    lot["id"].as_str().map(str::to_owned).context("a lot without id")
}

/// `show --json` of a subject.
pub(crate) fn show(data: &Path, id: &str) -> Result<Value> {
    run(&["show", id, "--data", text(data)?, "--json"])?.json()
}

/// The kinds of everything that happened to a subject, oldest first.
pub(crate) fn kinds(shown: &Value) -> Vec<&str> {
    let timeline = shown["timeline"].as_array().map(Vec::as_slice).unwrap_or_default();
    timeline.iter().filter_map(|entry| entry["kind"].as_str()).collect()
}

/// `check` must find nothing; returns how many events there are.
pub(crate) fn is_clean(data: &Path) -> Result<i64> {
    let found = run(&["check", "--data", text(data)?, "--json"])?.json()?;
    ensure!(found["ok"] == true, "not ok: {found}");
    ensure!(found["violations"].as_array().is_some_and(Vec::is_empty), "violations: {found}");
    ensure!(found["events"].is_u64(), "no number of events: {found}");
    // The database itself: events get their positions just after their commit.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let database = pair::Database::of(data).await?;
        let events = database.count("SELECT count(*) FROM events").await?;
        database.close().await;
        Ok(events)
    })
}

/// Whether `waybill check` names a violation of `invariant` that says `what`.
pub(crate) fn is_named(data: &Path, invariant: &str, what: &str) -> Result<()> {
    let said = run(&["check", "--data", text(data)?, "--json"])?;
    let found: Value = serde_json::from_str(&said.out)?;
    let all = found["violations"].as_array();
    let is_it = |one: &Value| {
        one["invariant"] == invariant
            && one["detail"].as_str().is_some_and(|detail| detail.contains(what))
    };
    ensure!(all.is_some_and(|all| all.iter().any(is_it)), "no {invariant} {what}: {found}");
    Ok(())
}

/// The example run to its end, once for all tests. Its data is copied by whoever looks into it:
/// one process at a time may open a data folder.
pub(crate) struct Example {
    data: PathBuf,
    pub(crate) page: PathBuf,
    pub(crate) said: Said,
    pub(crate) report: Value,
}

/// The deterministic run of the example.
pub(crate) fn example_run() -> Result<&'static Example> {
    static EXAMPLE: OnceLock<Result<Example, String>> = OnceLock::new();
    let made = EXAMPLE.get_or_init(|| make_example().map_err(|error| format!("{error:#}")));
    made.as_ref().map_err(|error| anyhow::anyhow!("the example: {error}"))
}

fn make_example() -> Result<Example> {
    let base = Path::new(env!("CARGO_TARGET_TMPDIR"));
    // A static is never dropped: what earlier test processes left goes now.
    for entry in fs::read_dir(base)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let Some(process) = name.strip_prefix("example-of-") else { continue };
        if !Path::new("/proc").join(process).exists() {
            fs::remove_dir_all(entry.path()).ok();
        }
    }
    let folder = base.join(format!("example-of-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    let (data, page) = (folder.join("data"), folder.join("report.html"));
    let said = run_example(&data, &["--report", text(&page)?])?.ok()?;
    let report = serde_json::from_str(&said.out)?;
    Ok(Example { data, page, said, report })
}

/// `run` of the example on `data`, as JSON.
pub(crate) fn run_example(data: &Path, more: &[&str]) -> Result<Said> {
    let example = example();
    let mut arguments = vec!["run", text(&example)?, "--data", text(data)?, "--json"];
    arguments.extend(more);
    run(&arguments)
}

/// A copy of the example's data, for one test.
pub(crate) struct Copy {
    _folder: TempDir,
    pub(crate) data: PathBuf,
}

/// Copies the data of the example's run.
pub(crate) fn example_copy() -> Result<Copy> {
    let from = &example_run()?.data;
    let folder = TempDir::new()?;
    let data = folder.path().join("data");
    fs::create_dir(&data)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            fs::copy(entry.path(), data.join(entry.file_name()))?;
        }
    }
    pair::copy(from, &data)?;
    Ok(Copy { _folder: folder, data })
}
