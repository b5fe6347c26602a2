//! Suppliers that refuse.

use std::fs;

use anyhow::{Result, ensure};

use crate::secretariat::{Secretariat, response};
use crate::support::{SOON, eventually, is_clean, lots, run, text};

#[test]
fn a_supplier_that_refuses_is_not_asked_for_ever_and_a_new_offer_brings_the_lot_on() -> Result<()> {
    let secretariat = Secretariat::open(10)?;
    let mut known = Vec::new();
    for number in ["R-1", "R-2", "R-3"] {
        let orders: Vec<&str> = known.iter().map(String::as_str).collect();
        let (order, _) = secretariat.order(&orders)?;
        secretariat.until("LOT-001", "response")?;
        let mut refusal = response(number, &order, "LOT-001");
        refusal["lines"][0]["answer"] = "refused".into();
        refusal["lines"][0]["text"] = "not in stock".into();
        secretariat.send(&format!("{number}.json"), &refusal)?;
        known.push(order);
    }
    eventually("the lot says that nobody is left", SOON, || {
        let lots = lots(&secretariat.data)?;
        let lot = &lots[0];
        let reason = lot["reason"].as_str().unwrap_or_default();
        let says = lot["code"] == "offers_refused" && reason.contains("SUP: not in stock");
        Ok(says.then_some(()))
    })?;

    let offers = secretariat.folder.path().join("coalition/offers.csv");
    let new = fs::read_to_string(&offers)?.replace("O-1,", "O-2,");
    fs::write(&offers, new)?;
    let coalition = secretariat.folder.path().join("coalition");
    run(&["import", text(&coalition)?, "--data", text(&secretariat.data)?])?.ok()?;
    let orders: Vec<&str> = known.iter().map(String::as_str).collect();
    let (order, _) = secretariat.order(&orders)?;
    secretariat.until("LOT-001", "response")?;
    secretariat.send("accepted.json", &response("R-4", &order, "LOT-001"))?;
    secretariat.until("LOT-001", "delivery")?;
    ensure!(fs::read_dir(secretariat.data.join("outbox"))?.count() == 4, "an order too many");
    secretariat.service.stop()?;
    is_clean(&secretariat.data)?;
    Ok(())
}
