//! Writes what was accepted: one statement for all rows of a table, and an event for each change.

use std::collections::BTreeMap;

use sqlx::PgConnection;

use crate::domain::kinds::RecordKind;
use crate::domain::lot::Timestamp;
use crate::store::change_set::{Prepared, last_notes, wanted_jobs};
use crate::store::decide::{Heads, State, Subject};
use crate::store::{
    ChangeSet, EnvelopeRow, JobChange, Lane, LineChange, LotChange, LotIndex, RecordChange, tally,
};

/// Events to be written, as columns.
#[derive(Default)]
struct Events {
    subjects: Vec<Subject>,
    at: Vec<i64>,
    actors: Vec<String>,
    names: Vec<String>,
    numbers: Vec<i64>,
    kinds: Vec<&'static str>,
    bodies: Vec<String>,
}

impl Events {
    fn tell(
        &mut self,
        change_set: (&str, i64),
        subject: Subject,
        name: String,
        number: i64,
        kind: &'static str,
        body: String,
    ) {
        self.subjects.push(subject);
        self.actors.push(change_set.0.to_owned());
        self.at.push(change_set.1);
        self.names.push(name);
        self.numbers.push(number);
        self.kinds.push(kind);
        self.bodies.push(body);
    }
}

/// Writes the accepted change sets, and the envelopes as they left them.
pub(super) async fn write(
    connection: &mut PgConnection,
    accepted: &[&Prepared],
    mut state: State,
) -> Result<(), sqlx::Error> {
    let events = events_of(accepted, &state)?;
    let mut heads = std::mem::take(&mut state.heads);
    append(connection, events, &mut heads).await?;
    lots(connection, accepted, &heads).await?;
    tallies(connection, accepted).await?;
    let change_sets: Vec<&ChangeSet> =
        accepted.iter().map(|prepared| &prepared.change_set).collect();
    lines(connection, &change_sets, &heads).await?;
    envelopes(connection, &state, &heads).await?;
    records(connection, &change_sets, &heads).await?;
    jobs(connection, &change_sets).await?;
    notes(connection, &change_sets).await?;
    if change_sets.iter().any(|change_set| change_set.changes_what_is_kept()) {
        let sql = include_str!("sql/raise_generation.sql");
        sqlx::query(sql).execute(connection).await?;
    }
    Ok(())
}

fn encoded(body: Result<String, serde_json::Error>) -> Result<String, sqlx::Error> {
    body.map_err(|error| sqlx::Error::Encode(Box::new(error)))
}

/// An event for each change.
fn events_of(accepted: &[&Prepared], state: &State) -> Result<Events, sqlx::Error> {
    let mut events = Events::default();
    for Prepared { change_set, bodies } in accepted {
        let by = (&*change_set.actor, change_set.at.timestamp_millis());
        for (change, body) in change_set.lots.iter().zip(bodies) {
            let LotChange { after, kind, .. } = change;
            let subject = Subject::Lot(after.id.0);
            events.tell(
                by,
                subject,
                after.id.to_string(),
                after.version,
                kind.name(),
                body.clone(),
            );
        }
        for change in &change_set.lines {
            let (subject, number) = (Subject::Line(change.id.0), change.expected + 1);
            let kind = change.event().name();
            let body = encoded(change.body())?;
            events.tell(by, subject, change.id.to_string(), number, kind, body);
        }
        for change in &change_set.records {
            let subject = Subject::Record(change.kind, change.id.clone());
            let (name, number) = (format!("{}:{}", change.kind, change.id), change.expected + 1);
            events.tell(by, subject, name, number, change.event_name(), change.body.clone());
        }
    }
    for told in &state.told {
        let by = (&*told.actor, told.at.timestamp_millis());
        let (subject, row) = (Subject::Envelope(told.row.id.clone()), &told.row);
        let name = format!("envelope:{}", row.id);
        events.tell(by, subject, name, row.version, "envelope.changed", row.body());
    }
    Ok(events)
}

