//! Goods given in kind: what is left of them, and which lots could use them.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::Serialize;
use waybill_shared::domain::coalition::Coalition;
use waybill_shared::domain::contribution::{Contribution, Firmness, InKind};
use waybill_shared::domain::kinds::{RecordEvent, RecordKind};
use waybill_shared::domain::lot::{Lot, LotState, Outcome};
use waybill_shared::domain::order::Order;
use waybill_shared::domain::quantity::{Quantity, Unit};
use waybill_shared::domain::requisition::Line;
use waybill_shared::engine::Engine;
use waybill_shared::job::JobError;
use waybill_shared::matching::may_serve;
use waybill_shared::store::{RecordChange, StoreError};

use crate::wanted;

/// The reserved quantity of an item, as stored in its record.
#[derive(Debug, Serialize)]
struct Use {
    quantity: Quantity,
    /// The unit of `quantity`. For a gift in packs it is the unit of their contents. `None` means
    /// the gift's own unit.
    #[serde(skip_serializing_if = "Option::is_none")]
    unit: Option<Unit>,
}

/// Reserved quantities by contribution and item, with the versions of their records.
#[derive(Debug)]
pub(crate) struct InKindStock {
    used: BTreeMap<String, (i64, Quantity)>,
    day: NaiveDate,
}

fn key(contribution: &str, item: &str) -> String {
    format!("{contribution}/{item}")
}

/// The lots that gifts serve or are offered to.
async fn served(engine: &Engine) -> Result<Vec<Lot>, JobError> {
    let mut lots = engine.store.lots_awaiting("acceptance").await?;
    for record in engine.store.records_of(RecordKind::Order, wanted::IN_KIND).await? {
        let order: Order = serde_json::from_str(&record.body).map_err(|source| {
            StoreError::Corrupt { subject: format!("order:{}", record.id), source }
        })?;
        lots.extend(engine.store.lots_under(&order).await?);
    }
    // A lot that ended without delivery received nothing.
    lots.retain(|lot| match lot.state() {
        LotState::Closed(outcome) => *outcome == Outcome::Delivered,
        LotState::Ready { .. }
        | LotState::Waiting { .. }
        | LotState::RetryAt { .. }
        | LotState::Parked { .. } => true,
    });
    lots.sort_by_key(|lot| lot.id);
    lots.dedup_by_key(|lot| lot.id);
    Ok(lots)
}

impl InKindStock {
    pub(crate) async fn read(
        engine: &Engine,
        coalition: &Coalition,
        day: NaiveDate,
    ) -> Result<Self, JobError> {
        let mut used: BTreeMap<String, (i64, Quantity)> = BTreeMap::new();
        if coalition.contributions.values().all(|c| c.in_kind.is_empty()) {
            return Ok(Self { used, day });
        }
        // Read the records first. If somebody reserves a gift meanwhile, these versions become
        // stale.
        for record in engine.store.records(RecordKind::InKindUse).await? {
            used.insert(record.id, (record.version, Quantity::ZERO));
        }
        let lots = served(engine).await?;
        let lines = engine.lines_of(&lots).await?;
        for lot in &lots {
            let (Some(contribution), Some(line)) = (&lot.in_kind, lines.get(&lot.line())) else {
                continue;
            };
            let given = coalition.contributions.get(contribution);
            let counted =
                given.and_then(|given| gift(given, line)?.counted(lot.quantity, line.unit));
            let used = &mut used.entry(key(contribution, &line.item)).or_default().1;
            used.0 = used.0.saturating_add(counted.unwrap_or(lot.quantity).0);
        }
        Ok(Self { used, day })
    }

    /// A contribution that gives what `line` requests, in its unit or in packs of it, with the
    /// quantity of `lot` that it can serve.
    pub(crate) fn find(
        &self,
        coalition: &Coalition,
        lot: &Lot,
        line: &Line,
        smallest: Option<Quantity>,
    ) -> Option<(String, Quantity)> {
        coalition.contributions.values().find_map(|contribution| {
            let may = contribution.firmness == Firmness::Commitment
                && !lot.refused.contains(&contribution.id)
                && may_serve(coalition, contribution, line, None, self.day).is_ok();
            let gives = gift(contribution, line).filter(|_| may)?;
            let used = self.used.get(&key(&contribution.id, &line.item));
            let left = gives.stock().less(used.map_or(Quantity::ZERO, |(_, used)| *used));
            let left = gives.can_give(left, line.unit)?;
            let whole = left >= lot.quantity;
            let part = smallest
                .filter(|smallest| left >= *smallest && lot.quantity.less(left) >= *smallest);
            let quantity = if whole { lot.quantity } else { part.map(|_| left)? };
            Some((contribution.id.clone(), quantity))
        })
    }

    /// Reserves `quantity` of the item that `line` requests.
    pub(crate) fn take(
        &mut self,
        coalition: &Coalition,
        contribution: &str,
        line: &Line,
        quantity: Quantity,
    ) -> Result<RecordChange, JobError> {
        let id = key(contribution, &line.item);
        let gift = coalition.contributions.get(contribution).and_then(|given| gift(given, line));
        let by = gift.and_then(|gift| gift.counted(quantity, line.unit)).unwrap_or(quantity);
        let (version, used) = self.used.entry(id.clone()).or_default();
        let expected = *version;
        *version += 1;
        used.0 = used.0.saturating_add(by.0);
        let unit = gift.and_then(|gift| gift.pack_of).map(|pack| pack.unit);
        let body = serde_json::to_string(&Use { quantity: *used, unit })
            .map_err(|error| JobError::Invalid(error.to_string()))?;
        Ok(RecordChange {
            kind: RecordKind::InKindUse,
            id,
            expected,
            body,
            event: RecordEvent::InKindSpokenFor,
        })
    }
}

/// The part of `contribution` that matches what `line` requests, in its unit or in packs of it.
fn gift<'a>(contribution: &'a Contribution, line: &Line) -> Option<&'a InKind> {
    let serves = |gift: &&InKind| {
        gift.item == line.item && gift.counted(Quantity::ZERO, line.unit).is_some()
    };
    contribution.in_kind.iter().find(serves)
}
