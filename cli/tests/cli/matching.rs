//! `waybill match`: the contract of the matcher alone.

use std::fs;
use std::path::Path;

use anyhow::{Result, ensure};
use tempfile::TempDir;

use crate::support::{run, text};

#[test]
fn an_instance_is_answered() -> Result<()> {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/match.json");
    let answer = run(&["match", text(&example)?])?.json()?;
    let lots = |part: &str| -> Vec<&str> {
        let list = answer[part].as_array().map(Vec::as_slice).unwrap_or_default();
        list.iter().filter_map(|entry| entry["lot"].as_str()).collect()
    };
    ensure!(lots("funded") == ["servers", "licences", "radios"], "{answer}");
    ensure!(lots("unfunded") == ["generators", "training"], "{answer}");
    Ok(())
}

#[test]
fn what_is_wrong_is_named_with_the_file() -> Result<()> {
    let folder = TempDir::new()?;
    let path = folder.path().join("instance.json");
    let name = text(&path)?.to_owned();
    for (content, part) in [
        ("{\"envelopes\": [", "EOF"),
        ("{\"envelopes\": [], \"lotz\": []}", "unknown field `lotz`"),
        (
            r#"{"envelopes": [], "lots": [{"id": "L1", "cost": 1, "currency": "EUR", "eligible": ["X"]}]}"#,
            "lot `L1`, eligible: there is no envelope `X`",
        ),
        (
            r#"{"envelopes": [], "lots": [{"id": "L1", "cost": 1.5, "currency": "EUR", "eligible": []}]}"#,
            "floating point `1.5`",
        ),
    ] {
        fs::write(&path, content)?;
        run(&["match", &name])?.failed(1, &[&name, part, "docs/reference/matcher.md"])?;
    }
    fs::remove_file(&path)?;
    run(&["match", &name])?.failed(1, &[&name])?;
    Ok(())
}
