//! Framework contracts: one ceiling in one currency, called off by orders and given back.

use anyhow::{Context, Result, ensure};

use crate::every_store::binding::{Case, LINES, OFFERS, until};
use crate::secretariat::fact;
use crate::support::{SOON, eventually, is_clean, run, show, text};

const MONEY: &str = "C1,D1,commitment,2025-01-01,1000000.00,EUR,2098-12-31,none,invented\n";

fn laptops(id: &str, quantity: u32) -> String {
    format!(
        "{id},MIN,Laptop,goods,30213100-6,{quantity},H87,950.00,EUR,1,1,2025-01-20,2098-03-31,SITE-1\n"
    )
}

fn balance(case: &Case, number: &str, expected: [(&str, &str); 2]) -> Result<()> {
    let mut last = None;
    let reached = eventually("the balance is so", SOON, || {
        let shown = show(&case.data, number)?;
        let is_so = expected.iter().all(|(name, value)| fact(&shown, name) == Some(*value));
        last = Some(shown);
        Ok(is_so.then_some(()))
    });
    reached.with_context(|| format!("{last:?}"))
}

#[test]
fn what_is_cancelled_is_given_back_and_ordered_again() -> Result<()> {
    let case = Case::serve(2)?;
    case.money(MONEY)?;
    case.write("offers.csv", &format!(
        "{OFFERS}O1,S1,Laptop,H87,900.00,EUR,1,1,5,2025-01-01,2099-12-31,AG,FW-1,2099-12-31,10000.00\n"
    ))?;
    let service = case.served()?;
    case.until("response")?;
    balance(&case, "FW-1", [("called off", "EUR 9,000.00"), ("left", "EUR 1,000.00")])?;
    // What does not fit waits for an offer, and is ordered when there is room again.
    case.write("more.csv", &format!("{LINES}{}", laptops("L-2", 2)))?;
    case.act(&["import", text(&case.dir.join("more.csv"))?])?;
    let waits = until(&case.data, "LOT-002", "offer")?;
    ensure!(waits["reason"].as_str().is_some_and(|why| why.contains("FW-1")), "{waits}");
    case.act(&["order", "cancel", "PO-S1-AG-EUR-0001", "--yes"])?;
    case.until("response")?;
    balance(&case, "FW-1", [("called off", "EUR 9,000.00"), ("left", "EUR 1,000.00")])?;
    service.stop()?;
    is_clean(&case.data)?;
    Ok(())
}

#[test]
fn one_ceiling_counts_orders_in_every_currency() -> Result<()> {
    let case = Case::serve(0)?;
    case.money(MONEY)?;
    case.write("rates.csv", "Date,JPY\n2025-01-02,170.10\n")?;
    let both = |yen: &str, currency: &str| {
        format!(
            "{},framework_currency\n\
             O1,S1,Laptop,H87,150000,JPY,1,1,5,2025-01-01,2099-12-31,AG,FW-1,2099-12-31,{yen},{currency}\n\
             O2,S1,Router,H87,240.00,EUR,1,1,5,2025-01-01,2099-12-31,AG,FW-1,2099-12-31,100000.00,\n",
            OFFERS.trim_end()
        )
    };
    case.write("lines.csv", &format!("{LINES}{}", laptops("L-1", 100).replace("950", "900")))?;
    case.write("offers.csv", &both("20000000", ""))?;
    let folder = text(&case.dir)?;
    let refused = run(&["import", folder, "--data", text(&case.data)?])?;
    refused.failed(1, &["FW-1", "JPY 20,000,000", "EUR 100,000.00", "framework_currency"])?;
    case.write("offers.csv", &both("100000.00", "EUR"))?;
    let service = case.served()?;
    case.until("response")?;
    balance(&case, "FW-1", [("called off", "EUR 88,183.43"), ("left", "EUR 11,816.57")])?;
    let router = laptops("L-2", 10).replace("Laptop", "Router").replace("30213100-6", "32413100-2");
    case.write("second.csv", &format!("{LINES}{}", router.replace("950", "250")))?;
    case.act(&["import", text(&case.dir.join("second.csv"))?])?;
    until(&case.data, "LOT-002", "response")?;
    balance(&case, "FW-1", [("called off", "EUR 90,583.43"), ("left", "EUR 9,416.57")])?;
    service.stop()?;
    is_clean(&case.data)?;
    Ok(())
}

#[test]
fn rows_that_contradict_each_other_are_refused() -> Result<()> {
    let case = Case::serve(0)?;
    case.money(MONEY)?;
    case.write("offers.csv", &format!(
        "{OFFERS}O1,S1,Laptop,H87,900.00,EUR,1,1,5,2025-01-01,2099-12-31,AG,FW-1,2099-12-31,10000.00\n\
         O2,S2,Router,H87,240.00,EUR,1,1,5,2025-01-01,2099-12-31,AG,FW-1,2099-12-31,500.00\n"
    ))?;
    let refused = run(&["import", text(&case.dir)?, "--data", text(&case.data)?])?;
    refused.failed(1, &["FW-1", "10,000.00", "500.00", "framework_ceiling"])?;
    Ok(())
}
