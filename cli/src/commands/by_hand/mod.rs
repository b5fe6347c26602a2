//! Commands that operators carry out by hand. The effects are computed first, several changes need
//! a confirmation, and then the command is carried out.

mod answers;
mod documents;
mod giving;
mod lines;
mod lots;
mod orders;
mod pause;
mod subjects;
mod submit;

pub(crate) use answers::{consent, in_kind, incident, review, surplus};
pub(crate) use documents::{despatch, pay, receive};
pub(crate) use giving::{commit, contribute, deposit, member, offer, reinstate, withdraw};
pub(crate) use lines::{amend, correct, rank, reopen};
pub(crate) use lots::{cancel, hold, merge, redirect, resume, retry, split};
pub(crate) use orders::{claim, order};
pub(crate) use pause::{pause, unpause};
pub(crate) use subjects::{attach, note};
pub(crate) use submit::submit;

use waybill_api::{CommandAnswer, CommandOutcome, CommandRequest, CommandResult};
use waybill_shared::domain::command::Command;

use crate::args::How;
use crate::client::Client;
use crate::failure::Failure;
use crate::output::{self, Doing, Held, Meaning};
use crate::target::Target;

/// The most subjects of one request.
const AT_ONCE: usize = 500;

/// The most subjects that are listed before confirmation.
const LISTED: usize = 20;

/// How a command is named in messages.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Verb {
    /// The infinitive, such as `hold`.
    pub(crate) to: &'static str,
    /// The participle, such as `held`.
    pub(crate) done: &'static str,
    /// The kind of subject, such as `lot`.
    pub(crate) what: &'static str,
}

impl Verb {
    pub(crate) const fn new(to: &'static str, done: &'static str, what: &'static str) -> Self {
        Self { to, done, what }
    }

    /// Formats a count, such as `3 lots` or `1 lot`.
    pub(crate) fn count(&self, count: usize) -> String {
        match (count, self.what) {
            (1, what) => format!("1 {what}"),
            (count, "party") => format!("{count} parties"),
            (count, what) => format!("{count} {what}s"),
        }
    }
}

/// Carries out `command` on `ids`, with the options in `how`.
pub(super) async fn act(
    verb: Verb,
    command: Command,
    ids: Picked<'_>,
    how: &How,
) -> Result<(), Failure> {
    let target = Target::of(&how.data)?;
    // Ids are read before the data folder is locked, because the program that writes to the pipe
    // may need the folder.
    let given = ids.given()?;
    let done = Client::with(&target, async |client| {
        let ids = match given {
            Some(ids) => ids,
            None => ids.find(client).await?,
        };
        if ids.is_empty() {
            return Err(Failure::caller(
                format!("there is no {} to {}", verb.what, verb.to),
                "list the lots with `waybill lots` and the same filter",
            ));
        }
        let request = |ids: &[String], dry_run| CommandRequest {
            command: command.clone(),
            on: ids.to_vec(),
            reason: how.reason.clone(),
            dry_run,
        };
        if ids.len() == 1 && !how.dry_run {
            return client.post("/v1/commands", &request(&ids, false)).await;
        }
        let mut looked: CommandAnswer = in_parts(client, &ids, true, &request).await?;
        if how.dry_run || looked.changed == 0 {
            looked.dry_run = how.dry_run;
            return Ok(looked);
        }
        let wanted: Vec<String> =
            of(&looked, CommandOutcome::Changed).map(|a| a.id.clone()).collect();
        if wanted.len() > 1 && !how.yes {
            confirm(verb, &looked, &wanted)?;
        }
        let mut done: CommandAnswer = in_parts(client, &wanted, false, &request).await?;
        // Subjects that were left out are reported too.
        let others =
            looked.items.into_iter().filter(|acted| acted.outcome != CommandOutcome::Changed);
        done.items.extend(others);
        (done.unchanged, done.refused) =
            (done.unchanged + looked.unchanged, done.refused + looked.refused);
        Ok(done)
    })
    .await?;
    tell(verb, &done, how)
}

fn of(answer: &CommandAnswer, outcome: CommandOutcome) -> impl Iterator<Item = &CommandResult> {
    answer.items.iter().filter(move |acted| acted.outcome == outcome)
}

/// Sends the request for all `ids`, one part at a time. Ctrl-C stops between two parts.
async fn in_parts(
    client: &Client,
    ids: &[String],
    dry_run: bool,
    request: &impl Fn(&[String], bool) -> CommandRequest,
) -> Result<CommandAnswer, Failure> {
    let mut all = CommandAnswer::default();
    // This comes before the progress bar, because a person who sees the bar may press Ctrl-C.
    let work = Held::on(Doing::Works);
    let bar = output::progress("acting", i64::try_from(ids.len()).unwrap_or(0));
    for part in ids.chunks(AT_ONCE) {
        // A part that was started is always completed.
        if work.is_told() {
            bar.finish_and_clear();
            if dry_run {
                return Err(Failure::caller("stopped: nothing was changed", ""));
            }
            let (done, all) = (all.items.len(), ids.len());
            let message = format!("stopped: {done} of {all} were done, the others are unchanged");
            return Err(Failure::caller(message, "run the same command again for the rest"));
        }
        let answer: CommandAnswer = client.post("/v1/commands", &request(part, dry_run)).await?;
        bar.inc(part.len() as u64);
        all.dry_run = answer.dry_run;
        all.changed += answer.changed;
        all.unchanged += answer.unchanged;
        all.refused += answer.refused;
        all.items.extend(answer.items);
    }
    bar.finish_and_clear();
    work.ends();
    Ok(all)
}

