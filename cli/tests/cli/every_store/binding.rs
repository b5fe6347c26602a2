//! Money is bound by an order only while it may be: on that day, by all of its donors.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::pair::Database;
use crate::secretariat::{Service, fact};
use crate::support::{SOON, eventually, is_clean, is_named, lots, run, show, text};

/// Contributions: id, donors, amount and currency, the last day to bind it, the consent rule.
const MONEY: &str = "id,donors,firmness,stated,amount,currency,obligate_by,consent,source\n";
pub(crate) const OFFERS: &str = "id,supplier,item,unit,unit_price,currency,minimum,increment,lead_days,from,to,channel,\
framework,framework_ends,framework_ceiling\n";
const LAPTOPS: &str = "O1,S1,Laptop,H87,900.00,EUR,1,1,5,2025-01-01,2099-12-31,AG,,,\n";
pub(crate) const LINES: &str = "external_id,requester,item,kind,classification,quantity,unit,unit_estimate,currency,class,\
rank,requested,needed_by,consignee\n";
const LINE: &str =
    "L-1,MIN,Laptop,goods,30213100-6,10,H87,950.00,EUR,1,1,2025-01-20,2098-03-31,SITE-1\n";
const D1: &str = "D1,Donor one,member,2025-01-01,,invented\n";

/// A coalition of two donors whose files are changed one by one.
pub(crate) struct Case {
    _folder: TempDir,
    pub(crate) dir: PathBuf,
    pub(crate) data: PathBuf,
}

impl Case {
    /// One that begins on 2026-12-28, gathers for a week, and whose calendar has the entries `cron`.
    fn run(cron: &str) -> Result<Self> {
        let case = Self::new()?;
        let pipeline = format!(
            "{STEPS}[issue_order]\ngather_s = 604800\n[connector]\nkind = \"sandbox\"\nseed = 7\n\
             declined = 0\nrefused = 0\nlate = 0\nshort = 0\nrejected = 0\nover = 0\nchanged = 0\n{cron}"
        );
        case.write("pipeline.toml", &pipeline)?;
        let lines = "[[requisitions]]\nfile = \"lines.csv\"\n";
        case.write("coalition.toml", &format!("{}{lines}", settings("2026-12-28")))?;
        Ok(case)
    }

    /// One that is served, and gathers for so many seconds.
    pub(crate) fn serve(gather_s: u32) -> Result<Self> {
        let case = Self::new()?;
        let pipeline = format!(
            "{STEPS}[issue_order]\ngather_s = {gather_s}\n[match_donor]\nround_delay_ms = 50\n[connector]\n\
             kind = \"files\"\n"
        );
        case.write("pipeline.toml", &pipeline)?;
        case.write("coalition.toml", &settings("2025-01-01"))?;
        Ok(case)
    }

    fn new() -> Result<Self> {
        let folder = TempDir::new()?;
        let (dir, data) = (folder.path().join("coalition"), folder.path().join("data"));
        fs::create_dir(&dir)?;
        let case = Self { _folder: folder, dir, data };
        case.write(
            "codes.csv",
            "scheme,code,name\nCPV,30213100-6,Portable computers\n\
                    CPV,32413100-2,Network routers\n",
        )?;
        case.write("consignees.csv", "code,requester,address\nSITE-1,MIN,1 Example Street\n")?;
        case.parties(D1)?;
        case.write("offers.csv", &format!("{OFFERS}{LAPTOPS}"))?;
        case.write("lines.csv", &format!("{LINES}{LINE}"))?;
        Ok(case)
    }

    pub(crate) fn write(&self, file: &str, content: &str) -> Result<()> {
        Ok(fs::write(self.dir.join(file), content)?)
    }

    fn parties(&self, first: &str) -> Result<()> {
        self.write("parties.csv", &format!(
            "id,name,role,from,to,evidence\n{first}LEAD,Lead,lead,2025-01-01,,invented\n\
             D2,Donor two,member,2025-01-01,,invented\nMIN,Ministry,beneficiary,2025-01-01,,invented\n\
             AG,Agent,buying_agent,2025-01-01,,invented\nOBS,Observer,observer,2025-01-01,,invented\n\
             S1,Supplier one,,,,\nS2,Supplier two,,,,\n"
        ))
    }

    pub(crate) fn money(&self, rows: &str) -> Result<()> {
        self.write("contributions.csv", &format!("{MONEY}{rows}"))
    }

