//! Stores what steps look up: parties, contributions, offers, codes and rates become records. Commitments of money
//! also become envelopes.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::lines::{How, IntakeError};
use super::records::{IMPORT, Merge, Records, Stated};
use crate::domain::coalition::{Coalition, Settings};
use crate::domain::contribution::Contribution;
use crate::domain::kinds::{RecordEvent, RecordKind};
use crate::domain::money::Money;
use crate::engine::Engine;
use crate::import::CoalitionFiles;
use crate::incidents::{self, OVERDRAWN};
use crate::openings::Openings;
use crate::rounds;
use crate::store::body::write;
use crate::store::{ChangeSet, EnvelopeChange, Fate, NewJob, RecordChange, StoreError};

/// What became of a folder's records, or would become of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Loaded {
    /// The result for each kind of records.
    pub records: Vec<Records>,
}

impl Loaded {
    /// Whether there are conflicts with changes by commands.
    #[must_use]
    pub fn is_disputed(&self) -> bool {
        self.records.iter().any(|records| !records.conflicts.is_empty())
    }

    /// The first conflict, in words.
    fn first_conflict(&self) -> Option<String> {
        self.records.iter().find_map(|records| {
            let conflict = records.conflicts.first()?;
            let fields: Vec<&str> = conflict.fields.iter().map(|field| &*field.field).collect();
            let (what, id, fields) = (records.what.name(), &conflict.id, fields.join(", "));
            Some(format!("{what}: `{id}` was also changed by a command ({fields})"))
        })
    }
}

/// Stores the records in a coalition's files; requisitions are stored separately. The same files again change
/// nothing.
///
/// # Errors
/// [`IntakeError`]; then nothing was stored.
pub async fn load(engine: &Engine, files: &CoalitionFiles) -> Result<Loaded, IntakeError> {
    let (loaded, change_set) = prepare(engine, IMPORT, files, &[], How::WHOLE).await?;
    match loaded.first_conflict() {
        None => commit(engine, change_set).await.map(|()| loaded),
        Some(conflict) => Err(IntakeError::Refused(conflict)),
    }
}

/// Plans the changes of a coalition's records, merged with changes by commands. `due` are contributions of files
/// whose day has come.
///
/// # Errors
/// [`IntakeError`] if the files belong to another coalition, or the stored records cannot be read.
pub async fn prepare(
    engine: &Engine,
    actor: &str,
    files: &CoalitionFiles,
    due: &[Contribution],
    how: &How,
) -> Result<(Loaded, ChangeSet), IntakeError> {
    let coalition = engine.coalition().await?;
    if let Some(known) = &coalition.settings
        && known.name != files.settings.name
    {
        let (here, there) = (&known.name, &files.settings.name);
        return Err(IntakeError::Refused(format!(
            "this data belongs to the coalition `{here}`, but the folder describes `{there}`: use \
             another --data for it, or restore the coalition's old name in the folder"
        )));
    }
    let change_set = ChangeSet::new(actor, engine.clock.now());
    Ok(decide(engine, &coalition, files, due, how, change_set).await?)
}

