//! The store on a real SQLite file: guards, invariants, durability, the log.

use std::path::Path;

use waybill_shared::domain::funding::{Share, ShareState};
use waybill_shared::domain::ids::{LineId, LotId};
use waybill_shared::domain::lot::{Lot, LotState, Outcome, Priority, StepName, Timestamp};
use waybill_shared::domain::money::{Currency, Money, Rate};
use waybill_shared::domain::quantity::Quantity;
use waybill_shared::domain::requisition::{Kind, Line};
use waybill_shared::store::sqlite::SqliteStore;
use waybill_shared::store::{
    EnvelopeChange, Fate, InboxEntry, LineChange, LotChange, LotFilter, StoreError, Unit,
};

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn line(external_id: &str, quantity: i64) -> Line {
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
        unit_estimate: Money::new(10_000, Currency::EUR),
        priority: Priority { class: 1, rank: 1 },
        requested: NOW.date_naive(),
        needed_by: None,
        consignee: "C-1".to_owned(),
        smallest_lot: None,
        tolerance_per_mille: 0,
        source: "invented".to_owned(),
    }
}

fn lot(line: i64, part: i64, quantity: i64) -> Lot {
    let id = LotId::of(LineId(line), part).expect("in range");
    let step = StepName::new("validate_priority");
    Lot::new(id, Quantity::whole(quantity), Priority { class: 1, rank: 1 }, step)
}

fn submit(number: i64, quantity: i64) -> Unit {
    let mut unit = Unit::new("test", NOW);
    let external = format!("REQ-1/{number}");
    let line = line(&external, quantity);
    unit.lines.push(LineChange { id: LineId(number), expected: 0, was: Quantity::ZERO, line });
    unit.lot(LotChange::created(lot(number, 0, quantity), "lot.submitted"))
}

fn envelope(id: &str, minor: i64) -> Unit {
    let mut unit = Unit::new("test", NOW);
    unit.envelopes.push(EnvelopeChange {
        id: id.to_owned(),
        expected: 0,
        currency: "EUR".to_owned(),
        committed: minor,
        opened: minor,
        expired: 0,
    });
    unit
}

async fn commit(store: &SqliteStore, units: Vec<Unit>) -> Vec<Fate> {
    store.commit(units).await.expect("committed")
}

async fn open(folder: &Path) -> SqliteStore {
    SqliteStore::open(&folder.join("waybill.sqlite")).await.expect("opened")
}

async fn all(store: &SqliteStore) -> Vec<Lot> {
    store.lots(&LotFilter { limit: 100, ..LotFilter::default() }).await.expect("read")
}

#[tokio::test]
async fn what_was_committed_is_there_after_opening_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path()).await;
    let fates = commit(&store, vec![submit(1, 5), submit(2, 7)]).await;
    assert_eq!(fates, [Fate::Committed, Fate::Committed]);
    let before = (all(&store).await, store.chain().await.expect("read"));
    store.close().await;

    let store = open(folder.path()).await;
    assert_eq!((all(&store).await, store.chain().await.expect("read")), before);
    assert_eq!(before.0.iter().map(|lot| lot.quantity).sum::<Quantity>(), Quantity::whole(12));
    let events = store.events_after(0, 100).await.expect("read");
    assert_eq!(events.iter().map(|e| e.position).collect::<Vec<_>>(), [1, 2, 3, 4]);
    commit(&store, vec![submit(3, 1)]).await;
    assert_eq!(store.events_after(4, 100).await.expect("read").len(), 2);
}

