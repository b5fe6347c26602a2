//! Prices below a minor unit, and what comes on top of goods: who gets it, and what the supplier is told.

use anyhow::{Context, Result, ensure};
use serde_json::json;

use crate::every_store::nearest_offers::{Bureau, line};
use crate::secretariat::fact;
use crate::support::{SOON, eventually, run, show, text};

const MONEY: &str = "id,donors,firmness,stated,amount,currency,obligate_by,consent,source\n\
    C1,AA,commitment,2025-01-01,50000.00,EUR,2098-12-31,none,invented\n";

#[test]
fn a_price_below_a_cent_is_kept_and_a_rise_of_it_is_paid() -> Result<()> {
    let offers = "O-2,SUP,Router,H87,0.07,EUR,1,1,5,2025-01-01,,BUY,,,,\n";
    let lines =
        [line("X-1", "Cable", "1000,H87", "0.125"), line("A-2", "Router", "10000,H87", "0.07")];
    let bureau = Bureau::open_with(offers, &lines, &[("contributions.csv", MONEY)])?;
    let asked = run(&["lines", "--data", text(&bureau.data)?, "--json"])?.json()?;
    let all = asked.as_array().context("lines")?;
    let cable = all.iter().find(|line| line["external_id"] == "X-1").context("cable")?;
    ensure!(
        cable["unit_estimate"] == json!({"minor": 125, "currency": "EUR", "per": 10}),
        "{cable}"
    );
    let csv = run(&["lines", "--data", text(&bureau.data)?, "--csv"])?.ok()?.out;
    ensure!(csv.contains(",0.1250,EUR"), "{csv}");
    let order = bureau.order_of("LOT-002")?;
    ensure!(order["payable"]["minor"] == 70_000, "{order}");
    let order = order["id"].as_str().context("a number")?.to_owned();
    bureau.act(&["order", "respond", &order, "--price", "+3%"])?;
    bureau.until("LOT-002", "delivery")?;
    let shown = show(&bureau.data, &order)?;
    ensure!(fact(&shown, "total") == Some("EUR 721.00"), "{shown}");
    let shown = show(&bureau.data, "O-2")?;
    ensure!(shown.to_string().contains("EUR 0.0721"), "{shown}");
    bureau.end()
}

#[test]
fn a_price_may_be_for_a_hundred() -> Result<()> {
    let offers = "id,supplier,item,unit,unit_price,price_per,currency,minimum,increment,lead_days,from,to,channel\n\
        O-1,SUP,Cable,H87,12.50,100,EUR,1,1,5,2025-01-01,,BUY\n\
        O-2,SUP,Router,H87,10.00,3,EUR,1,1,5,2025-01-01,,BUY\n";
    let lines = [line("A-1", "Cable", "7,H87", "0.13"), line("A-2", "Router", "7,H87", "3.40")];
    let bureau =
        Bureau::open_with("", &lines, &[("contributions.csv", MONEY), ("offers.csv", offers)])?;
    let number = bureau.until("LOT-001", "response")?["order"].clone();
    let path = bureau.data.join(format!("outbox/{}.json", number.as_str().context("an order")?));
    let bytes = eventually("the order is sent", SOON, || Ok(std::fs::read(&path).ok()))?;
    let order: serde_json::Value = serde_json::from_slice(&bytes)?;
    let told = &order["lines"];
    ensure!(told[0]["price"]["minor"] == 125 && told[0]["line_amount"]["minor"] == 88, "{order}");
    ensure!(told[0]["price_base"] == json!({"quantity": "10", "unit_code": "H87"}), "{order}");
    ensure!(
        told[1]["price"]["minor"] == 1000 && told[1]["line_amount"]["minor"] == 2333,
        "{order}"
    );
    ensure!(told[1]["price_base"]["quantity"] == "3", "{order}");
    let shown = show(&bureau.data, "O-2")?;
    ensure!(shown.to_string().contains("EUR 10.00 per 3"), "{shown}");
    bureau.end()
}

