//! Documents from outside, each family in a file. A document becomes one change set, or a text says
//! why it cannot be taken.

mod answers;
mod change_response;
mod delivery;
mod inbox;
mod kept;
pub(crate) mod lowering;
mod payment;
mod refused;
mod response;
mod rows;
mod surplus;
mod take;
mod terms;

pub use inbox::{Misread, read_document, watch_inbox};
pub use kept::kept_for;
pub(crate) use kept::{Fate as KeptFate, Kept, wake};
pub(crate) use refused::why as why_refused;
pub(crate) use surplus::filed;
pub(crate) use take::{Settled, receive, settle};
pub use take::{Taken, change_set, take};

use std::sync::Arc;

use waybill_shared::domain::coalition::Coalition;
use waybill_shared::domain::document::{Content, Document};
use waybill_shared::domain::ids::LotId;
use waybill_shared::domain::kinds::{LotEvent, Milestone, StepKind};
use waybill_shared::domain::lot::{Awaited, Lot, LotState};
use waybill_shared::domain::order::Order;
use waybill_shared::domain::rows::{Row, WrongRow};
use waybill_shared::domain::transition::{Direction, StepResult, UnknownVersion};
use waybill_shared::engine::Engine;
use waybill_shared::job::JobError;
use waybill_shared::store::{ChangeSet, LotChange, StoreError};

use self::rows::Named;
use crate::connectors::Connector;
use crate::orders::StoredOrder;

#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// It is about something that does not exist or is no longer at that point.
    #[error("{0}")]
    DoesNotApply(String),
    #[error("`{sender}` may not send this: {why}")]
    NotAllowed {
        sender: String,
        /// Who may send it, as a text for people.
        why: String,
    },
    #[error("`{sender}` has already sent a different document with the number `{number}`")]
    OtherOfThatNumber { sender: String, number: String },
    /// Some of its rows are wrong, so none is taken.
    #[error("{}", rows_told(.0))]
    Rows(Vec<WrongRow>),
    /// Its time has not come, so it is kept.
    #[error("it is kept {until}")]
    Early {
        /// What has to happen first.
        until: String,
    },
    /// It could not be processed now. This says nothing about the document.
    #[error(transparent)]
    Failed(#[from] JobError),
}

impl From<UnknownVersion> for Refusal {
    fn from(unknown: UnknownVersion) -> Self {
        Self::Failed(unknown.into())
    }
}

/// The most wrong rows that a refusal lists.
const TOLD: usize = 20;

fn rows_told(rows: &[WrongRow]) -> String {
    let told: Vec<String> = rows.iter().take(TOLD).map(ToString::to_string).collect();
    let more = rows.len().saturating_sub(TOLD);
    let more = if more == 0 { String::new() } else { format!("; and {more} more rows") };
    format!("nothing was taken: {}{more}", told.join("; "))
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

/// What is needed to decide about a document.
pub(crate) struct Desk<'a> {
    pub(crate) engine: &'a Engine,
    pub(crate) connector: &'a Arc<dyn Connector>,
    pub(crate) coalition: &'a Coalition,
    pub(crate) sender: &'a str,
}

