//! Goods given in kind: what is left of them, and who could use them.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use waybill_shared::act::ActError;
use waybill_shared::domain::coalition::Coalition;
use waybill_shared::domain::contribution::{Contribution, Firmness, InKind};
use waybill_shared::domain::lot::Lot;
use waybill_shared::domain::quantity::{Quantity, Unit};
use waybill_shared::domain::requisition::Line;
use waybill_shared::engine::Engine;
use waybill_shared::matching::may_serve;
use waybill_shared::store::{RecordChange, StoreError};

/// The kind of record that keeps how much of an item in kind is spoken for.
const KIND: &str = "in_kind_use";

#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
struct Use {
    quantity: Quantity,
    /// What it is counted in: that of the pack's content, of a gift in packs. None: the gift's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unit: Option<Unit>,
}

impl Use {
    /// It as the stock of `gift` is counted now: a pack may have been stated since.
    fn of(self, gift: &InKind) -> Quantity {
        let unit = self.unit.or(gift.unit);
        let counted = unit.and_then(|unit| gift.counted(self.quantity, unit));
        counted.unwrap_or(self.quantity)
    }
}

/// What is spoken for, by contribution and item, with the version of its record.
#[derive(Debug)]
pub(crate) struct InKindStock {
    used: BTreeMap<String, (i64, Use)>,
    day: NaiveDate,
}

fn key(contribution: &str, item: &str) -> String {
    format!("{contribution}/{item}")
}

impl InKindStock {
    pub(crate) async fn read(
        engine: &Engine,
        coalition: &Coalition,
        day: NaiveDate,
    ) -> Result<Self, ActError> {
        let mut used = BTreeMap::new();
        if coalition.contributions.values().any(|c| !c.in_kind.is_empty()) {
            for record in engine.store.records(KIND).await? {
                let found: Use = serde_json::from_str(&record.body).map_err(|source| {
                    StoreError::Corrupt { subject: format!("{KIND}:{}", record.id), source }
                })?;
                used.insert(record.id, (record.version, found));
            }
        }
        Ok(Self { used, day })
    }

    /// A contribution that gives what `line` asks for, in its unit or in packs of it, and how much of `lot`
    /// it can serve.
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
            let left = gives.stock().less(used.map_or(Quantity::ZERO, |(_, used)| used.of(gives)));
            let left = gives.can_give(left, line.unit)?;
            let whole = left >= lot.quantity;
            let part = smallest
                .filter(|smallest| left >= *smallest && lot.quantity.less(left) >= *smallest);
            let quantity = if whole { lot.quantity } else { part.map(|_| left)? };
            Some((contribution.id.clone(), quantity))
        })
    }

    /// Speaks for `quantity` of what `line` asks for.
    pub(crate) fn take(
        &mut self,
        coalition: &Coalition,
        contribution: &str,
        line: &Line,
        quantity: Quantity,
    ) -> Result<RecordChange, ActError> {
        self.change(coalition, contribution, line, quantity, 1)
    }

    /// Gives `quantity` of what `line` asks for back.
    pub(crate) fn give_back(
        &mut self,
        coalition: &Coalition,
        contribution: &str,
        line: &Line,
        quantity: Quantity,
    ) -> Result<RecordChange, ActError> {
        self.change(coalition, contribution, line, quantity, -1)
    }

    fn change(
        &mut self,
        coalition: &Coalition,
        contribution: &str,
        line: &Line,
        quantity: Quantity,
        sign: i64,
    ) -> Result<RecordChange, ActError> {
        let id = key(contribution, &line.item);
        let gift = coalition.contributions.get(contribution).and_then(|c| gift(c, line));
        let entry = self.used.entry(id.clone()).or_default();
        let expected = entry.0;
        entry.0 += 1;
        let (before, by) = match gift {
            Some(gift) => {
                let by = gift.counted(quantity, line.unit).unwrap_or(quantity);
                (entry.1.of(gift), by)
            }
            None => (entry.1.quantity, quantity),
        };
        let after = before.0.saturating_add(by.0.saturating_mul(sign)).max(0);
        let unit = gift.map_or(entry.1.unit, |gift| gift.pack_of.map(|pack| pack.unit));
        entry.1 = Use { quantity: Quantity(after), unit };
        let body = serde_json::to_string(&entry.1)
            .map_err(|error| ActError::Invalid(error.to_string()))?;
        Ok(RecordChange { kind: KIND, id, expected, body, event: "in_kind.spoken_for" })
    }
}

/// What of `contribution` is what `line` asks for, in its unit or in packs of it.
fn gift<'a>(contribution: &'a Contribution, line: &Line) -> Option<&'a InKind> {
    let serves = |gift: &&InKind| {
        gift.item == line.item && gift.counted(Quantity::ZERO, line.unit).is_some()
    };
    contribution.in_kind.iter().find(serves)
}
