//! A coalition under way: schedulers and workers as separate processes on a real Postgres and
//! RabbitMQ.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::net::TcpListener;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;
use waybill_services::Postgres;

use crate::every_pair::crash::{OPEN, requisitions, write_coalition};
use crate::support::{Said, Started, answered, eventually, finish, run, text, waybill};

/// Lots under way.
const LOTS: usize = 300;

/// How long everything may take to end after a fault.
const END: Duration = Duration::from_secs(120);

/// How long a process may take to end once it is told to.
const DRAIN: Duration = Duration::from_secs(10);

/// How long a lease holds, in milliseconds.
pub(crate) const LEASE_MS: u64 = 1500;

/// A coalition under way in many processes.
pub(crate) struct World {
    folder: TempDir,
    runtime: tokio::runtime::Runtime,
    store: String,
    broker: String,
    /// Where one process finds them otherwise.
    ways: BTreeMap<&'static str, (String, String)>,
    /// What processes find in their environment.
    variables: BTreeMap<&'static str, String>,
    /// Where each process tells of its health.
    ports: BTreeMap<&'static str, u16>,
    pool: sqlx::PgPool,
    processes: BTreeMap<&'static str, Started>,
}

impl World {
    /// A coalition of which nothing runs yet.
    pub(crate) fn new(store: &Postgres, broker: String) -> Result<Self> {
        let url = store.fresh()?;
        Self::at(&url, &url, broker)
    }

    /// One whose processes use the database as its owner, who has to say `password`; the test is its administrator.
    pub(crate) fn owned(store: &Postgres, password: &str, broker: String) -> Result<Self> {
        let url = store.owned(password)?;
        let (_, name) = url.rsplit_once('/').context("a database")?;
        Self::at(&store.url(name), &url, broker)
    }

    fn at(administered: &str, store: &str, broker: String) -> Result<Self> {
        let folder = TempDir::new()?;
        let (coalition, data) = (folder.path().join("coalition"), folder.path().join("data"));
        fs::create_dir_all(&coalition)?;
        write_coalition(&coalition, 25, LOTS)?;
        fs::create_dir_all(&data)?;
        let store = store.to_owned();
        run(&["import", text(&coalition)?, "--data", text(&data)?, "--store", &store])?.ok()?;
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        // One connection: a test may leave few to others.
        let pool = sqlx::postgres::PgPoolOptions::new().max_connections(1);
        let pool = runtime.block_on(pool.connect(administered))?;
        let (ways, variables, ports, processes) = Default::default();
        Ok(Self { folder, runtime, store, broker, ways, variables, ports, pool, processes })
    }

    /// Two schedulers and two workers, and lots that have begun to move.
    pub(crate) fn start(store: &Postgres, broker: String) -> Result<Self> {
        let mut world = Self::new(store, broker)?;
        world.run()?;
        Ok(world)
    }

    /// Starts two schedulers and two workers; returns once lots have begun to move.
    pub(crate) fn run(&mut self) -> Result<()> {
        for name in ["scheduler 1", "scheduler 2", "worker 1", "worker 2"] {
            self.spawn(name)?;
        }
        let sql = "SELECT count(*) FROM lots WHERE state = 'delivered'";
        self.until("the first are delivered", sql)
    }

    /// Hands more lots in.
    pub(crate) fn add(&self, prefix: &str, lots: usize) -> Result<()> {
        let path = self.folder.path().join(format!("{prefix}.csv"));
        fs::write(&path, requisitions(prefix, lots))?;
        let data = self.folder.path().join("data");
        run(&["import", text(&path)?, "--data", text(&data)?, "--store", &self.store])?.ok()?;
        Ok(())
    }

    /// The pipeline that a scheduler states when it starts: that of the coalition, with `more`.
    pub(crate) fn state(&self, more: &str) -> Result<()> {
        let said = fs::read_to_string(self.folder.path().join("coalition/pipeline.toml"))?;
        let said = said.replacen("[match_donor]\n", &format!("[match_donor]\n{more}\n"), 1);
        fs::write(self.folder.path().join("data/pipeline.toml"), said)?;
        Ok(())
    }

