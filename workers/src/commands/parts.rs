//! Splits and merges lots of one line by hand, before anything is set aside for them.

use waybill_shared::domain::ids::LotId;
use waybill_shared::domain::kinds::{LotEvent, ReasonCode};
use waybill_shared::domain::lot::{Awaited, Lot, LotState, Outcome, last_part};
use waybill_shared::domain::quantity::Quantity;
use waybill_shared::domain::transition::StepResult;
use waybill_shared::store::LotChange;

use super::lots::ended;
use super::{Context, Decided, already, refuse};
use crate::documents::Refusal;
use crate::wanted;

/// Refuses if `lot` cannot be split or merged now.
fn is_loose(lot: &Lot) -> Result<(), Refusal> {
    if !lot.funding.is_empty() || lot.order.is_some() || lot.in_kind.is_some() {
        let id = lot.id;
        return Err(refuse(format!("{id} has money or goods set aside: hold it first")));
    }
    match lot.state() {
        LotState::Waiting {
            awaits: Awaited::Funding | Awaited::Offer | Awaited::Release, ..
        } => Ok(()),
        LotState::Closed(_) => Err(ended(lot)),
        LotState::Ready { .. }
        | LotState::Waiting { .. }
        | LotState::RetryAt { .. }
        | LotState::Parked { .. } => {
            let id = lot.id;
            Err(refuse(format!(
                "{id} does not wait for money or an offer and is not on hold: hold it first"
            )))
        }
    }
}

impl Context<'_> {
    pub(super) async fn split(
        &self,
        id: LotId,
        quantity: Quantity,
        again: bool,
    ) -> Result<Decided, Refusal> {
        let lot = self.desk.lot(id).await?;
        if let Some((before, after)) =
            self.last::<Lot>(&id.to_string(), LotEvent::Split.name()).await?
            && !again
            && before.quantity == Quantity(after.quantity.0 + quantity.0)
        {
            return already(format!(
                "{quantity} was already split off it; `again` splits off as much once more"
            ));
        }
        is_loose(&lot)?;
        let lines = self.desk.engine.lines_of([&lot]).await?;
        let line = lines.get(&id.line()).ok_or_else(|| refuse(format!("{id} has no line")))?;
        let unit_name = line.unit.name();
        if quantity.0 <= 0 || quantity >= lot.quantity {
            let whole = lot.quantity;
            return Err(refuse(format!(
                "{id} has {whole} {unit_name}: split off more than 0 and less than that, not \
                 {quantity}"
            )));
        }
        if !quantity.fits(line.unit) {
            return Err(refuse(format!("{quantity} {unit_name} is not a possible quantity")));
        }
        let rest = lot.quantity.less(quantity);
        if let Some(smallest) = line.smallest_lot.filter(|s| quantity < *s || rest < *s) {
            let least = format!(
                "a lot of this line is at least {smallest} {unit_name}, and so is what is left"
            );
            return Err(refuse(format!("{id}: {least}")));
        }
        let parts = self.desk.engine.store.lots_of_line(id.line()).await?;
        let next = last_part(&parts) + 1;
        let next = LotId::of(id.line(), next)
            .ok_or_else(|| refuse(format!("{} cannot be split any further", id.line())))?;
        let mut after = lot.clone();
        let mut part = after.split_off(next, quantity);
        let why = self.because("split by an operator");
        part.reason = format!("{why} (from {id})");
        let mut change_set = self.desk.change_set();
        change_set.lots.push(LotChange::new(lot, after, LotEvent::Split));
        change_set.lots.push(LotChange::created(part, LotEvent::SplitOff));
        change_set.jobs.push(wanted::round(self.desk.engine));
        Ok(change_set.into())
    }

    pub(super) async fn merge(&self, id: LotId, into: LotId) -> Result<Decided, Refusal> {
        if id == into {
            return Err(refuse(format!("{id} cannot be merged into itself")));
        }
        let lot = self.desk.lot(id).await?;
        match lot.state() {
            LotState::Closed(Outcome::Merged { into: there }) if *there == into => {
                return already(format!("it is already merged into {into}"));
            }
            _ => is_loose(&lot)?,
        }
        let target = self.desk.lot(into).await?;
        is_loose(&target)?;
        if id.line() != into.line() {
            return Err(refuse(format!("{id} and {into} belong to different lines")));
        }
        if lot.consignee != target.consignee {
            return Err(refuse(format!("{id} and {into} go to different consignees")));
        }
        let why = self.because("merged by an operator").to_owned();
        let (mut gone, mut grown) = (lot.clone(), target.clone());
        grown.quantity = Quantity(target.quantity.0 + lot.quantity.0);
        grown.reason.clone_from(&why);
        gone.quantity = Quantity::ZERO;
        gone.because(ReasonCode::Merged, format!("{why} (carried by {into})"));
        let result = StepResult::Close(Outcome::Merged { into });
        let mut change_set = self.desk.change_set();
        change_set.lots.push(self.desk.change(lot, gone, result, LotEvent::Merged)?);
        change_set.lots.push(LotChange::new(target, grown, LotEvent::Grown));
        change_set.jobs.push(wanted::round(self.desk.engine));
        Ok(change_set.into())
    }
}
