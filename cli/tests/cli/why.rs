//! `waybill why`: an answer, not a dump.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use crate::coalition::{requisitions, row, write};
use crate::support::{is_clean, run, text};

const CONTRIBUTIONS: &str = "\
id,donors,firmness,stated,amount,currency,earmark_prefixes,earmark_items,obligate_by,consent,source
AA-1,AA,commitment,2025-01-01,1000.00,EUR,302,,2099-06-30,none,invented
BB-1,BB,commitment,2025-01-01,5230.00,DKK,302,,2099-12-31,none,invented
CC-1,CC,commitment,2025-01-01,5000.00,EUR,,Router,2099-12-31,none,invented
CC-2,CC,pledge,2025-01-01,,,,,,none,invented
";

/// Three donors and lots of three kinds, run to where nothing more happens.
struct Case {
    _folder: TempDir,
    dir: PathBuf,
    data: PathBuf,
}

impl Case {
    fn run() -> Result<Self> {
        let folder = TempDir::new()?;
        let rank = |row: String, rank: u32| row.replace(",EUR,1,1,", &format!(",EUR,1,{rank},"));
        let server = row("R-3", 1).replace("Laptop", "Server").replace("30213100-6", "48820000-2");
        let rows = [rank(row("R-1", 15), 1), rank(row("R-2", 10), 2), rank(server, 3)];
        let dir = write(folder.path(), &rows)?;
        append(&dir, "parties.csv", "BB,Second,member,2025-01-01,,invented\n")?;
        append(&dir, "parties.csv", "CC,Third,member,2025-01-01,,invented\n")?;
        append(&dir, "codes.csv", "CPV,48820000-2,Servers\n")?;
        append(&dir, "groups.csv", "servers,Servers,488,,,10\n")?;
        append(&dir, "offers.csv", "O-2,SUP,Server,H87,80.00,EUR,1,1,10,2025-01-01,,BUY\n")?;
        fs::write(dir.join("rates.csv"), "Date,DKK\n2025-01-01,7.4605\n")?;
        fs::write(dir.join("contributions.csv"), CONTRIBUTIONS)?;
        let case = Self { dir, data: folder.path().join("data"), _folder: folder };
        case.carry_on()?;
        Ok(case)
    }

    fn carry_on(&self) -> Result<()> {
        run(&["run", text(&self.dir)?, "--data", text(&self.data)?])?.ok()?;
        is_clean(&self.data)?;
        Ok(())
    }

    /// A contribution for one item alone.
    fn contribute(&self, amount: &str, item: &str) -> Result<()> {
        let more = format!("NEW-1,AA,commitment,2025-01-01,{amount},EUR,,{item},,none,invented\n");
        fs::write(self.dir.join("contributions.csv"), format!("{CONTRIBUTIONS}{more}"))?;
        self.carry_on()
    }

    fn why(&self, lot: &str) -> Result<String> {
        let said = run(&["why", lot, "--data", text(&self.data)?])?.ok()?.out;
        // What is short is said as of today.
        let today = said.split_once(". On ").and_then(|(_, after)| after.get(..10));
        Ok(today.map_or(said.clone(), |today| said.replace(today, "2025-02-03")))
    }

    fn json(&self, lot: &str) -> Result<serde_json::Value> {
        run(&["why", lot, "--data", text(&self.data)?, "--json"])?.json()
    }
}

fn copied(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            fs::copy(entry.path(), to.join(entry.file_name()))?;
        }
    }
    Ok(())
}

