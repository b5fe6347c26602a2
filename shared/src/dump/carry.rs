//! Makes sure that a restored database does not give out again what the replaced one has given out. Others have
//! numbers, positions or documents from the replaced database, and continue with the one that takes its place. So this
//! carries counters forward, fills used positions with void events, keeps the messages that were sent, lists what was
//! lost, and pauses everything until somebody has looked at it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::documents;
use crate::domain::kinds::{NoteKind, RecordEvent, RecordKind};
use crate::domain::lot::Timestamp;
use crate::domain::order::{Order, OrderStatus};
use crate::incidents::{RESTORED, opened};
use crate::pauses::{ALL, Pause};
use crate::store::{
    ChangeSet, Fate, NoteChange, NoteRange, Record, RecordChange, Store, StoreError,
};

/// Void events committed together.
const TOGETHER: i64 = 500;

/// The maximum number of lines that are named.
const NAMED: usize = 20;

/// A restore, as its record has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restore {
    /// Counts from 1. The log after the restore belongs to this epoch.
    pub epoch: u32,
    pub at: Timestamp,
    /// The file that it was restored from.
    pub from: String,
    /// The last position of the restored database.
    pub upto: i64,
    /// The last position that the replaced database had given out; equal to `upto` if it had given out no more.
    pub given_out: i64,
    /// The number of the last line that was given out.
    pub lines: i64,
}

impl Restore {
    /// Whether a reader that has read up to `position` has read events that are now void.
    #[must_use]
    pub fn voids(&self, position: i64) -> bool {
        position > self.upto && position <= self.given_out
    }

    /// The position from which a reader continues that has read up to `position`: after the void events.
    #[must_use]
    pub fn beyond(&self, position: i64) -> i64 {
        if self.voids(position) { self.given_out + 1 } else { position }
    }
}

/// All restores of a database.
///
/// # Errors
/// [`StoreError`] if they cannot be read.
pub async fn restores(store: &dyn Store) -> Result<Vec<Restore>, StoreError> {
    let read = store.records(RecordKind::Restore).await?;
    let read = read.iter().map(|record| parse(RecordKind::Restore, record));
    let mut restores: Vec<Restore> = read.collect::<Result<_, _>>()?;
    restores.sort_by_key(|restore| restore.epoch);
    Ok(restores)
}

fn parse<T: serde::de::DeserializeOwned>(
    kind: RecordKind,
    record: &Record,
) -> Result<T, StoreError> {
    serde_json::from_str(&record.body)
        .map_err(|source| StoreError::Corrupt { subject: format!("{kind}:{}", record.id), source })
}

fn written(kind: RecordKind, id: &str, value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value)
        .map_err(|source| StoreError::Corrupt { subject: format!("{kind}:{id}"), source })
}

/// Pauses everything in `new` until somebody has looked at it. For when nothing else could be carried over.
///
/// # Errors
/// [`StoreError`] if it cannot be written.
pub async fn pause(new: &dyn Store, from: &str, now: Timestamp) -> Result<(), StoreError> {
    let mut change_set = ChangeSet::new("restore", now);
    paused(new, from, &mut change_set).await?;
    commit(new, vec![change_set]).await
}

/// What one database has given out and another does not know.
#[derive(Debug, Default)]
pub struct GivenOut {
    position: i64,
    lines: i64,
    epoch: u32,
    changes: Vec<RecordChange>,
    /// Lines and documents that are lost, as text.
    lost: String,
}

impl GivenOut {
    /// What `old`, which is replaced, has given out beyond `new`.
    ///
    /// # Errors
    /// [`StoreError`] if one of them cannot be read.
    pub async fn of(old: &dyn Store, new: &dyn Store) -> Result<Self, StoreError> {
        let before = restores(old).await?;
        let lines = before.iter().map(|one| one.lines).fold(old.last_line().await?, i64::max);
        Ok(Self {
            position: old.last_position().await?,
            lines,
            epoch: before.iter().map(|one| one.epoch).max().unwrap_or(0),
            changes: carried(new, old).await?,
            lost: lost(new, old).await?,
        })
    }
}

/// Carries what the replaced database has given out into `new`, and pauses everything. `new` was read from the file
/// `from`. `given_out` is `None` if the replaced database could not be read. Nobody else may work on `new`, and nothing
/// may have been committed to it, because its first new position would be one that was already given out.
///
/// # Errors
/// [`StoreError`] if it cannot be written.
pub async fn carry(
    new: &dyn Store,
    given_out: Option<GivenOut>,
    from: &str,
    now: Timestamp,
) -> Result<Restore, StoreError> {
    let is_known = given_out.is_some();
    let given = given_out.unwrap_or_default();
    let term = new.lead(None).await?;
    let settle = async || -> Result<(), StoreError> {
        if let Some(term) = term {
            while new.sequence(term).await? > 0 {}
        }
        Ok(())
    };
    settle().await?;
    let before = restores(new).await?;
    let upto = new.last_position().await?;
    let epoch = before.iter().map(|one| one.epoch).fold(given.epoch, u32::max) + 1;
    let lines = before.iter().map(|one| one.lines).fold(given.lines, i64::max);
    let lines = lines.max(new.last_line().await?);
    let given_out = given.position.max(upto);
    if given_out > upto {
        void(new, epoch, given_out + 1 - upto, now).await?;
        settle().await?;
    }
    let restore = Restore { epoch, at: now, from: from.to_owned(), upto, given_out, lines };
    let mut change_set = ChangeSet::new("restore", now);
    let id = epoch.to_string();
    let body = written(RecordKind::Restore, &id, &restore)?;
    change_set.records.push(RecordChange {
        kind: RecordKind::Restore,
        id,
        expected: 0,
        body,
        event: RecordEvent::LogRestored,
    });
    paused(new, from, &mut change_set).await?;
    change_set.records.extend(given.changes);
    change_set.records.extend(summed_up(new, &restore, is_known, &given.lost).await?);
    commit(new, vec![change_set]).await?;
    settle().await?;
    if let Some(term) = term {
        new.resign(term).await?;
    }
    Ok(restore)
}

