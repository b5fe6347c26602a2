//! Applies units: reads the versions they were decided on, drops the stale, writes the rest.

use std::collections::{BTreeMap, HashSet};

use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments, Row, SqliteConnection};

use super::heads::{Head, Heads, Kept, Subject};
use super::log::{Entry, Log};
use super::script::Script;
use crate::domain::funding::movements;
use crate::domain::lot::{Lot, Timestamp};
use crate::store::{EnvelopeRow, Fate, Filed, LotChange, StoreError, Unit};

/// A unit with its lots' bodies as they are stored.
#[derive(Debug)]
pub(super) struct Prepared {
    unit: Unit,
    bodies: Vec<String>,
}

impl Prepared {
    pub(super) fn of(unit: Unit) -> Result<Self, StoreError> {
        let body = |change: &LotChange| {
            serde_json::to_string(&change.after).map_err(|source| StoreError::Corrupt {
                subject: change.after.id.to_string(),
                source,
            })
        };
        let bodies = unit.lots.iter().map(body).collect::<Result<_, _>>()?;
        Ok(Self { unit, bodies })
    }
}

/// The rows as they are while units are accepted one after the other.
struct State {
    heads: Heads,
    envelopes: BTreeMap<String, EnvelopeRow>,
    /// Envelopes as units left them whose ceilings they changed: an event each.
    told: Vec<(String, Timestamp, EnvelopeRow)>,
}

/// Applies `units` in order; each gets its fate. An error means that nothing was applied.
pub(super) async fn apply(
    script: &mut Script<'_>,
    log: &mut Log,
    kept: &mut Kept,
    prepared: Vec<Prepared>,
) -> Result<Vec<Fate>, StoreError> {
    let units: Vec<&Unit> = prepared.iter().map(|prepared| &prepared.unit).collect();
    let read = State::read(script.connection(), kept, &units).await;
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
    let shares = |change: &LotChange| {
        let before = change.before.iter().flat_map(|lot| &lot.funding);
        before.chain(&change.after.funding).map(|s| s.envelope.clone()).collect::<Vec<_>>()
    };
    let mut ids: Vec<String> = units.iter().flat_map(|u| &u.lots).flat_map(shares).collect();
    ids.extend(units.iter().flat_map(|u| &u.envelopes).map(|e| e.id.clone()));
    ids.sort_unstable();
    ids.dedup();
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
        let head = Head { version: envelope.version, event };
        heads.put(Subject::Envelope(envelope.id.clone()), head);
        envelopes.insert(envelope.id.clone(), envelope);
    }
    Ok(envelopes)
}

impl State {
    async fn read(
        connection: &mut SqliteConnection,
        kept: &Kept,
        units: &[&Unit],
    ) -> Result<Self, sqlx::Error> {
        let mut heads = Heads::read(connection, kept, units).await?;
        let envelopes = envelopes(connection, units, &mut heads).await?;
        Ok(Self { heads, envelopes, told: Vec::new() })
    }

    /// Whether `unit` can still be applied after those accepted before; if so, it is.
    fn accept(&mut self, unit: &Unit) -> Fate {
        let guards = guards(unit);
        let mut seen = HashSet::with_capacity(guards.len());
        if let Some((twice, _)) = guards.iter().find(|(subject, _)| !seen.insert(subject)) {
            return Fate::Refused { rule: format!("I7: {twice:?} would change twice at once") };
        }
        for (subject, expected) in &guards {
            let found = self.heads.get(subject).version;
            // A job asked for again while it ran is not stale: it stays, and runs once more.
            let is_bumped_job = matches!(subject, Subject::Job(_)) && found > *expected;
            if found != *expected && !is_bumped_job {
                return Fate::Stale { subject: format!("{subject:?}") };
            }
        }
        let envelopes = match self.balanced(unit) {
            Ok(envelopes) => envelopes,
            Err(rule) => return Fate::Refused { rule },
        };
        for (id, row) in envelopes {
            if unit.envelopes.iter().any(|change| change.id == id) {
                self.told.push((unit.actor.clone(), unit.at, row.clone()));
            }
            self.envelopes.insert(id, row);
        }
        for (subject, expected) in guards {
            match subject {
                Subject::Job(_) => self.heads.raise(subject, 0),
                Subject::Lot(_)
                | Subject::Line(_)
                | Subject::Envelope(_)
                | Subject::Record(..)
                | Subject::Inbox(..) => self.heads.raise(subject, expected + 1),
            }
        }
        Fate::Committed
    }

