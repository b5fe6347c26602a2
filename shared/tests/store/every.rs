//! What every store does.

use waybill_shared::documents::TakenDocument;
use waybill_shared::domain::document::{Content, Document};
use waybill_shared::domain::funding::{Share, ShareState};
use waybill_shared::domain::ids::LotId;
use waybill_shared::domain::kinds::{JobKind, LotEvent, NoteKind, RecordEvent, RecordKind};
use waybill_shared::domain::limit::Limit;
use waybill_shared::domain::lot::{Awaited, Lot, Priority, Timestamp};
use waybill_shared::domain::money::{Currency, Money, Rate};
use waybill_shared::domain::quantity::Quantity;
use waybill_shared::domain::transition::StepResult;
use waybill_shared::store::{
    ChangeSet, Fate, Lane, LotChange, LotFilter, LotOrder, NewJob, NoteChange, NoteRange, Store,
    Wanted,
};

use crate::support::{NOW, Place, all, close, commit, envelope, led, lot, sequence, submit};

macro_rules! on_every_store {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                super::$name(crate::support::Place::sqlite()).await;
            })*
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                super::$name(crate::support::Place::postgres()).await;
            })*
        }
    };
}

on_every_store! {
    what_was_committed_is_there_after_opening_again,
    a_stale_unit_drops_out_and_the_others_commit,
    a_split_that_does_not_add_up_is_refused,
    an_envelope_is_never_exceeded_not_even_within_one_batch,
    a_document_is_taken_once_by_sender_and_number,
    notes_are_changed_in_place_and_read_by_range,
    a_claim_takes_what_is_due_at_its_step,
    a_unit_that_changes_a_subject_twice_is_refused,
    an_envelope_changes_from_the_version_that_was_read_and_keeps_its_currency,
    a_job_asked_for_again_while_it_ran_runs_once_more,
    a_job_asked_for_again_rests_after_a_failure_only,
    what_steps_look_up_changes_the_generation,
    how_many_lots_are_where_is_kept_as_they_move,
    lots_are_listed_by_rank_and_newest_first,
    jobs_are_claimed_within_a_limit,
    its_condition_is_told,
}

/// Jobs to send to each of these, and their numbers.
pub(crate) async fn sendings(store: &dyn Store, keys: &[&str]) -> Vec<i64> {
    let mut ids = Vec::new();
    for (i, key) in keys.iter().enumerate() {
        let mut change_set = ChangeSet::new("test", NOW);
        let number = format!("{key}-{i}");
        change_set.jobs.push(NewJob {
            kind: JobKind::Send,
            key: number,
            due: NOW,
            body: (*key).to_owned(),
        });
        assert_eq!(commit(store, vec![change_set]).await, [Fate::Committed]);
        let wanted = Wanted { queue: "send".into(), lots: None, limit: 100 };
        let due = store.due(NOW, &[wanted]).await.expect("read");
        ids.extend(due.iter().map(|hint| hint.id).max());
    }
    ids
}

/// The lots that are due at the first step.
async fn due(store: &dyn Store) -> Vec<i64> {
    let wanted = Wanted { queue: "validate_priority".into(), lots: Some(Lane::Urgent), limit: 10 };
    store.due(NOW, &[wanted]).await.expect("read").iter().map(|hint| hint.id).collect()
}

async fn what_was_committed_is_there_after_opening_again(place: Place) {
    let store = place.open().await;
    let store = &*store;
    let fates = commit(store, vec![submit(1, 5), submit(2, 7)]).await;
    assert_eq!(fates, [Fate::Committed, Fate::Committed]);
    sequence(store).await;
    let before = (all(store).await, store.chain().await.expect("read"));
    store.close().await;

    let store = place.open().await;
    let store = &*store;
    assert_eq!((all(store).await, store.chain().await.expect("read")), before);
    assert_eq!(before.0.iter().map(|lot| lot.quantity).sum::<Quantity>(), Quantity::whole(12));
    let events = store.events_after(0, 100).await.expect("read");
    assert_eq!(events.iter().map(|e| e.position).collect::<Vec<_>>(), [1, 2, 3, 4]);
    commit(store, vec![submit(3, 1)]).await;
    sequence(store).await;
    assert_eq!(store.events_after(4, 100).await.expect("read").len(), 2);
}