/// The incident about the restore itself; `None` if nothing was given out since the copy.
async fn summed_up(
    new: &dyn Store,
    restore: &Restore,
    is_known: bool,
    lost: &str,
) -> Result<Option<RecordChange>, StoreError> {
    let Restore { epoch, from, upto, given_out, .. } = restore;
    let cause = if !is_known {
        format!(
            "restored from {from}, and nothing is known here of what was issued after that copy: \
             ask suppliers which orders they have, and readers of the feed which position they \
             have reached"
        )
    } else if given_out > upto {
        format!(
            "events {} to {given_out} were issued before the restore and are void: readers of the \
             feed get 410 and must start again after {upto}{lost}",
            upto + 1
        )
    } else {
        return Ok(None);
    };
    let subjects = vec![format!("restore:{epoch}")];
    Ok(Some(opened(new, &format!("{RESTORED}{epoch}"), &cause, subjects).await?))
}

async fn commit(store: &dyn Store, change_sets: Vec<ChangeSet>) -> Result<(), StoreError> {
    let fates = store.commit(change_sets).await?;
    match fates.into_iter().find(|fate| *fate != Fate::Committed) {
        None => Ok(()),
        Some(other) => {
            let why = std::io::Error::other(format!("{other:?}"));
            Err(StoreError::Database {
                operation: "carry over what was issued",
                source: why.into(),
            })
        }
    }
}

/// Fills `count` positions with void events.
async fn void(store: &dyn Store, epoch: u32, count: i64, now: Timestamp) -> Result<(), StoreError> {
    let mut version = 0;
    while version < count {
        let upto = (version + TOGETHER).min(count);
        let change_sets = (version..upto).map(|expected| {
            let mut change_set = ChangeSet::new("restore", now);
            change_set.records.push(RecordChange {
                kind: RecordKind::Void,
                id: epoch.to_string(),
                expected,
                body: "{}".to_owned(),
                event: RecordEvent::LogVoid,
            });
            change_set
        });
        commit(store, change_sets.collect()).await?;
        version = upto;
    }
    Ok(())
}

/// Pauses everything until somebody has looked at it, and deletes notes about clocks and processes, which were those of
/// another place and time.
async fn paused(
    store: &dyn Store,
    from: &str,
    change_set: &mut ChangeSet,
) -> Result<(), StoreError> {
    let known = store.record(RecordKind::Pause, ALL).await?;
    let reason = format!("restored from {from}, see `waybill incidents`");
    let pause = Pause { paused: true, since: change_set.at, by: "restore".to_owned(), reason };
    change_set.records.push(RecordChange {
        kind: RecordKind::Pause,
        id: ALL.to_owned(),
        expected: known.map_or(0, |known| known.version),
        body: written(RecordKind::Pause, ALL, &pause)?,
        event: RecordEvent::PauseSet,
    });
    for kind in [NoteKind::Clock, NoteKind::Process] {
        let (after, before) = (String::new(), "\u{10ffff}".to_owned());
        let all = NoteRange { after, before, backwards: false, limit: 10_000 };
        let notes = store.notes(kind, &all).await?.into_iter();
        change_set.notes.extend(notes.map(|(key, _)| NoteChange { kind, key, body: None }));
    }
    Ok(())
}

