//! The identity of the store's files. Others may move, delete or replace them; what is written afterwards, nobody would
//! find.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::store::StoreError;

/// The files that were there when the store was opened.
#[derive(Debug, Clone, Default)]
pub(super) struct Place(Vec<(PathBuf, Identity)>);

/// Device and inode.
type Identity = (u64, u64);

fn identity(path: &Path) -> Option<Identity> {
    let data = std::fs::metadata(path).ok()?;
    Some((data.dev(), data.ino()))
}

impl Place {
    /// The database at `path`, its WAL and its leases, as far as they exist.
    pub(super) fn of(path: &Path) -> Self {
        let log = PathBuf::from(format!("{}-wal", path.display()));
        let files = [path.to_owned(), log, path.with_extension("leases.sqlite")];
        Self(files.into_iter().filter_map(|file| Some((file.clone(), identity(&file)?))).collect())
    }

    /// The database; `None` if the store was opened read-only.
    pub(super) fn database(&self) -> Option<&Path> {
        self.0.first().map(|(path, _)| path.as_path())
    }

    /// The error for the first file that is no longer the same.
    pub(super) fn moved(&self) -> Option<StoreError> {
        let (path, _) = self.0.iter().find(|(path, known)| identity(path) != Some(*known))?;
        Some(StoreError::Moved { path: path.display().to_string() })
    }
}
