//! Copies of a whole database: backups while others work on it, exports from one kind of store into
//! the other and back, and what is refused.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tempfile::TempDir;

use crate::every_pair::crash::{OPEN, write_coalition};
use crate::pair::pair;
use crate::pair::{Database, Pair};
use crate::secretariat::Service;
use crate::support::{
    SOON, Started, eventually, example_copy, finish, is_clean, run, text, waybill,
};

/// Exports the database of a folder, and gives what was written.
fn export(data: &Path, to: &Path) -> Result<String> {
    run(&["export", text(to)?, "--data", text(data)?])?.ok()?;
    Ok(fs::read_to_string(to)?)
}

/// An export without its header, which says from which kind of store it came.
fn rows(export: &str) -> Result<&str> {
    Ok(export.split_once('\n').context("a header")?.1)
}

#[test]
fn a_coalition_goes_to_the_other_kind_of_store_and_back_with_nothing_lost() -> Result<()> {
    let copy = example_copy()?;
    let folder = TempDir::new()?;
    let at = |name: &str| folder.path().join(name);
    let first = export(&copy.data, &at("first.jsonl"))?;
    let events = is_clean(&copy.data)?;

    let file = format!("sqlite:{}", text(&at("other.sqlite"))?);
    run(&["import", text(&at("first.jsonl"))?, "--store", &file])?.ok()?;
    let found = run(&["check", "--store", &file, "--json"])?.json()?;
    ensure!(found["ok"] == true && found["events"] == events, "{found}");
    run(&["export", text(&at("second.jsonl.gz"))?, "--store", &file])?.ok()?;
    let second = run(&["export", "-", "--store", &file])?.ok()?.out;
    ensure!(rows(&second)? == rows(&first)?, "another database, other rows");

    // Back, compressed this time.
    let back = at("back");
    run(&["import", text(&at("second.jsonl.gz"))?, "--data", text(&back)?])?.ok()?;
    ensure!(is_clean(&back)? == events);
    ensure!(export(&back, &at("third.jsonl"))? == first, "back again, and not the same");
    let said = |data: &Path| run(&["audit", "verify", "--data", text(data)?, "--json"])?.json();
    ensure!(said(&back)? == said(&copy.data)?, "another chain");

    let mode = fs::metadata(at("first.jsonl"))?.permissions().mode() & 0o777;
    ensure!(mode == 0o600, "it may be read with mode {mode:o}");
    Ok(())
}

#[test]
fn what_came_from_elsewhere_is_carried_on() -> Result<()> {
    let folder = TempDir::new()?;
    let (dir, from, to) =
        (folder.path().join("coalition"), folder.path().join("from"), folder.path().join("to"));
    fs::create_dir(&dir)?;
    write_coalition(&dir, 1, 20)?;
    run(&["import", text(&dir)?, "--data", text(&from)?])?.ok()?;
    let exported = folder.path().join("export.jsonl");
    export(&from, &exported)?;
    run(&["import", text(&exported)?, "--data", text(&to)?])?.ok()?;

    // Jobs, dues and the numbers of new events are as they have to be.
    let service = Service::start(&to, None)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let database = runtime.block_on(Database::of(&to))?;
    eventually("every lot ends", Duration::from_secs(120), || {
        Ok((runtime.block_on(database.count(OPEN))? == 0).then_some(()))
    })?;
    runtime.block_on(database.close());
    service.stop()?;
    is_clean(&to)?;
    Ok(())
}

#[test]
fn a_backup_while_lots_are_carried_is_of_one_moment() -> Result<()> {
    let folder = TempDir::new()?;
    let (dir, data) = (folder.path().join("coalition"), folder.path().join("data"));
    fs::create_dir(&dir)?;
    write_coalition(&dir, 200, 300)?;
    run(&["import", text(&dir)?, "--data", text(&data)?])?.ok()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let database = runtime.block_on(Database::of(&data))?;
    let service = Service::start(&data, None)?;
    let moved = "SELECT count(*) FROM lots WHERE version > 1";
    eventually("lots are under way", SOON, || {
        Ok((runtime.block_on(database.count(moved))? > 0).then_some(()))
    })?;
    let backup = folder.path().join("backup");
    let said = run(&["backup", text(&backup)?, "--data", text(&data)?, "--json"])?.json()?;
    ensure!(runtime.block_on(database.count(OPEN))? > 0, "nothing was under way any more");
    ensure!(said["events"].as_i64().is_some_and(|events| events > 300), "{said}");
    ensure!(said["link"].as_str().is_some_and(|link| link.len() == 64), "{said}");
    runtime.block_on(database.close());
    service.stop()?;

    let there: Vec<String> = fs::read_dir(folder.path())?
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect::<Result<_>>()?;
    ensure!(there.len() == 3, "something is left: {there:?}");
    ensure!(fs::metadata(&backup)?.permissions().mode() & 0o777 == 0o600);
    let again = run(&["backup", text(&backup)?, "--data", text(&data)?])?;
    again.failed(1, &["already exists", "name a new file"])?;

    let restored = folder.path().join("restored");
    run(&["restore", text(&backup)?, "--data", text(&restored)?])?.ok()?;
    // What was restored, that it was, and that nothing moves until somebody has looked.
    ensure!(is_clean(&restored)? == said["events"].as_i64().unwrap_or_default() + 3);
    Ok(())
}