async fn a_stale_unit_drops_out_and_the_others_commit(place: Place) {
    let store = place.open().await;
    let store = &*store;
    commit(store, vec![submit(1, 5), submit(2, 7)]).await;
    let lots = all(store).await;
    let fates = commit(store, vec![close(&lots[0]), close(&lots[0]), close(&lots[1])]).await;
    assert!(matches!(fates[..], [Fate::Committed, Fate::Stale { .. }, Fate::Committed]));
    assert!(all(store).await.iter().all(|lot| lot.version == 2));
    let timeline = store.events_of(&lots[0].id.to_string()).await.expect("read");
    assert_eq!(timeline.iter().map(|e| e.number).collect::<Vec<_>>(), [1, 2]);
}

async fn a_split_that_does_not_add_up_is_refused(place: Place) {
    let store = place.open().await;
    let store = &*store;
    commit(store, vec![submit(1, 5)]).await;
    let whole = all(store).await.remove(0);
    let split = |kept: i64, moved: i64| {
        let mut after = whole.clone();
        after.quantity = Quantity::whole(kept);
        ChangeSet::new("test", NOW)
            .lot(LotChange::new(whole.clone(), after, LotEvent::Split))
            .lot(LotChange::created(lot(1, 1, moved), LotEvent::SplitOff))
    };
    let fates = commit(store, vec![split(3, 3)]).await;
    assert!(matches!(&fates[0], Fate::Refused { rule } if rule.starts_with("I1")), "{fates:?}");
    assert_eq!(all(store).await, std::slice::from_ref(&whole));
    assert_eq!(commit(store, vec![split(3, 2)]).await, [Fate::Committed]);
    assert_eq!(all(store).await.len(), 2);
}

async fn an_envelope_is_never_exceeded_not_even_within_one_batch(place: Place) {
    let store = place.open().await;
    let store = &*store;
    commit(store, vec![envelope("LU-1", 1000), submit(1, 1), submit(2, 1)]).await;
    let lots = all(store).await;
    let fund = |lot: &Lot, minor: i64| {
        let mut after = lot.clone();
        let amount = Money::new(minor, Currency::EUR);
        after.funding.push(Share {
            envelope: "LU-1".to_owned(),
            amount,
            covers: amount,
            rate: Rate::ONE,
            state: ShareState::Agreed,
            covers_rate: None,
            consents: Vec::new(),
        });
        ChangeSet::new("test", NOW).lot(LotChange::new(lot.clone(), after, LotEvent::Matched))
    };
    let fates = commit(store, vec![fund(&lots[0], 600), fund(&lots[1], 401)]).await;
    assert_eq!(fates[0], Fate::Committed);
    assert!(matches!(&fates[1], Fate::Refused { rule } if rule.starts_with("I2")), "{fates:?}");
    assert_eq!(commit(store, vec![fund(&lots[1], 400)]).await, [Fate::Committed]);
    let rows = store.envelopes().await.expect("read");
    assert_eq!((rows[0].allocated, rows[0].opened), (1000, 1000));
}

async fn a_document_is_taken_once_by_sender_and_number(place: Place) {
    let store = place.open().await;
    let store = &*store;
    let content = Content::Acceptance { lot: LotId(1 << 12), accepted: true };
    let document = Document { sender: "ACME".to_owned(), number: "7".to_owned(), content };
    let take = || {
        let mut change_set = ChangeSet::new("supplier", NOW);
        change_set.records.push(TakenDocument::filed(document.clone(), NOW).expect("filed"));
        change_set
    };
    assert_eq!(commit(store, vec![take()]).await, [Fate::Committed]);
    assert!(matches!(commit(store, vec![take()]).await[..], [Fate::Stale { .. }]));
}