    /// Exports its database to a file.
    pub(crate) fn export(&self) -> Result<()> {
        self.waybill(&["export", text(&self.copy())?])?.ok()?;
        Ok(())
    }

    fn copy(&self) -> std::path::PathBuf {
        self.folder.path().join("copy.jsonl")
    }

    /// Kills a restore of that file `after` so many milliseconds, while nobody works; false: it was done by then.
    pub(crate) fn kill_a_restore(&self, after: u64) -> Result<bool> {
        let file = self.copy();
        let arguments = ["restore", text(&file)?, "--yes", "--store", &self.store];
        let mut command = waybill(&arguments);
        let nowhere = std::process::Stdio::null;
        let mut restore = Started(command.stdout(nowhere()).stderr(nowhere()).spawn()?);
        std::thread::sleep(Duration::from_millis(after));
        // A database that has just come back refuses it.
        let is_done = restore.0.try_wait()?.is_some_and(|status| status.success());
        restore.0.kill()?;
        restore.0.wait()?;
        Ok(!is_done)
    }

    /// The same, with these sections.
    pub(crate) fn state_whole(&self, more: &str) -> Result<()> {
        let said = fs::read_to_string(self.folder.path().join("coalition/pipeline.toml"))?;
        fs::write(self.folder.path().join("data/pipeline.toml"), said + more)?;
        Ok(())
    }

    /// The clock of the process `name`, which has to be told so before it is first spawned, is so many seconds ahead.
    pub(crate) fn wrong_clock(&self, name: &str, seconds: i64) -> Result<()> {
        let (new, file) = (self.offset(name).with_extension("new"), self.offset(name));
        fs::write(&new, seconds.to_string())?;
        Ok(fs::rename(new, file)?)
    }

    fn offset(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(format!("{name}.offset"))
    }

    /// The process `name` will find the store and the broker at these ports.
    pub(crate) fn reroute(&mut self, name: &'static str, store: (u16, u16), broker: (u16, u16)) {
        let through = |url: &str, (from, to): (u16, u16)| {
            url.replace(&format!(":{from}/"), &format!(":{to}/"))
        };
        self.ways.insert(name, (through(&self.store, store), through(&self.broker, broker)));
    }

    /// Processes will find `value` in their environment.
    pub(crate) fn set(&mut self, variable: &'static str, value: String) {
        self.variables.insert(variable, value);
    }

    /// Runs `future`.
    pub(crate) fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    /// What a process has said.
    pub(crate) fn log(&self, name: &str) -> String {
        fs::read_to_string(self.folder.path().join(format!("{name}.log"))).unwrap_or_default()
    }

    /// Starts a process of the role that its name begins with.
    pub(crate) fn spawn(&mut self, name: &'static str) -> Result<()> {
        let role = name.split(' ').next().context("a role")?;
        let data = self.folder.path().join("data");
        let (store, broker) = match self.ways.get(name) {
            Some((store, broker)) => (store, broker),
            None => (&self.store, &self.broker),
        };
        let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        self.ports.insert(name, port);
        let listen = format!("127.0.0.1:{port}");
        let arguments = [role, "--data", text(&data)?, "--store", store, "--broker", broker];
        let arguments: Vec<&str> = arguments.into_iter().chain(["--listen", &listen]).collect();
        let mut command = waybill(&arguments);
        command.env("WAYBILL_LEASE_MS", LEASE_MS.to_string()).envs(&self.variables);
        if role == "api" {
            command.arg("--no-accounts");
        }
        let offset = self.offset(name);
        if offset.exists() {
            command.env("WAYBILL_CLOCK_OFFSET_FILE", offset);
        }
        let log = self.folder.path().join(format!("{name}.log"));
        let log = File::options().create(true).append(true).open(log)?;
        command.stdout(log.try_clone()?).stderr(log);
        self.processes.insert(name, Started(command.spawn()?));
        Ok(())
    }