#[test]
fn live_data_is_put_aside_only_when_that_was_said() -> Result<()> {
    let copy = example_copy()?;
    let folder = TempDir::new()?;
    let (backup, data) = (folder.path().join("backup"), text(&copy.data)?);
    run(&["backup", text(&backup)?, "--data", data])?.ok()?;
    let events = is_clean(&copy.data)?;
    let restore = ["restore", text(&backup)?, "--data", data];
    run(&restore)?.failed(1, &["already contains", "70 lots", "--yes"])?;

    // Not while others work on it.
    let service = Service::start(&copy.data, None)?;
    let refused = match pair() {
        Pair::SqliteEmbedded => ["in use by another waybill", "stop it"],
        Pair::PostgresEmbedded | Pair::PostgresRabbitMq => ["is already using", "stop `serve`"],
    };
    let with_yes = [&restore[..], &["--yes"]].concat();
    run(&with_yes)?.failed(1, &refused)?;
    service.stop()?;
    let later = is_clean(&copy.data)?;
    ensure!(later >= events, "what was there is gone");

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let database = Database::of(&copy.data).await?;
        database.leave_a_schema().await?;
        database.close().await;
        anyhow::Ok(())
    })?;
    let said = run(&[&with_yes[..], &["--json"]].concat())?.json()?;
    ensure!(said["events"] == events, "{said}");
    let kept = said["kept"].as_str().context("nothing was kept")?.to_owned();
    ensure!(is_clean(&copy.data)? > later, "positions that were given out are given out again");
    if pair() == Pair::SqliteEmbedded {
        let found = run(&["check", "--store", &format!("sqlite:{kept}"), "--json"])?.json()?;
        ensure!(found["events"] == later, "{found}");
    } else {
        let schema = kept.rsplit(' ').next().context("a schema")?.to_owned();
        let there = runtime.block_on(async {
            let database = Database::of(&copy.data).await?;
            let there = database.schemas().await?;
            database.close().await;
            anyhow::Ok(there)
        })?;
        ensure!(there == [schema], "{there:?}");
    }
    Ok(())
}

#[test]
fn a_database_that_was_there_is_replaced_in_one_step_and_never_made_anew() -> Result<()> {
    if pair() != Pair::SqliteEmbedded {
        return Ok(());
    }
    let copy = example_copy()?;
    let folder = TempDir::new()?;
    let (backup, data) = (folder.path().join("backup"), text(&copy.data)?);
    run(&["backup", text(&backup)?, "--data", data])?.ok()?;
    let database = copy.data.join("waybill.sqlite");
    let (ended, watched) = (std::sync::atomic::AtomicBool::new(false), database.clone());
    let missed = std::thread::scope(|scope| -> Result<u64> {
        let watcher = scope.spawn(|| {
            let mut missed = 0_u64;
            while !ended.load(std::sync::atomic::Ordering::Relaxed) {
                missed += u64::from(!watched.exists());
            }
            missed
        });
        // Within a second, so that their names would be the same.
        let mut kept = std::collections::BTreeSet::new();
        let restored = (0..3).try_for_each(|_| -> Result<()> {
            let said =
                run(&["restore", text(&backup)?, "--data", data, "--yes", "--json"])?.json()?;
            kept.insert(said["kept"].as_str().context("kept")?.to_owned());
            Ok(())
        });
        ended.store(true, std::sync::atomic::Ordering::Relaxed);
        restored?;
        ensure!(kept.len() == 3, "one was written over another: {kept:?}");
        watcher.join().map_err(|_| anyhow::anyhow!("the watcher"))
    })?;
    ensure!(missed == 0, "there was no database {missed} times");
    is_clean(&copy.data)?;
    // Gone, it is told by everybody who would work, and nothing is made in its place.
    fs::remove_file(&database)?;
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/it-coalition");
    for work in [&["serve"][..], &["import", text(&example)?]] {
        run(&[work, &["--data", data]].concat())?
            .failed(1, &["does not exist any more", "restore"])?;
        ensure!(!database.exists(), "{work:?} made a new one");
    }
    run(&["restore", text(&backup)?, "--data", data])?.ok()?;
    is_clean(&copy.data)?;
    Ok(())
}

