//! Random histories of the whole engine on real database files: coalitions of a few lots and a
//! little money, a sandbox that answers badly, strangers' documents at any moment, files handed in
//! again by two requesters with equal ids, amendments, cut commitments, batches left behind. At every
//! stop the invariants hold: I1, I2, I3, I7, I9, I10, I11 and I13 as `waybill check` states them, and I4 in that
//! no round over what waits would change anything.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{Days, NaiveDate};
use proptest::prelude::*;
use serde_json::{Value, json};
use waybill_scheduler::{Relay, recover, run_until_idle};
use waybill_shared::broker::{EmbeddedBroker, HeldBroker};
use waybill_shared::check::check;
use waybill_shared::clock::Clock;
use waybill_shared::domain::command::Command;
use waybill_shared::domain::contribution::Contribution;
use waybill_shared::domain::document::{Document, Verdict};
use waybill_shared::domain::kinds::{JobKind, LotEvent, RecordKind, StepKind};
use waybill_shared::domain::lot::{Lot, LotState};
use waybill_shared::domain::pipeline::{
    ConnectorConfig, CronAct, CronEntry, Missed, Pipeline, SandboxConfig,
};
use waybill_shared::domain::quantity::Quantity;
use waybill_shared::domain::requisition::Line;
use waybill_shared::domain::retry::RetryPolicy;
use waybill_shared::domain::transition::StepResult;
use waybill_shared::engine::Engine;
use waybill_shared::import::CoalitionFiles;
use waybill_shared::intake::{Handing, How, Submitted, contribute, load, submit};
use waybill_shared::job::run_jobs;
use waybill_shared::openings::start_of;
use waybill_shared::store::sqlite::SqliteStore;
use waybill_shared::store::{ChangeSet, Fate, LotFilter, NewJob, Term};
use waybill_workers::commands::{self, Decided};
use waybill_workers::connectors::Connector;
use waybill_workers::{Progress, Step, StepError, connectors, jobs, run_step, steps};

const ITEMS: [&str; 2] = ["router", "laptop"];
const CODES: [&str; 2] = ["32413100-2", "30213100-6"];

fn first_day() -> NaiveDate {
    NaiveDate::from_ymd_opt(2025, 1, 1).expect("a day")
}

/// Money of one donor.
#[derive(Debug, Clone)]
struct Money {
    minor: i64,
    is_foreign: bool,
    /// Which item it is for; both if past the last.
    item: usize,
    asks: bool,
    obligate_in: Option<u64>,
}

/// A line of a requisition.
#[derive(Debug, Clone)]
struct Asked {
    item: usize,
    pieces: i64,
    class: u32,
    smallest: Option<i64>,
    tolerance: u32,
}

/// What happens between two stops.
#[derive(Debug, Clone)]
enum Happening {
    /// A line asks for another quantity.
    Amend { line: usize, pieces: i64 },
    /// A file of some lines is handed in, perhaps again, perhaps on the day for which it was planned; of
    /// what commands have changed, too, its word is taken or not.
    Import { file: usize, rows: Vec<(usize, i64, usize)>, is_planned: bool, theirs: bool },
    /// A commitment becomes this many per cent of what it was.
    Resize { money: usize, per_cent: i64 },
    /// Something in the name of whoever may say it, about a lot as it is, with these numbers.
    Says { kind: usize, lot: usize, number: i64, other: i64 },
    /// An operator commands something of a lot, its line, its order or a contribution, with these numbers.
    Commands { kind: usize, lot: usize, number: i64, other: usize },
    /// A batch is taken and left behind.
    LeftBehind { step: usize },
}

#[derive(Debug, Clone)]
struct History {
    money: Vec<Money>,
    lines: Vec<Asked>,
    sandbox: SandboxConfig,
    stops: Vec<(u64, Vec<Happening>)>,
    approval_above: i64,
    /// Whether steps of somebody else stand before matching, and before delivery.
    others: (bool, bool),
}

/// Steps that pipelines may have besides the program's own.
const OTHERS: [&str; 2] = ["board_decision", "inspect_quality"];

/// A step of somebody else, which takes lots a second time, some days later.
struct Slow(&'static str);

#[async_trait]
impl Step for Slow {
    fn name(&self) -> &'static str {
        self.0
    }

    async fn run(&self, _: &Engine, lots: Vec<Lot>) -> Result<Vec<Progress>, StepError> {
        let progress = |lot: Lot| match lot.state() {
            LotState::Ready { attempt: 1, .. } => {
                let result = StepResult::Retry { cause: "not yet".to_owned() };
                Progress::new(lot, result, LotEvent::AttemptFailed)
            }
            _ => Progress::new(lot, StepResult::Done, LotEvent::Stepped),
        };
        Ok(lots.into_iter().map(progress).collect())
    }
}

