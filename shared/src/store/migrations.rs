//! Which changes of a database's tables were made, and which are to come.

use sqlx::migrate::{MigrateError, Migrator};

use super::StoreError;

/// A change of the tables.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Migration {
    /// Its number.
    pub version: i64,
    /// What it is about.
    pub name: String,
    /// Whether it was made.
    pub is_applied: bool,
}

/// The migrations of `migrator`, where those of the versions `applied` were made.
pub(super) fn planned(
    migrator: &Migrator,
    applied: &[i64],
    path: &str,
) -> Result<Vec<Migration>, StoreError> {
    let known = |version: &i64| migrator.iter().any(|migration| migration.version == *version);
    if let Some(version) = applied.iter().find(|version| !known(version)) {
        let source = MigrateError::VersionMissing(*version);
        return Err(StoreError::Newer { path: path.to_owned(), source });
    }
    let migration = |migration: &sqlx::migrate::Migration| Migration {
        version: migration.version,
        name: migration.description.to_string(),
        is_applied: applied.contains(&migration.version),
    };
    Ok(migrator.iter().map(migration).collect())
}

/// Why a database could not be migrated.
pub(super) fn unmade(source: MigrateError, path: String) -> StoreError {
    match source {
        MigrateError::VersionMissing(_) => StoreError::Newer { path, source },
        MigrateError::Dirty(version) => StoreError::HalfMade { path, version },
        MigrateError::VersionMismatch(version) => StoreError::MadeOtherwise { path, version },
        other => StoreError::Open { path, source: sqlx::Error::Migrate(Box::new(other)) },
    }
}

/// Refuses a database whose migrations have not all been made.
pub(super) fn all_applied(migrations: &[Migration], path: &str) -> Result<(), StoreError> {
    match migrations.iter().filter(|migration| !migration.is_applied).count() {
        0 => Ok(()),
        pending => Err(StoreError::Older { path: path.to_owned(), pending }),
    }
}
