//! Applies units: reads the versions they were decided on, drops the stale, writes the rest.

use std::collections::{BTreeMap, HashMap};

use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments, Row, SqliteConnection};

use super::bulk;
use super::log::Log;
use crate::domain::funding::movements;
use crate::domain::lot::{LotState, Timestamp};
use crate::store::{EnvelopeRow, Fate, LotChange, StoreError, Unit};

/// What a unit may change, and the version it was decided on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Subject {
    Lot(i64),
    Line(i64),
    Job(i64),
    Record(&'static str, String),
    Inbox(String, String),
}

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

/// The versions of lots written lately, by number.
#[derive(Debug, Default)]
pub(super) struct Versions(HashMap<i64, i64>);

impl Versions {
    /// Lots kept at most.
    const KEPT: usize = 262_144;

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    fn keep(&mut self, lots: impl Iterator<Item = (i64, i64)>) {
        if self.0.len() > Self::KEPT {
            self.0.clear();
        }
        self.0.extend(lots);
    }
}

/// The rows as they are while units are accepted one after the other.
struct State {
    versions: HashMap<Subject, i64>,
    envelopes: BTreeMap<String, EnvelopeRow>,
    /// Envelopes as units left them whose ceilings they changed: an event each.
    told: Vec<(String, Timestamp, EnvelopeRow)>,
}

/// Applies `units` in order; each gets its fate. An error means that nothing was applied.
pub(super) async fn apply(
    connection: &mut SqliteConnection,
    log: &mut Log,
    versions: &mut Versions,
    prepared: Vec<Prepared>,
) -> Result<Vec<Fate>, StoreError> {
    let units: Vec<&Unit> = prepared.iter().map(|prepared| &prepared.unit).collect();
    let read = read(connection, versions, &units).await;
    let mut state = read.map_err(database("read versions"))?;
    let fates: Vec<Fate> = units.iter().map(|unit| state.accept(unit)).collect();
    let accepted: Vec<Prepared> = prepared
        .into_iter()
        .zip(&fates)
        .filter(|(_, fate)| **fate == Fate::Committed)
        .map(|(prepared, _)| prepared)
        .collect();
    write(connection, log, accepted, &state).await?;
    versions.keep(state.versions.iter().filter_map(|(subject, version)| match subject {
        Subject::Lot(id) => Some((*id, *version)),
        Subject::Line(_) | Subject::Job(_) | Subject::Record(..) | Subject::Inbox(..) => None,
    }));
    Ok(fates)
}

fn database(act: &'static str) -> impl FnOnce(sqlx::Error) -> StoreError {
    move |source| StoreError::Database { act, source }
}

fn json(ids: impl Iterator<Item = i64>) -> String {
    serde_json::Value::from(ids.collect::<Vec<i64>>()).to_string()
}

async fn read(
    connection: &mut SqliteConnection,
    kept: &Versions,
    units: &[&Unit],
) -> Result<State, sqlx::Error> {
    let mut versions = HashMap::new();
    let mut unknown = Vec::new();
    for id in units.iter().flat_map(|u| &u.lots).map(|change| change.after.id.0) {
        match kept.0.get(&id) {
            Some(version) => drop(versions.insert(Subject::Lot(id), *version)),
            None => unknown.push(id),
        }
    }
    if !unknown.is_empty() {
        let lots = json(unknown.into_iter());
        let sql = include_str!("sql/lot_versions.sql");
        let found: String = sqlx::query_scalar(sql).bind(lots).fetch_one(&mut *connection).await?;
        let found: Vec<(i64, i64)> =
            serde_json::from_str(&found).map_err(|error| sqlx::Error::Decode(Box::new(error)))?;
        versions.extend(found.into_iter().map(|(id, version)| (Subject::Lot(id), version)));
    }
    if units.iter().any(|u| !u.lines.is_empty()) {
        let lines = json(units.iter().flat_map(|u| &u.lines).map(|c| c.id.0));
        let sql = include_str!("sql/line_versions.sql");
        for row in sqlx::query(sql).bind(lines).fetch_all(&mut *connection).await? {
            versions.insert(Subject::Line(row.get(0)), row.get(1));
        }
    }
    for unit in units {
        for change in &unit.records {
            let sql = include_str!("sql/record_version.sql");
            let found: Option<i64> = sqlx::query_scalar(sql)
                .bind(change.kind)
                .bind(&change.id)
                .fetch_optional(&mut *connection)
                .await?;
            if let Some(version) = found {
                versions.insert(Subject::Record(change.kind, change.id.clone()), version);
            }
        }
        if let Some(job) = &unit.job {
            let sql = include_str!("sql/job_version.sql");
            let found: Option<i64> =
                sqlx::query_scalar(sql).bind(job.id).fetch_optional(&mut *connection).await?;
            versions.insert(Subject::Job(job.id), found.unwrap_or(0));
        }
        if let Some(entry) = &unit.inbox {
            let sql = include_str!("sql/inbox_taken.sql");
            let found: Option<i64> = sqlx::query_scalar(sql)
                .bind(&entry.sender)
                .bind(&entry.number)
                .fetch_optional(&mut *connection)
                .await?;
            if found.is_some() {
                versions.insert(Subject::Inbox(entry.sender.clone(), entry.number.clone()), 1);
            }
        }
    }
    Ok(State { versions, envelopes: envelopes(connection, units).await?, told: Vec::new() })
}

