//! What nothing can be bought by: the nearest offers are named, and the secretariat mends them.
//! Packs: what is sold by the box and asked for by the piece.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::coalition;
use crate::office::{Service, fact};
use crate::support::{SOON, eventually, is_clean, kinds, lots, run, show, text};

const OFFERS: &str = "id,supplier,item,unit,unit_price,currency,minimum,increment,lead_days,from,to,\
channel,framework,framework_ends,framework_ceiling,pack_of\n";

/// A service with a coalition whose offers and lines are its own.
struct Bureau {
    folder: TempDir,
    dir: PathBuf,
    data: PathBuf,
    service: Service,
}

/// A line of one requester: its id, what it asks for, how much, and what it thinks one costs.
fn line(id: &str, item: &str, quantity: &str, estimate: &str) -> String {
    format!(
        "{id},REQ,{item},For a test,goods,30213100-6,CPV,{quantity},{estimate},EUR,1,1,2025-01-02,,C1,,0,\
         invented"
    )
}

impl Bureau {
    fn open(offers: &str, lines: &[String]) -> Result<Self> {
        Self::open_with(offers, lines, &[])
    }

    /// The same, with more files of the coalition, by name.
    fn open_with(offers: &str, lines: &[String], files: &[(&str, &str)]) -> Result<Self> {
        let folder = TempDir::new()?;
        let dir = coalition::write(folder.path(), lines)?;
        fs::write(dir.join("offers.csv"), format!("{OFFERS}{offers}"))?;
        for (name, content) in files {
            fs::write(dir.join(name), content)?;
        }
        let data = folder.path().join("data");
        let service = Service::start(&data, Some(&dir.join("pipeline.toml")))?;
        let bureau = Self { folder, dir, data, service };
        bureau.import()?;
        Ok(bureau)
    }

    fn import(&self) -> Result<()> {
        run(&["import", text(&self.dir)?, "--data", text(&self.data)?])?.ok()?;
        Ok(())
    }

    /// Imports the coalition again with other offers.
    fn offers(&self, offers: &str) -> Result<()> {
        fs::write(self.dir.join("offers.csv"), format!("{OFFERS}{offers}"))?;
        self.import()
    }

    fn json(&self, arguments: &[&str]) -> Result<Value> {
        let data = text(&self.data)?;
        run(&[arguments, &["--data", data, "--json"]].concat())?.json()
    }

    fn act(&self, arguments: &[&str]) -> Result<()> {
        let data = text(&self.data)?;
        run(&[arguments, &["--data", data, "--yes"]].concat())?.ok()?;
        Ok(())
    }

    /// The lot, once it waits for, or has ended as, `what`.
    fn until(&self, lot: &str, what: &str) -> Result<Value> {
        let mut last = Vec::new();
        eventually("a lot gets on", SOON, || {
            last = lots(&self.data)?;
            let is_there = |found: &&Value| {
                found["id"] == lot && (found["awaits"] == what || found["state"] == what)
            };
            Ok(last.iter().find(is_there).cloned())
        })
        .with_context(|| format!("{lot} {what}: {last:#?}\n{:?}", self.service.log()))
    }

    /// The offers near to a lot: id, the first thing that keeps it away, and the text.
    fn near(&self, lot: &str) -> Result<Vec<(String, String, String)>> {
        let why = self.json(&["why", lot])?;
        let explanation = &why["explanation"];
        ensure!(explanation["answer"] == "unoffered", "{why}");
        let near = explanation["near_offers"].as_array().context("near offers")?;
        let of = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let told = |near: &Value| {
            (of(&near["offer"]), of(&near["keeps_away"][0]["code"]), of(&near["text"]))
        };
        Ok(near.iter().map(told).collect())
    }

    /// The order's document, once it is in the outbox, with the lot as its only line.
    fn order_of(&self, lot: &str) -> Result<Value> {
        let found = self.until(lot, "response")?;
        let order = found["order"].as_str().context("an order")?;
        let path = self.data.join(format!("outbox/{order}.json"));
        let bytes = eventually("the order is sent", SOON, || Ok(fs::read(&path).ok()))?;
        let document: Value = serde_json::from_slice(&bytes)?;
        ensure!(document["lines"].as_array().map(Vec::len) == Some(1), "{document}");
        Ok(document)
    }

