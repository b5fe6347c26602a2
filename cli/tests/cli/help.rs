//! What people read, word for word, on 80 columns.

use anyhow::Result;

use crate::support::{example_copy, run, text};

fn help(command: &[&str]) -> Result<String> {
    Ok(run(&[command, &["--help"]].concat())?.ok()?.out)
}

#[test]
fn help_texts() -> Result<()> {
    insta::assert_snapshot!("help", help(&[])?);
    for command in [
        "run",
        "serve",
        "api",
        "import",
        "status",
        "todo",
        "lots",
        "lines",
        "incidents",
        "show",
        "why",
        "watch",
        "plan",
        "money",
        "arrivals",
        "lead-times",
        "report",
        "report donor",
        "report steering",
        "check",
        "backup",
        "restore",
        "export",
        "migrate",
        "match",
        "health",
        "bench",
        "token create",
        "webhook",
        "webhook create",
        "audit",
        "events",
        "cron run",
        "doctor",
    ] {
        let words: Vec<&str> = command.split(' ').collect();
        insta::assert_snapshot!(format!("help_{}", words.join("_")), help(&words)?);
    }
    Ok(())
}

#[test]
fn nothing_is_wider_than_the_terminal() -> Result<()> {
    let copy = example_copy()?;
    let data = text(&copy.data)?;
    for arguments in [
        &["lots", "--data", data, "--limit", "1000"][..],
        &["lines", "--data", data, "--all"],
        &["incidents", "--data", data],
        &["todo", "--data", data],
        &["status", "--data", data],
        &["show", "LOT-00B", "--data", data],
        &["show", "PO-SUP-01-NSPA-EUR-0001", "--data", data],
        &["show", "LU", "--data", data],
    ] {
        let said = run(arguments)?.ok()?;
        for line in said.out.lines() {
            anyhow::ensure!(line.chars().count() <= 80, "{arguments:?}: {line}");
        }
    }
    Ok(())
}

#[test]
fn an_error_names_the_way_out() -> Result<()> {
    let copy = example_copy()?;
    let data = text(&copy.data)?;
    let said = run(&["show", "LOT-7K2", "--data", data])?.failed(1, &[])?;
    insta::assert_snapshot!(said.err, @r"
    error: no lot `LOT-7K2`

      hint: `waybill lots` lists the lots there are
    ");
    Ok(())
}
