//! Decisions on surplus: kept and paid, kept unpaid, or returned.

use std::collections::BTreeMap;

use waybill_shared::domain::ids::LotId;
use waybill_shared::domain::kinds::{LotEvent, ReasonCode, RecordEvent, RecordKind};
use waybill_shared::domain::lot::{Awaited, Lot, LotState};
use waybill_shared::domain::quantity::Quantity;
use waybill_shared::domain::receipt::tolerance_left;
use waybill_shared::domain::surplus::{Surplus, SurplusFate};
use waybill_shared::store::{EnvelopeRow, LotChange};

use super::{Context, Decided, already, read, refuse};
use crate::documents::{Refusal, filed};
use crate::funding::{covered, fit};
use crate::orders::StoredOrder;

/// The permitted rise of the cost, per mille. It is practically unlimited, because the quantity is
/// limited already.
const ANY: i64 = 1_000_000;

impl Context<'_> {
    pub(super) async fn surplus(&self, id: LotId, fate: SurplusFate) -> Result<Decided, Refusal> {
        let lot = self.desk.lot(id).await?;
        let lines = self.desk.engine.lines_of([&lot]).await?;
        let line = lines.get(&id.line()).ok_or_else(|| refuse(format!("{id} has no line")))?;
        let order = lot.order.clone().unwrap_or_default();
        if lot.oversupply.is_zero() {
            return Err(refuse(format!("no surplus of {id} was delivered")));
        }
        let record = self.desk.engine.store.record(RecordKind::Surplus, &id.to_string()).await?;
        let before = record
            .as_ref()
            .map(|record| read::<Surplus>(RecordKind::Surplus, record))
            .transpose()?;
        let was = before.as_ref().map_or(SurplusFate::Undecided, |before| before.fate);
        if was == fate && fate != SurplusFate::Undecided {
            return already(format!("this was already decided: it is {}", name(fate)));
        }
        if was == SurplusFate::KeptPaid {
            return Err(refuse(format!(
                "the surplus of {id} is already kept, and its payment is bound"
            )));
        }
        let filed_order = StoredOrder::read(self.desk.engine, &order).await?;
        let filed_order = filed_order.ok_or_else(|| refuse(format!("{id} has no order")))?;
        let mut change_set = self.desk.change_set();
        let supplier = filed_order.order.supplier.clone();
        let (owner, event) = match fate {
            SurplusFate::Undecided => {
                return Err(refuse("choose whether it is kept and paid, kept unpaid, or returned"));
            }
            SurplusFate::KeptPaid => {
                let left = self.tolerated(&lot, line.quantity, line.tolerance_per_mille).await?;
                let after = self.paid(&lot, &filed_order, left).await?;
                change_set.lots.push(LotChange::new(lot.clone(), after, LotEvent::SurplusBought));
                (line.requester.clone(), RecordEvent::SurplusKeptPaid)
            }
            SurplusFate::KeptUnpaid => (line.requester.clone(), RecordEvent::SurplusKeptUnpaid),
            SurplusFate::Returned => (supplier, RecordEvent::SurplusReturned),
        };
        let (quantity, why) = (lot.oversupply, self.because("decided by an operator").to_owned());
        let surplus = Surplus { lot: id, order, quantity, owner, fate, why };
        let expected = record.map_or(0, |record| record.version);
        change_set.records.push(filed(&surplus, expected, event)?);
        Ok(change_set.into())
    }

    /// What other surplus of the same line leaves of the line's tolerance.
    async fn tolerated(
        &self,
        lot: &Lot,
        whole: Quantity,
        per_mille: u32,
    ) -> Result<Quantity, Refusal> {
        let store = &self.desk.engine.store;
        let mut bought = Quantity::ZERO;
        for part in store.lots_of_line(lot.line()).await? {
            if part.id == lot.id || part.oversupply.is_zero() {
                continue;
            }
            let record = store.record(RecordKind::Surplus, &part.id.to_string()).await?;
            if let Some(record) = record {
                let surplus: Surplus = read(RecordKind::Surplus, &record)?;
                if surplus.fate == SurplusFate::KeptPaid {
                    bought.0 += surplus.quantity.0;
                }
            }
        }
        Ok(tolerance_left(whole, per_mille, bought))
    }

    /// `lot` with the money for its surplus, at the agreed price and from the same donors.
    async fn paid(&self, lot: &Lot, filed: &StoredOrder, left: Quantity) -> Result<Lot, Refusal> {
        let (id, over) = (lot.id, lot.oversupply);
        if !matches!(lot.state(), LotState::Waiting { awaits: Awaited::Payment { .. }, .. }) {
            let way = "keep it unpaid, or return it";
            return Err(refuse(format!("{id} is not waiting for payment: {way}")));
        }
        if over > left {
            let way = "keep it unpaid, return it, or submit a new line for it";
            let text =
                format!("{over} exceed the tolerance of the line, which leaves {left}: {way}");
            return Err(refuse(text));
        }
        let line = filed.order.line(lot.order_line()).filter(|line| line.packs.is_none());
        let line = line.ok_or_else(|| {
            refuse(format!("{id} is bought in packs, so a surplus cannot be paid: keep it unpaid"))
        })?;
        let text = |error: waybill_shared::domain::money::MoneyError| refuse(error.to_string());
        let goods = line.unit_price.of(over).map_err(text)?;
        let more = self.coalition().with_charges(&filed.order.channel, goods);
        let covers =
            covered(lot).ok_or_else(|| refuse(format!("no order binds money for {id}")))?;
        let cost = covers.checked_add(more.map_err(text)?).map_err(text)?;
        let rows = self.desk.engine.store.envelopes().await?;
        let mut envelopes: BTreeMap<String, EnvelopeRow> =
            rows.into_iter().map(|row| (row.id.clone(), row)).collect();
        let mut after = lot.clone();
        fit(&mut after, cost, ANY, &mut envelopes, &|_, _| true)
            .map_err(|why| refuse(format!("{id}: {why}")))?;
        after.because(
            ReasonCode::SurplusBought,
            format!("{over} more than ordered are kept and paid"),
        );
        Ok(after)
    }
}

fn name(fate: SurplusFate) -> &'static str {
    match fate {
        SurplusFate::Undecided => "undecided",
        SurplusFate::KeptPaid => "kept and paid",
        SurplusFate::KeptUnpaid => "kept unpaid",
        SurplusFate::Returned => "returned",
    }
}
