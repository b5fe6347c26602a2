//! Validation: rules first, then the review of the expert group that owns the category.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{NaiveDate, TimeDelta};
use waybill_shared::domain::coalition::Coalition;
use waybill_shared::domain::ids::LineId;
use waybill_shared::domain::lot::{Awaited, Decline, Lot, LotState, Outcome};
use waybill_shared::domain::money::{Currency, Rounding};
use waybill_shared::domain::party::ExpertGroup;
use waybill_shared::domain::pipeline::ValidationPolicy;
use waybill_shared::domain::quantity::Quantity;
use waybill_shared::domain::requisition::Line;
use waybill_shared::domain::supplier::SoldBy;
use waybill_shared::domain::transition::StepResult;
use waybill_shared::engine::Engine;
use waybill_shared::store::StoreError;

use crate::connectors::{Connector, Question};
use crate::step::{Progress, Step, StepError};

/// The step's name.
pub const NAME: &str = "validate_priority";

/// Escalations of a review before the lot is parked for an operator.
const ESCALATIONS: u32 = 3;

/// Days for a review where no group owns the category.
const REVIEW_DAYS: u32 = 14;

/// The step.
pub struct ValidatePriority {
    connector: Arc<dyn Connector>,
}

impl ValidatePriority {
    /// The step, asking reviewers through `connector`.
    #[must_use]
    pub fn new(connector: Arc<dyn Connector>) -> Self {
        Self { connector }
    }
}

/// What the rules say about a line.
enum Finding {
    Fits,
    Declined(Decline),
    Review { code: &'static str, reason: String },
}

/// What the rules would say about each of `lines` that are not handed in yet; nothing: they fit.
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
    let likenesses = lines.iter().map(|line| line.likeness()).collect();
    let alike = engine.store.lines_alike(likenesses).await?;
    let said = |line: &&Line| {
        let of = line.likeness();
        let earlier = alike.iter().find(|(_, known)| *known == of).map(|(id, _)| *id);
        match examine(coalition, policy, line, today, earlier) {
            Finding::Fits => None,
            Finding::Declined(decline) => Some(format!("it would be declined: {}", decline.text)),
            Finding::Review { reason, .. } => Some(format!("it would be reviewed: {reason}")),
        }
    };
    Ok(lines.iter().map(said).collect())
}

fn declined(code: &str, text: String) -> Finding {
    Finding::Declined(Decline { code: code.to_owned(), text })
}

/// Applies the rules, in order; the first that is broken decides.
fn examine(
    coalition: &Coalition,
    policy: &ValidationPolicy,
    line: &Line,
    day: NaiveDate,
    earlier: Option<LineId>,
) -> Finding {
    let any = coalition.settings.as_ref().is_some_and(|settings| settings.any_requester);
    if !any && !coalition.parties.contains_key(&line.requester) {
        let text = format!("`{}` is no known party; add it to the parties", line.requester);
        return declined("unknown_requester", text);
    }
    if !coalition.consignees.is_empty() && !coalition.consignees.contains_key(&line.consignee) {
        let text = format!("`{}` is no known consignee; add its code", line.consignee);
        return declined("unknown_consignee", text);
    }
    let known = (line.scheme.clone(), line.classification.clone());
    if !coalition.codes.contains_key(&known) {
        let text = format!("`{}` is no known code of {}", line.classification, line.scheme);
        return declined("unknown_classification", text);
    }
    let forbids = |matches: &str| line.item == matches || line.classification.starts_with(matches);
    if let Some(rule) = coalition.prohibited.iter().find(|rule| forbids(&rule.matches)) {
        return declined("prohibited_item", rule.reason.clone());
    }
    if line.quantity.0 / Quantity::ONE > policy.quantity_limit {
        let text = format!("{} is more than the {} allowed", line.quantity, policy.quantity_limit);
        return declined("implausible_quantity", text);
    }
    if let Some(text) = implausible_price(coalition, policy, line, day) {
        return declined("implausible_price", text);
    }
    if let Some(earlier) = earlier {
        let reason = format!("asks for the same as {earlier}: merge them?");
        return Finding::Review { code: "duplicate_candidate", reason };
    }
    match coalition.group_of(&line.classification) {
        Some(group) if needs_review(coalition, group, line, day) => Finding::Review {
            code: "review",
            reason: format!("{} reviews lines of this value", group.name),
        },
        Some(_) | None => Finding::Fits,
    }
}

