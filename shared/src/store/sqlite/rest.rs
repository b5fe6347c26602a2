//! Writes what accepted change sets change besides lots and envelopes, for all of a commit together.

use sqlx::Arguments;

use super::heads::append;
use super::log::{Entry, Log};
use super::script::Script;
use crate::store::change_set::{last_notes, wanted_jobs};
use crate::store::decide::{Heads, Subject};
use crate::store::{ChangeSet, LineChange, RecordChange};

/// Writes the lines, records, jobs and notes of `change_sets`, in their order.
pub(super) async fn write(
    script: &mut Script<'_>,
    log: &mut Log,
    heads: &mut Heads,
    change_sets: &[ChangeSet],
) -> Result<(), sqlx::Error> {
    lines(script, log, heads, change_sets).await?;
    records(script, log, heads, change_sets).await?;
    ended_jobs(script, change_sets).await?;
    new_jobs(script, change_sets).await?;
    notes(script, change_sets).await
}

async fn lines(
    script: &mut Script<'_>,
    log: &mut Log,
    heads: &mut Heads,
    change_sets: &[ChangeSet],
) -> Result<(), sqlx::Error> {
    let mut lines: Vec<(&LineChange, i64)> = Vec::new();
    for change_set in change_sets {
        for change in &change_set.lines {
            let body = change.body().map_err(|error| sqlx::Error::Encode(Box::new(error)))?;
            let kind = change.event().name();
            let entry =
                Entry::of(change_set, change.id.to_string(), change.expected + 1, kind, body);
            lines.push((change, append(heads, log, Subject::Line(change.id.0), entry)));
        }
    }
    let written =
        script.rows(include_str!("sql/upsert_line.sql"), &lines, |(line, event), args| {
            args.add(line.id.0)?;
            args.add(line.line.requester.clone())?;
            args.add(line.line.external_id.clone())?;
            args.add(line.line.likeness())?;
            args.add(line.expected + 1)?;
            args.add(*event)
        });
    written.await
}

async fn records(
    script: &mut Script<'_>,
    log: &mut Log,
    heads: &mut Heads,
    change_sets: &[ChangeSet],
) -> Result<(), sqlx::Error> {
    let mut records: Vec<(&RecordChange, i64)> = Vec::new();
    for change_set in change_sets {
        for change in &change_set.records {
            let (subject, number) = (format!("{}:{}", change.kind, change.id), change.expected + 1);
            let entry =
                Entry::of(change_set, subject, number, change.event_name(), change.body.clone());
            let subject = Subject::Record(change.kind, change.id.clone());
            records.push((change, append(heads, log, subject, entry)));
        }
    }
    let written =
        script.rows(include_str!("sql/upsert_record.sql"), &records, |(row, event), args| {
            args.add(row.kind.name())?;
            args.add(row.id.clone())?;
            args.add(row.expected + 1)?;
            args.add(*event)
        });
    written.await
}

async fn ended_jobs(script: &mut Script<'_>, change_sets: &[ChangeSet]) -> Result<(), sqlx::Error> {
    for job in change_sets.iter().filter_map(|change_set| change_set.job.as_ref()) {
        match job.again {
            None => {
                let ended = script.then(include_str!("sql/job_done.sql"), |args| {
                    args.add(job.id)?;
                    args.add(job.expected)
                });
                ended.await?;
            }
            Some((due, attempt)) => {
                let again = script.then(include_str!("sql/job_again.sql"), |args| {
                    args.add(job.expected)?;
                    args.add(i64::from(attempt))?;
                    args.add(due.timestamp_millis())?;
                    args.add(due.timestamp_millis())?;
                    args.add(i64::from(attempt))?;
                    args.add(job.id)
                });
                again.await?;
            }
        }
    }
    Ok(())
}

async fn new_jobs(script: &mut Script<'_>, change_sets: &[ChangeSet]) -> Result<(), sqlx::Error> {
    let jobs = wanted_jobs(change_sets);
    let written = script.rows(include_str!("sql/upsert_job.sql"), &jobs, |job, args| {
        args.add(job.kind.name())?;
        args.add(job.key.clone())?;
        args.add(job.due.timestamp_millis())?;
        args.add(job.body.clone())
    });
    written.await
}

async fn notes(script: &mut Script<'_>, change_sets: &[ChangeSet]) -> Result<(), sqlx::Error> {
    let (put, gone): (Vec<_>, Vec<_>) =
        last_notes(change_sets).partition(|note| note.body.is_some());
    let written = script.rows(include_str!("sql/upsert_note.sql"), &put, |note, args| {
        args.add(note.kind.name())?;
        args.add(note.key.clone())?;
        args.add(note.body.clone())
    });
    written.await?;
    for note in gone {
        let deleted = script.then(include_str!("sql/delete_note.sql"), |args| {
            args.add(note.kind.name())?;
            args.add(note.key.clone())
        });
        deleted.await?;
    }
    Ok(())
}
