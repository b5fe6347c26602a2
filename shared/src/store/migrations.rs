//! Which migrations of a database have been applied, and which are pending.

use sqlx::migrate::{MigrateError, Migrator};

use super::StoreError;

#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Migration {
    pub version: i64,
    pub name: String,
    pub is_applied: bool,
}

/// The migrations of `migrator`, marked as applied if their version is among `applied`.
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

/// Translates the migrator's error.
pub(super) fn unmade(source: MigrateError, path: String) -> StoreError {
    match source {
        MigrateError::VersionMissing(_) => StoreError::Newer { path, source },
        MigrateError::Dirty(version) => StoreError::HalfMade { path, version },
        MigrateError::VersionMismatch(version) => StoreError::MadeOtherwise { path, version },
        other => StoreError::Open { path, source: sqlx::Error::Migrate(Box::new(other)) },
    }
}

/// Fails if a migration is pending.
pub(super) fn all_applied(migrations: &[Migration], path: &str) -> Result<(), StoreError> {
    match migrations.iter().filter(|migration| !migration.is_applied).count() {
        0 => Ok(()),
        pending => Err(StoreError::Older { path: path.to_owned(), pending }),
    }
}
