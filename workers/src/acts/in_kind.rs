//! Goods given in kind: what is left of them, and who could use them.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use waybill_shared::act::ActError;
use waybill_shared::domain::coalition::Coalition;
use waybill_shared::domain::contribution::Firmness;
use waybill_shared::domain::lot::Lot;
use waybill_shared::domain::quantity::Quantity;
use waybill_shared::domain::requisition::Line;
use waybill_shared::engine::Engine;
use waybill_shared::store::{RecordChange, StoreError};

/// The kind of record that keeps how much of an item in kind is spoken for.
const KIND: &str = "in_kind_use";

#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
struct Use {
    quantity: Quantity,
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

    /// A contribution that gives what `line` asks for, and how much of `lot` it can serve.
    pub(crate) fn find(
        &self,
        coalition: &Coalition,
        lot: &Lot,
        line: &Line,
        smallest: Option<Quantity>,
    ) -> Option<(String, Quantity)> {
        coalition.contributions.values().find_map(|contribution| {
            let may = contribution.firmness == Firmness::Commitment
                && contribution.stated <= self.day
                && !lot.refused.contains(&contribution.id)
                && contribution.donors.iter().any(|donor| {
                    coalition.parties.get(donor).is_some_and(|p| p.may_fund(self.day))
                });
            let gives = contribution.in_kind.iter().find(|gift| may && gift.item == line.item)?;
            let used = self.used.get(&key(&contribution.id, &line.item));
            let left = gives.quantity.less(used.map_or(Quantity::ZERO, |(_, used)| used.quantity));
            let whole = left >= lot.quantity;
            let part = smallest
                .filter(|smallest| left >= *smallest && lot.quantity.less(left) >= *smallest);
            let quantity = if whole { lot.quantity } else { part.map(|_| left)? };
            Some((contribution.id.clone(), quantity))
        })
    }

    /// Speaks for `quantity` of an item.
    pub(crate) fn take(
        &mut self,
        contribution: &str,
        item: &str,
        quantity: Quantity,
    ) -> Result<RecordChange, ActError> {
        self.change(contribution, item, quantity.0)
    }

    /// Gives `quantity` of an item back.
    pub(crate) fn give_back(
        &mut self,
        contribution: &str,
        item: &str,
        quantity: Quantity,
    ) -> Result<RecordChange, ActError> {
        self.change(contribution, item, -quantity.0)
    }

    fn change(
        &mut self,
        contribution: &str,
        item: &str,
        by: i64,
    ) -> Result<RecordChange, ActError> {
        let id = key(contribution, item);
        let entry = self.used.entry(id.clone()).or_default();
        let expected = entry.0;
        entry.0 += 1;
        entry.1.quantity = Quantity((entry.1.quantity.0 + by).max(0));
        let body = serde_json::to_string(&entry.1)
            .map_err(|error| ActError::Invalid(error.to_string()))?;
        Ok(RecordChange { kind: KIND, id, expected, body, event: "in_kind.spoken_for" })
    }
}
