//! Fills empty tables, with one statement for all rows of a kind in a batch. Events keep their positions, which also
//! become their numbers.

use sqlx::PgConnection;

use crate::store::Lane;
use crate::store::row::{
    DocumentRow, EnvelopeRow, EventRow, JobRow, LineRow, LinkRow, LotRow, NoteRow, RecordRow, Row,
};

/// Starts the transaction in which everything is filled.
pub(super) async fn begin(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query("BEGIN").execute(&mut *connection).await?;
    sqlx::query(include_str!("sql/fill_begin.sql")).execute(connection).await.map(drop)
}

/// Inserts `rows`, with one statement for each kind.
pub(super) async fn insert(connection: &mut PgConnection, rows: &[Row]) -> Result<(), sqlx::Error> {
    let mut kinds = Kinds::default();
    for row in rows {
        match row {
            Row::Event(row) => kinds.events.push(row),
            Row::Link(row) => kinds.links.push(row),
            Row::Line(row) => kinds.lines.push(row),
            Row::Lot(row) => kinds.lots.push(row),
            Row::Record(row) => kinds.records.push(row),
            Row::Envelope(row) => kinds.envelopes.push(row),
            Row::Job(row) => kinds.jobs.push(row),
            Row::Document(row) => kinds.documents.push(row),
            Row::Note(row) => kinds.notes.push(row),
        }
    }
    // Events come first, because the other rows take their bodies from them.
    events(connection, &kinds.events).await?;
    links(connection, &kinds.links).await?;
    lines(connection, &kinds.lines).await?;
    lots(connection, &kinds.lots).await?;
    records(connection, &kinds.records).await?;
    envelopes(connection, &kinds.envelopes).await?;
    jobs(connection, &kinds.jobs).await?;
    documents(connection, &kinds.documents).await?;
    notes(connection, &kinds.notes).await
}

/// The final steps after the last row.
pub(super) async fn end(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query(include_str!("sql/fill_tallies.sql")).execute(&mut *connection).await?;
    sqlx::query(include_str!("sql/fill_end.sql")).execute(connection).await.map(drop)
}

#[derive(Default)]
struct Kinds<'a> {
    events: Vec<&'a EventRow>,
    links: Vec<&'a LinkRow>,
    lines: Vec<&'a LineRow>,
    lots: Vec<&'a LotRow>,
    records: Vec<&'a RecordRow>,
    envelopes: Vec<&'a EnvelopeRow>,
    jobs: Vec<&'a JobRow>,
    documents: Vec<&'a DocumentRow>,
    notes: Vec<&'a NoteRow>,
}

fn column<'a, T, C>(rows: &[&'a T], value: impl Fn(&'a T) -> C) -> Vec<C> {
    rows.iter().map(|row| value(row)).collect()
}

async fn events(connection: &mut PgConnection, rows: &[&EventRow]) -> Result<(), sqlx::Error> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query(include_str!("sql/insert_events.sql"))
        .bind(column(rows, |row| row.position))
        .bind(column(rows, |row| row.at))
        .bind(column(rows, |row| row.actor.as_str()))
        .bind(column(rows, |row| row.subject.as_str()))
        .bind(column(rows, |row| row.number))
        .bind(column(rows, |row| row.kind.as_str()))
        .bind(column(rows, |row| row.previous))
        .bind(column(rows, |row| row.body.as_str()))
        .execute(connection)
        .await
        .map(drop)
}

async fn links(connection: &mut PgConnection, rows: &[&LinkRow]) -> Result<(), sqlx::Error> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query(include_str!("sql/fill_links.sql"))
        .bind(column(rows, |row| row.position))
        .bind(column(rows, |row| row.after))
        .bind(column(rows, |row| row.hash.as_str()))
        .execute(connection)
        .await
        .map(drop)
}

async fn lines(connection: &mut PgConnection, rows: &[&LineRow]) -> Result<(), sqlx::Error> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query(include_str!("sql/fill_lines.sql"))
        .bind(column(rows, |row| row.id))
        .bind(column(rows, |row| row.external.as_str()))
        .bind(column(rows, |row| row.alike.as_str()))
        .bind(column(rows, |row| row.version))
        .bind(column(rows, |row| row.event))
        .execute(connection)
        .await
        .map(drop)
}

async fn lots(connection: &mut PgConnection, rows: &[&LotRow]) -> Result<(), sqlx::Error> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query(include_str!("sql/fill_lots.sql"))
        .bind(column(rows, |row| row.id))
        .bind(column(rows, |row| row.version))
        .bind(column(rows, |row| row.event))
        .bind(column(rows, |row| row.due))
        .bind(column(rows, |row| row.class as i16))
        .bind(column(rows, |row| row.rank as i32))
        .bind(column(rows, |row| row.state.as_str()))
        .bind(column(rows, |row| row.step.as_deref()))
        .bind(column(rows, |row| row.awaits.as_deref()))
        .bind(column(rows, |row| Lane::of_class(row.class) as i16))
        .execute(connection)
        .await
        .map(drop)
}

async fn records(connection: &mut PgConnection, rows: &[&RecordRow]) -> Result<(), sqlx::Error> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query(include_str!("sql/fill_records.sql"))
        .bind(column(rows, |row| row.kind.as_str()))
        .bind(column(rows, |row| row.id.as_str()))
        .bind(column(rows, |row| row.version))
        .bind(column(rows, |row| row.event))
        .execute(connection)
        .await
        .map(drop)
}

async fn envelopes(
    connection: &mut PgConnection,
    rows: &[&EnvelopeRow],
) -> Result<(), sqlx::Error> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query(include_str!("sql/upsert_envelopes.sql"))
        .bind(column(rows, |row| row.id.as_str()))
        .bind(column(rows, |row| row.currency.as_str()))
        .bind(column(rows, |row| row.version))
        .bind(column(rows, |row| row.event))
        .bind(column(rows, |row| row.committed))
        .bind(column(rows, |row| row.opened))
        .bind(column(rows, |row| row.allocated))
        .bind(column(rows, |row| row.obligated))
        .bind(column(rows, |row| row.disbursed))
        .bind(column(rows, |row| row.expired))
        .bind(column(rows, |row| row.overrun))
        .execute(connection)
        .await
        .map(drop)
}

async fn jobs(connection: &mut PgConnection, rows: &[&JobRow]) -> Result<(), sqlx::Error> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query(include_str!("sql/fill_jobs.sql"))
        .bind(column(rows, |row| row.kind.as_str()))
        .bind(column(rows, |row| row.key.as_str()))
        .bind(column(rows, |row| row.due))
        .bind(column(rows, |row| row.attempt as i32))
        .bind(column(rows, |row| row.version))
        .bind(column(rows, |row| row.body.as_str()))
        .execute(connection)
        .await
        .map(drop)
}

async fn documents(
    connection: &mut PgConnection,
    rows: &[&DocumentRow],
) -> Result<(), sqlx::Error> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query(include_str!("sql/insert_old_documents.sql"))
        .bind(column(rows, |row| row.sender.as_str()))
        .bind(column(rows, |row| row.number.as_str()))
        .bind(column(rows, |row| row.at))
        .bind(column(rows, |row| row.body.as_str()))
        .execute(connection)
        .await
        .map(drop)
}

async fn notes(connection: &mut PgConnection, rows: &[&NoteRow]) -> Result<(), sqlx::Error> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query(include_str!("sql/upsert_notes.sql"))
        .bind(column(rows, |row| row.kind.as_str()))
        .bind(column(rows, |row| row.key.as_str()))
        .bind(column(rows, |row| row.body.as_str()))
        .execute(connection)
        .await
        .map(drop)
}
