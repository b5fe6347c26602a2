//! `waybill show ID`.

use waybill_api::Shown;

use crate::args;
use crate::client::{self, escape};
use crate::failure::Failure;
use crate::output;
use crate::target::Target;

/// Shows one subject.
pub(crate) async fn run(arguments: args::Show) -> Result<(), Failure> {
    if arguments.id.is_empty() {
        let hint = "`waybill lots` lists the lots there are";
        return Err(Failure::caller("no id was given", hint));
    }
    let path = format!("/v1/show/{}", escape(&arguments.id));
    let shown: Shown = client::get(&Target::of(&arguments.data)?, &path).await?;
    if arguments.json {
        return output::json(&shown);
    }
    output::data(&text(&shown))?;
    Ok(())
}

fn text(shown: &Shown) -> String {
    let mut text = format!("{}\n", shown.id);
    let wide = shown.facts.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let room = output::width().saturating_sub(wide + 4).max(20);
    for (name, value) in &shown.facts {
        for (i, part) in output::wrap(value, room).into_iter().enumerate() {
            let name = if i == 0 { name.as_str() } else { "" };
            text.push_str(format!("  {name:wide$}  {part}").trim_end());
            text.push('\n');
        }
    }
    text.push('\n');
    let rows: Vec<Vec<String>> = shown
        .timeline
        .iter()
        .map(|entry| {
            let what = entry.kind.split_once('.').map_or(entry.kind.as_str(), |(_, what)| what);
            let why = if entry.reason.is_empty() { &entry.state } else { &entry.reason };
            vec![
                entry.at.format("%Y-%m-%d %H:%M").to_string(),
                output::cut(&entry.actor, 17),
                what.replace('_', " "),
                why.clone(),
            ]
        })
        .collect();
    text.push_str(&output::wrapped_table(&["WHEN (UTC)", "WHO", "WHAT", "WHY"], &rows));
    text
}
