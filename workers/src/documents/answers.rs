//! Documents that answer questions: reviews, acceptances of goods in kind, consents, approvals.

use waybill_shared::domain::admissible::LONGEST_LEAD;
use waybill_shared::domain::document::Verdict;
use waybill_shared::domain::funding::{Share, ShareState};
use waybill_shared::domain::ids::LotId;
use waybill_shared::domain::kinds::{
    LotEvent, Milestone, ReasonCode, RecordEvent, RecordKind, StepKind,
};
use waybill_shared::domain::lot::{Awaited, Decline, Lot, LotState, Outcome};
use waybill_shared::domain::order::{Order, OrderLine, OrderStatus};
use waybill_shared::domain::transition::{Direction, StepResult};
use waybill_shared::dump::restores;
use waybill_shared::matching::binding::{may_bind, may_give, may_pay, unanswered, unanswered_of};
use waybill_shared::store::{ChangeSet, LotChange};
use waybill_shared::twins::Twins;

use super::{Desk, Refusal};
use crate::connectors::ConnectorQuery;
use crate::orders::StoredOrder;
use crate::wanted;

fn not_asked(lot: &Lot, what: &str) -> Refusal {
    Refusal::DoesNotApply(format!("{} is not waiting for {what}", lot.id))
}

impl Desk<'_> {
    pub(super) async fn review(
        &self,
        id: LotId,
        verdict: Verdict,
        text: &str,
    ) -> Result<ChangeSet, Refusal> {
        let lot = self.lot(id).await?;
        let LotState::Waiting { awaits: Awaited::Review { group, twin }, .. } = lot.state() else {
            return Err(not_asked(&lot, "a review"));
        };
        self.only(group)?;
        let mut after = lot.clone();
        after.chased = 0;
        after.without_reason();
        text.clone_into(&mut after.reason);
        let mut carrier = None;
        let (result, kind) = match verdict {
            Verdict::Approve => {
                let told = twin.filter(|twin| !lot.apart.contains(twin));
                after.apart.extend(told);
                (StepResult::Done, LotEvent::Validated)
            }
            Verdict::Decline => {
                let decline = Decline {
                    code: ReasonCode::DeclinedByReview.name().to_owned(),
                    text: text.to_owned(),
                };
                after.because(ReasonCode::DeclinedByReview, text);
                (StepResult::Close(Outcome::Declined(decline)), LotEvent::Declined)
            }
            Verdict::Return => {
                let lines = self.engine.lines_of([&lot]).await?;
                let requester = lines.get(&id.line()).map(|line| line.requester.clone());
                let awaits = Awaited::Amendment { requester: requester.unwrap_or_default() };
                ReasonCode::SentBack.name().clone_into(&mut after.code);
                (StepResult::Wait { awaits, until: None }, LotEvent::SentBack)
            }
            Verdict::Merge => {
                let into = self.twin(&lot).await?;
                let id = into.id;
                after.because(ReasonCode::Merged, format!("carried by {id}"));
                // Listing the carrier makes the commit fail if the carrier changes meanwhile.
                carrier = Some(LotChange::new(into.clone(), into, LotEvent::CarriesAnother));
                (StepResult::Close(Outcome::Merged { into: id }), LotEvent::Merged)
            }
        };
        let mut change_set = self.change_set().lot(self.change(lot, after, result, kind)?);
        change_set.lots.extend(carrier);
        Ok(change_set)
    }

    /// The lot of another line that carries the same need. Nothing may be merged into a lot that
    /// ended without delivery.
    async fn twin(&self, lot: &Lot) -> Result<Lot, Refusal> {
        let lines = self.engine.lines_of([lot]).await?;
        let line = lines
            .get(&lot.line())
            .ok_or_else(|| Refusal::DoesNotApply(format!("{} has no line", lot.id)))?;
        let mut twins = Twins::of(self.engine, self.coalition, [&**line]).await?;
        if let Some(twin) = twins.twin(lot.line(), line, &lot.apart).await? {
            return self.lot(twin.lot).await;
        }
        let others = self.engine.store.lines_alike(vec![line.likeness()]).await?;
        let mut ended = Vec::new();
        for (other, _) in others.iter().filter(|(other, _)| *other != lot.line()).take(3) {
            let lots = self.engine.store.lots_of_line(*other).await?;
            ended.extend(lots.iter().map(|lot| format!("{} is {}", lot.id, lot.state().name())));
        }
        let id = lot.id;
        Err(Refusal::DoesNotApply(if ended.is_empty() {
            format!("{id} has no duplicate: no other line asks for the same")
        } else {
            let ended = ended.join(", ");
            format!(
                "{id} cannot be merged, because every duplicate has ended: {ended}; approve it \
                 instead"
            )
        }))
    }

    pub(super) async fn acceptance(&self, id: LotId, accepted: bool) -> Result<ChangeSet, Refusal> {
        let lot = self.lot(id).await?;
        let LotState::Waiting { awaits: Awaited::Acceptance { contribution }, .. } = lot.state()
        else {
            return Err(not_asked(&lot, "an answer to an offer in kind"));
        };
        let contribution = contribution.clone();
        let lines = self.engine.lines_of([&lot]).await?;
        let line = lines
            .get(&lot.line())
            .ok_or_else(|| Refusal::DoesNotApply(format!("{} has no line", lot.id)))?;
        self.only(&line.requester)?;
        let mut change_set = self.change_set();
        let mut after = lot.clone();
        if !accepted {
            change_set.jobs.push(wanted::round(self.engine));
            after.refused.push(contribution.clone());
            after.release();
            after.because(ReasonCode::OfferNotAccepted, format!("{contribution} was not accepted"));
            let result = StepResult::Wait { awaits: Awaited::Funding, until: None };
            return Ok(change_set.lot(self.change(
                lot,
                after,
                result,
                LotEvent::InKindNotAccepted,
            )?));
        }
        let day = self.engine.today(self.coalition);
        if let Err(why) = may_give(self.coalition, line, &contribution, day) {
            return Err(Refusal::DoesNotApply(format!(
                "`{contribution}` cannot be accepted for {id} on {day}: it {why}; the next round matches {id} again"
            )));
        }
        let given = self.coalition.contributions.get(&contribution);
        let donor = given.and_then(|c| c.donors.first()).map_or("donor", String::as_str);
        let gift = given.and_then(|c| c.in_kind.iter().find(|gift| gift.item == line.item));
        let lead_days = gift.map_or(30, |gift| gift.lead_days.min(LONGEST_LEAD));
        let now = self.engine.clock.now();
        let zero = waybill_shared::domain::money::Money::zero(line.unit_estimate.currency);
        let due = self.engine.today(self.coalition) + chrono::Days::new(u64::from(lead_days));
        // After a restore the same gift may be given to the same lot again, and the donor may
        // already know the first number.
        let epoch = restores(&*self.engine.store).await?.last().map_or(0, |restore| restore.epoch);
        let again = if epoch > 0 { format!("-{}", epoch + 1) } else { String::new() };
        let first = format!("{}{}{again}", wanted::IN_KIND, lot.id);
        let mut number = first.clone();
        for gift in 2.. {
            // A number is never reused, not even that of a gift that was given up.
            if self.engine.store.record(RecordKind::Order, &number).await?.is_none() {
                break;
            }
            number = format!("{first}_{gift}");
        }
        let order = Order {
            number,
            supplier: donor.to_owned(),
            channel: donor.to_owned(),
            currency: None,
            author: wanted::AUTHOR.to_owned(),
            created: now,
            lines: vec![OrderLine {
                lot: lot.id,
                item: line.item.clone(),
                quantity: lot.quantity,
                packs: None,
                surplus: waybill_shared::domain::quantity::Quantity::ZERO,
                surplus_payer: None,
                surplus_owner: None,
                unit: line.unit,
                unit_price: zero.into(),
                amount: zero,
                charges: Vec::new(),
                offer: contribution.clone(),
                framework: None,
                consignee: lot.consignee(line).to_owned(),
                due,
                shares: Vec::new(),
                ordered_at: None,
                asked: None,
            }],
            in_kind: Some(contribution),
            cancelled: Vec::new(),
            approval: Vec::new(),
        };
        after.order = Some(order.number.clone());
        after.due = Some(due);
        after.without_reason();
        let asked = [(&after, &**line)];
        change_set.jobs =
            self.connector.ask(ConnectorQuery::Delivery { order: &order, lots: &asked }, now);
        let mut filed = StoredOrder::new(order, OrderStatus::Accepted);
        change_set.records.push(filed.lines(RecordEvent::OrderDrawnUp)?);
        change_set.records.push(filed.becomes(OrderStatus::Accepted, RecordEvent::OrderAccepted)?);
        let result = StepResult::Go(Direction::Past(StepKind::IssueOrder));
        Ok(change_set.lot(self.change(lot, after, result, LotEvent::AcceptedInKind)?))
    }

    pub(super) async fn consent(
        &self,
        id: LotId,
        envelope: &str,
        agreed: bool,
    ) -> Result<ChangeSet, Refusal> {
        let lot = self.lot(id).await?;
        let LotState::Waiting { awaits: Awaited::Consent { .. }, until, .. } = lot.state() else {
            return Err(not_asked(&lot, "a consent"));
        };
        let until = *until;
        self.may_consent(&lot, envelope, agreed).await?;
        if lot.order.is_some() {
            return self.raise_consent(lot, envelope, agreed).await;
        }
        let day = self.engine.today(self.coalition);
        let mut change_set = self.change_set();
        let mut after = lot.clone();
        if !agreed {
            after.refused.push(envelope.to_owned());
            after.release();
            after.because(
                ReasonCode::ConsentRefused,
                format!("{envelope} may not be used for this lot"),
            );
            change_set.jobs.push(wanted::round(self.engine));
            let result = StepResult::Wait { awaits: Awaited::Funding, until: None };
            return Ok(change_set.lot(self.change(
                lot,
                after,
                result,
                LotEvent::ConsentRefused,
            )?));
        }
        self.agrees(&mut after, envelope);
        let (result, kind) = if after.proposed().is_empty() {
            after.without_reason();
            (StepResult::Done, LotEvent::Matched)
        } else {
            let donors = unanswered(self.coalition, &after, day);
            after
                .because(ReasonCode::ConsentAsked, format!("{} asked to agree", donors.join(", ")));
            (
                StepResult::Wait { awaits: Awaited::Consent { donors }, until },
                LotEvent::ConsentGiven,
            )
        };
        Ok(change_set.lot(self.change(lot, after, result, kind)?))
    }

    /// Records the sender's consent to the share of `envelope`. The share is agreed once all of its
    /// donors have consented.
    pub(super) fn agrees(&self, lot: &mut Lot, envelope: &str) {
        let day = self.engine.today(self.coalition);
        let asked =
            |share: &&mut Share| share.envelope == envelope && share.state == ShareState::Proposed;
        for share in lot.funding.iter_mut().filter(asked) {
            share.consents.push(self.sender.to_owned());
            if unanswered_of(self.coalition, share, day).is_empty() {
                share.state = ShareState::Agreed;
            }
        }
    }

    /// Whether the sender may answer for `envelope`. The sender must be one of its donors today. To
    /// agree, the money must also still be usable for the lot.
    async fn may_consent(&self, lot: &Lot, envelope: &str, agreed: bool) -> Result<(), Refusal> {
        let not_allowed = |why: String| {
            let sender = self.sender.to_owned();
            Err(Refusal::NotAllowed { sender, why })
        };
        let given = self.coalition.contributions.get(envelope);
        if !given.is_some_and(|given| given.donors.iter().any(|id| id == self.sender)) {
            return not_allowed(format!("`{envelope}` is the money of another donor"));
        }
        if !lot.proposed().iter().any(|asked| asked == envelope) {
            return Err(not_asked(lot, &format!("a consent to the use of `{envelope}`")));
        }
        let day = self.engine.today(self.coalition);
        let party = self.coalition.parties.get(self.sender);
        let may_fund = party.is_some_and(|party| party.may_fund(day));
        if !may_fund && party.is_some_and(|party| party.observes(day)) {
            return not_allowed(format!(
                "it is only an observer on {day}, so its consent is not asked for"
            ));
        }
        if !agreed {
            return Ok(());
        }
        if !may_fund {
            return not_allowed(format!("it is not a member on {day}, so it may not give money"));
        }
        let lines = self.engine.lines_of([lot]).await?;
        if let Some(line) = lines.get(&lot.line())
            && let Err(why) = may_pay(self.coalition, lot, &**line, envelope, day)
        {
            return Err(Refusal::DoesNotApply(format!(
                "`{envelope}` cannot be used for {} on {day}: it {why}",
                lot.id
            )));
        }
        // Only consent to what is asked now counts. The sender may have agreed to other money that
        // is already bound.
        let has_agreed = lot.funding.iter().any(|share| {
            share.envelope == envelope
                && share.state == ShareState::Proposed
                && share.consents.iter().any(|known| known == self.sender)
        });
        if has_agreed {
            return Err(Refusal::DoesNotApply(format!(
                "`{}` has already agreed to the use of `{envelope}` for {}",
                self.sender, lot.id
            )));
        }
        Ok(())
    }

    pub(super) async fn approval(
        &self,
        number: &str,
        approved: bool,
    ) -> Result<ChangeSet, Refusal> {
        let mut filed = self.order(number).await?;
        if filed.status != OrderStatus::AwaitingApproval {
            return Err(Refusal::DoesNotApply(format!("`{number}` is not waiting for approval")));
        }
        if self.sender == filed.order.author {
            let why = "the author of an order cannot approve it".to_owned();
            return Err(Refusal::NotAllowed { sender: self.sender.to_owned(), why });
        }
        let now = self.engine.clock.now();
        let day = self.engine.today(self.coalition);
        let mut change_set = self.change_set();
        let ids: Vec<LotId> = filed.order.lines.iter().map(|line| line.lot).collect();
        let lots = self.lots_under(&filed.order, ids, Milestone::Funded).await?;
        let lines = self.engine.lines_of(&lots).await?;
        for lot in lots {
            if approved
                && let Some(line) = lines.get(&lot.line())
                && let Err(why) = may_bind(self.coalition, &lot, line, day)
            {
                return Err(Refusal::DoesNotApply(format!(
                    "`{number}` cannot be approved on {day}: {why}, which pays for {}; the next \
                     round withdraws the order and matches its lots again",
                    lot.id
                )));
            }
            let mut after = lot.clone();
            let days = self.engine.pipeline_of(&lot)?.issue_order.response_days;
            let until = Some(now + chrono::TimeDelta::days(i64::from(days)));
            let (result, kind) = if approved {
                let awaits = Awaited::Response { order: number.to_owned() };
                after.without_reason();
                (StepResult::Wait { awaits, until }, LotEvent::OrderApproved)
            } else {
                after.release();
                after.because(ReasonCode::OrderNotApproved, format!("{number} was not approved"));
                let wait = StepResult::Wait { awaits: Awaited::Release, until: None };
                (wait, LotEvent::OrderNotApproved)
            };
            change_set.lots.push(self.change(lot, after, result, kind)?);
        }
        change_set.records.push(if approved {
            change_set.jobs.push(wanted::send(&filed.order, now));
            filed.becomes(OrderStatus::Issued, RecordEvent::OrderApproved)?
        } else {
            filed.becomes(OrderStatus::Refused, RecordEvent::OrderNotApproved)?
        });
        Ok(change_set)
    }
}