async fn a_claim_takes_what_is_due_at_its_step(place: Place) {
    let store = place.open().await;
    let store = &*store;
    commit(store, vec![submit(1, 5), submit(2, 7)]).await;
    let ids: Vec<i64> = due(store).await;
    assert!(store.claim_lots("match_donor", &ids, NOW).await.expect("asked").lots.is_empty());
    let claim = store.claim_lots("validate_priority", &ids, NOW).await.expect("asked");
    assert_eq!(claim.lots.len(), 2);
    assert!(store.lost_leases().await.expect("read").is_empty(), "its process lives");
    store.release(claim.lease);
    assert!(store.lost_leases().await.expect("read").is_empty());
}

/// Every statement in a file of its own is one that the migrated database understands.
async fn a_unit_that_changes_a_subject_twice_is_refused(place: Place) {
    let store = place.open().await;
    let store = &*store;
    commit(store, vec![submit(1, 5)]).await;
    let lot = all(store).await.remove(0);
    let change = || LotChange::new(lot.clone(), lot.clone(), LotEvent::Stepped);
    let twice = ChangeSet::new("test", NOW).lot(change()).lot(change());
    let mut envelopes = envelope("LU-1", 1000);
    envelopes.envelopes.extend(envelope("LU-1", 1000).envelopes);
    for fate in commit(store, vec![twice, envelopes]).await {
        assert!(matches!(&fate, Fate::Refused { rule } if rule.starts_with("I7")), "{fate:?}");
    }
    sequence(store).await;
    assert_eq!(store.last_position().await.expect("read"), 2);
}

async fn an_envelope_changes_from_the_version_that_was_read_and_keeps_its_currency(place: Place) {
    let store = place.open().await;
    let store = &*store;
    assert_eq!(commit(store, vec![envelope("LU-1", 1000)]).await, [Fate::Committed]);
    let again = commit(store, vec![envelope("LU-1", 1000)]).await;
    assert!(matches!(again[..], [Fate::Stale { .. }]), "{again:?}");
    let mut other = envelope("LU-1", 1000);
    (other.envelopes[0].expected, other.envelopes[0].currency) = (1, "DKK".to_owned());
    let refused = commit(store, vec![other]).await;
    assert!(
        matches!(&refused[0], Fate::Refused { rule } if rule.contains("in EUR")),
        "{refused:?}"
    );
    assert_eq!(store.envelopes().await.expect("read")[0].opened, 1000);
}

async fn a_job_asked_for_again_while_it_ran_runs_once_more(place: Place) {
    let store = place.open().await;
    let store = &*store;
    let ask = || {
        let mut change_set = ChangeSet::new("test", NOW);
        let (key, body) = ("all".to_owned(), String::new());
        change_set.jobs.push(NewJob { kind: JobKind::Round, key, due: NOW, body });
        change_set
    };
    commit(store, vec![ask(), ask()]).await;
    let id = store.first_due_job(NOW).await.expect("read").expect("a job").id;
    let job = store.claim_jobs(JobKind::Round, &[id], NOW).await.expect("claimed").remove(0);
    let ends = |job: &waybill_shared::store::Job| {
        let mut change_set = ChangeSet::new("test", NOW);
        change_set.job = Some(job.becomes(None));
        change_set
    };
    commit(store, vec![ask()]).await;
    assert_eq!(commit(store, vec![ends(&job)]).await, [Fate::Committed]);
    let again = store.claim_jobs(JobKind::Round, &[id], NOW).await.expect("claimed").remove(0);
    assert_eq!((again.attempt, again.version > job.version), (1, true));
    assert_eq!(commit(store, vec![ends(&again)]).await, [Fate::Committed]);
    assert!(store.job_counts().await.expect("read").is_empty());
    assert!(matches!(commit(store, vec![ends(&again)]).await[..], [Fate::Stale { .. }]));
}