fn money() -> impl Strategy<Value = Money> {
    let parts = (0_i64..600_000, any::<bool>(), 0_usize..4, any::<bool>());
    (parts, proptest::option::of(1_u64..120)).prop_map(|(parts, obligate_in)| {
        let (minor, is_foreign, item, asks) = parts;
        Money { minor, is_foreign, item, asks, obligate_in }
    })
}

fn asked() -> impl Strategy<Value = Asked> {
    (0_usize..2, 1_i64..40, 1_u32..4, proptest::option::of(1_i64..8), 0_u32..200).prop_map(
        |(item, pieces, class, smallest, tolerance)| Asked {
            item,
            pieces,
            class,
            smallest: smallest.filter(|smallest| *smallest <= pieces),
            tolerance,
        },
    )
}

/// Which lines a file has, how much of each, and what is odd about it.
fn rows() -> impl Strategy<Value = Vec<(usize, i64, usize)>> {
    proptest::collection::vec((any::<usize>(), 1_i64..50, 0_usize..6), 1..6)
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        2 => (any::<usize>(), 1_i64..50)
            .prop_map(|(line, pieces)| Happening::Amend { line, pieces }),
        3 => (0_usize..3, rows(), any::<bool>(), any::<bool>()).prop_map(
            |(file, rows, is_planned, theirs)| Happening::Import { file, rows, is_planned, theirs }
        ),
        1 => (any::<usize>(), 0_i64..150)
            .prop_map(|(money, per_cent)| Happening::Resize { money, per_cent }),
        8 => (0_usize..7, any::<usize>(), 0_i64..60, 0_i64..400)
            .prop_map(|(kind, lot, number, other)| Happening::Says { kind, lot, number, other }),
        5 => (0_usize..14, any::<usize>(), 0_i64..60, any::<usize>())
            .prop_map(|(kind, lot, number, other)| Happening::Commands { kind, lot, number, other }),
        1 => (0_usize..4).prop_map(|step| Happening::LeftBehind { step }),
    ]
}

fn sandbox() -> impl Strategy<Value = SandboxConfig> {
    (any::<u64>(), proptest::collection::vec(0_u16..400, 9)).prop_map(|(seed, chances)| {
        let mut chances = chances.into_iter();
        let mut next = || chances.next().unwrap_or_default();
        SandboxConfig {
            seed,
            declined: next() / 4,
            not_accepted: next(),
            not_agreed: next(),
            refused: next(),
            changed: next(),
            late: next(),
            short: next(),
            rejected: next(),
            over: next(),
            ..SandboxConfig::default()
        }
    })
}

fn history() -> impl Strategy<Value = History> {
    let stop = (1_u64..40, proptest::collection::vec(happening(), 0..6));
    (
        proptest::collection::vec(money(), 1..4),
        proptest::collection::vec(asked(), 1..8),
        sandbox(),
        proptest::collection::vec(stop, 0..8),
        0_i64..400_000,
        any::<(bool, bool)>(),
    )
        .prop_map(|(money, lines, sandbox, stops, approval_above, others)| History {
            money,
            lines,
            sandbox,
            stops,
            approval_above,
            others,
        })
}

impl History {
    fn contribution(&self, index: usize, per_cent: i64) -> Contribution {
        let money = &self.money[index];
        let currency = if money.is_foreign { "DKK" } else { "EUR" };
        let amount = json!({"minor": money.minor * per_cent / 100, "currency": currency});
        let items: Vec<&str> = ITEMS.get(money.item).copied().into_iter().collect();
        let obligate_by = money.obligate_in.map(|days| first_day() + Days::new(days));
        serde_json::from_value(json!({
            "id": format!("D{index}-1"), "donors": [format!("D{index}")],
            "firmness": "commitment", "stated": first_day(), "amount": amount,
            "earmark": {"items": items}, "obligate_by": obligate_by,
            "consent": if money.asks { "each_line" } else { "none" }, "source": "invented",
        }))
        .expect("a contribution")
    }

