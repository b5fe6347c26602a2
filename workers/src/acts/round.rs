//! A round: everything that waits for money is matched at once, by priority. In-kind offers first,
//! then money.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{NaiveDate, TimeDelta};
use waybill_shared::act::{Act, ActError, Done};
use waybill_shared::domain::coalition::Coalition;
use waybill_shared::domain::contribution::{Consent, Earmark};
use waybill_shared::domain::funding::{Share, ShareState};
use waybill_shared::domain::ids::{LineId, LotId};
use waybill_shared::domain::lot::{Awaited, Lot, Timestamp};
use waybill_shared::domain::money::Money;
use waybill_shared::domain::quantity::Quantity;
use waybill_shared::domain::requisition::Line;
use waybill_shared::domain::transition::StepResult;
use waybill_shared::engine::Engine;
use waybill_shared::matching::{Answer, Demand, Envelope, Rules, WhyNot, eligible, solve};
use waybill_shared::store::{Job, LotChange, NewJob, Unit};

use super::in_kind::InKindStock;
use crate::connectors::{Connector, Question};

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

/// An offer is asked for at most so often, for one lot.
const ASKED: usize = 3;

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
        let mut envelopes = envelopes(&at).await?;
        let demands: Vec<Option<Demand>> =
            waiting.iter().map(|(lot, line)| demand(&at, &envelopes, lot, line)).collect();
        let asked: Vec<Demand> = demands.iter().flatten().cloned().collect();
        let policy = &engine.pipeline().match_donor;
        let rules = Rules { co_financing: policy.co_financing, partial: policy.partial };
        let answers = solve(&mut envelopes, &asked, rules)
            .map_err(|error| ActError::Invalid(error.to_string()))?;
        let mut answers = asked.into_iter().zip(answers);
        for ((lot, line), has_demand) in
            waiting.into_iter().zip(demands.iter().map(Option::is_some))
        {
            let unit = match has_demand.then(|| answers.next()).flatten() {
                Some((demand, answer)) => {
                    self.answered(&mut at, &envelopes, lot, &line, demand, answer).await?
                }
                None => unoffered(&at, lot, &line)?,
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
        unit.jobs.extend(self.connector.ask(Question::Acceptance { lot: &after, line }, at.now));
        let result = StepResult::Wait { awaits, until };
        unit.lots.push(at.change(lot.clone(), after, result, "lot.offered_in_kind")?);
        Ok(Some(unit))
    }

    async fn answered(
        &self,
        at: &mut Snapshot<'_>,
        envelopes: &[Envelope],
        lot: Lot,
        line: &Line,
        demand: Demand,
        answer: Answer,
    ) -> Result<Option<Unit>, ActError> {
        let (quantity, payments) = match answer {
            Answer::Funded { quantity, payments } => (quantity, payments),
            Answer::Unfunded { missing, why } => {
                let (code, text) = explain(&missing, &why);
                return unfunded(at, lot, code, format!("on {}: {text}", at.day));
            }
        };
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
            let needs_consent = match envelope.consent {
                Consent::None => false,
                Consent::EachLine => true,
                Consent::Above(minor) => payment.amount.minor > minor,
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
        after.offer = demand.quote.offer.map(|offer| offer.id);
        let (result, kind) = if asked.is_empty() {
            after.because("", "");
            (StepResult::Done, "lot.matched")
        } else {
            let days = at.engine.pipeline_of(&lot).match_donor.consent_days;
            let mut donors = Vec::new();
            for id in &asked {
                let Some(contribution) = at.coalition.contributions.get(id) else { continue };
                donors.extend(contribution.donors.iter().cloned());
                let question = Question::Consent { lot: &after, line, contribution };
                unit.jobs.extend(self.connector.ask(question, at.now));
            }
            donors.sort_unstable();
            donors.dedup();
            after.because("consent_asked", format!("{} asked to agree", donors.join(", ")));
            let until = Some(at.now + TimeDelta::days(i64::from(days)));
            (StepResult::Wait { awaits: Awaited::Consent { donors }, until }, "lot.consent_asked")
        };
        unit.lots.push(at.change(lot, after, result, kind)?);
        Ok(Some(unit))
    }
}

/// The envelopes as the round may use them.
async fn envelopes(at: &Snapshot<'_>) -> Result<Vec<Envelope>, ActError> {
    let rows = at.engine.store.envelopes().await?;
    let open = rows.into_iter().filter_map(|row| {
        let contribution = at.coalition.contributions.get(&row.id)?;
        let currency = contribution.currency()?;
        Some(Envelope {
            available: row.available(),
            rate: at.coalition.rate(currency, at.day)?.rate,
            currency,
            obligate_by: contribution.obligate_by,
            is_unrestricted: contribution.earmark == Earmark::default(),
            consent: contribution.consent.clone(),
            id: row.id,
        })
    });
    Ok(open.collect())
}

/// What a lot needs, if anybody offers it and its price has a rate.
fn demand(at: &Snapshot<'_>, envelopes: &[Envelope], lot: &Lot, line: &Line) -> Option<Demand> {
    let quotes = |without: &[String]| at.coalition.quotes(line, lot.quantity, at.day, without);
    let mut found = quotes(&lot.refused);
    if found.is_empty() {
        found = quotes(&refused_for_good(lot));
    }
    let quote = found.into_iter().next()?;
    let channel = quote.offer.as_ref().map(|offer| offer.channel.as_str());
    let rate = at.coalition.rate(quote.unit_price.currency, at.day)?.rate;
    let (mut usable, mut why_not) = (Vec::new(), Vec::new());
    for (id, contribution) in &at.coalition.contributions {
        let fits = match eligible(at.coalition, contribution, line, channel, at.day) {
            Ok(()) if lot.refused.contains(id) => Err(WhyNot::ConsentRefused),
            other => other,
        };
        match (fits, envelopes.iter().position(|envelope| envelope.id == *id)) {
            (Ok(()), Some(index)) => usable.push(index),
            (Ok(()), None) => why_not.push((id.clone(), WhyNot::NotYetOpen)),
            (Err(why), _) => why_not.push((id.clone(), why)),
        }
    }
    Some(Demand {
        lot: lot.id,
        quantity: lot.quantity,
        quote,
        rate,
        smallest: line.smallest_lot,
        is_whole: line.unit.is_whole(),
        eligible: usable,
        why_not,
    })
}

/// Offers that were refused so often that they are not asked for again. Before that, they are once
/// no other is left.
fn refused_for_good(lot: &Lot) -> Vec<String> {
    let mut times: BTreeMap<&String, usize> = BTreeMap::new();
    lot.refused.iter().for_each(|refused| *times.entry(refused).or_default() += 1);
    times.retain(|_, times| *times >= ASKED);
    times.into_keys().cloned().collect()
}

/// Nothing is left by which the lot could be bought. A new offer, of whomever, brings it on.
fn unoffered(at: &Snapshot<'_>, lot: Lot, line: &Line) -> Result<Option<Unit>, ActError> {
    if at.coalition.quotes(line, lot.quantity, at.day, &[]).is_empty() {
        return unfunded(at, lot, "no_offer", "no supplier offers it".to_owned());
    }
    let text = format!("every offer of it was refused, the last: {}", lot.reason);
    unfunded(at, lot, "offers_refused", text)
}

/// The lot waits on; it gets an event only when its reason has changed.
fn unfunded(
    at: &Snapshot<'_>,
    lot: Lot,
    code: &str,
    text: String,
) -> Result<Option<Unit>, ActError> {
    if lot.code == code {
        return Ok(None);
    }
    let mut after = lot.clone();
    after.because(code, text);
    let change = at.change(lot, after, funding(), "lot.unfunded")?;
    Ok(Some(Unit::new(KIND, at.now).lot(change)))
}

/// The code and the text of why a lot is not funded.
fn explain(missing: &Money, why: &[(String, WhyNot)]) -> (&'static str, String) {
    let is_exhausted = |(_, why): &&(String, WhyNot)| matches!(why, WhyNot::Exhausted { .. });
    let code = if why.iter().any(|entry| is_exhausted(&entry)) {
        "money_exhausted"
    } else {
        "no_eligible_envelope"
    };
    let reasons: Vec<String> = why.iter().map(|(id, why)| format!("{id} {why}")).collect();
    (code, format!("{missing} missing: {}", reasons.join("; ")))
}
