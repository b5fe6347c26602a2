//! A terminal of 80 columns and 24 rows, and whoever types at it.

use std::io::{Read as _, Write as _};
use std::num::NonZeroU16;
use std::process::Command;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context as _, Result, ensure};
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use crate::support::{SOON, eventually};

/// What came to the terminal, and what it shows.
struct Shown {
    bytes: Vec<u8>,
    parser: vt100::Parser,
}

/// A terminal in which a command runs.
pub(crate) struct Terminal {
    master: Box<dyn MasterPty + Send>,
    keys: Box<dyn std::io::Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    shown: Arc<Mutex<Shown>>,
    reader: Option<std::thread::JoinHandle<()>>,
}

fn size(rows: u16, cols: u16) -> PtySize {
    PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }
}

impl Terminal {
    /// Starts `command` in one.
    pub(crate) fn start(command: &Command) -> Result<Self> {
        let pair = native_pty_system().openpty(size(24, 80))?;
        let mut started = CommandBuilder::new(command.get_program());
        started.args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => started.env(name, value),
                None => started.env_remove(name),
            }
        }
        started.env("TERM", "xterm-256color");
        // Its size is the terminal's own.
        started.env_remove("COLUMNS");
        if let Some(folder) = command.get_current_dir() {
            started.cwd(folder);
        }
        let child = pair.slave.spawn_command(started)?;
        // The last end of it closes with the command.
        drop(pair.slave);
        let (rows, columns) =
            (NonZeroU16::MIN.saturating_add(23), NonZeroU16::MIN.saturating_add(79));
        let parser = vt100::Parser::new(rows, columns, 0);
        let shown = Arc::new(Mutex::new(Shown { bytes: Vec::new(), parser }));
        let mut out = pair.master.try_clone_reader()?;
        let seen = shown.clone();
        let reader = std::thread::spawn(move || {
            let mut part = [0; 4096];
            while let Ok(read) = out.read(&mut part) {
                if read == 0 {
                    break;
                }
                let mut shown = seen.lock().unwrap_or_else(PoisonError::into_inner);
                shown.bytes.extend_from_slice(&part[..read]);
                shown.parser.process(&part[..read]);
            }
        });
        let keys = pair.master.take_writer()?;
        Ok(Self { master: pair.master, keys, child, shown, reader: Some(reader) })
    }

    fn shown(&self) -> MutexGuard<'_, Shown> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is seen.
    pub(crate) fn screen(&self) -> String {
        self.shown().parser.screen().contents()
    }

    /// Everything that came.
    pub(crate) fn came(&self) -> String {
        String::from_utf8_lossy(&self.shown().bytes).into_owned()
    }

    /// Whether the whole screen is taken by a live view.
    pub(crate) fn is_taken(&self) -> bool {
        self.shown().parser.screen().alternate_screen()
    }

    /// Whether the cursor is hidden.
    pub(crate) fn hides_cursor(&self) -> bool {
        self.shown().parser.screen().hide_cursor()
    }

    /// Whether anything that is seen has a colour.
    pub(crate) fn has_colours(&self) -> bool {
        let shown = self.shown();
        let screen = shown.parser.screen();
        let (rows, columns) = screen.size();
        let mut cells =
            (0..rows.get()).flat_map(|row| (0..columns.get()).map(move |column| (row, column)));
        cells.any(|(row, column)| {
            let plain = vt100::Color::Default;
            screen
                .cell(row, column)
                .is_some_and(|cell| cell.fgcolor() != plain || cell.bgcolor() != plain)
        })
    }

    /// Waits until `text` is seen.
    pub(crate) fn until(&self, text: &str) -> Result<()> {
        eventually(text, SOON, || Ok(self.screen().contains(text).then_some(())))
            .with_context(|| self.screen())
    }

    /// Types.
    pub(crate) fn types(&mut self, keys: &str) -> Result<()> {
        self.keys.write_all(keys.as_bytes())?;
        Ok(self.keys.flush()?)
    }

    /// Makes it larger or smaller.
    pub(crate) fn resize(&self, rows: u16, columns: u16) -> Result<()> {
        let (high, wide) = (NonZeroU16::new(rows), NonZeroU16::new(columns));
        self.shown().parser.screen_mut().set_size(high.context("rows")?, wide.context("columns")?);
        self.master.resize(size(rows, columns))
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, name: &str) -> Result<()> {
        let id = self.child.process_id().context("it has ended")?.to_string();
        let sent = Command::new("kill").args([&format!("-{name}"), &id]).status()?;
        ensure!(sent.success(), "kill -{name} failed");
        Ok(())
    }

    /// Waits for the end of the command, and of what it says; gives its exit code.
    fn end(&mut self) -> Result<u32> {
        let ended = eventually("the command ends", SOON, || Ok(self.child.try_wait()?));
        let code = ended.with_context(|| self.screen())?.exit_code();
        if let Some(reader) = self.reader.take() {
            reader.join().ok();
        }
        Ok(code)
    }

    /// The command must end with `code`.
    pub(crate) fn ends(&mut self, code: u32) -> Result<()> {
        let ended = self.end()?;
        ensure!(ended == code, "exit {ended}, not {code}:\n{}", self.screen());
        Ok(())
    }

    /// Everything that a command says that asks nothing, as it came.
    pub(crate) fn all(mut self) -> Result<String> {
        self.ends(0)?;
        Ok(String::from_utf8_lossy(&self.shown().bytes).into_owned())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.child.kill().ok();
            self.child.wait().ok();
        }
    }
}
