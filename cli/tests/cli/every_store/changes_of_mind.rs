//! Changing one's mind: lines that are mended, reopened, lowered and raised, before and after they are
//! ordered, and suppliers who agree or do not.

use std::fs;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::coalition::{HEADER, row};
use crate::secretariat::Secretariat;
use crate::support::{SOON, Said, eventually, is_clean, kinds, lots, run, show, text};

/// Does something by hand; whatever comes of it.
fn act(secretariat: &Secretariat, what: &[&str]) -> Result<Said> {
    let mut arguments = what.to_vec();
    arguments.extend(["--data", text(&secretariat.data)?]);
    if !matches!(what[0], "import" | "todo" | "lines" | "money") {
        arguments.push("--yes");
    }
    run(&arguments)
}

/// Imports a file with `rows`; what came of it as JSON.
fn import(secretariat: &Secretariat, name: &str, rows: &[String]) -> Result<Value> {
    let path = secretariat.folder.path().join(name);
    fs::write(&path, format!("{HEADER}\n{}\n", rows.join("\n")))?;
    act(secretariat, &["import", text(&path)?, "--json"])?.json()
}

/// A row for tablets, which nobody offers.
fn tablets(id: &str, quantity: u32) -> String {
    row(id, quantity).replace("Laptop", "Tablet")
}

fn lot(secretariat: &Secretariat, id: &str) -> Result<Value> {
    let all = lots(&secretariat.data)?;
    let found = all.iter().find(|lot| lot["id"] == id).cloned();
    found.with_context(|| format!("no {id}: {all:?}"))
}

/// The quantity of each lot, by id.
fn quantities(secretariat: &Secretariat) -> Result<Vec<(String, String)>> {
    let pair = |lot: &Value| {
        let said = |name: &str| lot[name].as_str().unwrap_or_default().to_owned();
        (said("id"), said("quantity"))
    };
    Ok(lots(&secretariat.data)?.iter().map(pair).collect())
}

fn line_quantity(secretariat: &Secretariat, id: &str) -> Result<String> {
    let lines = act(secretariat, &["lines", "--json"])?.json()?;
    let lines = lines.as_array().context("a list")?;
    let line = lines.iter().find(|line| line["external_id"] == id).context("the line")?;
    Ok(line["quantity"].as_str().context("a quantity")?.to_owned())
}

/// The moves of `party` with this task.
fn task(secretariat: &Secretariat, party: &str, task: &str) -> Result<Vec<Value>> {
    let moves = act(secretariat, &["todo", "--json"])?.json()?;
    let is_it = |row: &&Value| row["party"] == party && row["task"] == task;
    Ok(moves.as_array().context("a list")?.iter().filter(is_it).cloned().collect())
}

/// The commands that a task takes.
fn hows(secretariat: &Secretariat, party: &str, name: &str) -> Result<Vec<String>> {
    let each = task(secretariat, party, name)?;
    let each = each.iter().flat_map(|row| row["each"].as_array().cloned().unwrap_or_default());
    Ok(each.filter_map(|each| each["how"].as_str().map(str::to_owned)).collect())
}

/// An order that was accepted, of which some came.
fn ordered(secretariat: &Secretariat, come: &[&str]) -> Result<String> {
    let (order, _) = secretariat.order(&[])?;
    secretariat.until("LOT-001", "response")?;
    act(secretariat, &["order", "respond", &order])?.ok()?;
    secretariat.until("LOT-001", "delivery")?;
    if !come.is_empty() {
        let mut receive = vec!["receive", &order];
        receive.extend(come);
        act(secretariat, &receive)?.ok()?;
    }
    Ok(order)
}

