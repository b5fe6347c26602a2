//! The help of every command: it has examples, and each of them works. Commands are found by walking
//! through the help itself, so that none is left out.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use crate::support::{Said, example, example_copy, finish, plain, run, text};

/// Examples that are not run here, by how they begin, and why not.
const NOT_RUN: [(&str, &str); 26] = [
    ("waybill trust", "the folder of the example has no settings"),
    ("waybill serve", "it runs until it is told to end"),
    ("waybill scheduler", "it runs on servers that the example invents"),
    ("waybill worker", "it runs on servers that the example invents"),
    ("waybill api", "it runs on servers that the example invents"),
    ("waybill health", "it asks a service that runs"),
    ("waybill events --follow", "it runs until it is told to end"),
    ("waybill webhook create", "it looks the address up in the network"),
    ("waybill webhook", "it names a webhook of a reader's own"),
    ("waybill token revoke", "it names an account of a reader's own"),
    ("waybill token rotate", "it names an account of a reader's own"),
    ("waybill audit access", "no service of the example has written an access log"),
    ("waybill watch", "it runs until it is told to end"),
    ("waybill surplus", "more came of no lot of the example than was ordered"),
    ("waybill retry LOT-", "no lot of the example has failed"),
    ("waybill retry --state", "no lot of the example has failed"),
    ("waybill merge", "no line of the example has two lots that wait"),
    ("waybill review", "no lot of the example waits for a review"),
    ("waybill lots --awaits review --ids |", "no lot of the example waits for a review"),
    ("waybill consent", "no lot of the example waits for a consent"),
    ("waybill in-kind", "no lot of the example is offered goods in kind"),
    ("waybill order", "every order of the example has come to its end"),
    ("waybill despatch", "every order of the example has come to its end"),
    ("waybill receive", "every order of the example has come to its end"),
    ("waybill pay", "every order of the example has come to its end"),
    ("waybill incident ", "what the example names is not parked"),
];

/// Listings that need no id, of those whose others do.
const RUN: [&str; 2] = ["waybill webhook list", "waybill incident close"];

/// What `waybill help` says of a command.
fn help(command: &[String]) -> Result<String> {
    let mut arguments = vec!["help"];
    arguments.extend(command.iter().map(String::as_str));
    Ok(run(&arguments)?.ok()?.out)
}

/// The commands that a help names: those under a heading before that of the options.
fn named(help: &str) -> Vec<String> {
    let body = help.lines().skip_while(|line| !line.starts_with("Usage:")).skip(1);
    let body = body.take_while(|line| !matches!(*line, "Options:" | "Arguments:" | "Examples:"));
    let commands = body.filter_map(|line| line.strip_prefix("  "));
    let commands = commands.filter(|line| !line.starts_with(' '));
    let names = commands.filter_map(|line| line.split_whitespace().next());
    names.filter(|name| *name != "help").map(str::to_owned).collect()
}

/// Every command that does something, with its help.
fn all() -> Result<BTreeMap<Vec<String>, String>> {
    let (mut found, mut open) = (BTreeMap::new(), vec![Vec::new()]);
    while let Some(command) = open.pop() {
        let help = help(&command)?;
        let below = if help.contains("<COMMAND>") { named(&help) } else { Vec::new() };
        for name in &below {
            open.push(command.iter().chain([name]).cloned().collect::<Vec<String>>());
        }
        if below.is_empty() {
            found.insert(command, help);
        }
    }
    Ok(found)
}

/// The examples of a help, to its end; one that is wider than the terminal is broken, and is none.
fn examples(help: &str) -> Vec<&str> {
    let told = help.lines().skip_while(|line| *line != "Examples:").skip(1);
    told.filter(|line| !line.is_empty()).collect()
}

/// A folder as whoever tries the examples has it: data, the examples' files, `waybill` in the path.
fn place() -> Result<TempDir> {
    let (folder, copy) = (TempDir::new()?, example_copy()?);
    let data = folder.path().join("data");
    fs::rename(&copy.data, &data).or_else(|_| {
        fs::create_dir(&data)?;
        fs::read_dir(&copy.data)?.try_for_each(|entry| {
            let entry = entry?;
            fs::copy(entry.path(), data.join(entry.file_name())).map(drop)
        })
    })?;
    fs::set_permissions(&data, fs::Permissions::from_mode(0o700))?;
    let examples = example();
    symlink(examples.parent().context("a folder")?, folder.path().join("examples"))?;
    fs::create_dir(folder.path().join("bin"))?;
    symlink(env!("CARGO_BIN_EXE_waybill"), folder.path().join("bin/waybill"))?;
    Ok(folder)
}

