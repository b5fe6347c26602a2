//! `waybill money`, `arrivals`, `lead-times` and `report`, on days of the example's history.

use std::fs;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use crate::support::{example_copy, run, run_example, text};

/// A day on which much is open, and the next.
const THEN: &str = "2024-05-14";
const NEXT: &str = "2024-05-15";

/// What can be asked about a day.
const QUESTIONS: [&[&str]; 6] = [
    &["money"],
    &["arrivals", "--next", "90d"],
    &["report", "weekly"],
    &["report", "steering"],
    &["report", "donor", "LU"],
    &["report", "requester", "UA-MOD-IT"],
];

#[test]
fn an_earlier_day_is_told_as_it_was_then() -> Result<()> {
    // One history went on for a year and a half, the other for a day.
    let (whole, folder) = (example_copy()?, TempDir::new()?);
    let ended = folder.path().join("data");
    run_example(&ended, &["--until", NEXT])?.ok()?;
    for question in QUESTIONS {
        let ask = |data| {
            let more = ["--on", THEN, "--json", "--data", data];
            run(&[question, more.as_slice()].concat())?.json()
        };
        let (later, then) = (ask(text(&whole.data)?)?, ask(text(&ended)?)?);
        ensure!(later == then, "{question:?}: {later} is not {then}");
        let next = ["--on", "2024-06-26", "--json", "--data", text(&whole.data)?];
        let next = run(&[question, next.as_slice()].concat())?.json()?;
        ensure!(next != then, "{question:?}: nothing has changed six weeks later");
    }
    Ok(())
}

#[test]
fn money_arrivals_and_lead_times_read_well() -> Result<()> {
    let copy = example_copy()?;
    let data = text(&copy.data)?;
    for (name, question) in [
        ("money", &["money", "--on", "2024-10-20"][..]),
        ("money_of_a_donor", &["money", "--on", "2024-10-20", "--donor", "NL"]),
        ("arrivals", &["arrivals", "--on", "2024-07-10"]),
        ("lead_times", &["lead-times"]),
        ("lead_times_monthly", &["lead-times", "--by", "category", "--month"]),
    ] {
        let said = run(&[question, &["--data", data]].concat())?.ok()?.out;
        for line in said.lines() {
            ensure!(line.chars().count() <= 80, "{question:?}: {line}");
        }
        insta::assert_snapshot!(name, said);
    }
    let csv = run(&["money", "--on", "2024-10-20", "--csv", "--data", data])?.ok()?.out;
    insta::assert_snapshot!("money_csv", csv);
    Ok(())
}

#[test]
fn the_parts_of_each_envelope_add_up() -> Result<()> {
    let copy = example_copy()?;
    for day in ["2024-04-05", THEN, "2024-10-20", "2025-11-16"] {
        let view = run(&["money", "--on", day, "--json", "--data", text(&copy.data)?])?.json()?;
        let envelopes = view["envelopes"].as_array().context("envelopes")?;
        ensure!(!envelopes.is_empty(), "{view}");
        for money in envelopes.iter().map(|given| &given["money"]).filter(|m| m.is_object()) {
            let part = |name: &str| money[name]["minor"].as_i64().unwrap_or_default();
            let parts = ["unopened", "left", "proposed", "agreed", "obligated", "disbursed"];
            let sum: i64 = parts.iter().map(|name| part(name)).sum();
            let sum = sum + part("expired") - part("overrun");
            ensure!(sum == part("committed"), "{day}: {money}");
        }
    }
    Ok(())
}

/// The figures at the head of a donor's page, in cents.
fn figures(page: &str) -> Result<Vec<(String, i64)>> {
    let figures = page.lines().filter_map(|line| line.strip_prefix("- ")?.split_once(": **"));
    let cents = |(name, amount): (&str, &str)| {
        let digits: String = amount.chars().filter(|c| c.is_ascii_digit() || *c == '-').collect();
        Ok((name.to_owned(), digits.parse()?))
    };
    figures.map(cents).collect()
}

