//! A private Postgres server.

use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result, anyhow, bail, ensure};
use tempfile::TempDir;

use crate::process::{Server, folder, free_ports, is_root, program, wait};

/// The user that runs Postgres if this process is root.
const USER: &str = "postgres";

/// A Postgres server that ends with this process.
#[derive(Debug)]
pub struct Postgres {
    // Declared before `folder`, so that the server ends before its folder is removed.
    server: Server,
    folder: TempDir,
    port: u16,
    settings: Vec<String>,
}

/// The user of [`Postgres::owned`], who logs in with a password.
const OWNER: &str = "owner";

fn installed(name: &str) -> Result<PathBuf> {
    let versions = (14..=18).rev().map(|version| format!("/usr/lib/postgresql/{version}/bin"));
    let places: Vec<PathBuf> = versions.map(|folder| Path::new(&folder).join(name)).collect();
    program(name, &places).ok_or_else(|| {
        anyhow!(
            "no Postgres is installed: run `scripts/services`, or name a server that may be used \
             with WAYBILL_TEST_POSTGRES=postgres://user:password@host/postgres"
        )
    })
}

/// A command that runs `program` as [`USER`] if this process is root.
pub(crate) fn command(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid", USER, "--regid", USER, "--clear-groups", "--"]).arg(program);
    command
}

/// If this process is root, makes [`USER`] the owner of `paths`.
pub(crate) fn give(paths: &[&Path]) -> Result<()> {
    if !is_root() {
        return Ok(());
    }
    let id = |flag| -> Result<u32> {
        let said = Command::new("id").args([flag, USER]).output()?;
        ensure!(said.status.success(), "there is no user `{USER}` to run Postgres");
        Ok(String::from_utf8(said.stdout)?.trim().parse()?)
    };
    let (user, group) = (id("-u")?, id("-g")?);
    paths.iter().try_for_each(|path| Ok(chown(path, Some(user), Some(group))?))
}

impl Postgres {
    /// Starts a server.
    ///
    /// # Errors
    /// If Postgres is not installed or does not start.
    pub fn start() -> Result<Self> {
        Self::start_with(&[])
    }

