//! Locks and reads the rows that units were decided on, in one order for everybody: lots, lines,
//! envelopes, records, jobs, each by its key.

use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};

use super::read::envelope;
use crate::domain::kinds::RecordKind;
use crate::store::decide::{Head, State, Subject, touched_envelopes};
use crate::store::unit::wanted_jobs;
use crate::store::{Term, Unit};

fn head(version: i64, event: i64) -> Head {
    Head { version, event, lease: 0 }
}

fn sorted<T: Ord>(mut keys: Vec<T>) -> Vec<T> {
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// The rows as they are; they stay so until the transaction ends.
pub(super) async fn lock(
    connection: &mut PgConnection,
    units: &[&Unit],
) -> Result<State, sqlx::Error> {
    let mut state = State::default();
    if units.iter().any(|unit| unit.term.is_some()) {
        let rows =
            sqlx::query(include_str!("sql/hold_term.sql")).fetch_optional(&mut *connection).await?;
        state.term = rows.map(|row| Term(row.get(0)));
    }
    lots(&mut state, connection, units).await?;
    lines(&mut state, connection, units).await?;
    envelopes(&mut state, connection, units).await?;
    records(&mut state, connection, units).await?;
    jobs(&mut state, connection, units).await?;
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
    units: &[&Unit],
) -> Result<(), sqlx::Error> {
    // New ones are not there to be locked; of two that make the same, its key refuses the later.
    let changes = units.iter().flat_map(|unit| &unit.lots);
    let ids = changes.map(|change| change.after.id.0).collect();
    for row in by_number(connection, include_str!("sql/lock_lots.sql"), ids).await? {
        state.heads.put(Subject::Lot(row.get(0)), head(row.get(1), row.get(2)));
    }
    Ok(())
}

async fn lines(
    state: &mut State,
    connection: &mut PgConnection,
    units: &[&Unit],
) -> Result<(), sqlx::Error> {
    let ids = units.iter().flat_map(|unit| &unit.lines).map(|change| change.id.0).collect();
    for row in by_number(connection, include_str!("sql/lock_lines.sql"), ids).await? {
        state.heads.put(Subject::Line(row.get(0)), head(row.get(1), row.get(2)));
    }
    Ok(())
}

async fn envelopes(
    state: &mut State,
    connection: &mut PgConnection,
    units: &[&Unit],
) -> Result<(), sqlx::Error> {
    let ids = touched_envelopes(units);
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
    units: &[&Unit],
) -> Result<(), sqlx::Error> {
    let keys = units.iter().flat_map(|unit| &unit.records);
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
    units: &[&Unit],
) -> Result<(), sqlx::Error> {
    let ids: Vec<i64> = units.iter().filter_map(|unit| unit.job.as_ref()).map(|j| j.id).collect();
    let wanted = wanted_jobs(units.iter().copied());
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