#[test]
fn three_kinds_of_lots_are_explained() -> Result<()> {
    let case = Case::run()?;
    insta::assert_snapshot!("why_co_financed", case.why("LOT-001")?);
    insta::assert_snapshot!("why_exhausted", case.why("LOT-002")?);
    insta::assert_snapshot!("why_earmarked", case.why("LOT-003")?);
    for lot in ["LOT-001", "LOT-002", "LOT-003"] {
        for line in case.why(lot)?.lines() {
            ensure!(line.chars().count() <= 80, "{line}");
        }
    }
    run(&["why", "LOT-7K2", "--data", text(&case.data)?])?.failed(1, &["no lot `LOT-7K2`"])?;
    run(&["why", "R 1/../", "--data", text(&case.data)?])?.failed(1, &["no lot `R 1/../`"])?;
    Ok(())
}

#[test]
fn the_missing_amount_funds_the_lot_and_a_cent_less_does_not() -> Result<()> {
    let case = Case::run()?;
    let why = case.json("LOT-003")?;
    let missing = &why["explanation"]["missing"];
    ensure!(missing["currency"] == "EUR", "{why}");
    let minor = missing["minor"].as_i64().context("an amount")?;
    let before = case.data.with_extension("before");
    copied(&case.data, &before)?;
    let amount = |minor: i64| format!("{}.{:02}", minor / 100, minor % 100);
    case.contribute(&amount(minor - 1), "Server")?;
    ensure!(case.json("LOT-003")?["explanation"]["missing"]["minor"] == 1);
    let enough = Case { data: before, dir: case.dir.clone(), _folder: TempDir::new()? };
    enough.contribute(&amount(minor), "Server")?;
    let why = enough.json("LOT-003")?;
    ensure!(why["explanation"]["answer"] == "funded", "{why}");
    Ok(())
}

#[test]
fn money_that_came_since_is_given_by_the_next_round() -> Result<()> {
    let case = Case::run()?;
    let data = text(&case.data)?;
    let new = ["commit", "NEW-1", "--donor", "AA", "--amount", "EUR 100", "--item", "Server"];
    run(&[&new[..], &["--evidence", "invented", "--yes", "--data", data]].concat())?.ok()?;
    let why = case.json("LOT-003")?;
    let explanation = &why["explanation"];
    ensure!(explanation["answer"] == "next_round", "{why}");
    ensure!(explanation["payers"][0]["envelope"] == "NEW-1", "{why}");
    ensure!(explanation["payers"][0]["amount"]["minor"] == 8000, "{why}");
    let said = case.why("LOT-003")?;
    ensure!(said.contains("The next round funds it") && said.contains("NEW-1 (AA)"), "{said}");
    Ok(())
}

/// Laptops or servers, with their rank.
fn ranked(id: &str, quantity: u32, item: &str, rank: u32) -> String {
    let row = row(id, quantity).replace(",EUR,1,1,", &format!(",EUR,1,{rank},"));
    match item {
        "Server" => row.replace("Laptop", "Server").replace("30213100-6", "48820000-2"),
        _ => row,
    }
}

/// Two donors that are asked before their money is used; the first lapses first, the second pays for
/// laptops alone.
struct Asked {
    folder: TempDir,
    rows: Vec<String>,
}