    /// Starts a server with further settings, each as `name=value`.
    ///
    /// # Errors
    /// If Postgres is not installed or does not start.
    pub fn start_with(settings: &[&str]) -> Result<Self> {
        let folder = folder()?;
        let data = folder.path().join("data");
        std::fs::create_dir(&data)?;
        give(&[&data, folder.path()])?;
        let mut initdb = command(&installed("initdb")?);
        initdb.arg("-D").arg(&data);
        initdb.args(["-U", "waybill", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync"]);
        let made = initdb.current_dir(folder.path()).output()?;
        ensure!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
        let access = data.join("pg_hba.conf");
        let trusting = std::fs::read_to_string(&access)?;
        let asking = format!("host all {OWNER} 127.0.0.1/32 scram-sha-256\n{trusting}");
        std::fs::write(&access, asking)?;
        let port = free_ports(1)?[0];
        let settings: Vec<String> = settings.iter().map(|setting| (*setting).to_owned()).collect();
        let server = Self::serve(folder.path(), port, &settings)?;
        let mut started = Self { folder, port, settings, server };
        started.is_ready()?;
        Ok(started)
    }

    fn serve(folder: &Path, port: u16, settings: &[String]) -> Result<Server> {
        let mut postgres = command(&installed("postgres")?);
        postgres.arg("-D").arg(folder.join("data")).arg("-p").arg(port.to_string());
        for setting in [
            "listen_addresses=127.0.0.1",
            "max_connections=200",
            // The operating system does not crash in tests, so a killed process loses nothing.
            "fsync=off",
            "max_wal_size=1GB",
            "log_min_messages=warning",
        ] {
            postgres.arg("-c").arg(setting);
        }
        for setting in settings {
            postgres.arg("-c").arg(setting);
        }
        postgres.arg("-c").arg(format!("unix_socket_directories={}", folder.display()));
        Server::start(postgres, &folder.join("postgres.log"), folder)
    }

    fn is_ready(&mut self) -> Result<()> {
        let (port, client) = (self.port.to_string(), installed("pg_isready")?);
        let server = &mut self.server;
        let log = self.folder.path().join("postgres.log");
        wait("Postgres is ready", || {
            if !server.is_running()? {
                let said = std::fs::read_to_string(&log).unwrap_or_default();
                bail!("Postgres has ended: {said}");
            }
            let asked = Command::new(&client).args(["-q", "-h", "127.0.0.1", "-p", &port]).status();
            Ok(asked?.success())
        })
    }

    /// The URL of one of its databases.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        format!("postgres://waybill@127.0.0.1:{}/{database}", self.port)
    }

    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Makes a new database and returns its URL.
    ///
    /// # Errors
    /// If the database cannot be made.
    pub fn fresh(&self) -> Result<String> {
        let name = name();
        make(&self.url("postgres"), &name)?;
        Ok(self.url(&name))
    }

    /// Makes a new database whose owner logs in with `password`, and returns its URL.
    ///
    /// # Errors
    /// If the database cannot be made.
    pub fn owned(&self, password: &str) -> Result<String> {
        let name = name();
        let role = format!("CREATE ROLE {OWNER} LOGIN PASSWORD '{password}'");
        ask(&self.url("postgres"), &role)?;
        make(&self.url("postgres"), &format!("{name} OWNER {OWNER}"))?;
        Ok(format!("postgres://{OWNER}:{password}@127.0.0.1:{}/{name}", self.port))
    }

    /// Sends SIGKILL to all its processes.
    ///
    /// # Errors
    /// If they cannot be killed.
    pub fn kill(&mut self) -> Result<()> {
        self.server.kill()
    }

    /// Starts the server again on its data.
    ///
    /// # Errors
    /// If the server does not start.
    pub fn restart(&mut self) -> Result<()> {
        wait("Postgres starts again", || {
            self.server = Self::serve(self.folder.path(), self.port, &self.settings)?;
            // The killed processes may still hold resources, so try until it works.
            Ok(self.is_ready().is_ok())
        })
    }
}

fn name() -> String {
    static MADE: AtomicU32 = AtomicU32::new(1);
    format!("waybill_{}_{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed))
}

fn make(server: &str, name: &str) -> Result<()> {
    ask(server, &format!("CREATE DATABASE {name}"))
}

fn ask(server: &str, sql: &str) -> Result<()> {
    let said = Command::new(installed("psql")?).args(["-q", "-X", server, "-c", sql]).output()?;
    ensure!(said.status.success(), "psql: {}", String::from_utf8_lossy(&said.stderr));
    Ok(())
}

/// Copies a database that nobody is using, and returns the URL of the copy.
///
/// # Errors
/// If the database cannot be copied.
pub fn copy(url: &str) -> Result<String> {
    let (place, from) = url.rsplit_once('/').context("no URL of a database")?;
    let name = name();
    make(&format!("{place}/postgres"), &format!("{name} TEMPLATE {from}"))?;
    Ok(format!("{place}/{name}"))
}

/// Makes a new database on the server that `WAYBILL_TEST_POSTGRES` names, or else on a server of
/// this process. Returns its URL.
///
/// # Errors
/// If the database cannot be made, or no server can be started.
pub fn database() -> Result<String> {
    static SERVER: OnceLock<Result<Postgres, String>> = OnceLock::new();
    if let Ok(server) = std::env::var("WAYBILL_TEST_POSTGRES") {
        let name = name();
        make(&server, &name)?;
        let (place, _) = server.rsplit_once('/').context("WAYBILL_TEST_POSTGRES is no URL")?;
        return Ok(format!("{place}/{name}"));
    }
    let server = SERVER.get_or_init(|| Postgres::start().map_err(|error| format!("{error:#}")));
    server.as_ref().map_err(|error| anyhow!("{error}"))?.fresh()
}