    /// The envelopes after `unit`, if the lots of each line still add up (I1) and no envelope is
    /// exceeded (I2).
    fn balanced(&self, unit: &Unit) -> Result<Vec<(String, EnvelopeRow)>, String> {
        let mut quantities: BTreeMap<i64, i64> = BTreeMap::new();
        let mut moved = BTreeMap::new();
        for change in &unit.lots {
            movements(change.before.as_ref(), &change.after, &mut moved);
            let entry = quantities.entry(change.after.line().0).or_default();
            *entry += change.after.quantity.0;
            *entry -= change.before.as_ref().map_or(0, |lot| lot.quantity.0);
        }
        for change in &unit.lines {
            let entry = quantities.entry(change.id.0).or_default();
            *entry -= change.line.quantity.0 - change.was.0;
        }
        if let Some((line, by)) = quantities.iter().find(|(_, by)| **by != 0) {
            return Err(format!("I1: the lots of line {line} would differ from it by {by}"));
        }
        let mut rows: BTreeMap<String, EnvelopeRow> = BTreeMap::new();
        let row = |rows: &mut BTreeMap<String, EnvelopeRow>, id: &str| {
            rows.get(id).or_else(|| self.envelopes.get(id)).cloned()
        };
        for change in &unit.envelopes {
            let mut envelope = row(&mut rows, &change.id).unwrap_or_else(|| EnvelopeRow {
                id: change.id.clone(),
                currency: change.currency.clone(),
                version: 0,
                committed: 0,
                opened: 0,
                allocated: 0,
                obligated: 0,
                disbursed: 0,
                expired: 0,
                overrun: 0,
            });
            if envelope.currency != change.currency {
                let EnvelopeRow { id, currency, .. } = &envelope;
                return Err(format!(
                    "I2: envelope `{id}` is in {currency}, not {}",
                    change.currency
                ));
            }
            envelope.committed += change.committed;
            envelope.opened += change.opened;
            envelope.expired += change.expired;
            envelope.version += 1;
            rows.insert(change.id.clone(), envelope);
        }
        for (id, by) in moved.iter().filter(|(_, by)| !by.is_zero()) {
            let mut envelope =
                row(&mut rows, id).ok_or_else(|| format!("I2: there is no envelope `{id}`"))?;
            envelope.allocated += by.allocated;
            envelope.obligated += by.obligated;
            envelope.disbursed += by.disbursed;
            rows.insert(id.clone(), envelope);
        }
        for row in rows.values_mut() {
            let over = (row.used() - row.opened).max(0);
            if unit.is_outside_fact || over < row.overrun {
                row.overrun = over;
            }
        }
        match rows.values().find(|row| !row.holds()) {
            Some(row) => Err(format!("I2: envelope `{}` would be exceeded", row.id)),
            None => Ok(rows.into_iter().collect()),
        }
    }
}

fn guards(unit: &Unit) -> Vec<(Subject, i64)> {
    let mut guards: Vec<(Subject, i64)> = Vec::with_capacity(unit.lots.len());
    for change in &unit.lots {
        let version = change.before.as_ref().map_or(0, |lot| lot.version);
        guards.push((Subject::Lot(change.after.id.0), version));
    }
    guards.extend(unit.lines.iter().map(|c| (Subject::Line(c.id.0), c.expected)));
    guards.extend(unit.envelopes.iter().map(|c| (Subject::Envelope(c.id.clone()), c.expected)));
    guards.extend(unit.records.iter().map(|c| (Subject::Record(c.kind, c.id.clone()), c.expected)));
    guards.extend(unit.job.iter().map(|job| (Subject::Job(job.id), job.expected)));
    guards
        .extend(unit.inbox.iter().map(|e| (Subject::Inbox(e.sender.clone(), e.number.clone()), 0)));
    guards
}

async fn write(
    script: &mut Script<'_>,
    log: &mut Log,
    prepared: Vec<Prepared>,
    state: &mut State,
) -> Result<(), StoreError> {
    let mut lots: Vec<(Option<Timestamp>, Lot, i64)> = Vec::new();
    let mut rest: Vec<Unit> = Vec::new();
    for Prepared { mut unit, bodies } in prepared {
        for (change, body) in std::mem::take(&mut unit.lots).into_iter().zip(bodies) {
            let LotChange { after, kind, .. } = &change;
            let entry = Entry::of(&unit, after.id.to_string(), after.version, kind, body);
            let event = state.heads.append(log, Subject::Lot(after.id.0), entry);
            lots.push((change.due(unit.at), change.after, event));
        }
        if !unit.is_lots_only() {
            rest.push(unit);
        }
    }
    write_lots(script, &lots).await.map_err(database("write lots"))?;
    let heads = &mut state.heads;
    super::rest::write(script, log, heads, &rest).await.map_err(database("write the rest"))?;
    for (actor, at, row) in state.told.drain(..) {
        let entry = Entry {
            at: at.timestamp_millis(),
            actor,
            subject: format!("envelope:{}", row.id),
            number: row.version,
            kind: "envelope.changed",
            previous: 0,
            body: row.body(),
        };
        heads.append(log, Subject::Envelope(row.id), entry);
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
