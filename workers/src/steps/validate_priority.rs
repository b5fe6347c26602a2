//! Validation: rules first, then a review by the expert group that owns the category.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{NaiveDate, TimeDelta};
use waybill_shared::domain::coalition::Coalition;
use waybill_shared::domain::ids::LineId;
use waybill_shared::domain::kinds::{LotEvent, ReasonCode, StepKind};
use waybill_shared::domain::lot::{Awaited, Lot, LotState, Outcome};
use waybill_shared::domain::pipeline::ValidationPolicy;
use waybill_shared::domain::requisition::Line;
use waybill_shared::domain::transition::StepResult;
use waybill_shared::domain::validation::{Finding, examine};
use waybill_shared::engine::Engine;
use waybill_shared::store::StoreError;
use waybill_shared::twins::{Twins, forsaken};

use crate::connectors::{Connector, ConnectorQuery};
use crate::step::{Progress, Step, StepError};

/// How often a review is escalated before the lot is parked for an operator.
const ESCALATIONS: u32 = 3;

/// Days for a review if no group owns the category.
const REVIEW_DAYS: u32 = 14;

pub struct ValidatePriority {
    connector: Arc<dyn Connector>,
}

impl ValidatePriority {
    /// A step that asks reviewers through `connector`.
    #[must_use]
    pub fn new(connector: Arc<dyn Connector>) -> Self {
        Self { connector }
    }
}

/// What the rules would say about each of `lines`, which are not submitted yet. `None` means that
/// the line passes.
///
/// # Errors
/// [`StoreError`] if the coalition or lines like them cannot be read.
pub async fn foresee(
    engine: &Engine,
    coalition: &Coalition,
    lines: &[&Line],
) -> Result<Vec<Option<String>>, StoreError> {
    let today = engine.today(coalition);
    let policy = &engine.pipeline().validate_priority;
    let mut twins = Twins::of(engine, coalition, lines.iter().copied()).await?;
    let mut said = Vec::with_capacity(lines.len());
    for line in lines {
        let id = LineId(i64::MAX);
        said.push(match found(&mut twins, coalition, policy, (id, line, &[]), today).await? {
            Finding::Fits => None,
            Finding::SentBack { reason, .. } => Some(format!("it would be sent back: {reason}")),
            Finding::Declined(decline) => Some(format!("it would be declined: {}", decline.text)),
            Finding::Review { reason, .. } => Some(format!("it would be reviewed: {reason}")),
        });
    }
    Ok(said)
}

/// What the rules say about a line. Possible duplicates are searched only if nothing else decides,
/// because there may be many.
async fn found(
    twins: &mut Twins<'_>,
    coalition: &Coalition,
    policy: &ValidationPolicy,
    (id, line, apart): (LineId, &Line, &[LineId]),
    today: NaiveDate,
) -> Result<Finding, StoreError> {
    let alone = examine(coalition, policy, line, today, None);
    match &alone {
        Finding::SentBack { .. } | Finding::Declined(_) => Ok(alone),
        Finding::Fits | Finding::Review { .. } => {
            let twin = twins.twin(id, line, apart).await?.map(|twin| twin.line);
            Ok(match twin {
                Some(_) => examine(coalition, policy, line, today, twin),
                None => alone,
            })
        }
    }
}

#[async_trait]
impl Step for ValidatePriority {
    fn name(&self) -> &'static str {
        StepKind::ValidatePriority.name()
    }

    async fn run(&self, engine: &Engine, lots: Vec<Lot>) -> Result<Vec<Progress>, StepError> {
        let coalition = engine.coalition().await?;
        let lines = engine.lines_of(&lots).await?;
        let today = engine.today(&coalition);
        let now = engine.clock.now();
        let all = lines.values().map(|line| &**line);
        let mut twins = Twins::of(engine, &coalition, all).await?;
        let mut done = Vec::with_capacity(lots.len());
        for lot in lots {
            let Some(line) = lines.get(&lot.line()) else {
                let cause = "its line is missing".to_owned();
                done.push(Progress::new(lot, StepResult::Park { cause }, LotEvent::Parked));
                continue;
            };
            let group = coalition.group_of(&line.classification);
            let days = group.map_or(REVIEW_DAYS, |group| group.review_days);
            let until = Some(now + TimeDelta::days(i64::from(days)));
            if let LotState::Waiting { awaits, .. } = lot.state().clone() {
                done.push(escalated(lot, awaits, until));
                continue;
            }
            let policy = &engine.pipeline_of(&lot)?.validate_priority;
            let apart = lot.apart.clone();
            let of = (lot.line(), &**line, apart.as_slice());
            done.push(match found(&mut twins, &coalition, policy, of, today).await? {
                Finding::Fits => {
                    let mut progress = Progress::new(lot, StepResult::Done, LotEvent::Validated);
                    progress.after.without_reason();
                    progress
                }
                Finding::Declined(decline) => {
                    let mut after = lot.clone();
                    (after.code, after.reason) = (decline.code.clone(), decline.text.clone());
                    let result = StepResult::Close(Outcome::Declined(decline));
                    let mut progress =
                        Progress::new(lot.clone(), result.clone(), LotEvent::Declined);
                    progress.after = after.clone();
                    // Lots that were merged into this one are reopened.
                    let ended = engine.advance(lot, after, result, LotEvent::Declined).ok();
                    progress.with = forsaken(engine, ended.as_slice()).await?;
                    progress
                }
                Finding::SentBack { code, reason } => {
                    let awaits = Awaited::Amendment { requester: line.requester.clone() };
                    let result = StepResult::Wait { awaits, until: None };
                    let mut after = lot.clone();
                    after.chased = 0;
                    after.because(code, reason);
                    let mut progress =
                        Progress::new(lot.clone(), result.clone(), LotEvent::SentBack);
                    progress.after = after.clone();
                    // Lots that wait for a review as its duplicates are validated again.
                    let stopped = engine.advance(lot, after, result, LotEvent::SentBack).ok();
                    progress.with = forsaken(engine, stopped.as_slice()).await?;
                    progress
                }
                Finding::Review { code, reason, twin } => {
                    let group = group.map_or("secretariat", |group| &group.id).to_owned();
                    let is_duplicate = twin.is_some();
                    let question =
                        ConnectorQuery::Review { lot: &lot, line, group: &group, is_duplicate };
                    let jobs = self.connector.ask(question, now);
                    let awaits = Awaited::Review { group, twin };
                    let result = StepResult::Wait { awaits, until };
                    let mut progress = Progress::new(lot, result, LotEvent::ReviewAsked);
                    progress.after.because(code, reason);
                    progress.jobs = jobs;
                    progress
                }
            });
        }
        Ok(done)
    }
}

/// Escalates a review that was not given in time. After [`ESCALATIONS`] times the lot is parked for
/// an operator.
fn escalated(
    lot: Lot,
    awaits: Awaited,
    until: Option<waybill_shared::domain::lot::Timestamp>,
) -> Progress {
    if lot.chased >= ESCALATIONS {
        let cause = "a review is overdue".to_owned();
        return Progress::new(lot, StepResult::Park { cause }, LotEvent::Parked);
    }
    let result = StepResult::Wait { awaits, until };
    let mut progress = Progress::new(lot, result, LotEvent::ReviewEscalated);
    progress.after.chased += 1;
    progress
        .after
        .because(ReasonCode::ReviewOverdue, "the review is overdue; the lead is asked to decide");
    progress
}
