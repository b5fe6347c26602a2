//! A round: everything that waits for money is matched at once, by priority. In-kind offers first,
//! then money.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{NaiveDate, TimeDelta};
use waybill_shared::act::{Act, ActError, Done};
use waybill_shared::domain::coalition::Coalition;
use waybill_shared::domain::contribution::Consent;
use waybill_shared::domain::funding::{Share, ShareState};
use waybill_shared::domain::ids::{LineId, LotId};
use waybill_shared::domain::lot::{Awaited, Lot, Timestamp};
use waybill_shared::domain::money::Money;
use waybill_shared::domain::quantity::Quantity;
use waybill_shared::domain::requisition::Line;
use waybill_shared::domain::transition::StepResult;
use waybill_shared::engine::Engine;
use waybill_shared::matching::{
    Answer, Ask, Envelope, Payment, Problem, Round as Question, Solution, Unfunded, WhyNot, solve,
};
use waybill_shared::store::{Job, LotChange, NewJob, Unit};

use super::in_kind::InKindStock;
use crate::connectors::{self, Connector};

/// The kind of job.
pub const KIND: &str = "round";

/// The job that asks for a round; those asked for meanwhile are the same one.
#[must_use]
pub fn wanted(engine: &Engine) -> NewJob {
    let delay = i64::from(engine.pipeline().match_donor.round_delay_ms);
    let due = engine.clock.now() + TimeDelta::milliseconds(delay);
    NewJob { kind: KIND, key: "all".to_owned(), due, body: String::new() }
}

/// The act.
pub struct Round {
    connector: Arc<dyn Connector>,
}

impl Round {
    /// The act, asking donors and requesters through `connector`.
    #[must_use]
    pub fn new(connector: Arc<dyn Connector>) -> Self {
        Self { connector }
    }
}

/// What a round found for a lot.
struct Funded<'a> {
    quantity: Quantity,
    payments: &'a [Payment],
    envelopes: &'a [Envelope],
}

/// What a round looks at.
struct Snapshot<'a> {
    engine: &'a Engine,
    coalition: &'a Coalition,
    day: NaiveDate,
    now: Timestamp,
    /// Parts of lines that were given out by this round.
    parts: BTreeMap<LineId, i64>,
}

impl Snapshot<'_> {
    /// The id of a new part of `line`.
    async fn next_part(&mut self, line: LineId) -> Result<LotId, ActError> {
        let part = match self.parts.get(&line) {
            Some(part) => part + 1,
            None => {
                let lots = self.engine.store.lots_of_line(line).await?;
                lots.iter().map(|lot| lot.id.part()).max().unwrap_or(0) + 1
            }
        };
        self.parts.insert(line, part);
        let too_many = || ActError::Invalid(format!("{line} cannot be split any further"));
        LotId::of(line, part).ok_or_else(too_many)
    }

    fn change(
        &self,
        before: Lot,
        after: Lot,
        result: StepResult,
        kind: &'static str,
    ) -> Result<LotChange, ActError> {
        let advanced = self.engine.advance(before, after, result, kind);
        advanced.map_err(|error| ActError::Invalid(error.to_string()))
    }
}

fn funding() -> StepResult {
    StepResult::Wait { awaits: Awaited::Funding, until: None }
}

#[async_trait]
impl Act for Round {
    fn kind(&self) -> &'static str {
        KIND
    }

    async fn run(&self, engine: &Engine, _: &Job) -> Result<Done, ActError> {
        let coalition = engine.coalition().await?;
        let lots = engine.store.lots_awaiting("funding").await?;
        let lines = engine.lines_of(&lots).await?;
        let day = engine.today(&coalition);
        let now = engine.clock.now();
        let mut at = Snapshot { engine, coalition: &coalition, day, now, parts: BTreeMap::new() };
        let mut units = Vec::new();
        let mut stock = InKindStock::read(engine, &coalition, day).await?;
        let mut waiting: Vec<(Lot, Arc<Line>)> = Vec::with_capacity(lots.len());
        for lot in lots {
            let Some(line) = lines.get(&lot.line()) else { continue };
            match self.in_kind(&mut at, &mut stock, &lot, line).await? {
                Some(unit) => units.push(unit),
                None => waiting.push((lot, line.clone())),
            }
        }
        let round = money(&at, &waiting).await?;
        let problem = round.problem.clone();
        // Solving is work without a pause: other steps go on meanwhile.
        let solved = tokio::task::spawn_blocking(move || solve(&problem)).await;
        let solution = solved
            .map_err(|error| ActError::Invalid(error.to_string()))?
            .map_err(|error| ActError::Invalid(error.to_string()))?;
        let mut answers = solution.answers.iter();
        for ((lot, line), ask) in waiting.into_iter().zip(&round.asks) {
            let unit = match ask.as_ref().zip(ask.as_ref().and_then(|_| answers.next())) {
                None => unoffered(&at, lot, &line)?,
                Some((ask, Answer::Funded { part, payments })) => {
                    let quantity = part.unwrap_or(lot.quantity);
                    let envelopes = &round.problem.envelopes;
                    let funded = Funded { quantity, payments, envelopes };
                    Some(self.funded(&mut at, lot, &line, ask, funded).await?)
                }
                Some((ask, Answer::Unfunded(why))) => {
                    let code = code(&solution, why);
                    let text = || {
                        format!("on {}: {}", at.day, explain(&round.problem, &solution, ask, why))
                    };
                    unfunded(&at, lot, code, text)?
                }
            };
            units.extend(unit);
        }
        Ok(Done { units, again: None })
    }
}