    fn end(self) -> Result<()> {
        self.service.stop()?;
        is_clean(&self.data)?;
        drop(self.folder);
        Ok(())
    }
}

#[test]
fn the_nearest_offers_are_named_and_mended() -> Result<()> {
    let offers = "\
        BOX,SUP,Toner,BX,40.00,EUR,1,1,10,2025-01-01,,BUY,,,,\n\
        CAP,SUP,Headset,H87,60.00,EUR,1,1,10,2025-01-01,,BUY,,,,\n\
        UAH,SUP,Radio,H87,4000.00,UAH,1,1,10,2025-01-01,,BUY,,,,\n\
        CYR,SUP,R\u{43e}uter,H87,90.00,EUR,1,1,10,2025-01-01,,BUY,,,,\n\
        GAP,SUP,USB-C Hub,H87,20.00,EUR,1,1,10,2025-01-01,,BUY,,,,\n\
        SLIP,SUP,Generatr,H87,90.00,EUR,1,1,10,2025-01-01,,BUY,,,,\n\
        OLD,SUP,Tablet,H87,90.00,EUR,1,1,10,2025-01-01,2025-06-30,BUY,,,,\n\
        NEW,SUP,Tablet,H87,90.00,EUR,1,1,10,2090-01-01,,BUY,,,,\n";
    let lines = [
        line("N-1", "Toner", "20,H87", "5.00"),
        line("N-2", "headset", "3,H87", "60.00"),
        line("N-3", "Radio", "2,H87", "95.00"),
        line("N-4", "Router", "2,H87", "95.00"),
        line("N-5", "usb c hub", "2,H87", "20.00"),
        line("N-6", "Generator", "2,H87", "95.00"),
        line("N-7", "Tablet", "2,H87", "95.00"),
        line("N-8", "Zeppelin", "1,H87", "95.00"),
    ];
    let bureau = Bureau::open(offers, &lines)?;
    let ids: Vec<String> = (1..=8).map(|n| format!("LOT-00{n}")).collect();
    for id in &ids {
        bureau.until(id, "offer")?;
    }
    let expected = [
        ("BOX", "unit", "sold by BX (box), not H87 (piece)"),
        ("CAP", "spelling", "`Headset`, not `headset` (capital letters differ)"),
        ("UAH", "no_rate", "UAH, which has no exchange rate"),
        ("CYR", "spelling", "the Cyrillic letter \u{43e}"),
        ("GAP", "spelling", "spaces or marks differ"),
        ("SLIP", "spelling", "one letter differs"),
        ("NEW", "not_yet_open", "from 2090-01-01"),
    ];
    for (id, (offer, code, says)) in ids.iter().zip(expected) {
        let near = bureau.near(id)?;
        let (found, why, text) = near.first().context("a near offer")?;
        ensure!(found == offer && why == code && text.contains(says), "{id}: {near:?}");
        let shown = show(&bureau.data, id)?;
        let why = fact(&shown, "why").context("why")?;
        ensure!(why.contains(offer) && why.contains(says), "{shown}");
        let mover = fact(&shown, "whose move").context("a mover")?;
        ensure!(mover.starts_with("the secretariat"), "{mover}");
    }
    // Of one item the nearest come first; what is near to nothing says so.
    let tablets = bureau.near("LOT-007")?;
    ensure!(tablets.len() == 2 && tablets[1].1 == "ended", "{tablets:?}");
    ensure!(bureau.near("LOT-008")?.is_empty());
    let why = run(&["why", "LOT-003", "--data", text(&bureau.data)?])?.ok()?.out;
    ensure!(why.contains("UAH of SUP") && why.contains("Way out: add a rate of UAH"), "{why}");
    let day = &bureau.json(&["why", "LOT-003"])?["explanation"]["near_offers"][0]["keeps_away"][0];
    ensure!(day["currency"] == "UAH" && day["day"].is_string(), "{day}");

    // It is the secretariat's move, and nobody else's.
    let todo = bureau.json(&["todo"])?;
    let moves = todo.as_array().context("moves")?;
    ensure!(moves.len() == 1, "{todo}");
    let is_secretariats = moves[0]["party"] == "secretariat" && moves[0]["role"] == "operator";
    ensure!(is_secretariats && moves[0]["task"] == "offer" && moves[0]["lots"] == 8, "{todo}");
    ensure!(moves[0]["how"] == "waybill lots --awaits offer --sort priority", "{todo}");
    let steering = bureau.json(&["report", "steering"])?;
    let told = (&steering["unoffered"]["all"], &steering["unfunded"]["all"]);
    ensure!(told == (&json!(8), &json!(0)), "{steering}");
    let status = bureau.json(&["status"])?;
    let places = status["lots"].as_array().context("places")?;
    ensure!(places.len() == 1 && places[0]["awaits"] == "offer", "{status}");

    // Another round says nothing again.
    let before = show(&bureau.data, "LOT-001")?;
    bureau.offers(&format!("{offers}X,SUP,Anvil,H87,1.00,EUR,1,1,10,2025-01-01,,BUY,,,,\n"))?;
    // What an act says of a lot is mended by what it says.
    let way = bureau.json(&["why", "LOT-002"])?;
    let way = way["explanation"]["near_offers"][0]["way_out"][0].as_str().context("a way")?;
    ensure!(way == "waybill amend N-2 item=Headset", "{way}");
    bureau.act(&["amend", "N-2", "item=Headset"])?;
    bureau.until("LOT-002", "response")?;
    bureau.act(&["amend", "N-5", "item=USB-C Hub"])?;
    bureau.until("LOT-005", "response")?;
    ensure!(kinds(&show(&bureau.data, "LOT-001")?) == kinds(&before), "told the same twice");
    // A held lot, a split one, one given up: as those that wait for money.
    bureau.act(&["hold", "LOT-006", "--reason", "asked"])?;
    bureau.act(&["resume", "LOT-006", "--reason", "answered"])?;
    bureau.until("LOT-006", "offer")?;
    bureau.act(&["split", "LOT-006", "1"])?;
    bureau.until("LOT-006.1", "offer")?;
    bureau.act(&["cancel", "LOT-008", "--reason", "no more needed"])?;
    // A pack, a rate and new spellings come with files.
    fs::write(bureau.dir.join("rates.csv"), "Date,UAH\n2025-01-01,48.0000\n")?;
    let mended = offers
        .replace(
            "BOX,SUP,Toner,BX,40.00,EUR,1,1,10,2025-01-01,,BUY,,,,",
            "BOX,SUP,Toner,BX,40.00,EUR,1,1,10,2025-01-01,,BUY,,,,8 piece",
        )
        .replace("R\u{43e}uter", "Router")
        .replace("Generatr", "Generator")
        .replace("2090-01-01", "2025-02-01");
    bureau.offers(&mended)?;
    for id in ["LOT-001", "LOT-003", "LOT-004", "LOT-006", "LOT-006.1", "LOT-007"] {
        bureau.until(id, "response")?;
    }
    let left = bureau.json(&["todo", "--waiting-on", "secretariat"])?;
    ensure!(left.as_array().is_some_and(Vec::is_empty), "{left}");
    bureau.end()
}