    fn line(&self, index: usize, pieces: i64) -> Line {
        let asked = &self.lines[index];
        let thousandths = |pieces: i64| pieces * 1000;
        serde_json::from_value(json!({
            // Both requesters number from 0.
            "external_id": format!("R/{}", index / 2), "requester": requester(index),
            "item": ITEMS[asked.item],
            "kind": "goods", "classification": CODES[asked.item], "scheme": "CPV",
            "quantity": thousandths(pieces), "unit": "H87", "consignee": format!("UA-{}", 1 + index % 2),
            "unit_estimate": {"minor": 10_000, "currency": "EUR"},
            "priority": {"class": asked.class, "rank": index + 1}, "requested": first_day(),
            "smallest_lot": asked.smallest.map(thousandths),
            "tolerance_per_mille": asked.tolerance,
        }))
        .expect("a line")
    }

    /// The same with something odd about it.
    fn odd_line(&self, index: usize, pieces: i64, oddity: usize) -> Line {
        let mut line = self.line(index, pieces);
        match oddity {
            // Sent back.
            0 => "UA-9".clone_into(&mut line.consignee),
            // Declined.
            1 => line.unit_estimate.minor *= 1_000_000,
            2 => line.priority.rank += 7,
            _ => {}
        }
        line
    }

    fn files(&self) -> CoalitionFiles {
        let role = |role: &str| json!([{"role": role, "from": first_day(), "evidence": "-"}]);
        let party = |id: String, is: &str| json!({"id": id, "name": id, "roles": role(is)});
        let mut parties: Vec<Value> =
            (0..self.money.len()).map(|i| party(format!("D{i}"), "member")).collect();
        parties.push(party("MOD".to_owned(), "beneficiary"));
        parties.push(party("MOD2".to_owned(), "beneficiary"));
        parties.push(party("NSPA".to_owned(), "buying_agent"));
        let offer = |i: usize, supplier: &str, minor: i64, minimum: i64, increment: i64| {
            json!({
                "id": format!("{supplier}-{i}"), "supplier": supplier, "item": ITEMS[i],
                "unit": "H87", "unit_price": {"minor": minor, "currency": "EUR"},
                "minimum": minimum * 1000, "increment": increment * 1000, "lead_days": 20,
                "from": first_day(), "channel": "NSPA",
            })
        };
        let offers = [
            offer(0, "S1", 9_900, 1, 1),
            offer(0, "S2", 10_100, 5, 5),
            offer(1, "S2", 10_300, 1, 10),
        ];
        let code = |i: usize| json!({"scheme": "CPV", "code": CODES[i], "name": ITEMS[i]});
        let contributions: Vec<Contribution> =
            (0..self.money.len()).map(|i| self.contribution(i, 100)).collect();
        serde_json::from_value(json!({
            "settings": {"name": "C", "currency": "EUR", "zone": "UTC", "start": first_day()},
            "parties": parties,
            "groups": [{"id": "net", "name": "Net", "prefixes": ["32"], "review_days": 14,
                "review_from": {"minor": 100_000, "currency": "EUR"}}],
            "contributions": contributions, "later_contributions": [], "offers": offers,
            "charges": [{"channel": "NSPA", "kind": "agent_fee", "basis_points": 325}],
            "codes": [code(0), code(1)], "prohibited": [],
            "consignees": [
                {"code": "UA-1", "requester": "MOD", "address": "1 Street"},
                {"code": "UA-2", "requester": "MOD2", "address": "2 Street"},
            ],
            "rates": [{"date": first_day(), "rates": {"DKK": "7.4605"},
                "source": "invented"}],
        }))
        .expect("a coalition")
    }

    fn pipeline(&self) -> Pipeline {
        let [validate, matches, order, confirm] = [0, 1, 2, 3].map(|at| StepKind::NAMES[at]);
        let (before_money, before_goods) = self.others;
        let board = before_money.then_some(OTHERS[0]);
        let inspection = before_goods.then_some(OTHERS[1]);
        let own = [Some(validate), board, Some(matches), Some(order), inspection, Some(confirm)];
        let names: Vec<&str> = own.into_iter().flatten().collect();
        let mut pipeline = Pipeline::of(&names);
        for step in pipeline.steps.iter_mut().filter(|step| step.name.kind().is_none()) {
            step.retry = RetryPolicy { attempts: 8, base_s: 10 * 86_400, cap_s: 10 * 86_400 };
        }
        pipeline.match_donor.round_delay_ms = 0;
        pipeline.issue_order.approval_above =
            serde_json::from_value(json!({"minor": self.approval_above, "currency": "EUR"})).ok();
        pipeline.connector = ConnectorConfig::Sandbox(self.sandbox.clone());
        let daily = |name: &str, act| CronEntry {
            name: name.to_owned(),
            act,
            at: "0 6 * * *".to_owned(),
            zone: chrono_tz::UTC,
            missed: Missed::default(),
            bound: 7,
            overlap: false,
        };
        pipeline.cron = vec![daily("chase", CronAct::Chase), daily("lapse", CronAct::Lapse)];
        pipeline
    }
}

