//! `--with-archive FILE`: answers questions about old days from a copy of the data that contains the archived bodies
//! again.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use tempfile::TempDir;
use tokio::sync::mpsc;
use waybill_shared::archive::PUT_BACK;
use waybill_shared::clock::Clock;
use waybill_shared::dump::{self, AHEAD, Batch, Row};
use waybill_shared::store::chain::archived;
use waybill_shared::store::sqlite::{SqliteReplacement, SqliteStore};
use waybill_shared::store::{Beside as _, ChangeSet, NoteChange, Store as _};

use crate::archived::bodies;
use crate::exported::Out;
use crate::exported::fill;
use crate::failure::Failure;
use crate::output;
use crate::service::settle;
use crate::target::{StoreUrl, Target};
use waybill_shared::domain::kinds::NoteKind;

/// The archives that this command names.
static NAMED: OnceLock<Vec<PathBuf>> = OnceLock::new();

/// The copy, as long as this command runs.
static COPY: OnceLock<TempDir> = OnceLock::new();

/// Sets the archives.
pub(crate) fn named(archives: Vec<PathBuf>) {
    NAMED.get_or_init(|| archives);
}

/// Whether archives were named.
pub(crate) fn are_named() -> bool {
    NAMED.get().is_some_and(|archives| !archives.is_empty())
}

/// Removes the copy.
pub(crate) fn end() {
    // Statics are not dropped when the process ends.
    if let Some(copy) = COPY.get() {
        std::fs::remove_dir_all(copy.path()).ok();
    }
}

/// The copy that is used instead of `target`, if archives were named.
pub(crate) fn instead_of(target: Target) -> Result<Target, Failure> {
    let Some(archives) = NAMED.get().filter(|archives| !archives.is_empty()) else {
        return Ok(target);
    };
    if COPY.get().is_none() {
        let copy = tokio::task::block_in_place(|| {
            tokio::runtime::Handle::current().block_on(made(&target, archives))
        })?;
        COPY.get_or_init(|| copy);
    }
    let Some(copy) = COPY.get() else { return Ok(target) };
    let Target { keys, key_file, .. } = target;
    Ok(Target { keys, key_file, ..Target::folder(copy.path()) })
}

async fn made(target: &Target, archives: &[PathBuf]) -> Result<TempDir, Failure> {
    let mut all: HashMap<i64, String> = HashMap::new();
    for archive in archives {
        all.extend(bodies(archive)?);
    }
    target.is_there()?;
    let copy = TempDir::with_prefix("waybill-archive-").map_err(Failure::ours)?;
    let file = copy.path().join("whole.jsonl");
    export(&target.store, &file, all).await?;
    let place = copy.path().join("waybill.sqlite");
    let beside = SqliteReplacement::at(&place)?;
    beside.empty().await?;
    if let Err(failure) = fill(&beside, &file).await {
        beside.discard().await?;
        return Err(failure.hint(
            "the archive may belong to another coalition, or was changed: `waybill audit verify \
             FILE`",
        ));
    }
    beside.take_place().await?;
    std::fs::remove_file(&file).map_err(Failure::ours)?;
    let store = SqliteStore::open(&place).await?;
    let mut change_set = ChangeSet::new("operator", Clock::Real.now());
    let body = Some(String::new());
    change_set.notes.push(NoteChange { kind: NoteKind::PutBack, key: PUT_BACK.to_owned(), body });
    store.commit(vec![change_set]).await?;
    store.close().await;
    Ok(copy)
}

/// Exports `store` to `file`, with `bodies` put back in their places.
async fn export(
    store: &StoreUrl,
    file: &Path,
    bodies: HashMap<i64, String>,
) -> Result<(), Failure> {
    let opened = store.look().await?;
    settle(&*opened).await?;
    let snapshot = opened.snapshot().await?;
    let header = dump::header(&*snapshot, store.kind()).await?;
    let bar = output::progress("adding the archive", header.counts.rows());
    let (to, mut poured) = mpsc::channel::<Batch>(AHEAD);
    let (on, rows) = mpsc::channel::<Batch>(AHEAD);
    let put_back = async move {
        while let Some(mut batch) = poured.recv().await {
            for row in &mut batch {
                if let Row::Event(event) = row
                    && archived(&event.body).is_some()
                    && let Some(body) = bodies.get(&event.position)
                {
                    event.body.clone_from(body);
                }
            }
            if on.send(batch).await.is_err() {
                return;
            }
        }
    };
    let out = Out::file(std::fs::File::create_new(file).map_err(Failure::ours)?, false);
    let writing = tokio::task::spawn_blocking(move || {
        let mut out = out;
        dump::write(&mut out, &header, rows, |rows| bar.inc(rows as u64))?;
        bar.finish_and_clear();
        out.end()
    });
    let fill = async {
        let done = dump::fill(&*snapshot, &to).await;
        drop(to);
        done
    };
    let (poured, ()) = tokio::join!(fill, put_back);
    drop(snapshot);
    opened.close().await;
    poured?;
    writing.await.map_err(Failure::ours)?.map_err(Failure::ours)
}