    /// What became of the one lot.
    fn played(&self) -> Result<Value> {
        run(&["run", text(&self.dir)?, "--data", text(&self.data)?])?.ok()?;
        is_clean(&self.data)?;
        show(&self.data, "LOT-001")
    }

    pub(crate) fn served(&self) -> Result<Service> {
        let service = Service::start(&self.data, Some(&self.dir.join("pipeline.toml")))?;
        self.act(&["import", text(&self.dir)?])?;
        self.act(&["import", text(&self.dir.join("lines.csv"))?])?;
        Ok(service)
    }

    pub(crate) fn act(&self, arguments: &[&str]) -> Result<()> {
        run(&[arguments, &["--data", text(&self.data)?]].concat())?.ok()?;
        Ok(())
    }

    pub(crate) fn until(&self, what: &str) -> Result<Value> {
        until(&self.data, "LOT-001", what)
    }
}

pub(crate) fn until(data: &Path, lot: &str, what: &str) -> Result<Value> {
    let mut last = Vec::new();
    eventually("a lot gets on", SOON, || {
        last = lots(data)?;
        let is_there = |found: &&Value| {
            found["id"] == lot && (found["awaits"] == what || found["state"] == what)
        };
        Ok(last.iter().find(is_there).cloned())
    })
    .with_context(|| format!("{lot} {what}: {last:#?}"))
}

const STEPS: &str = "[[step]]\nname = \"validate_priority\"\n[[step]]\nname = \"match_donor\"\n[[step]]\n\
name = \"issue_order\"\n[[step]]\nname = \"confirm_delivery\"\n";
const LAPSE: &str = "[[cron]]\nname = \"lapse\"\nact = \"lapse\"\nat = \"5 0 * * *\"\nzone = \"Europe/Luxembourg\"\n";

fn settings(start: &str) -> String {
    format!(
        "name = \"Trial\"\ncurrency = \"EUR\"\nzone = \"Europe/Luxembourg\"\nstart = \"{start}\"\n"
    )
}

/// The days on which the lot was ordered.
fn ordered(shown: &Value) -> Vec<String> {
    let events = shown["timeline"].as_array().map_or(&[][..], Vec::as_slice);
    let events = events.iter().filter(|event| event["kind"] == "lot.ordered");
    events.filter_map(|event| Some(event["at"].as_str()?.chars().take(10).collect())).collect()
}

#[test]
fn a_window_ends_before_money_lapses_and_roles_and_offers_end() -> Result<()> {
    let lapsing = "C1,D1,commitment,2025-01-01,10000.00,EUR,2026-12-31,none,invented\n";
    let lasting = "C1,D1,commitment,2025-01-01,10000.00,EUR,2027-12-31,none,invented\n";
    for cron in ["", LAPSE] {
        let case = Case::run(cron)?;
        case.money(lapsing)?;
        let days = ordered(&case.played()?);
        ensure!(days.len() == 1 && *days[0] < *"2026-12-31", "{cron} {days:?}");
        // The rest lapses, whether or not the pipeline schedules it.
        let money = show(&case.data, "C1")?;
        ensure!(fact(&money, "lapsed") == Some("EUR 1,000.00"), "{cron} {money}");
    }
    let case = Case::run(LAPSE)?;
    case.money(lasting)?;
    case.parties("D1,Donor one,member,2025-01-01,2026-12-29,invented\n")?;
    let days = ordered(&case.played()?);
    ensure!(days.len() == 1 && *days[0] < *"2026-12-30", "{days:?}");

    let case = Case::run(LAPSE)?;
    case.money(lasting)?;
    case.write(
        "offers.csv",
        &format!(
            "{OFFERS}O1,S1,Laptop,H87,900.00,EUR,1,1,5,2025-01-01,2026-12-30,AG,,,\n\
         O2,S2,Laptop,H87,990.00,EUR,1,1,5,2025-01-01,2099-12-31,AG,,,\n"
        ),
    )?;
    let shown = case.played()?;
    let days = ordered(&shown);
    ensure!(days.len() == 1 && *days[0] < *"2026-12-31", "{days:?}");
    ensure!(fact(&shown, "supplier").is_some_and(|name| name.contains("S1")), "{shown}");
    // Needed on 2027-01-06, five days after an order.
    let case = Case::run(LAPSE)?;
    case.money(lasting)?;
    case.write("lines.csv", &format!("{LINES}{}", LINE.replace("2098-03-31", "2027-01-06")))?;
    let days = ordered(&case.played()?);
    ensure!(days.len() == 1 && *days[0] <= *"2027-01-01", "{days:?}");
    Ok(())
}

