//! Secrets of webhooks and addresses are sealed in the database and in every copy of it, and what goes on without the
//! key goes on.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use tempfile::TempDir;

use crate::api::receiver::{Receiver, Temper};
use crate::coalition::{self, requisitions, row};
use crate::secretariat::{Secretariat, Service};
use crate::support::{SOON, Said, eventually, run, text};

/// Part of every address.
const ADDRESS: &str = "Example Street";

/// An office with a file of keys, whether its service has it or not.
struct Sealed {
    secretariat: Secretariat,
    coalition: PathBuf,
    key: PathBuf,
    receiver: Receiver,
}

/// The id of the key that a file of keys begins with.
fn first(key: &Path) -> Result<String> {
    let text = fs::read_to_string(key)?;
    Ok(text.split('_').nth(1).context("an id")?.to_owned())
}

impl Sealed {
    fn open(has_key: bool) -> Result<Self> {
        let folder = TempDir::new()?;
        let coalition = coalition::write(folder.path(), &[row("R-1", 1)])?;
        let key = folder.path().join("waybill-key");
        run(&["key", "new", text(&key)?])?.ok()?;
        let named = ["--key-file", text(&key)?];
        let more = if has_key { &named[..] } else { &[] };
        let secretariat = Secretariat::open_in(folder, &coalition, more)?;
        let receiver = Receiver::start(Temper::Ready)?;
        Ok(Self { secretariat, coalition, key, receiver })
    }

    fn run(&self, words: &[&str]) -> Result<Said> {
        run(&[words, &["--data", text(&self.secretariat.data)?]].concat())
    }

    /// SIGTERM, and another service, which has the key or has not.
    fn again(&mut self, has_key: bool) -> Result<()> {
        let data = self.secretariat.data.clone();
        let named = ["--key-file", text(&self.key)?];
        let more = if has_key { &named[..] } else { &[] };
        self.secretariat.restart(|| Service::start_with(&data, None, more))
    }

    /// A webhook for all that happens, and its secret.
    fn webhook(&self) -> Result<(String, String)> {
        let made = self.run(&["webhook", "create", &self.receiver.url(), "--json"])?.json()?;
        let told = |value: &Value| value.as_str().map(str::to_owned).context("a text");
        Ok((told(&made["webhook"]["id"])?, told(&made["secret"])?))
    }

    /// Something that webhooks tell, which must arrive signed by `secret`.
    fn tells(&self, secret: &str) -> Result<()> {
        let before = self.receiver.arrived().len();
        self.run(&["note", "LOT-001", "-m", &format!("after {before}")])?.ok()?;
        let is_signed =
            || self.receiver.arrived()[before..].iter().any(|one| one.is_signed(secret).is_ok());
        eventually("it arrives, signed", SOON, || Ok(is_signed().then_some(())))
    }

    fn keys(&self) -> Result<Value> {
        self.run(&["key", "list", "--json"])?.json()
    }

    /// The finding of `doctor` on keys.
    fn finding(&self) -> Result<Value> {
        let said = self.run(&["doctor", "--json"])?;
        let all: Value = serde_json::from_str(&said.out)?;
        let found = all["findings"].as_array().context("findings")?;
        let found = found.iter().find(|one| one["check"] == "keys");
        found.cloned().with_context(|| format!("nothing of keys: {all}"))
    }

    /// The whole database as text.
    fn export(&self) -> Result<String> {
        let to = self.secretariat.folder.path().join("export.jsonl");
        fs::remove_file(&to).ok();
        self.run(&["export", text(&to)?])?.ok()?;
        Ok(fs::read_to_string(&to)?)
    }
}

/// Whether a file in `folder` or below holds `mark`.
fn holds(folder: &Path, mark: &str) -> Result<Option<PathBuf>> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            if let Some(found) = holds(&path, mark)? {
                return Ok(Some(found));
            }
        } else if path.is_file()
            && fs::read(&path)?.windows(mark.len()).any(|bytes| bytes == mark.as_bytes())
        {
            return Ok(Some(path));
        }
    }
    Ok(None)
}

