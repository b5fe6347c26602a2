//! Which role may use which route, and what each then sees.

use std::fmt::Write as _;

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use waybill_api::{ROUTES, openapi};
use waybill_shared::domain::account::Role;

use super::surface::{Surface, row};
use crate::support::{SOON, eventually};

/// For whom an account of each role acts.
fn party(role: Role) -> &'static str {
    match role {
        Role::Admin | Role::Operator | Role::Auditor | Role::Observer => "",
        Role::Reviewer => "it",
        Role::Requester => "REQ",
        Role::Donor => "AA",
        Role::Supplier | Role::Carrier => "SUP",
        Role::BuyingAgent => "BUY",
        Role::Recipient => "C1",
    }
}

/// The table as people read it: every route and role is in it.
#[test]
fn the_table_of_routes_and_roles() -> Result<()> {
    let mut table = format!("{:<50}", "");
    for role in Role::ALL {
        write!(table, " {:<9}", &role.name()[..role.name().len().min(9)])?;
    }
    for (method, path, roles) in ROUTES {
        write!(table, "\n{:<50}", format!("{method} {path}"))?;
        for role in Role::ALL {
            write!(table, " {:<9}", if roles.contains(&role) { "yes" } else { "-" })?;
        }
    }
    let table: String = table.lines().map(|line| format!("{}\n", line.trim_end())).collect();
    insta::assert_snapshot!(table);
    Ok(())
}

#[test]
fn every_described_route_is_in_the_table() -> Result<()> {
    let described = serde_json::to_value(openapi())?;
    let mut count = 0;
    for (path, item) in described["paths"].as_object().into_iter().flatten() {
        for method in item.as_object().into_iter().flatten().map(|(method, _)| method) {
            let is_listed =
                ROUTES.iter().any(|(m, p, _)| m.eq_ignore_ascii_case(method) && p == path);
            ensure!(is_listed, "{method} {path} is for nobody");
            count += 1;
        }
    }
    ensure!(count > 20, "{count}");
    Ok(())
}

#[test]
fn each_role_may_use_its_routes_and_no_other() -> Result<()> {
    let surface = Surface::open(3)?;
    let mut wrong = String::new();
    for (method, path, roles) in ROUTES {
        let at = path.replace("{id}", "nothing").replace("{number}", "nothing");
        let at = at.replace("{*id}", "nothing").replace("{name}", "nothing");
        for role in Role::ALL {
            let token = surface.token(role.name(), party(role))?;
            // Bodies that nothing takes: whoever may use the route is told so.
            let answer = match *method {
                "GET" | "DELETE" => {
                    surface.send(surface.request(method, &at)?.bearer_auth(&token))?
                }
                _ => surface.write(&token, method, &at, &json!({ "no such field": 1 }))?,
            };
            let is_refused =
                answer.status == 403 && answer.text.contains(&format!("role {}", role.name()));
            if is_refused == roles.contains(&role) || answer.status >= 500 {
                writeln!(wrong, "{method} {path} as {}: {answer:?}", role.name())?;
            }
        }
        let answer = surface.send(surface.request(method, &at)?)?;
        if ![401, 429].contains(&answer.status) {
            writeln!(wrong, "{method} {path} without a token: {answer:?}")?;
        }
    }
    ensure!(wrong.is_empty(), "{wrong}");
    Ok(())
}

fn ids(page: &Value, name: &str) -> Vec<String> {
    let items = page["items"].as_array().into_iter().flatten();
    items.filter_map(|item| Some(item[name].as_str()?.to_owned())).collect()
}

