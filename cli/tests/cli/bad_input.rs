//! Bad input changes nothing, and the error names file, row, field and value, and the way out.

use std::fs;
use std::path::Path;

use anyhow::{Result, ensure};
use tempfile::TempDir;

use crate::coalition::{self, HEADER, requisitions, row};
use crate::support::{is_clean, lots, run, text};

/// Imports `bytes` as `name` twice, into no data folder and into one with a lot: both times it must
/// be refused with `parts`, and nothing changed.
fn refused(name: &str, bytes: &[u8], parts: &[&str]) -> Result<()> {
    let folder = TempDir::new()?;
    let (good, bad) = (folder.path().join("good.csv"), folder.path().join(name));
    requisitions(&good, &[row("R-0", 1)])?;
    fs::write(&bad, bytes)?;
    refused_path(folder.path(), &good, &bad, parts)
}

fn refused_path(folder: &Path, good: &Path, bad: &Path, parts: &[&str]) -> Result<()> {
    let data = folder.join("data");
    let mut parts = parts.to_vec();
    parts.push("hint:");
    run(&["import", text(bad)?, "--data", text(&data)?])?.failed(1, &parts)?;
    ensure!(!data.exists(), "a data folder is there");
    run(&["import", text(good)?, "--data", text(&data)?])?.ok()?;
    let (before, events) = (lots(&data)?, is_clean(&data)?);
    run(&["import", text(bad)?, "--data", text(&data)?])?.failed(1, &parts)?;
    ensure!(lots(&data)? == before && is_clean(&data)? == events, "something was taken");
    Ok(())
}

/// A good row, then one in which `from` is `to`.
fn changed(from: &str, to: &str) -> String {
    let bad = row("R-2", 20);
    assert!(bad.contains(from), "{bad}");
    format!("{HEADER}\n{}\n{}\n", row("R-1", 10), bad.replacen(from, to, 1))
}

#[test]
fn a_missing_column() -> Result<()> {
    let text = changed("", "").replace("unit_estimate", "estimate");
    refused("r.csv", text.as_bytes(), &["r.csv", "unit_estimate"])
}

#[test]
fn an_unknown_unit() -> Result<()> {
    let parts = ["r.csv, row 3, field unit, value \"EA\""];
    refused("r.csv", changed("H87", "EA").as_bytes(), &parts)
}

#[test]
fn an_unknown_currency() -> Result<()> {
    let parts = ["r.csv, row 3, field currency, value \"EUX\""];
    refused("r.csv", changed("EUR", "EUX").as_bytes(), &parts)
}

#[test]
fn a_day_that_does_not_exist() -> Result<()> {
    for day in ["31.02.2025", "2025-02-31"] {
        let value = format!("r.csv, row 3, field requested, value \"{day}\"");
        refused("r.csv", changed("2025-01-02", day).as_bytes(), &[&value])?;
    }
    Ok(())
}

#[test]
fn a_price_of_three_decimals_may_be_thousands() -> Result<()> {
    let parts = ["r.csv, row 3, field unit_estimate, value \"100.005\"", "or 100,005"];
    refused("r.csv", changed("100.00", "100.005").as_bytes(), &parts)
}

#[test]
fn pieces_below_zero_or_in_fractions() -> Result<()> {
    for quantity in ["-5", "1.5", "0"] {
        let value = format!("r.csv, row 3, field quantity, value \"{quantity}\"");
        refused("r.csv", changed(",20,", &format!(",{quantity},")).as_bytes(), &[&value])?;
    }
    Ok(())
}

#[test]
fn an_empty_file() -> Result<()> {
    refused("r.csv", b"", &["r.csv: is empty"])?;
    refused("r.json", b"", &["r.json"])?;
    refused("r.jsonl", b"", &["r.jsonl"])?;
    refused("r.xlsx", b"", &["r.xlsx"])
}

#[test]
fn bytes_that_are_not_utf_8() -> Result<()> {
    let mut bytes = changed("", "").into_bytes();
    let last = bytes.len() - 3;
    bytes[last] = 0xff;
    let offset = format!("offset {last}");
    refused("r.csv", &bytes, &["r.csv, row 3", "UTF-8", &offset])
}

#[test]
fn a_format_that_is_not_read() -> Result<()> {
    refused("r.pdf", b"%PDF-1.7", &["r.pdf", ".csv"])
}

#[test]
fn a_line_without_end() -> Result<()> {
    let mut bytes = changed("", "").into_bytes();
    bytes.resize(3 * 1024 * 1024, b'x');
    refused("r.csv", &bytes, &["r.csv, row 4", "longer than"])
}

#[test]
fn a_directory_without_settings() -> Result<()> {
    let folder = TempDir::new()?;
    let (good, dir) = (folder.path().join("good.csv"), folder.path().join("dir"));
    requisitions(&good, &[row("R-0", 1)])?;
    fs::create_dir(&dir)?;
    // Whoever names a folder means a coalition.
    refused_path(folder.path(), &good, &dir, &["dir has no coalition.toml"])?;
    let said = run(&["run", text(&dir)?, "--json"])?;
    said.failed(1, &["coalition.toml", "hint:"])?;
    Ok(())
}

#[test]
fn no_such_file() -> Result<()> {
    let folder = TempDir::new()?;
    let (good, none) = (folder.path().join("good.csv"), folder.path().join("none.csv"));
    requisitions(&good, &[row("R-0", 1)])?;
    refused_path(folder.path(), &good, &none, &["none.csv: no such file"])
}

#[test]
fn a_coalition_that_contradicts_itself() -> Result<()> {
    let folder = TempDir::new()?;
    let data = folder.path().join("data");
    let dir = coalition::write(folder.path(), &[row("R-1", 10)])?;
    let offers = fs::read_to_string(dir.join("offers.csv"))?;
    fs::write(dir.join("offers.csv"), offers.replace("SUP", "SUPP"))?;
    for command in ["import", "run"] {
        let said = run(&[command, text(&dir)?, "--data", text(&data)?])?;
        said.failed(1, &["offers.csv, row 2, field supplier, value \"SUPP\"", "hint:"])?;
        ensure!(!data.exists(), "a data folder is there");
    }
    Ok(())
}

#[test]
fn a_pipeline_that_is_none() -> Result<()> {
    let folder = TempDir::new()?;
    let data = folder.path().join("data");
    let dir = coalition::write(folder.path(), &[row("R-1", 10)])?;
    let pipeline = fs::read_to_string(dir.join("pipeline.toml"))?;
    let cases = [
        (pipeline.replace("match_donor\"", "match_donors\""), "match_donors"),
        (pipeline.replace("gather_s", "gather"), "gather"),
        (pipeline.replace("files", "fax"), "fax"),
        ("step = []\n".to_owned(), "at least one step"),
        (
            pipeline.replace("[[step]]\nname = \"match_donor\"\n", ""),
            "needs step `match_donor` before",
        ),
        (format!("{pipeline}\n[[step]]\nname = \"match_donor\"\n"), "occurs twice"),
        (
            format!("{pipeline}\n[issue_order.limit]\nconcurrency = 0\n"),
            "issue_order.limit.concurrency",
        ),
    ];
    for (text_of, part) in cases {
        fs::write(dir.join("pipeline.toml"), text_of)?;
        let said = run(&["run", text(&dir)?, "--data", text(&data)?])?;
        said.failed(1, &["pipeline.toml", part])?;
        ensure!(!data.exists(), "a data folder is there");
    }
    Ok(())
}