/// While a job of a webhook runs, it is asked for by every event that comes.
async fn a_job_asked_for_again_rests_after_a_failure_only(place: Place) {
    let store = &*place.open().await;
    let ask = async |due| {
        let mut change_set = ChangeSet::new("test", NOW);
        let (key, body) = (String::new(), String::new());
        change_set.jobs.push(NewJob { kind: JobKind::Round, key, due, body });
        assert_eq!(commit(store, vec![change_set]).await, [Fate::Committed]);
    };
    let after = |millis| NOW + chrono::TimeDelta::milliseconds(millis);
    ask(NOW).await;
    let id = store.first_due_job(NOW).await.expect("read").expect("a job").id;
    // Twice it fails, and a third time all goes well: each time it is asked for meanwhile.
    for (now, again, attempt) in [(0, 5000, 2), (5000, 9000, 3), (9000, 9100, 1)] {
        let job =
            store.claim_jobs(JobKind::Round, &[id], after(now)).await.expect("claimed").remove(0);
        ask(after(now + 10)).await;
        let mut change_set = ChangeSet::new("test", after(now));
        change_set.job = Some(job.becomes(Some((after(again), attempt))));
        assert_eq!(commit(store, vec![change_set]).await, [Fate::Committed]);
        let due = store.first_due_job(after(again)).await.expect("read").expect("a job").due;
        match attempt {
            1 => assert!(due <= after(now + 10).timestamp_millis(), "{due} after {now} ms"),
            _ => assert_eq!(due, after(again).timestamp_millis(), "after {now} ms"),
        }
    }
    let job =
        store.claim_jobs(JobKind::Round, &[id], after(9010)).await.expect("claimed").remove(0);
    assert_eq!(job.attempt, 1, "what went well counts anew");
}

async fn jobs_are_claimed_within_a_limit(place: Place) {
    let store = place.open().await;
    let store = &*store;
    let ids = sendings(store, &["A", "A", "A", "B"]).await;
    let limit = Limit { concurrency: Some(2), per_minute: None };
    let claim = async |limit| {
        let claimed =
            store.claim_job_within(JobKind::Send, &ids, NOW, limit).await.expect("claimed");
        claimed.map(|job| (job.body.clone(), job))
    };
    let mut held = Vec::new();
    for _ in 0..3 {
        held.push(claim(limit).await.expect("room"));
    }
    let keys: Vec<&str> = held.iter().map(|(key, _)| &**key).collect();
    assert_eq!(keys, ["A", "A", "B"]);
    assert!(claim(limit).await.is_none(), "a third of one key");
    let left = store.free_jobs(JobKind::Send, &ids, NOW).await.expect("read");
    assert!(left.iter().any(|job| job.id == ids[2]), "{left:?}");

    // One that ends makes room.
    let (_, job) = held.remove(0);
    let mut ends = ChangeSet::new("test", NOW);
    ends.job = Some(job.becomes(None));
    assert_eq!(commit(store, vec![ends]).await, [Fate::Committed]);
    store.let_go(&job);
    assert_eq!(claim(limit).await.expect("room").1.id, ids[2]);

    // At most so many begin in a minute, spaced evenly: the second has to wait.
    let slow = Limit { concurrency: None, per_minute: Some(1) };
    let more = sendings(store, &["C", "C"]).await;
    let first = store.claim_job_within(JobKind::Send, &more, NOW, slow).await.expect("claimed");
    assert_eq!(first.map(|job| job.id), Some(more[0]));
    let second = store.claim_job_within(JobKind::Send, &more, NOW, slow).await.expect("claimed");
    assert!(second.is_none(), "{second:?}");
}

async fn what_steps_look_up_changes_the_generation(place: Place) {
    let store = place.open().await;
    let store = &*store;
    let before = store.generation().await.expect("read");
    commit(store, vec![submit(1, 5)]).await;
    assert_eq!(store.generation().await.expect("read"), before);
    let mut change_set = ChangeSet::new("test", NOW);
    change_set.records.push(waybill_shared::store::RecordChange {
        kind: RecordKind::Party,
        id: "LU".to_owned(),
        expected: 0,
        body: "{}".to_owned(),
        event: RecordEvent::RecordStated,
    });
    commit(store, vec![change_set]).await;
    assert!(store.generation().await.expect("read") > before);
}

