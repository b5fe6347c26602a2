//! Values that no file would be taken with, at every other door, on every store: each is refused in words, none is kept,
//! and nothing fails inside.

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use crate::api::surface::{Surface, row};
use crate::support::is_clean;

/// Texts that would not be seen for what they are, or that a store cannot keep.
const TEXTS: [&str; 8] = [
    "a\0b",
    "a\x1b[31mb",
    "a\u{9b}b",
    "a\u{202e}b",
    "a\u{200b}b",
    "D\u{41e}NOR-1",
    "AA-1 ",
    "a\nb",
];

fn contribution(id: &str) -> Value {
    json!({"id": id, "donors": ["AA"], "firmness": "commitment", "stated": "2025-01-01",
           "amount": {"minor": 100_000, "currency": "EUR"}, "source": "invented"})
}

/// `of`, with what `path` names changed to `value`.
fn with(mut of: Value, path: &str, value: Value) -> Value {
    if let Some(place) = of.pointer_mut(path) {
        *place = value;
    } else if let Some((parent, key)) = path.rsplit_once('/')
        && let Some(parent) = of.pointer_mut(parent)
    {
        parent[key] = value;
    }
    of
}

/// It must be refused, in words.
fn refused(surface: &Surface, token: &str, method: &str, path: &str, body: &Value) -> Result<()> {
    let answer = surface.write(token, method, path, body)?;
    let is_refused = [400, 403, 404, 409, 413, 422].contains(&answer.status);
    ensure!(is_refused, "{method} {path} {body}: {} {}", answer.status, answer.text);
    ensure!(answer.json()?["detail"].as_str().is_some_and(|said| said.len() > 5), "{answer:?}");
    Ok(())
}