async fn envelopes(
    connection: &mut SqliteConnection,
    units: &[&Unit],
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
    Ok(rows.iter().map(super::read::envelope).map(|row| (row.id.clone(), row)).collect())
}

impl State {
    /// Whether `unit` can still be applied after those accepted before; if so, it is.
    fn accept(&mut self, unit: &Unit) -> Fate {
        let guards = guards(unit);
        for (subject, expected) in &guards {
            let found = self.versions.get(subject).copied().unwrap_or(0);
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
                Subject::Job(_) => self.versions.insert(subject, 0),
                _ => self.versions.insert(subject, expected + 1),
            };
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
    guards.extend(unit.records.iter().map(|c| (Subject::Record(c.kind, c.id.clone()), c.expected)));
    guards.extend(unit.job.iter().map(|job| (Subject::Job(job.id), job.expected)));
    guards
        .extend(unit.inbox.iter().map(|e| (Subject::Inbox(e.sender.clone(), e.number.clone()), 0)));
    guards
}

async fn write(
    connection: &mut SqliteConnection,
    log: &mut Log,
    units: Vec<Prepared>,
    state: &State,
) -> Result<(), StoreError> {
    let mut lots: Vec<(&Unit, &LotChange, String)> = Vec::new();
    let mut rest: Vec<&Unit> = Vec::new();
    let mut bodies: Vec<Vec<String>> = Vec::with_capacity(units.len());
    let units: Vec<Unit> = units
        .into_iter()
        .map(|prepared| {
            bodies.push(prepared.bodies);
            prepared.unit
        })
        .collect();
    for (unit, bodies) in units.iter().zip(bodies) {
        lots.extend(unit.lots.iter().zip(bodies).map(|(change, body)| (unit, change, body)));
        if !unit.is_lots_only() {
            rest.push(unit);
        }
    }
    write_lots(connection, &lots).await.map_err(database("write lots"))?;
    for (unit, change, body) in lots {
        log.push(unit, change.after.id.to_string(), change.after.version, change.kind, body);
    }
    super::rest::write(connection, log, &rest).await.map_err(database("write the rest"))?;
    for (actor, at, row) in &state.told {
        let subject = format!("envelope:{}", row.id);
        log.append(actor, *at, subject, row.version, "envelope.changed", row.body());
    }
    let touched: Vec<&EnvelopeRow> = state.envelopes.values().collect();
    bulk::execute(connection, include_str!("sql/upsert_envelope.sql"), &touched, |row, args| {
        args.add(row.id.clone())?;
        args.add(row.currency.clone())?;
        for minor in [row.committed, row.opened, row.allocated, row.obligated, row.disbursed] {
            args.add(minor)?;
        }
        args.add(row.expired)?;
        args.add(row.overrun)?;
        args.add(row.version)
    })
    .await
    .map_err(database("write envelopes"))?;
    log.write(connection).await.map_err(database("append events"))
}

async fn write_lots(
    connection: &mut SqliteConnection,
    lots: &[(&Unit, &LotChange, String)],
) -> Result<(), sqlx::Error> {
    let sql = include_str!("sql/upsert_lot.sql");
    bulk::execute(connection, sql, lots, |(unit, change, body), args: &mut SqliteArguments| {
        let lot = &change.after;
        let awaits = match &lot.state {
            LotState::Waiting { awaits, .. } => Some(awaits.name()),
            LotState::Ready { .. }
            | LotState::RetryAt { .. }
            | LotState::Parked { .. }
            | LotState::Closed(_) => None,
        };
        args.add(lot.id.0)?;
        args.add(lot.version)?;
        args.add(lot.state.name())?;
        args.add(lot.state.step().map(|step| step.0.to_string()))?;
        args.add(awaits)?;
        args.add(change.due(unit.at).map(|due| due.timestamp_millis()))?;
        args.add(i64::from(lot.priority.class))?;
        args.add(i64::from(lot.priority.rank))?;
        args.add(body.clone())
    })
    .await
}
