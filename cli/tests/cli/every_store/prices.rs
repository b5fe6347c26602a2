//! Prices that suppliers change: accepted, decided on by a person, kept as what they offer now.

use std::fs;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::every_store::nearest_offers::{Bureau, line};
use crate::secretariat::fact;
use crate::support::{SOON, eventually, lots, run, show, text};

const MONEY: &str = "id,donors,firmness,stated,amount,currency,obligate_by,consent,source\n";
const OFFER: &str = "O-1,SUP,Laptop,H87,900.00,EUR,1,1,5,2025-01-01,,BUY,,,,\n";

/// Ten laptops at EUR 900 on order, paid by what `money` says.
fn ordered(money: &str, more: &[(&str, &str)]) -> Result<(Bureau, String)> {
    let money = format!("{MONEY}{money}");
    let files = [&[("contributions.csv", money.as_str())], more].concat();
    let bureau = Bureau::open_with(OFFER, &[line("F-1", "Laptop", "10,H87", "950.00")], &files)?;
    let order = bureau.order_of("LOT-001")?;
    let order = order["id"].as_str().context("a number")?.to_owned();
    Ok((bureau, order))
}

/// What each envelope gives, by id.
fn shares(lot: &Value) -> Vec<(String, i64)> {
    let shares = lot["funding"].as_array().map(Vec::as_slice).unwrap_or_default();
    let share = |share: &Value| {
        let envelope = share["envelope"].as_str().unwrap_or_default().to_owned();
        (envelope, share["amount"]["minor"].as_i64().unwrap_or_default())
    };
    shares.iter().map(share).collect()
}

fn share(envelope: &str, minor: i64) -> (String, i64) {
    (envelope.to_owned(), minor)
}

/// Everything that was sent, by its number.
fn sent(bureau: &Bureau) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(bureau.data.join("outbox"))? {
        names.push(entry?.file_name().to_string_lossy().trim_end_matches(".json").to_owned());
    }
    names.sort();
    Ok(names)
}

/// The message `number`, once it was sent.
fn message(bureau: &Bureau, number: &str) -> Result<Value> {
    let path = bureau.data.join(format!("outbox/{number}.json"));
    let bytes = eventually("the supplier is told", SOON, || Ok(fs::read(&path).ok()))?;
    Ok(serde_json::from_slice(&bytes)?)
}

#[test]
fn what_one_donor_of_a_lot_has_no_more_another_of_its_donors_pays() -> Result<()> {
    let (bureau, order) = ordered(
        "C1,AA,commitment,2025-01-01,7000.00,EUR,2098-12-31,none,invented\n\
         C2,XX,commitment,2025-01-01,50000.00,EUR,2099-12-31,none,invented\n",
        &[],
    )?;
    bureau.act(&["order", "respond", &order, "--price", "+1%"])?;
    let lot = bureau.until("LOT-001", "delivery")?;
    ensure!(shares(&lot) == [share("C1", 700_000), share("C2", 209_000)], "{lot}");
    ensure!(lot["order"] == order.as_str() && sent(&bureau)? == [order.clone()]);
    let shown = show(&bureau.data, &order)?;
    ensure!(fact(&shown, "total") == Some("EUR 9,090.00"), "{shown}");
    // What its supplier asks is what it offers now, to everybody.
    let shown = show(&bureau.data, "O-1")?;
    ensure!(shown.to_string().contains("EUR 909.00"), "{shown}");
    bureau.end()
}