#[test]
fn channel_contract_and_cost_are_named_as_what_keeps_away() -> Result<()> {
    let offers = "\
        CH,SUP,Laptop,H87,90.00,EUR,1,1,10,2025-01-01,,BUY,,,,\n\
        FW,SUP,Tablet,H87,90.00,EUR,1,1,10,2025-01-01,,SHOP,F-1,2099-12-31,100.00,\n\
        FE,SUP,Phone,H87,90.00,EUR,1,1,10,2025-01-01,,SHOP,F-2,2025-03-31,9000.00,\n\
        BIG,SUP,Server,H87,90000000000000000.00,EUR,1,1,10,2025-01-01,,SHOP,,,,\n";
    let money = "id,donors,firmness,stated,amount,currency,channel,obligate_by,consent,source\n\
                 AA-1,AA,commitment,2025-01-01,100000.00,EUR,SHOP,2099-12-31,none,invented\n";
    let parties = "id,name,role,from,to,evidence\nAA,Donor,member,2025-01-01,,invented\n\
        REQ,Ministry,beneficiary,2025-01-01,,invented\nBUY,Agent,buying_agent,2025-01-01,,invented\n\
        SHOP,Shop,buying_agent,2025-01-01,,invented\nSUP,Supplier,,,,\n";
    let lines = [
        line("N-1", "Laptop", "2,H87", "90.00"),
        line("N-2", "Tablet", "2,H87", "90.00"),
        line("N-3", "Phone", "2,H87", "90.00"),
        line("N-4", "Server", "2,H87", "90000000000000000.00"),
    ];
    let files = [("contributions.csv", money), ("parties.csv", parties)];
    let bureau = Bureau::open_with(offers, &lines, &files)?;
    let expected = [
        ("LOT-001", "channel", "bought through BUY, and AA-1 may not be spent there"),
        ("LOT-002", "framework_used_up", "EUR 100.00 is left of its framework contract F-1"),
        ("LOT-003", "framework_ended", "F-2 ended on 2025-03-31"),
        ("LOT-004", "overflow", "too large"),
    ];
    for (lot, code, says) in expected {
        bureau.until(lot, "offer")?;
        let near = bureau.near(lot)?;
        ensure!(near.len() == 1 && near[0].1 == code && near[0].2.contains(says), "{near:?}");
    }
    bureau.offers(&offers.replace(",BUY,", ",SHOP,").replace("2025-03-31", "2099-03-31"))?;
    bureau.until("LOT-001", "response")?;
    bureau.until("LOT-003", "response")?;
    bureau.end()
}

