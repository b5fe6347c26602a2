//! Groups the commands in `waybill --help` by purpose.

use anstyle::Style;
use clap::Command;

use crate::output;

/// The headings, with their commands. A command without a heading is listed under `Other`.
const GROUPS: [(&str, &[&str]); 6] = [
    (
        "Look",
        &[
            "status",
            "todo",
            "lots",
            "lines",
            "show",
            "why",
            "money",
            "arrivals",
            "incidents",
            "lead-times",
            "watch",
            "events",
        ],
    ),
    (
        "Act",
        &[
            "init",
            "import",
            "submit",
            "review",
            "rank",
            "pause",
            "unpause",
            "hold",
            "resume",
            "retry",
            "cancel",
            "split",
            "merge",
            "contribute",
            "commit",
            "withdraw",
            "reinstate",
            "member",
            "offer",
            "order",
            "despatch",
            "receive",
            "claim",
            "pay",
            "deposit",
            "consent",
            "in-kind",
            "surplus",
            "amend",
            "reopen",
            "correct",
            "redirect",
            "note",
            "attach",
            "incident",
        ],
    ),
    ("Report", &["plan", "report", "match"]),
    (
        "Care",
        &[
            "doctor", "check", "clock", "cron", "audit", "token", "key", "webhook", "backup",
            "restore", "migrate", "export", "archive",
        ],
    ),
    ("Service", &["run", "serve", "scheduler", "worker", "api", "health", "bench"]),
    ("Shell", &["explain", "trust", "completions", "man"]),
];

/// The widest line, in columns.
const WIDEST: usize = 100;

/// Adds a help text to `command` that lists its subcommands by purpose.
pub(super) fn grouped(command: Command) -> Command {
    let known: Vec<(&str, String)> = command
        .get_subcommands()
        .map(|sub| (sub.get_name(), sub.get_about().map(ToString::to_string).unwrap_or_default()))
        .collect();
    let wide = known.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let room = output::width().min(WIDEST).saturating_sub(wide + 4);
    let mut text = String::new();
    let mut add = |heading: &str, names: &mut dyn Iterator<Item = &(&str, String)>| {
        let (head, bold) = (Style::new().bold().underline(), Style::new().bold());
        for (i, (name, about)) in names.enumerate() {
            if i == 0 {
                text.push_str(&format!("\n{head}{heading}:{head:#}\n"));
            }
            let pad = " ".repeat(wide - name.len());
            for (i, line) in output::wrap(about, room).iter().enumerate() {
                match i {
                    0 => text.push_str(&format!("  {bold}{name}{bold:#}{pad}  {line}\n")),
                    _ => text.push_str(&format!("{}{line}\n", " ".repeat(wide + 4))),
                }
            }
        }
    };
    for (heading, names) in GROUPS {
        let of = |name: &&str| known.iter().find(|(known, _)| known == name);
        add(heading, &mut names.iter().filter_map(of));
    }
    let is_other =
        |(name, _): &&(&str, String)| !GROUPS.iter().any(|(_, names)| names.contains(name));
    add("Other", &mut known.iter().filter(is_other));
    let head = Style::new().bold().underline();
    command.help_template(format!(
        "{{about-with-newline}}\n{{usage-heading}} {{usage}}\n{text}\n{head}Options:{head:#}\n\
         {{options}}\n\n`waybill help COMMAND` tells a command's options, with examples.\n"
    ))
}
