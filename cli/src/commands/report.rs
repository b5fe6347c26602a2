//! `waybill report`: reports about a week, a donor's money, a requester's list, and a steering
//! group's decisions.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::args::{self, Reported};
use crate::client::{self, escape};
use crate::failure::Failure;
use crate::output;
use crate::report::paper::{Paper, csv, html, markdown, screen};
use crate::report::{donor, requester, steering, weekly};
use crate::target::Target;

/// The file formats, by extension.
const ENDINGS: [&str; 4] = ["html", "md", "csv", "json"];

pub(crate) async fn run(report: args::Report) -> Result<(), Failure> {
    match report {
        args::Report::Weekly(reported) => make(&reported, "weekly", weekly).await,
        args::Report::Steering(reported) => make(&reported, "steering", steering).await,
        args::Report::Donor(args::ReportedOf { name, reported }) => {
            make(&reported, &of("donor", &name)?, donor).await
        }
        args::Report::Requester(args::ReportedOf { name, reported }) => {
            make(&reported, &of("requester", &name)?, requester).await
        }
    }
}

fn of(kind: &str, name: &str) -> Result<String, Failure> {
    if name.is_empty() || name.contains('/') {
        let hint = format!("name one, as in `waybill report {kind} UA-MOD-IT`");
        return Err(Failure::caller(format!("`{name}` is not a {kind}"), hint));
    }
    Ok(format!("{kind}/{}", escape(name)))
}

async fn make<T: Serialize + DeserializeOwned>(
    reported: &Reported,
    path: &str,
    written: fn(&T) -> Paper,
) -> Result<(), Failure> {
    let Reported { on, output: files, single } = reported;
    let files: Vec<(&PathBuf, &str)> = files
        .iter()
        .map(|path| Ok((path, output::ending(path, &ENDINGS)?)))
        .collect::<Result<_, Failure>>()?;
    let on = on.map(|day| format!("?on={day}")).unwrap_or_default();
    let bar = indicatif::ProgressBar::new_spinner();
    bar.enable_steady_tick(Duration::from_millis(100));
    bar.set_message("reading what the report tells");
    let path = format!("/v1/reports/{path}{on}");
    let report = client::get(&Target::of(&single.data)?, &path).await;
    bar.finish_and_clear();
    let report: T = report?;
    let paper = written(&report);
    for (path, ending) in &files {
        let text = match *ending {
            "json" => output::pretty(&report)? + "\n",
            ending => text(&paper, ending)?,
        };
        output::file(Path::new(path), &text)?;
    }
    if single.json {
        return output::json(&report);
    }
    if files.is_empty() {
        let is_read = std::io::stdout().is_terminal();
        return output::data(&if is_read { screen(&paper) } else { markdown(&paper) });
    }
    Ok(())
}

fn text(paper: &Paper, ending: &str) -> Result<String, Failure> {
    match ending {
        "html" => Ok(html(paper)),
        "csv" => csv(paper),
        _ => Ok(markdown(paper)),
    }
}