#[test]
fn pieces_are_bought_in_whole_packs() -> Result<()> {
    let offers = "O-1,SUP,Toner,BX,25.00,EUR,1,1,10,2025-01-01,,BUY,,,,5 piece\n";
    let bureau = Bureau::open(offers, &[line("P-1", "Toner", "23,H87", "5.00")])?;
    let order = bureau.order_of("LOT-001")?;
    let told = &order["lines"][0];
    ensure!(told["quantity"] == "5" && told["unit_code"] == "BX", "{order}");
    ensure!(told["price"]["minor"] == 2500 && told["line_amount"]["minor"] == 12_500, "{order}");
    let content = json!({"quantity": "25", "unit_code": "H87", "each": "5"});
    ensure!(told["content"] == content && told["answered_in"] == "H87", "{order}");
    ensure!(order["payable"]["minor"] == 12_500, "{order}");
    let number = order["id"].as_str().context("a number")?;
    let shown = show(&bureau.data, number)?;
    let said = fact(&shown, "LOT-001").context("the line")?;
    ensure!(said.starts_with("25 piece Toner in 5 box of 5 each"), "{said}");
    ensure!(said.contains("2 surplus"), "{said}");

    // The supplier packs otherwise from now on: the order stays as agreed, its price one of a pack.
    bureau.offers("O-1,SUP,Toner,BX,25.00,EUR,1,1,10,2025-01-01,,BUY,,,,10 H87\n")?;
    bureau.act(&["order", "respond", number, "--price", "+1%"])?;
    let lot = bureau.until("LOT-001", "delivery")?;
    ensure!(lot["quantity"] == "23" && lot["funding"][0]["amount"]["minor"] == 12_625, "{lot}");
    let shown = show(&bureau.data, number)?;
    let said = fact(&shown, "LOT-001").context("the line")?;
    ensure!(said.starts_with("25 piece Toner in 5 box of 5 each, EUR 126.25"), "{said}");
    // What comes is counted in pieces.
    bureau.act(&["receive", number, "LOT-001=25"])?;
    let lot = bureau.until("LOT-001", "payment")?;
    ensure!(lot["code"] != "oversupply", "{lot}");
    bureau.act(&["pay", number])?;
    bureau.until("LOT-001", "delivered")?;
    bureau.end()
}