#[test]
fn what_files_are_refused_for_is_refused_everywhere() -> Result<()> {
    let surface = Surface::open(1)?;
    surface.until("LOT-001", "response")?;
    let (donor, operator) = (surface.token("donor", "AA")?, surface.token("operator", "")?);
    let (requester, admin) = (surface.token("requester", "REQ")?, surface.token("admin", "")?);
    let supplier = surface.token("supplier", "SUP")?;
    let before = surface.get(&donor, "/v1/contributions")?.is(200)?.text;
    let events = is_clean(&surface.secretariat.data)?;

    // A contribution.
    for id in TEXTS {
        let path = format!("/v1/contributions/{}", percent(id));
        refused(&surface, &donor, "PUT", &path, &contribution(id))?;
    }
    let long = "x".repeat(501);
    for (path, value) in [
        ("/amount/minor", json!(i64::MAX)),
        ("/amount/minor", json!(1_000_000_000_000_000_i64)),
        ("/amount/minor", json!(0)),
        ("/amount/minor", json!(-5)),
        ("/stated", json!("+262142-12-31")),
        ("/stated", json!("0000-01-01")),
        ("/obligate_by", json!("-262143-01-01")),
        ("/obligate_by", json!("2024-12-31")),
        ("/pay_by", json!("2101-01-01")),
        ("/source", json!("a\0b")),
        ("/donors", json!([])),
        ("/consent", json!({"above": -1})),
        ("/tranches", json!([{"opens": "2025-01-01", "minor": 100_001}])),
        ("/in_kind", json!([{"item": "Laptop", "quantity": i64::MAX, "lead_days": 1}])),
        ("/in_kind", json!([{"item": "Laptop", "quantity": -1000, "lead_days": 1}])),
        ("/in_kind", json!([{"item": "Laptop", "quantity": 1500, "unit": "H87", "lead_days": 1}])),
        ("/in_kind", json!([{"item": "Laptop", "quantity": 1000, "lead_days": u32::MAX}])),
        ("/in_kind", json!([{"item": long, "quantity": 1000, "lead_days": 1}])),
    ] {
        let given = with(contribution("AA-9"), path, value);
        refused(&surface, &donor, "PUT", "/v1/contributions/AA-9", &given)?;
    }

    // Lines, as rows and typed, and a consignee of somebody else.
    for (field, value) in [
        ("external_id", json!("x".repeat(201))),
        ("external_id", json!("a\0b")),
        ("external_id", json!("a\u{202e}b")),
        ("item", json!("x".repeat(501))),
        ("description", json!("x".repeat(10_001))),
        ("description", json!("a\u{1b}[2Jb")),
        ("quantity", json!("-5")),
        ("quantity", json!("0")),
        ("quantity", json!("1000000000000")),
        ("unit_estimate", json!("99999999999999.00")),
        ("requested", json!("0025-03-01")),
        ("requested", json!("2101-01-01")),
        ("class", json!("0")),
        ("rank", json!("-1")),
        ("smallest_lot", json!("-1")),
        ("consignee", json!("C3")),
    ] {
        let line = with(row("X-1", "REQ", 1), &format!("/{field}"), value);
        refused(&surface, &requester, "POST", "/v1/requisitions", &json!([line]))?;
    }
    let typed = json!({
        "external_id": "X-2", "requester": "REQ", "item": "Laptop", "kind": "goods",
        "classification": "30213100-6", "scheme": "CPV", "quantity": 1000, "unit": "H87",
        "unit_estimate": {"minor": 10_000, "currency": "EUR"}, "priority": {"class": 1, "rank": 1},
        "requested": "2025-01-02", "consignee": "C1",
    });
    for (path, value) in [
        ("/quantity", json!(-5000)),
        ("/quantity", json!(0)),
        ("/quantity", json!(1500)),
        ("/quantity", json!(i64::MAX)),
        ("/smallest_lot", json!(-1000)),
        ("/smallest_lot", json!(2000)),
        ("/external_id", json!("")),
        ("/external_id", json!("a\0b")),
        ("/item", json!("a\u{200b}b")),
        ("/unit_estimate/minor", json!(0)),
        ("/unit_estimate/minor", json!(-1)),
        ("/priority/class", json!(0)),
        ("/priority/rank", json!(0)),
        ("/requested", json!("1066-10-14")),
        ("/needed_by", json!("2024-01-01")),
        ("/tolerance_per_mille", json!(1001)),
    ] {
        let lines = json!([{"row": 2, "line": with(typed.clone(), path, value)}]);
        let body = json!({"file": "x.csv", "lines": lines});
        refused(&surface, &operator, "POST", "/v1/imports", &body)?;
    }

    // Documents, acts, webhooks, accounts.
    let order = surface.until("LOT-001", "response")?["order"].clone();
    let refusal = json!({"number": "R-1", "type": "order_response", "order": order,
                         "lines": [{"lot": "LOT-001", "answer": "refused", "text": "no"}]});
    for (path, value) in [
        ("/number", json!("a\0b")),
        ("/number", json!("a\u{1b}]0;x\u{7}b")),
        ("/number", json!("x".repeat(201))),
        ("/lines/0/text", json!("a\0b")),
        ("/lines/0/text", json!("x".repeat(10_001))),
        ("/remark", json!("\u{2066}a")),
    ] {
        let document = with(refusal.clone(), path, value);
        refused(&surface, &supplier, "POST", "/v1/documents", &document)?;
    }
    let hold = json!({"on": ["LOT-001"], "act": "hold", "reason": "a\u{1b}[31mb"});
    refused(&surface, &operator, "POST", "/v1/commands", &hold)?;
    for name in ["a\0b", "a\u{1b}[2Jb", "a\nb", &long] {
        let hook = json!({"url": "https://example.org/", "name": name});
        refused(&surface, &operator, "POST", "/v1/webhooks", &hook)?;
        let account = json!({"name": name, "role": "observer"});
        refused(&surface, &admin, "POST", "/v1/tokens", &account)?;
    }
    let hook = json!({"url": "https://1.1.1.1/\r\nX: y"});
    refused(&surface, &operator, "POST", "/v1/webhooks", &hook)?;

    // Paths, queries, cursors.
    for path in [
        "/v1/lines/%00",
        "/v1/orders/%00",
        "/v1/lots/%00",
        "/v1/webhooks/%00",
        "/v1/contributions/%00",
        "/v1/show/%00",
        "/v1/show/A%1B%5B2J",
        "/v1/reports/requester/%00",
        "/v1/reports/donor/%00",
        "/v1/events?subject=%00",
        "/v1/lots?state=%00",
        "/v1/lots?requester=%00",
        "/v1/orders?supplier=%00",
        "/v1/orders?cursor=b3JkZXJzOgA",
        "/v1/lines?cursor=bGluZXM6AA",
        "/v1/lots?cursor=bG90czoA",
        "/v1/reports/weekly?on=-262143-01-01",
        "/v1/reports/weekly?on=%2B262142-12-31",
        "/v1/reports/steering?on=9999-12-31",
        "/v1/money?on=-1-01-01",
    ] {
        let answer = surface.get(&operator, path)?;
        ensure!([400, 404, 422].contains(&answer.status), "{path}: {answer:?}");
    }
    ensure!(is_clean(&surface.secretariat.data)? == events, "something was kept");
    ensure!(surface.get(&donor, "/v1/contributions")?.is(200)?.text == before);
    Ok(())
}

