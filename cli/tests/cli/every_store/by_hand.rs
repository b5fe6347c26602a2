//! What operators do by hand, as a dialogue at a terminal of 80 columns with a running `serve`.

use std::fs;

use anyhow::{Result, ensure};
use serde_json::Value;
use tempfile::TempDir;

use crate::coalition::{self, row};
use crate::dialogue::{Dialogue, said};
use crate::secretariat::{Secretariat, Service, fact};
use crate::support::{finish, is_clean, kinds, run, show, text, waybill};

/// A coalition in which a group reviews what is dear, and a donor is asked for each lot.
pub(crate) fn open(rows: &[String]) -> Result<Secretariat> {
    let folder = TempDir::new()?;
    let dir = coalition::write(folder.path(), rows)?;
    let put = |name: &str, text: &str| fs::write(dir.join(name), text);
    put(
        "groups.csv",
        "id,name,prefixes,review_from,review_currency,review_days\nit,IT,302,500.00,EUR,10\n",
    )?;
    put(
        "contributions.csv",
        "id,donors,firmness,stated,amount,currency,channel,obligate_by,consent,source\n\
         AA-1,AA,commitment,2025-01-01,100000.00,EUR,,2099-12-31,each_line,invented\n",
    )?;
    put(
        "consignees.csv",
        "code,requester,address\nC1,REQ,\"1 Example Street, Sampletown\"\n\
         C2,REQ,\"2 Example Street, Sampletown\"\n",
    )?;
    let data = folder.path().join("data");
    let service = Service::start_with(&data, Some(&dir.join("pipeline.toml")), &[])?;
    run(&["import", text(&dir)?, "--data", text(&data)?])?.ok()?;
    Ok(Secretariat { folder, data, service })
}

#[test]
fn a_lot_is_carried_by_hand_from_its_review_to_its_payment() -> Result<()> {
    let secretariat = open(&[row("R-1", 10)])?;
    secretariat.until("LOT-001", "review")?;
    let mut at = Dialogue::at(&secretariat.data);
    at.types(&["review", "decline", "LOT-001"])?;
    at.types(&["review", "approve", "LOT-001", "-m", "fits the standard"])?;
    at.types(&["review", "approve", "LOT-001"])?;
    secretariat.until("LOT-001", "consent")?;
    at.types(&["consent", "give", "LOT-001"])?;
    let (order, _) = secretariat.order(&[])?;
    secretariat.until("LOT-001", "response")?;
    at.types(&["consent", "give", "LOT-001"])?;
    at.types(&["hold", "LOT-001"])?;
    let dear = ["order", "respond", &order, "--price", "+12%", "--due", "+6w", "--dry-run"];
    at.types(&dear)?;
    at.types(&["order", "respond", &order, "--price", "+4%", "--due", "+6w"])?;
    secretariat.until("LOT-001", "delivery")?;
    at.types(&["order", "respond", &order, "--price", "LOT-0ZZ=91"])?;
    at.types(&["order", "respond", &order, "--due", "2026-12-24", "--price", "93.60"])?;
    at.types(&["redirect", "LOT-001", "--to", "C2", "-m", "C1 is closed"])?;
    at.types(&["despatch", &order])?;
    at.types(&["order", "cancel", &order])?;
    at.types(&["receive", &order])?;
    at.types(&["receive", &order, "LOT-001=8/2", "--remedy", "return", "--yes"])?;
    secretariat.until("LOT-001", "payment")?;
    at.types(&["claim", &order, "--amount", "EUR 20", "-m", "two came broken"])?;
    at.types(&["pay", &order])?;
    secretariat.until("LOT-001", "delivered")?;
    at.types(&["cancel", "LOT-001"])?;
    said("carried_by_hand", &at.ends());
    secretariat.service.stop()?;
    is_clean(&secretariat.data)?;
    Ok(())
}

