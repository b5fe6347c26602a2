//! Heads: the version and the last event of each subject, as its row has them.

use std::collections::HashMap;

use sqlx::{Row, SqliteConnection};

use super::log::{Entry, Log};
use crate::store::ChangeSet;
use crate::store::decide::{Head, Heads, Subject};

/// A cache of the heads of recently written lots, by number. It is valid because only this process writes them.
#[derive(Debug, Default)]
pub(super) struct Kept(HashMap<i64, Head>);

impl Kept {
    /// The maximum number of lots in the cache.
    const LOTS: usize = 262_144;

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// Adds the lots among `heads` to the cache.
    pub(super) fn keep(&mut self, heads: &Heads) {
        if self.0.len() > Self::LOTS {
            self.0.clear();
        }
        self.0.extend(heads.0.iter().filter_map(|(subject, head)| match subject {
            Subject::Lot(id) => Some((*id, *head)),
            Subject::Line(_) | Subject::Envelope(_) | Subject::Record(..) | Subject::Job(_) => None,
        }));
    }
}

/// Reads the heads of everything that `change_sets` may change except envelopes. Heads in `kept` are not read.
pub(super) async fn read_heads(
    connection: &mut SqliteConnection,
    kept: &Kept,
    change_sets: &[&ChangeSet],
) -> Result<Heads, sqlx::Error> {
    let mut heads = Heads::default();
    lots(&mut heads, connection, kept, change_sets).await?;
    lines(&mut heads, connection, change_sets).await?;
    for change_set in change_sets {
        rest(&mut heads, connection, change_set).await?;
    }
    Ok(heads)
}

async fn lots(
    heads: &mut Heads,
    connection: &mut SqliteConnection,
    kept: &Kept,
    change_sets: &[&ChangeSet],
) -> Result<(), sqlx::Error> {
    let mut unknown = Vec::new();
    for id in
        change_sets.iter().flat_map(|change_set| &change_set.lots).map(|change| change.after.id.0)
    {
        match kept.0.get(&id) {
            Some(head) => heads.put(Subject::Lot(id), *head),
            None => unknown.push(id),
        }
    }
    if unknown.is_empty() {
        return Ok(());
    }
    let found: String = sqlx::query_scalar(include_str!("sql/lot_versions.sql"))
        .bind(json(unknown))
        .fetch_one(connection)
        .await?;
    let found: Vec<(i64, i64, i64)> =
        serde_json::from_str(&found).map_err(|error| sqlx::Error::Decode(Box::new(error)))?;
    for (id, version, event) in found {
        heads.put(Subject::Lot(id), Head { version, event, lease: 0 });
    }
    Ok(())
}

async fn lines(
    heads: &mut Heads,
    connection: &mut SqliteConnection,
    change_sets: &[&ChangeSet],
) -> Result<(), sqlx::Error> {
    let lines: Vec<i64> = change_sets
        .iter()
        .flat_map(|change_set| &change_set.lines)
        .map(|change| change.id.0)
        .collect();
    if lines.is_empty() {
        return Ok(());
    }
    let rows = sqlx::query(include_str!("sql/line_versions.sql"))
        .bind(json(lines))
        .fetch_all(connection)
        .await?;
    for row in rows {
        let head = Head { version: row.get(1), event: row.get(2), lease: 0 };
        heads.put(Subject::Line(row.get(0)), head);
    }
    Ok(())
}

async fn rest(
    heads: &mut Heads,
    connection: &mut SqliteConnection,
    change_set: &ChangeSet,
) -> Result<(), sqlx::Error> {
    for change in &change_set.records {
        let found = sqlx::query(include_str!("sql/record_version.sql"))
            .bind(change.kind.name())
            .bind(&change.id)
            .fetch_optional(&mut *connection)
            .await?;
        if let Some(row) = found {
            let head = Head { version: row.get(0), event: row.get(1), lease: 0 };
            heads.put(Subject::Record(change.kind, change.id.clone()), head);
        }
    }
    if let Some(job) = &change_set.job {
        let found: Option<i64> = sqlx::query_scalar(include_str!("sql/job_version.sql"))
            .bind(job.id)
            .fetch_optional(&mut *connection)
            .await?;
        let head = Head { version: found.unwrap_or(0), ..Head::default() };
        heads.put(Subject::Job(job.id), head);
    }
    Ok(())
}

/// Appends an event of `subject` to the log, with a pointer to its previous one, and returns the position.
pub(super) fn append(heads: &mut Heads, log: &mut Log, subject: Subject, entry: Entry) -> i64 {
    let previous = heads.get(&subject).event;
    let position = log.append(Entry { previous, ..entry });
    heads.follow(subject, position);
    position
}

fn json(ids: Vec<i64>) -> String {
    serde_json::Value::from(ids).to_string()
}