#[test]
fn a_role_that_ended_binds_no_money_of_whatever_currency_gathered_or_awaiting_approval()
-> Result<()> {
    for approval in ["", "approval_above = { minor = 100, currency = \"EUR\" }\n"] {
        let case = Case::serve(if approval.is_empty() { 3600 } else { 0 })?;
        case.money("C1,D1,commitment,2025-01-01,100000.00,DKK,2098-12-31,none,invented\n")?;
        case.write("rates.csv", "Date,DKK\n2025-01-02,7.4700\n")?;
        let pipeline = fs::read_to_string(case.dir.join("pipeline.toml"))?;
        let gathered = format!("[issue_order]\n{approval}");
        case.write("pipeline.toml", &pipeline.replace("[issue_order]\n", &gathered))?;
        let service = case.served()?;
        case.until(if approval.is_empty() { "gathering" } else { "approval" })?;
        let end = ["member", "end", "D1", "--role", "member", "--on", "2025-02-10"];
        case.act(&[&end[..], &["--evidence", "note", "--yes"]].concat())?;
        let lot = case.until("funding")?;
        ensure!(
            lot["order"].is_null() && lot["funding"].as_array().is_none_or(Vec::is_empty),
            "{lot}"
        );
        let money = run(&["money", "--json", "--data", text(&case.data)?])?.json()?;
        ensure!(money.to_string().contains("10000000"), "{money}");
        service.stop()?;
        is_clean(&case.data)?;
    }
    Ok(())
}

#[test]
fn joint_money_needs_every_donor_and_no_observer() -> Result<()> {
    let case = Case::serve(0)?;
    case.money("J1,OBS D1 D2,commitment,2025-01-01,20000.00,EUR,2098-12-31,each_line,invented\n")?;
    let service = case.served()?;
    let lot = case.until("consent")?;
    ensure!(lot["awaits_of"] == json!(["D1", "D2"]), "{lot}");
    let consent = |sender: &str| -> Result<Value> {
        let document = json!({
            "sender": sender, "number": "C-1", "type": "consent", "lot": "LOT-001", "envelope": "J1",
            "agreed": true,
        });
        let name = format!("{sender}.json");
        fs::write(case.data.join("inbox").join(&name), document.to_string())?;
        let done = ["taken", "refused"].map(|place| case.data.join("inbox").join(place));
        eventually("it is looked at", SOON, || {
            let there = |dir: &PathBuf| {
                let mut names = fs::read_dir(dir).into_iter().flatten().flatten();
                names.any(|entry| entry.file_name().to_string_lossy().contains(&name))
            };
            Ok(done.iter().any(there).then_some(()))
        })?;
        Ok(lots(&case.data)?.remove(0))
    };
    let lot = consent("OBS")?;
    ensure!(lot["awaits_of"] == json!(["D1", "D2"]), "{lot}");
    let lot = consent("D1")?;
    ensure!(lot["awaits"] == "consent" && lot["awaits_of"] == json!(["D2"]), "{lot}");
    consent("D2")?;
    case.until("response")?;
    service.stop()?;
    is_clean(&case.data)?;
    Ok(())
}

#[test]
fn a_consent_of_who_may_not_fund_any_more_is_refused() -> Result<()> {
    let case = Case::serve(0)?;
    case.money("C1,D1,commitment,2025-01-01,20000.00,EUR,2098-12-31,each_line,invented\n")?;
    let service = case.served()?;
    case.until("consent")?;
    let end = ["member", "end", "D1", "--role", "member", "--on", "2025-02-10"];
    case.act(&[&end[..], &["--evidence", "note", "--yes"]].concat())?;
    case.until("funding")?;
    run(&["consent", "LOT-001", "--yes", "--data", text(&case.data)?])?.failed(1, &["LOT-001"])?;
    service.stop()?;
    is_clean(&case.data)?;
    Ok(())
}

#[test]
fn check_names_money_that_an_earlier_version_bound_too_late() -> Result<()> {
    let folder = TempDir::new()?;
    let data = folder.path().join("data");
    let file =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/fixtures/bound_too_late.jsonl.gz");
    run(&["restore", text(&file)?, "--as-it-is", "--yes", "--data", text(&data)?])?.ok()?;
    let check = run(&["check", "--data", text(&data)?, "--json"])?;
    ensure!(check.code == Some(2), "{check:?}");
    let findings: Value = serde_json::from_str(&check.out)?;
    let found = findings["violations"].as_array().context("violations")?;
    let detail = found[0]["detail"].as_str().context("a detail")?;
    let is_it =
        found.len() == 1 && found[0]["invariant"] == "I10" && found[0]["subject"] == "LOT-001";
    ensure!(is_it && detail.contains("C1") && detail.contains("2027-01-04"), "{findings}");
    Ok(())
}

