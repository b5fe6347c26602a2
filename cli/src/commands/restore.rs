//! `waybill restore`, and `waybill import` of a whole database. A new database is created next to
//! the one in use, checked, and then replaces it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use waybill_shared::check::{Findings, Violation, check_telling};
use waybill_shared::clock::Clock;
use waybill_shared::dump::{self, Counts, GivenOut, Reading};
use waybill_shared::sealing::Keys;
use waybill_shared::store::postgres::PostgresReplacement;
use waybill_shared::store::sqlite::SqliteReplacement;
use waybill_shared::store::{Beside, Store};

use crate::args;
use crate::exported::{fill, needs, open, refused, unreadable};
use crate::failure::Failure;
use crate::output;
use crate::signals::Signals;
use crate::target::{StoreUrl, Target};

/// Replaces the database with the content of the file.
pub(crate) async fn run(arguments: args::Restore) -> Result<(), Failure> {
    let target = Target::here(&arguments.data)?;
    let kind = Kind::of(&arguments.file)?;
    let _lock = target.hold()?;
    if let Some(there) = there(&target.store).await?
        && !arguments.yes
    {
        let question =
            format!("{} already contains {there}. Put it aside and restore?", target.store);
        if !output::can_ask() {
            let message = format!("{} already contains {there}", target.store);
            return Err(Failure::caller(message, "add --yes to put it aside and restore"));
        }
        if !output::confirm(&question)? {
            return Err(Failure::caller("nothing was changed", ""));
        }
    }
    let args::Restore { file, as_it_is, json, .. } = arguments;
    put(&target.store, kind, &file, How { as_it_is, is_restore: true, json }).await
}

/// Imports an export into an empty database.
pub(crate) async fn import(
    file: &Path,
    target: &Target,
    dry_run: bool,
    json: bool,
) -> Result<(), Failure> {
    if target.server.is_some() {
        let message = "a whole database is restored into a store, not into a service";
        return Err(Failure::caller(message, "name it with --data or --store"));
    }
    let _lock = target.hold()?;
    if let Some(there) = there(&target.store).await? {
        let message = format!("{} is not empty: it contains {there}", target.store);
        let hint = format!("put it aside with `waybill restore {}`", file.display());
        return Err(Failure::caller(message, hint));
    }
    if dry_run {
        return foreseen(file, &target.store, json);
    }
    put(&target.store, Kind::Export, file, How { as_it_is: false, is_restore: false, json }).await
}

/// Shows what an export would put into an empty database.
fn foreseen(file: &Path, store: &StoreUrl, json: bool) -> Result<(), Failure> {
    let opened = open(file).map_err(|error| unreadable(file, &error))?;
    let reading = Reading::open(opened).map_err(|error| refused(file, error))?;
    let Counts { events, lines, lots, records, .. } = reading.header.counts;
    if json {
        return output::json(&serde_json::json!({
            "store": store.to_string(), "dry_run": true, "events": events, "lines": lines,
            "lots": lots, "records": records,
        }));
    }
    let [events, lines, lots, records] =
        [events, lines, lots, records].map(|count| output::grouped(count.unsigned_abs()));
    output::data(&format!(
        "{}: {events} events, {lines} lines, {lots} lots and {records} records would go into {store}; \
         dry run, nothing was taken\n",
        file.display()
    ))
}

/// The kind of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A SQLite database.
    Database,
    /// The output of `waybill export`.
    Export,
}

impl Kind {
    fn of(path: &Path) -> Result<Self, Failure> {
        let mut start = Vec::new();
        let opened = File::open(path).and_then(|file| file.take(16).read_to_end(&mut start));
        opened.map_err(|error| unreadable(path, &error))?;
        Ok(if start.starts_with(b"SQLite format 3\0") { Self::Database } else { Self::Export })
    }
}

/// Describes the content of a store. `None` means that it is empty.
async fn there(store: &StoreUrl) -> Result<Option<String>, Failure> {
    if !store.exists() {
        return Ok(None);
    }
    // A database that cannot be read still exists. It may be the reason for the restore.
    let unread = "a database that cannot be read";
    let Ok(migrations) = store.migrations().await else { return readable(store, unread) };
    if migrations.iter().all(|migration| !migration.is_applied) {
        return Ok(None);
    }
    let Ok(opened) = store.look().await else {
        return Ok(Some("a database of an older version".to_owned()));
    };
    let counts = opened.counts().await;
    opened.close().await;
    let Ok(counts) = counts else { return readable(store, unread) };
    let Counts { events, lots, lines, .. } = counts;
    if counts.rows() == 0 {
        return Ok(None);
    }
    let [events, lots, lines] =
        [events, lots, lines].map(|count| output::grouped(count.unsigned_abs()));
    Ok(Some(format!("{events} events, {lines} lines and {lots} lots")))
}

