//! The example shows what a coalition meets.

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::support::{self, Copy, example_copy, example_run, kinds, show};

/// The example's data and lots.
fn lots() -> Result<(Copy, Vec<Value>)> {
    let copy = example_copy()?;
    let lots = support::lots(&copy.data)?;
    Ok((copy, lots))
}

/// The first lot to which `kind` happened, as `show` shows it.
fn with_event(kind: &str) -> Result<Value> {
    let (copy, lots) = lots()?;
    for lot in &lots {
        let shown = show(&copy.data, &support::id(lot)?)?;
        if kinds(&shown).contains(&kind) {
            return Ok(shown);
        }
    }
    anyhow::bail!("`{kind}` happened to no lot");
}

#[test]
fn lots_are_delivered_unfunded_declined_and_merged() -> Result<()> {
    let ends = &example_run()?.report["lots"];
    for end in ["delivered", "unfunded", "declined", "merged"] {
        ensure!(ends[end].as_u64().is_some_and(|lots| lots > 0), "{end}: {ends}");
    }
    Ok(())
}

#[test]
fn some_lot_is_paid_by_several_donors() -> Result<()> {
    let (copy, lots) = lots()?;
    let shares = |lot: &Value| lot["funding"].as_array().map_or(0, Vec::len);
    let lot = lots.iter().find(|lot| shares(lot) >= 2).context("no lot is co-financed")?;
    let shown = show(&copy.data, &support::id(lot)?)?;
    let facts = shown["facts"].as_array().context("facts")?;
    ensure!(facts.iter().filter(|fact| fact[0] == "funding").count() >= 2, "{shown}");
    Ok(())
}

#[test]
fn some_line_is_carried_in_parts() -> Result<()> {
    let (_, lots) = lots()?;
    let is_part = |lot: &Value| support::id(lot).is_ok_and(|id| id.contains('.'));
    ensure!(lots.iter().any(is_part), "no lot is a part");
    Ok(())
}

#[test]
fn some_lot_is_given_in_kind() -> Result<()> {
    let (copy, lots) = lots()?;
    let lot = lots.iter().find(|lot| lot["in_kind"].is_string()).context("nothing in kind")?;
    let order = lot["order"].as_str().context("no order")?;
    ensure!(order.starts_with("IK-"), "{order}");
    ensure!(lot["funding"].as_array().is_none_or(Vec::is_empty), "in kind, and paid: {lot}");
    let shown = show(&copy.data, order)?;
    ensure!(shown["id"] == order, "{shown}");
    let facts = shown["facts"].as_array().context("facts")?;
    let says =
        |name: &str, value: &str| facts.iter().any(|fact| fact[0] == name && fact[1] == value);
    ensure!(says("in kind", lot["in_kind"].as_str().unwrap_or_default()), "{shown}");
    let id = support::id(lot)?;
    ensure!(facts.iter().any(|fact| fact[0] == id.as_str()), "{id} is no line of it: {shown}");
    ensure!(!facts.iter().any(|fact| fact[0] == "total"), "in kind, with a price: {shown}");
    Ok(())
}

#[test]
fn licences_are_activated_and_lines_amended() -> Result<()> {
    with_event("lot.activated")?;
    with_event("lot.amended")?;
    Ok(())
}

#[test]
fn donors_are_asked_where_they_want_it() -> Result<()> {
    let shown = with_event("lot.consent_asked")?;
    let after: Vec<&str> =
        kinds(&shown).into_iter().skip_while(|kind| *kind != "lot.consent_asked").collect();
    ensure!(after.contains(&"lot.matched"), "{shown}");
    Ok(())
}

#[test]
fn deliveries_are_late_and_chased() -> Result<()> {
    let report = &example_run()?.report;
    ensure!(report["late"].as_array().is_some_and(|late| !late.is_empty()));
    with_event("lot.delivery_chased").map(drop)
}