/// Writes `export` with `change` made, and gives the file.
fn changed(folder: &Path, export: &str, change: impl FnOnce(&mut Vec<String>)) -> Result<PathBuf> {
    let mut lines: Vec<String> = export.lines().map(str::to_owned).collect();
    change(&mut lines);
    let path = folder.join("changed.jsonl");
    fs::write(&path, lines.join("\n") + "\n")?;
    Ok(path)
}

#[test]
fn a_file_that_is_not_as_it_was_written_changes_nothing() -> Result<()> {
    let copy = example_copy()?;
    let folder = TempDir::new()?;
    let export = export(&copy.data, &folder.path().join("export.jsonl"))?;
    let count = export.lines().count();
    let events = is_clean(&copy.data)?;
    let refused = |path: &Path, parts: &[&str]| -> Result<()> {
        for (command, data) in [("import", "new"), ("restore", "")] {
            let new = folder.path().join(data);
            let data = if data.is_empty() { &copy.data } else { &new };
            let mut arguments = vec![command, text(path)?, "--data", text(data)?];
            arguments.extend((command == "restore").then_some("--yes"));
            run(&arguments)?.failed(1, parts)?;
        }
        ensure!(is_clean(&copy.data)? == events, "live data was changed");
        let left = fs::read_dir(folder.path().join("new")).map(|dir| dir.count()).unwrap_or(0);
        // The lock of a folder stays.
        ensure!(left <= 1, "something is left");
        Ok(())
    };
    let find = |part: &str| -> Result<usize> {
        export.lines().position(|line| line.contains(part)).context(part.to_owned())
    };
    let line = |at: usize| format!("line {}", at + 1);

    let cut = folder.path().join("cut.jsonl");
    fs::write(&cut, &export[..export.len() * 2 / 3])?;
    refused(&cut, &["cut off", "line "])?;
    let path = changed(folder.path(), &export, |lines| drop(lines.pop()))?;
    refused(&path, &["cut off", &line(count - 2)])?;

    let at = find("lot.submitted")?;
    let path = changed(folder.path(), &export, |lines| {
        lines[at] = lines[at].replace("UA-", "UB-").replace("\\\"class\\\":1", "\\\"class\\\":2");
        lines[at] = lines[at].replacen("operator", "somebody", 1);
    })?;
    refused(&path, &["the hash chain breaks", "line "])?;
    let path = changed(folder.path(), &export, |lines| drop(lines.remove(at)))?;
    refused(&path, &[&line(at)])?;
    let path = changed(folder.path(), &export, |lines| lines[at].truncate(40))?;
    refused(&path, &[&line(at)])?;
    let at = find("{\"job\":")?;
    let path = changed(folder.path(), &export, |lines| {
        lines[at] = lines[at].replacen("\"attempt\":1", "\"attempt\":7", 1);
    })?;
    refused(&path, &["the file was changed", &line(count - 1)])?;
    let at = find("{\"lot\":")?;
    let path = changed(folder.path(), &export, |lines| {
        lines[at] = lines[at].replacen("\"version\":", "\"version\":9", 1);
    })?;
    refused(&path, &["LOT-001 is at version 9", &line(at)])?;
    let path = changed(folder.path(), &export, |lines| lines.push("{}".to_owned()))?;
    refused(&path, &["more text after the end", &line(count)])?;
    let path = changed(folder.path(), &export, |lines| {
        lines[0] = lines[0].replacen("\"format\":1", "\"format\":2", 1);
    })?;
    refused(&path, &["format 2"])?;
    Ok(())
}

#[test]
fn a_file_that_is_none_is_refused() -> Result<()> {
    let folder = TempDir::new()?;
    let (file, data) = (folder.path().join("file"), folder.path().join("data"));
    let restore = ["restore", text(&file)?, "--data", text(&data)?];
    run(&restore)?.failed(1, &["No such file", "waybill backup"])?;
    fs::write(&file, "external_id,requester\n")?;
    run(&restore)?.failed(1, &["not an export of Waybill"])?;
    fs::write(&file, b"SQLite format 3\0 and nothing else")?;
    let parts: &[&str] = match pair() {
        Pair::SqliteEmbedded => &["could not be opened as a database"],
        Pair::PostgresEmbedded | Pair::PostgresRabbitMq => &["is an SQLite database"],
    };
    run(&restore)?.failed(1, parts)?;
    let nothing = folder.path().join("nothing");
    let way = match pair() {
        Pair::SqliteEmbedded => "there is no data in",
        Pair::PostgresEmbedded | Pair::PostgresRabbitMq => "waybill migrate",
    };
    run(&["export", "-", "--data", text(&nothing)?])?.failed(1, &[way])?;
    Ok(())
}

