//! A round matches everything that waits for money at once, by priority: first with goods in kind,
//! then with money.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{NaiveDate, TimeDelta};
use waybill_shared::domain::coalition::Coalition;
use waybill_shared::domain::funding::{Share, ShareState};
use waybill_shared::domain::ids::{LineId, LotId};
use waybill_shared::domain::kinds::{JobKind, LotEvent, ReasonCode};
use waybill_shared::domain::lot::{Awaited, Lot, LotState, Timestamp, last_part};
use waybill_shared::domain::quantity::Quantity;
use waybill_shared::domain::requisition::Line;
use waybill_shared::domain::transition::StepResult;
use waybill_shared::engine::Engine;
use waybill_shared::job::{Done, JobError, JobHandler};
use waybill_shared::matching::binding::{unanswered, unanswered_of};
use waybill_shared::matching::near::Market;
use waybill_shared::matching::{
    Answer, Ask, Envelope, Payment, Round as MatchingRound, needs_consent,
};
use waybill_shared::rounds;
use waybill_shared::store::{ChangeSet, Job, LotChange, NewJob};

use super::in_kind::InKindStock;
use super::unfunded::{
    code, displaced, explain, is_kept_by_channel, shortfall, unfunded, unoffered,
};
use super::{binding, overdrawn};
use crate::connectors::{self, Connector};
use crate::wanted;
use crate::windows;

pub struct Round {
    connector: Arc<dyn Connector>,
}

impl Round {
    /// A job handler that asks donors and requesters through `connector`.
    #[must_use]
    pub fn new(connector: Arc<dyn Connector>) -> Self {
        Self { connector }
    }
}

struct Funded<'a> {
    quantity: Quantity,
    surplus: Quantity,
    payments: &'a [Payment],
    envelopes: &'a [Envelope],
}

/// The data that a round works on.
pub(super) struct Snapshot<'a> {
    pub(super) engine: &'a Engine,
    pub(super) coalition: &'a Coalition,
    pub(super) day: NaiveDate,
    pub(super) now: Timestamp,
    /// The last part of each line that this round has given out.
    parts: BTreeMap<LineId, i64>,
}

impl Snapshot<'_> {
    /// The id of a new part of `line`.
    async fn next_part(&mut self, line: LineId) -> Result<LotId, JobError> {
        let part = match self.parts.get(&line) {
            Some(part) => part + 1,
            None => {
                let lots = self.engine.store.lots_of_line(line).await?;
                last_part(&lots) + 1
            }
        };
        self.parts.insert(line, part);
        let too_many = || JobError::Invalid(format!("{line} cannot be split any further"));
        LotId::of(line, part).ok_or_else(too_many)
    }

    /// The share that a payment sets aside, `Proposed` if its donors have to agree first.
    fn share(&self, payment: &Payment, envelopes: &[Envelope]) -> Share {
        let envelope = &envelopes[payment.envelope];
        let is_asked = needs_consent(self.coalition, &envelope.id, payment.amount);
        Share {
            envelope: envelope.id.clone(),
            amount: payment.amount,
            covers: payment.covers,
            rate: envelope.rate,
            state: if is_asked { ShareState::Proposed } else { ShareState::Agreed },
            covers_rate: None,
            consents: Vec::new(),
        }
    }

    /// The donors for whose answer `lot` waits.
    fn unanswered(&self, lot: &Lot) -> Vec<String> {
        unanswered(self.coalition, lot, self.day)
    }

    pub(super) fn change(
        &self,
        before: Lot,
        after: Lot,
        result: StepResult,
        kind: LotEvent,
    ) -> Result<LotChange, JobError> {
        let advanced = self.engine.advance(before, after, result, kind);
        advanced.map_err(|error| JobError::Invalid(error.to_string()))
    }
}

#[async_trait]
impl JobHandler for Round {
    fn kind(&self) -> JobKind {
        JobKind::Round
    }

