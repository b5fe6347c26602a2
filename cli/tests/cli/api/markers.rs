//! Each party's every field has a mark of its own; every answer to every account is searched for those that it may not see.

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context, Result, ensure};
use serde_json::json;
use tempfile::TempDir;
use waybill_api::ROUTES;

use super::surface::{Surface, row};
use crate::coalition;
use crate::secretariat::Secretariat;
use crate::support::{run, text};

/// Two of each kind: donors, ministries with their consignees; one supplier, which two carry for, and one buying agent.
struct Account {
    role: &'static str,
    party: &'static str,
    token: String,
}

impl Account {
    fn is_whole(&self) -> bool {
        ["admin", "operator", "auditor", "observer"].contains(&self.role)
    }

    fn sells_or_receives(&self) -> bool {
        ["supplier", "carrier", "recipient"].contains(&self.role)
    }

    /// Marks that this account may not see.
    fn hidden(&self) -> Vec<String> {
        // Nobody at all is told where a consignee is, or a secret.
        let mut hidden: Vec<String> =
            ["Example Street", "whsec_", "wbt_"].map(str::to_owned).to_vec();
        if self.is_whole() {
            return hidden;
        }
        for donor in ["DONORONE", "DONORTWO"] {
            if self.party != donor {
                hidden.push(format!("{donor}-GIVES"));
                hidden.push(format!("KIND OF {donor}"));
                hidden.push(format!("SOURCE-{donor}"));
                if self.sells_or_receives() {
                    hidden.push(donor.to_owned());
                }
            }
        }
        for (ministry, site) in [("REQ", "C1"), ("REQ2", "C3")] {
            let is_own = self.party == ministry || self.party == site;
            if !is_own && ["requester", "recipient"].contains(&self.role) {
                hidden.push(format!("ITS-{ministry}-"));
                hidden.push(format!("WORDS-{ministry}."));
            }
        }
        for party in ["DONORONE", "DONORTWO", "REQ", "REQ2", "SUP", "BUY", "C1", "C3"] {
            if self.party != party {
                hidden.push(format!("NAME-{party}."));
                hidden.push(format!("HOOK-{party}."));
            }
        }
        hidden.push("OFFICE-NOTE".to_owned());
        hidden
    }
}

/// A coalition whose donors have names that are no other word, each of which pays for one ministry.
fn place() -> Result<Surface> {
    let folder = TempDir::new()?;
    let dir = coalition::write(folder.path(), &[coalition::row("ITS-REQ-1", 2)])?;
    for name in ["parties.csv", "contributions.csv"] {
        let path = dir.join(name);
        let said = fs::read_to_string(&path)?;
        fs::write(&path, said.replace("AA", "DONORONE").replace("XX", "DONORTWO"))?;
    }
    let money = "id,donors,firmness,stated,amount,currency,earmark_requesters,obligate_by,consent,in_kind_item,\
        in_kind_quantity,in_kind_unit,in_kind_lead_days,source\n\
        DONORONE-GIVES,DONORONE,commitment,2025-01-01,100000.00,EUR,REQ,2099-12-31,each_line,,,,,SOURCE-DONORONE\n\
        DONORTWO-GIVES,DONORTWO,commitment,2025-01-01,100000.00,EUR,REQ2,2099-12-31,each_line,,,,,SOURCE-DONORTWO\n\
        KIND OF DONORONE,DONORONE,commitment,2025-01-01,,,REQ,,,Tablet,9,H87,10,SOURCE-DONORONE\n";
    fs::write(dir.join("contributions.csv"), money)?;
    Surface::of(Secretariat::open_in(folder, &dir, &["--listen", "127.0.0.1:0", "--rate", "0"])?)
}

fn accounts(surface: &Surface) -> Result<Vec<Account>> {
    let data = text(&surface.secretariat.data)?;
    let mut accounts = Vec::new();
    for (role, party) in [
        ("admin", ""),
        ("operator", ""),
        ("auditor", ""),
        ("observer", ""),
        ("donor", "DONORONE"),
        ("donor", "DONORTWO"),
        ("requester", "REQ"),
        ("requester", "REQ2"),
        ("reviewer", "it"),
        ("supplier", "SUP"),
        ("carrier", "SUP"),
        ("buying_agent", "BUY"),
        ("recipient", "C1"),
        ("recipient", "C3"),
    ] {
        let name = format!("NAME-{party}.");
        let mut arguments = vec!["token", "create", role, "--data", data, "--name", &name];
        if !party.is_empty() {
            arguments.extend(["--for", party]);
        }
        let token = run(&arguments)?.ok()?.out.trim().to_owned();
        accounts.push(Account { role, party, token });
    }
    Ok(accounts)
}