#[test]
fn the_end_of_a_role_lists_what_it_touches() -> Result<()> {
    let case = Case::serve(3600)?;
    case.money("C1,D1,commitment,2025-01-01,20000.00,EUR,2098-12-31,none,invented\n")?;
    let service = case.served()?;
    case.until("gathering")?;
    let end =
        ["member", "end", "D1", "--role", "member", "--on", "2025-02-10", "--evidence", "note"];
    let data = text(&case.data)?;
    let said = run(&[&end[..], &["--dry-run", "--data", data]].concat())?.ok()?;
    for part in ["C1", "EUR 20,000.00 is not bound", "LOT-001", "EUR 9,000.00 of C1", "2025-02-10"]
    {
        ensure!(said.out.contains(part), "{part}: {}", said.out);
    }
    ensure!(case.until("gathering")?["funding"][0]["envelope"] == "C1");
    // Done, each is to be decided on, until somebody closes it.
    run(&[&end[..], &["--yes", "--data", data]].concat())?.ok()?;
    let tasks = || -> Result<Value> { run(&["todo", "--json", "--data", data])?.json() };
    let task = tasks()?;
    let all = task.as_array().context("tasks")?;
    let task = all.iter().find(|task| task["task"] == "incident").context("an incident")?;
    let why = task["each"][0]["why"].as_str().context("why")?;
    for part in ["the role of … as member has ended", "EUR 20,000.00 is not bound", "LOT-001"] {
        ensure!(why.contains(part), "{part}: {why}");
    }
    let close = ["incident", "close", "the role of … as member has ended", "-m", "told to all"];
    run(&[&close[..], &["--yes", "--data", data]].concat())?.ok()?;
    ensure!(!tasks()?.to_string().contains("incident"), "{}", tasks()?);
    service.stop()?;
    is_clean(&case.data)?;
    Ok(())
}

#[test]
fn a_gift_is_free_again_when_nobody_took_it_and_not_given_by_who_has_left() -> Result<()> {
    let case = Case::serve(0)?;
    case.write(
        "contributions.csv",
        "id,donors,firmness,stated,amount,currency,in_kind_item,in_kind_quantity,in_kind_unit,\
         in_kind_lead_days,source\nK1,D1,commitment,2025-01-01,,,Tablet,10,H87,10,invented\n",
    )?;
    let tablet = LINE.replace("Laptop", "Tablet");
    let second = tablet.replace("L-1", "L-2").replace("2025-01-20", "2025-01-21");
    case.write("lines.csv", &format!("{LINES}{tablet}{second}"))?;
    let service = case.served()?;
    case.until("acceptance")?;
    until(&case.data, "LOT-002", "offer")?;
    case.act(&["in-kind", "refuse", "LOT-001", "--reason", "too old", "--yes"])?;
    until(&case.data, "LOT-002", "acceptance")?;
    let end = ["member", "end", "D1", "--role", "member", "--on", "2025-02-10"];
    case.act(&[&end[..], &["--evidence", "note", "--yes"]].concat())?;
    until(&case.data, "LOT-002", "offer")?;
    let again = ["member", "add", "D1", "--role", "member", "--evidence", "note", "--yes"];
    case.act(&again)?;
    until(&case.data, "LOT-002", "acceptance")?;
    case.act(&["in-kind", "accept", "LOT-002", "--yes"])?;
    until(&case.data, "LOT-002", "delivery")?;
    service.stop()?;
    is_clean(&case.data)?;
    Ok(())
}

#[test]
fn daily_duties_are_named_where_the_pipeline_schedules_none() -> Result<()> {
    let case = Case::serve(0)?;
    case.money("C1,D1,commitment,2025-01-01,20000.00,EUR,2098-12-31,none,invented\n")?;
    let service = case.served()?;
    let data = text(&case.data)?;
    let said = run(&["cron", "list", "--data", data])?.ok()?;
    for name in ["daily-lapse", "daily-rematch", "daily-chase"] {
        ensure!(said.out.contains(name), "{}", said.out);
    }
    let said = run(&["doctor", "--json", "--data", data])?;
    ensure!(said.out.contains("schedules no lapse, rematch, chase"), "{said:?}");
    service.stop()?;
    Ok(())
}

