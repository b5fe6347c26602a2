//! The jobs that the calendar runs: envelopes lapse, overdue deliveries are chased, and each day is
//! summed up.

use async_trait::async_trait;
use chrono::{Days, NaiveDate};
use serde::{Deserialize, Serialize};
use waybill_shared::domain::funding::ShareState;
use waybill_shared::domain::kinds::{
    JobKind, LotEvent, ReasonCode, RecordEvent, RecordKind, StepKind,
};
use waybill_shared::domain::lot::{Awaited, Lot, LotState};
use waybill_shared::domain::money::Money;
use waybill_shared::domain::transition::{Direction, StepResult};
use waybill_shared::engine::Engine;
use waybill_shared::job::{Done, JobError, JobHandler};
use waybill_shared::store::{ChangeSet, EnvelopeChange, EnvelopeRow, Job, RecordChange};

use crate::terms;
use crate::wanted;

/// How many days before `obligate_by` warnings are given.
const WARNINGS: [u64; 3] = [90, 30, 7];

/// Lapses envelopes after `obligate_by`, and warns about those that are close to it.
pub(super) struct Lapse;

/// The content of the warning about an envelope.
#[derive(Debug, Serialize, Deserialize)]
struct Warning {
    obligate_by: NaiveDate,
    left: Money,
}

fn invalid(error: impl std::fmt::Display) -> JobError {
    JobError::Invalid(error.to_string())
}

#[async_trait]
impl JobHandler for Lapse {
    fn kind(&self) -> JobKind {
        JobKind::Lapse
    }

    async fn run(&self, engine: &Engine, _: &Job) -> Result<Done, JobError> {
        let coalition = engine.coalition().await?;
        let (day, now) = (engine.today(&coalition), engine.clock.now());
        let mut change_sets = Vec::new();
        for row in engine.store.envelopes().await? {
            let Some(contribution) = coalition.contributions.get(&row.id) else { continue };
            let (Some(last), Some(currency)) = (contribution.obligate_by, contribution.currency())
            else {
                continue;
            };
            let unbound = row.opened - row.obligated - row.disbursed - row.expired;
            if last < day && unbound > 0 {
                change_sets.push(lapsed(engine, &row, unbound).await?);
                continue;
            }
            let left = row.committed - row.obligated - row.disbursed - row.expired;
            let near = WARNINGS.iter().rev().find(|days| day + Days::new(**days) >= last);
            if let Some(days) = near.filter(|_| last >= day && left > 0) {
                let id = format!("{}:{days}", row.id);
                if engine.store.record(RecordKind::Warning, &id).await?.is_none() {
                    let left = Money::new(left, currency);
                    let body = serde_json::to_string(&Warning { obligate_by: last, left });
                    let mut change_set = ChangeSet::new("calendar", now);
                    change_set.records.push(RecordChange {
                        kind: RecordKind::Warning,
                        id,
                        expected: 0,
                        body: body.map_err(invalid)?,
                        event: RecordEvent::EnvelopeLapseWarned,
                    });
                    change_sets.push(change_set);
                }
            }
        }
        Ok(Done { change_sets, again: None })
    }
}

