//! Commands that answer questions, on the example as it was on some day.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tempfile::TempDir;

use crate::coalition;
use crate::secretariat::Secretariat;
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
    ensure!(csv.contains(",EUR 5265769.16,"), "{csv}");
    ensure!(day.says(&["todo", "--waiting-on", "XX"])?.is_empty());
    // One party is told how.
    let told = day.says(&["todo", "--waiting-on", "LU"])?;
    ensure!(told.contains("HOW") && told.contains("waybill lots --awaits consent"), "{told}");
    Ok(())
}

fn ids(lots: &Value) -> Result<Vec<String>> {
    let id = |lot: &Value| lot["id"].as_str().map(str::to_owned).context("an id");
    list(lots)?.iter().map(id).collect()
}

#[test]
fn lots_are_filtered_sorted_and_counted_over_pages() -> Result<()> {
    let day = Day::of("2024-04-12")?;
    let all = day.json(&["lots", "--all"])?;
    let names = ids(&all)?;
    ensure!(names.len() > 50, "{} lots", names.len());
    ensure!(ids(&day.json(&["lots"])?)? == names[..50], "not the first 50");
    let picked = |is_picked: &dyn Fn(&Value) -> bool| -> Result<Vec<String>> {
        ids(&list(&all)?.iter().filter(|lot| is_picked(lot)).cloned().collect())
    };
    for (filter, expected) in [
        (&["--awaits", "funding"][..], picked(&|lot| lot["awaits"] == "funding")?),
        (&["--state", "declined"], picked(&|lot| lot["state"] == "declined")?),
        (&["--class", "2", "--step", "match_donor"], {
            picked(&|lot| lot["priority"]["class"] == 2 && lot["step"] == "match_donor")?
        }),
        (&["--requester", "UA-MOD-IT"], picked(&|lot| lot["requester"] == "UA-MOD-IT")?),
        (&["--item", "Workstation"], picked(&|lot| lot["item"] == "Workstation")?),
        (&["--donor", "LU"], {
            let pays = |share: &Value| share["donors"].to_string().contains("\"LU\"");
            picked(&|lot| lot["funding"].as_array().is_some_and(|all| all.iter().any(pays)))?
        }),
        (&["--older-than", "0m"], names.clone()),
    ] {
        let found = ids(&day.json(&[&["lots", "--all"], filter].concat())?)?;
        ensure!(found == expected && !found.is_empty(), "{filter:?}: {found:?}, {expected:?}");
        // A command behind a pipe gets the same.
        let bare = day.says(&[&["lots", "--all", "--ids"], filter].concat())?;
        ensure!(bare.lines().collect::<Vec<_>>() == expected, "{filter:?}: {bare}");
    }
    ensure!(ids(&day.json(&["lots", "--older-than", "2000w"])?)?.is_empty());
    let late = day.json(&["lots", "--late", "--all", "--awaits", "delivery"])?;
    ensure!(!list(&late)?.is_empty(), "nothing is late years after");

    // The order is that of all lots, whatever the page.
    type Key = fn(&Value) -> (i64, String);
    let rank: Key = |lot| {
        let part = |name: &str| lot["priority"][name].as_i64().unwrap_or_default();
        (part("class") * 1_000_000 + part("rank"), String::new())
    };
    let since: Key = |lot| (0, lot["since"].as_str().unwrap_or("9999").to_owned());
    for (sort, key, is_reversed) in [
        ("priority", rank, false),
        ("-priority", rank, true),
        ("age", since, false),
        ("-age", since, true),
    ] {
        let found = day.json(&["lots", "--all", "--sort", sort])?;
        let keys: Vec<_> = list(&found)?.iter().map(key).collect();
        let mut sorted = keys.clone();
        sorted.sort();
        if is_reversed {
            sorted.reverse();
        }
        ensure!(keys == sorted, "not by {sort}: {keys:?}");
        let first = day.json(&["lots", "--limit", "7", "--sort", sort])?;
        ensure!(ids(&first)? == ids(&found)?[..7], "another order by {sort}");
        // And that of some, which may be few among many.
        let some = day.json(&["lots", "--all", "--sort", sort, "--step", "match_donor"])?;
        let expected = list(&found)?.iter().filter(|lot| lot["step"] == "match_donor");
        ensure!(ids(&some)? == ids(&expected.cloned().collect())?, "another order by {sort}");
        ensure!(list(&some)?.len() > 10, "{some}");
    }
    let newest = ids(&day.json(&["lots", "--limit", "3", "--sort", "-id"])?)?;
    ensure!(newest.iter().rev().eq(&names[names.len() - 3..]), "{newest:?}");
    run(&["lots", "--older-than", "7x"])?.code.filter(|code| *code == 1).context("no mistake")?;
    Ok(())
}