#[test]
fn a_line_follows_down_to_what_came_by_an_order_change() -> Result<()> {
    let secretariat = Secretariat::open(10)?;
    let order = ordered(&secretariat, &["LOT-001=4"])?;
    let below = act(&secretariat, &["amend", "R-1", "quantity=3"])?;
    below.failed(1, &["4 are already delivered", "cannot be lowered to 3"])?;
    // The ministry wants 6: 4 came, so 2 of the 6 on back order.
    let taken = import(&secretariat, "low.csv", &[row("R-1", 6)])?;
    let change = format!("waybill order change {order} LOT-001.1=2");
    ensure!(taken["amended"][0]["needs_order_change"] == true, "{taken}");
    ensure!(taken["amended"][0]["needs"][0]["to"] == "2", "{taken}");
    ensure!(hows(&secretariat, "secretariat", "order_change")? == [change.as_str()]);
    // The same file again adds nothing, nor does the same amendment.
    let again = import(&secretariat, "low.csv", &[row("R-1", 6)])?;
    ensure!(again["unchanged"] == 1 && again["amended"].as_array().is_some_and(Vec::is_empty));
    let again = act(&secretariat, &["amend", "R-1", "quantity=6"])?.ok()?;
    ensure!(again.out.contains("unchanged"), "{}", again.out);
    ensure!(
        line_quantity(&secretariat, "R-1")? == "10",
        "both are kept until the supplier answers"
    );

    act(&secretariat, &["order", "change", &order, "LOT-001.1=2"])?.ok()?;
    let number = format!("{order}-CHANGE-1");
    let message = secretariat.data.join("outbox").join(format!("{number}.json"));
    let sent = eventually("the supplier is asked", SOON, || Ok(fs::read(&message).ok()))?;
    let sent: Value = serde_json::from_slice(&sent)?;
    ensure!(sent["lines"][0]["id"] == "LOT-001.1" && sent["lines"][0]["quantity"] == "2", "{sent}");
    ensure!(sent["order_reference"] == order.as_str(), "{sent}");
    let twice = act(&secretariat, &["order", "change", &order, "LOT-001.1=2"])?.ok()?;
    ensure!(twice.out.contains("unchanged"), "{}", twice.out);
    act(&secretariat, &["order", "change", &order, "LOT-001.1=1"])?
        .failed(1, &["asks for another quantity", &number])?;
    ensure!(
        task(&secretariat, "secretariat", "order_change")?.is_empty(),
        "it is the supplier's move"
    );
    let answer = format!("waybill order respond {order} --change {number}");
    ensure!(hows(&secretariat, "SUP", "change_response")? == [answer.as_str()]);

    act(&secretariat, &["order", "respond", &order, "--change", &number])?.ok()?;
    let of = |id: &str, quantity: &str| (id.to_owned(), quantity.to_owned());
    ensure!(quantities(&secretariat)? == [of("LOT-001", "4"), of("LOT-001.1", "2")]);
    ensure!(line_quantity(&secretariat, "R-1")? == "6");
    let shown = show(&secretariat.data, "LOT-001.1")?;
    ensure!(kinds(&shown).last() == Some(&"lot.lowered"), "{shown}");
    ensure!(task(&secretariat, "SUP", "change_response")?.is_empty());
    // The same answer again is the same; another one is too late.
    act(&secretariat, &["order", "respond", &order, "--change", &number])?.ok()?;
    let refusal = ["order", "respond", &order, "--change", &number, "--refuse", "-m", "late"];
    act(&secretariat, &refusal)?.failed(1, &["was already answered"])?;
    // 4 and 2 at EUR 90.00 are bound, the rest is free.
    let money = act(&secretariat, &["money", "--json"])?.json()?;
    ensure!(money.to_string().contains("54000"), "{money}");
    is_clean(&secretariat.data)?;
    Ok(())
}

#[test]
fn a_supplier_that_does_not_agree_leaves_a_task_and_the_order_as_it_was() -> Result<()> {
    let secretariat = Secretariat::open(10)?;
    let order = ordered(&secretariat, &[])?;
    act(&secretariat, &["order", "change", &order, "LOT-001=11"])?
        .failed(1, &["LOT-001 is 10", "submit a new line"])?;
    act(&secretariat, &["order", "change", &order, "LOT-001=1.5"])?.failed(1, &["LOT-001"])?;
    act(&secretariat, &["order", "change", &order, "LOT-009=1"])?.failed(1, &["LOT-009"])?;
    act(&secretariat, &["amend", "R-1", "quantity=7"])?.ok()?;
    act(&secretariat, &["order", "change", &order, "LOT-001=7"])?.ok()?;
    let number = format!("{order}-CHANGE-1");
    let refuse = ["order", "respond", &order, "--change", &number, "--refuse"];
    act(&secretariat, &refuse)?.failed(1, &["a refusal needs a reason from the supplier"])?;
    let mut refuse = refuse.to_vec();
    refuse.extend(["-m", "they are packed"]);
    act(&secretariat, &refuse)?.ok()?;
    ensure!(lot(&secretariat, "LOT-001")?["quantity"] == "10");
    let said = task(&secretariat, "secretariat", "order_change")?;
    ensure!(said[0].to_string().contains("they are packed"), "{said:?}");
    let hows = hows(&secretariat, "secretariat", "order_change")?;
    let settle = format!("waybill order change {order} LOT-001=10");
    ensure!(hows.contains(&settle), "{hows:?}");
    // It is left as it is, and so is the line: nobody has to do anything more.
    act(&secretariat, &["order", "change", &order, "LOT-001=10"])?.ok()?;
    act(&secretariat, &["amend", "R-1", "quantity=10"])?.ok()?;
    ensure!(task(&secretariat, "secretariat", "order_change")?.is_empty());
    is_clean(&secretariat.data)?;
    Ok(())
}

