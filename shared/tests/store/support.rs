//! A store to test, new for each test, and what is put into it.

use std::sync::Arc;

use tempfile::TempDir;
use waybill_shared::domain::ids::{LineId, LotId};
use waybill_shared::domain::kinds::{LotEvent, StepKind};
use waybill_shared::domain::lot::{Lot, Outcome, Priority, StepName, Timestamp};
use waybill_shared::domain::money::Currency;
use waybill_shared::domain::price::Price;
use waybill_shared::domain::quantity::Quantity;
use waybill_shared::domain::requisition::{Kind, Line};
use waybill_shared::domain::retry::RetryPolicy;
use waybill_shared::domain::transition::{Situation, StepResult, advance};
use waybill_shared::store::postgres::PostgresStore;
use waybill_shared::store::sqlite::SqliteStore;
use waybill_shared::store::{
    ChangeSet, EnvelopeChange, Fate, LineChange, LotChange, LotFilter, Store,
};

pub(crate) const NOW: Timestamp = Timestamp::UNIX_EPOCH;

/// Where a store is.
pub(crate) enum Place {
    /// A file.
    Sqlite(TempDir),
    /// A database on the test's server.
    Postgres(String),
}

impl Place {
    pub(crate) fn sqlite() -> Self {
        Self::Sqlite(tempfile::tempdir().expect("a folder"))
    }

    pub(crate) fn postgres() -> Self {
        Self::Postgres(waybill_services::database().expect("a database"))
    }

    pub(crate) async fn open(&self) -> Arc<dyn Store> {
        match self {
            Self::Sqlite(folder) => {
                let path = folder.path().join("waybill.sqlite");
                Arc::new(SqliteStore::open(&path).await.expect("opened"))
            }
            Self::Postgres(url) => Arc::new(PostgresStore::open(url).await.expect("opened")),
        }
    }
}

/// Gives positions to what was committed, as the leader does.
pub(crate) async fn sequence(store: &dyn Store) {
    let term = store.lead(None).await.expect("asked");
    if let Some(term) = term {
        while store.sequence(term).await.expect("sequenced") > 0 {}
        store.resign(term).await.expect("resigned");
    }
}

pub(crate) fn line(external_id: &str, quantity: i64) -> Line {
    Line {
        external_id: external_id.to_owned(),
        requester: "UA-MOD".to_owned(),
        item: "router".to_owned(),
        description: String::new(),
        kind: Kind::Goods,
        classification: "32413100-2".to_owned(),
        scheme: "CPV".to_owned(),
        quantity: Quantity::whole(quantity),
        unit: "H87".parse().expect("a unit"),
        unit_estimate: Price::new(10_000, Currency::EUR),
        priority: Priority { class: 1, rank: 1 },
        requested: NOW.date_naive(),
        needed_by: None,
        consignee: "C-1".to_owned(),
        smallest_lot: None,
        together: None,
        tolerance_per_mille: 0,
        source: "invented".to_owned(),
    }
}

pub(crate) fn lot(line: i64, part: i64, quantity: i64) -> Lot {
    let id = LotId::of(LineId(line), part).expect("in range");
    let step = StepName::new("validate_priority");
    Lot::new(id, Quantity::whole(quantity), Priority { class: 1, rank: 1 }, step)
}

pub(crate) fn submit(number: i64, quantity: i64) -> ChangeSet {
    let mut change_set = ChangeSet::new("test", NOW);
    let external = format!("REQ-1/{number}");
    let line = line(&external, quantity);
    change_set.lines.push(LineChange::created(LineId(number), line));
    change_set.lot(LotChange::created(lot(number, 0, quantity), LotEvent::Submitted))
}

pub(crate) fn envelope(id: &str, minor: i64) -> ChangeSet {
    let mut change_set = ChangeSet::new("test", NOW);
    change_set.envelopes.push(EnvelopeChange {
        id: id.to_owned(),
        expected: 0,
        currency: "EUR".to_owned(),
        committed: minor,
        opened: minor,
        expired: 0,
    });
    change_set
}

pub(crate) async fn commit(store: &dyn Store, change_sets: Vec<ChangeSet>) -> Vec<Fate> {
    store.commit(change_sets).await.expect("committed")
}

pub(crate) async fn all(store: &dyn Store) -> Vec<Lot> {
    store.lots(&LotFilter { limit: 100, ..LotFilter::default() }).await.expect("read")
}

/// `lot` where `result` leads it.
pub(crate) fn led(lot: &Lot, result: StepResult) -> Lot {
    let steps: Vec<StepName> = StepKind::ALL.iter().copied().map(StepName::from).collect();
    let at = Situation { steps: &steps, retry: RetryPolicy::default(), now: NOW, draw: 0 };
    let mut after = lot.clone();
    advance(lot, &mut after, result, &at).expect("it fits");
    after
}

/// `lot` is cancelled.
pub(crate) fn close(lot: &Lot) -> ChangeSet {
    let after = led(lot, StepResult::Close(Outcome::Cancelled));
    ChangeSet::new("test", NOW).lot(LotChange::new(lot.clone(), after, LotEvent::Cancelled))
}
