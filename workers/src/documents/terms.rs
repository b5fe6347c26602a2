//! The secretariat's decisions on terms that a supplier changed. The terms are accepted, with the
//! consents that this needs, or the lots leave the order. A numbered message informs the supplier.

use std::collections::BTreeMap;

use waybill_shared::domain::funding::{Share, ShareState};
use waybill_shared::domain::ids::LotId;
use waybill_shared::domain::kinds::{LotEvent, ReasonCode, RecordEvent, StepKind};
use waybill_shared::domain::lot::{Awaited, Lot, LotState};
use waybill_shared::domain::order::{Order, OrderLine, OrderStatus, TermsDecision};
use waybill_shared::domain::requisition::Line;
use waybill_shared::domain::transition::{Direction, StepResult};
use waybill_shared::matching::binding::{may_pay, unanswered, unanswered_of};
use waybill_shared::store::{ChangeSet, EnvelopeRow};

use super::{Desk, Refusal};
use crate::connectors::ConnectorQuery;
use crate::documents::lowering::stays_if_paid;
use crate::orders::{Message, StoredOrder};
use crate::terms::{Purse, agree, asked_anew, bind};
use crate::wanted;

/// The effects of a decision, collected lot by lot.
struct Deciding<'a> {
    filed: &'a mut StoredOrder,
    change_set: ChangeSet,
    envelopes: BTreeMap<String, EnvelopeRow>,
    /// Lines whose terms are settled, with their new content.
    settled: Vec<OrderLine>,
    /// Lots that stay under the order and are now to be delivered.
    go_on: Vec<Lot>,
    /// Lots that leave the order.
    leave: Vec<Lot>,
}