fn try_out(place: &Path, line: &str) -> Result<Said> {
    let mut command = plain("sh");
    let path = std::env::var("PATH").unwrap_or_default();
    command.env("PATH", format!("{}:{path}", text(&place.join("bin"))?));
    command.current_dir(place).args(["-c", line]);
    finish(command)
}

#[test]
fn every_command_has_examples_and_each_of_them_works() -> Result<()> {
    let commands = all()?;
    ensure!(commands.len() > 25, "{:?}", commands.keys());
    let mut wrong = Vec::new();
    let mut places: BTreeMap<&str, TempDir> = BTreeMap::new();
    for (command, help) in &commands {
        let examples = examples(help);
        let name = command.join(" ");
        let first = command.first().context("a command")?;
        if examples.is_empty() {
            wrong.push(format!("`waybill help {name}` has no examples"));
        }
        for line in examples {
            let Some(line) = line.strip_prefix("  ") else {
                wrong.push(format!("`{line}` is broken off in `waybill help {name}`"));
                continue;
            };
            // A pipe may bring ids from another command.
            if !line.contains(&format!("waybill {name}")) {
                wrong.push(format!("`{line}` is no example of `{name}`"));
            }
            // A server that the example invents.
            if line.contains("postgres://") || line.contains("https://") {
                continue;
            }
            let is_run = RUN.iter().any(|start| line.starts_with(start));
            if !is_run && NOT_RUN.iter().any(|(start, _)| line.starts_with(start)) {
                continue;
            }
            // What one example writes, the next may read.
            if !places.contains_key(first.as_str()) {
                places.insert(first, place()?);
            }
            let said = try_out(places[first.as_str()].path(), line)?;
            if said.code != Some(0) {
                wrong.push(format!("`{line}` exits with {:?}: {}", said.code, said.err));
            }
        }
    }
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

#[test]
fn every_command_stands_once_under_what_it_is_for() -> Result<()> {
    let help = help(&[])?;
    ensure!(!help.contains("Other:"), "what is it for?\n{help}");
    let mut names = named(&help);
    ensure!(names.len() > 15, "{names:?}");
    let count = names.len();
    names.sort();
    names.dedup();
    ensure!(names.len() == count, "{names:?}");
    Ok(())
}

#[test]
fn a_command_that_is_not_there_names_one_that_is() -> Result<()> {
    let said = run(&["lost"])?.failed(1, &["unrecognized subcommand 'lost'"])?;
    ensure!(said.err.contains("a similar subcommand exists: 'lots'"), "{}", said.err);
    let said = run(&["cron", "lst"])?.failed(1, &[])?;
    ensure!(said.err.contains("'list'"), "{}", said.err);
    Ok(())
}

#[test]
fn shells_and_the_manual_know_every_command() -> Result<()> {
    let folder = TempDir::new()?;
    let pages = folder.path().join("man1");
    run(&["man", text(&pages)?])?.ok()?;
    let scripts: Vec<String> = ["bash", "zsh", "fish"]
        .into_iter()
        .map(|shell| Ok(run(&["completions", shell])?.ok()?.out))
        .collect::<Result<_>>()?;
    for command in all()?.keys() {
        let last = command.last().context("a command")?;
        ensure!(scripts.iter().all(|script| script.contains(last.as_str())), "{command:?}");
        let page = pages.join(format!("waybill-{}.1", command.join("-")));
        let page = fs::read_to_string(&page).with_context(|| format!("{}", page.display()))?;
        ensure!(page.contains(".SH") && page.contains("Examples"), "{command:?}: {page}");
    }
    let first = run(&["man"])?.ok()?.out;
    ensure!(first.starts_with(".ie") || first.contains(".TH waybill 1"), "{first}");
    // The script is one that the shell takes.
    let mut bash = plain("bash");
    let script = folder.path().join("waybill.bash");
    fs::write(&script, &scripts[0])?;
    bash.args(["-n", text(&script)?]);
    finish(bash)?.ok()?;
    run(&["completions", "tcsh"])?.failed(1, &["invalid value 'tcsh'"])?;
    Ok(())
}
