//! Texts: documents, commands, pipelines, cursors, tokens, amounts.

use std::path::Path;

use anyhow::Result;
use chrono::{DateTime, Utc};
use waybill_api::readers;
use waybill_scheduler::calendar::Times;
use waybill_shared::domain::document::Document;
use waybill_shared::domain::ids::{LineId, LotId};
use waybill_shared::domain::money::{Currency, Money, Rate};
use waybill_shared::domain::pipeline::Pipeline;
use waybill_shared::domain::price::Price;
use waybill_shared::domain::quantity::{Quantity, Unit};
use waybill_shared::import::{CoalitionFiles, read_coalition};
use waybill_workers::documents::read_document;

use crate::corpus::{example, file};
use crate::{Target, kept, twice};

const DOCUMENTS: [&str; 9] = [
    r#"{"sender":"SUP","number":"R-1","type":"order_response","order":"PO-1","lines":[{"lot":"LOT-001","answer":"changed","unit_price":{"minor":5,"currency":"EUR"},"due":"2025-02-01"}]}"#,
    r#"{"sender":"SUP","number":"R-2","type":"order_response","order":"PO-1","lines":[{"lot":"LOT-001","answer":"refused","text":"no"}]}"#,
    r#"{"sender":"SUP","number":"D-1","type":"despatch_advice","order":"PO-1","lines":[{"lot":"LOT-001","quantity":"2"}]}"#,
    r#"{"sender":"C1","number":"A-1","type":"receipt_advice","order":"PO-1","lines":[{"lot":"LOT-001.2","accepted":"2","rejected":"1.5"}]}"#,
    r#"{"sender":"BUY","number":"P-1","type":"payment","order":"PO-1","date":"2025-02-01","lines":[{"lot":"LOT-001","amount":{"minor":45000,"currency":"EUR"}}]}"#,
    r#"{"sender":"AA","number":"C-1","type":"consent","lot":"LOT-001","envelope":"AA-1","agreed":true}"#,
    r#"{"sender":"REQ","number":"K-1","type":"acceptance","lot":"LOT-001","accepted":false}"#,
    r#"{"sender":"it","number":"V-1","type":"review","lot":"LOT-001","verdict":"approved","text":"two\nlines"}"#,
    r#"{"sender":"SUP","number":"R-3","type":"order_response","order":"PO-1","lines":[]}"#,
];

const COMMANDS: [&str; 5] = [
    r#"{"act":"hold","on":["LOT-001"],"reason":"x"}"#,
    r#"{"act":"correct","on":["MIN/1"],"fields":{"description":"a"},"reason":"x","dry_run":true}"#,
    r#"{"act":"rank","on":["LINE-001"],"rank":4294967295,"class":9}"#,
    r#"{"act":"note","on":["PO-1"],"reason":"x","follow_up":"2026-01-01"}"#,
    r#"{"act":"attach","on":["PO-1"],"name":"a.pdf","content":"AAAA"}"#,
];

const JSON: &[&str] = &[
    "\"type\":\"review\"",
    "\"lot\":\"LOT-001\"",
    "\"minor\":-1",
    "\"currency\":\"KWD\"",
    "\"quantity\":\"1e3\"",
    ",\"per\":1000000",
    "{\"a\":",
    "\\u0000",
    "\\ud800",
    "\"lines\":[]",
    "\"accepted\":\"0\"",
    "\"due\":null",
    "LOT-ZZZZZZZZZZ",
    "LOT-0.4096",
    "LINE-",
    "PO-",
    "IK-",
];

const SETTINGS: &[&str] = &[
    "[[step]]\n",
    "name = \"match_donor\"\n",
    "[[cron]]\n",
    "at = \"* * * * *\"\n",
    "[webhooks]\n",
    "retry_s = [1]\n",
    "[[reserve]]\n",
    "class = 1\n",
    "[connector]\nkind = \"files\"\n",
];

const NUMBERS: &[&str] = &[
    "EUR ",
    " EUR",
    "KWD",
    "JPY",
    "ISK",
    "5M",
    "250k",
    ",",
    ".",
    "-",
    "00000000000000000000",
    ".000000000000000000000000000000000000000001",
    "99999999999999999999999999999999999999",
];

const TIMES: &[&str] = &[
    "* ",
    "*/5",
    "@daily",
    "L",
    "MON-FRI",
    "1-31/2",
    "29 2 *",
    "31 2 *",
    "0 0 30 2 *",
    "?",
    "#",
    "JAN",
    "0-59",
    "2099",
];

pub(crate) fn targets() -> Result<Vec<Target>> {
    let texts = |texts: &[&str]| -> Vec<Vec<u8>> {
        texts.iter().map(|text| text.as_bytes().to_vec()).collect()
    };
    let (one, other) = (file("live/pipeline.toml")?, file("it-coalition/pipeline.toml")?);
    let typed = serde_json::to_string(&read_coalition(&example("live"))?)?;
    let cursor = readers::cursor("lots", "LOT-001");
    let amounts =
        ["EUR 12,345.67", "5M EUR", "250k DKK", "12.5", "-3", "7.4605", "0.125", "1100.00"];
    let tokens = ["wbt_0a1b2c3d4e5f_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"];
    let times = ["0 6 * * MON-FRI", "*/15 * * * *", "0 0 1 1 *", "30 2 29 2 *"];
    let ids = ["LOT-7K2.3", "LINE-7K2", "LOT-001"];
    let target = |name, share, corpus, words, read| Target { name, share, corpus, words, read };
    Ok(vec![
        target("documents", 12, texts(&DOCUMENTS), JSON, read_documents),
        target("commands", 8, texts(&COMMANDS), JSON, read_command),
        target("typed", 3, texts(&[&typed]), JSON, read_typed),
        target("pipeline", 6, texts(&[&one, &other]), SETTINGS, read_pipeline),
        target("cursors", 5, texts(&[&cursor, "bG90czoA"]), &["bG90czo", "=", "-_"], read_cursor),
        target("tokens", 3, texts(&tokens), &["wbt_", "_"], read_token),
        target("amounts", 12, texts(&amounts), NUMBERS, read_amounts),
        target("ids", 4, texts(&ids), &["LOT-", "LINE-", ".4095", ".4096", "ZZZZZZZZZZ"], read_ids),
        target("times", 3, texts(&times), TIMES, read_times),
    ])
}

