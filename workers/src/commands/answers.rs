//! Answers that were given to the secretariat: reviews, consents, acceptances and approvals. Each
//! becomes the document that its sender could have sent.

use waybill_shared::domain::document::{Content, Document, Verdict};
use waybill_shared::domain::ids::LotId;
use waybill_shared::domain::kinds::Milestone;
use waybill_shared::domain::lot::{Awaited, Lot, LotState, Outcome};
use waybill_shared::domain::order::{OrderStatus, TermsDecision};
use waybill_shared::matching::binding::unanswered_of;
use waybill_shared::store::ChangeSet;

use super::{Context, Decided, already, refuse};
use crate::documents::{Refusal, change_set};
use crate::orders::StoredOrder;

/// The number of a document that answers for `lot`. It contains the lot's version, so that each
/// question is answered once.
fn number(what: &str, lot: &Lot) -> String {
    format!("{what}-{}-{}", lot.id, lot.version)
}

impl Context<'_> {
    pub(super) async fn review(&self, id: LotId, verdict: Verdict) -> Result<Decided, Refusal> {
        let lot = self.desk.lot(id).await?;
        let is_past = self.desk.reached(&lot)? >= Some(Milestone::Validated);
        let group = match (lot.state(), verdict) {
            (LotState::Waiting { awaits: Awaited::Review { group, .. }, .. }, _) => group.clone(),
            (LotState::Closed(Outcome::Declined(_)), Verdict::Decline) => {
                return already("it is already declined");
            }
            (LotState::Closed(Outcome::Merged { .. }), Verdict::Merge) => {
                return already("it is already merged");
            }
            (LotState::Waiting { awaits: Awaited::Amendment { .. }, .. }, Verdict::Return) => {
                return already("it was already sent back");
            }
            (_, Verdict::Approve) if is_past => return already("its review is already over"),
            _ => {
                let state = match lot.state().awaits() {
                    Some(awaits) => format!("waiting for {}", awaits.name()),
                    None => lot.state().name().to_owned(),
                };
                return Err(refuse(format!("{id} is not waiting for a review: it is {state}")));
            }
        };
        let text = self.reason.to_owned();
        let content = Content::Review { lot: id, verdict, text };
        self.answer(group, number("REVIEW", &lot), content).await
    }

    pub(super) async fn consent(
        &self,
        id: LotId,
        envelope: Option<&str>,
        agreed: bool,
    ) -> Result<Decided, Refusal> {
        let lot = self.desk.lot(id).await?;
        if !matches!(lot.state(), LotState::Waiting { awaits: Awaited::Consent { .. }, .. }) {
            let is_agreed = agreed && !lot.funding.is_empty() && lot.proposed().is_empty();
            return if is_agreed {
                already("every donor has already agreed")
            } else {
                Err(refuse(format!(
                    "{id} is not waiting for a consent: it is {}",
                    lot.state().name()
                )))
            };
        }
        let open = lot.proposed();
        let envelope = match envelope {
            Some(envelope) => envelope.to_owned(),
            None if open.len() == 1 => open[0].clone(),
            None => {
                let which = open.join(", ");
                return Err(refuse(format!(
                    "{id} needs several consents: name one envelope of {which}"
                )));
            }
        };
        if agreed && lot.funding.iter().any(|s| s.envelope == envelope) && !open.contains(&envelope)
        {
            return already(format!("the donors of {envelope} have already agreed"));
        }
        // If several donors have to agree, each is answered for in turn.
        let day = self.desk.engine.today(self.coalition());
        let share = lot.funding.iter().find(|share| share.envelope == envelope);
        let unanswered = share.map(|share| unanswered_of(self.coalition(), share, day));
        let given = self.coalition().contributions.get(&envelope);
        let donor = unanswered.as_ref().and_then(|donors| donors.first());
        let donor = donor.or_else(|| given.and_then(|given| given.donors.first()));
        let donor = donor.ok_or_else(|| refuse(format!("there is no envelope `{envelope}`")))?;
        let number = format!("{}-{envelope}", number("CONSENT", &lot));
        let content = Content::Consent { lot: id, envelope, agreed };
        self.answer(donor.clone(), number, content).await
    }

    pub(super) async fn accept(&self, id: LotId, accepted: bool) -> Result<Decided, Refusal> {
        let lot = self.desk.lot(id).await?;
        if !matches!(lot.state(), LotState::Waiting { awaits: Awaited::Acceptance { .. }, .. }) {
            return if accepted && lot.in_kind.is_some() {
                already("it is already accepted")
            } else {
                Err(refuse(format!("{id} has no offer in kind to answer")))
            };
        }
        let lines = self.desk.engine.lines_of([&lot]).await?;
        let line = lines.get(&id.line()).ok_or_else(|| refuse(format!("{id} has no line")))?;
        let content = Content::Acceptance { lot: id, accepted };
        self.answer(line.requester.clone(), number("ACCEPT", &lot), content).await
    }

    pub(super) async fn approve(&self, order: &str, approved: bool) -> Result<Decided, Refusal> {
        let filed = StoredOrder::read(self.desk.engine, order).await?;
        let filed = filed.ok_or_else(|| refuse(format!("there is no order `{order}`")))?;
        match (filed.status, approved) {
            (OrderStatus::AwaitingApproval, _) => {}
            (OrderStatus::Refused, false) => return already("it was already disapproved"),
            (
                OrderStatus::Issued
                | OrderStatus::Sent
                | OrderStatus::Changed
                | OrderStatus::Accepted,
                true,
            ) => {
                return already("it is already approved, or needs no approval");
            }
            _ => return Err(refuse(format!("`{order}` is not waiting for an approval"))),
        }
        let content = Content::Approval { order: order.to_owned(), approved };
        self.answer(self.desk.sender.to_owned(), format!("APPROVE-{order}"), content).await
    }

    pub(super) async fn decide_terms(
        &self,
        order: &str,
        decision: TermsDecision,
        lots: &[LotId],
    ) -> Result<Decided, Refusal> {
        let filed = StoredOrder::read(self.desk.engine, order).await?;
        let filed = filed.ok_or_else(|| refuse(format!("there is no order `{order}`")))?;
        if filed.status != OrderStatus::Changed {
            return Err(refuse(format!("its supplier has not changed the terms of `{order}`")));
        }
        // The version makes each change of terms need its own decision.
        let number = format!("TERMS-{order}-{}", filed.version());
        let (order, lots, text) = (order.to_owned(), lots.to_vec(), self.reason.to_owned());
        let content = Content::TermsDecision { order, decision, lots, text };
        self.answer(self.desk.sender.to_owned(), number, content).await
    }

    /// The changes of a document in the name of `sender`, submitted by the person at the desk.
    async fn answer(
        &self,
        sender: String,
        number: String,
        content: Content,
    ) -> Result<Decided, Refusal> {
        let document = Document { sender, number, content };
        let changes: Option<ChangeSet> =
            change_set(self.desk.engine, self.desk.connector, &document).await?;
        match changes {
            None => already("this answer was taken before"),
            Some(mut changes) => {
                self.desk.sender.clone_into(&mut changes.actor);
                Ok(changes.into())
            }
        }
    }
}
