//! The engine as a whole, with trivial steps on a real database file.

use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use waybill_scheduler::{Relay, forget_before, recover, run_until_idle};
use waybill_shared::broker::{Broker, EmbeddedBroker, HeldBroker, RabbitBroker};
use waybill_shared::clock::Clock;
use waybill_shared::domain::ids::{LineId, LotId};
use waybill_shared::domain::kinds::{LotEvent, NoteKind};
use waybill_shared::domain::lot::{Lot, LotState, Outcome, Priority, Timestamp};
use waybill_shared::domain::pipeline::Pipeline;
use waybill_shared::domain::quantity::Quantity;
use waybill_shared::domain::reply::Reply;
use waybill_shared::domain::transition::StepResult;
use waybill_shared::engine::Engine;
use waybill_shared::store::postgres::PostgresStore;
use waybill_shared::store::sqlite::SqliteStore;
use waybill_shared::store::{
    ChangeSet, Fate, LineChange, LotChange, LotFilter, NoteChange, NoteRange, Store, StoreError,
    Term, queues,
};
use waybill_workers::steps::{Counted, Trivial};
use waybill_workers::{Progress, Step, StepError, run_step};

const STEPS: [&str; 2] = ["first", "second"];
const START: Timestamp = Timestamp::UNIX_EPOCH;

/// An engine on virtual time, with its relay and its broker.
async fn engine(pair: (Arc<dyn Store>, Arc<dyn Broker>)) -> (Engine, Relay, HeldBroker) {
    let (store, broker) = pair;
    let (broker, clock) = (HeldBroker::new(broker), Clock::starting_at(START));
    let pipelines = vec![Pipeline::of(&STEPS)];
    let (engine, wakes) = Engine::new(store, Arc::new(broker.clone()), clock, pipelines);
    let relay = Relay::new(engine.clone(), wakes, queues(STEPS, []));
    (engine, relay, broker)
}

async fn sqlite(folder: &Path) -> Arc<dyn Store> {
    Arc::new(SqliteStore::open(&folder.join("waybill.sqlite")).await.expect("opened"))
}

async fn postgres() -> Arc<dyn Store> {
    let url = waybill_services::database().expect("a database");
    Arc::new(PostgresStore::open(&url).await.expect("opened"))
}

fn embedded() -> Arc<dyn Broker> {
    Arc::new(EmbeddedBroker::default())
}

async fn rabbitmq() -> Arc<dyn Broker> {
    let url = waybill_services::broker().expect("a broker");
    Arc::new(RabbitBroker::open(&url, Arc::default()).await.expect("connected"))
}

/// A store and a broker that go together, and their names.
type Pair = (&'static str, (Arc<dyn Store>, Arc<dyn Broker>));

/// Every pair that there is.
async fn pairs(folder: &Path) -> [Pair; 3] {
    [
        ("SQLite and embedded", (sqlite(folder).await, embedded())),
        ("Postgres and embedded", (postgres().await, embedded())),
        ("Postgres and RabbitMQ", (postgres().await, rabbitmq().await)),
    ]
}

fn work(engine: &Engine, steps: &[Arc<dyn Step>]) {
    for (step, config) in steps.iter().zip(&engine.pipeline().steps) {
        tokio::spawn(run_step(engine.clone(), step.clone(), config.clone()));
    }
}

fn submission(number: i64) -> ChangeSet {
    let line = serde_json::json!({
        "external_id": format!("R/{number}"), "requester": "R", "item": "router", "kind": "goods",
        "classification": "32413100-2", "scheme": "CPV", "quantity": 1000, "unit": "H87",
        "unit_estimate": {"minor": 100, "currency": "EUR"}, "priority": {"class": 1, "rank": 1},
        "requested": "2025-01-01", "consignee": "C",
    });
    let mut change_set = ChangeSet::new("test", START);
    let line = serde_json::from_value(line).expect("a line");
    change_set.lines.push(LineChange::created(LineId(number), line));
    let id = LotId::of(LineId(number), 0).expect("in range");
    let priority = Priority { class: 1, rank: 1 };
    let lot = Lot::new(
        id,
        Quantity::whole(1),
        priority,
        waybill_shared::domain::lot::StepName::new(STEPS[0]),
    );
    change_set.lot(LotChange::created(lot, LotEvent::Submitted))
}

async fn submit(engine: &Engine, lots: i64) {
    let change_sets = (1..=lots).map(submission).collect();
    let fates = engine.commit(change_sets, None).await.expect("committed");
    assert!(fates.iter().all(|fate| *fate == Fate::Committed));
}

async fn lots(engine: &Engine) -> Vec<Lot> {
    let filter = LotFilter { limit: 100_000, ..LotFilter::default() };
    engine.store.lots(&filter).await.expect("read")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_lot_passes_every_step_once() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, pair) in pairs(folder.path()).await {
        writeln!(std::io::stderr(), "the engine runs on {name}").expect("said");
        every_lot_passes_every_step_once_on(pair).await;
    }
}