#[test]
fn lots_are_held_split_ranked_and_given_up_by_hand() -> Result<()> {
    let secretariat = open(&[row("R-1", 4), row("R-2", 3), row("R-3", 2)])?;
    for lot in ["LOT-001", "LOT-002", "LOT-003"] {
        secretariat.until(lot, "consent")?;
    }
    let mut at = Dialogue::at(&secretariat.data);
    at.types(&["hold", "--awaits", "consent", "--dry-run", "-m", "asked the ministry"])?;
    at.types(&["hold", "--awaits", "consent"])?;
    at.types(&["hold", "--awaits", "consent", "--yes", "-m", "asked the ministry"])?;
    at.types(&["hold", "LOT-001", "LOT-002", "LOT-9ZZ", "--yes"])?;
    at.types(&["split", "LOT-001", "4"])?;
    at.types(&["split", "LOT-001", "1", "-m", "one is urgent"])?;
    at.types(&["split", "LOT-001", "1", "-m", "one is urgent"])?;
    at.types(&["split", "LOT-001", "1", "--again", "--dry-run"])?;
    at.types(&["merge", "LOT-001", "LOT-001.1"])?;
    at.types(&["merge", "LOT-001", "LOT-001.1"])?;
    at.types(&["rank", "R-2", "9", "--class", "2", "-m", "less urgent now"])?;
    at.types(&["rank", "R-2", "9", "--class", "2"])?;
    at.types(&["amend", "R-3", "quantity=two"])?;
    at.types(&["amend", "R-3", "quantty=2"])?;
    at.types(&["correct", "R-3", "description=For the test", "needed_by=2027-01-31"])?;
    at.types(&["cancel", "LOT-002", "-m", "bought elsewhere"])?;
    at.types(&["cancel", "LOT-002"])?;
    at.types(&["resume", "LOT-001", "LOT-003", "--yes"])?;
    secretariat.until("LOT-003", "consent")?;
    at.types(&["amend", "R-3", "quantity=6", "--dry-run"])?;
    at.types(&["amend", "R-3", "quantity=6"])?;
    secretariat.until("LOT-003", "review")?;
    at.types(&["review", "return", "LOT-003", "-m", "which model?"])?;
    at.types(&["retry", "LOT-003"])?;
    at.types(&["retry", "--awaits", "payment"])?;
    said("held_and_given_up_by_hand", &at.ends());
    secretariat.service.stop()?;
    is_clean(&secretariat.data)?;
    Ok(())
}