    /// What a process answers at `path`: status, head and body; none while it does not.
    pub(crate) fn answered(&self, name: &str, path: &str) -> Result<Option<(u16, String, String)>> {
        Ok(answered(&self.address(name)?, path).ok())
    }

    /// Waits until a process is alive and not ready, for a reason that says `what`; how that is said.
    pub(crate) fn waits_for(&self, name: &str, what: &str) -> Result<()> {
        let said = eventually("it says why it is not ready", END, || {
            let answered = self.answered(name, "/health/ready")?;
            Ok(answered.filter(|(status, _, body)| *status == 503 && body.contains(what)))
        });
        let (_, head, body) = said.with_context(|| format!("{what}: {}", self.log(name)))?;
        let body: serde_json::Value = serde_json::from_str(&body)?;
        ensure!(body["ready"] == false && body["reasons"][0]["part"] == "store", "{body}");
        ensure!(head.contains("retry-after: "), "{head}");
        let (status, _, body) = self.answered(name, "/health/live")?.context("an answer")?;
        ensure!(status == 200 && body == "live\n", "{status} {body}");
        let health = run(&["health", &self.address(name)?])?;
        ensure!(health.code == Some(2) && health.out.contains("not ready: "), "{health:?}");
        Ok(())
    }

    /// From now on processes that start and commands use this store.
    pub(crate) fn moves_to(&mut self, store: String) {
        self.store = store;
    }

    /// The store that processes use.
    pub(crate) fn store(&self) -> &str {
        &self.store
    }

    /// Waits until `doctor` finds something bad or worth a look that says `seen`; gives its mend.
    pub(crate) fn finds(&self, seen: &str) -> Result<String> {
        let mut last = String::new();
        let found = eventually("doctor finds it", END, || {
            let said = self.waybill(&["doctor", "--json"])?;
            let diagnosis: serde_json::Value =
                serde_json::from_str(&said.out).with_context(|| said.err.clone())?;
            let mut findings = diagnosis["findings"].as_array().into_iter().flatten();
            let says = |finding: &&serde_json::Value| {
                finding["seen"].as_str().is_some_and(|text| text.contains(seen))
            };
            let found = findings.find(says).and_then(|finding| finding["mend"].as_str());
            last = said.out.clone();
            Ok(found.map(str::to_owned))
        });
        found.with_context(|| format!("`{seen}` in {last}"))
    }

    /// Waits until `doctor` finds nothing that says `seen` any more.
    pub(crate) fn no_longer_finds(&self, seen: &str) -> Result<()> {
        eventually("doctor finds it no more", END, || {
            Ok((!self.waybill(&["doctor", "--json"])?.out.contains(seen)).then_some(()))
        })
    }

    /// Waits until `ask` gives another number than 0.
    pub(crate) fn until(&self, what: &str, ask: &'static str) -> Result<()> {
        eventually(what, END, || Ok(self.count(ask).is_ok_and(|count| count > 0).then_some(())))
    }

    /// Waits until `health` finds a process ready, or not.
    pub(crate) fn is_ready(&self, name: &str, is_ready: bool) -> Result<()> {
        let address = self.address(name)?;
        eventually("it says whether it is ready", END, || {
            let said = run(&["health", &address])?;
            Ok(((said.code == Some(0)) == is_ready).then_some(()))
        })
    }

    /// Sends `signal`, as `kill` names it.
    pub(crate) fn signal(&self, name: &str, signal: &str) -> Result<()> {
        let process = self.processes.get(name).context("a process")?;
        let sent = Command::new("kill").args([signal, &process.0.id().to_string()]).status()?;
        ensure!(sent.success(), "kill {signal} failed");
        Ok(())
    }

