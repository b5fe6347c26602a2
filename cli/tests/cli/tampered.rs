//! What was taken away or changed behind the program's back is found: each kind of record, each table, each column that
//! something is found by.

use std::fs;
use std::path::Path;

use anyhow::{Result, ensure};
use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection, SqliteConnection};
use tempfile::TempDir;

use crate::support::{example_copy, run, text};

/// Does `sql` on a copy of the database; none: it refuses that itself.
fn tampered(runtime: &tokio::runtime::Runtime, from: &Path, sql: &str) -> Result<Option<TempDir>> {
    let folder = TempDir::new()?;
    let file = folder.path().join("waybill.sqlite");
    fs::copy(from.join("waybill.sqlite"), &file)?;
    let is_done = runtime.block_on(async {
        let mut database = SqliteConnection::connect(&format!("sqlite:{}", file.display())).await?;
        for trigger in ["events_are_not_deleted", "events_are_not_changed"] {
            let sql = format!("DROP TRIGGER {trigger}");
            sqlx::query(AssertSqlSafe(sql)).execute(&mut database).await?;
        }
        let done = sqlx::query(AssertSqlSafe(sql.to_owned())).execute(&mut database).await;
        database.close().await?;
        match done {
            Ok(done) if done.rows_affected() > 0 => Ok(true),
            Ok(_) => anyhow::bail!("nothing was changed by {sql}"),
            Err(_) => Ok(false),
        }
    })?;
    Ok(is_done.then_some(folder))
}

fn kinds(runtime: &tokio::runtime::Runtime, data: &Path) -> Result<Vec<String>> {
    runtime.block_on(async {
        let url = format!("sqlite:{}?mode=ro", data.join("waybill.sqlite").display());
        let mut database = SqliteConnection::connect(&url).await?;
        let kinds = sqlx::query_scalar("SELECT DISTINCT kind FROM records ORDER BY kind");
        let kinds = kinds.fetch_all(&mut database).await?;
        database.close().await?;
        Ok(kinds)
    })
}

#[test]
fn whatever_is_taken_away_or_changed_is_found() -> Result<()> {
    let copy = example_copy()?;
    run(&["check", "--data", text(&copy.data)?])?.ok()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let kinds = kinds(&runtime, &copy.data)?;
    ensure!(kinds.len() > 20 && kinds.iter().any(|kind| kind == "document"), "{kinds:?}");
    let mut changes = Vec::new();
    for kind in &kinds {
        let one =
            format!("kind = '{kind}' AND id = (SELECT max(id) FROM records WHERE kind = '{kind}')");
        changes.push(format!("DELETE FROM records WHERE {one}"));
        changes.push(format!("UPDATE records SET event = 1 + (event = 1) WHERE {one}"));
    }
    for table in ["lots", "lines", "envelopes"] {
        let one = format!("id = (SELECT max(id) FROM {table})");
        changes.push(format!("DELETE FROM {table} WHERE {one}"));
        changes.push(format!("UPDATE {table} SET version = version + 1 WHERE {one}"));
    }
    for column in ["state", "step", "awaits", "class", "rank"] {
        changes.push(format!("UPDATE lots SET {column} = 7 WHERE id = (SELECT max(id) FROM lots)"));
    }
    for column in ["external", "requester", "alike"] {
        changes.push(format!(
            "UPDATE lines SET {column} = 'X' WHERE id = (SELECT max(id) FROM lines)"
        ));
    }
    for column in
        ["committed", "opened", "allocated", "obligated", "disbursed", "expired", "overrun"]
    {
        changes.push(format!(
            "UPDATE envelopes SET {column} = {column} + 1 WHERE id = (SELECT max(id) FROM envelopes)"
        ));
    }
    changes.push("DELETE FROM tallies WHERE lots = (SELECT max(lots) FROM tallies)".into());
    changes.push("DELETE FROM events WHERE position = 100".into());
    changes
        .push("DELETE FROM events WHERE position > (SELECT max(position) - 5 FROM events)".into());
    for column in ["at", "number", "previous"] {
        changes.push(format!("UPDATE events SET {column} = {column} + 1 WHERE position = 100"));
    }
    for column in ["actor", "subject", "kind"] {
        changes.push(format!("UPDATE events SET {column} = 'x' WHERE position = 100"));
    }
    changes.push("UPDATE events SET body = '{}' WHERE position = 100".into());
    changes.push("DELETE FROM chain WHERE position = (SELECT max(position) FROM chain)".into());
    changes.push(
        "UPDATE chain SET hash = 'x' WHERE position = (SELECT max(position) FROM chain)".into(),
    );
    let mut unseen = Vec::new();
    for change in &changes {
        let Some(folder) = tampered(&runtime, &copy.data, change)? else { continue };
        let said = run(&["check", "--data", text(folder.path())?, "--json"])?;
        // What cannot even be begun with is no clean database either.
        let found = serde_json::from_str::<Value>(&said.out).ok();
        let is_red = found.map_or(!said.err.is_empty(), |found| found["ok"] == false);
        if !is_red || said.code != Some(2) {
            unseen.push(change.as_str());
        }
    }
    ensure!(unseen.is_empty(), "nobody sees:\n{}", unseen.join("\n"));
    Ok(())
}