fn of<'a>(accounts: &'a [Account], role: &str, party: &str) -> Result<&'a Account> {
    let found = accounts.iter().find(|account| (account.role, account.party) == (role, party));
    found.context("an account")
}

/// Everything that can happen to two lots, done by those who may.
fn happen(surface: &Surface, accounts: &[Account]) -> Result<()> {
    let secretariat = &of(accounts, "operator", "")?.token;
    let mut line = row("ITS-REQ2-1", "REQ2", 2);
    line["description"] = json!("WORDS-REQ2.");
    let theirs = of(accounts, "requester", "REQ2")?;
    surface.post(&theirs.token, "/v1/requisitions", &json!([line]))?.is(200)?;
    let fields = json!({"on": ["ITS-REQ-1"], "act": "correct",
                        "fields": {"description": "WORDS-REQ."}, "reason": "x"});
    surface.post(secretariat, "/v1/acts", &fields)?.is(200)?;
    for (lot, donor, site) in [("LOT-001", "DONORONE", "C1"), ("LOT-002", "DONORTWO", "C3")] {
        surface.until(lot, "consent")?;
        let agreed = json!({"number": format!("C-{lot}"), "type": "consent", "lot": lot,
                            "envelope": format!("{donor}-GIVES"), "agreed": true});
        let donor = of(accounts, "donor", donor)?;
        surface.post(&donor.token, "/v1/documents", &agreed)?.is(200)?;
        let order = surface.until(lot, "response")?["order"].clone();
        let supplier = of(accounts, "supplier", "SUP")?;
        let response = json!({"number": format!("R-{lot}"), "type": "order_response", "order": order, "lines": []});
        surface.post(&supplier.token, "/v1/documents", &response)?.is(200)?;
        surface.until(lot, "delivery")?;
        let despatch = json!({"number": format!("D-{lot}"), "type": "despatch_advice", "order": order,
                              "lines": [{"lot": lot, "quantity": "2"}]});
        let carrier = of(accounts, "carrier", "SUP")?;
        surface.post(&carrier.token, "/v1/documents", &despatch)?.is(200)?;
        let receipt = json!({"number": format!("A-{lot}"), "type": "receipt_advice", "order": order,
                             "lines": [{"lot": lot, "accepted": "2"}]});
        let recipient = of(accounts, "recipient", site)?;
        surface.post(&recipient.token, "/v1/documents", &receipt)?.is(200)?;
        surface.until(lot, "payment")?;
        let note = json!({"on": [lot], "act": "note", "reason": "OFFICE-NOTE"});
        surface.post(secretariat, "/v1/acts", &note)?.is(200)?;
    }
    // The same without money: goods in kind.
    let mut line = row("ITS-REQ-2", "REQ", 3);
    (line["item"], line["description"]) = (json!("Tablet"), json!("WORDS-REQ."));
    let requester = of(accounts, "requester", "REQ")?;
    surface.post(&requester.token, "/v1/requisitions", &json!([line]))?.is(200)?;
    surface.until("LOT-003", "acceptance")?;
    let accepted =
        json!({"number": "K-1", "type": "acceptance", "lot": "LOT-003", "accepted": true});
    surface.post(&requester.token, "/v1/documents", &accepted)?.is(200)?;
    surface.until("LOT-003", "delivery")?;
    for account in accounts {
        let hook = json!({"url": "https://1.1.1.1/", "name": format!("HOOK-{}.", account.party)});
        surface.post(&account.token, "/v1/webhooks", &hook)?.is(201)?;
    }
    Ok(())
}

/// Every address that can be asked, with everything that there is in the place of what a route leaves open.
fn addresses(surface: &Surface, accounts: &[Account]) -> Result<BTreeSet<String>> {
    let secretariat = &of(accounts, "operator", "")?.token;
    let orders = surface.get(secretariat, "/v1/orders")?.is(200)?.json()?;
    let orders = orders["items"].as_array().context("orders")?;
    let numbers: Vec<String> =
        orders.iter().filter_map(|order| Some(order["number"].as_str()?.to_owned())).collect();
    ensure!(numbers.len() == 3, "{numbers:?}");
    let named: Vec<String> = [
        "LOT-001",
        "LOT-002",
        "LOT-003",
        "LINE-001",
        "LINE-002",
        "LINE-003",
        "IK-LOT-003",
        "KIND%20OF%20DONORONE",
        "ITS-REQ-1",
        "ITS-REQ2-1",
        "REQ",
        "REQ2",
        "DONORONE",
        "DONORTWO",
        "DONORONE-GIVES",
        "DONORTWO-GIVES",
        "SUP",
        "BUY",
        "C1",
        "C3",
        "O-1",
        "it",
    ]
    .map(str::to_owned)
    .into_iter()
    .chain(numbers)
    .collect();
    let mut all = BTreeSet::new();
    for (_, route, _) in ROUTES.iter().filter(|(method, _, _)| *method == "GET") {
        match route.split_once('{') {
            None => drop(all.insert((*route).to_owned())),
            Some((before, after)) => {
                let after = after.split_once('}').map_or("", |(_, after)| after);
                all.extend(named.iter().map(|name| format!("{before}{name}{after}")));
            }
        }
    }
    for more in ["/v1/events?after=0&limit=1000", "/v1/lots?limit=1000", "/v1/lines?all=true"] {
        all.insert(more.to_owned());
    }
    Ok(all)
}

