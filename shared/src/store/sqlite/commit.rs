//! Applies change sets: reads the versions that they are based on, drops the stale ones, writes the rest.

use std::collections::BTreeMap;

use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments, Row, SqliteConnection};

use super::ONLY_TERM;
use super::heads::{Kept, append, read_heads};
use super::log::{Entry, Log};
use super::script::Script;
use crate::domain::lot::{Lot, Timestamp};
use crate::store::change_set::Prepared;
use crate::store::decide::{CeilingChange, Head, Heads, State, Subject, touched_envelopes};
use crate::store::tally::Place;
use crate::store::{ChangeSet, EnvelopeRow, Fate, LotChange, LotIndex, StoreError, tally};

/// Applies `change_sets` in order, and returns the fate of each. An error means that nothing was applied.
pub(super) async fn apply(
    script: &mut Script<'_>,
    log: &mut Log,
    kept: &mut Kept,
    prepared: Vec<Prepared>,
) -> Result<Vec<Fate>, StoreError> {
    let change_sets: Vec<&ChangeSet> =
        prepared.iter().map(|prepared| &prepared.change_set).collect();
    let read = read(script.connection(), kept, &change_sets).await;
    let mut state = read.map_err(database("read versions"))?;
    let fates: Vec<Fate> = change_sets.iter().map(|change_set| state.accept(change_set)).collect();
    let accepted: Vec<Prepared> = prepared
        .into_iter()
        .zip(&fates)
        .filter(|(_, fate)| **fate == Fate::Committed)
        .map(|(prepared, _)| prepared)
        .collect();
    write(script, log, accepted, &mut state).await?;
    kept.keep(&state.heads);
    Ok(fates)
}

fn database(operation: &'static str) -> impl FnOnce(sqlx::Error) -> StoreError {
    move |source| StoreError::Database { operation, source }
}

async fn envelopes(
    connection: &mut SqliteConnection,
    change_sets: &[&ChangeSet],
    heads: &mut Heads,
) -> Result<BTreeMap<String, EnvelopeRow>, sqlx::Error> {
    let ids = touched_envelopes(change_sets);
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let rows = sqlx::query(include_str!("sql/envelopes_by_id.sql"))
        .bind(serde_json::Value::from(ids).to_string())
        .fetch_all(connection)
        .await?;
    let mut envelopes = BTreeMap::new();
    for row in &rows {
        let (envelope, event) = (super::read::envelope(row), row.get("event"));
        let head = Head { version: envelope.version, event, lease: 0 };
        heads.put(Subject::Envelope(envelope.id.clone()), head);
        envelopes.insert(envelope.id.clone(), envelope);
    }
    Ok(envelopes)
}

async fn read(
    connection: &mut SqliteConnection,
    kept: &Kept,
    change_sets: &[&ChangeSet],
) -> Result<State, sqlx::Error> {
    let mut heads = read_heads(connection, kept, change_sets).await?;
    let envelopes = envelopes(connection, change_sets, &mut heads).await?;
    // Only one process at a time opens the file, so it leads.
    Ok(State { heads, envelopes, told: Vec::new(), term: Some(ONLY_TERM) })
}

async fn write(
    script: &mut Script<'_>,
    log: &mut Log,
    prepared: Vec<Prepared>,
    state: &mut State,
) -> Result<(), StoreError> {
    let mut lots: Vec<(Option<Timestamp>, Lot, i64)> = Vec::new();
    let mut rest: Vec<ChangeSet> = Vec::new();
    let moves = tally::moves(prepared.iter().flat_map(|prepared| &prepared.change_set.lots));
    for Prepared { mut change_set, bodies } in prepared {
        for (change, body) in std::mem::take(&mut change_set.lots).into_iter().zip(bodies) {
            let LotChange { after, kind, .. } = &change;
            let entry =
                Entry::of(&change_set, after.id.to_string(), after.version, kind.name(), body);
            let event = append(&mut state.heads, log, Subject::Lot(after.id.0), entry);
            lots.push((change.due(change_set.at), change.after, event));
        }
        if !change_set.is_lots_only() {
            rest.push(change_set);
        }
    }
    write_lots(script, &lots).await.map_err(database("write lots"))?;
    write_tallies(script, &moves).await.map_err(database("write tallies"))?;
    let heads = &mut state.heads;
    super::rest::write(script, log, heads, &rest).await.map_err(database("write the rest"))?;
    for CeilingChange { actor, at, row } in state.told.drain(..) {
        let entry = Entry {
            at: at.timestamp_millis(),
            actor,
            subject: format!("envelope:{}", row.id),
            number: row.version,
            kind: "envelope.changed",
            previous: 0,
            body: row.body(),
        };
        append(heads, log, Subject::Envelope(row.id), entry);
    }
    let touched: Vec<(&EnvelopeRow, i64)> = state
        .envelopes
        .values()
        .map(|row| (row, heads.get(&Subject::Envelope(row.id.clone())).event))
        .collect();
    let sql = include_str!("sql/upsert_envelope.sql");
    let written = script.rows(sql, &touched, |(row, event), args| {
        args.add(row.id.clone())?;
        args.add(row.currency.clone())?;
        for minor in [row.committed, row.opened, row.allocated, row.obligated, row.disbursed] {
            args.add(minor)?;
        }
        for number in [row.expired, row.overrun, row.version, *event] {
            args.add(number)?;
        }
        Ok(())
    });
    written.await.map_err(database("write envelopes"))?;
    log.write(script).await.map_err(database("append events"))
}

async fn write_lots(
    script: &mut Script<'_>,
    lots: &[(Option<Timestamp>, Lot, i64)],
) -> Result<(), sqlx::Error> {
    let sql = include_str!("sql/upsert_lot.sql");
    let bind = |(due, lot, event): &(Option<Timestamp>, Lot, i64), args: &mut SqliteArguments| {
        let LotIndex { version, state, step, awaits, class, rank } = LotIndex::of(lot);
        args.add(lot.id.0)?;
        args.add(version)?;
        args.add(*event)?;
        args.add(state)?;
        args.add(step)?;
        args.add(awaits)?;
        args.add(due.map(|due| due.timestamp_millis()))?;
        args.add(class)?;
        args.add(rank)
    };
    script.rows(sql, lots, bind).await
}

async fn write_tallies(script: &mut Script<'_>, moves: &[(Place, i64)]) -> Result<(), sqlx::Error> {
    let sql = include_str!("sql/upsert_tally.sql");
    let bind = |(place, lots): &(Place, i64), args: &mut SqliteArguments| {
        args.add(place.step.clone())?;
        args.add(place.state.clone())?;
        args.add(place.awaits.clone())?;
        args.add(place.since)?;
        args.add(*lots)
    };
    script.rows(sql, moves, bind).await
}
