//! Server processes that end with the test process, however it ends.

use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

/// How long a server may take to start.
pub(crate) const STARTUP: Duration = Duration::from_secs(90);

pub(crate) fn free_ports(count: usize) -> Result<Vec<u16>> {
    // All ports stay open until all are chosen, so that they differ.
    let open: Vec<TcpListener> =
        (0..count).map(|_| TcpListener::bind(("127.0.0.1", 0))).collect::<Result<_, _>>()?;
    open.iter().map(|listener| Ok(listener.local_addr()?.port())).collect()
}

/// The first of `places` that is a file, or else the program `name` on PATH.
pub(crate) fn program(name: &str, places: &[PathBuf]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path).map(|folder| folder.join(name));
    places.iter().cloned().chain(on_path).find(|path| path.is_file())
}

/// Waits until `look` returns true, at most [`STARTUP`].
pub(crate) fn wait(what: &str, mut look: impl FnMut() -> Result<bool>) -> Result<()> {
    let deadline = Instant::now() + STARTUP;
    while !look()? {
        if Instant::now() > deadline {
            bail!("{what} did not happen within {STARTUP:?}");
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

/// Whether this process is root. Servers refuse to run as root.
pub(crate) fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|meta| {
        use std::os::unix::fs::MetadataExt;
        meta.uid() == 0
    })
}

/// A server in its own process group, and the watchdog that ends it when this process ends.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    watchdog: Child,
}

impl Server {
    /// Starts `command` and writes its output to `log`. When this process ends, a watchdog ends the
    /// server and removes `folder`.
    pub(crate) fn start(mut command: Command, log: &Path, folder: &Path) -> Result<Self> {
        let out = std::fs::File::options().create(true).append(true).open(log)?;
        command.stdin(Stdio::null()).stdout(out.try_clone()?).stderr(out).process_group(0);
        let child = command.spawn().with_context(|| format!("could not start {command:?}"))?;
        let script = format!(
            "while kill -0 {} 2>/dev/null && kill -0 {2} 2>/dev/null; do sleep 0.5; done; \
             kill -0 {0} 2>/dev/null || {{ kill -KILL -{2} 2>/dev/null; sleep 0.5; rm -rf '{1}'; }}",
            std::process::id(),
            folder.display(),
            child.id(),
        );
        let watchdog = Command::new("sh")
            .args(["-c", &script])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()?;
        Ok(Self { child, watchdog })
    }

    pub(crate) fn is_running(&mut self) -> Result<bool> {
        Ok(self.child.try_wait()?.is_none())
    }

    /// Sends SIGKILL to all its processes.
    pub(crate) fn kill(&mut self) -> Result<()> {
        let group = format!("-{}", self.child.id());
        Command::new("kill").args(["-KILL", "--", &group]).stderr(Stdio::null()).status()?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A failure cannot be reported from here.
        self.kill().ok();
        self.watchdog.kill().ok();
        self.watchdog.wait().ok();
    }
}

/// A temporary folder that servers run by another user can enter.
pub(crate) fn folder() -> Result<TempDir> {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::Builder::new().prefix("waybill-services-").tempdir()?;
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755))?;
    Ok(folder)
}