#[test]
fn minimum_and_increment_are_packs_and_the_cheaper_offer_is_chosen() -> Result<()> {
    let offers = "\
        MIN,SUP,Toner,BX,25.00,EUR,4,3,10,2025-01-01,,BUY,,,,5 H87\n\
        ONE,SUP,Cable,H87,4.90,EUR,1,1,10,2025-01-01,,BUY,,,,\n\
        TEN,SUP,Cable,BX,45.00,EUR,1,1,10,2025-01-01,,BUY,,,,10 pieces\n\
        ROLL,SUP,Wire,RO,30.00,EUR,1,1,10,2025-01-01,,BUY,,,,12.5 metre\n\
        SAME,SUP,Glove,BX,7.00,EUR,1,1,10,2025-01-01,,BUY,,,,100 piece\n";
    let lines = [
        line("P-1", "Toner", "3,H87", "5.00"),
        line("P-2", "Toner", "21,H87", "5.00"),
        line("P-3", "Cable", "9,H87", "4.90"),
        line("P-4", "Cable", "10,H87", "4.90"),
        line("P-5", "Wire", "30,MTR", "2.40"),
        line("P-6", "Glove", "3,BX", "7.00"),
    ];
    let bureau = Bureau::open(offers, &lines)?;
    // (lot, quantity, unit, amount in cents, what it holds)
    let expected = [
        ("LOT-001", "4", "BX", 10_000, json!("20")),
        ("LOT-002", "7", "BX", 17_500, json!("35")),
        ("LOT-003", "9", "H87", 4_410, Value::Null),
        ("LOT-004", "1", "BX", 4_500, json!("10")),
        ("LOT-005", "3", "RO", 9_000, json!("37.5")),
        ("LOT-006", "3", "BX", 2_100, Value::Null),
    ];
    for (lot, quantity, unit, amount, content) in expected {
        let order = bureau.until(lot, "response")?;
        let order = order["order"].as_str().context("an order")?;
        let path = bureau.data.join(format!("outbox/{order}.json"));
        let bytes = eventually("the order is sent", SOON, || Ok(fs::read(&path).ok()))?;
        let document: Value = serde_json::from_slice(&bytes)?;
        let lines = document["lines"].as_array().context("lines")?;
        let told = lines.iter().find(|line| line["id"] == lot).context("its line")?;
        let is_it = told["quantity"] == quantity && told["unit_code"] == unit;
        ensure!(is_it && told["line_amount"]["minor"] == amount, "{told}");
        ensure!(told["content"]["quantity"] == content, "{told}");
    }
    bureau.end()
}

const GIFTS: &str = "id,donors,firmness,stated,amount,currency,in_kind_item,in_kind_quantity,\
in_kind_unit,in_kind_lead_days,in_kind_pack_of,earmark_requesters,obligate_by,source\n";