/// Why the estimate cannot be right, if no offer comes near it.
fn implausible_price(
    coalition: &Coalition,
    policy: &ValidationPolicy,
    line: &Line,
    day: NaiveDate,
) -> Option<String> {
    let eur = |money| coalition.convert(money, Currency::EUR, day, Rounding::Nearest).ok()?;
    let estimate = eur(line.unit_estimate)?.minor;
    let mut nearest = None;
    for offer in coalition.offers.values() {
        if offer.item != line.item {
            continue;
        }
        let Some(sold_by) = offer.sold_by(line.unit) else { continue };
        // A pack is compared with the estimate of what it holds.
        let price = eur(offer.unit_price)?.minor;
        let Some((price, estimate)) = sold_by.comparable(price, estimate) else { continue };
        let ratio = policy.price_ratio;
        if estimate <= price.saturating_mul(ratio) && price <= estimate.saturating_mul(ratio) {
            return None;
        }
        nearest = Some((offer, sold_by));
    }
    let (offer, sold_by) = nearest?;
    let offered = match sold_by {
        SoldBy::Unit => offer.unit_price.to_string(),
        SoldBy::Pack(pack) => format!("{} for {pack}", offer.unit_price),
    };
    Some(format!("{} a unit is far from the offered {offered}", line.unit_estimate))
}

fn needs_review(coalition: &Coalition, group: &ExpertGroup, line: &Line, day: NaiveDate) -> bool {
    let Some(from) = group.review_from else { return false };
    let value = line.unit_estimate.scaled(line.quantity.0, Quantity::ONE).ok();
    let value = value.and_then(|value| {
        coalition.convert(value, from.currency, day, Rounding::Nearest).ok().flatten()
    });
    // What cannot be valued is reviewed.
    value.is_none_or(|value| value.minor >= from.minor)
}

#[async_trait]
impl Step for ValidatePriority {
    fn name(&self) -> &'static str {
        NAME
    }

    async fn run(&self, engine: &Engine, lots: Vec<Lot>) -> Result<Vec<Progress>, StepError> {
        let coalition = engine.coalition().await?;
        let lines = engine.lines_of(&lots).await?;
        let today = engine.today(&coalition);
        let now = engine.clock.now();
        let likenesses = lines.values().map(|line| line.likeness()).collect();
        let mut first: HashMap<String, LineId> = HashMap::new();
        for (id, alike) in engine.store.lines_alike(likenesses).await? {
            first.entry(alike).or_insert(id);
        }
        let mut done = Vec::with_capacity(lots.len());
        for lot in lots {
            let Some(line) = lines.get(&lot.line()) else {
                let cause = "its line is missing".to_owned();
                done.push(Progress::new(lot, StepResult::Park { cause }, "lot.parked"));
                continue;
            };
            let group = coalition.group_of(&line.classification);
            let days = group.map_or(REVIEW_DAYS, |group| group.review_days);
            let until = Some(now + TimeDelta::days(i64::from(days)));
            if let LotState::Waiting { awaits, .. } = lot.state.clone() {
                done.push(escalated(lot, awaits, until));
                continue;
            }
            let earlier = first.get(&line.likeness()).copied().filter(|id| *id < lot.line());
            let policy = &engine.pipeline_of(&lot).validate_priority;
            done.push(match examine(&coalition, policy, line, today, earlier) {
                Finding::Fits => {
                    let mut progress = Progress::new(lot, StepResult::Done, "lot.validated");
                    progress.after.because("", "");
                    progress
                }
                Finding::Declined(decline) => {
                    let mut after = lot.clone();
                    after.because(&decline.code, decline.text.clone());
                    let result = StepResult::Close(Outcome::Declined(decline));
                    let mut progress = Progress::new(lot, result, "lot.declined");
                    progress.after = after;
                    progress
                }
                Finding::Review { code, reason } => {
                    let group = group.map_or("secretariat", |group| &group.id).to_owned();
                    let is_duplicate = code == "duplicate_candidate";
                    let question =
                        Question::Review { lot: &lot, line, group: &group, is_duplicate };
                    let jobs = self.connector.ask(question, now);
                    let awaits = Awaited::Review { group };
                    let result = StepResult::Wait { awaits, until };
                    let mut progress = Progress::new(lot, result, "lot.review_asked");
                    progress.after.because(code, reason);
                    progress.jobs = jobs;
                    progress
                }
            });
        }
        Ok(done)
    }
}

/// A review that was not given in time is chased, and at last left to an operator.
fn escalated(
    lot: Lot,
    awaits: Awaited,
    until: Option<waybill_shared::domain::lot::Timestamp>,
) -> Progress {
    if lot.chased >= ESCALATIONS {
        let cause = "a review is overdue".to_owned();
        return Progress::new(lot, StepResult::Park { cause }, "lot.parked");
    }
    let result = StepResult::Wait { awaits, until };
    let mut progress = Progress::new(lot, result, "lot.review_escalated");
    progress.after.chased += 1;
    progress.after.because("review_overdue", "the review is overdue; the lead is asked to decide");
    progress
}