#[test]
fn no_copy_of_the_database_holds_a_secret_or_an_address() -> Result<()> {
    let sealed = Sealed::open(true)?;
    let id = first(&sealed.key)?;
    let (hook, old) = sealed.webhook()?;
    sealed.secretariat.until("LOT-001", "response")?;
    let (_, order) = sealed.secretariat.order(&[])?;
    ensure!(order.to_string().contains("C1") && !order.to_string().contains(ADDRESS), "{order}");
    sealed.tells(&old)?;
    // Both sign for a day, and both are sealed.
    let new = sealed.run(&["webhook", "rotate", &hook, "--json"])?.json()?;
    let new = new["secret"].as_str().context("a secret")?.to_owned();
    sealed.tells(&old)?;
    sealed.tells(&new)?;
    let pinged = sealed.run(&["webhook", "ping", &hook, "--json"])?.json()?;
    ensure!(pinged["arrived"] == true, "{pinged}");
    ensure!(sealed.keys()?["values"]["plain"] == 0, "{}", sealed.keys()?);
    let backup = sealed.secretariat.folder.path().join("backup");
    let said = sealed.run(&["backup", text(&backup)?])?.ok()?;
    ensure!(said.err.contains(&id), "a backup does not name its key: {said:?}");
    let export = sealed.export()?;
    ensure!(export.contains("\"sealed\"") || export.contains("\\\"sealed\\\""), "{export}");
    let files = sealed.secretariat.data.clone();
    let key = fs::read_to_string(&sealed.key)?;
    for mark in [ADDRESS, &old[6..], &new[6..], key.trim()] {
        ensure!(!export.contains(mark), "an export holds {mark}");
        // The write-ahead log, too, as it stands while the service runs.
        ensure!(holds(&files, mark)?.is_none(), "{mark} is in {:?}", holds(&files, mark)?);
        let copy = fs::read(&backup)?;
        ensure!(!copy.windows(mark.len()).any(|bytes| bytes == mark.as_bytes()), "{mark}");
    }
    // With the key all is looked into, without it what is not is said, and that all else holds.
    let all = sealed.run(&["check"])?.ok()?;
    ensure!(!all.err.contains("not checked"), "{all:?}");
    sealed.secretariat.service.stop()?;
    let data = text(&sealed.secretariat.data)?;
    let without = run(&["check", "--data", data])?.ok()?;
    ensure!(without.err.contains("not checked") && without.err.contains(&id), "{without:?}");
    let with = run(&["check", "--data", data, "--key-file", text(&sealed.key)?])?.ok()?;
    ensure!(!with.err.contains("not checked"), "{with:?}");
    Ok(())
}

#[test]
fn without_a_key_all_is_as_before_and_doctor_says_so() -> Result<()> {
    let sealed = Sealed::open(false)?;
    let (_, secret) = sealed.webhook()?;
    sealed.secretariat.until("LOT-001", "response")?;
    sealed.tells(&secret)?;
    let export = sealed.export()?;
    ensure!(export.contains(ADDRESS) && export.contains(&secret[6..]), "{export}");
    let found = sealed.finding()?;
    ensure!(found["seen"].as_str().is_some_and(|seen| seen.contains("plain text")), "{found}");
    let refused = sealed.run(&["key", "seal"])?;
    refused.failed(1, &["no key", "waybill key new"])?;
    Ok(())
}