#[test]
fn an_export_that_nobody_reads_ends_when_it_is_told() -> Result<()> {
    let copy = example_copy()?;
    let mut command = waybill(&["export", "-", "--data", text(&copy.data)?]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = Started(command.spawn()?);
    // The header is written once it works, and the rest does not fit into the pipe.
    let mut out = BufReader::new(child.0.stdout.take().context("its output")?);
    let mut header = String::new();
    out.read_line(&mut header)?;
    ensure!(header.contains("waybill_export"), "{header}");
    let told = Command::new("kill").args(["-INT", &child.0.id().to_string()]).status()?;
    ensure!(told.success());
    let status = child.end(SOON)?;
    let mut said = String::new();
    child.0.stderr.take().context("its talk")?.read_to_string(&mut said)?;
    ensure!(status.code() == Some(1) && said.contains("stopped"), "{status}: {said}");
    Ok(())
}

#[test]
fn migrations_are_said_before_they_are_made() -> Result<()> {
    let folder = TempDir::new()?;
    let data = folder.path().join("data");
    let migrate = ["migrate", "--data", text(&data)?, "--json"];
    let states = |said: Value| -> Vec<String> {
        let states = said.as_array().into_iter().flatten();
        states.filter_map(|view| Some(view["state"].as_str()?.to_owned())).collect()
    };
    let planned = states(run(&[&migrate[..], &["--dry-run"]].concat())?.json()?);
    ensure!(planned.len() >= 2 && planned.iter().all(|state| state == "pending"), "{planned:?}");
    ensure!(!data.exists(), "something was written");
    let planned = states(run(&[&migrate[..], &["--dry-run"]].concat())?.json()?);
    ensure!(planned.iter().all(|state| state == "pending"), "{planned:?}");
    let made = states(run(&migrate)?.json()?);
    ensure!(made.iter().all(|state| state == "applied now"), "{made:?}");
    let said = states(run(&migrate)?.json()?);
    ensure!(said.iter().all(|state| state == "applied"), "{said:?}");
    Ok(())
}

/// `text` with what differs from run to run left out: hashes, sizes and times.
fn steady(text: &str) -> String {
    let word = |word: &str| {
        let digits = word.chars().filter(char::is_ascii_hexdigit).count();
        let is_size = word.contains('.') && word.chars().all(|c| c.is_ascii_digit() || c == '.');
        match () {
            () if digits == 64 => "HASH".to_owned(),
            () if is_size => "N".to_owned(),
            () => match word.split_once("before-") {
                Some((start, _)) => format!("{start}before-TIME"),
                None => word.to_owned(),
            },
        }
    };
    let line = |line: &str| line.split(' ').map(word).collect::<Vec<_>>().join(" ") + "\n";
    text.lines().map(line).collect()
}

#[test]
fn what_care_says() -> Result<()> {
    if pair() != Pair::SqliteEmbedded {
        return Ok(());
    }
    let copy = example_copy()?;
    let folder = TempDir::new()?;
    let said = |arguments: &[&str]| -> Result<String> {
        let mut command = waybill(arguments);
        command.current_dir(folder.path());
        let said = finish(command)?;
        Ok(format!("{}\n{}", steady(&said.out), steady(&said.err)))
    };
    fs::rename(&copy.data, folder.path().join("data"))?;
    insta::assert_snapshot!("care_backup", said(&["backup", "monday.sqlite"])?);
    insta::assert_snapshot!("care_export", said(&["export", "coalition.jsonl.gz"])?);
    insta::assert_snapshot!("care_import", said(&["import", "coalition.jsonl.gz"])?);
    insta::assert_snapshot!("care_restore", said(&["restore", "monday.sqlite", "--yes"])?);
    insta::assert_snapshot!("care_migrate", said(&["migrate", "--dry-run"])?);
    Ok(())
}

/// What a terminal has shown so far, and what is typed into it.
struct Dialogue {
    child: Box<dyn portable_pty::Child + Send + Sync>,
    shown: std::sync::Arc<std::sync::Mutex<String>>,
    keys: Box<dyn Write + Send>,
    _terminal: Box<dyn portable_pty::MasterPty + Send>,
}

impl Dialogue {
    fn begin(arguments: &[&str]) -> Result<Self> {
        let size = portable_pty::PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 };
        let pair = portable_pty::native_pty_system().openpty(size)?;
        let mut command = portable_pty::CommandBuilder::new(env!("CARGO_BIN_EXE_waybill"));
        command.args(arguments);
        command.cwd(env!("CARGO_TARGET_TMPDIR"));
        for (name, value) in crate::pair::settings(arguments)? {
            command.env(name, value);
        }
        let child = pair.slave.spawn_command(command)?;
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader()?;
        let keys = pair.master.take_writer()?;
        let shown = std::sync::Arc::<std::sync::Mutex<String>>::default();
        let said = shown.clone();
        std::thread::spawn(move || {
            let mut bytes = [0; 1024];
            while let Ok(count @ 1..) = reader.read(&mut bytes) {
                let text = String::from_utf8_lossy(&bytes[..count]);
                said.lock().expect("not poisoned").push_str(&text);
            }
        });
        Ok(Self { child, shown, keys, _terminal: pair.master })
    }

    /// Waits until it shows `text`.
    fn shows(&self, text: &str) -> Result<()> {
        let shown = || self.shown.lock().expect("not poisoned").clone();
        eventually(text, SOON, || Ok(shown().contains(text).then_some(())))
            .with_context(|| format!("it shows: {}", shown()))
    }

    fn types(&mut self, keys: &str) -> Result<()> {
        self.keys.write_all(keys.as_bytes())?;
        Ok(self.keys.flush()?)
    }

    /// Waits for its end; whether it succeeded.
    fn ends(&mut self) -> Result<bool> {
        eventually("it ends", SOON, || Ok(self.child.try_wait()?)).map(|status| status.success())
    }
}

