//! A whole database goes from any store into any other.

use std::io::Cursor;
use std::sync::Arc;

use tempfile::TempDir;
use tokio::sync::mpsc;
use waybill_shared::check::check;
use waybill_shared::documents::TakenDocument;
use waybill_shared::dump::{self, AHEAD, DocumentRow, Reading, Row, WholeError};
use waybill_shared::store::postgres::PostgresReplacement;
use waybill_shared::store::sqlite::SqliteReplacement;
use waybill_shared::store::{Beside, ChangeSet, Fate, NewJob, NoteChange, Store};

use crate::support::{NOW, Place, all, close, commit, envelope, sequence, submit};
use waybill_shared::domain::kinds::{JobKind, NoteKind, RecordKind};

/// Everything in `store`, as a file.
async fn export(store: &dyn Store) -> Vec<u8> {
    let snapshot = store.snapshot().await.expect("a snapshot");
    let header = dump::header(&*snapshot, "test").await.expect("counted");
    let (to, rows) = mpsc::channel(AHEAD);
    let written = tokio::task::spawn_blocking(move || {
        let mut file = Vec::new();
        dump::write(&mut file, &header, rows, |_| ()).expect("written");
        file
    });
    dump::fill(&*snapshot, &to).await.expect("poured");
    drop(to);
    written.await.expect("ran")
}

async fn beside(place: &Place) -> Box<dyn Beside> {
    match place {
        Place::Sqlite(folder) => {
            let beside =
                SqliteReplacement::at(&folder.path().join("waybill.sqlite")).expect("free");
            beside.empty().await.expect("made");
            Box::new(beside)
        }
        Place::Postgres(url) => Box::new(PostgresReplacement::empty(url).await.expect("made")),
    }
}

/// Puts `file` in the place of what is at `place`; what was there is kept under a name.
async fn restore(file: Vec<u8>, place: &Place) -> Result<Option<String>, WholeError> {
    let beside = beside(place).await;
    let (to, rows) = mpsc::channel(AHEAD);
    let read = tokio::task::spawn_blocking(move || {
        Reading::open(Cursor::new(file)).and_then(|reading| reading.rows(&to, |_| ()))
    });
    beside.fill(rows).await.expect("filled");
    if let Err(error) = read.await.expect("ran") {
        beside.discard().await.expect("discarded");
        return Err(error);
    }
    let store = beside.look().await.expect("read");
    assert!(check(&*store).await.expect("checked").ok);
    store.close().await;
    Ok(beside.take_place().await.expect("in its place"))
}

/// Something of every kind, with a lot and a job under way, and events that have no position yet.
async fn busy(place: &Place) -> Arc<dyn Store> {
    let store = place.open().await;
    commit(&*store, vec![submit(1, 5), submit(2, 7), envelope("AA-1", 900)]).await;
    sequence(&*store).await;
    let lot = all(&*store).await.remove(0);
    let mut change_set = ChangeSet::new("test \"quoted\" \u{2028}\u{1}", NOW);
    let key = |key: &str| key.to_owned();
    change_set.notes.push(NoteChange {
        kind: NoteKind::Reply,
        key: key("b"),
        body: Some(key("{\"a\": 1}")),
    });
    change_set.notes.push(NoteChange {
        kind: NoteKind::Reply,
        key: key("B"),
        body: Some(key("\u{e4}")),
    });
    let body = key("{}");
    change_set.jobs.push(NewJob {
        kind: JobKind::Round,
        key: key("all"),
        due: NOW,
        body: body.clone(),
    });
    change_set.jobs.push(NewJob { kind: JobKind::Send, key: key("PO-1"), due: NOW, body });
    assert_eq!(commit(&*store, vec![change_set]).await, [Fate::Committed]);
    store.claim_lots("validate_priority", &[lot.id.0], NOW).await.expect("claimed");
    let hint = store.first_due_job(NOW).await.expect("read").expect("a job");
    assert_eq!(store.claim_jobs(JobKind::Round, &[hint.id], NOW).await.expect("claimed").len(), 1);
    let second = all(&*store).await.remove(1);
    assert_eq!(commit(&*store, vec![close(&second)]).await, [Fate::Committed]);
    store
}