async fn decide(
    engine: &Engine,
    coalition: &Coalition,
    files: &CoalitionFiles,
    due: &[Contribution],
    how: &How,
    mut change_set: ChangeSet,
) -> Result<(Loaded, ChangeSet), StoreError> {
    let now = change_set.at;
    let mut records = Vec::new();
    let merge = async |what| Merge::of(engine, what, how).await;

    let mut settings = merge(Stated::Settings).await?;
    settings.state("coalition", &files.settings).await?;
    records.push(settings.end(&mut change_set).await?);
    let mut parties = merge(Stated::Parties).await?;
    for party in &files.parties {
        parties.state(&party.id, party).await?;
    }
    records.push(parties.end(&mut change_set).await?);
    let mut groups = merge(Stated::Groups).await?;
    for group in &files.groups {
        groups.state(&group.id, group).await?;
    }
    records.push(groups.end(&mut change_set).await?);
    let all: Vec<&Contribution> = files.contributions.iter().chain(due).collect();
    let later: Vec<&str> =
        files.later_contributions.iter().flat_map(|(_, _, read)| read).map(|c| &*c.id).collect();
    records.push(
        promise(engine, coalition, &files.settings, &all, &later, how, &mut change_set).await?,
    );
    let mut offers = merge(Stated::Offers).await?;
    for offer in &files.offers {
        offers.offer(offer).await?;
    }
    records.push(offers.end(&mut change_set).await?);
    let mut charges = merge(Stated::Charges).await?;
    for charge in &files.charges {
        let channel = charge.channel.as_deref().unwrap_or("any");
        charges.state(&format!("{channel}:{:?}", charge.kind), charge).await?;
    }
    records.push(charges.end(&mut change_set).await?);
    let mut codes = merge(Stated::Codes).await?;
    for code in &files.codes {
        codes.state(&format!("{}:{}", code.scheme, code.code), code).await?;
    }
    records.push(codes.end(&mut change_set).await?);
    let mut prohibited = merge(Stated::Prohibited).await?;
    for prohibition in &files.prohibited {
        prohibited.state(&prohibition.matches, prohibition).await?;
    }
    records.push(prohibited.end(&mut change_set).await?);
    let mut consignees = merge(Stated::Consignees).await?;
    for consignee in &files.consignees {
        consignees.state(&consignee.code, consignee).await?;
    }
    records.push(consignees.end(&mut change_set).await?);
    let mut rates = merge(Stated::Rates).await?;
    for day in &files.rates {
        rates.state(&day.date.to_string(), day).await?;
    }
    records.push(rates.end(&mut change_set).await?);
    if !change_set.records.is_empty() {
        // Any changed record may help lots that wait, so a round runs.
        change_set.jobs.push(NewJob::round(now));
        change_set.jobs.extend(rounds::later(&files.settings, &files.offers, &files.rates, now));
    }
    Ok((Loaded { records }, change_set))
}

/// Stores contributions that somebody states by a command.
///
/// # Errors
/// [`IntakeError`]; then nothing was stored.
pub async fn contribute(
    engine: &Engine,
    actor: &str,
    contributions: &[Contribution],
) -> Result<(), IntakeError> {
    let coalition = engine.coalition().await?;
    let settings = settings(&coalition)?;
    let mut change_set = ChangeSet::new(actor, engine.clock.now());
    for contribution in contributions {
        let old = coalition.contributions.get(&contribution.id);
        if old == Some(contribution) {
            continue;
        }
        let (kind, id) = (Stated::Contributions.record(), contribution.id.clone());
        let found = engine.store.record(kind, &id).await?;
        let expected = found.map_or(0, |found| found.version);
        let body = write(kind, &id, contribution)?;
        change_set.records.push(RecordChange {
            kind,
            id,
            expected,
            body,
            event: RecordEvent::RecordStated,
        });
        fund(engine, settings, old, contribution, &mut change_set).await?;
        change_set.jobs.push(NewJob::round(change_set.at));
    }
    commit(engine, change_set).await
}

/// Stores the contributions of a planned file on its day, merged with what commands have changed.
///
/// # Errors
/// [`IntakeError`]; then nothing was stored.
pub async fn contribute_planned(
    engine: &Engine,
    actor: &str,
    contributions: &[Contribution],
) -> Result<(), IntakeError> {
    let coalition = engine.coalition().await?;
    let settings = settings(&coalition)?.clone();
    let mut change_set = ChangeSet::new(actor, engine.clock.now());
    let all: Vec<&Contribution> = contributions.iter().collect();
    let mut merge = Merge::of(engine, Stated::Contributions, How::WHOLE).await?;
    merge.is_planned = true;
    let mut changed = Vec::new();
    for contribution in all {
        changed.extend(merge.state(&contribution.id, contribution).await?);
    }
    let records = merge.end(&mut change_set).await?;
    for conflict in &records.conflicts {
        let id = format!("contribution:{}", conflict.id);
        let record = engine.store.record(RecordKind::LineConflict, &id).await?;
        let body = write(RecordKind::LineConflict, &id, conflict)?;
        change_set.records.push(RecordChange {
            kind: RecordKind::LineConflict,
            id,
            expected: record.map_or(0, |record| record.version),
            body,
            event: RecordEvent::RecordDisputed,
        });
    }
    for contribution in &changed {
        let old = coalition.contributions.get(&contribution.id);
        fund(engine, &settings, old, contribution, &mut change_set).await?;
    }
    change_set.jobs.push(NewJob::round(change_set.at));
    commit(engine, change_set).await
}