#[tokio::test]
async fn a_stale_unit_drops_out_and_the_others_commit() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path()).await;
    commit(&store, vec![submit(1, 5), submit(2, 7)]).await;
    let lots = all(&store).await;
    let close = |lot: &Lot| {
        let mut after = lot.clone();
        after.state = LotState::Closed(Outcome::Cancelled);
        Unit::new("test", NOW).lot(LotChange::new(lot.clone(), after, "lot.cancelled"))
    };
    let fates = commit(&store, vec![close(&lots[0]), close(&lots[0]), close(&lots[1])]).await;
    assert!(matches!(fates[..], [Fate::Committed, Fate::Stale { .. }, Fate::Committed]));
    assert!(all(&store).await.iter().all(|lot| lot.version == 2));
    let timeline = store.events_of(&lots[0].id.to_string()).await.expect("read");
    assert_eq!(timeline.iter().map(|e| e.number).collect::<Vec<_>>(), [1, 2]);
}

#[tokio::test]
async fn a_split_that_does_not_add_up_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path()).await;
    commit(&store, vec![submit(1, 5)]).await;
    let whole = all(&store).await.remove(0);
    let split = |kept: i64, moved: i64| {
        let mut after = whole.clone();
        after.quantity = Quantity::whole(kept);
        Unit::new("test", NOW)
            .lot(LotChange::new(whole.clone(), after, "lot.split"))
            .lot(LotChange::created(lot(1, 1, moved), "lot.split_off"))
    };
    let fates = commit(&store, vec![split(3, 3)]).await;
    assert!(matches!(&fates[0], Fate::Refused { rule } if rule.starts_with("I1")), "{fates:?}");
    assert_eq!(all(&store).await, std::slice::from_ref(&whole));
    assert_eq!(commit(&store, vec![split(3, 2)]).await, [Fate::Committed]);
    assert_eq!(all(&store).await.len(), 2);
}

#[tokio::test]
async fn an_envelope_is_never_exceeded_not_even_within_one_batch() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path()).await;
    commit(&store, vec![envelope("LU-1", 1000), submit(1, 1), submit(2, 1)]).await;
    let lots = all(&store).await;
    let fund = |lot: &Lot, minor: i64| {
        let mut after = lot.clone();
        let amount = Money::new(minor, Currency::EUR);
        after.funding.push(Share {
            envelope: "LU-1".to_owned(),
            amount,
            covers: amount,
            rate: Rate::ONE,
            state: ShareState::Agreed,
        });
        Unit::new("test", NOW).lot(LotChange::new(lot.clone(), after, "lot.matched"))
    };
    let fates = commit(&store, vec![fund(&lots[0], 600), fund(&lots[1], 401)]).await;
    assert_eq!(fates[0], Fate::Committed);
    assert!(matches!(&fates[1], Fate::Refused { rule } if rule.starts_with("I2")), "{fates:?}");
    assert_eq!(commit(&store, vec![fund(&lots[1], 400)]).await, [Fate::Committed]);
    let rows = store.envelopes().await.expect("read");
    assert_eq!((rows[0].allocated, rows[0].opened), (1000, 1000));
}

#[tokio::test]
async fn a_document_is_taken_once_by_sender_and_number() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path()).await;
    let take = || {
        let mut unit = Unit::new("supplier", NOW);
        unit.inbox = Some(InboxEntry {
            sender: "ACME".to_owned(),
            number: "7".to_owned(),
            body: "{}".to_owned(),
        });
        unit
    };
    assert_eq!(commit(&store, vec![take()]).await, [Fate::Committed]);
    assert!(matches!(commit(&store, vec![take()]).await[..], [Fate::Stale { .. }]));
}