async fn goes_and_comes_back(from: Place, to: Place) {
    let store = busy(&from).await;
    let file = export(&*store).await;
    store.close().await;
    assert_eq!(restore(file.clone(), &to).await.expect("restored"), None);

    let store = to.open().await;
    assert!(export(&*store).await == file, "another database");
    // What was under way is due again, and new events follow the old.
    let lot = all(&*store).await.remove(0);
    let claim = store.claim_lots("validate_priority", &[lot.id.0], NOW).await.expect("claimed");
    assert_eq!(claim.lots.len(), 1);
    let hint = store.first_due_job(NOW).await.expect("read").expect("a job");
    let jobs = store.claim_jobs(JobKind::Round, &[hint.id], NOW).await.expect("claimed");
    assert_eq!((jobs.len(), jobs[0].attempt), (1, 1));
    assert_eq!(commit(&*store, vec![close(&lot)]).await, [Fate::Committed]);
    sequence(&*store).await;
    let findings = check(&*store).await.expect("checked");
    assert!(findings.ok && findings.events == 7, "{findings:?}");
    store.close().await;

    // Over what is there: that is kept.
    let kept = restore(file.clone(), &to).await.expect("restored");
    assert!(kept.is_some_and(|kept| kept.contains("before")));
    let store = to.open().await;
    assert!(export(&*store).await == file);
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_database_goes_from_a_file_to_a_server() {
    goes_and_comes_back(Place::sqlite(), Place::postgres()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_database_goes_from_a_server_to_a_file() {
    goes_and_comes_back(Place::postgres(), Place::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_database_goes_from_a_server_to_a_server() {
    goes_and_comes_back(Place::postgres(), Place::postgres()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_file_that_ends_early_nothing_stays() {
    let from = Place::sqlite();
    let store = busy(&from).await;
    let file = export(&*store).await;
    store.close().await;
    let folder: TempDir = tempfile::tempdir().expect("a folder");
    let path = folder.path().to_owned();
    let to = Place::Sqlite(folder);
    for length in (0..file.len()).step_by(97) {
        let error = restore(file[..length].to_vec(), &to).await.expect_err("refused");
        assert!(
            matches!(error, WholeError::CutOff { .. } | WholeError::Foreign),
            "{length}: {error}"
        );
        assert_eq!(std::fs::read_dir(&path).expect("read").count(), 0, "{length}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_byte_of_a_file_can_be_changed() {
    let place = Place::sqlite();
    let store = busy(&place).await;
    let file = export(&*store).await;
    store.close().await;
    let end = file.iter().position(|byte| *byte == b'\n').expect("a header");
    for at in (end + 1..file.len()).step_by(11) {
        let mut changed = file.clone();
        changed[at] = if changed[at] == b'7' { b'8' } else { b'7' };
        let (to, mut rows) = mpsc::channel(1_000);
        let read = tokio::task::spawn_blocking(move || {
            Reading::open(Cursor::new(changed)).and_then(|reading| reading.rows(&to, |_| ()))
        });
        while rows.recv().await.is_some() {}
        let error = read.await.expect("ran").expect_err("refused");
        assert!(error.to_string().starts_with("line "), "{at}: {error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_somebody_leads_nothing_is_replaced() {
    let Place::Postgres(url) = Place::postgres() else { return };
    let store = Place::Postgres(url.clone()).open().await;
    let term = store.lead(None).await.expect("asked").expect("leads");
    let refused = PostgresReplacement::empty(&url).await;
    assert!(matches!(refused, Err(waybill_shared::store::StoreError::Busy { .. })), "{refused:?}");
    store.resign(term).await.expect("resigned");
    let beside = PostgresReplacement::empty(&url).await.expect("made");
    // Or begins to lead meanwhile.
    store.lead(None).await.expect("asked").expect("leads");
    assert!(beside.take_place().await.is_err());
    beside.discard().await.expect("discarded");
    store.close().await;
}

/// What an older version took is a record once this one opens the database, whatever opens it twice.
async fn older_documents_are_records(place: Place) {
    let beside = beside(&place).await;
    let (to, rows) = mpsc::channel(AHEAD);
    let old = |number: usize| {
        let body = serde_json::json!({
            "sender": "MOD", "number": number.to_string(), "type": "acceptance", "lot": "LOT-1", "accepted": true,
        });
        Row::Document(DocumentRow {
            sender: "MOD".to_owned(),
            number: number.to_string(),
            at: NOW.timestamp_millis(),
            body: body.to_string(),
        })
    };
    to.send((0..1_200).map(old).collect()).await.expect("taken");
    let broken = DocumentRow {
        sender: "MOD".to_owned(),
        number: "broken".to_owned(),
        at: NOW.timestamp_millis(),
        body: "{}".to_owned(),
    };
    to.send(vec![Row::Document(broken)]).await.expect("taken");
    drop(to);
    beside.fill(rows).await.expect("filled");
    // A copy is judged before anybody works on it: its documents with it.
    let copy = beside.look().await.expect("read");
    let findings = check(&*copy).await.expect("checked");
    copy.close().await;
    let found: Vec<&str> = findings.violations.iter().map(|one| &*one.subject).collect();
    assert_eq!(found, ["document 3:MOD/broken"], "{findings:?}");
    beside.take_place().await.expect("in its place");
    for _ in 0..2 {
        let store = place.open().await;
        assert_eq!(store.records(RecordKind::Document).await.expect("read").len(), 1_201);
        let taken = TakenDocument::of(&*store, "MOD", "1199").await.expect("read").expect("there");
        assert_eq!((taken.at, &*taken.document.number), (NOW, "1199"));
        sequence(&*store).await;
        let findings = check(&*store).await.expect("checked");
        assert_eq!((findings.events, findings.violations.len()), (1_201, 0), "{findings:?}");
        store.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_of_an_older_version_are_records_in_a_file() {
    older_documents_are_records(Place::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_of_an_older_version_are_records_on_a_server() {
    older_documents_are_records(Place::postgres()).await;
}