#[test]
fn gifts_serve_their_unit_and_what_their_packs_hold() -> Result<()> {
    let gifts = format!(
        "{GIFTS}K-1,AA,commitment,2025-01-01,,,Toner,5,BX,10,5 H87,,,invented\n\
         K-2,AA,commitment,2025-01-01,,,Radio,5,BX,10,,,,invented\n\
         K-3,AA,commitment,2025-01-01,,,Phone,50,H87,10,,REQ2,,invented\n\
         K-4,AA,commitment,2025-01-01,,,Tablet,50,H87,10,,,2025-06-30,invented\n"
    );
    let lines = [
        line("G-1", "Toner", "23,H87", "5.00"),
        line("G-2", "Radio", "5,H87", "5.00"),
        line("G-3", "Phone", "5,H87", "5.00"),
        line("G-4", "Tablet", "5,H87", "5.00"),
    ];
    let bureau = Bureau::open_with("", &lines, &[("contributions.csv", &gifts)])?;
    let lot = bureau.until("LOT-001", "acceptance")?;
    ensure!(lot["awaits_of"] == json!(["K-1"]), "{lot}");
    for lot in ["LOT-002", "LOT-003", "LOT-004"] {
        bureau.until(lot, "offer")?;
    }
    bureau.act(&["in-kind", "accept", "LOT-001"])?;
    bureau.until("LOT-001", "delivery")?;
    // Two pieces are left of five boxes of five, and no whole box.
    let more = bureau.dir.join("more.csv");
    let rows = [
        line("G-5", "Toner", "3,H87", "5.00"),
        line("G-6", "Toner", "1,BX", "25.00"),
        line("G-7", "Toner", "2,H87", "5.00"),
    ];
    coalition::requisitions(&more, &rows)?;
    run(&["import", text(&more)?, "--data", text(&bureau.data)?])?.ok()?;
    bureau.until("LOT-007", "acceptance")?;
    bureau.until("LOT-005", "offer")?;
    bureau.until("LOT-006", "offer")?;
    // What is not taken is there again.
    bureau.act(&["in-kind", "refuse", "LOT-007", "--reason", "too old"])?;
    bureau.until("LOT-007", "offer")?;
    bureau.act(&["amend", "G-5", "quantity=2"])?;
    bureau.until("LOT-005", "acceptance")?;
    // The same over the command line, with the unit said.
    let gift = ["commit", "K-5", "--donor", "AA", "--in-kind", "Toner=1 BX of 5 H87@10"];
    bureau.act(&[&gift[..], &["--evidence", "a letter"]].concat())?;
    bureau.until("LOT-006", "acceptance")?;
    for wrong in ["Toner=1 BX of 5 BX@10", "Toner=1 crate@10", "Toner=1.5@10"] {
        let gift = ["commit", "K-6", "--donor", "AA", "--in-kind", wrong, "--evidence", "a letter"];
        run(&[&gift[..], &["--yes", "--data", text(&bureau.data)?]].concat())?
            .failed(1, &[wrong, "5 BX of 5 H87"])?;
    }
    bureau.end()
}

#[test]
fn a_pack_that_makes_no_sense_is_refused_by_row_and_field() -> Result<()> {
    let folder = TempDir::new()?;
    let dir = coalition::write(folder.path(), &[])?;
    let data = folder.path().join("data");
    let refused = |file: &str, content: String, parts: &[&str]| -> Result<()> {
        let old = fs::read(dir.join(file))?;
        fs::write(dir.join(file), content)?;
        run(&["import", text(&dir)?, "--data", text(&data)?])?.failed(1, parts)?;
        Ok(fs::write(dir.join(file), old)?)
    };
    let packs = [
        ("BX", "five piece", "is not a quantity"),
        ("BX", "5", "no quantity with a unit"),
        ("BX", "0 piece", "more than zero"),
        ("BX", "-5 piece", "more than zero"),
        ("BX", "2.5 piece", "counted whole"),
        ("BX", "5 bananas", "not a known unit"),
        ("BX", "9999999999999999999 piece", "is not a quantity"),
        ("BX", "5 box", "own unit"),
        ("KGM", "5 piece", "is no pack"),
    ];
    for (unit, pack, says) in packs {
        let row = format!("O-2,SUP,Toner,{unit},25.00,EUR,1,1,10,2025-01-01,,BUY,,,,{pack}\n");
        let parts = ["offers.csv", "row 2", "pack_of", pack, says];
        refused("offers.csv", format!("{OFFERS}{row}"), &parts)?;
        let row = format!("K-1,AA,commitment,2025-01-01,,,Toner,5,{unit},10,{pack},,,invented\n");
        let parts = ["contributions.csv", "row 2", "in_kind_pack_of", pack, says];
        refused("contributions.csv", format!("{GIFTS}{row}"), &parts)?;
    }
    let row = "K-1,AA,pledge,2025-01-01,,,,,,,5 piece,,,invented\n";
    let parts = ["row 2", "in_kind_pack_of", "nothing given in kind"];
    refused("contributions.csv", format!("{GIFTS}{row}"), &parts)?;
    // Nothing of them was stored.
    run(&["import", text(&dir)?, "--data", text(&data)?])?.ok()?;
    ensure!(run(&["show", "O-2", "--data", text(&data)?])?.code == Some(1), "a refused offer");
    Ok(())
}