impl Round {
    /// Offers goods in kind, if a donor gives such.
    async fn in_kind(
        &self,
        at: &mut Snapshot<'_>,
        stock: &mut InKindStock,
        lot: &Lot,
        line: &Line,
    ) -> Result<Option<Unit>, ActError> {
        let policy = &at.engine.pipeline_of(lot).match_donor;
        let smallest = line.smallest_lot.filter(|_| policy.partial);
        let Some((contribution, quantity)) = stock.find(at.coalition, lot, line, smallest) else {
            return Ok(None);
        };
        let mut unit = Unit::new(KIND, at.now);
        let mut after = lot.clone();
        if quantity < lot.quantity {
            let rest = Quantity(lot.quantity.0 - quantity.0);
            let part = after.split_off(at.next_part(lot.line()).await?, rest);
            unit.lots.push(LotChange::created(part, "lot.split"));
            unit.jobs.push(wanted(at.engine));
        }
        unit.records.push(stock.take(&contribution, &line.item, quantity)?);
        after.in_kind = Some(contribution.clone());
        after.because("in_kind_offered", format!("{contribution} gives it in kind"));
        let until = Some(at.now + TimeDelta::days(i64::from(policy.acceptance_days)));
        let awaits = Awaited::Acceptance { contribution };
        unit.jobs.extend(
            self.connector.ask(connectors::Question::Acceptance { lot: &after, line }, at.now),
        );
        let result = StepResult::Wait { awaits, until };
        unit.lots.push(at.change(lot.clone(), after, result, "lot.offered_in_kind")?);
        Ok(Some(unit))
    }

    async fn funded(
        &self,
        at: &mut Snapshot<'_>,
        lot: Lot,
        line: &Line,
        ask: &Ask,
        funded: Funded<'_>,
    ) -> Result<Unit, ActError> {
        let Funded { quantity, payments, envelopes } = funded;
        let mut unit = Unit::new(KIND, at.now);
        let mut after = lot.clone();
        if quantity < lot.quantity {
            let rest = Quantity(lot.quantity.0 - quantity.0);
            let part = after.split_off(at.next_part(lot.line()).await?, rest);
            unit.lots.push(LotChange::created(part, "lot.split"));
            unit.jobs.push(wanted(at.engine));
        }
        let mut asked = Vec::new();
        for payment in payments {
            let envelope = &envelopes[payment.envelope];
            let contribution = at.coalition.contributions.get(&envelope.id);
            let needs_consent = match contribution.map(|contribution| &contribution.consent) {
                None | Some(Consent::None) => false,
                Some(Consent::EachLine) => true,
                Some(Consent::Above(minor)) => payment.amount.minor > *minor,
            };
            let state = if needs_consent { ShareState::Proposed } else { ShareState::Agreed };
            if needs_consent {
                asked.push(envelope.id.clone());
            }
            after.funding.push(Share {
                envelope: envelope.id.clone(),
                amount: payment.amount,
                covers: payment.covers,
                rate: envelope.rate,
                state,
            });
        }
        after.offer = ask.quote.offer.as_ref().map(|offer| offer.id.clone());
        let (result, kind) = if asked.is_empty() {
            after.because("", "");
            (StepResult::Done, "lot.matched")
        } else {
            let days = at.engine.pipeline_of(&lot).match_donor.consent_days;
            let mut donors = Vec::new();
            for id in &asked {
                let Some(contribution) = at.coalition.contributions.get(id) else { continue };
                donors.extend(contribution.donors.iter().cloned());
                let question = connectors::Question::Consent { lot: &after, line, contribution };
                unit.jobs.extend(self.connector.ask(question, at.now));
            }
            donors.sort_unstable();
            donors.dedup();
            after.because("consent_asked", format!("{} asked to agree", donors.join(", ")));
            let until = Some(at.now + TimeDelta::days(i64::from(days)));
            (StepResult::Wait { awaits: Awaited::Consent { donors }, until }, "lot.consent_asked")
        };
        unit.lots.push(at.change(lot, after, result, kind)?);
        Ok(unit)
    }
}

