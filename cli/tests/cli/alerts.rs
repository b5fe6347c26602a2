//! The alert rules and the dashboard in `docs/`: what they name is measured, and each alert has its page in the runbook.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::api::receiver::{Receiver, Temper};
use crate::api::surface::Surface;
use crate::coalition::{requisitions, row};
use crate::support::{SOON, answered, eventually, run, text};

/// Labels that Prometheus gives.
const GIVEN: [&str; 2] = ["instance", "job"];

fn page(name: &str) -> Result<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(name);
    fs::read_to_string(&path).with_context(|| path.display().to_string())
}

/// What follows `start` on each line that begins with it.
fn values<'a>(text: &'a str, start: &'a str) -> impl Iterator<Item = &'a str> {
    text.lines().filter_map(move |line| Some(line.trim().strip_prefix(start)?.trim()))
}

/// Every expression of the dashboard.
fn expressions(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            found.extend(fields.get("expr").and_then(Value::as_str).map(str::to_owned));
            fields.values().for_each(|value| expressions(value, found));
        }
        Value::Array(all) => all.iter().for_each(|value| expressions(value, found)),
        _ => {}
    }
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}

/// The metrics that an expression, or a text, names.
fn metrics(text: &str) -> BTreeSet<&str> {
    words(text)
        .filter(|word| word.starts_with("waybill_") || word.starts_with("process_"))
        .collect()
}

/// The labels that an expression names: by what it sums, and what it asks for.
fn labels(expression: &str) -> BTreeSet<&str> {
    let mut found = BTreeSet::new();
    for (before, after) in [("by (", ')'), ("{", '}')] {
        for part in expression.split(before).skip(1) {
            let inside = part.split(after).next().unwrap_or_default();
            let names = inside.split(',').map(|label| label.split('=').next().unwrap_or_default());
            found.extend(names.map(str::trim).filter(|name| !name.is_empty()));
        }
    }
    found.retain(|label| !GIVEN.contains(label));
    found
}

/// Whether the text of the metrics describes one of that name, as it is or as a part of a family.
fn is_described(told: &str, metric: &str) -> bool {
    let parts = ["", "_total", "_bucket", "_sum", "_count", "_info"];
    let families = parts.iter().filter_map(|part| metric.strip_suffix(part));
    families.into_iter().any(|family| {
        ["HELP", "TYPE"].iter().all(|kind| told.contains(&format!("# {kind} {family} ")))
    })
}

/// The heading of the runbook as a link names it.
fn anchor(heading: &str) -> String {
    let kept = heading.to_lowercase();
    let kept = kept.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

#[test]
fn what_alerts_and_dashboard_name_is_measured() -> Result<()> {
    let (alerts, runbook) = (page("alerts.yml")?, page("runbook.md")?);
    let reference = page("reference/metrics.md")?;
    let mut dashboard = Vec::new();
    expressions(&serde_json::from_str(&page("dashboard.json")?)?, &mut dashboard);
    let rules: Vec<&str> = values(&alerts, "expr:").collect();
    ensure!(rules.len() == values(&alerts, "- alert:").count(), "an alert has no rule of one line");
    ensure!(rules.len() > 8 && dashboard.len() > 8, "{rules:?} {dashboard:?}");

    // Something of each kind that can be measured: lots that have moved, one that waits, a pause, a webhook behind.
    let surface = Surface::open(1)?;
    surface.until("LOT-001", "response")?;
    let data = text(&surface.secretariat.data)?;
    let receiver = Receiver::start(Temper::Broken)?;
    let operator = surface.token("operator", "")?;
    let webhook = json!({"url": receiver.url(), "after": 0});
    surface.post(&operator, "/v1/webhooks", &webhook)?.is(201)?;
    run(&["pause", "all", "--data", data])?.ok()?;
    let more = surface.secretariat.folder.path().join("more.csv");
    requisitions(&more, &[row("R-2", 1)])?;
    run(&["import", text(&more)?, "--data", data])?.ok()?;

    let address = surface.base.trim_start_matches("http://").to_owned();
    let mut missing = String::new();
    let looked = eventually("all of it is measured", SOON, || {
        let (_, _, told) = answered(&address, "/metrics")?;
        missing = lacking(&told, rules.iter().copied().chain(dashboard.iter().map(|e| &**e)));
        Ok(missing.is_empty().then_some(told))
    });
    let told = looked.with_context(|| missing.clone())?;
    for metric in metrics(&runbook).union(&metrics(&reference)) {
        ensure!(is_described(&told, metric), "a page names {metric}, which is not measured");
    }

    let headings: BTreeSet<String> = values(&runbook, "## ").map(anchor).collect();
    let pages: Vec<&str> = values(&alerts, "runbook:").collect();
    ensure!(pages.len() == rules.len(), "an alert has no page in the runbook");
    for page in pages {
        let (file, heading) = page.trim_matches('"').split_once('#').context("a heading")?;
        ensure!(file == "docs/runbook.md" && headings.contains(heading), "no page {page}");
    }
    for (rule, summary) in rules.iter().zip(values(&alerts, "summary:")) {
        for named in summary.split("$labels.").skip(1) {
            let label = words(named).next().unwrap_or_default();
            ensure!(rule.contains(label), "`{label}` of `{summary}` is not kept by `{rule}`");
        }
    }
    Ok(())
}

/// What expressions name and the metrics do not tell.
fn lacking<'a>(told: &str, expressions: impl Iterator<Item = &'a str>) -> String {
    let mut missing = Vec::new();
    for expression in expressions {
        let named = metrics(expression);
        missing.extend(
            named
                .iter()
                .filter(|metric| !is_described(told, metric))
                .map(|metric| format!("`{metric}` of `{expression}` is not measured")),
        );
        let has = |label: &str| {
            let mut samples = told.lines().filter(|line| !line.starts_with('#'));
            samples.any(|line| {
                named.iter().any(|metric| line.starts_with(&format!("{metric}{{")))
                    && words(line).any(|word| word == label)
            })
        };
        let unknown = labels(expression).into_iter().filter(|label| !has(label));
        missing.extend(unknown.map(|label| format!("no `{label}` in what `{expression}` asks")));
    }
    missing.join("\n")
}
