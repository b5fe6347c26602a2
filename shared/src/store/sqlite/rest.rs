//! Writes what accepted units change besides lots and envelopes, all of a commit together.

use std::collections::HashMap;

use sqlx::{Arguments, SqliteConnection};

use super::bulk;
use super::log::Log;
use crate::store::{LineChange, NewJob, RecordChange, Unit};

/// Writes lines, records, jobs and documents of `units`, in their order.
pub(super) async fn write(
    connection: &mut SqliteConnection,
    log: &mut Log,
    units: &[&Unit],
) -> Result<(), sqlx::Error> {
    lines(connection, log, units).await?;
    records(connection, log, units).await?;
    ended_jobs(connection, units).await?;
    new_jobs(connection, units).await?;
    inbox(connection, units).await
}

async fn lines(
    connection: &mut SqliteConnection,
    log: &mut Log,
    units: &[&Unit],
) -> Result<(), sqlx::Error> {
    let mut lines: Vec<(&LineChange, String)> = Vec::new();
    for unit in units {
        for change in &unit.lines {
            let body = serde_json::to_string(&change.line)
                .map_err(|error| sqlx::Error::Encode(Box::new(error)))?;
            let kind = if change.expected == 0 { "line.submitted" } else { "line.amended" };
            log.push(unit, change.id.to_string(), change.expected + 1, kind, body.clone());
            lines.push((change, body));
        }
    }
    bulk::execute(connection, include_str!("sql/upsert_line.sql"), &lines, |(line, body), args| {
        args.add(line.id.0)?;
        args.add(line.line.external_id.clone())?;
        args.add(line.line.likeness())?;
        args.add(line.expected + 1)?;
        args.add(body.clone())
    })
    .await
}

async fn records(
    connection: &mut SqliteConnection,
    log: &mut Log,
    units: &[&Unit],
) -> Result<(), sqlx::Error> {
    let mut records: Vec<&RecordChange> = Vec::new();
    for unit in units {
        for change in &unit.records {
            let subject = format!("{}:{}", change.kind, change.id);
            log.push(unit, subject, change.expected + 1, change.event, change.body.clone());
            records.push(change);
        }
    }
    bulk::execute(connection, include_str!("sql/upsert_record.sql"), &records, |row, args| {
        args.add(row.kind)?;
        args.add(row.id.clone())?;
        args.add(row.expected + 1)?;
        args.add(row.body.clone())
    })
    .await
}

async fn ended_jobs(connection: &mut SqliteConnection, units: &[&Unit]) -> Result<(), sqlx::Error> {
    for job in units.iter().filter_map(|unit| unit.job.as_ref()) {
        let query = match job.again {
            None => sqlx::query(include_str!("sql/job_done.sql")).bind(job.id).bind(job.expected),
            Some((due, attempt)) => sqlx::query(include_str!("sql/job_again.sql"))
                .bind(job.id)
                .bind(job.expected)
                .bind(due.timestamp_millis())
                .bind(i64::from(attempt)),
        };
        query.execute(&mut *connection).await?;
    }
    Ok(())
}

/// Many units may ask for the same job: it is written once, for the earliest of their dates.
async fn new_jobs(connection: &mut SqliteConnection, units: &[&Unit]) -> Result<(), sqlx::Error> {
    let mut jobs: Vec<NewJob> = Vec::new();
    let mut places: HashMap<(&str, &str), usize> = HashMap::new();
    for job in units.iter().flat_map(|unit| &unit.jobs) {
        match places.get(&(job.kind, job.key.as_str())) {
            Some(place) => jobs[*place].due = jobs[*place].due.min(job.due),
            None => {
                places.insert((job.kind, &job.key), jobs.len());
                jobs.push(job.clone());
            }
        }
    }
    bulk::execute(connection, include_str!("sql/upsert_job.sql"), &jobs, |job, args| {
        args.add(job.kind)?;
        args.add(job.key.clone())?;
        args.add(job.due.timestamp_millis())?;
        args.add(job.body.clone())
    })
    .await
}

async fn inbox(connection: &mut SqliteConnection, units: &[&Unit]) -> Result<(), sqlx::Error> {
    for unit in units {
        let Some(entry) = &unit.inbox else { continue };
        sqlx::query(include_str!("sql/insert_inbox.sql"))
            .bind(&entry.sender)
            .bind(&entry.number)
            .bind(unit.at.timestamp_millis())
            .bind(&entry.body)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}
