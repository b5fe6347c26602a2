//! Commands that answer questions, on the example as it was on some day.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tempfile::TempDir;

use crate::support::{run, run_example, text};

/// The example on a day.
struct Day {
    _folder: TempDir,
    data: PathBuf,
}

impl Day {
    fn of(day: &str) -> Result<Self> {
        let folder = TempDir::new()?;
        let data = folder.path().join("data");
        run_example(&data, &["--until", day])?.ok()?;
        Ok(Self { _folder: folder, data })
    }

    fn says(&self, arguments: &[&str]) -> Result<String> {
        let named = ["--data", text(&self.data)?, "--utc"];
        Ok(run(&[arguments, &named].concat())?.ok()?.out)
    }

    fn json(&self, arguments: &[&str]) -> Result<Value> {
        let named = ["--data", text(&self.data)?, "--json"];
        run(&[arguments, &named].concat())?.json()
    }
}

fn list(value: &Value) -> Result<&[Value]> {
    value.as_array().map(Vec::as_slice).context("no list")
}

#[test]
fn todo_says_whose_move_it_is_since_when_and_how() -> Result<()> {
    let day = Day::of("2024-03-10")?;
    // Without what depends on the day on which this runs.
    insta::assert_snapshot!(
        "todo",
        day.says(&["todo", "--columns", "party,task,lots,late,due,amount"])?
    );
    insta::assert_snapshot!("todo_how", day.says(&["todo", "--columns", "party,task,how"])?);
    let all = day.json(&["todo"])?;
    for row in list(&all)? {
        let since = row["since"].as_str().context("since when")?;
        ensure!(since.starts_with("2024-03-"), "{row}");
        ensure!(row["first"].as_array().is_some_and(|lots| !lots.is_empty()), "{row}");
    }
    let own = day.json(&["todo", "--waiting-on", "lu"])?;
    ensure!(list(&own)?.len() == 1 && own[0]["task"] == "consent", "{own}");
    let csv = day.says(&["todo", "--waiting-on", "LU", "--csv"])?;
    ensure!(csv.contains("LU,donor,consent,7,7,2024-03-"), "{csv}");
    ensure!(csv.contains(",EUR 5228796.22,"), "{csv}");
    ensure!(day.says(&["todo", "--waiting-on", "XX"])?.is_empty());
    Ok(())
}
