//! What steps look up: parties, contributions, offers, codes and rates become records;
//! commitments in funds also become envelopes.

use serde::Serialize;

use super::lines::IntakeError;
use crate::domain::coalition::{Coalition, Settings};
use crate::domain::contribution::Contribution;
use crate::domain::lot::Timestamp;
use crate::engine::Engine;
use crate::import::CoalitionFiles;
use crate::rounds;
use crate::store::{EnvelopeChange, Fate, NewJob, RecordChange, StoreError, Unit};

/// The kind of the job that opens a part of an envelope on its day.
pub const OPENING: &str = "opening";

/// How much of an envelope is open when.
pub struct Openings;

impl Openings {
    /// The job that opens what of `contribution` opens later than today, one a day.
    #[must_use]
    pub fn jobs(coalition: &Settings, contribution: &Contribution, now: Timestamp) -> Vec<NewJob> {
        let today = now.with_timezone(&coalition.zone).date_naive();
        let mut days: Vec<chrono::NaiveDate> =
            contribution.tranches.iter().map(|tranche| tranche.opens).collect();
        days.push(contribution.stated);
        days.retain(|day| *day > today);
        days.sort_unstable();
        days.dedup();
        let job = |day: chrono::NaiveDate| NewJob {
            kind: OPENING,
            key: format!("{}@{day}", contribution.id),
            due: start_of(day, coalition.zone),
            body: contribution.id.clone(),
        };
        days.into_iter().map(job).collect()
    }
}

/// The first moment of `day` in `zone`.
#[must_use]
pub fn start_of(day: chrono::NaiveDate, zone: chrono_tz::Tz) -> Timestamp {
    let midnight = day.and_time(chrono::NaiveTime::MIN);
    // Where midnight falls into a gap, the day starts an hour later.
    let local = midnight
        .and_local_timezone(zone)
        .earliest()
        .or_else(|| (midnight + chrono::TimeDelta::hours(1)).and_local_timezone(zone).earliest());
    local.map_or_else(|| midnight.and_utc(), |local| local.to_utc())
}

/// Stores what a coalition's files say besides requisitions. The same files again change nothing.
///
/// # Errors
/// [`IntakeError`]; then nothing was stored.
pub async fn load(engine: &Engine, files: &CoalitionFiles) -> Result<(), IntakeError> {
    let mut unit = Unit::new("import", engine.clock.now());
    let mut put = Records { engine, unit: &mut unit };
    put.one("setting", "coalition", &files.settings).await?;
    for party in &files.parties {
        put.one("party", &party.id, party).await?;
    }
    for group in &files.groups {
        put.one("group", &group.id, group).await?;
    }
    for offer in &files.offers {
        put.one("offer", &offer.id, offer).await?;
    }
    for charge in &files.charges {
        let channel = charge.channel.as_deref().unwrap_or("any");
        put.one("charge", &format!("{channel}:{:?}", charge.kind), charge).await?;
    }
    for code in &files.codes {
        put.one("code", &format!("{}:{}", code.scheme, code.code), code).await?;
    }
    for prohibition in &files.prohibited {
        put.one("prohibition", &prohibition.matches, prohibition).await?;
    }
    for consignee in &files.consignees {
        put.one("consignee", &consignee.code, consignee).await?;
    }
    for rates in &files.rates {
        put.one("rates", &rates.date.to_string(), rates).await?;
    }
    let coalition = engine.coalition().await?;
    promise(engine, &coalition, &files.settings, &files.contributions, &mut unit).await?;
    let now = unit.at;
    unit.jobs.extend(rounds::later(&files.settings, &files.offers, &files.rates, now));
    commit(engine, unit).await
}

/// Stores contributions that became known.
///
/// # Errors
/// [`IntakeError`]; then nothing was stored.
pub async fn contribute(
    engine: &Engine,
    actor: &str,
    contributions: &[Contribution],
) -> Result<(), IntakeError> {
    let coalition = engine.coalition().await?;
    let Some(settings) = &coalition.settings else {
        return Err(IntakeError::Refused("the coalition has no settings yet".to_owned()));
    };
    let mut unit = Unit::new(actor, engine.clock.now());
    promise(engine, &coalition, settings, contributions, &mut unit).await?;
    commit(engine, unit).await
}

async fn commit(engine: &Engine, unit: Unit) -> Result<(), IntakeError> {
    if unit.records.is_empty() {
        return Ok(());
    }
    match engine.commit(vec![unit], None).await?.into_iter().next() {
        None | Some(Fate::Committed) => Ok(()),
        Some(Fate::Stale { .. }) => Err(IntakeError::Conflict),
        Some(Fate::Refused { rule }) => Err(IntakeError::Refused(rule)),
    }
}

/// Adds contributions and what they change in their envelopes.
async fn promise(
    engine: &Engine,
    coalition: &Coalition,
    settings: &Settings,
    contributions: &[Contribution],
    unit: &mut Unit,
) -> Result<(), StoreError> {
    let now = engine.clock.now();
    let today = now.with_timezone(&settings.zone).date_naive();
    let rows = engine.store.envelopes().await?;
    for contribution in contributions {
        let old = coalition.contributions.get(&contribution.id);
        if old == Some(contribution) {
            continue;
        }
        Records { engine, unit }.one("contribution", &contribution.id, contribution).await?;
        let Some(amount) = contribution.amount.filter(|_| contribution.is_fundable()) else {
            continue;
        };
        let row = rows.iter().find(|row| row.id == contribution.id);
        let opened = contribution.opened(today) - row.map_or(0, |row| row.opened);
        unit.envelopes.push(EnvelopeChange {
            id: contribution.id.clone(),
            expected: row.map_or(0, |row| row.version),
            currency: amount.currency.to_string(),
            committed: amount.minor - row.map_or(0, |row| row.committed),
            opened,
            expired: 0,
        });
        // A commitment that was cut is a fact, even where more of it is used already.
        unit.is_outside_fact |= row.is_some();
        unit.jobs.extend(Openings::jobs(settings, contribution, now));
    }
    unit.jobs.push(NewJob { kind: "round", key: "all".to_owned(), due: now, body: String::new() });
    Ok(())
}

/// Puts records that are new or differ.
struct Records<'a> {
    engine: &'a Engine,
    unit: &'a mut Unit,
}

impl Records<'_> {
    async fn one(
        &mut self,
        kind: &'static str,
        id: &str,
        value: &impl Serialize,
    ) -> Result<(), StoreError> {
        let body = serde_json::to_string(value)
            .map_err(|source| StoreError::Corrupt { subject: format!("{kind}:{id}"), source })?;
        let found = self.engine.store.record(kind, id).await?;
        if found.as_ref().is_some_and(|found| found.body == body) {
            return Ok(());
        }
        self.unit.records.push(RecordChange {
            kind,
            id: id.to_owned(),
            expected: found.map_or(0, |found| found.version),
            body,
            event: "record.stated",
        });
        Ok(())
    }
}