fn requester(index: usize) -> &'static str {
    if index.is_multiple_of(2) { "MOD" } else { "MOD2" }
}

/// A coalition under way.
struct World {
    engine: Engine,
    relay: Relay,
    broker: HeldBroker,
    connector: Arc<dyn Connector>,
    said: u64,
}

async fn lots(engine: &Engine) -> Vec<Lot> {
    let filter = LotFilter { limit: 10_000, ..LotFilter::default() };
    engine.store.lots(&filter).await.expect("read")
}

impl World {
    async fn start(history: &History, folder: &Path) -> Self {
        let store = SqliteStore::open(&folder.join("waybill.sqlite")).await.expect("opened");
        let clock = Clock::starting_at(start_of(first_day(), chrono_tz::UTC));
        let broker = HeldBroker::new(Arc::new(EmbeddedBroker::default()));
        let pipelines = vec![history.pipeline()];
        let (engine, wakes) =
            Engine::new(Arc::new(store), Arc::new(broker.clone()), clock, pipelines);
        load(&engine, &history.files()).await.expect("a coalition");
        for (i, asked) in history.lines.iter().enumerate() {
            let line = Submitted { row: 1, line: history.line(i, asked.pieces) };
            submit(&engine, Handing::file("import", "lines.csv", How::WHOLE), &[line])
                .await
                .expect("a line");
        }
        let connector = connectors::open(engine.pipeline(), folder).expect("a sandbox");
        let mut registry = steps::registry(&connector);
        registry.extend(OTHERS.map(|name| Arc::new(Slow(name)) as Arc<dyn Step>));
        for config in &engine.pipeline().steps {
            let step = registry.iter().find(|step| step.name() == &*config.name.0);
            let step = step.expect("a step of that name").clone();
            tokio::spawn(run_step(engine.clone(), step, config.clone()));
        }
        let mut all = jobs::registry(&connector);
        all.extend(waybill_scheduler::intake::registry());
        for act in all {
            tokio::spawn(run_jobs(engine.clone(), act));
        }
        waybill_scheduler::calendar::arm(&engine).await.expect("armed");
        let relay = Relay::new(engine.clone(), wakes, Vec::new());
        Self { engine, relay, broker, connector, said: 0 }
    }