impl Asked {
    fn open() -> Result<Self> {
        let folder = TempDir::new()?;
        let dir = write(folder.path(), &[])?;
        fs::write(
            dir.join("contributions.csv"),
            "id,donors,firmness,stated,amount,currency,earmark_prefixes,earmark_items,obligate_by,\
             consent,source\n\
             AA-1,AA,commitment,2025-01-01,900.00,EUR,,,2099-06-30,each_line,invented\n\
             BB-1,BB,commitment,2025-01-01,900.00,EUR,,Laptop,2099-12-31,each_line,invented\n",
        )?;
        append(&dir, "parties.csv", "BB,Second,member,2025-01-01,,invented\n")?;
        append(&dir, "codes.csv", "CPV,48820000-2,Servers\n")?;
        append(&dir, "groups.csv", "servers,Servers,488,,,10\n")?;
        append(&dir, "offers.csv", "O-2,SUP,Server,H87,90.00,EUR,1,1,10,2025-01-01,,BUY\n")?;
        Ok(Self { folder, rows: Vec::new() })
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Rules for matching, as `pipeline.toml` has them.
    fn rule(&self, rules: &str) -> Result<()> {
        let dir = self.folder.path().join("coalition");
        let path = dir.join("pipeline.toml");
        let text = fs::read_to_string(&path)?;
        fs::write(&path, text.replace("round_delay_ms = 10\n", &format!("{rules}\n")))?;
        Ok(())
    }

    /// One more row, and what follows from it.
    fn add(&mut self, row: String) -> Result<()> {
        self.rows.push(row);
        let dir = self.folder.path().join("coalition");
        requisitions(&dir.join("requisitions.csv"), &self.rows)?;
        self.carry_on()
    }

    fn carry_on(&self) -> Result<()> {
        let dir = self.folder.path().join("coalition");
        let data = self.data();
        run(&["run", text(&dir)?, "--data", text(&data)?, "--until", "2025-01-05"])?.ok()?;
        is_clean(&data)?;
        Ok(())
    }

    fn why(&self, lot: &str) -> Result<serde_json::Value> {
        run(&["why", lot, "--data", text(&self.data())?, "--json"])?.json()
    }

    /// Who pays for a lot, and how much.
    fn payers(&self, lot: &str) -> Result<Vec<(String, i64)>> {
        let why = self.why(lot)?;
        let payers = why["explanation"]["payers"].as_array().cloned().unwrap_or_default();
        let payer = |payer: &serde_json::Value| {
            let envelope = payer["envelope"].as_str().context("an envelope")?.to_owned();
            Ok((envelope, payer["amount"]["minor"].as_i64().context("an amount")?))
        };
        payers.iter().map(payer).collect()
    }
}

fn append(dir: &Path, name: &str, more: &str) -> Result<()> {
    let path = dir.join(name);
    Ok(fs::write(&path, fs::read_to_string(&path)? + more)?)
}

#[test]
fn money_that_nobody_has_agreed_to_moves_to_where_it_is_needed() -> Result<()> {
    let mut case = Asked::open()?;
    let is = |case: &Asked, lot: &str, payers: &[(&str, i64)]| -> Result<()> {
        let found = case.payers(lot)?;
        let found: Vec<(&str, i64)> = found.iter().map(|(id, minor)| (&**id, *minor)).collect();
        ensure!(found == payers, "{lot}: {found:?}, not {payers:?}");
        Ok(())
    };
    case.add(ranked("R-1", 10, "Laptop", 5))?;
    is(&case, "LOT-001", &[("AA-1", 90_000)])?;
    // A server, ahead of it, can use nothing but AA's money.
    case.add(ranked("R-2", 8, "Server", 1))?;
    is(&case, "LOT-002", &[("AA-1", 72_000)])?;
    is(&case, "LOT-001", &[("AA-1", 18_000), ("BB-1", 72_000)])?;
    case.add(ranked("R-3", 2, "Server", 2))?;
    is(&case, "LOT-003", &[("AA-1", 18_000)])?;
    is(&case, "LOT-001", &[("BB-1", 90_000)])?;
    let data = case.data();
    let shown = run(&["show", "LOT-001", "--data", text(&data)?])?.ok()?.out;
    ensure!(shown.contains("rerouted") && shown.contains("instead of"), "{shown}");
    // Laptops ahead of it displace it: it is told what is missing, and waits.
    case.add(ranked("R-4", 5, "Laptop", 3))?;
    is(&case, "LOT-004", &[("BB-1", 45_000)])?;
    let why = case.why("LOT-001")?;
    ensure!(why["explanation"]["missing"]["minor"] == 45_000, "{why}");
    ensure!(why["explanation"]["exhausted"][1]["lots"][0][0] == "LOT-004", "{why}");
    let shown = run(&["show", "LOT-001", "--data", text(&data)?])?.ok()?.out;
    ensure!(shown.contains("displaced") && shown.contains("EUR 450.00 missing"), "{shown}");
    Ok(())
}

#[test]
fn a_coalition_rules_who_gives_and_gets_how_much() -> Result<()> {
    let mut case = Asked::open()?;
    case.rule(
        "donor_cap = [{ party = \"AA\", amount = { minor = 50000, currency = \"EUR\" } }]\n\
         requester_cap = [{ party = \"REQ\", amount = { minor = 90000, currency = \"EUR\" } }]",
    )?;
    case.add(ranked("R-1", 6, "Server", 1))?;
    let why = case.why("LOT-001")?;
    ensure!(why["explanation"]["missing"]["minor"] == 4_000, "{why}");
    // Laptops have both donors' money, up to what their requester may have.
    case.add(ranked("R-2", 9, "Laptop", 2))?;
    ensure!(case.payers("LOT-002")?.iter().map(|(_, minor)| minor).sum::<i64>() == 81_000);
    ensure!(case.payers("LOT-002")?.iter().all(|(id, minor)| id != "AA-1" || *minor <= 50_000));
    case.add(ranked("R-3", 2, "Laptop", 3))?;
    let said = run(&["show", "LOT-003", "--data", text(&case.data())?])?.ok()?.out;
    ensure!(said.contains("its requester may receive only EUR 90.00 more"), "{said}");
    Ok(())
}

#[test]
fn a_server_and_its_licence_come_together() -> Result<()> {
    let case = Asked::open()?;
    let columns = |row: &str| row.replace(",C1,,0,invented", ",C1,,0,invented,rack");
    let dir = case.folder.path().join("coalition");
    let write = |rows: &[String]| -> Result<()> {
        let header = crate::coalition::HEADER;
        Ok(fs::write(
            dir.join("requisitions.csv"),
            format!("{header},together\n{}\n", rows.join("\n")),
        )?)
    };
    // The server alone could be paid, but not with its licence.
    let server = columns(&ranked("R-1", 8, "Server", 1));
    let licence = columns(&ranked("R-2", 3, "Server", 4));
    let other = ranked("R-3", 5, "Server", 3) + ",";
    write(&[server.clone(), licence, other.clone()])?;
    case.carry_on()?;
    ensure!(case.payers("LOT-001")?.is_empty() && case.payers("LOT-002")?.is_empty());
    ensure!(case.payers("LOT-003")? == [("AA-1".to_owned(), 45_000)]);
    let why = case.why("LOT-001")?;
    ensure!(why["explanation"]["missing"]["minor"] == 9_000, "{why}");
    // A smaller licence fits: both are ahead of the other.
    write(&[server, columns(&ranked("R-2", 2, "Server", 4)), other])?;
    case.carry_on()?;
    ensure!(case.payers("LOT-001")? == [("AA-1".to_owned(), 72_000)]);
    ensure!(case.payers("LOT-002")? == [("AA-1".to_owned(), 18_000)]);
    ensure!(case.payers("LOT-003")?.is_empty());
    Ok(())
}

#[test]
fn what_a_donor_does_not_give_for_is_not_bought_with_its_money() -> Result<()> {
    let mut case = Asked::open()?;
    let dir = case.folder.path().join("coalition");
    fs::write(
        dir.join("contributions.csv"),
        "id,donors,firmness,stated,amount,currency,excluded,consent,source\n\
         AA-1,AA,commitment,2025-01-01,900.00,EUR,488;Drone,none,invented\n",
    )?;
    case.add(ranked("R-1", 1, "Server", 1))?;
    case.add(ranked("R-2", 1, "Laptop", 2))?;
    let why = case.why("LOT-001")?;
    ensure!(why["explanation"]["others"][0]["why"] == "excluded", "{why}");
    ensure!(case.payers("LOT-002")? == [("AA-1".to_owned(), 9_000)]);
    Ok(())
}