#[test]
fn the_figures_of_every_donors_page_add_up_to_the_cent() -> Result<()> {
    let copy = example_copy()?;
    let data = text(&copy.data)?;
    // Iceland had given nothing then.
    let then = (vec!["--on", THEN], &["DK", "EE", "LT", "LU", "NL"][..]);
    for (on, donors) in [(vec![], &["DK", "EE", "IS", "LT", "LU", "NL"][..]), then] {
        for donor in donors {
            let asked = [&["report", "donor", donor, "--data", data][..], &on].concat();
            let found = figures(&run(&asked)?.ok()?.out)?;
            let (whole, parts) = found.split_first().context("figures")?;
            ensure!(whole.0 == "Committed" && parts.len() >= 3, "{found:?}");
            let sum: i64 = parts.iter().map(|(_, part)| part).sum();
            ensure!(sum == whole.1, "{donor} {on:?}: {found:?}");
        }
    }
    Ok(())
}

#[test]
fn a_requesters_page_has_the_day_of_everything_that_came() -> Result<()> {
    let copy = example_copy()?;
    let asked = ["report", "requester", "UA-MOD-IT", "--json", "--data", text(&copy.data)?];
    let report = run(&asked)?.json()?;
    let lots = report["lots"]["first"].as_array().context("lots")?;
    let came = lots.iter().filter(|lot| lot["state"] == "delivered");
    ensure!(came.clone().count() > 3, "{report}");
    for lot in came {
        ensure!(lot["expected"]["by"] == "received", "{lot}");
        ensure!(lot["expected"]["day"].as_str() <= report["day"].as_str(), "{lot}");
    }
    Ok(())
}

#[test]
fn a_report_is_a_page_a_text_a_table_and_data() -> Result<()> {
    let copy = example_copy()?;
    let folder = TempDir::new()?;
    for (name, question, parts) in [
        ("weekly", &["weekly"][..], ["Overdue, and whose move it is", "How the money moved"]),
        ("steering", &["steering"], ["Consents to be given", "The roadmap"]),
        ("donor", &["donor", "NL"], ["What NL-2024-1 pays for", "Documents by day"]),
        ("requester", &["requester", "UA-MOD-IT"], ["The list, by rank", "by the roadmap"]),
    ] {
        let file = |ending: &str| folder.path().join(format!("{name}.{ending}"));
        let mut asked = vec!["report"];
        asked.extend(question);
        asked.extend(["--on", "2024-10-20", "--data", text(&copy.data)?]);
        let printed = run(&asked)?.ok()?.out;
        let files = ["html", "md", "csv", "json"].map(file);
        for path in &files {
            asked.extend(["--output", text(path)?]);
        }
        asked.push("--json");
        let data = run(&asked)?.json()?;
        let [page, markdown, table, json] = files.map(fs::read_to_string);
        ensure!(markdown? == printed, "{name}: the text differs from what is printed");
        ensure!(serde_json::from_str::<serde_json::Value>(&json?)? == data, "{name}: the data");
        let page = page?;
        for part in parts {
            // A day by the roadmap is told where there is one.
            ensure!(page.contains(part) || part == "by the roadmap", "{name}: no {part}");
        }
        for outside in ["src=", "<script", "url(http", "@import", "https:", "Example Street"] {
            ensure!(!page.contains(outside), "{name}: {outside}");
        }
        let table = table?;
        let head =
            "section,day,subject,line,requester,item,quantity,unit,party,amount,currency,detail";
        ensure!(table.lines().next() == Some(head) && table.lines().count() > 5, "{table}");
        if name == "weekly" || name == "steering" {
            insta::assert_snapshot!(format!("report_{name}"), printed);
        }
    }
    Ok(())
}

#[test]
fn what_cannot_be_reported_says_why() -> Result<()> {
    let copy = example_copy()?;
    let data = text(&copy.data)?;
    for (question, parts) in [
        (&["money", "--on", "2999-01-01"][..], ["is not over yet", "name a day up to"]),
        (&["money", "--donor", "XX"], ["`XX` is not a donor here", "DE, DK, EE"]),
        (&["report", "donor", "XX"], ["`XX` is not a donor here", "the donors are"]),
        (&["report", "requester", "XX"], ["no requester `XX`", "hint"]),
        (&["report", "donor", "a/b"], ["`a/b` is not a donor", "waybill report donor"]),
        (
            &["report", "weekly", "--output", "x.pdf"],
            ["neither .html, .md, .csv nor .json", "x.pdf"],
        ),
        (&["arrivals", "--columns", "due,x"], ["there is no column `x`", "there are: due, when"]),
    ] {
        run(&[question, &["--data", data]].concat())?.failed(1, &parts)?;
    }
    let said = run(&["arrivals", "--next", "soon", "--data", data])?;
    ensure!(said.code == Some(1) && said.err.contains("such as 30d, 4w or 2m"), "{}", said.err);
    Ok(())
}