/// A file may be damaged. A server that does not answer is an error, because nothing can be
/// restored to it either.
fn readable(store: &StoreUrl, unread: &str) -> Result<Option<String>, Failure> {
    match store {
        StoreUrl::Sqlite(_) => Ok(Some(unread.to_owned())),
        StoreUrl::Postgres(_) => Err(Failure::caller(
            format!("{store} cannot be read"),
            "see `waybill migrate --dry-run`",
        )),
    }
}

/// How a database replaces another.
#[derive(Debug, Clone, Copy)]
struct How {
    /// Accept the database even if invariants do not hold.
    as_it_is: bool,
    /// Whether this is a restore after a loss. Otherwise the database moves from one store to
    /// another.
    is_restore: bool,
    json: bool,
}

/// The database that is being replaced, if it can be read.
async fn old(store: &StoreUrl) -> Option<Arc<dyn Store>> {
    if !store.exists() {
        return None;
    }
    let migrations = store.migrations().await.ok()?;
    if migrations.iter().all(|migration| !migration.is_applied) {
        return None;
    }
    let opened = store.look().await;
    opened
        .inspect_err(|failure| {
            output::talk(&format!("the numbers already given out cannot be read: {failure}"));
        })
        .ok()
}

/// Pauses the database that replaces `old`, and carries over the numbers that `old` has given out.
async fn carry_into(
    beside: &dyn Beside,
    old: Option<&dyn Store>,
    file: &Path,
    as_it_is: bool,
) -> Result<(), Failure> {
    let name = file.file_name().unwrap_or(file.as_os_str()).to_string_lossy();
    let (new, now) = (beside.open().await?, Clock::Real.now());
    let done = async {
        // The old database may be damaged; that may be the reason for the restore.
        let given_out = match old {
            Some(old) => GivenOut::of(old, &*new).await.inspect_err(|error| {
                output::talk(&format!("the numbers already given out cannot be read: {error}"));
            }),
            None => Ok(GivenOut::default()),
        };
        let given_out = given_out.ok().filter(|_| old.is_some());
        match dump::carry(&*new, given_out, &name, now).await {
            // A database that violates invariants may refuse the change too.
            Err(error) if as_it_is => {
                output::talk(&format!(
                    "the numbers already given out are not carried over: {error}"
                ));
                Ok(dump::pause(&*new, &name, now).await?)
            }
            done => Ok(done.map(drop)?),
        }
    };
    let done: Result<(), Failure> = done.await;
    new.close().await;
    if let Some(old) = old {
        old.close().await;
    }
    done
}

/// Refuses an export that contains a NUL character, which Postgres cannot store.
fn holds_no_nul(file: &Path) -> Result<(), Failure> {
    let opened = open(file).map_err(|error| unreadable(file, &error))?;
    let Some(found) = dump::first_nul(opened).map_err(|error| unreadable(file, &error))? else {
        return Ok(());
    };
    let message = format!(
        "{}, row {}: {} holds a NUL (U+0000), which Postgres cannot keep; nothing was written",
        file.display(),
        found.row,
        found.what
    );
    let hint = "keep this database on SQLite (`--data FOLDER`): what was logged is not changed; `waybill doctor` there names \
                each such value; or begin a new one on Postgres from the coalition's files";
    Err(Failure::caller(message, hint))
}