#[test]
fn each_sees_its_own_and_nothing_else() -> Result<()> {
    let surface = Surface::open(3)?;
    let operator = surface.token("operator", "")?;
    // Ordered before the other line is there: two orders.
    surface.until("LOT-001", "response")?;
    let other = json!([row("R-2", "REQ2", 2)]);
    surface.post(&operator, "/v1/requisitions", &other)?.is(200)?;
    surface.until("LOT-002", "response")?;
    let sees = |role: &str, party: &str, path: &str, name: &str| -> Result<Vec<String>> {
        let token = surface.token(role, party)?;
        Ok(ids(&surface.get(&token, path)?.is(200)?.json()?, name))
    };
    for (role, party, lots) in [
        ("operator", "", vec!["LOT-001", "LOT-002"]),
        ("observer", "", vec!["LOT-001", "LOT-002"]),
        ("requester", "REQ", vec!["LOT-001"]),
        ("requester", "REQ2", vec!["LOT-002"]),
        ("donor", "AA", vec!["LOT-001", "LOT-002"]),
        ("donor", "XX", vec![]),
        ("supplier", "SUP", vec!["LOT-001", "LOT-002"]),
        ("supplier", "REQ", vec![]),
        ("buying_agent", "BUY", vec!["LOT-001", "LOT-002"]),
        ("recipient", "C1", vec!["LOT-001"]),
        ("recipient", "C3", vec!["LOT-002"]),
    ] {
        let found = sees(role, party, "/v1/lots", "id")?;
        ensure!(found == lots, "{role} {party} sees {found:?}, not {lots:?}");
    }
    ensure!(sees("requester", "REQ2", "/v1/lines", "external_id")? == ["R-2"]);
    ensure!(sees("donor", "XX", "/v1/lines", "external_id")?.is_empty());
    ensure!(sees("donor", "AA", "/v1/contributions", "id")? == ["AA-1"]);
    ensure!(sees("donor", "XX", "/v1/contributions", "id")?.is_empty());
    let orders = sees("supplier", "SUP", "/v1/orders", "number")?;
    ensure!(orders.len() == 2, "{orders:?}");
    ensure!(sees("supplier", "REQ", "/v1/orders", "number")?.is_empty());

    // What is another's is told from what is not there by nothing.
    let stranger = surface.token("requester", "REQ2")?;
    for path in ["/v1/lots/LOT-001", "/v1/lots/LOT-001/why", "/v1/lots/LOT-001/timeline"] {
        let own = surface.get(&stranger, path)?.problem(404, "not_found", &[])?;
        let none = surface.get(&stranger, &path.replace("LOT-001", "LOT-7K2"))?;
        let none = none.problem(404, "not_found", &[])?.to_string();
        let told = own.to_string().replace("LOT-001", "LOT-7K2");
        ensure!(told == none, "{told} is not {none}");
    }
    let theirs = json!([row("R-1", "REQ", 9)]);
    let refused = surface.post(&stranger, "/v1/requisitions", &theirs)?;
    refused.problem(422, "refused", &["may not submit lines for this requester"])?;
    // Under its own name the id is its own line, and the other one stays what it was.
    let mine = json!([row("R-1", "REQ2", 9)]);
    let taken = surface.post(&stranger, "/v1/requisitions", &mine)?.is(200)?.json()?;
    ensure!(taken["new"] == 1, "{taken}");
    let own = surface.get(&stranger, "/v1/lines/R-1")?.is(200)?.json()?;
    ensure!(own["requester"] == "REQ2" && own["quantity"] == "9", "{own}");

    // Where a consignee is, nobody is told here.
    for role in Role::ALL {
        let token = surface.token(role.name(), party(role))?;
        for path in ["/v1/events?limit=1000", "/v1/lots", "/v1/lines", "/v1/orders", "/v1/audit"] {
            let answer = surface.get(&token, path)?;
            ensure!(!answer.text.contains("Example Street"), "{} {path}", role.name());
        }
    }
    Ok(())
}

#[test]
fn what_donors_have_left_is_told_to_nobody_who_may_not_look_at_money() -> Result<()> {
    let surface = Surface::open(3)?;
    let operator = surface.token("operator", "")?;
    surface.until("LOT-001", "response")?;
    // AA-1 has EUR 99,730.00 left, which is not enough.
    let rows = json!([row("R-2", "REQ2", 2000)]);
    surface.post(&operator, "/v1/requisitions", &rows)?.is(200)?;
    surface.until("LOT-002", "funding")?;
    eventually("a round has looked at it", SOON, || {
        let told = surface.get(&operator, "/v1/lots/LOT-002")?.text;
        Ok(told.contains("AA-1").then_some(()))
    })?;
    let requester = surface.token("requester", "REQ2")?;
    for path in ["", "/why", "/timeline"] {
        let path = format!("/v1/lots/LOT-002{path}");
        let whole = surface.get(&operator, &path)?.is(200)?;
        ensure!(whole.text.contains("AA-1"), "{path}: {}", whole.text);
    }
    surface.get(&requester, "/v1/contributions/AA-1")?.problem(403, "forbidden", &[])?;
    for path in [
        "/v1/lots",
        "/v1/lots/LOT-002",
        "/v1/lots/LOT-002/why",
        "/v1/lots/LOT-002/timeline",
        "/v1/lines/R-2",
        "/v1/events?limit=1000",
        "/v1/reports/requester/REQ2",
    ] {
        let told = surface.get(&requester, path)?.is(200)?;
        ensure!(
            told.text.contains("R-2")
                || told.text.contains("LOT-002")
                || path.ends_with("timeline")
        );
        for untold in ["AA-1", "99730", "99,730", "80270", "80,270"] {
            ensure!(!told.text.contains(untold), "{path} tells {untold}: {}", told.text);
        }
    }
    let why = surface.get(&requester, "/v1/lots/LOT-002/why")?.is(200)?.json()?;
    ensure!(why["explanation"]["answer"] == "unpaid", "{why}");
    ensure!(why["reason"] == "no money is left that may pay for it", "{why}");
    Ok(())
}