/// Lets the money lapse that no order has bound. Lots that counted on it are matched again.
async fn lapsed(engine: &Engine, row: &EnvelopeRow, unbound: i64) -> Result<ChangeSet, JobError> {
    let mut change_set = ChangeSet::new("calendar", engine.clock.now());
    let envelope = row.id.as_str();
    let is_unbound = |lot: &Lot| {
        lot.funding.iter().any(|share| {
            share.envelope == envelope
                && matches!(share.state, ShareState::Proposed | ShareState::Agreed)
        })
    };
    let mut lots = engine.store.lots_awaiting("consent").await?;
    lots.extend(engine.store.lots_awaiting("gathering").await?);
    for lot in lots.into_iter().filter(is_unbound) {
        // The lot's order stands. Only the money that was to be added to it is gone.
        if lot.order.is_some() {
            let why = format!("{envelope} has lapsed");
            change_set.lots.push(
                terms::asked_anew(engine, lot, ReasonCode::EnvelopeLapsed, &why)
                    .map_err(invalid)?,
            );
            continue;
        }
        let mut after = lot.clone();
        after.release();
        after.because(ReasonCode::EnvelopeLapsed, format!("{envelope} has lapsed"));
        let result = StepResult::Go(Direction::Back(StepKind::MatchDonor));
        change_set.lots.push(
            engine.advance(lot, after, result, LotEvent::ReturnedToMatching).map_err(invalid)?,
        );
    }
    change_set.envelopes.push(EnvelopeChange {
        id: row.id.clone(),
        expected: row.version,
        currency: row.currency.clone(),
        committed: 0,
        opened: 0,
        expired: unbound,
    });
    change_set.jobs.push(wanted::round(engine));
    Ok(change_set)
}

/// Chases overdue deliveries.
pub(super) struct Chase;

#[async_trait]
impl JobHandler for Chase {
    fn kind(&self) -> JobKind {
        JobKind::Chase
    }

    async fn run(&self, engine: &Engine, _: &Job) -> Result<Done, JobError> {
        let coalition = engine.coalition().await?;
        let (day, now) = (engine.today(&coalition), engine.clock.now());
        let mut change_sets = Vec::new();
        for lot in engine.store.lots_awaiting("delivery").await? {
            let LotState::Waiting { awaits: Awaited::Delivery { order }, .. } = lot.state() else {
                continue;
            };
            let Some(due) = lot.due else { continue };
            let number = order.clone();
            let policy = &engine.pipeline_of(&lot)?.confirm_delivery;
            let days = u64::from(policy.chase_days) * u64::from(lot.chased + 1);
            if day <= due + Days::new(days) {
                continue;
            }
            let mut after = lot.clone();
            after.chased += 1;
            let times = match after.chased {
                1 => "once".to_owned(),
                times => format!("{times} times"),
            };
            after.because(ReasonCode::DeliveryOverdue, format!("due on {due}, chased {times}"));
            let (result, kind) = if lot.chased >= policy.chases {
                (StepResult::Park { cause: format!("{number} is overdue") }, LotEvent::Parked)
            } else {
                let awaits = Awaited::Delivery { order: number };
                (StepResult::Wait { awaits, until: None }, LotEvent::DeliveryChased)
            };
            let change = engine.advance(lot, after, result, kind).map_err(invalid)?;
            change_sets.push(ChangeSet::new("calendar", now).lot(change));
        }
        Ok(Done { change_sets, again: None })
    }
}

/// Writes the summary of a day.
pub(super) struct Digest;

#[async_trait]
impl JobHandler for Digest {
    fn kind(&self) -> JobKind {
        JobKind::Digest
    }

    async fn run(&self, engine: &Engine, job: &Job) -> Result<Done, JobError> {
        let coalition = engine.coalition().await?;
        let day = engine.today(&coalition).to_string();
        let mut change_set = ChangeSet::new("calendar", engine.clock.now());
        if engine.store.record(RecordKind::Digest, &day).await?.is_some() {
            return Ok(change_set.into());
        }
        let counts: Vec<serde_json::Value> = engine
            .store
            .lot_counts()
            .await?
            .into_iter()
            .map(|count| {
                serde_json::json!({
                    "state": count.state, "step": count.step, "awaits": count.awaits,
                    "lots": count.lots,
                })
            })
            .collect();
        let body = serde_json::json!({ "fire": job.key, "lots": counts }).to_string();
        let event = RecordEvent::DigestWritten;
        change_set.records.push(RecordChange {
            kind: RecordKind::Digest,
            id: day,
            expected: 0,
            body,
            event,
        });
        Ok(change_set.into())
    }
}