#[test]
fn a_payment_above_what_was_bound_is_an_incident() -> Result<()> {
    let report = &example_run()?.report;
    let incidents = report["incidents"].as_array().context("incidents")?;
    let is_overrun =
        |incident: &Value| incident.as_str().is_some_and(|id| id.starts_with("overrun:"));
    let mut incidents: Vec<&str> =
        incidents.iter().filter(|id| is_overrun(id)).filter_map(Value::as_str).collect();
    ensure!(!incidents.is_empty(), "no overrun");
    let (copy, lots) = lots()?;
    let over: Vec<&Value> = lots.iter().filter(|lot| lot["code"] == "overrun").collect();
    ensure!(!over.is_empty(), "no lot says so");
    // One for each order, which names each of its lots that cost more.
    for lot in &over {
        let order = lot["order"].as_str().context("no order")?;
        let shown = show(&copy.data, &format!("overrun:{order}"))?;
        let facts = shown["facts"].to_string();
        ensure!(facts.contains(&format!("more was paid under {order} than was bound")), "{shown}");
        ensure!(facts.contains(&format!("{}: ", support::id(lot)?)), "{lot} is missing: {shown}");
    }
    let mut orders: Vec<String> =
        over.iter().filter_map(|lot| Some(format!("overrun:{}", lot["order"].as_str()?))).collect();
    orders.sort_unstable();
    orders.dedup();
    incidents.sort_unstable();
    ensure!(incidents == orders, "{incidents:?} for {orders:?}");
    Ok(())
}

#[test]
fn each_unfunded_lot_says_why() -> Result<()> {
    let report = &example_run()?.report;
    let unfunded = report["unfunded"].as_array().context("unfunded")?;
    ensure!(!unfunded.is_empty());
    for lot in unfunded {
        ensure!(lot["reason"].as_str().is_some_and(|why| why.contains("missing")), "{lot}");
    }
    Ok(())
}

#[test]
fn the_json_of_lots_names_lots_as_show_takes_them() -> Result<()> {
    let (copy, lots) = lots()?;
    let first = lots.first().context("no lots")?;
    let id = first["id"].as_str().with_context(|| format!("the id is {}", first["id"]))?;
    show(&copy.data, id)?;
    Ok(())
}

#[test]
fn lots_can_be_paged() -> Result<()> {
    let (copy, all) = lots()?;
    let mut ids = Vec::new();
    let mut after = String::new();
    loop {
        let mut arguments =
            vec!["lots", "--data", support::text(&copy.data)?, "--json", "--limit", "17"];
        if !after.is_empty() {
            arguments.extend(["--after", &after]);
        }
        let page = support::run(&arguments)?.json()?;
        let page = page.as_array().context("no list")?;
        let Some(last) = page.last() else { break };
        after = support::id(last)?;
        ids.extend(page.iter().map(|lot| lot["id"].clone()));
    }
    let expected: Vec<Value> = all.iter().map(|lot| lot["id"].clone()).collect();
    ensure!(ids == expected, "pages miss or repeat lots");
    Ok(())
}

#[test]
fn the_report_tells_what_happened_to_orders_on_the_way() -> Result<()> {
    let happened = example_run()?.report["happened"].clone();
    let happened = happened.as_array().context("what happened")?;
    for (what, part) in [
        ("price_accepted", "agreed, and the secretariat accepted"),
        ("price_declined", "was matched again"),
        ("advance", "was paid before it came"),
        ("refund", "after it was paid"),
        ("surplus", "keeps it, and nothing is paid for it"),
        ("framework", "EUR 832,500.00 of EUR 840,000.00 were called off at most"),
        ("framework", "EUR 420,000.00 came back by changes and cancellations"),
        ("gift", "LV gave 500 piece in 50 box of 10 each"),
    ] {
        let is_it = |one: &&Value| {
            one["what"] == what && one["text"].as_str().is_some_and(|text| text.contains(part))
        };
        ensure!(happened.iter().any(|one| is_it(&one)), "{what}: {part}: {happened:?}");
    }
    Ok(())
}