#[test]
fn goods_that_overtake_a_change_are_kept_and_the_rest_is_given_up() -> Result<()> {
    let secretariat = Secretariat::open(10)?;
    let order = ordered(&secretariat, &[])?;
    act(&secretariat, &["amend", "R-1", "quantity=2"])?.ok()?;
    act(&secretariat, &["order", "change", &order, "LOT-001=2"])?.ok()?;
    // 7 come before the supplier answers: 3 are on back order.
    act(&secretariat, &["receive", &order, "LOT-001=7"])?.ok()?;
    let number = format!("{order}-CHANGE-1");
    act(&secretariat, &["order", "respond", &order, "--change", &number])?.ok()?;
    // It can go down to the 7 that came; that 2 are wanted stays the secretariat's task.
    let open: Vec<(String, String)> =
        quantities(&secretariat)?.into_iter().filter(|(_, quantity)| quantity != "0").collect();
    ensure!(open.iter().any(|(id, quantity)| id == "LOT-001" && quantity == "7"), "{open:?}");
    let hows = hows(&secretariat, "secretariat", "order_change")?;
    ensure!(hows == ["waybill amend R-1 quantity=7"], "{hows:?}");
    act(&secretariat, &["amend", "R-1", "quantity=7"])?.ok()?;
    ensure!(line_quantity(&secretariat, "R-1")? == "7");
    ensure!(task(&secretariat, "secretariat", "order_change")?.is_empty());
    is_clean(&secretariat.data)?;
    Ok(())
}

#[test]
fn a_part_of_an_order_is_cancelled_and_more_becomes_a_lot_of_its_own() -> Result<()> {
    let secretariat = Secretariat::open(10)?;
    let order = ordered(&secretariat, &["LOT-001=4"])?;
    act(&secretariat, &["order", "cancel", &order, "--lot", "LOT-001"])?
        .failed(1, &["LOT-001 has been delivered"])?;
    act(&secretariat, &["order", "cancel", &order, "--lot", "LOT-001.1=7"])?
        .failed(1, &["6 of LOT-001.1 can be cancelled"])?;
    // 4 are wanted: the 6 on back order are cancelled, and do not come back as a need.
    act(&secretariat, &["amend", "R-1", "quantity=4"])?.ok()?;
    act(&secretariat, &["order", "cancel", &order, "--lot", "LOT-001.1"])?.ok()?;
    ensure!(line_quantity(&secretariat, "R-1")? == "4");
    ensure!(lot(&secretariat, "LOT-001.1")?["state"] == "cancelled");
    let message = secretariat.data.join("outbox").join(format!("{order}-CANCEL-1.json"));
    let told = eventually("the supplier is told", SOON, || Ok(fs::read_to_string(&message).ok()))?;
    ensure!(told.contains("LOT-001.1") && told.contains("\"cancelled\":\"6\""), "{told}");
    // All of it has come; 3 more are a lot of its own, which is ordered again.
    act(&secretariat, &["amend", "R-1", "quantity=7"])?.ok()?;
    secretariat.until("LOT-001.2", "response")?;
    ensure!(lot(&secretariat, "LOT-001.2")?["quantity"] == "3");
    ensure!(lot(&secretariat, "LOT-001.1")?["state"] == "cancelled", "cancelled stays cancelled");
    is_clean(&secretariat.data)?;
    Ok(())
}