    async fn run(&self, engine: &Engine, _: &Job) -> Result<Done, JobError> {
        let coalition = engine.coalition().await?;
        let day = engine.today(&coalition);
        let now = engine.clock.now();
        let mut at = Snapshot { engine, coalition: &coalition, day, now, parts: BTreeMap::new() };
        let held = rounds::held(&*engine.store).await?;
        // Lots whose money may not be bound any more are matched again at their rank, by the next
        // round.
        let mut returned = binding::returned(engine, &coalition, day, &held).await?;
        let offered = engine.store.lots_awaiting("acceptance").await?;
        returned.extend(binding::returned(engine, &coalition, day, &offered).await?);
        returned.extend(binding::taken_back(engine, &coalition, day).await?);
        let over = overdrawn::envelopes(engine).await?;
        if returned.is_empty() {
            returned.extend(overdrawn::returned(engine, &over, &held)?);
        }
        if !returned.is_empty() {
            return Ok(Done { change_sets: returned, again: None });
        }
        let mut change_sets = Vec::from_iter(overdrawn::closed(engine).await?);
        change_sets.extend(overdrawn::untold(engine, &over).await?);
        let sooner = windows::brought_forward(engine, &coalition, day, &held).await?;
        if !sooner.is_empty() {
            let mut change_set = ChangeSet::new(JobKind::Round.name(), now);
            change_set.jobs = sooner;
            change_sets.push(change_set);
        }
        let mut stock = InKindStock::read(engine, &coalition, day).await?;
        let lots = rounds::with_waiting(&*engine.store, held, &coalition, day).await?;
        let lines = engine.lines_of(&lots).await?;
        let mut waiting: Vec<(Lot, Arc<Line>)> = Vec::with_capacity(lots.len());
        for lot in lots {
            let Some(line) = lines.get(&lot.line()) else { continue };
            let offered = if lot.funding.is_empty() {
                self.in_kind(&mut at, &mut stock, &lot, line).await?
            } else {
                None
            };
            match offered {
                Some(change_set) => change_sets.push(change_set),
                None => waiting.push((lot, line.clone())),
            }
        }
        let funds = rounds::funds(engine, waiting.iter().map(|(lot, _)| lot)).await?;
        let frameworks = funds.frameworks.clone();
        let asked = coalition.clone();
        let policy = engine.pipeline().match_donor.clone();
        // Solving does not yield, so run it where it does not block other tasks.
        let solved = tokio::task::spawn_blocking(move || {
            let lots: Vec<(&Lot, &Line)> =
                waiting.iter().map(|(lot, line)| (lot, &**line)).collect();
            let solved = MatchingRound::solved(&asked, &funds, &lots, &policy, day);
            (waiting, solved)
        });
        let invalid = |error: String| JobError::Invalid(error);
        let (waiting, solved) = solved.await.map_err(|error| invalid(error.to_string()))?;
        let (round, solution) = solved.map_err(|error| invalid(error.to_string()))?;
        let wanted = waiting.iter().filter(|(lot, _)| lot.funding.is_empty());
        let wanted: Vec<(Quantity, Arc<Line>)> =
            wanted.map(|(lot, line)| (lot.quantity, line.clone())).collect();
        let wanted = wanted.iter().map(|(quantity, line)| (*quantity, &**line));
        let mut market = Market::new(&coalition, &frameworks, day).wanting(wanted);
        let mut answers = solution.answers.iter();
        let (mut money, mut moves) = (Vec::new(), false);
        for ((lot, line), ask) in waiting.into_iter().zip(&round.asks) {
            let had = !lot.funding.is_empty();
            match ask.as_ref().zip(ask.as_ref().and_then(|_| answers.next())) {
                None if had => {}
                None => change_sets.extend(unoffered(&at, &mut market, lot, &line)?),
                Some((ask, Answer::Funded { part, payments })) => {
                    let quantity = part.unwrap_or(lot.quantity);
                    let envelopes = &round.problem.envelopes;
                    let surplus = ask.quote.surplus(quantity);
                    let funded = Funded { quantity, surplus, payments, envelopes };
                    if !had {
                        money.push(self.funded(&mut at, lot, &line, ask, funded).await?);
                    } else if let Some(change_set) = self.moved(&at, lot, &line, funded)? {
                        money.push(change_set);
                        moves = true;
                    }
                }
                Some((_, Answer::Unfunded(why))) if had => {
                    money.push(displaced(&at, lot, &shortfall(why))?);
                    moves = true;
                }
                Some((ask, Answer::Unfunded(why))) => {
                    let code = code(&solution, why);
                    if is_kept_by_channel(code, ask) {
                        change_sets.extend(unoffered(&at, &mut market, lot, &line)?);
                        continue;
                    }
                    let text = || {
                        format!("on {}: {}", at.day, explain(&round.problem, &solution, ask, why))
                    };
                    change_sets.extend(unfunded(&at, lot, code, text)?);
                }
            }
        }
        // Money that moves from one lot to another must move in one change set.
        if moves {
            change_sets.extend(money.into_iter().reduce(ChangeSet::with));
        } else {
            change_sets.extend(money);
        }
        Ok(Done { change_sets, again: None })
    }
}

