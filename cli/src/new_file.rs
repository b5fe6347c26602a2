//! A file that is there whole or not at all.

use std::fs::File;
use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// A file under way, beside the place where it will be. Dropped, it goes.
#[derive(Debug)]
pub(crate) struct NewFile {
    place: PathBuf,
    part: PathBuf,
}

impl NewFile {
    /// What will be at `place`, where nothing may be yet.
    pub(crate) fn at(place: &Path) -> Result<Self, Failure> {
        let mut part = place.as_os_str().to_owned();
        part.push(".part");
        let new = Self { place: place.to_owned(), part: part.into() };
        new.is_free()?;
        if new.part.exists() {
            let part = new.part.display().to_string();
            // Not ours: dropping must not delete it.
            std::mem::forget(new);
            let message = format!("{part} is there: another command writes it, or was killed");
            return Err(Failure::caller(message, format!("wait for it, or: rm {part}")));
        }
        Ok(new)
    }

    fn is_free(&self) -> Result<(), Failure> {
        if self.place.exists() {
            let message = format!("{} is there already", self.place.display());
            return Err(Failure::caller(message, "name a new file"));
        }
        Ok(())
    }

    /// Where it is while it is under way.
    pub(crate) fn path(&self) -> &Path {
        &self.part
    }

    /// Makes it, for its owner alone.
    pub(crate) fn create(&self) -> Result<File, Failure> {
        let mut options = File::options();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(&self.part).map_err(|error| self.failed(&error))
    }

    /// Makes it with this text, for its owner alone.
    pub(crate) fn write(self, text: &str) -> Result<(), Failure> {
        let mut file = self.create()?;
        std::io::Write::write_all(&mut file, text.as_bytes())
            .map_err(|error| self.failed(&error))?;
        drop(file);
        self.keep().map(drop)
    }

    /// It gets its name, once it is on the disk; returns how many bytes it has.
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
        // Once it has its name there is nothing here.
        std::fs::remove_file(&self.part).ok();
    }
}
