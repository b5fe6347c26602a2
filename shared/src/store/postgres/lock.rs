//! Locks and reads the rows that change sets are based on. Everybody locks in the same order, to avoid deadlocks: lots,
//! lines, envelopes, records, jobs, each by key.

use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};

use super::read::envelope;
use crate::domain::kinds::RecordKind;
use crate::store::change_set::wanted_jobs;
use crate::store::decide::{Head, State, Subject, touched_envelopes};
use crate::store::{ChangeSet, Term};

fn head(version: i64, event: i64) -> Head {
    Head { version, event, lease: 0 }
}

fn sorted<T: Ord>(mut keys: Vec<T>) -> Vec<T> {
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// Reads the rows, and keeps them locked until the transaction ends.
pub(super) async fn lock(
    connection: &mut PgConnection,
    change_sets: &[&ChangeSet],
) -> Result<State, sqlx::Error> {
    let mut state = State::default();
    if change_sets.iter().any(|change_set| change_set.term.is_some()) {
        let rows =
            sqlx::query(include_str!("sql/hold_term.sql")).fetch_optional(&mut *connection).await?;
        state.term = rows.map(|row| Term(row.get(0)));
    }
    lots(&mut state, connection, change_sets).await?;
    lines(&mut state, connection, change_sets).await?;
    envelopes(&mut state, connection, change_sets).await?;
    records(&mut state, connection, change_sets).await?;
    jobs(&mut state, connection, change_sets).await?;
    Ok(state)
}

async fn by_number(
    connection: &mut PgConnection,
    sql: &'static str,
    ids: Vec<i64>,
) -> Result<Vec<PgRow>, sqlx::Error> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    sqlx::query(sql).bind(sorted(ids)).fetch_all(connection).await
}

async fn lots(
    state: &mut State,
    connection: &mut PgConnection,
    change_sets: &[&ChangeSet],
) -> Result<(), sqlx::Error> {
    // New lots have no row to lock. If two transactions create the same lot, the primary key refuses the later one.
    let changes = change_sets.iter().flat_map(|change_set| &change_set.lots);
    let ids = changes.map(|change| change.after.id.0).collect();
    for row in by_number(connection, include_str!("sql/lock_lots.sql"), ids).await? {
        state.heads.put(Subject::Lot(row.get(0)), head(row.get(1), row.get(2)));
    }
    Ok(())
}

async fn lines(
    state: &mut State,
    connection: &mut PgConnection,
    change_sets: &[&ChangeSet],
) -> Result<(), sqlx::Error> {
    let ids = change_sets
        .iter()
        .flat_map(|change_set| &change_set.lines)
        .map(|change| change.id.0)
        .collect();
    for row in by_number(connection, include_str!("sql/lock_lines.sql"), ids).await? {
        state.heads.put(Subject::Line(row.get(0)), head(row.get(1), row.get(2)));
    }
    Ok(())
}

async fn envelopes(
    state: &mut State,
    connection: &mut PgConnection,
    change_sets: &[&ChangeSet],
) -> Result<(), sqlx::Error> {
    let ids = touched_envelopes(change_sets);
    if ids.is_empty() {
        return Ok(());
    }
    let sql = include_str!("sql/lock_envelopes.sql");
    for row in sqlx::query(sql).bind(ids).fetch_all(connection).await? {
        let envelope = envelope(&row);
        let subject = Subject::Envelope(envelope.id.clone());
        state.heads.put(subject, head(envelope.version, row.get(10)));
        state.envelopes.insert(envelope.id.clone(), envelope);
    }
    Ok(())
}

async fn records(
    state: &mut State,
    connection: &mut PgConnection,
    change_sets: &[&ChangeSet],
) -> Result<(), sqlx::Error> {
    let keys = change_sets.iter().flat_map(|change_set| &change_set.records);
    let keys: Vec<(RecordKind, &str)> = keys.map(|record| (record.kind, &*record.id)).collect();
    let keys = sorted(keys);
    if keys.is_empty() {
        return Ok(());
    }
    let (kinds, ids): (Vec<&str>, Vec<&str>) =
        keys.iter().map(|(kind, id)| (kind.name(), *id)).unzip();
    let sql = include_str!("sql/lock_records.sql");
    for row in sqlx::query(sql).bind(kinds).bind(ids).fetch_all(connection).await? {
        let (kind, id): (&str, String) = (row.get(0), row.get(1));
        if let Some(kind) = RecordKind::named(kind) {
            state.heads.put(Subject::Record(kind, id), head(row.get(2), row.get(3)));
        }
    }
    Ok(())
}

async fn jobs(
    state: &mut State,
    connection: &mut PgConnection,
    change_sets: &[&ChangeSet],
) -> Result<(), sqlx::Error> {
    let ids: Vec<i64> =
        change_sets.iter().filter_map(|change_set| change_set.job.as_ref()).map(|j| j.id).collect();
    let wanted = wanted_jobs(change_sets.iter().copied());
    if ids.is_empty() && wanted.is_empty() {
        return Ok(());
    }
    let kinds: Vec<&str> = wanted.iter().map(|job| job.kind.name()).collect();
    let keys: Vec<&str> = wanted.iter().map(|job| &*job.key).collect();
    let sql = include_str!("sql/lock_jobs.sql");
    for row in sqlx::query(sql).bind(ids).bind(kinds).bind(keys).fetch_all(connection).await? {
        let job = Head { version: row.get(1), event: 0, lease: row.get(2) };
        state.heads.put(Subject::Job(row.get(0)), job);
    }
    Ok(())
}