fn note(key: &str, body: Option<&str>) -> NoteChange {
    NoteChange { kind: NoteKind::Reply, key: key.to_owned(), body: body.map(str::to_owned) }
}

async fn notes_are_changed_in_place_and_read_by_range(place: Place) {
    let store = place.open().await;
    let mut change_set = ChangeSet::new("test", NOW);
    for (key, body) in
        [("a/1", "one"), ("a/2", "two"), ("a/3", "three"), ("ab", "x"), ("a/1", "uno")]
    {
        change_set.notes.push(note(key, Some(body)));
    }
    assert_eq!(commit(&*store, vec![change_set]).await, [Fate::Committed]);
    let all = |limit| NoteRange::under("a", limit);
    let read = async |range: NoteRange| {
        let found = store.notes(NoteKind::Reply, &range).await.expect("read");
        found.into_iter().map(|(key, body)| format!("{key}={body}")).collect::<Vec<_>>()
    };
    assert_eq!(read(all(10)).await, ["a/1=uno", "a/2=two", "a/3=three"]);
    assert_eq!(read(NoteRange { backwards: true, ..all(2) }).await, ["a/3=three", "a/2=two"]);
    assert_eq!(read(NoteRange { after: "a/1".to_owned(), ..all(1) }).await, ["a/2=two"]);

    // A change set that is stale changes no notes.
    let mut stale = submit(1, 5);
    stale.notes.push(note("a/2", None));
    let mut again = submit(1, 5);
    again.notes.push(note("a/3", None));
    assert_eq!(commit(&*store, vec![stale]).await, [Fate::Committed]);
    assert!(matches!(commit(&*store, vec![again]).await[..], [Fate::Stale { .. }]));
    assert_eq!(read(all(10)).await, ["a/1=uno", "a/3=three"]);
    assert_eq!(store.note(NoteKind::Reply, "a/1").await.expect("read").as_deref(), Some("uno"));
    assert_eq!(store.note(NoteKind::Key, "a/1").await.expect("read"), None);
}

/// The lot that is part 0 of a line.
async fn of_line(store: &dyn Store, line: i64) -> Lot {
    store.lots_by_id(&[lot(line, 0, 1).id.0]).await.expect("read").remove(0)
}

/// `lot` waits for `awaits` since so many seconds.
fn wait(lot: &Lot, awaits: Awaited, since: i64) -> ChangeSet {
    let mut after = led(lot, StepResult::Wait { awaits, until: None });
    after.since = Timestamp::from_timestamp(since, 0);
    ChangeSet::new("test", NOW).lot(LotChange::new(lot.clone(), after, LotEvent::WaitsForMoney))
}

async fn how_many_lots_are_where_is_kept_as_they_move(place: Place) {
    let store = place.open().await;
    commit(&*store, (1..=4).map(|line| submit(line, 5)).collect()).await;
    let is_stale = close(&of_line(&*store, 4).await);
    for (line, since) in [(1, 7_300), (2, 10_900), (3, 10_800)] {
        let change_set = wait(&of_line(&*store, line).await, Awaited::Funding, since);
        assert_eq!(commit(&*store, vec![change_set]).await, [Fate::Committed]);
    }
    // Together with another change: the long way.
    let mut change_set = wait(&of_line(&*store, 1).await, Awaited::Release, 14_400);
    change_set.notes.push(note("n", Some("x")));
    let change_sets = vec![change_set, close(&of_line(&*store, 4).await), is_stale];
    let fates = commit(&*store, change_sets).await;
    assert!(matches!(fates[..], [Fate::Committed, Fate::Committed, Fate::Stale { .. }]));
    let counts = store.lot_counts().await.expect("read");
    let told: Vec<_> = counts
        .iter()
        .map(|count| {
            let since = count.oldest.map(|oldest| oldest.timestamp());
            (count.state.as_str(), count.awaits.as_deref(), count.lots, since)
        })
        .collect();
    let expected = [
        ("cancelled", None, 1, None),
        ("waiting", Some("funding"), 2, Some(10_800)),
        ("waiting", Some("release"), 1, Some(14_400)),
    ];
    assert_eq!(told, expected);
    sequence(&*store).await;
    let findings = waybill_shared::check::check(&*store).await.expect("checked");
    assert_eq!(findings.violations, []);
}