#[test]
fn terms_beyond_the_tolerance_wait_for_a_decision_and_may_be_accepted_with_a_consent() -> Result<()>
{
    let (bureau, order) = ordered(
        "C1,AA,commitment,2025-01-01,9500.00,EUR,2098-12-31,none,invented\n\
         C2,XX,commitment,2025-01-01,50000.00,EUR,2099-12-31,each_line,invented\n",
        &[],
    )?;
    bureau.act(&["order", "respond", &order, "--price", "+12%", "--due", "+6w"])?;
    let lot = bureau.until("LOT-001", "terms")?;
    ensure!(shares(&lot) == [share("C1", 900_000)], "what is bound stays bound: {lot}");
    ensure!(!lot["reason"].to_string().contains("C1"), "{lot}");
    let todo = run(&["todo", "--data", text(&bureau.data)?, "--json"])?.json()?;
    let all = todo.as_array().context("a list")?;
    let task = all.iter().find(|row| row["task"] == "terms").context("a task")?;
    ensure!(task["party"] == "secretariat" && task["orders"][0] == order.as_str(), "{task}");
    let shown = show(&bureau.data, &order)?;
    ensure!(fact(&shown, "status") == Some("changed"), "{shown}");
    let line = fact(&shown, "LOT-001").context("its line")?;
    ensure!(line.contains("EUR 900.00 -> EUR 1,008.00 a unit, EUR 10,080.00"), "{line}");
    let payers = fact(&shown, "could pay").context("who could pay")?;
    ensure!(payers == "LOT-001: C1 EUR 500.00; C2 EUR 580.00, once XX has agreed", "{payers}");
    ensure!(sent(&bureau)? == [order.clone()], "nothing is ordered twice");

    bureau.act(&["order", "accept", &order])?;
    bureau.until("LOT-001", "consent")?;
    bureau.act(&["consent", "refuse", "LOT-001", "--reason", "no"])?;
    let lot = bureau.until("LOT-001", "terms")?;
    ensure!(shares(&lot) == [share("C1", 900_000)], "{lot}");
    run(&["order", "accept", &order, "--yes", "--data", text(&bureau.data)?])?
        .failed(1, &["no donor can give the missing EUR 580.00"])?;
    bureau.act(&["commit", "C3", "--donor", "XX", "--amount", "EUR 1,000", "--evidence", "x"])?;
    bureau.act(&["order", "accept", &order, "--reason", "nobody else has them"])?;
    let lot = bureau.until("LOT-001", "delivery")?;
    ensure!(shares(&lot) == [share("C1", 950_000), share("C3", 58_000)], "{lot}");
    let told = message(&bureau, &format!("{order}-CHANGE-1"))?;
    ensure!(told["lines"][0]["line_amount"]["minor"] == 1_008_000, "{told}");
    ensure!(told["note"] == "nobody else has them", "{told}");
    let shown = show(&bureau.data, &order)?;
    ensure!(fact(&shown, "total") == Some("EUR 10,080.00"), "{shown}");
    bureau.act(&["receive", &order, "--all"])?;
    bureau.until("LOT-001", "payment")?;
    bureau.act(&["pay", &order])?;
    bureau.until("LOT-001", "delivered")?;
    bureau.end()
}

#[test]
fn a_donor_that_agreed_to_the_order_is_asked_again_for_what_it_costs_more() -> Result<()> {
    let money = "C1,AA,commitment,2025-01-01,50000.00,EUR,2098-12-31,each_line,invented\n";
    let files = [("contributions.csv", format!("{MONEY}{money}"))];
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, &**text)).collect();
    let lines = [line("F-1", "Laptop", "10,H87", "950.00")];
    let bureau = Bureau::open_with(OFFER, &lines, &files)?;
    bureau.until("LOT-001", "consent")?;
    bureau.act(&["consent", "give", "LOT-001"])?;
    let order = bureau.order_of("LOT-001")?;
    let order = order["id"].as_str().context("a number")?;
    bureau.act(&["order", "respond", order, "--price", "+12%"])?;
    bureau.until("LOT-001", "terms")?;
    bureau.act(&["order", "accept", order])?;
    bureau.until("LOT-001", "consent")?;
    bureau.act(&["consent", "give", "LOT-001"])?;
    let lot = bureau.until("LOT-001", "delivery")?;
    ensure!(shares(&lot) == [share("C1", 1_008_000)], "{lot}");
    bureau.end()
}

