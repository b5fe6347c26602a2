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
        "check",
        "match",
        "health",
        "bench",
        "token create",
        "webhook",
        "webhook create",
        "audit",
    ] {
        let words: Vec<&str> = command.split(' ').collect();
        insta::assert_snapshot!(format!("help_{}", words.join("_")), help(&words)?);
    }
    Ok(())
}

#[test]
fn a_lot_with_its_history() -> Result<()> {
    let copy = example_copy()?;
    let data = text(&copy.data)?;
    // Reviewed, approved, late, chased, and paid above what was bound.
    insta::assert_snapshot!("show_lot", run(&["show", "LOT-00B", "--data", data])?.ok()?.out);
    insta::assert_snapshot!(
        "show_line",
        run(&["show", "REQ-2024-07/1", "--data", data])?.ok()?.out
    );
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
