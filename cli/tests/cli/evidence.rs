//! What is looked at first, whether it all holds, and who may see it, as a dialogue.

use anyhow::{Context as _, Result};

use crate::acts::open;
use crate::coalition::row;
use crate::dialogue::Dialogue;
use crate::support::text;

/// `said` without what no two runs have in common: secrets, hashes, ids, numbers of events, ages.
fn steady(said: &str, data: &str) -> String {
    let mut lines = Vec::new();
    for line in said.replace(data, "data").lines() {
        let mut words: Vec<String> = Vec::new();
        let mut is_changed = false;
        for word in line.split(' ') {
            let bare = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
            let is_hex = bare.len() >= 12 && bare.chars().all(|c| c.is_ascii_hexdigit());
            let is_secret = word.starts_with("wbt_") || word.starts_with("whsec_");
            let is_age = ["s", "min", "h", "d"].contains(&bare)
                && words.last().is_some_and(|last| last.parse::<u32>().is_ok());
            let is_number = |last: &String| last.parse::<u32>().is_ok();
            let is_count =
                ["events", "links"].contains(&bare) && words.last().is_some_and(is_number);
            let masked = match () {
                () if is_secret => "[secret]".to_owned(),
                () if is_hex => word.replace(bare, "[hex]"),
                () if is_age || bare == "now" => {
                    words.pop_if(|_| is_age);
                    word.replace(bare, "[age]")
                }
                () if is_count => {
                    words.pop();
                    word.replace(bare, &format!("[n] {bare}"))
                }
                () => word.to_owned(),
            };
            is_changed |= masked != word;
            words.push(masked);
        }
        // What was masked had a width of its own.
        if is_changed {
            words.retain(|word| !word.is_empty());
        }
        lines.push(words.join(" ").trim_end().to_owned());
    }
    lines.join("\n")
}

#[test]
fn what_is_there_is_looked_at_and_holds() -> Result<()> {
    let office = open(&[row("R-1", 10), row("R-2", 3), row("R-3", 4)])?;
    office.until("LOT-001", "review")?;
    office.until("LOT-002", "consent")?;
    office.until("LOT-003", "consent")?;
    let mut at = Dialogue::at(&office.data);
    at.types(&["status"])?;
    at.types(&["lots"])?;
    at.types(&["lots", "--state", "parked"])?;
    at.types(&["lots", "--awaits", "consent", "--donor", "AA", "--ids"])?;
    at.types(&["lots", "--stat", "waiting"])?;
    at.types(&["lots", "--columns", "lot,price"])?;
    at.types(&["lines"])?;
    at.types(&["todo", "--waiting-on", "aa"])?;
    at.types(&["todo", "--waiting-on", "nobody-here"])?;
    at.types(&["why", "LOT-002"])?;
    at.types(&["why", "LOT-00B"])?;
    at.types(&["incidents"])?;
    at.types(&["arrivals"])?;
    at.types(&["cron", "next"])?;
    at.types(&["check"])?;
    at.types(&["audit", "verify"])?;
    let said = steady(&at.ends(), text(&office.data)?);
    insta::assert_snapshot!("looked_at", said);
    office.service.stop()?;
    Ok(())
}

#[test]
fn accounts_and_webhooks_are_given_and_taken_back() -> Result<()> {
    let office = open(&[row("R-1", 3)])?;
    office.until("LOT-001", "consent")?;
    let mut at = Dialogue::at(&office.data);
    at.types(&["token", "list"])?;
    at.types(&["token", "create", "donor"])?;
    at.types(&["token", "create", "donor", "--for", "AA", "--days", "30", "--name", "portal"])?;
    at.types(&["token", "list", "--columns", "role,for,state,name"])?;
    let listed = at.types(&["token", "list", "--csv", "--columns", "id"])?;
    let id = listed.out.lines().nth(1).context("an id")?.to_owned();
    at.types(&["token", "revoke", &id])?;
    at.types(&["token", "list", "--columns", "role,for,state,name"])?;
    at.types(&["token", "revoke", "000000000000"])?;
    at.types(&["webhook", "list"])?;
    at.types(&["webhook", "create", "http://10.0.0.1/hook"])?;
    at.types(&["webhook", "create", "http://127.0.0.2:9/hook"])?;
    let listed = at.types(&["webhook", "list", "--csv", "--columns", "id"])?;
    let hook = listed.out.lines().nth(1).context("an id")?.to_owned();
    at.types(&["webhook", "rotate", &hook])?;
    at.types(&["webhook", "remove", &hook])?;
    at.types(&["webhook", "remove", &hook])?;
    at.types(&["webhook", "list"])?;
    let said = steady(&at.ends(), text(&office.data)?).replace(&hook, "[hook]");
    insta::assert_snapshot!("given_and_taken_back", said);
    office.service.stop()?;
    Ok(())
}
