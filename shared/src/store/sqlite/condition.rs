//! The state of the file, for operators.

use std::path::Path;

use super::read::reading;
use super::{MIGRATIONS, SqliteStore};
use crate::store::{Condition, StoreError};

/// The size of a file in bytes; 0 if it does not exist.
fn size(path: &Path) -> i64 {
    let bytes = std::fs::metadata(path).map_or(0, |file| file.len());
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

impl SqliteStore {
    pub(super) async fn examine(&self) -> Result<Condition, StoreError> {
        let sql = include_str!("sql/count_migrations.sql");
        let migrations = sqlx::query_scalar(sql).fetch_one(&self.readers).await.map_err(reading)?;
        let options = self.readers.connect_options();
        let path = options.get_filename();
        let mut wal = path.as_os_str().to_owned();
        wal.push("-wal");
        Ok(Condition {
            kind: "SQLite",
            place: path.display().to_string(),
            size: size(path),
            wal: Some(size(Path::new(&wal))),
            migrations,
            known_migrations: i64::try_from(MIGRATIONS.iter().count()).unwrap_or(i64::MAX),
            now: None,
            leader: None,
            unpositioned: 0,
            unpositioned_since: None,
            strays: 0,
            is_read_only: false,
            detached: String::new(),
            oldest: None,
            slot: None,
        })
    }
}