impl Desk<'_> {
    /// The changes that `document` makes.
    pub(crate) async fn take(&self, document: &Document) -> Result<ChangeSet, Refusal> {
        match &document.content {
            Content::Review { lot, verdict, text } => self.review(*lot, *verdict, text).await,
            Content::Acceptance { lot, accepted } => self.acceptance(*lot, *accepted).await,
            Content::Consent { lot, envelope, agreed } => {
                self.consent(*lot, envelope, *agreed).await
            }
            Content::Approval { order, approved } => self.approval(order, *approved).await,
            Content::TermsDecision { order, decision, lots, text } => {
                self.terms_decision(order, *decision, lots, text).await
            }
            Content::OrderResponse { order, lines } => {
                let named = self.named(order, lines).await?;
                let change_set = self.response(order, &named.rows).await?;
                self.all_taken(lines, &named.lots, change_set)
            }
            Content::OrderChangeResponse { order, change, accepted, text } => {
                self.change_response(order, change, *accepted, text).await
            }
            Content::DespatchAdvice { order, lines } => {
                let named = self.some(order, lines).await?;
                let lots = named.lots.clone();
                let change_set = self.despatch(order, named).await?;
                self.all_taken(lines, &lots, change_set)
            }
            Content::ReceiptAdvice { order, lines } => {
                let named = self.some(order, lines).await?;
                let lots = named.lots.clone();
                let change_set = self.receipt(order, named).await?;
                self.all_taken(lines, &lots, change_set)
            }
            Content::Payment { order, date, lines } => {
                let named = self.some(order, lines).await?;
                let change_set = self.payment(order, *date, &named).await?;
                self.all_taken(lines, &named.lots, change_set)
            }
        }
    }

    /// Like [`Desk::named`], but refuses documents without rows.
    async fn some<R: Row>(&self, order: &str, rows: &[R]) -> Result<Named<R>, Refusal> {
        if rows.is_empty() {
            return Err(Refusal::DoesNotApply(
                "it has no rows: name the lots concerned".to_owned(),
            ));
        }
        self.named(order, rows).await
    }

    pub(crate) fn change_set(&self) -> ChangeSet {
        ChangeSet::new(self.sender, self.engine.clock.now())
    }

    pub(crate) async fn lot(&self, id: LotId) -> Result<Lot, Refusal> {
        let found = self.engine.store.lots_by_id(&[id.0]).await?.pop();
        found.ok_or_else(|| Refusal::DoesNotApply(format!("there is no lot {id}")))
    }

    pub(crate) async fn order(&self, number: &str) -> Result<StoredOrder, Refusal> {
        let found = StoredOrder::read(self.engine, number).await?;
        found.ok_or_else(|| Refusal::DoesNotApply(format!("there is no order `{number}`")))
    }

    /// Those of the lots `ids` that are open under `order` and have `reached` this milestone,
    /// ordered by id.
    async fn lots_under(
        &self,
        order: &Order,
        ids: impl IntoIterator<Item = LotId>,
        reached: Milestone,
    ) -> Result<Vec<Lot>, Refusal> {
        let ids: Vec<i64> = ids.into_iter().map(|id| id.0).collect();
        let lots = self.engine.store.lots_by_id(&ids).await?;
        let mut under = Vec::new();
        for lot in lots {
            let is_open = match lot.state() {
                LotState::Ready { .. } | LotState::Waiting { .. } => true,
                LotState::RetryAt { .. } | LotState::Parked { .. } | LotState::Closed(_) => false,
            };
            let is_under = is_open && lot.order.as_deref() == Some(&order.number);
            if is_under && self.reached(&lot)? == Some(reached) {
                under.push(lot);
            }
        }
        Ok(under)
    }

    /// The last milestone that `lot` has passed, or `None` if it has ended.
    pub(crate) fn reached(&self, lot: &Lot) -> Result<Option<Milestone>, Refusal> {
        Ok(self.engine.reached(lot)?)
    }

    /// Whether the supplier of `lot` has accepted its order.
    fn is_accepted(&self, lot: &Lot) -> Result<bool, Refusal> {
        Ok(self.reached(lot)? == Some(Milestone::Ordered))
    }

    /// How `lot` continues once its terms are settled: it goes on waiting for its delivery under
    /// `order`, or starts its step again.
    fn on_order(lot: &Lot, order: &str) -> StepResult {
        if !lot.state().is_at(StepKind::ConfirmDelivery) {
            return StepResult::Go(Direction::Again);
        }
        let awaits = Awaited::Delivery { order: order.to_owned() };
        StepResult::Wait { awaits, until: None }
    }

    pub(crate) fn change(
        &self,
        before: Lot,
        after: Lot,
        result: StepResult,
        kind: LotEvent,
    ) -> Result<LotChange, Refusal> {
        let advanced = self.engine.advance(before, after, result, kind);
        advanced.map_err(|error| Refusal::DoesNotApply(error.to_string()))
    }

    /// The change that creates `part`, which was split off another lot, in the state that `result`
    /// leads to.
    pub(crate) fn part(
        &self,
        part: Lot,
        result: StepResult,
        kind: LotEvent,
    ) -> Result<LotChange, Refusal> {
        let made = self.engine.part(part, result, kind);
        made.map_err(|error| Refusal::DoesNotApply(error.to_string()))
    }

    /// Refuses the document unless `party` sent it.
    fn only(&self, party: &str) -> Result<(), Refusal> {
        if self.sender == party {
            return Ok(());
        }
        let why = format!("only `{party}` may send it");
        Err(Refusal::NotAllowed { sender: self.sender.to_owned(), why })
    }
}