/// Creates the new database, and replaces the old one with it.
async fn put(store: &StoreUrl, kind: Kind, file: &Path, how: How) -> Result<(), Failure> {
    // After a restore, other systems that know the old database continue with the new one.
    let carries = match how.is_restore {
        true => Some((file, old(store).await)),
        false => None,
    };
    let carries = carries.as_ref();
    let (proof, kept) = match (store, kind) {
        (StoreUrl::Sqlite(place), Kind::Database) => {
            let beside = SqliteReplacement::at(place)?;
            let made = async {
                let bar = output::progress("copying", 0);
                beside.copy_of(file).await?;
                bar.finish_and_clear();
                Ok(())
            };
            in_place(&beside, made, carries, how).await?
        }
        (StoreUrl::Sqlite(place), Kind::Export) => {
            let beside = SqliteReplacement::at(place)?;
            let made = async {
                beside.empty().await?;
                fill(&beside, file).await
            };
            in_place(&beside, made, carries, how).await?
        }
        (StoreUrl::Postgres(url), Kind::Export) => {
            holds_no_nul(file)?;
            let beside = PostgresReplacement::empty(url).await?;
            in_place(&beside, fill(&beside, file), carries, how).await?
        }
        (StoreUrl::Postgres(_), Kind::Database) => {
            let file = file.display();
            let message = format!("{file} is an SQLite database, but the store is on Postgres");
            let way = format!("export it first: waybill export FILE --store sqlite:{file}");
            return Err(Failure::caller(message, way));
        }
    };
    let holds = proof.holds();
    let Proof { events, link, sealed, .. } = proof;
    if how.json {
        return output::json(&serde_json::json!({
            "store": store.to_string(), "events": events, "link": link, "ok": holds == HOLDS, "kept": kept,
            "paused": how.is_restore, "sealed": sealed,
        }));
    }
    if let Some(kept) = kept {
        output::talk(&format!("the previous data is kept as {kept}"));
    }
    needs(&sealed);
    let events = output::grouped(events.unsigned_abs());
    let paused = if how.is_restore {
        "everything is paused: check `waybill todo`, then run `waybill unpause all`\n"
    } else {
        ""
    };
    output::data(&format!("{store}: {events} events, {holds}\nlast link {link}\n{paused}"))
}

/// Lets `beside` replace the database once it is complete and passes the checks. Otherwise it is
/// removed.
async fn in_place(
    beside: &dyn Beside,
    made: impl Future<Output = Result<(), Failure>>,
    carries: Option<&(&Path, Option<Arc<dyn Store>>)>,
    how: How,
) -> Result<(Proof, Option<String>), Failure> {
    let proven = Signals::unless(async {
        made.await?;
        let proof = proof(&*beside.look().await?).await?;
        if let Some(first) = proof.violations.first().filter(|_| !how.as_it_is) {
            return Err(does_not_hold(first, proof.violations.len()));
        }
        if let Some((file, old)) = carries {
            carry_into(beside, old.as_deref(), file, how.as_it_is).await?;
        }
        Ok(proof)
    })
    .await;
    let placed = match proven {
        Ok(proof) => beside.take_place().await.map(|kept| (proof, kept)).map_err(Failure::from),
        Err(failure) => Err(failure),
    };
    if placed.is_err() {
        beside.discard().await?;
    }
    placed
}

/// The results of checking a database.
#[derive(Debug)]
pub(crate) struct Proof {
    pub(crate) events: i64,
    /// The hash of the last link of the hash chain.
    pub(crate) link: String,
    pub(crate) violations: Vec<Violation>,
    /// The number of sealed values by key id.
    pub(crate) sealed: BTreeMap<String, usize>,
}

/// The message if no violation was found.
pub(crate) const HOLDS: &str = "every invariant holds";

impl Proof {
    /// The result in words.
    pub(crate) fn holds(&self) -> String {
        match self.violations.len() {
            0 => HOLDS.to_owned(),
            1 => "1 violation".to_owned(),
            many => format!("{many} violations"),
        }
    }
}

fn does_not_hold(first: &Violation, all: usize) -> Failure {
    let Violation { invariant, subject, detail } = first;
    let rest = match all {
        1 => String::new(),
        all => format!(", and {} more", all - 1),
    };
    let error = anyhow::anyhow!("{invariant} is violated by {subject}: {detail}{rest}");
    Failure::ours(error)
        .hint("nothing was changed; `waybill restore --as-it-is` restores it anyway")
}

/// Checks everything in `store`, and closes it.
pub(crate) async fn proof(store: &dyn Store) -> Result<Proof, Failure> {
    let events = store.last_position().await?;
    let bar = Arc::new(output::progress("checking", events));
    let findings = check_telling(store, &Keys::default(), &|events| bar.inc(events as u64)).await?;
    bar.finish_and_clear();
    let link = store.links(events - 1, events).await?.pop().map(|(_, hash)| hash);
    store.close().await;
    let Findings { violations, unopened: sealed, .. } = findings;
    Ok(Proof { events, link: link.unwrap_or_default(), violations, sealed })
}