fn percent(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

#[test]
fn what_a_folder_is_refused_for_is_refused_of_one_that_was_read_already() -> Result<()> {
    let surface = Surface::open(1)?;
    let operator = surface.token("operator", "")?;
    let folder = surface.secretariat.folder.path().join("coalition");
    let files = serde_json::to_value(waybill_shared::import::read_coalition(&folder)?)?;
    let whole = json!({"files": files, "requisitions": [], "how": {}});
    surface.post(&operator, "/v1/coalition", &whole)?.is(200)?;
    let events = is_clean(&surface.secretariat.data)?;
    let mut changes = Vec::new();
    for list in ["parties", "groups", "contributions", "offers"] {
        for id in [
            "a\0b",
            "a\u{1b}[31mb",
            "a\u{202e}b",
            "a\u{200b}b",
            "AA-1 ",
            "a\nb",
            "",
            "LOT-001",
            "PO-1",
        ] {
            changes.push((format!("/files/{list}/0/id"), json!(id)));
        }
        changes.push((format!("/files/{list}/0/id"), json!("x".repeat(501))));
    }
    let long = "x".repeat(10_001);
    changes.extend(
        [
            ("/files/parties/0/id", json!("x".repeat(201))),
            ("/files/parties/0/name", json!("")),
            ("/files/parties/0/name", json!("a\u{200b}b")),
            ("/files/parties/0/roles/0/from", json!("1066-10-14")),
            ("/files/parties/0/roles/0/to", json!("2000-01-01")),
            ("/files/groups/0/review_days", json!(u32::MAX)),
            ("/files/groups/0/review_from", json!({"minor": -1, "currency": "EUR"})),
            ("/files/contributions/0/amount/minor", json!(i64::MAX)),
            ("/files/contributions/0/amount/minor", json!(0)),
            ("/files/contributions/0/obligate_by", json!("2101-01-01")),
            ("/files/contributions/0/source", json!(long)),
            ("/files/offers/0/unit_price/minor", json!(-1)),
            ("/files/offers/0/lead_days", json!(u32::MAX)),
            ("/files/offers/0/minimum", json!(-1000)),
            ("/files/consignees/0/code", json!("a\u{200b}b")),
            ("/files/consignees/0/code", json!("")),
            ("/files/consignees/0/address", json!("a\0b")),
            ("/files/codes/0/code", json!("")),
            ("/files/codes/0/scheme", json!("a\tb")),
            ("/files/settings/name", json!("a\u{1b}]0;x\u{7}b")),
        ]
        .map(|(path, value)| (path.to_owned(), value)),
    );
    for (path, value) in changes {
        let body = with(whole.clone(), &path, value.clone());
        ensure!(body != whole, "{path} is not there");
        refused(&surface, &operator, "POST", "/v1/coalition", &body)?;
    }
    ensure!(is_clean(&surface.secretariat.data)? == events, "something was kept");
    Ok(())
}
