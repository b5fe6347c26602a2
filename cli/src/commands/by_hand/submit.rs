//! `waybill submit`: lines by file, by options, or by answering questions.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};
use waybill_shared::import::LINE_FIELDS;

use crate::args;
use crate::client::Client;
use crate::failure::Failure;
use crate::output;
use crate::target::Target;

/// The required fields of a line.
const NEEDED: [&str; 13] = [
    "external_id",
    "requester",
    "item",
    "kind",
    "classification",
    "quantity",
    "unit",
    "unit_estimate",
    "currency",
    "class",
    "rank",
    "requested",
    "consignee",
];

/// The usual values of fields.
const USUAL: [(&str, &str); 4] =
    [("kind", "goods"), ("unit", "H87"), ("currency", "EUR"), ("class", "3")];

pub(crate) async fn submit(submit: args::Submit) -> Result<(), Failure> {
    let is_file = matches!(submit.what.as_slice(), [one] if !one.contains('='));
    let (kind, body) = if is_file {
        file(Path::new(&submit.what[0]))?
    } else {
        let fields = fields(&submit.what)?;
        ("application/json", json!([fields]).to_string().into_bytes())
    };
    let target = Target::of(&submit.how.data)?;
    let (partial, dry_run) = (submit.partial, submit.how.dry_run);
    let path = format!("/v1/requisitions?partial={partial}&dry_run={dry_run}");
    let handed: Value = Client::with(&target, async |client| client.send(&path, kind, body).await)
        .await
        .map_err(|failure| failure.hint_by("?partial=true", "--partial"))?;
    if submit.how.json {
        return output::json(&handed);
    }
    tell(&handed)
}

/// The content type of a file, by its extension, and its bytes.
fn file(path: &Path) -> Result<(&'static str, Vec<u8>), Failure> {
    let extension = path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    let kind = match extension.as_str() {
        "json" => "application/json",
        "jsonl" | "ndjson" => "application/x-ndjson",
        "csv" => "text/csv",
        "xlsx" => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        _ => {
            let message = format!("{} is not a file of lines", path.display());
            let hint = "name a .csv, .xlsx, .json or .jsonl file, or give fields as FIELD=VALUE";
            return Err(Failure::caller(message, hint));
        }
    };
    let body = std::fs::read(path).map_err(|error| {
        Failure::caller(format!("{}: {error}", path.display()), "name a file that can be read")
    })?;
    Ok((kind, body))
}

/// The fields of one line. Fields that were not given are asked for.
fn fields(given: &[String]) -> Result<BTreeMap<String, String>, Failure> {
    let mut fields = BTreeMap::new();
    for text in given {
        let (name, value) = text.split_once('=').ok_or_else(|| {
            Failure::caller(format!("`{text}` is not FIELD=VALUE"), "write it as quantity=12")
        })?;
        if !LINE_FIELDS.contains(&name) {
            let message = format!("a line has no field `{name}`");
            return Err(Failure::caller(message, format!("there are: {}", LINE_FIELDS.join(", "))));
        }
        fields.insert(name.to_owned(), value.to_owned());
    }
    let missing: Vec<&str> =
        NEEDED.into_iter().filter(|name| !fields.contains_key(*name)).collect();
    if missing.is_empty() {
        return Ok(fields);
    }
    if !output::can_ask() {
        let message = format!("the line lacks these fields: {}", missing.join(", "));
        return Err(Failure::caller(
            message,
            "give each as FIELD=VALUE, or run the command in a terminal, which asks for them",
        ));
    }
    let today = output::day(chrono::Utc::now()).to_string();
    for name in missing {
        let usual = USUAL.iter().find(|(usual, _)| *usual == name).map(|(_, value)| *value);
        let usual = if name == "requested" { Some(today.as_str()) } else { usual };
        let is_said = |text: &str| {
            if text.trim().is_empty() { Err("this field is required".to_owned()) } else { Ok(()) }
        };
        fields.insert(name.to_owned(), output::ask(&name.replace('_', " "), usual, is_said)?);
    }
    Ok(fields)
}

fn tell(handed: &Value) -> Result<(), Failure> {
    let count = |name: &str| handed[name].as_u64().unwrap_or(0);
    let mut text = format!(
        "{} new, {} amended, {} unchanged, {} refused\n",
        count("new"),
        count("amended"),
        count("unchanged"),
        count("refused")
    );
    for row in handed["rows"].as_array().into_iter().flatten() {
        let said = |name: &str| row[name].as_str().unwrap_or_default();
        if let (true, Some(errors)) = (said("result") == "refused", row["errors"].as_array()) {
            for error in errors {
                let field = error["field"].as_str().unwrap_or("row");
                let detail = error["detail"].as_str().unwrap_or_default();
                text.push_str(&format!("  row {}: {field}: {detail}\n", row["row"]));
            }
        } else if handed["rows"].as_array().is_some_and(|rows| rows.len() <= 20) {
            let (line, id) = (said("line"), said("external_id"));
            let is = if line.is_empty() { String::new() } else { format!(" is {line}") };
            text.push_str(&format!("  {id}{is}: {}\n", said("result").replace('_', " ")));
            if let Some(expected) = row["expected"].as_str() {
                text.push_str(&format!("    {expected}\n"));
            }
            for change in row["changes"].as_array().into_iter().flatten() {
                let said = |name: &str| change[name].as_str().unwrap_or_default();
                let (field, from, to) = (said("field"), said("from"), said("to"));
                text.push_str(&format!("    {field}: {from} -> {to}\n"));
            }
        }
    }
    if handed["dry_run"] == true {
        text.push_str("dry run: nothing above was taken\n");
    }
    output::data(&text)
}