#[test]
fn money_members_notes_and_files_are_stated_by_hand() -> Result<()> {
    let secretariat = open(&[row("R-1", 4)])?;
    secretariat.until("LOT-001", "consent")?;
    let letter = secretariat.folder.path().join("letter.txt");
    fs::write(&letter, "to whom it may concern")?;
    let mut at = Dialogue::at(&secretariat.data);
    let day = ["--stated", "2026-01-05"];
    let pledge =
        ["contribute", "XX-1", "--donor", "XX", "--amount", "EUR 5k", "--evidence", "p. 3"];
    at.types(&[&pledge[..], &day].concat())?;
    at.types(&[&pledge[..], &day].concat())?;
    let firm = ["commit", "XX-2", "--donor", "XX", "--converts", "XX-1", "--evidence", "letter"];
    at.types(&[&firm[..], &day].concat())?;
    at.types(&[&firm[..], &day, &["--amount", "EUR 4,000"]].concat())?;
    at.types(&[&firm[..], &day, &["--amount", "EUR 6,000"]].concat())?;
    at.types(&["deposit", "XX-2", "EUR 1k", "--number", "77", "--date", "2026-01-09"])?;
    at.types(&["deposit", "XX-2", "EUR 1k", "--number", "77", "--date", "2026-01-09"])?;
    at.types(&["deposit", "XX-2", "EUR 2k", "--number", "77", "--date", "2026-01-09"])?;
    at.types(&["withdraw", "AA-1", "--amount", "EUR 200,000"])?;
    at.types(&["withdraw", "AA-1", "--amount", "EUR 1,000"])?;
    at.types(&["withdraw", "AA-1", "--amount", "EUR 1,000"])?;
    at.types(&["withdraw", "AA-1", "--amount", "EUR 1,000", "--again"])?;
    at.types(&["withdraw", "AA-1", "--dry-run"])?;
    at.types(&["withdraw", "AA-1", "-m", "parliament said no"])?;
    at.types(&["withdraw", "AA-1"])?;
    let dates = ["--from", "2026-01-01", "--evidence", "decision 4"];
    at.types(&[&["member", "add", "YY"][..], &dates].concat())?;
    at.types(&[&["member", "add", "YY", "--name", "Newland"][..], &dates].concat())?;
    at.types(&[&["member", "add", "YY"][..], &dates].concat())?;
    at.types(&["member", "end", "YY", "--on", "2026-06-30", "--evidence", "decision 9"])?;
    at.types(&["member", "end", "YY", "--on", "2026-06-30", "--evidence", "decision 9"])?;
    at.types(&["note", "LOT-001", "--follow-up", "2026-02-01", "-m", "call the ministry"])?;
    at.types(&["note", "LOT-001", "--follow-up", "2026-02-01", "-m", "call the ministry"])?;
    at.types(&["note", "nothing-known", "-m", "x"])?;
    let masked = text(&letter)?.to_owned();
    at.types(&["attach", "AA-1", &masked])?;
    at.types(&["attach", "AA-1", &masked])?;
    let lot = show(&secretariat.data, "LOT-001")?;
    let note = "call the ministry (to follow up on 2026-02-01)";
    ensure!(fact(&lot, "note") == Some(note), "{lot}");
    ensure!(kinds(&lot).contains(&"note.written"), "{lot}");
    ensure!(fact(&show(&secretariat.data, "AA-1")?, "attachment") == Some("letter.txt, 22 bytes"));
    let todo = run(&["todo", "--json", "--data", text(&secretariat.data)?])?.json()?;
    let is_it = |row: &Value| row["task"] == "follow_up" && row["how"] == "waybill show LOT-001";
    ensure!(todo.as_array().is_some_and(|rows| rows.iter().any(is_it)), "{todo}");
    said("stated_by_hand", &at.ends().replace(&masked, "letter.txt"));
    secretariat.service.stop()?;
    is_clean(&secretariat.data)?;
    Ok(())
}

#[test]
fn orders_gifts_and_refusals_go_by_hand() -> Result<()> {
    let folder = TempDir::new()?;
    let rows = [row("R-1", 10), row("R-2", 3), row("R-3", 2), row("R-4", 4)];
    let dir = coalition::write(folder.path(), &rows)?;
    // Six of them are given as goods, and what is dear is approved.
    fs::write(
        dir.join("contributions.csv"),
        "id,donors,firmness,stated,amount,currency,in_kind_item,in_kind_quantity,in_kind_unit,\
         in_kind_lead_days,obligate_by,consent,source\n\
         AA-1,AA,commitment,2025-01-01,100000.00,EUR,,,,,2099-12-31,each_line,invented\n\
         XX-1,XX,commitment,2025-01-01,,,Laptop,6,H87,30,,none,invented\n",
    )?;
    let pipeline = fs::read_to_string(dir.join("pipeline.toml"))?;
    let approval = "[issue_order]\napproval_above = { minor = 50000, currency = \"EUR\" }\n";
    fs::write(dir.join("pipeline.toml"), pipeline.replace("[issue_order]\n", approval))?;
    let data = folder.path().join("data");
    let service = Service::start_with(&data, Some(&dir.join("pipeline.toml")), &[])?;
    run(&["import", text(&dir)?, "--data", text(&data)?])?.ok()?;
    let secretariat = Secretariat { folder, data, service };
    secretariat.until("LOT-002", "acceptance")?;
    secretariat.until("LOT-003", "acceptance")?;
    secretariat.until("LOT-004", "consent")?;
    secretariat.until("LOT-001", "consent")?;
    let mut at = Dialogue::at(&secretariat.data);
    at.types(&["in-kind", "accept", "LOT-002"])?;
    at.types(&["in-kind", "accept", "LOT-002"])?;
    at.types(&["in-kind", "refuse", "LOT-003", "-m", "the plugs do not fit"])?;
    at.types(&["consent", "refuse", "LOT-004", "--envelope", "AA-1"])?;
    at.types(&["consent", "give", "LOT-004"])?;
    at.types(&["consent", "give", "LOT-001"])?;
    let lot = secretariat.until("LOT-001", "approval")?;
    let order = lot["order"].as_str().unwrap_or_default().to_owned();
    at.types(&["redirect", "LOT-001", "--to", "C2"])?;
    at.types(&["order", "approve", &order])?;
    at.types(&["order", "approve", &order])?;
    secretariat.until("LOT-001", "response")?;
    at.types(&["order", "cancel", &order, "--dry-run"])?;
    at.types(&["order", "cancel", &order, "-m", "the supplier is bankrupt"])?;
    at.types(&["order", "cancel", &order])?;
    at.types(&["order", "respond", &order])?;
    at.types(&["incident", "replay", "nothing of the kind"])?;
    said("orders_and_gifts_by_hand", &at.ends());
    secretariat.until("LOT-001", "consent")?;
    // The supplier was told, once.
    let (_, told) = secretariat.order(&[&order])?;
    ensure!(told["order_reference"] == order.as_str(), "{told}");
    ensure!(told["cancellation_note"] == "the supplier is bankrupt", "{told}");
    secretariat.service.stop()?;
    is_clean(&secretariat.data)?;
    Ok(())
}