async fn every_lot_passes_every_step_once_on(pair: (Arc<dyn Store>, Arc<dyn Broker>)) {
    let (engine, mut relay, broker) = engine(pair).await;
    let steps = STEPS.map(|name| Counted::new(Arc::new(Trivial::new(name))));
    work(&engine, &steps.clone().map(|step| Arc::new(step) as Arc<dyn Step>));
    // More lots than the relay's window: the backlog stays in the store and is found there.
    submit(&engine, 10_000).await;
    run_until_idle(&mut relay, &broker, None, &mut |_| {}).await.expect("ran");
    assert_eq!(steps.map(|step| step.runs()), [10_000, 10_000]);
    let delivered = LotState::Closed(Outcome::Delivered);
    assert!(lots(&engine).await.iter().all(|lot| *lot.state() == delivered && lot.version == 3));
    assert!(engine.store.lost_leases().await.expect("read").is_empty());
}

/// Fails until business time has come.
struct Flaky(Timestamp);

#[async_trait]
impl Step for Flaky {
    fn name(&self) -> &'static str {
        STEPS[0]
    }

    async fn run(&self, engine: &Engine, lots: Vec<Lot>) -> Result<Vec<Progress>, StepError> {
        let result = |lot: &Lot| match lot.id.line().0 {
            1 if engine.clock.now() < self.0 => StepResult::Retry { cause: "down".to_owned() },
            2 => panic!("a fault of this lot alone"),
            3 => StepResult::Park { cause: "broken".to_owned() },
            _ => StepResult::Done,
        };
        Ok(lots
            .into_iter()
            .map(|lot| {
                let result = result(&lot);
                Progress::new(lot, result, LotEvent::Stepped)
            })
            .collect())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fault_of_one_lot_is_its_own() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, pair) in pairs(folder.path()).await {
        writeln!(std::io::stderr(), "the engine runs on {name}").expect("said");
        a_fault_of_one_lot_is_its_own_on(pair).await;
    }
}

async fn a_fault_of_one_lot_is_its_own_on(pair: (Arc<dyn Store>, Arc<dyn Broker>)) {
    let (engine, mut relay, broker) = engine(pair).await;
    let flaky = Flaky(START + chrono::TimeDelta::milliseconds(1));
    work(&engine, &[Arc::new(flaky), Arc::new(Trivial::new(STEPS[1]))]);
    submit(&engine, 5).await;
    run_until_idle(&mut relay, &broker, None, &mut |_| {}).await.expect("ran");
    let states: Vec<&str> = lots(&engine).await.iter().map(|lot| lot.state().name()).collect();
    assert_eq!(states, ["delivered", "parked", "parked", "delivered", "delivered"]);
    assert!(engine.clock.now() > START, "retries take business time");
}

/// Cannot read what it needs until business time has come.
struct Blind(Timestamp);

