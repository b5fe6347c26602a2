//! What is looked at first, whether it all holds, and who may see it, as a dialogue.

use anyhow::{Context as _, Result};

use crate::coalition::row;
use crate::dialogue::Dialogue;
use crate::every_store::by_hand::open;
use crate::support::text;

/// `said` without what no two runs have in common: secrets, hashes, ids, numbers of events.
fn steady(said: &str, data: &str) -> String {
    let steadied = |line: &str| {
        let mut words: Vec<String> = Vec::new();
        for word in line.split(' ') {
            let bare = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
            let is_hex = bare.len() >= 12 && bare.chars().all(|c| c.is_ascii_hexdigit());
            let is_counted = ["events", "links"].contains(&bare);
            let is_number = |last: &&mut String| last.parse::<u32>().is_ok();
            if let Some(count) = words.last_mut().filter(is_number).filter(|_| is_counted) {
                *count = "[n]".to_owned();
            }
            words.push(match word {
                _ if word.starts_with("wbt_") || word.starts_with("whsec_") => {
                    "[secret]".to_owned()
                }
                _ if is_hex => word.replace(bare, "[hex]"),
                _ => word.to_owned(),
            });
        }
        words.join(" ")
    };
    // What comes next depends on the time of the day.
    let untimed = |line: &str| match line.starts_with("calendar ") {
        true => "calendar   [what comes next]".to_owned(),
        false => steadied(line),
    };
    let lines: Vec<String> = said.replace(data, "data").lines().map(untimed).collect();
    lines.join("\n")
}

#[test]
fn what_is_there_is_looked_at_and_holds() -> Result<()> {
    let secretariat = open(&[row("R-1", 10), row("R-2", 3), row("R-3", 4)])?;
    secretariat.until("LOT-001", "review")?;
    secretariat.until("LOT-002", "consent")?;
    secretariat.until("LOT-003", "consent")?;
    let mut at = Dialogue::at(&secretariat.data);
    at.types(&["status"])?;
    at.types(&["lots", "--columns", "lot,rank,step,state,why"])?;
    at.types(&["lots", "--state", "parked"])?;
    at.types(&["lots", "--awaits", "consent", "--donor", "AA", "--ids"])?;
    at.types(&["lots", "--stat", "waiting"])?;
    at.types(&["lots", "--columns", "lot,price"])?;
    at.types(&["lines"])?;
    at.types(&["todo", "--waiting-on", "aa", "--columns", "task,lots,due,how"])?;
    at.types(&["todo", "--waiting-on", "nobody-here"])?;
    at.types(&["why", "LOT-002"])?;
    at.types(&["why", "LOT-00B"])?;
    at.types(&["incidents"])?;
    at.types(&["arrivals"])?;
    at.types(&["cron", "list", "--columns", "name,act,at"])?;
    at.types(&["check"])?;
    at.types(&["audit", "verify"])?;
    let said = steady(&at.ends(), text(&secretariat.data)?);
    insta::assert_snapshot!("looked_at", said);
    secretariat.service.stop()?;
    Ok(())
}

#[test]
fn accounts_and_webhooks_are_given_and_taken_back() -> Result<()> {
    let secretariat = open(&[row("R-1", 3)])?;
    secretariat.until("LOT-001", "consent")?;
    let mut at = Dialogue::at(&secretariat.data);
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
    let said = steady(&at.ends(), text(&secretariat.data)?).replace(&hook, "[hook]");
    insta::assert_snapshot!("given_and_taken_back", said);
    secretariat.service.stop()?;
    Ok(())
}