#[test]
fn at_a_terminal_it_asks_before_data_is_put_aside() -> Result<()> {
    let copy = example_copy()?;
    let folder = TempDir::new()?;
    let (backup, data) = (folder.path().join("backup"), text(&copy.data)?);
    run(&["backup", text(&backup)?, "--data", data])?.ok()?;
    let events = is_clean(&copy.data)?;
    let restore = ["restore", text(&backup)?, "--data", data];
    for (keys, says) in [
        ("n\r", "nothing was changed"),
        ("\r", "nothing was changed"),
        ("\u{3}", "nothing was changed"),
    ] {
        let mut dialogue = Dialogue::begin(&restore)?;
        dialogue.shows("70 lots. Put it aside and restore? [y/N]")?;
        dialogue.types(keys)?;
        dialogue.shows(says)?;
        ensure!(!dialogue.ends()?, "it restored");
        ensure!(is_clean(&copy.data)? == events);
    }
    let mut dialogue = Dialogue::begin(&restore)?;
    dialogue.shows("[y/N]")?;
    dialogue.types("y\r")?;
    dialogue.shows("every invariant holds")?;
    ensure!(dialogue.ends()?, "it failed");
    ensure!(is_clean(&copy.data)? > events);
    Ok(())
}

#[test]
fn a_copy_of_what_does_not_hold_is_kept_and_taken_only_as_it_is() -> Result<()> {
    if pair() != Pair::SqliteEmbedded {
        return Ok(());
    }
    let copy = example_copy()?;
    let folder = TempDir::new()?;
    let (backup, data) = (folder.path().join("backup"), text(&copy.data)?);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let pool = sqlx::SqlitePool::connect(&format!("sqlite:{data}/waybill.sqlite")).await?;
        sqlx::query("UPDATE lots SET rank = rank + 1 WHERE id = 4096").execute(&pool).await?;
        pool.close().await;
        anyhow::Ok(())
    })?;
    let said = run(&["backup", text(&backup)?, "--data", data])?;
    ensure!(said.code == Some(2) && said.out.contains("1 violation"), "{said:?}");
    ensure!(said.err.contains("waybill check") && backup.exists(), "{said:?}");
    let other = folder.path().join("other");
    let restore = ["restore", text(&backup)?, "--data", text(&other)?];
    run(&restore)?.failed(2, &["I7", "LOT-001", "--as-it-is"])?;
    ensure!(!other.join("waybill.sqlite").exists());
    let said = run(&[&restore[..], &["--as-it-is"]].concat())?.ok()?;
    ensure!(said.out.contains("1 violation"), "{said:?}");
    Ok(())
}