#[test]
fn terms_that_are_matched_again_or_rejected_end_with_a_message() -> Result<()> {
    let money = "C1,AA,commitment,2025-01-01,50000.00,EUR,2098-12-31,none,invented\n";
    let (bureau, order) = ordered(money, &[])?;
    bureau.act(&["order", "respond", &order, "--price", "+12%"])?;
    bureau.until("LOT-001", "terms")?;
    bureau.act(&["order", "rematch", &order])?;
    let told = message(&bureau, &format!("{order}-CANCEL-1"))?;
    ensure!(told["lines"][0] == "LOT-001" && told["order_reference"] == order.as_str(), "{told}");
    // The same supplier is asked again, at the price that it said, which is above the estimate.
    let order = format!("{}2", order.trim_end_matches('1'));
    bureau.until("LOT-001", "approval")?;
    bureau.act(&["order", "approve", &order])?;
    let again = bureau.order_of("LOT-001")?;
    ensure!(again["payable"]["minor"] == 1_008_000, "{again}");
    let next = again["id"].as_str().context("a number")?.to_owned();
    ensure!(next == order, "{again}");
    bureau.act(&["order", "respond", &next, "--price", "LOT-001=+20%"])?;
    bureau.until("LOT-001", "terms")?;
    bureau.act(&["order", "reject", &next, "--reason", "too dear"])?;
    message(&bureau, &format!("{next}-CANCEL-1"))?;
    // Rejected is rejected: nothing is bought from it at that price.
    let lot = bureau.until("LOT-001", "offer")?;
    ensure!(shares(&lot).is_empty(), "{lot}");
    // A folder that says otherwise than the supplier is decided on.
    let offer = OFFER.replace("900.00", "890.00");
    bureau.offers(&offer).expect_err("both have changed it");
    let (dir, data) = (text(&bureau.dir)?, text(&bureau.data)?);
    run(&["import", dir, "--theirs", "O-1", "--data", data])?.ok()?;
    let third = bureau.order_of("LOT-001")?;
    ensure!(third["payable"]["minor"] == 890_000, "{third}");
    bureau.end()
}

#[test]
fn a_price_in_another_currency_is_not_accepted_and_what_was_accepted_stands() -> Result<()> {
    let money = "C1,AA,commitment,2025-01-01,50000.00,EUR,2098-12-31,none,invented\n";
    let rates = [("rates.csv", "Date,USD\n2025-01-02,1.1000\n")];
    let (bureau, order) = ordered(money, &rates)?;
    let answer = |number: &str, price: &Value| {
        let line = serde_json::json!({"lot": "LOT-001", "answer": "changed", "unit_price": price});
        let document = serde_json::json!({"sender": "SUP", "number": number,
            "type": "order_response", "order": order, "lines": [line]});
        fs::write(bureau.data.join("inbox/writing"), document.to_string())?;
        let name = bureau.data.join(format!("inbox/{number}.json"));
        anyhow::Ok(fs::rename(bureau.data.join("inbox/writing"), name)?)
    };
    answer("A-1", &serde_json::json!({"minor": 95_000, "currency": "USD"}))?;
    bureau.until("LOT-001", "terms")?;
    run(&["order", "accept", &order, "--yes", "--data", text(&bureau.data)?])?
        .failed(1, &["USD 950.00", "order in EUR"])?;
    // It thinks better of it.
    answer("A-2", &serde_json::json!({"minor": 90_000, "currency": "EUR"}))?;
    bureau.until("LOT-001", "delivery")?;
    // And asks for more once more, for what it has accepted.
    answer("A-3", &serde_json::json!({"minor": 99_000, "currency": "EUR"}))?;
    bureau.until("LOT-001", "terms")?;
    bureau.act(&["order", "reject", &order, "--reason", "as agreed"])?;
    let lot = bureau.until("LOT-001", "delivery")?;
    ensure!(shares(&lot) == [share("C1", 900_000)], "{lot}");
    let told = message(&bureau, &format!("{order}-CHANGE-1"))?;
    ensure!(told["lines"][0]["price"]["minor"] == 90_000, "{told}");
    ensure!(sent(&bureau)?.len() == 2, "one order, one message: {:?}", sent(&bureau)?);
    bureau.end()
}