    /// Runs `waybill` on its store and broker.
    pub(crate) fn waybill(&self, arguments: &[&str]) -> Result<Said> {
        let place = ["--store", &self.store, "--broker", &self.broker];
        let mut command = waybill(&[arguments, &place].concat());
        command.envs(&self.variables);
        finish(command)
    }

    /// Sends SIGKILL to a process, which is to be there: none ends for a fault of something else.
    pub(crate) fn kill(&mut self, name: &str) -> Result<()> {
        let mut process = self.processes.remove(name).context("a process")?;
        if let Some(status) = process.0.try_wait()? {
            anyhow::bail!("{name} had ended by itself, with {status}: {}", self.log(name));
        }
        process.0.kill()?;
        process.0.wait()?;
        Ok(())
    }

    /// Where a process listens.
    pub(crate) fn address(&self, name: &str) -> Result<String> {
        Ok(format!("127.0.0.1:{}", self.ports.get(name).context("a port")?))
    }

    /// Waits until a process that was told to has ended, in order.
    pub(crate) fn ended(&mut self, name: &str) -> Result<()> {
        let mut process = self.processes.remove(name).context("a process")?;
        let status = process.end(DRAIN)?;
        ensure!(status.success(), "{name}: {status}: {}", self.log(name));
        Ok(())
    }

    /// Runs `sql`, which a test has put together.
    pub(crate) fn ask(&self, sql: &str) -> Result<()> {
        let sql = sqlx::AssertSqlSafe(sql.to_owned());
        self.runtime.block_on(sqlx::raw_sql(sql).execute(&self.pool))?;
        Ok(())
    }

    /// Runs `sql`.
    pub(crate) fn execute(&self, sql: &'static str) -> Result<()> {
        self.runtime.block_on(sqlx::raw_sql(sql).execute(&self.pool))?;
        Ok(())
    }

    /// The number that `sql` asks for.
    pub(crate) fn count(&self, sql: &'static str) -> Result<i64> {
        Ok(self.runtime.block_on(sqlx::query_scalar(sql).fetch_one(&self.pool))?)
    }

    /// The scheduler that leads.
    pub(crate) fn leader(&self) -> Result<&'static str> {
        let holder = "SELECT holder FROM leadership WHERE until > now()";
        let holder: String =
            self.runtime.block_on(sqlx::query_scalar(holder).fetch_one(&self.pool))?;
        let pid: u32 = holder.split(':').nth(1).context("a holder")?.parse()?;
        let found = self.processes.iter().find(|(_, process)| process.0.id() == pid);
        found.map(|(name, _)| *name).context("the leader is no process of this test")
    }

    /// Waits until every lot has ended or waits for money or an offer, and checks everything.
    pub(crate) fn ends(&self) -> Result<()> {
        for (name, process) in &self.processes {
            let there = std::path::Path::new("/proc").join(process.0.id().to_string()).join("exe");
            ensure!(there.exists(), "{name} had ended by itself: {}", self.log(name));
        }
        let said = || {
            let log = |name: &str| {
                let text = self.log(name);
                let last: Vec<&str> = text.lines().rev().take(20).collect();
                format!("-- {name}\n{}\n", last.join("\n"))
            };
            self.processes.keys().map(|name| log(name)).collect::<String>()
        };
        // A database that has just come back refuses for a moment.
        eventually("every lot ends", END, || match self.count(OPEN) {
            Ok(0) => Ok(Some(())),
            Ok(_) | Err(_) => Ok(None),
        })
        .with_context(said)?;
        let parked = self.count("SELECT count(*) FROM lots WHERE state = 'parked'")?;
        ensure!(parked == 0, "{parked} lots need an operator: {}", said());
        let twice = "SELECT count(*) FROM (SELECT subject FROM events
            WHERE kind = 'order.sent' GROUP BY subject HAVING count(*) > 1) AS twice";
        ensure!(self.count(twice)? == 0, "an order was sent twice");
        let found = run(&["check", "--store", &self.store, "--json"])?.json()?;
        ensure!(found["ok"] == true, "violations: {found}");
        Ok(())
    }
}
