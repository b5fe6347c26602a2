//! What commands say as JSON and as CSV: the shapes that are described at `/v1/openapi.json`, no field
//! more and none less, and columns that stay.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use jsonschema::Validator;
use serde_json::{Value, json};
use tempfile::TempDir;
use waybill_api::openapi;

use crate::coalition::{self, HEADER, row};
use crate::every_store::by_hand::open;
use crate::support::{run, run_example, text};

/// The example on a day on which lots are everywhere.
struct Example {
    _folder: TempDir,
    data: PathBuf,
    described: Value,
}

impl Example {
    fn open() -> Result<Self> {
        let folder = TempDir::new()?;
        let data = folder.path().join("data");
        run_example(&data, &["--until", "2024-04-12"])?.ok()?;
        Self::of(data, folder)
    }

    fn of(data: PathBuf, folder: TempDir) -> Result<Self> {
        let mut described = serde_json::to_value(openapi())?;
        close(&mut described["components"]["schemas"]);
        Ok(Self { _folder: folder, data, described })
    }

    fn says(&self, words: &[&str]) -> Result<String> {
        Ok(run(&[words, &["--data", text(&self.data)?]].concat())?.ok()?.out)
    }

    fn json(&self, words: &[&str]) -> Result<Value> {
        let said = self.says(&[words, &["--json"]].concat())?;
        serde_json::from_str(&said).with_context(|| format!("{words:?}: not one document: {said}"))
    }

    /// What `words` say must have the shape that is described as `name`; of a list, each item.
    fn holds(&self, words: &[&str], name: &str) -> Result<Value> {
        let said = self.json(words)?;
        self.is(&said, name).with_context(|| format!("{words:?}"))?;
        Ok(said)
    }

    fn is(&self, said: &Value, name: &str) -> Result<()> {
        let schema = match name.strip_suffix("[]") {
            Some(item) => json!({ "type": "array", "minItems": 1, "items": reference(item) }),
            None => reference(name),
        };
        let shape = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "components": self.described["components"],
            "allOf": [schema],
        });
        let validator: Validator = jsonschema::options().build(&shape)?;
        let wrong: Vec<String> = validator
            .iter_errors(said)
            .take(5)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        ensure!(wrong.is_empty(), "this is no {name}: {}", wrong.join("\n"));
        Ok(())
    }

    /// An id out of what `words` list, by a field.
    fn first(&self, words: &[&str], field: &str) -> Result<String> {
        let said = self.json(words)?;
        let id = said[0][field].as_str().with_context(|| format!("{words:?}: {said}"))?;
        Ok(id.to_owned())
    }
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

/// Lets objects have no field that is not described, but for those whose fields others take over.
fn close(schemas: &mut Value) {
    let mut lent = Vec::new();
    lends(schemas, &mut lent);
    for (name, schema) in schemas.as_object_mut().into_iter().flatten() {
        let is_lent = lent.contains(&format!("#/components/schemas/{name}"));
        let Some(schema) = schema.as_object_mut().filter(|_| !is_lent) else { continue };
        if schema.contains_key("properties") || schema.contains_key("allOf") {
            schema.insert("unevaluatedProperties".to_owned(), Value::Bool(false));
        }
    }
}

/// The shapes in `value` whose fields others take over.
fn lends(value: &Value, lent: &mut Vec<String>) {
    for part in value["allOf"].as_array().into_iter().flatten() {
        lent.extend(part["$ref"].as_str().map(str::to_owned));
    }
    let fields = value.as_object().into_iter().flat_map(|fields| fields.values());
    for inner in fields.chain(value.as_array().into_iter().flatten()) {
        lends(inner, lent);
    }
}

#[test]
fn what_is_listed_and_shown_has_the_described_shape() -> Result<()> {
    let example = Example::open()?;
    for (words, shape) in [
        (&["status"][..], "StatusView"),
        (&["todo"], "Move[]"),
        (&["lots", "--all"], "LotView[]"),
        (&["lines", "--all"], "LineView[]"),
        (&["money"], "MoneyView"),
        (&["money", "--donor", "LU", "--on", "2024-04-01"], "MoneyView"),
        (&["arrivals", "--next", "120m"], "Arrival[]"),
        (&["lead-times"], "LeadTime[]"),
        (&["cron", "list"], "CalendarEntry[]"),
        (&["cron", "next"], "ComingFire[]"),
        (&["doctor"], "Diagnosis"),
        (&["check"], "Findings"),
        (&["plan", "--from", "2024-04-12"], "Planned"),
        (&["report", "weekly", "--on", "2024-04-01"], "WeeklyReport"),
        (&["report", "steering"], "SteeringReport"),
        (&["report", "donor", "LU"], "DonorReport"),
        (&["report", "requester", "UA-MOD-IT"], "RequesterReport"),
    ] {
        example.holds(words, shape)?;
    }
    let lot = example.first(&["lots", "--awaits", "funding"], "id")?;
    example.holds(&["why", &lot], "Why")?;
    let funded = example.first(&["lots", "--donor", "LU"], "id")?;
    example.holds(&["why", &funded], "Why")?;
    let order = example.first(&["lots", "--awaits", "delivery"], "order")?;
    let line = example.first(&["lines"], "external_id")?;
    let envelopes = example.json(&["money"])?;
    let envelope = envelopes["envelopes"][0]["id"].as_str().context("an envelope")?;
    for id in [&lot, &line, &order, "LU", "UA-MOD-IT", envelope] {
        example.holds(&["show", id], "Shown")?;
    }
    let events = example.says(&["events", "--after", "0", "--json"])?;
    for event in events.lines() {
        example.is(&serde_json::from_str(event)?, "CloudEvent").context("an event")?;
    }
    ensure!(events.lines().count() > 100, "{events}");
    Ok(())
}