/// Counters, messages and accounts of `old`, and an incident for each supplier that has orders that `new` does not
/// know.
async fn carried(new: &dyn Store, old: &dyn Store) -> Result<Vec<RecordChange>, StoreError> {
    let mut changes = counters(new, old).await?;
    let own = ids(new.records(RecordKind::OrderMessage).await?);
    let messages = old.records(RecordKind::OrderMessage).await?;
    let sent: Vec<&Record> = messages.iter().filter(|one| !own.contains_key(&one.id)).collect();
    changes.extend(sent.iter().map(|message| {
        restored(RecordKind::OrderMessage, message, 0, RecordEvent::OrderMessageCarried)
    }));
    changes.extend(later(new, old, RecordKind::Token, "", RecordEvent::TokenCarried).await?);
    // Incidents from earlier restores are still to be handled.
    changes.extend(
        later(new, old, RecordKind::Incident, RESTORED, RecordEvent::IncidentCarried).await?,
    );
    let mut told: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let known = ids(new.records(RecordKind::OrderStatus).await?);
    for record in old.records(RecordKind::OrderStatus).await? {
        let status: OrderStatus = parse(RecordKind::OrderStatus, &record)?;
        let before =
            known.get(&record.id).map(|known| parse::<OrderStatus>(RecordKind::OrderStatus, known));
        let was_sent = matches!(before.transpose()?, Some(before) if before != OrderStatus::Issued);
        if status == OrderStatus::Issued || was_sent {
            continue;
        }
        let order = old.record(RecordKind::Order, &record.id).await?;
        let supplier = match &order {
            Some(order) => parse::<Order>(RecordKind::Order, order)?.supplier,
            None => String::new(),
        };
        told.entry(supplier).or_default().push(record.id);
    }
    for message in sent {
        let body: serde_json::Value = parse(RecordKind::OrderMessage, message)?;
        let supplier = body["seller"].as_str().unwrap_or_default().to_owned();
        told.entry(supplier).or_default().push(message.id.clone());
    }
    for (supplier, numbers) in told {
        // The id comes from what the incident is about, because two restores may find something for one supplier.
        let id = format!("{RESTORED}{supplier}:{}", numbers[0]);
        let cause = format!(
            "{supplier} was sent {}, which the restored database does not have: cancel or confirm \
             them with {supplier} by hand; their numbers are not used again",
            numbers.join(", ")
        );
        let subjects = numbers.into_iter().map(|number| format!("order:{number}")).collect();
        // Replaces the incident of an earlier restore about the same orders, because this one is newer.
        let found = opened(new, &id, &cause, subjects).await?;
        changes.retain(|change| (change.kind, &change.id) != (found.kind, &found.id));
        changes.push(found);
    }
    Ok(changes)
}

/// The change that writes a record of `old` to `new`.
fn restored(kind: RecordKind, record: &Record, expected: i64, event: RecordEvent) -> RecordChange {
    RecordChange { kind, id: record.id.clone(), expected, body: record.body.clone(), event }
}

/// Records of a kind whose ids begin with `prefix`, as they are in `old`, if they differ from `new`.
async fn later(
    new: &dyn Store,
    old: &dyn Store,
    kind: RecordKind,
    prefix: &str,
    event: RecordEvent,
) -> Result<Vec<RecordChange>, StoreError> {
    let own = ids(new.records_of(kind, prefix).await?);
    let records = old.records_of(kind, prefix).await?;
    let changed = records.iter().filter_map(|record| {
        let known = own.get(&record.id);
        let is_new = known.is_none_or(|known| known.body != record.body);
        is_new.then(|| restored(kind, record, known.map_or(0, |known| known.version), event))
    });
    Ok(changed.collect())
}

fn ids(records: Vec<Record>) -> BTreeMap<String, Record> {
    records.into_iter().map(|record| (record.id.clone(), record)).collect()
}

/// Counters continue from the higher of the two values.
async fn counters(new: &dyn Store, old: &dyn Store) -> Result<Vec<RecordChange>, StoreError> {
    let own = ids(new.records(RecordKind::OrderSequence).await?);
    let mut changes = Vec::new();
    for record in old.records(RecordKind::OrderSequence).await? {
        let value = |body: &str| -> i64 {
            let read: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
            read["value"].as_i64().unwrap_or(0)
        };
        let known = own.get(&record.id);
        if value(&record.body) > known.map_or(0, |known| value(&known.body)) {
            changes.push(RecordChange {
                kind: RecordKind::OrderSequence,
                id: record.id,
                expected: known.map_or(0, |known| known.version),
                body: record.body,
                event: RecordEvent::OrderNumberCarried,
            });
        }
    }
    Ok(changes)
}

/// What others have to submit again because it was lost, as text.
async fn lost(new: &dyn Store, old: &dyn Store) -> Result<String, StoreError> {
    let own = new.last_line().await?;
    let lost: Vec<String> = old
        .all_lines()
        .await?
        .into_iter()
        .filter(|(id, _)| id.0 > own)
        .map(|(_, stored)| format!("{}/{}", stored.line.requester, stored.line.external_id))
        .collect();
    let named = lost.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    let mut told = match lost.len() {
        0 => String::new(),
        1..=NAMED => format!("; submitted since then, to be submitted again: {named}"),
        many => {
            format!("; {many} lines were submitted since then, to be submitted again: {named}, …")
        }
    };
    let (kept, mut lost) = (documents::senders(new).await?, 0);
    let mut senders: BTreeSet<String> = BTreeSet::new();
    for (key, sender) in documents::senders(old).await? {
        if !kept.contains_key(&key) {
            lost += 1;
            senders.insert(sender);
        }
    }
    if lost > 0 {
        let senders = senders.into_iter().collect::<Vec<_>>().join(", ");
        told.push_str(&format!(
            "; {lost} documents (responses, receipts, payments, decisions) were received since \
             then: ask their senders for them again ({senders})"
        ));
    }
    Ok(told)
}