#[test]
fn a_held_lot_follows_and_stays_held() -> Result<()> {
    let secretariat = Secretariat::open(1)?;
    import(&secretariat, "tablets.csv", &[tablets("R-2", 12)])?;
    secretariat.until("LOT-002", "offer")?;
    act(&secretariat, &["hold", "LOT-002"])?.ok()?;
    act(&secretariat, &["amend", "R-2", "quantity=5"])?.ok()?;
    let held = secretariat.until("LOT-002", "release")?;
    ensure!(held["quantity"] == "5", "{held}");
    // What it became is validated once it is resumed.
    act(&secretariat, &["amend", "R-2", "consignee=C9"])?.ok()?;
    secretariat.until("LOT-002", "release")?;
    act(&secretariat, &["resume", "LOT-002"])?.ok()?;
    secretariat.until("LOT-002", "amendment")?;
    is_clean(&secretariat.data)?;
    Ok(())
}

#[test]
fn a_mistake_of_form_goes_back_to_its_requester_and_is_mended() -> Result<()> {
    let secretariat = Secretariat::open(1)?;
    // A file with such a mistake is refused; a command can make it.
    import(&secretariat, "right.csv", &[tablets("R-2", 3)])?;
    secretariat.until("LOT-002", "offer")?;
    act(&secretariat, &["amend", "R-2", "consignee=C9"])?.ok()?;
    let sent = secretariat.until("LOT-002", "amendment")?;
    ensure!(sent["code"] == "unknown_consignee", "{sent}");
    let hows = hows(&secretariat, "REQ", "amendment")?;
    ensure!(hows.len() == 1 && hows[0].starts_with("waybill amend R-2 consignee="), "{hows:?}");
    // A line that asks for the same is no twin of what nobody asks for as it is.
    import(&secretariat, "new.csv", &[tablets("R-3", 3)])?;
    secretariat.until("LOT-003", "offer")?;
    // Nor does the mended one slip through as a second order: somebody is asked.
    act(&secretariat, &["amend", "R-2", "consignee=C1"])?.ok()?;
    let asked = secretariat.until("LOT-002", "review")?;
    ensure!(asked["code"] == "duplicate_candidate", "{asked}");
    act(&secretariat, &["review", "merge", "LOT-002", "-m", "the same"])?.ok()?;
    ensure!(lot(&secretariat, "LOT-002")?["state"] == "merged");
    is_clean(&secretariat.data)?;
    Ok(())
}

#[test]
fn two_lines_that_a_reviewer_told_apart_are_never_asked_about_again() -> Result<()> {
    let secretariat = Secretariat::open(1)?;
    import(&secretariat, "first.csv", &[tablets("R-2", 3)])?;
    secretariat.until("LOT-002", "offer")?;
    import(&secretariat, "second.csv", &[tablets("R-3", 3)])?;
    let asked = secretariat.until("LOT-003", "review")?;
    ensure!(asked["code"] == "duplicate_candidate", "{asked}");
    act(&secretariat, &["review", "approve", "LOT-003", "-m", "two schools"])?.ok()?;
    secretariat.until("LOT-003", "offer")?;
    // Validated anew, neither is taken for the other: not the earlier one, not the later one.
    for (line, lot) in [("R-2", "LOT-002"), ("R-3", "LOT-003")] {
        act(&secretariat, &["amend", line, "consignee=C9"])?.ok()?;
        secretariat.until(lot, "amendment")?;
        act(&secretariat, &["amend", line, "consignee=C1"])?.ok()?;
        secretariat.until(lot, "offer")?;
    }
    // A third is asked about, as nobody has told it apart from either.
    import(&secretariat, "third.csv", &[tablets("R-4", 3)])?;
    let asked = secretariat.until("LOT-004", "review")?;
    ensure!(asked["code"] == "duplicate_candidate", "{asked}");
    is_clean(&secretariat.data)?;
    Ok(())
}

