//! A private pgbouncer in front of a Postgres server.

use std::path::PathBuf;

use anyhow::{Result, anyhow, bail};
use tempfile::TempDir;

use crate::postgres::{command, give};
use crate::process::{Server, folder, free_ports, program, wait};

/// A pgbouncer that ends with this process.
#[derive(Debug)]
pub struct Pooler {
    // Declared before `folder`, so that the server ends before its folder is removed.
    server: Server,
    folder: TempDir,
    port: u16,
}

impl Pooler {
    /// Starts a pooler in front of the Postgres server at `port`. `mode` is `session` or
    /// `transaction`; each of `settings` is `name = value`.
    ///
    /// # Errors
    /// If pgbouncer is not installed or does not start.
    pub fn start(port: u16, mode: &str, settings: &[&str]) -> Result<Self> {
        let installed = program("pgbouncer", &[PathBuf::from("/usr/sbin/pgbouncer")]);
        let installed = installed
            .ok_or_else(|| anyhow!("no pgbouncer is installed: run `scripts/services`"))?;
        let (folder, own) = (folder()?, free_ports(1)?[0]);
        let (config, users) =
            (folder.path().join("pgbouncer.ini"), folder.path().join("users.txt"));
        std::fs::write(&users, "\"waybill\" \"\"\n")?;
        let text = format!(
            "[databases]\n* = host=127.0.0.1 port={port}\n[pgbouncer]\nlisten_addr = 127.0.0.1\n\
             listen_port = {own}\nunix_socket_dir =\nauth_type = trust\nauth_file = {}\npool_mode = {mode}\n{}\n",
            users.display(),
            settings.join("\n"),
        );
        std::fs::write(&config, text)?;
        give(&[&config, &users, folder.path()])?;
        let mut pgbouncer = command(&installed);
        pgbouncer.arg(&config);
        let log = folder.path().join("pgbouncer.log");
        let server = Server::start(pgbouncer, &log, folder.path())?;
        let mut started = Self { server, folder, port: own };
        wait("pgbouncer is ready", || {
            if !started.server.is_running()? {
                let said = std::fs::read_to_string(started.folder.path().join("pgbouncer.log"));
                bail!("pgbouncer has ended: {}", said.unwrap_or_default());
            }
            Ok(std::net::TcpStream::connect(("127.0.0.1", own)).is_ok())
        })?;
        Ok(started)
    }

    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }
}