/// What `waybill incidents` says.
fn incidents(case: &Case) -> Result<String> {
    Ok(run(&["incidents", "--data", text(&case.data)?])?.ok()?.out)
}

#[test]
fn a_commitment_that_was_cut_below_what_is_bound_is_an_incident_until_it_is_mended() -> Result<()> {
    let case = Case::serve(0)?;
    let money = |amount: &str| {
        case.money(&format!("C1,D1,commitment,2025-01-01,{amount},EUR,2099-12-31,none,letter\n"))
    };
    money("20000.00")?;
    let service = case.served()?;
    case.until("response")?;
    money("5000.00")?;
    case.act(&["import", text(&case.dir)?])?;
    let said = incidents(&case)?;
    ensure!(said.contains("EUR 5,000.00 is stated, but EUR 9,000.00"), "{said}");
    let todo = run(&["todo", "--data", text(&case.data)?])?.ok()?.out;
    ensure!(todo.contains("incident"), "{todo}");
    // The order stands: its money is bound.
    case.until("response")?;
    money("9000.00")?;
    case.act(&["import", text(&case.dir)?])?;
    eventually("the incident is closed", SOON, || {
        Ok((!incidents(&case)?.contains("bound")).then_some(()))
    })?;
    service.stop()?;
    is_clean(&case.data)?;
    Ok(())
}

#[test]
fn check_names_an_envelope_that_is_bound_beyond_what_is_stated_when_nobody_is_told() -> Result<()> {
    let case = Case::serve(0)?;
    case.money("C1,D1,commitment,2025-01-01,20000.00,EUR,2099-12-31,none,letter\n")?;
    let service = case.served()?;
    case.until("response")?;
    case.money("C1,D1,commitment,2025-01-01,5000.00,EUR,2099-12-31,none,letter\n")?;
    case.act(&["import", text(&case.dir)?])?;
    service.stop()?;
    is_clean(&case.data)?;
    Database::tamper(&case.data, "DELETE FROM records WHERE kind = 'incident'")?;
    is_named(&case.data, "I7", "the log has events of it, but it is not stored")?;
    is_named(&case.data, "I2", "no incident reports it")
}

#[test]
fn a_commitment_that_was_cut_is_not_bound_for_what_was_gathered() -> Result<()> {
    let case = Case::serve(3600)?;
    case.money("C1,D1,commitment,2025-01-01,20000.00,EUR,2099-12-31,none,letter\n")?;
    let service = case.served()?;
    case.until("gathering")?;
    case.money("C1,D1,commitment,2025-01-01,5000.00,EUR,2099-12-31,none,letter\n")?;
    case.act(&["import", text(&case.dir)?])?;
    let lot = case.until("funding")?;
    ensure!(lot["funding"].as_array().is_none_or(Vec::is_empty), "{lot}");
    let said = incidents(&case)?;
    ensure!(!said.contains("C1"), "{said}");
    service.stop()?;
    is_clean(&case.data)?;
    Ok(())
}

#[test]
fn a_rate_that_is_too_old_binds_nothing_and_counts_for_nothing() -> Result<()> {
    let case = Case::serve(0)?;
    let pipeline = fs::read_to_string(case.dir.join("pipeline.toml"))?;
    let pipeline = pipeline.replace("[match_donor]\n", "[match_donor]\nrate_days = 30\n");
    case.write("pipeline.toml", &pipeline)?;
    case.money("C1,D1,commitment,2025-01-01,100000.00,DKK,2098-12-31,none,invented\n")?;
    case.write("rates.csv", "Date,DKK\n2025-01-02,7.4700\n")?;
    let service = case.served()?;
    let mut lot = case.until("funding")?;
    eventually("a round has looked at it", SOON, || {
        lot = case.until("funding")?;
        Ok(lot["reason"].is_string().then_some(()))
    })?;
    let reason = lot["reason"].as_str().context("a reason")?;
    ensure!(reason.contains("C1 has only an exchange rate of 2025-01-02"), "{reason}");
    let money = run(&["money", "--data", text(&case.data)?])?.ok()?.out;
    ensure!(money.contains("DKK 100,000.00"), "{money}");
    let today = chrono::Utc::now().date_naive();
    case.write("rates.csv", &format!("Date,DKK\n{today},7.4700\n2025-01-02,7.4700\n"))?;
    case.act(&["import", text(&case.dir)?])?;
    case.until("response")?;
    service.stop()?;
    is_clean(&case.data)?;
    Ok(())
}