#[test]
fn a_price_of_more_than_six_decimals_or_for_nothing_is_refused() -> Result<()> {
    for (price, per, why) in
        [("0.0000001", "1", "6 decimals"), ("1.00", "0", "0"), ("1.00", "2000000", "2000000")]
    {
        let offers = format!(
            "id,supplier,item,unit,unit_price,price_per,currency,minimum,increment,lead_days,from,to,channel\n\
             O-1,SUP,Cable,H87,{price},{per},EUR,1,1,5,2025-01-01,,BUY\n"
        );
        let folder = tempfile::TempDir::new()?;
        let dir = crate::coalition::write(folder.path(), &[])?;
        std::fs::write(dir.join("offers.csv"), offers)?;
        let data = folder.path().join("data");
        run(&["import", text(&dir)?, "--data", text(&data)?])?.failed(1, &["offers.csv", why])?;
    }
    Ok(())
}

#[test]
fn what_others_than_the_supplier_get_is_not_asked_of_it() -> Result<()> {
    let offers = "O-1,SUP,Laptop,H87,333,JPY,1,1,5,2025-01-01,,BUY,,,,\n";
    let charges = "channel,kind,basis_points\nBUY,agent_fee,250\n,insurance,25\n";
    let rates = "Date,JPY\n2025-01-02,170.10\n";
    let files = [("contributions.csv", MONEY), ("charges.csv", charges), ("rates.csv", rates)];
    let line = line("K-1", "Laptop", "3,H87", "500").replace(",EUR,", ",JPY,");
    let bureau = Bureau::open_with(offers, &[line], &files)?;
    let order = bureau.order_of("LOT-001")?;
    ensure!(
        order["lines"][0]["line_amount"] == json!({"minor": 999, "currency": "JPY"}),
        "{order}"
    );
    ensure!(
        order["lines"][0]["charges"]
            == json!([{"kind": "insurance", "amount": {"minor": 2, "currency": "JPY"}}]),
        "{order}"
    );
    ensure!(order["payable"]["minor"] == 1_001, "{order}");
    ensure!(!order.to_string().contains("agent_fee"), "{order}");
    // What it costs the donors has all of it, each part with whom it is due to.
    let order = order["id"].as_str().context("a number")?;
    let shown = show(&bureau.data, order)?;
    ensure!(fact(&shown, "total") == Some("JPY 1,026"), "{shown}");
    let told = fact(&shown, "LOT-001").context("its line")?;
    ensure!(
        told.contains("JPY 1,026 with agent fee JPY 25 for BUY and insurance JPY 2 for SUP"),
        "{told}"
    );
    bureau.act(&["order", "respond", order, "--price", "+1%"])?;
    bureau.until("LOT-001", "delivery")?;
    let shown = show(&bureau.data, order)?;
    ensure!(fact(&shown, "total") == Some("JPY 1,037"), "{shown}");
    let told = fact(&shown, "LOT-001").context("its line")?;
    ensure!(told.contains("agent fee JPY 25 for BUY and insurance JPY 3 for SUP"), "{told}");
    bureau.end()
}

#[test]
fn a_total_names_what_it_leaves_out_for_want_of_a_rate() -> Result<()> {
    let money =
        format!("{MONEY}C4,XX,commitment,2025-01-01,5000000.00,UAH,2099-12-31,none,invented\n");
    let files = [("contributions.csv", money.as_str())];
    let bureau = Bureau::open_with("", &[line("A-1", "Laptop", "1,H87", "900.00")], &files)?;
    let data = text(&bureau.data)?;
    let said = run(&["money", "--data", data])?.ok()?.out;
    ensure!(said.contains("UAH 5,000,000.00"), "{said}");
    let told = said.lines().find(|line| line.contains("Not in these sums")).unwrap_or_default();
    ensure!(told.contains("UAH 5,000,000.00"), "the sum does not say so: {said}");
    let json = run(&["money", "--data", data, "--json"])?.json()?;
    ensure!(
        json["total"]["left_out"] == json!([{"minor": 500_000_000, "currency": "UAH"}]),
        "{json}"
    );
    bureau.end()
}
