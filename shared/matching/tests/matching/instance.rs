//! The matcher alone, by its JSON contract.

use serde_json::{Value, json};
use waybill_matching::Instance;

fn matched(instance: &Value) -> Value {
    let instance: Instance = serde_json::from_value(instance.clone()).expect("an instance");
    serde_json::to_value(instance.solve().expect("solved")).expect("JSON")
}

fn refused(instance: &Value) -> String {
    let instance: Instance = serde_json::from_value(instance.clone()).expect("an instance");
    instance.solve().expect_err("refused").to_string()
}

fn envelope(id: &str, donor: &str, amount: i64, currency: &str, expires: &str) -> Value {
    json!({"id": id, "donor": donor, "amount": amount, "currency": currency, "expires": expires})
}

fn lot(id: &str, rank: i64, cost: i64, eligible: &[&str]) -> Value {
    json!({
        "id": id, "class": 1, "rank": rank, "cost": cost, "currency": "EUR",
        "eligible": eligible, "divisible": false,
    })
}

fn instance() -> Value {
    json!({
        "envelopes": [
            envelope("LU-1", "LU", 100_000, "EUR", "2026-12-31"),
            envelope("DK-1", "DK", 74_605, "DKK", "2026-06-30"),
        ],
        "lots": [
            lot("L3", 3, 60_000, &["LU-1", "DK-1"]),
            lot("L1", 1, 50_000, &["LU-1", "DK-1"]),
            lot("L2", 2, 55_000, &["LU-1"]),
            lot("L4", 4, 1_000, &[]),
        ],
        "rates": {"DKK": "7.4605"},
        "policy": {"max_donors": null, "when_unaffordable": "fill_down"},
    })
}

#[test]
fn lots_are_funded_by_priority_and_the_rest_says_what_is_missing() {
    insta::assert_json_snapshot!(matched(&instance()));
}

#[test]
fn the_order_of_envelopes_changes_nothing() {
    let mut other = instance();
    other["envelopes"].as_array_mut().expect("a list").reverse();
    other["lots"].as_array_mut().expect("a list").reverse();
    assert_eq!(matched(&instance()), matched(&other));
}

#[test]
fn money_is_held_for_a_lot_that_cannot_be_paid_yet() {
    let mut instance = json!({
        "envelopes": [envelope("LU-1", "LU", 100, "EUR", "2026-12-31")],
        "lots": [lot("L1", 1, 150, &["LU-1"]), lot("L2", 2, 60, &["LU-1"])],
    });
    assert_eq!(matched(&instance)["funded"][0]["lot"], "L2");
    instance["policy"] = json!({"when_unaffordable": "hold"});
    let held = matched(&instance);
    assert_eq!(held["funded"], json!([]));
    assert_eq!(held["unfunded"][0]["missing"]["amount"], 50);
    assert_eq!(held["unfunded"][1]["missing"]["amount"], 60);
}

#[test]
fn what_is_wrong_is_named() {
    let mut errors = Vec::new();
    let mut with = |change: fn(&mut Value)| {
        let mut wrong = instance();
        change(&mut wrong);
        errors.push(refused(&wrong));
    };
    with(|i| i["lots"][0]["eligible"] = json!(["LU-2"]));
    with(|i| i["lots"][0]["id"] = json!("L1"));
    with(|i| i["envelopes"][0]["id"] = json!("DK-1"));
    with(|i| i["envelopes"][0]["amount"] = json!(-1));
    with(|i| i["lots"][0]["cost"] = json!(0));
    with(|i| i["rates"] = json!({}));
    with(|i| i["policy"]["max_donors"] = json!(0));
    with(|i| i["policy"] = json!({"max_donors": 1, "when_unaffordable": "hold"}));
    with(|i| {
        i["envelopes"][1] = envelope("GB-1", "GB", i64::MAX, "GBP", "2026-12-31");
        i["rates"] = json!({"GBP": "0.85"});
        i["lots"].as_array_mut().expect("a list").clear();
    });
    insta::assert_snapshot!(errors.join("\n"));
}