#[test]
fn declined_lines_are_amended_or_reopened_and_healed_ones_are_proposed() -> Result<()> {
    let secretariat = Secretariat::open(1)?;
    let dear = row("R-2", 3).replace("100.00", "90000.00");
    import(&secretariat, "dear.csv", &[dear, tablets("R-3", 4)])?;
    secretariat.until("LOT-002", "declined")?;
    secretariat.until("LOT-003", "offer")?;
    act(&secretariat, &["amend", "R-3", "consignee=C7"])?.ok()?;
    secretariat.until("LOT-003", "amendment")?;
    // Nothing has changed: it is declined again, by the same rule.
    act(&secretariat, &["reopen", "R-2", "--dry-run"])?.ok()?;
    ensure!(lot(&secretariat, "LOT-002")?["state"] == "declined", "a dry run");
    act(&secretariat, &["reopen", "R-2", "-m", "look again"])?.ok()?;
    eventually("it is declined again", SOON, || {
        let shown = show(&secretariat.data, "LOT-002")?;
        let declined = kinds(&shown).iter().filter(|kind| **kind == "lot.declined").count();
        Ok((declined == 2).then_some(()))
    })?;
    act(&secretariat, &["amend", "R-2", "unit_estimate=95.00"])?.ok()?;
    secretariat.until("LOT-002", "response")?;
    let twice = act(&secretariat, &["reopen", "R-2"])?.ok()?;
    ensure!(twice.out.contains("under way"), "{}", twice.out);
    act(&secretariat, &["reopen", "R-9"])?.failed(1, &["there is no line `R-9`"])?;
    // The consignee becomes known: what it heals is proposed, and done by nobody but a person.
    ensure!(task(&secretariat, "secretariat", "reopen")?.is_empty());
    let dir = secretariat.folder.path().join("coalition");
    let consignees = dir.join("consignees.csv");
    let known = fs::read_to_string(&consignees)?;
    fs::write(&consignees, format!("{known}C7,REQ,\"7 Example Street, Sampletown\"\n"))?;
    act(&secretariat, &["import", text(&dir)?, "--json"])?.ok()?;
    ensure!(hows(&secretariat, "secretariat", "reopen")? == ["waybill reopen R-3"]);
    ensure!(lot(&secretariat, "LOT-003")?["awaits"] == "amendment");
    act(&secretariat, &["reopen", "R-3"])?.ok()?;
    secretariat.until("LOT-003", "offer")?;
    is_clean(&secretariat.data)?;
    Ok(())
}

#[test]
fn nothing_is_merged_into_what_has_ended_and_it_comes_back_when_its_carrier_ends() -> Result<()> {
    let secretariat = Secretariat::open(1)?;
    import(&secretariat, "first.csv", &[tablets("R-2", 5)])?;
    secretariat.until("LOT-002", "offer")?;
    import(&secretariat, "second.csv", &[tablets("R-3", 5)])?;
    secretariat.until("LOT-003", "review")?;
    import(&secretariat, "third.csv", &[tablets("R-4", 5)])?;
    secretariat.until("LOT-004", "review")?;
    act(&secretariat, &["review", "merge", "LOT-003", "-m", "the same"])?.ok()?;
    // Its carrier is given up: the need of the merged one comes back, and whoever waited for a review
    // about it is asked about what is left.
    let told = act(&secretariat, &["cancel", "LOT-002", "--dry-run"])?.ok()?;
    ensure!(told.out.contains("LOT-003"), "{}", told.out);
    act(&secretariat, &["cancel", "LOT-002"])?.ok()?;
    secretariat.until("LOT-003", "offer")?;
    let asked = secretariat.until("LOT-004", "review")?;
    ensure!(asked["reason"].as_str().is_some_and(|why| why.contains("LINE-003")), "{asked}");
    // The other one is sent back: nobody asks for it as it is.
    act(&secretariat, &["amend", "R-3", "consignee=C9"])?.ok()?;
    secretariat.until("LOT-004", "offer")?;
    act(&secretariat, &["review", "merge", "LOT-004", "-m", "the same"])?
        .failed(1, &["is not waiting for a review"])?;
    is_clean(&secretariat.data)?;
    Ok(())
}

#[test]
fn why_something_was_done_is_kept_with_what_it_was_done_to() -> Result<()> {
    let secretariat = Secretariat::open(10)?;
    let (order, _) = secretariat.order(&[])?;
    secretariat.until("LOT-001", "response")?;
    act(&secretariat, &["order", "respond", &order, "-m", "they called: \"as ordered\""])?.ok()?;
    secretariat.until("LOT-001", "delivery")?;
    let receive = ["receive", &order, "LOT-001=4", "-m", "two boxes came wet"];
    act(&secretariat, &receive)?.ok()?;
    let ended = ["offer", "end", "O-1", "-m", "no more of them are made"];
    act(&secretariat, &ended)?.ok()?;
    for (subject, said) in [
        (order.as_str(), "they called: \"as ordered\""),
        (&order, "two boxes came wet"),
        ("O-1", "no more of them are made"),
    ] {
        let shown = show(&secretariat.data, subject)?.to_string();
        let said = serde_json::to_string(said)?;
        ensure!(shown.contains(said.trim_matches('"')), "{subject}: {shown}");
    }
    is_clean(&secretariat.data)?;
    Ok(())
}