#[test]
fn lines_are_handed_in_and_put_together_by_hand() -> Result<()> {
    let secretariat = open(&[row("R-1", 3)])?;
    secretariat.until("LOT-001", "consent")?;
    let path = secretariat.folder.path().join("more.csv");
    let file = text(&path)?.to_owned();
    let mut at = Dialogue::at(&secretariat.data);
    // The first says what was asked for in R-1 already.
    coalition::requisitions(&path, &[row("R-2", 3), row("R-3", 1)])?;
    at.types(&["submit", &file, "--dry-run"])?;
    at.types(&["submit", &file])?;
    at.types(&["submit", &file])?;
    secretariat.until("LOT-002", "review")?;
    at.types(&["review", "merge", "LOT-002", "--dry-run"])?;
    at.types(&["review", "merge", "LOT-002", "-m", "asked for in May already"])?;
    secretariat.until("LOT-002", "merged")?;
    at.types(&["review", "merge", "LOT-002"])?;
    coalition::requisitions(&path, &[row("R-1", 4), row("R-4", 2).replace("100.00", "dear")])?;
    at.types(&["submit", &file])?;
    at.types(&["submit", &file, "--partial", "--dry-run"])?;
    at.types(&["submit", &file, "--partial"])?;
    at.types(&["submit", "more.pdf"])?;
    said("handed_in_by_hand", &at.ends().replace(&file, "more.csv"));
    secretariat.service.stop()?;
    is_clean(&secretariat.data)?;
    Ok(())
}

#[test]
fn what_failed_is_mended_by_hand_cause_by_cause() -> Result<()> {
    let folder = TempDir::new()?;
    // What is dear is reviewed, and nobody answers: neither the group nor a supplier.
    let dir = coalition::write(folder.path(), &[row("R-1", 10), row("R-2", 11), row("R-3", 2)])?;
    let groups =
        "id,name,prefixes,review_from,review_currency,review_days\nit,IT,302,500.00,EUR,10\n";
    fs::write(dir.join("groups.csv"), groups)?;
    let data = folder.path().join("data");
    run(&["run", text(&dir)?, "--data", text(&data)?])?.ok()?;
    let mut at = Dialogue::at(&data);
    let overdue = "a review is overdue";
    at.types(&["incidents", "--columns", "cause,step,lots,first"])?;
    at.types(&["incident", "skip", overdue])?;
    at.types(&["incident", "skip", overdue, "--dry-run"])?;
    at.types(&["incident", "skip", overdue, "--yes", "-m", "the lead agrees"])?;
    at.types(&["incident", "skip", overdue])?;
    let silent = "a supplier does not respond";
    at.types(&["incident", "skip", silent])?;
    at.types(&["incident", "close", silent, "-m", "bought elsewhere"])?;
    at.types(&["incidents", "--columns", "cause,step,lots,first"])?;
    said("mended_by_hand", &at.ends());
    is_clean(&data)?;
    Ok(())
}

