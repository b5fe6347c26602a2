//! Reduces what is on order: a lot, or a part of it, leaves its order with its exact part of the
//! money, and the order shrinks accordingly.

use waybill_shared::domain::ids::LotId;
use waybill_shared::domain::kinds::{LotEvent, ReasonCode, StepKind};
use waybill_shared::domain::lot::Lot;
use waybill_shared::domain::order::{CancelledPart, Order, OrderLine};
use waybill_shared::domain::quantity::Quantity;
use waybill_shared::domain::transition::{Direction, StepResult};
use waybill_shared::store::{ChangeSet, LotChange};

use crate::documents::{Desk, Refusal};

/// An order that shrinks as lots leave it.
pub(crate) struct Lowering<'a> {
    pub(crate) desk: &'a Desk<'a>,
    pub(crate) order: &'a mut Order,
    /// Why lots leave: a stable code, and a text for people.
    pub(crate) because: (ReasonCode, String),
    /// The event of a lot that leaves as a whole.
    pub(crate) event: LotEvent,
}

impl Lowering<'_> {
    /// Takes the quantity `by` of `lot` off the order and has it matched again. `last` is the
    /// number of the last part of its line; it grows with each part that is split off.
    pub(crate) async fn lower(
        &mut self,
        change_set: &mut ChangeSet,
        lot: Lot,
        by: Quantity,
        last: &mut i64,
    ) -> Result<(), Refusal> {
        stays_if_paid(&lot)?;
        let back = StepResult::Go(Direction::Back(StepKind::MatchDonor));
        if by >= lot.quantity {
            self.line_says_less(change_set, &lot).await?;
            let mut after = lot.clone();
            self.leaves(&mut after);
            change_set.lots.push(self.desk.change(lot, after, back, self.event)?);
            return Ok(());
        }
        *last += 1;
        let id = LotId::of(lot.line(), *last).ok_or_else(|| {
            Refusal::DoesNotApply(format!("{} cannot be split any further", lot.line()))
        })?;
        let mut kept = lot.clone();
        let mut part = kept.split_off(id, by);
        self.line_says_less(change_set, &part).await?;
        self.leaves(&mut part);
        change_set.lots.push(LotChange::new(lot, kept, LotEvent::Lowered));
        change_set.lots.push(self.desk.part(part, back, LotEvent::SplitOff)?);
        Ok(())
    }

    /// Counts as a refusal by the offer, so that the same offer is asked at most three times.
    fn leaves(&self, lot: &mut Lot) {
        lot.refused.extend(lot.offer.clone());
        lot.release();
        lot.chased = 0;
        let (code, reason) = &self.because;
        lot.because(*code, reason.clone());
    }

    /// Takes the quantity and the money of `gone` off its order line.
    async fn line_says_less(&mut self, change_set: &ChangeSet, gone: &Lot) -> Result<(), Refusal> {
        let is_shared = self.is_shared(change_set, gone).await?;
        let lines = &mut self.order.lines;
        let own = lines.iter().position(|line| line.lot == gone.order_line());
        let place = own.or_else(|| lines.iter().rposition(|line| line.lot.line() == gone.line()));
        let Some(place) = place else { return Ok(()) };
        let line = &mut lines[place];
        let lot = line.lot;
        match self.order.cancelled.iter_mut().find(|part| part.lot == lot) {
            Some(part) => part.quantity.0 += gone.bought().0,
            None => self.order.cancelled.push(CancelledPart { lot, quantity: gone.bought() }),
        }
        line.quantity = line.quantity.less(gone.bought());
        line.surplus = line.surplus.less(gone.surplus);
        for share in &gone.funding {
            line.amount.minor -= share.covers.minor;
            let of = line.shares.iter_mut().find(|paid| paid.envelope == share.envelope);
            if let Some(paid) = of {
                paid.covers.minor -= share.covers.minor;
            }
        }
        line.recharge();
        if line.quantity <= line.surplus && !is_shared {
            lines.remove(place);
        }
        Ok(())
    }

    /// Whether other parts of the same line stay under the order.
    async fn is_shared(&self, change_set: &ChangeSet, gone: &Lot) -> Result<bool, Refusal> {
        let number = Some(self.order.number.as_str());
        let leaves = |lot: &Lot| {
            change_set
                .lots
                .iter()
                .any(|change| change.after.id == lot.id && change.after.order.as_deref() != number)
        };
        let parts = self.desk.engine.store.lots_of_line(gone.line()).await?;
        Ok(parts
            .iter()
            .any(|lot| lot.id != gone.id && lot.order.as_deref() == number && !leaves(lot)))
    }
}

/// Refuses to take a lot off its order if it was paid in advance, because the seller then owes the
/// goods or the money.
pub(crate) fn stays_if_paid(lot: &Lot) -> Result<(), Refusal> {
    if lot.is_paid_for() {
        let way = "record the seller's refund first, as a payment below zero";
        return Err(Refusal::DoesNotApply(format!("{} is paid in advance: {way}", lot.id)));
    }
    Ok(())
}

/// Whether the order buys goods for `lot` that nobody requested. Then a part of the lot cannot be
/// given up alone, because the price is for the whole.
pub(crate) fn has_surplus(order: &Order, lot: &Lot) -> bool {
    order.line(lot.order_line()).is_some_and(|line: &OrderLine| !line.surplus.is_zero())
}