fn read_documents(_: &Path, input: &[u8]) -> Result<bool, String> {
    let inbox: Option<Document> = twice(|| read_document(input))?;
    let Some(document) = inbox else { return Ok(false) };
    let bytes = serde_json::to_vec(&document).map_err(|error| error.to_string())?;
    let again =
        read_document(&bytes).map_err(|error| format!("written, it is refused: {error}"))?;
    if again != document {
        return Err(format!("read again as something else: {document:?}"));
    }
    if readers::is_document(input) {
        return Ok(true);
    }
    Err(format!("the inbox takes what the route refuses: {document:?}"))
}

fn read_command(_: &Path, input: &[u8]) -> Result<bool, String> {
    let Some(command) = readers::command(input) else { return Ok(false) };
    kept(&command)?;
    Ok(true)
}

fn read_typed(_: &Path, input: &[u8]) -> Result<bool, String> {
    let read = || serde_json::from_slice::<CoalitionFiles>(input);
    let Some(files) = twice(read)? else { return Ok(false) };
    kept(&files)?;
    Ok(true)
}

fn read_pipeline(_: &Path, input: &[u8]) -> Result<bool, String> {
    let Ok(text) = std::str::from_utf8(input) else { return Ok(false) };
    let Some(pipeline) = twice(|| toml::from_str::<Pipeline>(text))? else { return Ok(false) };
    if pipeline.check().is_err() {
        return Ok(false);
    }
    kept(&pipeline)?;
    Ok(true)
}

fn read_cursor(_: &Path, input: &[u8]) -> Result<bool, String> {
    let Ok(text) = std::str::from_utf8(input) else { return Ok(false) };
    let Some(key) = readers::after("lots", text) else { return Ok(false) };
    match readers::after("lots", &readers::cursor("lots", &key)) {
        Some(again) if again == key => Ok(true),
        again => Err(format!("{key:?} comes back as {again:?}")),
    }
}

fn read_token(_: &Path, input: &[u8]) -> Result<bool, String> {
    Ok(std::str::from_utf8(input).is_ok_and(readers::is_token))
}

fn read_amounts(_: &Path, input: &[u8]) -> Result<bool, String> {
    let Ok(text) = std::str::from_utf8(input) else { return Ok(false) };
    let mut is_taken = false;
    let mut same = |what: &str, is_same: bool| {
        is_taken = true;
        if is_same { Ok(()) } else { Err(format!("{what} {text:?} comes back as another")) }
    };
    if let Ok(money) = text.parse::<Money>() {
        same("the amount", money.to_string().parse::<Money>() == Ok(money))?;
    }
    if let Ok(rate) = text.parse::<Rate>() {
        same("the rate", rate.to_string().parse::<Rate>() == Ok(rate))?;
    }
    for code in ["EUR", "JPY", "KWD"] {
        let currency: Currency = code.parse().map_err(|_| code.to_owned())?;
        if let Ok(money) = Money::parse(text, currency) {
            same("the amount", Money::parse(&money.decimal(), currency) == Ok(money))?;
        }
        if let Ok(price) = Price::parse(text, currency) {
            price.of(Quantity(Quantity::ONE)).ok();
            kept(&price)?;
        }
    }
    for code in ["H87", "KGM"] {
        let unit: Unit = code.parse().map_err(|_| code.to_owned())?;
        if let Ok(quantity) = Quantity::parse(text, unit) {
            same("the quantity", Quantity::parse(&quantity.to_string(), unit) == Ok(quantity))?;
        }
    }
    if let Ok(unit) = text.parse::<Unit>() {
        same("the unit", unit.to_string().parse::<Unit>() == Ok(unit))?;
    }
    Ok(is_taken)
}

fn read_ids(_: &Path, input: &[u8]) -> Result<bool, String> {
    let Ok(text) = std::str::from_utf8(input) else { return Ok(false) };
    let (lot, line) = (text.parse::<LotId>(), text.parse::<LineId>());
    let is_same = lot.as_ref().is_ok_and(|lot| lot.to_string().parse() == Ok(*lot))
        || line.as_ref().is_ok_and(|line| line.to_string().parse() == Ok(*line));
    match (lot.is_ok() || line.is_ok(), is_same) {
        (true, false) => Err(format!("{text:?} comes back as another: {lot:?}, {line:?}")),
        (is_taken, _) => Ok(is_taken),
    }
}

fn read_times(_: &Path, input: &[u8]) -> Result<bool, String> {
    let Ok(text) = std::str::from_utf8(input) else { return Ok(false) };
    let Ok(times) = Times::parse(text, chrono_tz::Europe::Kyiv) else { return Ok(false) };
    let mut moment = DateTime::<Utc>::UNIX_EPOCH;
    for _ in 0..3 {
        let Some(next) = times.next_after(moment) else { break };
        if next <= moment {
            return Err(format!("{text:?}: {next} is not after {moment}"));
        }
        moment = next;
    }
    Ok(true)
}