#[test]
fn ids_come_from_a_pipe_and_answers_go_out_as_json() -> Result<()> {
    let secretariat = open(&[row("R-1", 4), row("R-2", 3)])?;
    secretariat.until("LOT-001", "consent")?;
    secretariat.until("LOT-002", "consent")?;
    let ids = secretariat.folder.path().join("ids");
    fs::write(&ids, "LOT-001  1/1  match_donor\nLOT-002\nLOT-001\n")?;
    let mut command =
        waybill(&["hold", "-", "--yes", "--json", "--data", text(&secretariat.data)?]);
    command.stdin(fs::File::open(&ids)?);
    let answer = finish(command)?.json()?;
    ensure!(answer["changed"] == 2 && answer["items"].as_array().map(Vec::len) == Some(2));
    let effects = &answer["items"][0]["effects"];
    ensure!(effects[0]["subject"] == "LOT-001", "{answer}");
    ensure!(effects.to_string().contains("EUR 360.00 returns to AA-1"), "{answer}");
    secretariat.service.stop()?;
    is_clean(&secretariat.data)?;
    Ok(())
}

/// A dear answer says what follows: for whom it is matched next, and whose consent that needs.
#[test]
fn consent_is_announced_only_where_it_is_due() -> Result<()> {
    let folder = TempDir::new()?;
    let dir = coalition::write(folder.path(), &[row("R-1", 3), row("R-2", 4)])?;
    // Asked above EUR 300: the second lot costs 360, the first 270.
    let contributions = dir.join("contributions.csv");
    let limited = fs::read_to_string(&contributions)?.replace(",none,", ",above 300.00,");
    fs::write(&contributions, limited)?;
    let data = folder.path().join("data");
    let service = Service::start_with(&data, Some(&dir.join("pipeline.toml")), &[])?;
    run(&["import", text(&dir)?, "--data", text(&data)?])?.ok()?;
    let secretariat = Secretariat { folder, data, service };
    secretariat.until("LOT-002", "consent")?;
    run(&["consent", "give", "LOT-002", "--data", text(&secretariat.data)?])?.ok()?;
    for lot in ["LOT-001", "LOT-002"] {
        let order = secretariat.until(lot, "response")?["order"].clone();
        let order = order.as_str().unwrap_or_default();
        let dear = ["order", "respond", order, "--price", &format!("{lot}=+12%"), "--dry-run"];
        let said = run(&[&dear[..], &["--data", text(&secretariat.data)?]].concat())?.ok()?.out;
        let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
        ensure!(said.contains("12 % more (tolerated: 5 %)"), "{said}");
        ensure!(said.contains("waits for a decision on its terms"), "{said}");
        ensure!(said.contains("once AA has agreed"), "{lot}: {said}");
    }
    // Accepted at EUR 270, and dear enough afterwards to need the consent that it did not need before.
    let order = secretariat.until("LOT-001", "response")?["order"].clone();
    let order = order.as_str().unwrap_or_default();
    run(&["order", "respond", order, "--data", text(&secretariat.data)?])?.ok()?;
    secretariat.until("LOT-001", "delivery")?;
    for (price, is_asked) in [("+8%", false), ("+12%", true)] {
        let dear = ["order", "respond", order, "--price", &format!("LOT-001={price}"), "--dry-run"];
        let said = run(&[&dear[..], &["--data", text(&secretariat.data)?]].concat())?.ok()?.out;
        let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
        ensure!(said.contains("if accepted, paid by AA-1 EUR"), "{said}");
        ensure!(said.contains("once AA has agreed") == is_asked, "{price}: {said}");
    }
    secretariat.service.stop()?;
    is_clean(&secretariat.data)?;
    Ok(())
}