#[test]
fn what_acts_say_has_the_described_shape() -> Result<()> {
    let secretariat = open(&[row("R-1", 3), row("R-2", 4)])?;
    let example = Example::of(secretariat.data.clone(), TempDir::new()?)?;
    secretariat.until("LOT-001", "consent")?;
    let fields = fields_of("R-3");
    let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
    let submit = [&["submit"][..], &fields].concat();
    let pledge =
        ["contribute", "XX-1", "--donor", "XX", "--amount", "EUR 5k", "--evidence", "letter"];
    for (words, shape) in [
        (&["note", "LOT-001", "-m", "call them"][..], "ActAnswer"),
        (&["hold", "LOT-001", "LOT-002", "--dry-run"], "ActAnswer"),
        (&["hold", "LOT-002"], "ActAnswer"),
        (&["hold", "LOT-002"], "ActAnswer"),
        (&[&submit[..], &["--dry-run"]].concat(), "Handed"),
        (&submit, "Handed"),
        (&[&pledge[..], &["--dry-run"]].concat(), "Contribution"),
        (&pledge, "ContributionView"),
        (&pledge, "ContributionView"),
        (&["consent", "give", "LOT-001"], "ActAnswer"),
        (&["token", "create", "observer"], "IssuedToken"),
        (&["token", "list"], "TokenView[]"),
        (&["webhook", "create", "http://127.0.0.2:9/hook"], "MadeWebhook"),
        (&["webhook", "list"], "WebhookView[]"),
    ] {
        example.holds(words, shape)?;
    }
    let (order, _) = secretariat.order(&[])?;
    for (words, shape) in [
        (&["order", "respond", &order, "--dry-run"][..], "Answer"),
        (&["order", "respond", &order], "Answer"),
        (&["order", "respond", &order], "Answer"),
    ] {
        example.holds(words, shape)?;
    }
    let webhook = example.first(&["webhook", "list"], "id")?;
    let shown = example.json(&["webhook", "show", &webhook])?;
    example.is(&shown["webhook"], "WebhookView")?;
    example.holds(&["webhook", "ping", &webhook], "Pinged")?;
    example.holds(&["webhook", "replay", &webhook, "--from", "1"], "Replayed")?;
    example.holds(&["webhook", "rotate", &webhook], "MadeWebhook")?;
    secretariat.service.stop()?;
    Ok(())
}

#[test]
fn incidents_have_the_described_shape() -> Result<()> {
    let folder = TempDir::new()?;
    let dir = coalition::write(folder.path(), &[row("R-1", 5)])?;
    let data = folder.path().join("data");
    // Nobody answers the order.
    run(&["run", text(&dir)?, "--data", text(&data)?])?.ok()?;
    let example = Example::of(data, folder)?;
    example.holds(&["incidents"], "IncidentView[]")?;
    let close = ["incident", "replay", "a supplier does not respond"];
    example.holds(&close, "ActAnswer")?;
    Ok(())
}

/// A line by its fields, as `submit` takes it.
fn fields_of(id: &str) -> Vec<String> {
    let row = row(id, 2);
    let fields = HEADER.split(',').zip(row.split(',')).filter(|(_, value)| !value.is_empty());
    fields.map(|(name, value)| format!("{name}={value}")).collect()
}

/// Programs read columns by their names.
#[test]
fn the_columns_of_each_listing_as_csv() -> Result<()> {
    let example = Example::open()?;
    let mut columns = BTreeMap::new();
    for words in [
        &["todo"][..],
        &["lots"],
        &["lines"],
        &["money"],
        &["arrivals"],
        &["incidents"],
        &["lead-times"],
        &["cron", "list"],
        &["cron", "next"],
        &["token", "list"],
        &["webhook", "list"],
        &["migrate", "--dry-run"],
    ] {
        let said = example.says(&[words, &["--csv"]].concat())?;
        let head = said.lines().next().with_context(|| format!("{words:?}"))?;
        columns.insert(words.join(" "), head.to_owned());
    }
    let told: Vec<String> =
        columns.iter().map(|(words, head)| format!("{words}: {head}")).collect();
    insta::assert_snapshot!(told.join("\n"));
    Ok(())
}
