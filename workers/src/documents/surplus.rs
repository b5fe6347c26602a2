//! Surplus that a receipt reports. It gets its own record until somebody has decided about it.

use waybill_shared::domain::kinds::{RecordEvent, RecordKind};
use waybill_shared::domain::lot::Lot;
use waybill_shared::domain::pipeline::SurplusPolicy;
use waybill_shared::domain::surplus::{Surplus, SurplusFate};
use waybill_shared::store::{RecordChange, StoreError};

use super::{Desk, Refusal};

impl Desk<'_> {
    /// Records how much more of `lot` came than was bought. A decision about another quantity is no
    /// longer valid.
    pub(crate) async fn surplus(
        &self,
        order: &str,
        requester: &str,
        lot: &Lot,
    ) -> Result<Option<RecordChange>, Refusal> {
        let id = lot.id.to_string();
        let found = self.engine.store.record(RecordKind::Surplus, &id).await?;
        if let Some(record) = &found {
            let corrupt =
                |source| StoreError::Corrupt { subject: RecordKind::Surplus.subject(&id), source };
            let before: Surplus = serde_json::from_str(&record.body).map_err(corrupt)?;
            if before.fate == SurplusFate::KeptPaid {
                let text = format!(
                    "{id}: {} more were bought than wanted: its receipt cannot change any more",
                    before.quantity
                );
                return Err(Refusal::DoesNotApply(text));
            }
        }
        let surplus = Surplus {
            lot: lot.id,
            order: order.to_owned(),
            quantity: lot.oversupply,
            owner: requester.to_owned(),
            fate: match self.engine.pipeline_of(lot)?.confirm_delivery.surplus {
                SurplusPolicy::Ask => SurplusFate::Undecided,
                SurplusPolicy::KeepUnpaid => SurplusFate::KeptUnpaid,
            },
            why: String::new(),
        };
        let (expected, event) = match &found {
            None if lot.oversupply.is_zero() => return Ok(None),
            None => (0, RecordEvent::SurplusCame),
            Some(record) => (record.version, RecordEvent::SurplusCounted),
        };
        Ok(Some(filed(&surplus, expected, event)?))
    }
}

/// The record change that stores `surplus`.
pub(crate) fn filed(
    surplus: &Surplus,
    expected: i64,
    event: RecordEvent,
) -> Result<RecordChange, StoreError> {
    let id = surplus.lot.to_string();
    let corrupt =
        |source| StoreError::Corrupt { subject: RecordKind::Surplus.subject(&id), source };
    let body = serde_json::to_string(surplus).map_err(corrupt)?;
    Ok(RecordChange { kind: RecordKind::Surplus, id, expected, body, event })
}
