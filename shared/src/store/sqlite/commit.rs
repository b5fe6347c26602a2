//! Applies units: reads the versions they were decided on, drops the stale, writes the rest.

use std::collections::BTreeMap;

use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments, Row, SqliteConnection};

use super::ONLY_TERM;
use super::heads::{Kept, append, read_heads};
use super::log::{Entry, Log};
use super::script::Script;
use crate::domain::lot::{Lot, Timestamp};
use crate::store::decide::{Head, Heads, State, Subject, Told, touched_envelopes};
use crate::store::tally::Place;
use crate::store::unit::Prepared;
use crate::store::{EnvelopeRow, Fate, Filed, LotChange, StoreError, Unit, tally};

/// Applies `units` in order; each gets its fate. An error means that nothing was applied.
pub(super) async fn apply(
    script: &mut Script<'_>,
    log: &mut Log,
    kept: &mut Kept,
    prepared: Vec<Prepared>,
) -> Result<Vec<Fate>, StoreError> {
    let units: Vec<&Unit> = prepared.iter().map(|prepared| &prepared.unit).collect();
    let read = read(script.connection(), kept, &units).await;
    let mut state = read.map_err(database("read versions"))?;
    let fates: Vec<Fate> = units.iter().map(|unit| state.accept(unit)).collect();
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

fn database(act: &'static str) -> impl FnOnce(sqlx::Error) -> StoreError {
    move |source| StoreError::Database { act, source }
}

async fn envelopes(
    connection: &mut SqliteConnection,
    units: &[&Unit],
    heads: &mut Heads,
) -> Result<BTreeMap<String, EnvelopeRow>, sqlx::Error> {
    let ids = touched_envelopes(units);
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
    units: &[&Unit],
) -> Result<State, sqlx::Error> {
    let mut heads = read_heads(connection, kept, units).await?;
    let envelopes = envelopes(connection, units, &mut heads).await?;
    // One process at a time opens the file: it leads.
    Ok(State { heads, envelopes, told: Vec::new(), term: Some(ONLY_TERM) })
}

async fn write(
    script: &mut Script<'_>,
    log: &mut Log,
    prepared: Vec<Prepared>,
    state: &mut State,
) -> Result<(), StoreError> {
    let mut lots: Vec<(Option<Timestamp>, Lot, i64)> = Vec::new();
    let mut rest: Vec<Unit> = Vec::new();
    let moves = tally::moves(prepared.iter().flat_map(|prepared| &prepared.unit.lots));
    for Prepared { mut unit, bodies } in prepared {
        for (change, body) in std::mem::take(&mut unit.lots).into_iter().zip(bodies) {
            let LotChange { after, kind, .. } = &change;
            let entry = Entry::of(&unit, after.id.to_string(), after.version, kind.name(), body);
            let event = append(&mut state.heads, log, Subject::Lot(after.id.0), entry);
            lots.push((change.due(unit.at), change.after, event));
        }
        if !unit.is_lots_only() {
            rest.push(unit);
        }
    }
    write_lots(script, &lots).await.map_err(database("write lots"))?;
    write_tallies(script, &moves).await.map_err(database("write tallies"))?;
    let heads = &mut state.heads;
    super::rest::write(script, log, heads, &rest).await.map_err(database("write the rest"))?;
    for Told { actor, at, row } in state.told.drain(..) {
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
        let Filed { version, state, step, awaits, class, rank } = Filed::of(lot);
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