/// Appends `events`, each with a pointer to its subject's previous event.
async fn append(
    connection: &mut PgConnection,
    events: Events,
    heads: &mut Heads,
) -> Result<(), sqlx::Error> {
    if events.subjects.is_empty() {
        return Ok(());
    }
    let count = i32::try_from(events.subjects.len()).unwrap_or(i32::MAX);
    let ids: Vec<i64> = sqlx::query_scalar(include_str!("sql/draw_events.sql"))
        .bind(count)
        .fetch_one(&mut *connection)
        .await?;
    let subjects = events.subjects.into_iter().zip(&ids);
    let previous: Vec<i64> = subjects.map(|(subject, id)| heads.follow(subject, *id)).collect();
    sqlx::query(include_str!("sql/insert_events.sql"))
        .bind(ids)
        .bind(events.at)
        .bind(events.actors)
        .bind(events.names)
        .bind(events.numbers)
        .bind(events.kinds)
        .bind(previous)
        .bind(events.bodies)
        .execute(connection)
        .await
        .map(drop)
}

/// Two forms of a statement: one for existing rows, one for new rows.
struct Upsert {
    upsert: &'static str,
    /// Fails if the row exists. Existing rows are locked, but another transaction may have inserted a new one
    /// meanwhile.
    insert: &'static str,
}

impl Upsert {
    /// The part before `ON CONFLICT` is the insert. Without `ON CONFLICT`, this does not compile.
    const fn of(upsert: &'static str) -> Self {
        const CLAUSE: &[u8] = b"ON CONFLICT";
        let (text, mut at) = (upsert.as_bytes(), 0);
        loop {
            let mut same = 0;
            while same < CLAUSE.len() && text[at + same] == CLAUSE[same] {
                same += 1;
            }
            if same == CLAUSE.len() {
                return Self { upsert, insert: upsert.split_at(at).0 };
            }
            at += 1;
        }
    }
}

/// The last change of each subject, split into new and existing rows, each with its statement.
fn last_of<K: Ord, T>(
    Upsert { upsert, insert }: Upsert,
    changes: impl IntoIterator<Item = (K, T)>,
    is_first: impl Fn(&T) -> bool,
) -> impl Iterator<Item = (&'static str, BTreeMap<K, T>)> {
    let (mut new, mut old) = (BTreeMap::new(), BTreeMap::new());
    for (key, change) in changes {
        let is_new = is_first(&change) || new.contains_key(&key);
        if is_new { &mut new } else { &mut old }.insert(key, change);
    }
    let all = [(insert, new), (upsert, old)];
    all.into_iter().filter(|(_, changes)| !changes.is_empty())
}

