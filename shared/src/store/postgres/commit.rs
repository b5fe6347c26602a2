//! Applies change sets: in the short way if possible. Otherwise one transaction locks the rows, decides the change
//! sets, and writes what was accepted.

use sqlx::postgres::{PgConnection, PgPool};

use super::gate::Gate;
use super::{PATIENCE, failed, give_up, lock, steps, write};
use crate::store::change_set::Prepared;
use crate::store::{ChangeSet, Fate, StoreError};

/// How often a transaction is repeated after a conflict with another one.
const ATTEMPTS: u32 = 10;

/// Unique violation, serialization failure, deadlock: the rows have changed meanwhile.
const CONFLICTS: [&str; 3] = ["23505", "40001", "40P01"];

/// Commits `change_sets` in order, and returns the fate of each.
pub(super) async fn commit(
    gate: &Gate,
    pool: &PgPool,
    change_sets: &[Prepared],
) -> Result<Vec<Fate>, StoreError> {
    let is_short = steps::are_steps(change_sets);
    for attempt in 1.. {
        let mut connection = gate.acquire(pool).await.map_err(failed("commit"))?;
        let work = async {
            if is_short {
                steps::commit(&mut connection, change_sets).await
            } else {
                transact(&mut connection, change_sets).await
            }
        };
        match tokio::time::timeout(PATIENCE, work).await {
            Ok(Ok(fates)) => return Ok(fates),
            Ok(Err(error)) => {
                if !is_short && sqlx::query("ROLLBACK").execute(&mut *connection).await.is_err() {
                    give_up(connection);
                }
                if !is_conflict(&error) || attempt == ATTEMPTS {
                    return Err(failed("commit")(error));
                }
                tracing::debug!(%error, "another transaction interfered; trying again");
            }
            Err(_) => return Err(failed("commit")(give_up(connection))),
        }
    }
    Err(StoreError::Closed)
}

fn is_conflict(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    code.is_some_and(|code| CONFLICTS.contains(&code.as_ref()))
}

/// Runs one transaction, and leaves it open if it fails.
async fn transact(
    connection: &mut PgConnection,
    prepared: &[Prepared],
) -> Result<Vec<Fate>, sqlx::Error> {
    let change_sets: Vec<&ChangeSet> =
        prepared.iter().map(|prepared| &prepared.change_set).collect();
    sqlx::query("BEGIN").execute(&mut *connection).await?;
    let mut state = lock::lock(connection, &change_sets).await?;
    let fates: Vec<Fate> = change_sets.iter().map(|change_set| state.accept(change_set)).collect();
    let fated = prepared.iter().zip(&fates);
    let accepted: Vec<&Prepared> =
        fated.filter(|(_, fate)| **fate == Fate::Committed).map(|(prepared, _)| prepared).collect();
    if !accepted.is_empty() {
        write::write(connection, &accepted, state).await?;
    }
    sqlx::query("COMMIT").execute(connection).await?;
    Ok(fates)
}