#[test]
fn the_top_lines_of_a_ministry_and_when_they_arrive() -> Result<()> {
    let day = Day::of("2024-04-20")?;
    let top = ["lines", "--requester", "UA-MOD-IT", "--sort", "priority", "--limit", "12"];
    insta::assert_snapshot!("lines", day.says(&top)?);
    let open = day.json(&["lines", "--all", "--open", "--sort", "priority"])?;
    let states = list(&open)?.iter().flat_map(|line| line["states"].as_array());
    ensure!(states.clone().count() > 10, "{open}");
    let late = day.json(&["lines", "--all", "--late"])?;
    ensure!(!list(&late)?.is_empty() && list(&late)?.len() <= list(&open)?.len());
    // By id and by priority there are the same lines.
    let mut by_id = ids(&day.json(&["lines", "--all"])?)?;
    let mut by_rank = ids(&day.json(&["lines", "--all", "--sort", "priority"])?)?;
    ensure!(by_id != by_rank, "two orders are one");
    by_id.sort();
    by_rank.sort();
    ensure!(by_id == by_rank && by_id.len() == 60, "{by_id:?} {by_rank:?}");
    Ok(())
}

#[test]
fn status_is_one_screen() -> Result<()> {
    let day = Day::of("2024-03-10")?;
    let said = day.says(&["status"])?;
    ensure!(said.lines().count() <= 24, "{said}");
    for line in said.lines() {
        ensure!(line.chars().count() <= 80, "{line}");
    }
    for part in [
        "IT Coalition for Ukraine",
        "no process is running",
        "\nincidents  none\n",
        "rematch in ",
        "\nwebhooks   there are none\n",
        "\nvalidate_priority  waits: review        17  ",
        "\nmatch_donor        waits: consent        7  ",
    ] {
        ensure!(said.contains(part), "no `{part}` in {said}");
    }
    let status = day.json(&["status"])?;
    let review = list(&status["lots"])?.iter().find(|count| count["awaits"] == "review");
    let oldest = review.and_then(|count| count["oldest"].as_str()).context("since when")?;
    ensure!(oldest.starts_with("2024-03-"), "{status}");
    ensure!(status["at_risk"][0]["unbound"]["minor"].is_i64(), "{status}");
    Ok(())
}

#[test]
fn what_is_parked_is_told_with_the_way_to_mend_it() -> Result<()> {
    let folder = TempDir::new()?;
    let dir = coalition::write(folder.path(), &[coalition::row("R-1", 5)])?;
    let data = folder.path().join("data");
    // Nobody answers the order: the supplier is chased, and at last an operator is asked.
    run(&["run", text(&dir)?, "--data", text(&data)?])?.ok()?;
    let day = Day { data, _folder: folder };
    insta::assert_snapshot!(
        "incidents",
        day.says(&["incidents", "--columns", "cause,step,lots,first,how"])?
    );
    let status = day.json(&["status"])?;
    ensure!(status["incidents"]["lots"] == 1, "{status}");
    ensure!(status["incidents"]["causes"][0]["first"][0] == "LOT-001", "{status}");
    let todo = day.json(&["todo", "--waiting-on", "secretariat"])?;
    ensure!(todo[0]["task"] == "incident" && todo[0]["lots"] == 1, "{todo}");
    Ok(())
}

#[test]
fn a_running_service_says_that_it_runs() -> Result<()> {
    let secretariat = Secretariat::open(5)?;
    secretariat.until("LOT-001", "response")?;
    let said = run(&["status", "--data", text(&secretariat.data)?])?.ok()?.out;
    ensure!(said.contains("\nservice    runs, version "), "{said}");
    ensure!(said.contains("issue_order  waits: response     1  "), "{said}");
    let todo = run(&["todo", "--data", text(&secretariat.data)?, "--json"])?.json()?;
    ensure!(todo[0]["party"] == "SUP" && todo[0]["task"] == "response", "{todo}");
    Ok(())
}