async fn lots(
    connection: &mut PgConnection,
    accepted: &[&Prepared],
    heads: &Heads,
) -> Result<(), sqlx::Error> {
    let mut changes: Vec<(i64, (Timestamp, &LotChange, &String))> = Vec::new();
    for Prepared { change_set, bodies } in accepted {
        let changed = change_set.lots.iter().zip(bodies);
        changes.extend(changed.map(|(lot, body)| (lot.after.id.0, (change_set.at, lot, body))));
    }
    let is_first = |(_, change, _): &(Timestamp, &LotChange, &String)| change.before.is_none();
    const UPSERT: Upsert = Upsert::of(include_str!("sql/upsert_lots.sql"));
    for (sql, last) in last_of(UPSERT, changes, is_first) {
        let (mut versions, mut events, mut dues) = (Vec::new(), Vec::new(), Vec::new());
        let (mut classes, mut ranks, mut lanes) = (Vec::new(), Vec::new(), Vec::new());
        let (mut states, mut steps, mut waits) = (Vec::new(), Vec::new(), Vec::new());
        let mut contents = Vec::new();
        for (at, change, body) in last.values() {
            let LotIndex { version, state, step, awaits, class, rank } =
                LotIndex::of(&change.after);
            versions.push(version);
            events.push(heads.get(&Subject::Lot(change.after.id.0)).event);
            dues.push(change.due(*at).map(|due| due.timestamp_millis()));
            classes.push(class as i16);
            ranks.push(rank as i32);
            lanes.push(Lane::of(change.after.priority) as i16);
            states.push(state);
            steps.push(step);
            waits.push(awaits);
            contents.push(body.as_str());
        }
        sqlx::query(sql)
            .bind(last.keys().copied().collect::<Vec<i64>>())
            .bind(versions)
            .bind(events)
            .bind(dues)
            .bind(classes)
            .bind(ranks)
            .bind(states)
            .bind(steps)
            .bind(waits)
            .bind(contents)
            .bind(lanes)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

async fn tallies(connection: &mut PgConnection, accepted: &[&Prepared]) -> Result<(), sqlx::Error> {
    let moves = tally::moves(accepted.iter().flat_map(|prepared| &prepared.change_set.lots));
    if moves.is_empty() {
        return Ok(());
    }
    sqlx::query(include_str!("sql/insert_tallies.sql"))
        .bind(moves.iter().map(|(place, _)| &*place.step).collect::<Vec<_>>())
        .bind(moves.iter().map(|(place, _)| &*place.state).collect::<Vec<_>>())
        .bind(moves.iter().map(|(place, _)| &*place.awaits).collect::<Vec<_>>())
        .bind(moves.iter().map(|(place, _)| place.since).collect::<Vec<_>>())
        .bind(moves.iter().map(|(_, lots)| *lots).collect::<Vec<_>>())
        .execute(connection)
        .await
        .map(drop)
}

async fn lines(
    connection: &mut PgConnection,
    change_sets: &[&ChangeSet],
    heads: &Heads,
) -> Result<(), sqlx::Error> {
    let changes = change_sets
        .iter()
        .flat_map(|change_set| &change_set.lines)
        .map(|change| (change.id.0, change));
    let is_first = |change: &&LineChange| change.expected == 0;
    const UPSERT: Upsert = Upsert::of(include_str!("sql/upsert_lines.sql"));
    for (sql, last) in last_of(UPSERT, changes, is_first) {
        let of = |id: &i64| heads.get(&Subject::Line(*id)).event;
        let bodies = last.values().map(|change| encoded(change.body()));
        sqlx::query(sql)
            .bind(last.keys().copied().collect::<Vec<i64>>())
            .bind(last.values().map(|c| c.line.requester.clone()).collect::<Vec<_>>())
            .bind(last.values().map(|c| c.line.external_id.clone()).collect::<Vec<_>>())
            .bind(last.values().map(|c| c.line.likeness()).collect::<Vec<_>>())
            .bind(last.values().map(|c| c.expected + 1).collect::<Vec<_>>())
            .bind(last.keys().map(of).collect::<Vec<_>>())
            .bind(bodies.collect::<Result<Vec<_>, _>>()?)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

async fn records(
    connection: &mut PgConnection,
    change_sets: &[&ChangeSet],
    heads: &Heads,
) -> Result<(), sqlx::Error> {
    let changes = change_sets.iter().flat_map(|change_set| &change_set.records);
    let changes = changes.map(|change| ((change.kind, &*change.id), change));
    let is_first = |change: &&RecordChange| change.expected == 0;
    const UPSERT: Upsert = Upsert::of(include_str!("sql/upsert_records.sql"));
    for (sql, last) in last_of(UPSERT, changes, is_first) {
        let of = |(kind, id): &(RecordKind, &str)| {
            heads.get(&Subject::Record(*kind, (*id).to_owned())).event
        };
        sqlx::query(sql)
            .bind(last.keys().map(|(kind, _)| kind.name()).collect::<Vec<_>>())
            .bind(last.keys().map(|(_, id)| *id).collect::<Vec<_>>())
            .bind(last.values().map(|change| change.expected + 1).collect::<Vec<_>>())
            .bind(last.keys().map(of).collect::<Vec<_>>())
            .bind(last.values().map(|change| &*change.body).collect::<Vec<_>>())
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

async fn envelopes(
    connection: &mut PgConnection,
    state: &State,
    heads: &Heads,
) -> Result<(), sqlx::Error> {
    let told = |row: &EnvelopeRow| state.told.iter().filter(|told| told.row.id == row.id).count();
    let rows = state.envelopes.values().map(|row| (&*row.id, row));
    // The envelope is new if all its versions are among these changes.
    let is_first = |row: &&EnvelopeRow| row.version == told(row) as i64;
    const UPSERT: Upsert = Upsert::of(include_str!("sql/upsert_envelopes.sql"));
    for (sql, rows) in last_of(UPSERT, rows, is_first) {
        let of = |id: &&str| heads.get(&Subject::Envelope((*id).to_owned())).event;
        let column = |value: fn(&EnvelopeRow) -> i64| -> Vec<i64> {
            rows.values().map(|row| value(row)).collect()
        };
        sqlx::query(sql)
            .bind(rows.keys().copied().collect::<Vec<_>>())
            .bind(rows.values().map(|row| &*row.currency).collect::<Vec<_>>())
            .bind(column(|row| row.version))
            .bind(rows.keys().map(of).collect::<Vec<_>>())
            .bind(column(|row| row.committed))
            .bind(column(|row| row.opened))
            .bind(column(|row| row.allocated))
            .bind(column(|row| row.obligated))
            .bind(column(|row| row.disbursed))
            .bind(column(|row| row.expired))
            .bind(column(|row| row.overrun))
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

async fn jobs(
    connection: &mut PgConnection,
    change_sets: &[&ChangeSet],
) -> Result<(), sqlx::Error> {
    let ended: Vec<&JobChange> =
        change_sets.iter().filter_map(|change_set| change_set.job.as_ref()).collect();
    let done: Vec<_> = ended.iter().filter(|job| job.again.is_none()).collect();
    if !done.is_empty() {
        sqlx::query(include_str!("sql/jobs_done.sql"))
            .bind(done.iter().map(|job| job.id).collect::<Vec<_>>())
            .bind(done.iter().map(|job| job.expected).collect::<Vec<_>>())
            .execute(&mut *connection)
            .await?;
    }
    let again: Vec<_> = ended.iter().filter_map(|job| Some((job, job.again?))).collect();
    if !again.is_empty() {
        sqlx::query(include_str!("sql/jobs_again.sql"))
            .bind(again.iter().map(|(job, _)| job.id).collect::<Vec<_>>())
            .bind(again.iter().map(|(job, _)| job.expected).collect::<Vec<_>>())
            .bind(again.iter().map(|(_, (due, _))| due.timestamp_millis()).collect::<Vec<_>>())
            .bind(again.iter().map(|(_, (_, attempt))| *attempt as i32).collect::<Vec<_>>())
            .execute(&mut *connection)
            .await?;
    }
    let wanted = wanted_jobs(change_sets.iter().copied());
    if wanted.is_empty() {
        return Ok(());
    }
    sqlx::query(include_str!("sql/upsert_jobs.sql"))
        .bind(wanted.iter().map(|job| job.kind.name()).collect::<Vec<_>>())
        .bind(wanted.iter().map(|job| &*job.key).collect::<Vec<_>>())
        .bind(wanted.iter().map(|job| job.due.timestamp_millis()).collect::<Vec<_>>())
        .bind(wanted.iter().map(|job| &*job.body).collect::<Vec<_>>())
        .execute(connection)
        .await
        .map(drop)
}

async fn notes(
    connection: &mut PgConnection,
    change_sets: &[&ChangeSet],
) -> Result<(), sqlx::Error> {
    let (put, gone): (Vec<_>, Vec<_>) =
        last_notes(change_sets).partition(|note| note.body.is_some());
    if !put.is_empty() {
        sqlx::query(include_str!("sql/upsert_notes.sql"))
            .bind(put.iter().map(|note| note.kind.name()).collect::<Vec<_>>())
            .bind(put.iter().map(|note| &*note.key).collect::<Vec<_>>())
            .bind(put.iter().map(|note| note.body.as_deref()).collect::<Vec<_>>())
            .execute(&mut *connection)
            .await?;
    }
    if !gone.is_empty() {
        sqlx::query(include_str!("sql/delete_notes.sql"))
            .bind(gone.iter().map(|note| note.kind.name()).collect::<Vec<_>>())
            .bind(gone.iter().map(|note| &*note.key).collect::<Vec<_>>())
            .execute(connection)
            .await?;
    }
    Ok(())
}