    async fn happens(&mut self, history: &History, happening: &Happening) {
        let engine = &self.engine;
        match happening {
            Happening::Amend { line, pieces } => {
                let line = history.line(line % history.lines.len(), *pieces);
                let submitted = Submitted { row: 1, line };
                submit(engine, Handing::file("import", "later.csv", How::WHOLE), &[submitted])
                    .await
                    .expect("taken");
            }
            Happening::Import { file, rows, is_planned, theirs } => {
                let line = |(row, (line, pieces, oddity)): (u64, &(usize, i64, usize))| {
                    let line = history.odd_line(line % history.lines.len(), *pieces, *oddity);
                    Submitted { row, line }
                };
                let lines: Vec<Submitted> = (1..).zip(rows).map(line).collect();
                let keys: Vec<String> = lines.iter().map(|row| row.line.key()).collect();
                let (ours, theirs) = if *theirs { (Vec::new(), keys) } else { (keys, Vec::new()) };
                let how = How { keep_good: true, ours, theirs, ..How::default() };
                let name = format!("list-{file}.csv");
                let handing = match is_planned {
                    true => Handing::plan("import", &name),
                    false => Handing::file("import", &name, &how),
                };
                // Twice the same is once.
                for _ in 0..2 {
                    submit(engine, handing, &lines).await.expect("taken");
                }
            }
            Happening::Resize { money, per_cent } => {
                let contribution = history.contribution(money % history.money.len(), *per_cent);
                contribute(engine, "import", &[contribution]).await.expect("a fact");
            }
            Happening::Says { kind, lot, number, other } => {
                let lots = lots(engine).await;
                let lot = &lots[lot % lots.len()];
                let (sender, mut said) = says(&lots, lot, *kind, *number, *other);
                // Numbers come again now and then.
                said["number"] = json!(format!("X-{}", self.said / 2));
                said["sender"] = json!(sender);
                self.said += 1;
                let document: Document = serde_json::from_value(said.clone()).expect("a document");
                let mut change_set = ChangeSet::new("inbox", engine.clock.now());
                change_set.jobs.push(NewJob {
                    kind: JobKind::Document,
                    key: document.key(),
                    due: engine.clock.now(),
                    body: said.to_string(),
                });
                let fates = engine.commit(vec![change_set], None).await.expect("committed");
                assert_eq!(fates, [Fate::Committed]);
            }
            Happening::Commands { kind, lot, number, other } => {
                let lots = lots(engine).await;
                let lot = &lots[lot % lots.len()];
                let given = format!("D{}-1", other % history.money.len());
                let (id, command) = commands(lot, &lots, *kind, *number, *other, given);
                let order =
                    commands::Instruction { actor: "operator", command: &command, reason: "so" };
                let connector = &self.connector;
                // It may fit or not; what fits breaks no rule. Workers are at it, too: decided again then.
                loop {
                    let decided = commands::decide(engine, connector, order, &id).await;
                    let Ok(Decided::Change(change_set)) = decided else { break };
                    match engine.commit(vec![*change_set], None).await.expect("committed").remove(0)
                    {
                        Fate::Stale { .. } => {}
                        Fate::Refused { rule } => panic!("{id}: {command:?}: {rule}"),
                        // The same again changes nothing more, or cannot be had.
                        Fate::Committed if matches!(command, Command::Split { .. }) => break,
                        Fate::Committed => {
                            let again = commands::decide(engine, connector, order, &id).await;
                            let is_same = !matches!(again, Ok(Decided::Change(_)));
                            assert!(is_same, "{id}: {command:?}");
                            break;
                        }
                    }
                }
            }
            Happening::LeftBehind { step } => {
                let ids: Vec<i64> = lots(engine).await.iter().map(|lot| lot.id.0).collect();
                let now = engine.clock.now();
                engine.store.claim_lots(StepKind::NAMES[*step], &ids, now).await.expect("claimed");
                recover(engine, Term(1)).await.expect("recovered");
            }
        }
    }

    async fn run(&mut self, until: Option<NaiveDate>) {
        let until = until.map(|day| start_of(day, chrono_tz::UTC));
        run_until_idle(&mut self.relay, &self.broker, until, &mut |_| {}).await.expect("ran");
        let findings = check(&*self.engine.store).await.expect("read");
        assert!(findings.ok, "{:#?}", findings.violations);
        // The store refuses what would break an invariant: nothing of ours may have tried.
        for incident in self.engine.store.records(RecordKind::Incident).await.expect("read") {
            let is_ours =
                ["I1:", "I2:", "I7:", "panicked"].iter().any(|bad| incident.body.contains(bad));
            assert!(!is_ours, "{incident:#?}");
        }
    }
}

/// What an operator may command of `lot`, one of `lots`: it may fit or not.
fn commands(
    lot: &Lot,
    lots: &[Lot],
    kind: usize,
    number: i64,
    other: usize,
    given: String,
) -> (String, Command) {
    let id = lot.id.to_string();
    let order = lot.order.clone().unwrap_or_else(|| "PO-S1-NSPA-EUR-0001".to_owned());
    let is_even = other.is_multiple_of(2);
    match kind {
        0 | 1 => (id, Command::Hold),
        2 | 3 => (id, Command::Resume),
        4 => (id, Command::Retry),
        5 => (id, Command::Cancel),
        6 => (id, Command::Split { quantity: Quantity::whole(number % 7), again: number % 2 == 0 }),
        7 => {
            let parts: Vec<&Lot> = lots.iter().filter(|part| part.line() == lot.line()).collect();
            (id, Command::Merge { into: parts[other % parts.len()].id })
        }
        8 if number % 4 == 0 => (lot.line().to_string(), Command::Reopen),
        8 if number % 4 == 1 => {
            let quantity = (1 + other as i64 % 30).to_string();
            let fields = [("quantity".to_owned(), quantity)].into();
            (lot.line().to_string(), Command::Amend { fields })
        }
        8 => {
            let class = is_even.then_some(1 + (number % 3) as u8);
            (lot.line().to_string(), Command::Rank { rank: 1 + number as u32, class })
        }
        9 if number % 3 == 0 => {
            (order, Command::CancelOrder { lots: [(id, String::new())].into() })
        }
        9 if number % 3 == 1 => {
            (order, Command::ChangeOrder { lots: [(id, (other % 5).to_string())].into() })
        }
        9 => (order, Command::CancelOrder { lots: Default::default() }),
        10 => (order, Command::Approve { approved: is_even }),
        11 => (id, Command::Consent { envelope: is_even.then_some(given), agreed: number % 3 > 0 }),
        12 => (given, Command::Withdraw { amount: None, again: false }),
        _ => {
            let verdict = match number % 4 {
                0 => Verdict::Approve,
                1 => Verdict::Decline,
                2 => Verdict::Merge,
                _ => Verdict::Return,
            };
            (id, Command::Review { verdict })
        }
    }
}