/// The round's question about money.
async fn money(at: &Snapshot<'_>, waiting: &[(Lot, Arc<Line>)]) -> Result<Question, ActError> {
    let rows = at.engine.store.envelopes().await?;
    let available = rows.into_iter().map(|row| (row.id.clone(), row.available())).collect();
    let lots: Vec<(&Lot, &Line)> = waiting.iter().map(|(lot, line)| (lot, &**line)).collect();
    let policy = &at.engine.pipeline().match_donor;
    Ok(Question::of(at.coalition, &available, &lots, policy, at.day))
}

/// Nothing is left by which the lot could be bought. A new offer, of whomever, brings it on.
fn unoffered(at: &Snapshot<'_>, lot: Lot, line: &Line) -> Result<Option<Unit>, ActError> {
    if at.coalition.quotes(line, lot.quantity, at.day, &[]).is_empty() {
        return unfunded(at, lot, "no_offer", || "no supplier offers it".to_owned());
    }
    let text = format!("every offer of it was refused, the last: {}", lot.reason);
    unfunded(at, lot, "offers_refused", || text)
}

/// The lot waits on; it gets an event only when its reason has changed.
fn unfunded(
    at: &Snapshot<'_>,
    lot: Lot,
    code: &str,
    text: impl FnOnce() -> String,
) -> Result<Option<Unit>, ActError> {
    if lot.code == code {
        return Ok(None);
    }
    let mut after = lot.clone();
    after.because(code, text());
    let change = at.change(lot, after, funding(), "lot.unfunded")?;
    Ok(Some(Unit::new(KIND, at.now).lot(change)))
}

/// The stable code of why a lot is not funded.
fn code(solution: &Solution, why: &Unfunded) -> &'static str {
    match why {
        Unfunded::Money { cut, .. } if solution.cuts[*cut].is_empty() => "no_eligible_envelope",
        Unfunded::Donors { from, .. } if from.is_empty() => "no_eligible_envelope",
        Unfunded::Money { .. } => "money_exhausted",
        Unfunded::Donors { .. } => "too_many_donors",
        Unfunded::RequesterCap { .. } => "requester_cap",
    }
}

/// Why a lot is not funded, for people.
fn explain(problem: &Problem, solution: &Solution, ask: &Ask, why: &Unfunded) -> String {
    let named: BTreeSet<&str> = ask.reasons.iter().map(|(id, _)| id.as_str()).collect();
    let left = |(envelope, spent): (&Envelope, &i64)| {
        let left = Money::new(envelope.available - spent, envelope.currency);
        (envelope.id.clone(), WhyNot::Exhausted { left })
    };
    let usable = problem.envelopes.iter().zip(&solution.spent);
    let usable = usable.filter(|(envelope, _)| !named.contains(envelope.id.as_str())).map(left);
    let mut reasons: Vec<(String, WhyNot)> = ask.reasons.iter().cloned().chain(usable).collect();
    reasons.sort_by(|(one, _), (other, _)| one.cmp(other));
    let reasons: Vec<String> = reasons.iter().map(|(id, why)| format!("{id} {why}")).collect();
    let reasons = reasons.join("; ");
    match why {
        Unfunded::Money { missing, .. } => format!("{missing} missing: {reasons}"),
        Unfunded::Donors { missing, is_proven, .. } => {
            let most = problem.policy.max_donors.unwrap_or_default();
            let how = if *is_proven { "" } else { ", as far as was looked" };
            format!("{missing} missing of {most} donors together{how}: {reasons}")
        }
        Unfunded::RequesterCap { left } => format!("its requester may have {left} more"),
    }
}
