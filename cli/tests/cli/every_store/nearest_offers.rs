//! What nothing can be bought by: the nearest offers are named, and the secretariat mends them.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::coalition;
use crate::secretariat::{Service, fact};
use crate::support::{SOON, eventually, is_clean, kinds, lots, run, show, text};

pub(crate) const OFFERS: &str = "id,supplier,item,unit,unit_price,currency,minimum,increment,lead_days,from,to,\
channel,framework,framework_ends,framework_ceiling,pack_of\n";

/// A service with a coalition whose offers and lines are its own.
pub(crate) struct Bureau {
    folder: TempDir,
    pub(crate) dir: PathBuf,
    pub(crate) data: PathBuf,
    service: Service,
}

/// A line of one requester: its id, what it asks for, how much, and what it thinks one costs.
pub(crate) fn line(id: &str, item: &str, quantity: &str, estimate: &str) -> String {
    format!(
        "{id},REQ,{item},For a test,goods,30213100-6,CPV,{quantity},{estimate},EUR,1,1,2025-01-02,,C1,,0,\
         invented"
    )
}

impl Bureau {
    pub(crate) fn open(offers: &str, lines: &[String]) -> Result<Self> {
        Self::open_with(offers, lines, &[])
    }

    /// The same, with more files of the coalition, by name.
    pub(crate) fn open_with(
        offers: &str,
        lines: &[String],
        files: &[(&str, &str)],
    ) -> Result<Self> {
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
    pub(crate) fn offers(&self, offers: &str) -> Result<()> {
        fs::write(self.dir.join("offers.csv"), format!("{OFFERS}{offers}"))?;
        self.import()
    }

    fn json(&self, arguments: &[&str]) -> Result<Value> {
        let data = text(&self.data)?;
        run(&[arguments, &["--data", data, "--json"]].concat())?.json()
    }

    pub(crate) fn act(&self, arguments: &[&str]) -> Result<()> {
        let data = text(&self.data)?;
        run(&[arguments, &["--data", data, "--yes"]].concat())?.ok()?;
        Ok(())
    }

    /// The lot, once it waits for, or has ended as, `what`.
    pub(crate) fn until(&self, lot: &str, what: &str) -> Result<Value> {
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
    pub(crate) fn order_of(&self, lot: &str) -> Result<Value> {
        let found = self.until(lot, "response")?;
        let order = found["order"].as_str().context("an order")?;
        let path = self.data.join(format!("outbox/{order}.json"));
        let bytes = eventually("the order is sent", SOON, || Ok(fs::read(&path).ok()))?;
        let document: Value = serde_json::from_slice(&bytes)?;
        ensure!(document["lines"].as_array().map(Vec::len) == Some(1), "{document}");
        Ok(document)
    }

    pub(crate) fn end(self) -> Result<()> {
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
        line("N-1", "Toner", "24,H87", "5.00"),
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
    ensure!(
        why.contains("UAH of SUP") && why.contains("Way out: add an exchange rate for UAH"),
        "{why}"
    );
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
    bureau.offers(&format!("{mended}X,SUP,Anvil,H87,1.00,EUR,1,1,10,2025-01-01,,BUY,,,,\n"))?;
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
        BIG,SUP,Server,H87,9000000000000.00,EUR,1,1,10,2025-01-01,,SHOP,,,,\n";
    let money = "id,donors,firmness,stated,amount,currency,channel,obligate_by,consent,source\n\
                 AA-1,AA,commitment,2025-01-01,100000.00,EUR,SHOP,2099-12-31,none,invented\n";
    let parties = "id,name,role,from,to,evidence\nAA,Donor,member,2025-01-01,,invented\n\
        REQ,Ministry,beneficiary,2025-01-01,,invented\nBUY,Agent,buying_agent,2025-01-01,,invented\n\
        REQ2,Other ministry,beneficiary,2025-01-01,,invented\n\
        SHOP,Shop,buying_agent,2025-01-01,,invented\nSUP,Supplier,,,,\n";
    let lines = [
        line("N-1", "Laptop", "2,H87", "90.00"),
        line("N-2", "Tablet", "2,H87", "90.00"),
        line("N-3", "Phone", "2,H87", "90.00"),
        line("N-4", "Server", "1000000,H87", "9000000000000.00"),
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