impl Desk<'_> {
    pub(super) async fn terms_decision(
        &self,
        number: &str,
        decision: TermsDecision,
        only: &[LotId],
        text: &str,
    ) -> Result<ChangeSet, Refusal> {
        let mut filed = self.order(number).await?;
        if filed.status != OrderStatus::Changed {
            let text = format!("its supplier has not changed the terms of `{number}`");
            return Err(Refusal::DoesNotApply(text));
        }
        if self.sender == filed.order.supplier {
            let why = "the supplier cannot decide about terms that it changed itself".to_owned();
            return Err(Refusal::NotAllowed { sender: self.sender.to_owned(), why });
        }
        let lots = self.asked_lots(&filed.order, only).await?;
        let requested = self.engine.lines_of(&lots).await?;
        let rows = self.engine.store.envelopes().await?;
        let mut deciding = Deciding {
            filed: &mut filed,
            change_set: self.change_set(),
            envelopes: rows.into_iter().map(|row| (row.id.clone(), row)).collect(),
            settled: Vec::new(),
            go_on: Vec::new(),
            leave: Vec::new(),
        };
        for lot in lots {
            let requested = requested.get(&lot.line());
            let requested = requested
                .ok_or_else(|| Refusal::DoesNotApply(format!("{} has no line", lot.id)))?;
            match decision {
                TermsDecision::Accept => self.accept_terms(&mut deciding, lot, requested)?,
                TermsDecision::Rematch | TermsDecision::Reject => {
                    self.decline_terms(&mut deciding, lot, decision, text)?;
                }
            }
        }
        let Deciding { change_set, settled, go_on, leave, .. } = deciding;
        let note = match (decision, text) {
            (_, text) if !text.is_empty() => text,
            (TermsDecision::Accept, _) => "the changed terms are accepted",
            (TermsDecision::Rematch | TermsDecision::Reject, _) => {
                "the changed terms are not accepted"
            }
        };
        self.decided(filed, change_set, note, (&settled, &go_on, &leave)).await
    }

    /// The lots whose terms wait for a decision. If `only` names lots, just those.
    async fn asked_lots(&self, order: &Order, only: &[LotId]) -> Result<Vec<Lot>, Refusal> {
        let is_asked = |line: &&OrderLine| {
            line.asked.is_some() && (only.is_empty() || only.contains(&line.lot))
        };
        let ids: Vec<i64> = order.lines.iter().filter(is_asked).map(|line| line.lot.0).collect();
        let mut lots = self.engine.store.lots_by_id(&ids).await?;
        let waits = |lot: &Lot| matches!(lot.state().awaits(), Some(Awaited::Terms { .. }));
        lots.retain(|lot| lot.order.as_deref() == Some(&*order.number) && waits(lot));
        let found: Vec<LotId> = lots.iter().map(|lot| lot.id).collect();
        if let Some(missing) = only.iter().find(|lot| !found.contains(lot)) {
            let text = format!("{missing} is not waiting for a decision on its terms");
            return Err(Refusal::DoesNotApply(text));
        }
        if lots.is_empty() {
            let text =
                format!("no lot of `{}` is waiting for a decision on its terms", order.number);
            return Err(Refusal::DoesNotApply(text));
        }
        Ok(lots)
    }

    fn accept_terms(
        &self,
        deciding: &mut Deciding<'_>,
        lot: Lot,
        requested: &Line,
    ) -> Result<(), Refusal> {
        let refuse = |why: String| {
            let ways = "match it again, or reject the terms";
            Refusal::DoesNotApply(format!("{}: {why}; {ways}", lot.id))
        };
        let pipeline = self.engine.pipeline_of(&lot)?;
        let order = &deciding.filed.order;
        let line = order.lines.iter().find(|line| line.lot == lot.id);
        let asked = line.and_then(|line| Some((line, line.asked.as_ref()?)));
        let (line, terms) =
            asked.ok_or_else(|| refuse("no changed terms are asked for".to_owned()))?;
        let mut purse = Purse {
            coalition: self.coalition,
            day: self.engine.today(self.coalition),
            policy: &pipeline.match_donor,
            tolerance_per_mille: pipeline.issue_order.tolerance_per_mille,
            envelopes: &mut deciding.envelopes,
        };
        let price = terms.unit_price;
        let more = purse.raise(order, line, (&lot, requested), price).map_err(refuse)?;
        let mut after = lot.clone();
        after.funding.extend(more);
        let day = self.engine.today(self.coalition);
        let asked = |share: &&Share| share.state == ShareState::Proposed;
        if !after.funding.iter().any(|share| asked(&share)) {
            return self.settle_terms(deciding, lot, after);
        }
        let days = i64::from(pipeline.match_donor.consent_days);
        let now = self.engine.clock.now();
        for share in after.funding.iter().filter(asked) {
            let (envelope, donors) = (&share.envelope, unanswered_of(self.coalition, share, day));
            let question =
                ConnectorQuery::Consent { lot: &after, line: requested, envelope, donors: &donors };
            deciding.change_set.jobs.extend(self.connector.ask(question, now));
        }
        let donors = unanswered(self.coalition, &after, day);
        let text = format!("{} asked to agree to {price} a unit", donors.join(", "));
        after.because(ReasonCode::ConsentAsked, text);
        let until = Some(now + chrono::TimeDelta::days(days));
        let result = StepResult::Wait { awaits: Awaited::Consent { donors }, until };
        deciding.change_set.lots.push(self.change(lot, after, result, LotEvent::ConsentAsked)?);
        Ok(())
    }

    /// Binds the money, which is available, and makes the requested terms those of the line.
    fn settle_terms(
        &self,
        deciding: &mut Deciding<'_>,
        lot: Lot,
        mut after: Lot,
    ) -> Result<(), Refusal> {
        bind(&mut after);
        let lines = &mut deciding.filed.order.lines;
        if let Some(line) = lines.iter_mut().find(|line| line.lot == lot.id) {
            agree(line, &after);
            after.due = Some(line.due);
            deciding.settled.push(line.clone());
        }
        self.goes_on(deciding, lot, after)
    }

    /// Continues a lot under its order: its order counts as accepted, or it goes on waiting for its
    /// delivery.
    fn goes_on(
        &self,
        deciding: &mut Deciding<'_>,
        lot: Lot,
        mut after: Lot,
    ) -> Result<(), Refusal> {
        after.chased = 0;
        after.without_reason();
        let (result, kind) = if self.is_accepted(&lot)? {
            (Self::on_order(&lot, &deciding.filed.order.number), LotEvent::OrderChanged)
        } else {
            deciding.go_on.push(after.clone());
            (StepResult::Done, LotEvent::OrderAccepted)
        };
        deciding.change_set.lots.push(self.change(lot, after, result, kind)?);
        Ok(())
    }

    fn decline_terms(
        &self,
        deciding: &mut Deciding<'_>,
        lot: Lot,
        decision: TermsDecision,
        text: &str,
    ) -> Result<(), Refusal> {
        let mut after = lot.clone();
        let number = deciding.filed.order.number.clone();
        let lines = &mut deciding.filed.order.lines;
        // The supplier has already accepted this lot, so it has to deliver it as agreed.
        if decision == TermsDecision::Reject && self.is_accepted(&lot)? {
            if let Some(line) = lines.iter_mut().find(|line| line.lot == lot.id) {
                line.asked = None;
                deciding.settled.push(line.clone());
            }
            return self.goes_on(deciding, lot, after);
        }
        stays_if_paid(&lot)?;
        let asked = lines.iter().position(|line| line.lot == lot.id).map(|at| lines.remove(at));
        if decision == TermsDecision::Reject {
            // The supplier may be asked again, but not at that price.
            let offer = after.offer.as_ref().and_then(|id| self.coalition.offers.get(id));
            let terms = asked.and_then(|line| line.asked);
            after.refused.extend(offer.zip(terms).map(|(offer, terms)| {
                waybill_shared::domain::supplier::Offer {
                    unit_price: terms.unit_price,
                    ..offer.clone()
                }
                .at_price()
            }));
        }
        after.release();
        after.chased = 0;
        let why = if text.is_empty() { "the changed terms are not accepted" } else { text };
        after.because(ReasonCode::TermsDeclined, format!("{number}: {why}"));
        deciding.leave.push(lot.clone());
        let result = StepResult::Go(Direction::Back(StepKind::MatchDonor));
        deciding.change_set.lots.push(self.change(lot, after, result, LotEvent::OrderCancelled)?);
        Ok(())
    }

    /// Stores the decision and informs the supplier.
    async fn decided(
        &self,
        mut filed: StoredOrder,
        mut change_set: ChangeSet,
        note: &str,
        (settled, go_on, leave): (&[OrderLine], &[Lot], &[Lot]),
    ) -> Result<ChangeSet, Refusal> {
        if !settled.is_empty() {
            Message::terms(&filed.order, settled, note).file(self.engine, &mut change_set).await?;
        }
        if !leave.is_empty() {
            Message::cancelled(&filed.order, leave, note)
                .file(self.engine, &mut change_set)
                .await?;
        }
        if !go_on.is_empty() {
            change_set.jobs.extend(self.await_delivery(&filed.order, go_on).await?);
        }
        let (status, event) = if filed.order.lines.is_empty() {
            (OrderStatus::Cancelled, RecordEvent::OrderCancelled)
        } else if filed.order.is_changed() {
            (OrderStatus::Changed, RecordEvent::OrderTermsChanged)
        } else {
            (OrderStatus::Accepted, RecordEvent::OrderAccepted)
        };
        change_set.records.push(filed.lines(RecordEvent::OrderTermsDecided)?);
        if filed.status != status {
            change_set.records.push(filed.becomes(status, event)?);
        }
        change_set.jobs.push(wanted::round(self.engine));
        Ok(change_set)
    }

    /// A donor's answer to the request to pay more for a lot on order.
    pub(super) async fn raise_consent(
        &self,
        lot: Lot,
        envelope: &str,
        agreed: bool,
    ) -> Result<ChangeSet, Refusal> {
        let number = lot.order.clone().unwrap_or_default();
        let mut filed = self.order(&number).await?;
        let change_set = self.change_set();
        if !agreed {
            let why = format!("{envelope} may not be used for the higher price");
            let (mut change_set, id) =
                self.not_agreed(filed, change_set, lot, (ReasonCode::ConsentRefused, &why))?;
            let change = change_set.lots.iter_mut().find(|change| change.after.id == id);
            if let Some(change) = change {
                change.after.refused.push(envelope.to_owned());
            }
            return Ok(change_set);
        }
        let mut after = lot.clone();
        self.agrees(&mut after, envelope);
        let day = self.engine.today(self.coalition);
        if !after.proposed().is_empty() {
            let until = match lot.state() {
                LotState::Waiting { until, .. } => *until,
                LotState::Ready { .. }
                | LotState::RetryAt { .. }
                | LotState::Parked { .. }
                | LotState::Closed(_) => None,
            };
            let awaits = Awaited::Consent { donors: unanswered(self.coalition, &after, day) };
            let result = StepResult::Wait { awaits, until };
            return Ok(change_set.lot(self.change(lot, after, result, LotEvent::ConsentGiven)?));
        }
        // A donor that agreed some days ago may no longer be allowed to fund.
        let lines = self.engine.lines_of([&lot]).await?;
        let is_new = |share: &&Share| share.state == ShareState::Agreed;
        if let Some(line) = lines.get(&lot.line())
            && let Some((share, why)) = after.funding.iter().filter(is_new).find_map(|share| {
                let why = may_pay(self.coalition, &lot, &**line, &share.envelope, day).err()?;
                Some((share, why))
            })
        {
            let why = format!("{} {why}", share.envelope);
            return self
                .not_agreed(filed, change_set, lot, (ReasonCode::NotBindable, &why))
                .map(|(change_set, _)| change_set);
        }
        let mut deciding = Deciding {
            filed: &mut filed,
            change_set,
            envelopes: BTreeMap::new(),
            settled: Vec::new(),
            go_on: Vec::new(),
            leave: Vec::new(),
        };
        self.settle_terms(&mut deciding, lot, after)?;
        let Deciding { change_set, settled, go_on, leave, .. } = deciding;
        let note = "the changed terms are accepted";
        self.decided(filed, change_set, note, (&settled, &go_on, &leave)).await
    }

    /// The additional money is not given after all, so the secretariat has to decide again.
    fn not_agreed(
        &self,
        mut filed: StoredOrder,
        mut change_set: ChangeSet,
        lot: Lot,
        (code, why): (ReasonCode, &str),
    ) -> Result<(ChangeSet, LotId), Refusal> {
        let id = lot.id;
        let change = asked_anew(self.engine, lot, code, why)
            .map_err(|error| Refusal::DoesNotApply(error.to_string()))?;
        change_set.lots.push(change);
        let line = filed.order.lines.iter_mut().find(|line| line.lot == id);
        if let Some(terms) = line.and_then(|line| line.asked.as_mut()) {
            why.clone_into(&mut terms.why);
        }
        change_set.records.push(filed.lines(RecordEvent::OrderTermsChanged)?);
        let now = self.engine.clock.now();
        let (order, version) = (&filed.order, filed.version());
        let question = ConnectorQuery::Terms { order, version, is_payable: false };
        change_set.jobs.extend(self.connector.ask(question, now));
        change_set.jobs.push(wanted::round(self.engine));
        Ok((change_set, id))
    }
}