#[test]
fn a_lost_key_stops_only_what_needs_it() -> Result<()> {
    let mut sealed = Sealed::open(true)?;
    let id = first(&sealed.key)?;
    let (hook, secret) = sealed.webhook()?;
    sealed.secretariat.until("LOT-001", "response")?;
    sealed.tells(&secret)?;
    sealed.again(false)?;
    // It runs: a new line comes to its order.
    requisitions(&sealed.coalition.join("more.csv"), &[row("R-2", 5)])?;
    sealed.run(&["import", text(&sealed.coalition.join("more.csv"))?])?.ok()?;
    sealed.secretariat.until("LOT-002", "response")?;
    let found = sealed.finding()?;
    ensure!(found["health"] == "bad" && found["seen"].to_string().contains(&id), "{found}");
    eventually("it is said what is not sent", SOON, || {
        Ok(sealed.secretariat.service.log()?.contains("webhooks cannot be sent").then_some(()))
    })?;
    let before = sealed.receiver.arrived().len();
    sealed.run(&["webhook", "ping", &hook])?.failed(2, &[&id, "--key-file"])?;
    // Nothing is kept in plain text beside what is sealed.
    let url = sealed.receiver.url();
    sealed.run(&["webhook", "create", &url])?.failed(2, &[&id, "--key-file"])?;
    sealed.run(&["webhook", "list"])?.ok()?;
    let consignees = sealed.coalition.join("consignees.csv");
    let text_of = fs::read_to_string(&consignees)?;
    fs::write(&consignees, text_of.replace("1 Example", "11 Example"))?;
    let folder = text(&sealed.coalition)?.to_owned();
    let refused = sealed.run(&["import", &folder])?;
    let says = |part: &str| refused.err.contains(part);
    ensure!(refused.code == Some(2) && says("consignee:C1 is sealed") && says(&id), "{refused:?}");
    ensure!(sealed.receiver.arrived().len() == before, "it was sent");
    sealed.again(true)?;
    eventually("what waited arrives", SOON, || {
        Ok((sealed.receiver.arrived().len() > before).then_some(()))
    })?;
    sealed.receiver.arrived().last().context("one")?.is_signed(&secret)?;
    let taken = sealed.run(&["import", &folder])?.ok()?;
    ensure!(!taken.out.contains(ADDRESS) && !taken.err.contains(ADDRESS), "{taken:?}");
    ensure!(!sealed.export()?.contains(ADDRESS));
    sealed.run(&["check"])?.ok()?;
    Ok(())
}

#[test]
fn a_new_key_takes_over_and_the_old_one_can_go() -> Result<()> {
    let mut sealed = Sealed::open(true)?;
    let old = first(&sealed.key)?;
    let (_, secret) = sealed.webhook()?;
    sealed.secretariat.until("LOT-001", "response")?;
    let key = text(&sealed.key)?.to_owned();
    sealed.run(&["key", "rotate", "--key-file", &key])?.ok()?;
    let new = first(&sealed.key)?;
    ensure!(new != old && fs::read_to_string(&sealed.key)?.lines().count() == 2);
    let seal = ["key", "seal", "--key-file", &key, "--json"];
    let early = [&seal[..], &["--data", text(&sealed.secretariat.data)?]].concat();
    run(&early)?.failed(1, &[&old, &new, "SIGHUP"])?;
    sealed.secretariat.service.signal("-HUP")?;
    eventually("the keys are read", SOON, || {
        Ok((sealed.keys()?["keys"][0] == new.as_str()).then_some(()))
    })?;
    // What the old one has sealed is opened by it.
    sealed.tells(&secret)?;
    ensure!(sealed.keys()?["values"]["sealed"][&old] == 3, "{}", sealed.keys()?);
    let done = sealed.run(&seal)?.json()?;
    ensure!(done["sealed"] == 3 && done["values"]["sealed"].get(&old).is_none(), "{done}");
    ensure!(sealed.run(&seal)?.json()?["sealed"] == 0);
    sealed.tells(&secret)?;
    let line = fs::read_to_string(&sealed.key)?.lines().next().context("a key")?.to_owned();
    fs::write(&sealed.key, format!("{line}\n"))?;
    sealed.again(true)?;
    sealed.tells(&secret)?;
    let checked = sealed.run(&["check"])?.ok()?;
    ensure!(!checked.err.contains("not checked"), "{checked:?}");
    // A folder says what it said, though what it said then nobody can open any more.
    let folder = text(&sealed.coalition)?.to_owned();
    let events =
        || -> Result<Value> { Ok(sealed.run(&["check", "--json"])?.json()?["events"].clone()) };
    let before = events()?;
    sealed.run(&["import", &folder])?.ok()?;
    ensure!(events()? == before, "the same folder changed something");
    let consignees = sealed.coalition.join("consignees.csv");
    let said = fs::read_to_string(&consignees)?;
    fs::write(&consignees, said.replace("1 Example", "11 Example"))?;
    let taken = sealed.run(&["import", &folder, "--json"])?.json()?;
    ensure!(taken.to_string().contains("(kept)"), "{taken}");
    ensure!(!sealed.export()?.contains(ADDRESS));
    Ok(())
}