async fn lots_are_listed_by_rank_and_newest_first(place: Place) {
    let store = place.open().await;
    let mut change_sets: Vec<ChangeSet> = (1..=4).map(|line| submit(line, 5)).collect();
    for (change_set, (class, rank)) in change_sets.iter_mut().zip([(2, 1), (1, 7), (1, 2), (2, 1)])
    {
        change_set.lots[0].after.priority = Priority { class, rank };
    }
    commit(&*store, change_sets).await;
    for line in [1, 2, 4] {
        commit(&*store, vec![wait(&of_line(&*store, line).await, Awaited::Funding, 0)]).await;
    }
    let listed = async |awaits: Option<&str>, class, order| {
        let awaits = awaits.map(str::to_owned);
        let filter = LotFilter { awaits, class, limit: 2, ..LotFilter::default() };
        let lots = store.lots_ordered(&filter, order).await.expect("read");
        lots.iter().map(|lot| lot.line().0).collect::<Vec<_>>()
    };
    let place = |lot: &Lot| LotOrder::Ranked(Some((lot.priority, lot.id)));
    let (second, first) = (of_line(&*store, 2).await, of_line(&*store, 1).await);
    assert_eq!(listed(None, None, LotOrder::Ranked(None)).await, [3, 2]);
    assert_eq!(listed(None, None, place(&second)).await, [1, 4]);
    assert_eq!(listed(None, Some(2), place(&first)).await, [4]);
    assert_eq!(listed(Some("funding"), None, LotOrder::Ranked(None)).await, [2, 1]);
    assert_eq!(listed(Some("funding"), None, place(&first)).await, [4]);
    assert_eq!(listed(Some("funding"), Some(2), LotOrder::Ranked(None)).await, [1, 4]);
    assert_eq!(listed(None, None, LotOrder::Newest(None)).await, [4, 3]);
    assert_eq!(listed(Some("funding"), None, LotOrder::Newest(Some(first.id))).await, [0; 0]);
    let waiting = LotFilter {
        awaits: Some("funding".to_owned()),
        after: Some(first.id),
        limit: 10,
        ..LotFilter::default()
    };
    let after: Vec<_> = store.lots(&waiting).await.expect("read").iter().map(Lot::line).collect();
    assert_eq!(after, [second.line(), of_line(&*store, 4).await.line()]);
    let parked = LotFilter { state: Some("parked".to_owned()), limit: 1, ..LotFilter::default() };
    assert!(store.lots(&parked).await.expect("read").is_empty());
    store.close().await;
}

async fn its_condition_is_told(place: Place) {
    let store = place.open().await;
    let store = &*store;
    commit(store, vec![submit(1, 5)]).await;
    let condition = store.condition().await.expect("read");
    assert_eq!(condition.migrations, condition.known_migrations);
    assert!(condition.size > 0, "{condition:?}");
    // Where positions are given by a leader, there is none yet.
    let is_shared = store.term_time().is_some();
    assert_eq!(condition.unpositioned > 0, is_shared, "{condition:?}");
    assert_eq!(condition.unpositioned_since.is_some(), is_shared);
    assert_eq!(condition.leader.as_ref().map(|leader| leader.is_live), is_shared.then_some(false));

    let term = store.lead(None).await.expect("asked").expect("it leads");
    while store.sequence(term).await.expect("sequenced") > 0 {}
    let condition = store.condition().await.expect("read");
    assert_eq!(condition.unpositioned, 0);
    if let (Some(leader), Some(now)) = (condition.leader, condition.now) {
        assert!(leader.is_live && leader.renewed <= now, "{leader:?} at {now}");
        assert!(leader.holder.contains(&std::process::id().to_string()), "{leader:?}");
    }
    store.close().await;
}