impl Round {
    /// Offers goods in kind if a donor gives some that fit.
    async fn in_kind(
        &self,
        at: &mut Snapshot<'_>,
        stock: &mut InKindStock,
        lot: &Lot,
        line: &Line,
    ) -> Result<Option<ChangeSet>, JobError> {
        let policy = &at.engine.pipeline_of(lot)?.match_donor;
        let smallest = line.smallest_lot.filter(|_| policy.partial);
        let Some((contribution, quantity)) = stock.find(at.coalition, lot, line, smallest) else {
            return Ok(None);
        };
        let mut change_set = ChangeSet::new(JobKind::Round.name(), at.now);
        let mut after = lot.clone();
        if quantity < lot.quantity {
            let rest = Quantity(lot.quantity.0 - quantity.0);
            let part = after.split_off(at.next_part(lot.line()).await?, rest);
            change_set.lots.push(LotChange::created(part, LotEvent::Split));
            change_set.jobs.push(wanted::round(at.engine));
        }
        change_set.records.push(stock.take(at.coalition, &contribution, line, quantity)?);
        after.in_kind = Some(contribution.clone());
        after.because(ReasonCode::InKindOffered, format!("{contribution} gives it in kind"));
        let until = Some(at.now + TimeDelta::days(i64::from(policy.acceptance_days)));
        let awaits = Awaited::Acceptance { contribution };
        change_set.jobs.extend(
            self.connector
                .ask(connectors::ConnectorQuery::Acceptance { lot: &after, line }, at.now),
        );
        let result = StepResult::Wait { awaits, until };
        change_set.lots.push(at.change(lot.clone(), after, result, LotEvent::OfferedInKind)?);
        Ok(Some(change_set))
    }

    async fn funded(
        &self,
        at: &mut Snapshot<'_>,
        lot: Lot,
        line: &Line,
        ask: &Ask,
        funded: Funded<'_>,
    ) -> Result<ChangeSet, JobError> {
        let Funded { quantity, surplus, payments, envelopes } = funded;
        let mut change_set = ChangeSet::new(JobKind::Round.name(), at.now);
        let mut after = lot.clone();
        if quantity < lot.quantity {
            let rest = Quantity(lot.quantity.0 - quantity.0);
            let part = after.split_off(at.next_part(lot.line()).await?, rest);
            change_set.lots.push(LotChange::created(part, LotEvent::Split));
            change_set.jobs.push(wanted::round(at.engine));
        }
        let mut asked = Vec::new();
        for payment in payments {
            let share = at.share(payment, envelopes);
            if share.state == ShareState::Proposed {
                asked.push(share.envelope.clone());
            }
            after.funding.push(share);
        }
        after.offer = ask.quote.offer.as_ref().map(|offer| offer.id.clone());
        after.surplus = surplus;
        let (result, kind) = if asked.is_empty() {
            after.without_reason();
            (StepResult::Done, LotEvent::Matched)
        } else {
            let (result, jobs) = self.ask(at, &after, line, &asked)?;
            change_set.jobs.extend(jobs);
            let donors = at.unanswered(&after).join(", ");
            after.because(ReasonCode::ConsentAsked, format!("{donors} asked to agree"));
            (result, LotEvent::ConsentAsked)
        };
        change_set.lots.push(at.change(lot, after, result, kind)?);
        Ok(change_set)
    }