/// Who says what about `lot`, one of `lots`, as a document: it may fit or not.
fn says(lots: &[Lot], lot: &Lot, kind: usize, number: i64, other: i64) -> (String, Value) {
    let order = lot.order.clone().unwrap_or_else(|| "PO-S1-NSPA-EUR-0001".to_owned());
    let supplier = order.split('-').nth(1).unwrap_or("S1").to_owned();
    let (id, count) = (lot.id.to_string(), number.to_string());
    let is_even = other % 2 == 0;
    match kind {
        0 if number % 3 == 0 => {
            let change = format!("{order}-CHANGE-{}", 1 + other % 2);
            let content = json!({"type": "order_change_response", "order": order,
                "change": change, "accepted": is_even, "text": "so be it"});
            (supplier, content)
        }
        0 => {
            let answer = match other % 3 {
                0 => json!({"lot": id, "answer": "accepted"}),
                1 => json!({"lot": id, "answer": "refused", "text": "no"}),
                _ => json!({"lot": id, "answer": "changed",
                    "unit_price": {"minor": 9_000 + number * 100, "currency": "EUR"}}),
            };
            let lines = [answer];
            (supplier, json!({"type": "order_response", "order": order, "lines": lines}))
        }
        1 => {
            let lines = [json!({"lot": id, "quantity": count})];
            (supplier, json!({"type": "despatch_advice", "order": order, "lines": lines}))
        }
        2 | 3 => {
            let remedy = if is_even { "replace" } else { "return" };
            let rejected = (other % 5).to_string();
            // All lots of the order at once, those of one line among them.
            let is_with = |other: &&Lot| other.id == lot.id || other.order == lot.order;
            let line = |lot: &Lot| {
                let id = lot.id;
                json!({"lot": id, "accepted": count, "rejected": rejected, "remedy": remedy})
            };
            let lines: Vec<Value> = lots.iter().filter(is_with).map(line).collect();
            ("MOD".to_owned(), json!({"type": "receipt_advice", "order": order, "lines": lines}))
        }
        4 => {
            let amount = json!({"minor": number * other * 50, "currency": "EUR"});
            let lines = [json!({"lot": id, "amount": amount, "final": other % 4 == 0})];
            let date = first_day() + Days::new(50);
            let said = json!({"type": "payment", "order": order, "date": date, "lines": lines});
            ("NSPA".to_owned(), said)
        }
        5 => {
            let donor = other % 3;
            let envelope = format!("D{donor}-1");
            let said =
                json!({"type": "consent", "lot": id, "envelope": envelope, "agreed": is_even});
            (format!("D{donor}"), said)
        }
        _ => {
            let said = json!({"type": "approval", "order": order, "approved": is_even});
            ("steering".to_owned(), said)
        }
    }
}

/// A few histories, or as many as `PROPTEST_CASES` says.
fn config() -> ProptestConfig {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    ProptestConfig {
        cases: asked.unwrap_or(24),
        max_shrink_iters: 200,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn the_invariants_hold_through_any_history(history in history()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(async {
            let folder = tempfile::tempdir().expect("a folder");
            let mut world = World::start(&history, folder.path()).await;
            let mut day = first_day();
            for (days, happenings) in &history.stops {
                day = day + Days::new(*days);
                world.run(Some(day)).await;
                for happening in happenings {
                    world.happens(&history, happening).await;
                }
            }
            world.run(None).await;
            for lot in lots(&world.engine).await {
                let is_idle = match lot.state() {
                    LotState::Waiting { .. } | LotState::Parked { .. } | LotState::Closed(_) => true,
                    LotState::Ready { .. } | LotState::RetryAt { .. } => false,
                };
                assert!(is_idle, "{lot:#?} was left");
            }
        });
    }
}