#[async_trait]
impl Step for Blind {
    fn name(&self) -> &'static str {
        STEPS[0]
    }

    async fn run(&self, engine: &Engine, lots: Vec<Lot>) -> Result<Vec<Progress>, StepError> {
        if engine.clock.now() < self.0 {
            let source = serde_json::from_str::<u8>("?").expect_err("no number");
            return Err(StoreError::Corrupt { subject: "order:PO-1".to_owned(), source }.into());
        }
        let done = |lot| Progress::new(lot, StepResult::Done, LotEvent::Stepped);
        Ok(lots.into_iter().map(done).collect())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_attempt_keeps_all_its_causes_until_one_succeeds() {
    let folder = tempfile::tempdir().expect("a folder");
    let (engine, mut relay, broker) = engine((sqlite(folder.path()).await, embedded())).await;
    let blind = Blind(START + chrono::TimeDelta::milliseconds(1));
    work(&engine, &[Arc::new(blind), Arc::new(Trivial::new(STEPS[1]))]);
    submit(&engine, 1).await;
    run_until_idle(&mut relay, &broker, None, &mut |_| {}).await.expect("ran");
    let lot = &lots(&engine).await[0];
    assert_eq!((lot.state().name(), &*lot.code, &*lot.reason), ("delivered", "", ""));
    let events = engine.store.events_of(&lot.id.to_string()).await.expect("read");
    let failed = events.iter().find(|event| event.kind == LotEvent::AttemptFailed.name());
    let body = &failed.expect("it failed once").body;
    assert!(body.contains("order:PO-1") && body.contains("expected value at line 1"), "{body}");
}

#[tokio::test]
async fn a_lease_left_behind_counts_as_an_attempt_and_the_fifth_parks() {
    let folder = tempfile::tempdir().expect("a folder");
    let (engine, ..) = self::engine((sqlite(folder.path()).await, embedded())).await;
    submit(&engine, 2).await;
    let id = lots(&engine).await[0].id;
    engine.store.close().await;
    for lost in 1..=5 {
        // A process that claims, and ends.
        let (engine, ..) = self::engine((sqlite(folder.path()).await, embedded())).await;
        assert_eq!(recover(&engine, Term(1)).await.expect("recovered"), usize::from(lost > 1));
        let claim = engine.store.claim_lots(STEPS[0], &[id.0], START).await.expect("claimed");
        assert_eq!(claim.lots.len(), 1, "lease {lost}");
        engine.store.close().await;
    }
    let (engine, ..) = self::engine((sqlite(folder.path()).await, embedded())).await;
    assert_eq!(recover(&engine, Term(1)).await.expect("recovered"), 1);
    let lots = lots(&engine).await;
    assert!(matches!(lots[0].state(), LotState::Parked { .. }));
    assert!(matches!(lots[1].state(), LotState::Ready { attempt: 1, .. }));
    assert_eq!(recover(&engine, Term(1)).await.expect("recovered"), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn old_answers_are_forgotten_and_new_ones_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    for store in [sqlite(folder.path()).await, postgres().await] {
        let (engine, _, _) = engine((store, embedded())).await;
        let hours = |hours| START + chrono::TimeDelta::hours(hours);
        let mut change_set = ChangeSet::new("test", START);
        for n in 0..1200 {
            let (request, body) = (String::new(), String::new());
            let reply = Reply { request, status: 200, content_type: None, body, at: hours(n % 2) };
            let body = serde_json::to_string(&reply).expect("JSON");
            change_set.notes.push(NoteChange {
                kind: NoteKind::Reply,
                key: format!("a/{n:04}"),
                body: Some(body),
            });
        }
        engine.commit(vec![change_set], None).await.expect("stored");
        assert_eq!(forget_before(&engine, hours(1)).await.expect("forgotten"), 600);
        let left =
            engine.store.notes(NoteKind::Reply, &NoteRange::under("a", 2000)).await.expect("read");
        assert_eq!(left.len(), 600);
        assert!(left.iter().all(|(_, body)| body.contains("01:00")), "{left:?}");
    }
}