#[tokio::test]
async fn a_claim_takes_what_is_due_at_its_step_and_leaves_a_lease_behind() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path()).await;
    commit(&store, vec![submit(1, 5), submit(2, 7)]).await;
    let ids: Vec<i64> = store.due(NOW, 10).await.expect("read").iter().map(|h| h.id).collect();
    assert!(store.claim_lots("match_donor", &ids, NOW).await.expect("asked").lots.is_empty());
    let claim = store.claim_lots("validate_priority", &ids, NOW).await.expect("asked");
    assert_eq!(claim.lots.len(), 2);
    let held = store.leases().await.expect("read");
    assert_eq!(held, [(claim.lease.0, vec![(ids[0], 1), (ids[1], 1)])]);
    store.release(claim.lease);
    assert!(store.leases().await.expect("read").is_empty());
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_refused_with_its_path() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path()).await;
    store.close().await;
    let path = folder.path().join("waybill.sqlite");
    let url = format!("sqlite:{}", path.display());
    let pool = sqlx::SqlitePool::connect(&url).await.expect("opened");
    sqlx::query(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (999, 'later', 1, x'00', 0)",
    )
    .execute(&pool)
    .await
    .expect("written");
    pool.close().await;
    let error = SqliteStore::open(&path).await.expect_err("refused");
    assert!(matches!(&error, StoreError::Newer { .. }), "{error:?}");
    assert!(error.to_string().contains("newer version"));
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("waybill.sqlite");
    std::fs::write(&path, "no database, ".repeat(50)).expect("written");
    assert!(SqliteStore::open(&path).await.is_err());
    assert!(SqliteStore::open(folder.path()).await.is_err());
}

/// Every statement in a file of its own is one that the migrated database understands.
#[tokio::test]
async fn every_statement_can_be_prepared() {
    let folder = tempfile::tempdir().expect("a folder");
    open(folder.path()).await.close().await;
    let path = folder.path().join("waybill.sqlite");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&path);
    let pool = sqlx::SqlitePool::connect_with(options).await.expect("opened");
    let mut connection = pool.acquire().await.expect("a connection");
    let attach = sqlx::query("ATTACH DATABASE ? AS waybill").bind(path.to_string_lossy());
    attach.execute(&mut *connection).await.expect("attached");
    let sql = |name: &str| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store/sqlite/sql");
        std::fs::read_to_string(folder.join(name)).expect("a statement")
    };
    for table in ["leases_table.sql", "raw_table.sql"] {
        let create = sqlx::query(sqlx::AssertSqlSafe(sql(table)));
        create.execute(&mut *connection).await.expect(table);
    }
    let files = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/src/store/sqlite/sql"));
    let mut seen = 0;
    for file in files.expect("a folder") {
        let name = file.expect("a file").file_name().into_string().expect("a name");
        for statement in sql(&name).split(';') {
            let explain = sqlx::query(sqlx::AssertSqlSafe(format!("EXPLAIN {statement}")));
            let explained = explain.fetch_all(&mut *connection).await;
            assert!(explained.is_ok(), "{name}: {explained:?}");
        }
        seen += 1;
    }
    assert!(seen > 40, "{seen} statements were found");
}

#[tokio::test]
async fn a_unit_that_changes_a_subject_twice_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path()).await;
    commit(&store, vec![submit(1, 5)]).await;
    let lot = all(&store).await.remove(0);
    let change = || LotChange::new(lot.clone(), lot.clone(), "lot.stepped");
    let twice = Unit::new("test", NOW).lot(change()).lot(change());
    let mut envelopes = envelope("LU-1", 1000);
    envelopes.envelopes.extend(envelope("LU-1", 1000).envelopes);
    for fate in commit(&store, vec![twice, envelopes]).await {
        assert!(matches!(&fate, Fate::Refused { rule } if rule.starts_with("I7")), "{fate:?}");
    }
    assert_eq!(store.last_position().await.expect("read"), 2);
}

#[tokio::test]
async fn an_envelope_changes_from_the_version_that_was_read_and_keeps_its_currency() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path()).await;
    assert_eq!(commit(&store, vec![envelope("LU-1", 1000)]).await, [Fate::Committed]);
    let again = commit(&store, vec![envelope("LU-1", 1000)]).await;
    assert!(matches!(again[..], [Fate::Stale { .. }]), "{again:?}");
    let mut other = envelope("LU-1", 1000);
    (other.envelopes[0].expected, other.envelopes[0].currency) = (1, "DKK".to_owned());
    let refused = commit(&store, vec![other]).await;
    assert!(
        matches!(&refused[0], Fate::Refused { rule } if rule.contains("in EUR")),
        "{refused:?}"
    );
    assert_eq!(store.envelopes().await.expect("read")[0].opened, 1000);
}