    /// Asks the donors of these envelopes, and waits for all donors that have not agreed yet.
    fn ask(
        &self,
        at: &Snapshot<'_>,
        lot: &Lot,
        line: &Line,
        asked: &[String],
    ) -> Result<(StepResult, Vec<NewJob>), JobError> {
        let shares = lot.funding.iter().filter(|share| asked.contains(&share.envelope));
        let jobs = shares.flat_map(|share| {
            let donors = unanswered_of(at.coalition, share, at.day);
            let envelope = &share.envelope;
            let question =
                connectors::ConnectorQuery::Consent { lot, line, envelope, donors: &donors };
            self.connector.ask(question, at.now)
        });
        let days = at.engine.pipeline_of(lot)?.match_donor.consent_days;
        let until = Some(at.now + TimeDelta::days(i64::from(days)));
        let awaits = Awaited::Consent { donors: at.unanswered(lot) };
        Ok((StepResult::Wait { awaits, until }, jobs.collect()))
    }

    /// Gives other money to a lot that already had some, or returns `None` if nothing changes.
    fn moved(
        &self,
        at: &Snapshot<'_>,
        lot: Lot,
        line: &Line,
        funded: Funded<'_>,
    ) -> Result<Option<ChangeSet>, JobError> {
        let mut shares: Vec<Share> =
            funded.payments.iter().map(|payment| at.share(payment, funded.envelopes)).collect();
        let mut asked = Vec::new();
        for share in &mut shares {
            let is_same = |old: &&Share| {
                old.envelope == share.envelope
                    && old.amount == share.amount
                    && old.covers == share.covers
            };
            match lot.funding.iter().find(is_same) {
                Some(old) => *share = old.clone(),
                None if share.state == ShareState::Proposed => asked.push(share.envelope.clone()),
                None => {}
            }
        }
        if shares.len() == lot.funding.len() && shares.iter().all(|s| lot.funding.contains(s)) {
            return Ok(None);
        }
        let list = |shares: &[Share]| {
            let shares = shares.iter().map(|share| format!("{} {}", share.envelope, share.amount));
            shares.collect::<Vec<_>>().join(", ")
        };
        let text = format!(
            "on {}: {} instead of {}, so that as much as possible is funded by priority",
            at.day,
            list(&shares),
            list(&lot.funding)
        );
        let mut change_set = ChangeSet::new(JobKind::Round.name(), at.now);
        let mut after = lot.clone();
        after.funding = shares;
        after.surplus = funded.surplus;
        let result = match lot.state() {
            LotState::Waiting { awaits: Awaited::Gathering, until, .. } if asked.is_empty() => {
                StepResult::Wait { awaits: Awaited::Gathering, until: *until }
            }
            // Its new donors have to be asked first, so the lot is matched again.
            LotState::Waiting { awaits: Awaited::Gathering, .. } => {
                return displaced(at, lot, "its new donors have to agree first").map(Some);
            }
            _ if after.proposed().is_empty() => StepResult::Done,
            _ => {
                let (result, jobs) = self.ask(at, &after, line, &asked)?;
                change_set.jobs.extend(jobs);
                result
            }
        };
        after.because(ReasonCode::Rerouted, text);
        change_set.lots.push(at.change(lot, after, result, LotEvent::Rerouted)?);
        Ok(Some(change_set))
    }
}
