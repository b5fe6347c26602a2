//! What many processes on one Postgres rely on.

use std::path::Path;
use std::sync::Arc;

use waybill_shared::check::check;
use waybill_shared::domain::kinds::{JobKind, LotEvent};
use waybill_shared::domain::limit::Limit;
use waybill_shared::store::postgres::PostgresStore;
use waybill_shared::store::{
    ChangeSet, Cluster, Fate, Hint, Lane, Log, LotChange, NewJob, Queues, Reads, Store, StoreError,
};

use crate::support::{NOW, all, close, commit, sequence, submit};

async fn two() -> (PostgresStore, PostgresStore) {
    let url = waybill_services::database().expect("a database");
    let one = PostgresStore::open(&url).await.expect("opened");
    (one, PostgresStore::open(&url).await.expect("opened"))
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_that_change_a_lot_at_once_one_wins() {
    let (one, two) = two().await;
    let change_sets = (1..=50).map(|number| submit(number, 1)).collect();
    commit(&one, change_sets).await;
    let lots = all(&one).await;
    let race = |store: &PostgresStore| {
        let (store, change_sets) = (store.clone(), lots.iter().map(close).collect());
        tokio::spawn(async move { store.commit(change_sets).await.expect("committed") })
    };
    let races = [race(&one), race(&two), race(&one), race(&two)];
    let mut won = 0;
    for race in races {
        let fates = race.await.expect("ran");
        won += fates.iter().filter(|fate| **fate == Fate::Committed).count();
    }
    assert_eq!(won, 50);
    let findings = check(&one).await.expect("checked");
    assert!(findings.ok, "{findings:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_that_make_the_same_lot_one_wins() {
    let (one, two) = two().await;
    let race = |store: &PostgresStore| {
        let store = store.clone();
        tokio::spawn(async move { store.commit(vec![submit(1, 5)]).await.expect("committed") })
    };
    let races = [race(&one), race(&two), race(&one), race(&two)];
    let mut won = 0;
    for race in races {
        won += race.await.expect("ran").iter().filter(|fate| **fate == Fate::Committed).count();
    }
    assert_eq!(won, 1);
    assert_eq!(one.tail().await.expect("read").len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn positions_have_no_gaps_while_many_commit() {
    let (one, two) = two().await;
    commit(&one, (1..=40).map(|number| submit(number, 1)).collect()).await;
    let term = one.lead(None).await.expect("asked").expect("leads");
    let step = |store: PostgresStore, first: usize| {
        tokio::spawn(async move {
            for _ in 0..25 {
                let lots = all(&store).await;
                for lot in lots.iter().skip(first).step_by(4) {
                    let change = LotChange::new(lot.clone(), lot.clone(), LotEvent::Stepped);
                    let fates = store.commit(vec![ChangeSet::new("test", NOW).lot(change)]).await;
                    assert_eq!(fates.expect("committed"), [Fate::Committed]);
                }
            }
        })
    };
    let commits: Vec<_> = (0..4).map(|n| step([&one, &two][n % 2].clone(), n)).collect();
    while commits.iter().any(|task| !task.is_finished()) {
        one.sequence(term).await.expect("sequenced");
        let findings = check(&two).await.expect("checked");
        assert!(findings.ok, "{findings:?}");
    }
    for task in commits {
        task.await.expect("ran");
    }
    while one.sequence(term).await.expect("sequenced") > 0 {}
    assert_eq!(one.last_position().await.expect("read"), 80 + 40 * 25);
    assert!(one.tail().await.expect("read").is_empty());
    let findings = check(&one).await.expect("checked");
    assert!(findings.ok && findings.events == 1080, "{findings:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn positions_that_nobody_waits_for_any_more_are_not_given_twice() {
    let (one, two) = two().await;
    commit(&one, vec![submit(1, 5)]).await;
    let term = one.lead(None).await.expect("asked").expect("leads");
    let pool = sqlx::PgPool::connect(&one.url()).await.expect("connected");
    for slow in [
        "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS
            'BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NULL; END'",
        "CREATE TRIGGER slow AFTER INSERT ON chain EXECUTE FUNCTION slow()",
    ] {
        sqlx::query(slow).execute(&pool).await.expect("slowed down");
    }
    let mut lock = pool.begin().await.expect("begun");
    let hold = sqlx::query("SELECT pg_advisory_xact_lock(1)");
    hold.execute(&mut *lock).await.expect("held");
    // Several connections, so that the next need not wait for that of the one before.
    let reads =
        (0..4).map(|_| one.clone()).map(|store| tokio::spawn(async move { all(&store).await }));
    for read in reads.collect::<Vec<_>>() {
        read.await.expect("read");
    }
    let store = one.clone();
    let gone = tokio::spawn(async move { store.sequence(term).await });
    let waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted";
    while sqlx::query_scalar::<_, i64>(waiting).fetch_one(&mut *lock).await.expect("counted") == 0 {
    }
    gone.abort();
    assert!(gone.await.expect_err("aborted").is_cancelled());
    let store = one.clone();
    let next = tokio::spawn(async move { store.sequence(term).await });
    // Enough for the next to have come as far, if nothing holds it back.
    for _ in 0..100 {
        all(&two).await;
    }
    lock.rollback().await.expect("rolled back");
    next.await.expect("ran").expect("sequenced");
    while one.sequence(term).await.expect("sequenced") > 0 {}
    let findings = check(&two).await.expect("checked");
    assert!(findings.ok && findings.events == 2, "{findings:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deposed_leader_does_no_harm() {
    let (one, two) = two().await;
    commit(&one, vec![submit(1, 5)]).await;
    let old = one.lead(None).await.expect("asked").expect("leads");
    assert!(two.lead(None).await.expect("asked").is_none(), "only one leads");
    assert_eq!(one.lead(Some(old)).await.expect("asked"), Some(old));
    one.resign(old).await.expect("resigned");
    let new = two.lead(None).await.expect("asked").expect("leads");
    assert!(new > old && one.lead(Some(old)).await.expect("asked").is_none());
    assert_eq!(one.sequence(old).await.expect("asked"), 0);
    let lot = all(&one).await.remove(0);
    let by = |term| {
        let mut change_set = close(&lot);
        change_set.term = Some(term);
        change_set
    };
    assert!(matches!(commit(&one, vec![by(old)]).await[..], [Fate::Stale { .. }]));
    assert_eq!(two.sequence(new).await.expect("asked"), 2);
    assert_eq!(commit(&two, vec![by(new)]).await, [Fate::Committed]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_holds_another_does_not_take() {
    let (one, two) = two().await;
    let mut change_set = submit(1, 5);
    let (key, body) = ("O-1".to_owned(), String::new());
    change_set.jobs.push(NewJob { kind: JobKind::Send, key, due: NOW, body });
    commit(&one, vec![change_set]).await;
    let lot = all(&one).await.remove(0).id.0;
    let claim = one.claim_lots("validate_priority", &[lot], NOW).await.expect("claimed");
    assert_eq!(claim.lots.len(), 1);
    let other = two.claim_lots("validate_priority", &[lot], NOW).await.expect("claimed");
    assert!(other.lots.is_empty());
    assert!(two.lost_leases().await.expect("read").is_empty());
    one.release(claim.lease);
    one.renew_leases().await.expect("renewed");
    let other = two.claim_lots("validate_priority", &[lot], NOW).await.expect("claimed");
    assert_eq!(other.lots.len(), 1);

    let job = one.first_due_job(NOW).await.expect("read").expect("a job").id;
    let held = one.claim_jobs(JobKind::Send, &[job], NOW).await.expect("claimed");
    assert_eq!(held.len(), 1);
    assert!(two.claim_jobs(JobKind::Send, &[job], NOW).await.expect("claimed").is_empty());
    let mut ends = ChangeSet::new("test", NOW);
    ends.job = Some(held[0].becomes(None));
    let mut stale = ends.clone();
    stale.job.as_mut().expect("a job").lease -= 1;
    assert!(matches!(commit(&two, vec![stale]).await[..], [Fate::Stale { .. }]));
    assert_eq!(commit(&two, vec![ends]).await, [Fate::Committed]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_asked_for_while_it_runs_is_due_when_it_was_asked_for() {
    let (one, two) = two().await;
    let later = NOW + chrono::TimeDelta::days(1);
    let ask = |due| {
        let mut change_set = ChangeSet::new("test", NOW);
        let (key, body) = ("all".to_owned(), String::new());
        change_set.jobs.push(NewJob { kind: JobKind::Round, key, due, body });
        change_set
    };
    let first = async |now| one.first_due_job(now).await.expect("read");
    commit(&one, vec![ask(NOW)]).await;
    let id = first(NOW).await.expect("a job").id;
    let lost = one.claim_jobs(JobKind::Round, &[id], NOW).await.expect("claimed").remove(0);
    commit(&two, vec![ask(later)]).await;
    // Its holder is lost: it is due as before.
    let pool = sqlx::PgPool::connect(&one.url()).await.expect("connected");
    let passes = sqlx::query("UPDATE jobs SET held = 'epoch'");
    passes.execute(&pool).await.expect("the time passes");
    let held = two.claim_jobs(JobKind::Round, &[id], NOW).await.expect("claimed").remove(0);
    assert_eq!(held.attempt, lost.attempt + 1);
    commit(&one, vec![ask(later)]).await;
    // It ends: what was asked for meanwhile is still to come.
    let mut ends = ChangeSet::new("test", NOW);
    ends.job = Some(held.becomes(None));
    assert_eq!(commit(&two, vec![ends]).await, [Fate::Committed]);
    assert_eq!(first(NOW).await, None);
    let hint = first(later).await.expect("a job");
    assert_eq!((hint.id, hint.due), (id, later.timestamp_millis()));
}

/// A hint that was looked at is not repeated for seconds: a claim waits for who writes the job.
#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_is_being_written_is_claimed_once_it_is() {
    let (one, two) = two().await;
    let mut change_set = ChangeSet::new("test", NOW);
    let (key, body) = ("all".to_owned(), String::new());
    change_set.jobs.push(NewJob { kind: JobKind::Round, key, due: NOW, body });
    commit(&one, vec![change_set]).await;
    let id = one.first_due_job(NOW).await.expect("read").expect("a job").id;
    let pool = sqlx::PgPool::connect(&one.url()).await.expect("connected");
    let mut writes = pool.begin().await.expect("begun");
    let touch = sqlx::query("UPDATE jobs SET version = version + 1");
    touch.execute(&mut *writes).await.expect("written");
    let claims = tokio::spawn(async move { two.claim_jobs(JobKind::Round, &[id], NOW).await });
    let waiting = "SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'";
    while !claims.is_finished() {
        let waits: i64 = sqlx::query_scalar(waiting).fetch_one(&pool).await.expect("read");
        if waits > 0 {
            break;
        }
    }
    writes.commit().await.expect("committed");
    let jobs = claims.await.expect("ran").expect("claimed");
    assert_eq!(jobs.iter().map(|job| (job.id, job.version)).collect::<Vec<_>>(), [(id, 2)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_renews_is_lost_and_a_lost_job_is_at_its_next_attempt() {
    let (one, two) = two().await;
    let mut change_set = submit(1, 5);
    let (key, body) = ("O-1".to_owned(), String::new());
    change_set.jobs.push(NewJob { kind: JobKind::Send, key, due: NOW, body });
    commit(&one, vec![change_set]).await;
    let lot = all(&one).await.remove(0).id.0;
    one.claim_lots("validate_priority", &[lot], NOW).await.expect("claimed");
    let job = one.first_due_job(NOW).await.expect("read").expect("a job").id;
    let held = one.claim_jobs(JobKind::Send, &[job], NOW).await.expect("claimed").remove(0);
    let pool = sqlx::PgPool::connect(&one.url()).await.expect("connected");
    for sql in ["UPDATE leases SET until = 'epoch'", "UPDATE jobs SET held = 'epoch'"] {
        sqlx::query(sql).execute(&pool).await.expect("the time passes");
    }
    let lost = two.lost_leases().await.expect("read");
    assert_eq!(lost.iter().map(|(_, lots)| lots.clone()).collect::<Vec<_>>(), [[(lot, 1)]]);
    let again = two.claim_jobs(JobKind::Send, &[job], NOW).await.expect("claimed").remove(0);
    assert_eq!((again.attempt, again.lease), (held.attempt + 1, held.lease + 1));
    one.renew_leases().await.expect("renewed");
    let mut late = ChangeSet::new("test", NOW);
    late.job = Some(held.becomes(None));
    assert!(matches!(commit(&one, vec![late]).await[..], [Fate::Stale { .. }]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_tells_the_leader_hears() {
    let (one, two) = two().await;
    let mut heard = two.hear().await.expect("listens").expect("others");
    let hint = Hint { queue: "match_donor".into(), lane: Lane::Low, id: 7, due: 1 };
    one.tell(std::slice::from_ref(&hint)).await.expect("told");
    assert_eq!(heard.recv().await, Some(vec![hint]));
    one.tell(&[]).await.expect("told");
    assert_eq!(heard.recv().await, Some(Vec::new()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_was_killed_is_found_again() {
    let mut server = waybill_services::Postgres::start().expect("started");
    let url = server.fresh().expect("a database");
    let store = PostgresStore::open(&url).await.expect("opened");
    commit(&store, vec![submit(1, 5)]).await;
    server.kill().expect("killed");
    assert!(store.commit(vec![submit(2, 5)]).await.is_err());
    server.restart().expect("restarted");
    // A connection that is dead is found out when it is used: at most once each.
    let mut tries = 0;
    while store.lots_by_id(&[]).await.is_err() {
        tries += 1;
        assert!(tries < 20, "it does not come back");
    }
    assert_eq!(commit(&store, vec![submit(3, 5)]).await, [Fate::Committed]);
    sequence(&store).await;
    let findings = check(&store).await.expect("checked");
    assert!(findings.ok && findings.events == 4, "{findings:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_reached_is_named_without_its_password() {
    let url = "postgres://waybill:secret@127.0.0.1:1/waybill";
    let error = PostgresStore::open(url).await.expect_err("refused");
    assert!(matches!(&error, StoreError::Open { .. }), "{error:?}");
    let text = error.to_string();
    assert!(text.contains("postgres://waybill@127.0.0.1:1/waybill") && !text.contains("secret"));
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_never_changed_and_go_to_their_months_partition() {
    let (one, _) = two().await;
    let store: Arc<dyn Store> = Arc::new(one.clone());
    commit(&*store, vec![submit(1, 5)]).await;
    let term = one.lead(None).await.expect("asked").expect("leads");
    one.keep_house(term).await.expect("kept");
    let url = one.url();
    let pool = sqlx::PgPool::connect(&url).await.expect("connected");
    let other: i64 = sqlx::query_scalar("SELECT count(*) FROM events_other")
        .fetch_one(&pool)
        .await
        .expect("read");
    let months: i64 =
        sqlx::query_scalar("SELECT count(*) FROM pg_inherits WHERE inhparent = 'events'::regclass")
            .fetch_one(&pool)
            .await
            .expect("read");
    assert_eq!((other, months), (0, 5), "this month, three to come, and the default");
    for change in ["UPDATE events SET body = ''", "DELETE FROM events", "TRUNCATE events"] {
        let refused = sqlx::query(change).execute(&pool).await.expect_err("refused");
        assert!(refused.to_string().contains("never changed"), "{refused}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_month_that_was_not_made_in_time_is_made_with_its_events() {
    let (one, _) = two().await;
    let store: Arc<dyn Store> = Arc::new(one.clone());
    let pool = sqlx::PgPool::connect(&one.url()).await.expect("connected");
    let month = chrono::Utc::now().format("events_%Y_%m").to_string();
    let lost = format!("DROP TABLE {month}");
    sqlx::query(sqlx::AssertSqlSafe(lost)).execute(&pool).await.expect("dropped");
    commit(&*store, vec![submit(1, 5)]).await;
    let strays = store.condition().await.expect("looked at").strays;
    assert!(strays > 0, "its events stand elsewhere");
    let term = one.lead(None).await.expect("asked").expect("leads");
    one.keep_house(term).await.expect("kept");
    assert_eq!(store.condition().await.expect("looked at").strays, 0);
    let moved = format!("SELECT count(*) FROM {month}");
    let moved: i64 =
        sqlx::query_scalar(sqlx::AssertSqlSafe(moved)).fetch_one(&pool).await.expect("counted");
    assert_eq!(moved, strays);
    // What comes now goes there, and what is there is never changed.
    commit(&*store, vec![submit(2, 5)]).await;
    assert_eq!(store.condition().await.expect("looked at").strays, 0);
    let refused = sqlx::query("DELETE FROM events").execute(&pool).await.expect_err("refused");
    assert!(refused.to_string().contains("never changed"), "{refused}");
    while one.sequence(term).await.expect("positions") > 0 {}
    let findings = waybill_shared::check::check(&*store).await.expect("checked");
    assert!(findings.violations.iter().all(|found| found.invariant != "I7"), "{findings:?}");
}

/// A month that somebody has taken out of the log is named, and comes back with what was told meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn a_month_that_was_detached_is_attached_again() {
    let (one, _) = two().await;
    let store: Arc<dyn Store> = Arc::new(one.clone());
    let pool = sqlx::PgPool::connect(&one.url()).await.expect("connected");
    let term = one.lead(None).await.expect("asked").expect("leads");
    commit(&*store, vec![submit(1, 5)]).await;
    while one.sequence(term).await.expect("positions") > 0 {}
    let month = chrono::Utc::now().format("events_%Y_%m").to_string();
    let detach = format!("ALTER TABLE events DETACH PARTITION {month}");
    sqlx::query(sqlx::AssertSqlSafe(detach)).execute(&pool).await.expect("detached");
    commit(&*store, vec![submit(2, 5)]).await;
    let condition = store.condition().await.expect("looked at");
    assert_eq!(condition.detached, month);
    assert!(condition.strays > 0, "what was told meanwhile stands elsewhere");
    one.keep_house(term).await.expect("kept");
    let condition = store.condition().await.expect("looked at");
    assert_eq!((condition.strays, condition.detached.as_str()), (0, ""));
    while one.sequence(term).await.expect("positions") > 0 {}
    let findings = waybill_shared::check::check(&*store).await.expect("checked");
    assert!(findings.violations.iter().all(|found| found.invariant != "I7"), "{findings:?}");
    let refused = sqlx::query("DELETE FROM events").execute(&pool).await.expect_err("refused");
    assert!(refused.to_string().contains("never changed"), "{refused}");
}

/// Every statement in a file of its own is one that the migrated database understands.
#[tokio::test(flavor = "multi_thread")]
async fn every_statement_can_be_prepared() {
    use sqlx::{Executor, SqlSafeStr};
    let (one, _) = two().await;
    let pool = sqlx::PgPool::connect(&one.url()).await.expect("connected");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store/postgres/sql");
    let mut seen = 0;
    for file in std::fs::read_dir(folder).expect("a folder") {
        let path = file.expect("a file").path();
        let sql = std::fs::read_to_string(&path).expect("a statement");
        let prepared = pool.prepare(sqlx::AssertSqlSafe(sql).into_sql_str()).await;
        assert!(prepared.is_ok(), "{}: {prepared:?}", path.display());
        seen += 1;
    }
    assert!(seen > 50, "{seen} statements were found");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_holds_over_all_processes() {
    let (one, two) = two().await;
    let ids = crate::every::sendings(&one, &["A"; 12]).await;
    let limit = Limit { concurrency: Some(2), per_minute: None };
    let mut claims = tokio::task::JoinSet::new();
    for i in 0..8 {
        let (store, ids) = (if i % 2 == 0 { one.clone() } else { two.clone() }, ids.clone());
        claims.spawn(async move {
            store
                .claim_job_within(JobKind::Send, &ids, NOW, limit)
                .await
                .expect("claimed")
                .is_some()
        });
    }
    let claimed = claims.join_all().await;
    assert_eq!(claimed.iter().filter(|is_claimed| **is_claimed).count(), 2);
    // What a lost process held counts no longer.
    let pool = sqlx::PgPool::connect(&one.url()).await.expect("connected");
    let passes = sqlx::query("UPDATE jobs SET held = 'epoch' WHERE held IS NOT NULL");
    passes.execute(&pool).await.expect("the time passes");
    let again = two.claim_job_within(JobKind::Send, &ids, NOW, limit).await.expect("claimed");
    assert_eq!(again.expect("room").attempt, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn claims_look_lots_up_by_id_though_nothing_was_due_when_statistics_were_taken() {
    use sqlx::{Connection, Row};
    let (one, _) = two().await;
    let mut connection = sqlx::PgConnection::connect(&one.url()).await.expect("connected");
    let claim = include_str!("../../src/store/postgres/sql/claim_lots.sql");
    let ended = "INSERT INTO lots (id, version, event, lane, class, rank, state, body)
        SELECT id, 1, id, 0, 1, 1, 'delivered', '{}' FROM generate_series(1, 20000) AS id";
    let prepare =
        format!("PREPARE claim (bigint[], text, bigint, text, interval, bigint[]) AS {claim}");
    for sql in [ended, "ANALYZE lots", "SET plan_cache_mode = force_generic_plan", &prepare] {
        let sql = sqlx::AssertSqlSafe(sql.to_owned());
        sqlx::raw_sql(sql).execute(&mut connection).await.expect("executed");
    }
    let explain = "EXPLAIN EXECUTE claim ('{1,2,3}', 'match_donor', 5, 'x', '1 s', '{}')";
    let plan = sqlx::raw_sql(explain).fetch_all(&mut connection).await.expect("explained");
    let plan: Vec<String> = plan.iter().map(|row| row.get(0)).collect();
    let plan = plan.join("\n");
    assert!(plan.contains("lots_pkey") && !plan.contains("lots_due"), "{plan}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_tail_settles_while_it_gets_its_positions() {
    let (one, two) = two().await;
    commit(&one, vec![submit(1, 5)]).await;
    let term = one.lead(None).await.expect("asked").expect("leads");
    while one.sequence(term).await.expect("sequenced") > 0 {}
    let pool = sqlx::PgPool::connect(&one.url()).await.expect("connected");
    let many = "INSERT INTO events (id, at, actor, subject, number, kind, previous, body)
        SELECT nextval('event_ids'), 1, 'test', 'envelope:E-' || n, 1, 'envelope.stated', 0, '{}'
        FROM generate_series(1, 110000) AS n";
    sqlx::query(many).execute(&pool).await.expect("written");
    let moves = "INSERT INTO tallies VALUES ('a', 'b', '', 0, 3), ('a', 'b', '', 0, -3)";
    sqlx::query(moves).execute(&pool).await.expect("written");
    let settled = "SELECT settled FROM chain ORDER BY position DESC LIMIT 1";
    for _ in 0..5 {
        assert_eq!(one.sequence(term).await.expect("sequenced"), 20_000);
    }
    assert_eq!(one.sequence(term).await.expect("sequenced"), 10_000);
    // What has its position and is settled is not looked at again.
    let settled: i64 = sqlx::query_scalar(settled).fetch_one(&pool).await.expect("read");
    assert!(settled >= 60_000, "{settled}");
    while one.sequence(term).await.expect("sequenced") > 0 {}
    assert_eq!(two.last_position().await.expect("read"), 110_002);
    // What has moved meanwhile is folded.
    let rows = sqlx::query_scalar("SELECT count(*) FROM tallies").fetch_one(&pool).await;
    assert_eq!((rows.expect("read"), two.lot_counts().await.expect("read").len()), (1_i64, 1));
    assert!(two.tail().await.expect("read").is_empty());
}