#[test]
fn a_token_that_is_wrong_expired_or_revoked_opens_nothing() -> Result<()> {
    let surface = Surface::open(1)?;
    let admin = surface.admin()?;
    let said = surface.get(&admin, "/v1/me")?.is(200)?.json()?;
    ensure!(said["role"] == "admin", "{said}");
    let new = json!({ "name": "short", "role": "observer", "days": 1 });
    let issued = surface.post(&admin, "/v1/tokens", &new)?.is(201)?.json()?;
    let token = issued["token"].as_str().unwrap_or_default().to_owned();
    let id = issued["account"]["id"].as_str().unwrap_or_default().to_owned();
    surface.get(&token, "/v1/me")?.is(200)?;

    let (front, secret) = token.rsplit_once(&format!("{id}_")).unwrap_or_default();
    let mut forged =
        vec![String::new(), "wbt_".to_owned(), format!("{front}{id}_"), secret.to_owned()];
    forged.push(format!("{token}x"));
    forged.push(token.replace(&id, "000000000000"));
    let mut answers = Vec::new();
    for wrong in &forged {
        let answer = surface.get(wrong, "/v1/me")?;
        ensure!(answer.headers.contains_key("www-authenticate"), "{answer:?}");
        answers.push(answer.problem(401, "unauthorized", &[])?.to_string());
    }
    answers.dedup();
    ensure!(answers.len() <= 2, "what is wrong with a token is told: {answers:?}");

    let path = format!("/v1/tokens/{id}");
    let gone = surface.send(surface.request("DELETE", &path)?.bearer_auth(&admin))?.is(200)?;
    ensure!(gone.json()?["revoked"].is_string(), "{gone:?}");
    surface.get(&token, "/v1/me")?.problem(401, "unauthorized", &["not valid any more"])?;

    // Nothing that opens anything is in the log, in the listing, or told again.
    let secret = &forged[3];
    for path in ["/v1/tokens", "/v1/events?limit=1000", "/v1/audit?limit=1000"] {
        let text = surface.get(&admin, path)?.is(200)?.text;
        ensure!(!text.contains(secret) && !text.contains("hash\\\":"), "{path}: {text}");
    }
    ensure!(!surface.secretariat.service.log()?.contains(secret.as_str()), "the log holds a token");
    Ok(())
}

#[test]
fn of_an_order_for_several_each_sees_its_own_lines() -> Result<()> {
    let surface = Surface::open_changed("gather_s = 0", "gather_s = 1")?;
    let operator = surface.token("operator", "")?;
    let rows = json!([row("O-2", "REQ2", 2), row("O-3", "REQ", 3)]);
    surface.post(&operator, "/v1/requisitions", &rows)?.is(200)?;
    let order = surface.until("LOT-002", "response")?["order"].clone();
    ensure!(surface.until("LOT-003", "response")?["order"] == order, "two orders");
    let path = format!("/v1/orders/{}", order.as_str().unwrap_or_default());
    let sees = |role: &str, party: &str| -> Result<Value> {
        surface.get(&surface.token(role, party)?, &path)?.is(200)?.json()
    };
    for (role, party, lots) in [
        ("requester", "REQ2", vec!["LOT-002"]),
        ("supplier", "SUP", vec!["LOT-001", "LOT-002", "LOT-003"]),
        ("donor", "AA", vec!["LOT-001", "LOT-002", "LOT-003"]),
        ("observer", "", vec!["LOT-001", "LOT-002", "LOT-003"]),
    ] {
        let view = sees(role, party)?;
        let lines = view["lines"].as_array().cloned().unwrap_or_default();
        let found: Vec<&str> = lines.iter().filter_map(|line| line["lot"].as_str()).collect();
        let is_whole = found.iter().all(|lot| lots.contains(lot)) && found.len() + 1 >= lots.len();
        ensure!(is_whole && found.contains(&"LOT-002"), "{role} {party} sees {found:?}");
        ensure!(view["total"].is_object() == (role != "requester"), "{role}: {view}");
    }
    // To those who sell it is told neither who pays nor what was thought to be the price.
    let supplier = surface.token("supplier", "SUP")?;
    let lot = surface.get(&supplier, "/v1/lots/LOT-002")?.is(200)?.json()?;
    ensure!(lot.get("funding").is_none(), "{lot}");
    let line = surface.get(&supplier, "/v1/lines/O-2")?.is(200)?.json()?;
    ensure!(line.get("unit_estimate").is_none(), "{line}");
    surface.get(&supplier, "/v1/lots/LOT-002/why")?.problem(403, "forbidden", &[])?;
    Ok(())
}