#[test]
fn nobody_finds_the_mark_of_another_in_any_answer() -> Result<()> {
    let surface = place()?;
    let accounts = accounts(&surface)?;
    happen(&surface, &accounts)?;
    let addresses = addresses(&surface, &accounts)?;
    // What is told of events is read to its end by everybody.
    let (mut found, mut answers) = (Vec::new(), 0);
    for account in &accounts {
        let hidden = account.hidden();
        let mut seen = String::new();
        for address in &addresses {
            let answer = surface.get(&account.token, address)?;
            ensure!(answer.status != 500, "{address}: {answer:?}");
            answers += usize::from(answer.status == 200);
            // What was asked for is said again where it is not there.
            let told = match answer.status {
                200 => answer.text,
                _ => continue,
            };
            for mark in hidden.iter().filter(|mark| told.contains(mark.as_str())) {
                let at = told.find(mark.as_str()).unwrap_or(0);
                let around: String = told.chars().skip(at.saturating_sub(60)).take(140).collect();
                found.push(format!(
                    "{} {}: {address}: {mark}: …{around}…",
                    account.role, account.party
                ));
            }
            if ["carrier", "recipient"].contains(&account.role) {
                for price in
                    ["unit_price", "\"amount\"", "\"total\"", "\"funding\":", "unit_estimate"]
                {
                    if told.contains(price) {
                        found.push(format!(
                            "{} {}: {address}: {price}",
                            account.role, account.party
                        ));
                    }
                }
            }
            seen.push_str(&told);
        }
        // Whoever sees nothing proves nothing.
        let own = match (account.role, account.party) {
            ("requester", party) => format!("WORDS-{party}"),
            ("donor", party) => format!("{party}-GIVES"),
            ("supplier" | "carrier" | "buying_agent", _) => "PO-SUP-".to_owned(),
            _ => "LOT-00".to_owned(),
        };
        ensure!(seen.contains(&own), "{} {} does not see {own}", account.role, account.party);
    }
    ensure!(found.is_empty(), "{} found:\n{}", found.len(), found.join("\n"));
    ensure!(answers > 300, "{answers} answers");
    let log = surface.secretariat.service.log()?;
    for mark in ["Example Street", "whsec_", "wbt_"] {
        ensure!(!log.contains(mark), "the log has {mark}");
    }
    Ok(())
}

#[test]
fn a_name_that_several_have_names_to_each_what_it_sees() -> Result<()> {
    let surface = Surface::open(1)?;
    for requester in ["REQ", "REQ2"] {
        let token = surface.token("requester", requester)?;
        surface.post(&token, "/v1/requisitions", &json!([row("R-9", requester, 1)]))?.is(200)?;
    }
    for (role, party) in [("requester", "REQ"), ("requester", "REQ2")] {
        let token = surface.token(role, party)?;
        for path in ["/v1/lines/R-9", "/v1/show/R-9"] {
            let answer = surface.get(&token, path)?.is(200)?;
            ensure!(answer.text.contains(party), "{answer:?}");
        }
    }
    for (role, party) in [("supplier", "REQ"), ("donor", "XX")] {
        let token = surface.token(role, party)?;
        for path in ["/v1/lines/R-9", "/v1/show/R-9"] {
            let answer = surface.get(&token, path)?;
            ensure!([403, 404].contains(&answer.status), "{role}: {path}: {answer:?}");
            let problem = answer.text;
            ensure!(!problem.contains("REQ"), "{role}: {path}: {problem}");
        }
    }
    let reviewer = surface.token("reviewer", "it")?;
    for path in ["/v1/lines/R-9", "/v1/show/R-9"] {
        let named = ["REQ/R-9 (LINE-002)", "REQ2/R-9 (LINE-003)"];
        surface.get(&reviewer, path)?.problem(422, "refused", &named)?;
    }
    let recipient = surface.token("recipient", "C3")?;
    surface.get(&recipient, "/v1/lines/R-9")?.is(200)?;
    Ok(())
}