#[test]
fn a_database_in_plain_text_gets_a_key_and_moves_on() -> Result<()> {
    let mut sealed = Sealed::open(false)?;
    let (_, secret) = sealed.webhook()?;
    sealed.secretariat.until("LOT-001", "response")?;
    sealed.again(true)?;
    let found = sealed.finding()?;
    ensure!(found["health"] == "warn" && found["mend"] == "waybill key seal", "{found}");
    // What is new is sealed at once.
    let (_, second) = sealed.webhook()?;
    let export = sealed.export()?;
    ensure!(export.contains(&secret[6..]) && !export.contains(&second[6..]));
    let done = sealed.run(&["key", "seal", "--json"])?.json()?;
    ensure!(done["values"]["plain"] == 0 && done["sealed"] == 3, "{done}");
    sealed.tells(&secret)?;
    ensure!(sealed.finding()?["health"] == "ok", "{}", sealed.finding()?);
    let export = sealed.export()?;
    // Rows do not hold it any more; what the log said of an address it says for ever.
    ensure!(!export.contains(&secret[6..]) && export.contains(ADDRESS));
    let folder = text(&sealed.coalition)?.to_owned();
    sealed.run(&["import", &folder])?.ok()?;
    ensure!(sealed.keys()?["values"]["plain"] == 0, "{}", sealed.keys()?);
    // It goes elsewhere with what is sealed in it, and holds there.
    let elsewhere =
        format!("sqlite:{}", text(&sealed.secretariat.folder.path().join("other.sqlite"))?);
    let file = sealed.secretariat.folder.path().join("export.jsonl");
    let moved = run(&["import", text(&file)?, "--store", &elsewhere])?.ok()?;
    ensure!(moved.err.contains(&first(&sealed.key)?), "{moved:?}");
    let key = text(&sealed.key)?;
    let found = run(&["check", "--store", &elsewhere, "--key-file", key, "--json"])?.json()?;
    ensure!(found["ok"] == true && found.get("unopened").is_none(), "{found}");
    Ok(())
}

#[test]
fn a_sealed_value_that_was_changed_or_moved_is_found() -> Result<()> {
    let sealed = Sealed::open(true)?;
    let data = sealed.secretariat.data.clone();
    sealed.webhook()?;
    sealed.webhook()?;
    sealed.secretariat.service.stop()?;
    // The secret of one webhook in the place of another's.
    crate::pair::Database::tamper(
        &data,
        "UPDATE notes SET body = (SELECT max(body) FROM notes WHERE kind = 'webhook_secrets')
         WHERE kind = 'webhook_secrets'",
    )?;
    let key = text(&sealed.key)?;
    let checked = run(&["check", "--data", text(&data)?, "--key-file", key, "--json"])?;
    ensure!(
        checked.code == Some(2) && checked.out.contains("copied from another place"),
        "{checked:?}"
    );
    Ok(())
}

#[test]
fn keys_are_files_that_only_their_owner_reads() -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = TempDir::new()?;
    let key = folder.path().join("key");
    run(&["key", "new", text(&key)?])?.ok()?;
    ensure!(fs::metadata(&key)?.permissions().mode() & 0o777 == 0o600);
    run(&["key", "new", text(&key)?])?.failed(1, &["already exists"])?;
    let data = folder.path().join("data");
    let list = ["key", "list", "--data", text(&data)?, "--key-file", text(&key)?];
    fs::set_permissions(&key, fs::Permissions::from_mode(0o640))?;
    run(&list)?.failed(1, &["can be read by other users"])?;
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600))?;
    let whole = fs::read_to_string(&key)?;
    fs::write(&key, &whole[..whole.len() - 4])?;
    run(&list)?.failed(1, &["line 1 is not a key", "checksum"])?;
    let rotate = ["key", "rotate", "--key-file", text(&key)?];
    run(&rotate)?.failed(1, &["line 1 is not a key"])?;
    run(&["key", "rotate"])?.failed(1, &["--key-file"])?;
    Ok(())
}
