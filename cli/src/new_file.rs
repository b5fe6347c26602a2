//! A file that exists either completely or not at all.

use std::fs::File;
use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// A file that is being written next to its final place. It is deleted if it is dropped unfinished.
#[derive(Debug)]
pub(crate) struct NewFile {
    place: PathBuf,
    part: PathBuf,
}

impl NewFile {
    /// Prepares a file for `place`, where nothing may exist yet.
    pub(crate) fn at(place: &Path) -> Result<Self, Failure> {
        let mut part = place.as_os_str().to_owned();
        part.push(".part");
        let new = Self { place: place.to_owned(), part: part.into() };
        new.is_free()?;
        if new.part.exists() {
            let part = new.part.display().to_string();
            // The file belongs to another process, so dropping must not delete it.
            std::mem::forget(new);
            let message = format!("{part} exists: another command is writing it, or was killed");
            return Err(Failure::caller(
                message,
                format!("wait for that command; if none is running: rm {part}"),
            ));
        }
        Ok(new)
    }

    fn is_free(&self) -> Result<(), Failure> {
        if self.place.exists() {
            let message = format!("{} already exists", self.place.display());
            return Err(Failure::caller(message, "name a new file"));
        }
        Ok(())
    }

    /// The path of the unfinished file.
    pub(crate) fn path(&self) -> &Path {
        &self.part
    }

    /// Creates the file. Only its owner may read it.
    pub(crate) fn create(&self) -> Result<File, Failure> {
        let mut options = File::options();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(&self.part).map_err(|error| self.failed(&error))
    }

    /// Creates the file with this text. Only its owner may read it.
    pub(crate) fn write(self, text: &str) -> Result<(), Failure> {
        let mut file = self.create()?;
        std::io::Write::write_all(&mut file, text.as_bytes())
            .map_err(|error| self.failed(&error))?;
        drop(file);
        self.keep().map(drop)
    }

    /// Syncs the file to disk and gives it its name. Returns its size in bytes.
    pub(crate) fn keep(self) -> Result<u64, Failure> {
        self.is_free()?;
        let kept = || {
            let file = File::open(&self.part)?;
            file.sync_all()?;
            std::fs::rename(&self.part, &self.place)?;
            let folder = self.place.parent().filter(|folder| !folder.as_os_str().is_empty());
            File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
            Ok(file.metadata()?.len())
        };
        kept().map_err(|error: std::io::Error| self.failed(&error))
    }

    fn failed(&self, error: &std::io::Error) -> Failure {
        let message = format!("{}: {error}", self.place.display());
        Failure::caller(message, "name a file that can be written")
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        // Once the file has its name, nothing exists here.
        std::fs::remove_file(&self.part).ok();
    }
}