/// Shows what would happen, and asks for confirmation.
fn confirm(verb: Verb, looked: &CommandAnswer, wanted: &[String]) -> Result<(), Failure> {
    let question = format!("{} {}?", verb.to, verb.count(wanted.len()));
    if !output::can_ask() {
        let message = format!("this would {} {}", verb.to, verb.count(wanted.len()));
        let hint = "see the changes with --dry-run, then confirm with --yes";
        return Err(Failure::caller(message, hint));
    }
    let shown: Vec<&CommandResult> = of(looked, CommandOutcome::Changed).take(LISTED).collect();
    output::talk(effects(&shown).trim_end());
    if wanted.len() > LISTED {
        output::talk(&format!("… and {} more", wanted.len() - LISTED));
    }
    let left_out = looked.unchanged + looked.refused;
    if left_out > 0 {
        output::talk(&format!("{} are left out: --dry-run shows why", verb.count(left_out)));
    }
    if output::confirm(&question)? {
        return Ok(());
    }
    Err(Failure::caller("nothing was changed", ""))
}

/// The effects, one subject after another.
fn effects(acted: &[&CommandResult]) -> String {
    let mut rows = Vec::new();
    for one in acted {
        for effect in &one.effects {
            rows.push(vec![effect.subject.clone(), effect.what.clone()]);
        }
    }
    output::wrapped_table(&["WHAT", "CHANGES"], &rows)
}

/// Prints what was done, or would be done, and what was refused.
fn tell(verb: Verb, answer: &CommandAnswer, how: &How) -> Result<(), Failure> {
    if how.json {
        output::json(answer)?;
    } else {
        let mut text = String::new();
        let changed: Vec<&CommandResult> = of(answer, CommandOutcome::Changed).collect();
        if answer.dry_run && !changed.is_empty() {
            text.push_str(&effects(&changed));
        }
        for same in of(answer, CommandOutcome::Unchanged) {
            text.push_str(&format!("{}: unchanged, {}\n", same.id, same.why));
        }
        let of_many = answer.items.len() > 1;
        let count = verb.count(answer.changed);
        if answer.dry_run && answer.changed == 0 {
            text.push_str("nothing would change\n");
        } else if answer.dry_run {
            text.push_str(&format!("nothing was changed: this would {} {count}\n", verb.to));
        } else if let ([one], false) = (changed.as_slice(), of_many) {
            text.push_str(&format!("{} is {}\n", one.id, verb.done));
            if !one.effects.is_empty() {
                text.push_str(&effects(&[*one]));
            }
        } else if of_many && answer.changed == 0 {
            text.push_str("nothing was changed\n");
        } else if of_many || answer.changed > 0 {
            text.push_str(&format!("{} {count}", output::paint(verb.done, Meaning::Good)));
            for (count, what) in [(answer.unchanged, "unchanged"), (answer.refused, "refused")] {
                if count > 0 {
                    text.push_str(&format!(", {count} {what}"));
                }
            }
            text.push('\n');
        }
        output::data(&text)?;
    }
    refusals(verb, answer)
}

/// Fails if something was refused.
fn refusals(verb: Verb, answer: &CommandAnswer) -> Result<(), Failure> {
    let refused: Vec<&CommandResult> = of(answer, CommandOutcome::Refused).collect();
    let told = |acted: &&CommandResult| {
        if acted.why.contains(&acted.id) {
            acted.why.clone()
        } else {
            format!("{}: {}", acted.id, acted.why)
        }
    };
    match refused.as_slice() {
        [] => Ok(()),
        [one] if answer.items.len() == 1 => {
            let hint =
                if verb.what == "lot" { "`waybill show` shows where it is and why" } else { "" };
            Err(Failure::caller(told(one), hint))
        }
        many => {
            let mut text = format!("{} could not be changed", many.len());
            for acted in many.iter().take(LISTED) {
                text.push_str(&format!("\n  {}", told(acted)));
            }
            if many.len() > LISTED {
                text.push_str(&format!("\n  … and {} more", many.len() - LISTED));
            }
            Err(Failure::caller(text, ""))
        }
    }
}

/// The subjects of a command.
pub(super) enum Picked<'a> {
    Ids(&'a [String]),
    /// Lots by id or by filter.
    Lots(&'a crate::args::OfLots),
}

impl Picked<'_> {
    /// The ids, if they were named. `None` means that a filter finds them.
    fn given(&self) -> Result<Option<Vec<String>>, Failure> {
        match self {
            Self::Ids(ids) => given(ids).map(Some),
            Self::Lots(lots) if !lots.ids.is_empty() => given(&lots.ids).map(Some),
            Self::Lots(_) => Ok(None),
        }
    }

    async fn find(&self, client: &Client) -> Result<Vec<String>, Failure> {
        match self {
            Self::Ids(ids) => Ok(ids.to_vec()),
            Self::Lots(lots) => lots::matching(client, lots).await,
        }
    }
}

/// The given ids. A `-` is replaced by ids from standard input.
fn given(ids: &[String]) -> Result<Vec<String>, Failure> {
    let mut all = Vec::new();
    for id in ids {
        if id != "-" {
            all.push(id.clone());
            continue;
        }
        for line in std::io::stdin().lines() {
            let line = line.map_err(|error| {
                Failure::caller(
                    format!("cannot read standard input: {error}"),
                    "give one id on each line",
                )
            })?;
            // Only the first word counts, so that rows of a listing can be piped in.
            all.extend(line.split_whitespace().next().map(str::to_owned));
        }
    }
    let mut seen = std::collections::HashSet::new();
    all.retain(|id| seen.insert(id.clone()));
    Ok(all)
}