#[test]
fn instalments_debit_what_the_whole_would() -> Result<()> {
    let money = "id,donors,firmness,stated,amount,currency,obligate_by,consent,source\n\
        C2,AA,commitment,2025-01-01,747.05,DKK,2099-12-31,none,invented\n";
    let files = [("contributions.csv", money), ("rates.csv", "Date,DKK\n2025-01-02,7.4705\n")];
    let offer = "O-1,SUP,Laptop,H87,100.00,EUR,1,1,5,2025-01-01,,BUY,,,,\n";
    let bureau = Bureau::open_with(offer, &[line("A-1", "Laptop", "1,H87", "100.00")], &files)?;
    let order = bureau.order_of("LOT-001")?;
    let order = order["id"].as_str().context("a number")?;
    bureau.act(&["order", "respond", order])?;
    bureau.until("LOT-001", "delivery")?;
    bureau.act(&["receive", order, "--all"])?;
    bureau.until("LOT-001", "payment")?;
    for (amount, so_far) in [("33.33", 24_900), ("33.31", 49_784), ("33.36", 74_705)] {
        bureau.act(&["pay", order, &format!("LOT-001={amount}")])?;
        let lot = lots(&bureau.data)?.pop().context("the lot")?;
        let shares = lot["funding"].as_array().context("shares")?;
        let paid = shares.iter().find(|share| share["state"] == "disbursed").context("paid")?;
        ensure!(paid["amount"]["minor"] == so_far, "{amount}: {lot}");
        let all: i64 = shares.iter().filter_map(|s| s["amount"]["minor"].as_i64()).sum();
        ensure!(all == 74_705, "{amount}: {lot}");
    }
    bureau.until("LOT-001", "delivered")?;
    ensure!(show(&bureau.data, &format!("overrun:{order}")).is_err(), "nothing is overrun");
    bureau.end()
}

#[test]
fn check_names_instalments_that_an_earlier_version_rounded_up_one_by_one() -> Result<()> {
    let violations = crate::every_store::requesters::found("part_rounding.jsonl.gz")?;
    let told = ["C2", "DKK 747.07", "DKK 747.05"];
    crate::every_store::requesters::names(&violations, "I12", "LOT-001", &told)?;
    ensure!(violations.len() == 1, "{violations:?}");
    Ok(())
}

#[test]
fn what_is_told_of_an_order_stays_the_same_when_its_price_changes() -> Result<()> {
    let money = "C1,AA,commitment,2025-01-01,70000.00,EUR,2098-12-31,none,invented\n";
    let (bureau, order) = ordered(money, &[])?;
    let told = || -> Result<Vec<String>> {
        let asked = ["events", "--json", "--after", "0", "--kinds", "order"];
        let said = run(&[&asked[..], &["--data", text(&bureau.data)?]].concat())?.ok()?.out;
        Ok(said.lines().map(str::to_owned).collect())
    };
    let before = eventually("it was sent", SOON, || {
        let events = told()?;
        let is_sent = events.iter().any(|event| event.contains("order.sent"));
        Ok(is_sent.then_some(events))
    })?;
    bureau.act(&["order", "respond", &order, "--price", "+1%"])?;
    let lot = bureau.until("LOT-001", "delivery")?;
    ensure!(lot["funding"][0]["amount"]["minor"] == 909_000, "{lot}");
    let after = eventually("the new price was told", SOON, || {
        let events = told()?;
        Ok((events.len() > before.len()).then_some(events))
    })?;
    ensure!(after[..before.len()] == before[..], "{before:#?}\n{after:#?}");
    bureau.end()
}