fn settings(coalition: &Coalition) -> Result<&Settings, IntakeError> {
    let none = || IntakeError::Refused("the coalition has no settings yet".to_owned());
    coalition.settings.as_ref().ok_or_else(none)
}

async fn commit(engine: &Engine, change_set: ChangeSet) -> Result<(), IntakeError> {
    if change_set.records.is_empty() {
        return Ok(());
    }
    match engine.commit(vec![change_set], None).await?.into_iter().next() {
        None | Some(Fate::Committed) => Ok(()),
        Some(Fate::Stale { .. }) => Err(IntakeError::Conflict),
        Some(Fate::Refused { rule }) => Err(IntakeError::Refused(rule)),
    }
}

/// Adds contributions and the changes of their envelopes. Contributions in `later` files do not count as gone.
async fn promise(
    engine: &Engine,
    coalition: &Coalition,
    settings: &Settings,
    contributions: &[&Contribution],
    later: &[&str],
    how: &How,
    change_set: &mut ChangeSet,
) -> Result<Records, StoreError> {
    let mut merge = Merge::of(engine, Stated::Contributions, how).await?;
    let mut changed = Vec::new();
    for contribution in contributions {
        changed.extend(merge.state(&contribution.id, *contribution).await?);
    }
    later.iter().for_each(|id| merge.is_known(id));
    let records = merge.end(change_set).await?;
    for contribution in &changed {
        let old = coalition.contributions.get(&contribution.id);
        fund(engine, settings, old, contribution, change_set).await?;
    }
    Ok(records)
}

/// Adds the change of a contribution's envelope. `old` is the contribution before.
async fn fund(
    engine: &Engine,
    settings: &Settings,
    old: Option<&Contribution>,
    contribution: &Contribution,
    change_set: &mut ChangeSet,
) -> Result<(), StoreError> {
    let now = engine.clock.now();
    let today = now.with_timezone(&settings.zone).date_naive();
    let Some(amount) = contribution.amount.filter(|_| contribution.is_fundable()) else {
        return Ok(());
    };
    let same_money = |old: &Contribution| {
        old.is_fundable()
            && (old.amount, &old.tranches, old.stated)
                == (contribution.amount, &contribution.tranches, contribution.stated)
    };
    if old.is_some_and(same_money) {
        return Ok(());
    }
    let rows = engine.store.envelopes().await?;
    let row = rows.iter().find(|row| row.id == contribution.id);
    let opened = contribution.opened(today) - row.map_or(0, |row| row.opened);
    change_set.envelopes.push(EnvelopeChange {
        id: contribution.id.clone(),
        expected: row.map_or(0, |row| row.version),
        currency: amount.currency.to_string(),
        committed: amount.minor - row.map_or(0, |row| row.committed),
        opened,
        expired: 0,
    });
    // A reduced commitment is a fact from outside, even if more than that is used already.
    change_set.is_outside_fact |= row.is_some();
    let bound = row.map_or(0, |row| row.obligated + row.disbursed + row.expired);
    if bound > amount.minor {
        let (id, bound) = (&contribution.id, Money::new(bound, amount.currency));
        let cause = format!("{amount} is stated, but {bound} is already bound, paid or lapsed");
        let (incident, subjects) = (format!("{OVERDRAWN}{id}"), vec![id.clone()]);
        change_set
            .records
            .push(incidents::opened(&*engine.store, &incident, &cause, subjects).await?);
    }
    change_set.jobs.extend(Openings::jobs(settings, contribution, now));
    Ok(())
}
