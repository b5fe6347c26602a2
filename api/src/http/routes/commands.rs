//! Operators' commands: shown first with `dry_run`, then done, on one subject or on many at once.

use std::collections::{HashSet, VecDeque};

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use waybill_shared::documents::TakenDocument;
use waybill_shared::domain::account::Role;
use waybill_shared::domain::command::Command;
use waybill_shared::store::{ChangeSet, Fate};
use waybill_workers::commands::{self, Decided, Instruction};
use waybill_workers::documents::Refusal;

use crate::http::access::Caller;
use crate::http::problem::Problem;
use crate::http::problem_kind::ProblemKind;
use crate::http::request::Body;
use crate::http::state::Api;
use crate::queries::effects::{Effect, effects};

/// The largest number of subjects in one request.
const MOST: usize = 1000;

/// The number of subjects whose changes commit together.
const TOGETHER: usize = 100;

/// The number of conflicts with other writers after which a subject is refused.
const CONFLICTS: u32 = 20;

/// A command, its subjects, and the reason for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
// The API's description keeps the names that clients were generated from.
#[schema(as = ActRequest)]
pub struct CommandRequest {
    /// The command.
    #[serde(flatten)]
    pub command: Command,
    /// The ids of the lots, lines, orders, contributions or parties that the command applies to, at most 1,000.
    #[schema(min_items = 1, max_items = 1000)]
    pub on: Vec<String>,
    /// The reason, which is stored with the changes.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// Only show what would change.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dry_run: bool,
}

/// The result for one subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ActOutcome)]
pub enum Outcome {
    /// The subject was changed, or would be.
    Changed,
    /// The subject is already in the requested state.
    Unchanged,
    /// The command is not possible for this subject.
    Refused,
}

/// The result for one subject, with the reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Acted)]
pub struct CommandResult {
    /// The subject's id.
    pub id: String,
    /// The result.
    pub outcome: Outcome,
    /// Why nothing changes.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
    /// What changes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub effects: Vec<Effect>,
}

/// The results for all subjects.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[schema(as = ActAnswer)]
pub struct CommandAnswer {
    /// Whether this was a dry run, so that nothing was changed.
    pub dry_run: bool,
    /// The number of subjects that were changed, or would be.
    pub changed: usize,
    /// The number of subjects that are already in the requested state.
    pub unchanged: usize,
    /// The number of subjects for which the command is refused.
    pub refused: usize,
    /// The result for each subject, in the order of the request.
    pub items: Vec<CommandResult>,
}

/// Runs a command by hand, or shows with `dry_run` what it would change.
///
/// Repeating a command changes nothing, except for a split and the withdrawal of an amount. Each subject is decided
/// separately: some may be refused while others are changed. Reviews, consents and acceptances can only be given by the
/// parties that were asked for them.
#[utoipa::path(
    post, path = "/v1/commands", tag = "commands", request_body = CommandRequest,
    responses((status = 200, body = CommandAnswer))
)]
pub(crate) async fn command(
    State(api): State<Api>,
    caller: Caller,
    Body(asked): Body<CommandRequest>,
) -> Result<Json<CommandAnswer>, Problem> {
    if asked.on.is_empty() || asked.on.len() > MOST {
        return Err(Problem::field(
            "on",
            "it names no lot, or more than 1,000",
            "send at least one, and at most 1,000 in one request",
        ));
    }
    may(&caller, &asked.command)?;
    let mut answer = CommandAnswer { dry_run: asked.dry_run, ..CommandAnswer::default() };
    let mut seen = HashSet::new();
    let ids: Vec<String> = asked.on.iter().filter(|id| seen.insert(*id)).cloned().collect();
    for ids in ids.chunks(TOGETHER) {
        for acted in together(&api, &caller, &asked, ids).await? {
            match acted.outcome {
                Outcome::Changed => answer.changed += 1,
                Outcome::Unchanged => answer.unchanged += 1,
                Outcome::Refused => answer.refused += 1,
            }
            answer.items.push(acted);
        }
    }
    Ok(Json(answer))
}

/// The secretariat does not decide what is for others to decide. On this machine, though, it may enter answers that it
/// got on paper.
fn may(caller: &Caller, command: &Command) -> Result<(), Problem> {
    let role = caller.role();
    let is_theirs = match command {
        Command::Review { .. } => role == Role::Reviewer,
        Command::Consent { .. } => role == Role::Donor,
        Command::Accept { .. } => role == Role::Requester,
        _ => caller.is_secretariat(),
    };
    if is_theirs || *caller == Caller::Local {
        return Ok(());
    }
    let detail = format!("the role {} may not do this", role.name());
    Err(Problem::new(ProblemKind::Forbidden, detail, "use an account of the party that may"))
}

/// Decides the command for `ids` and commits the changes.
async fn together(
    api: &Api,
    caller: &Caller,
    asked: &CommandRequest,
    ids: &[String],
) -> Result<Vec<CommandResult>, Problem> {
    let engine = &api.engine;
    let visibility = caller.visibility(engine).await?;
    let mut acted: Vec<Option<CommandResult>> = vec![None; ids.len()];
    let mut pending: VecDeque<usize> = (0..ids.len()).collect();
    let mut at_once = ids.len();
    let mut conflicts = vec![0; ids.len()];
    while !pending.is_empty() {
        let (mut places, mut change_sets) = (Vec::new(), Vec::new());
        for place in pending.drain(..at_once.min(pending.len())) {
            match one(api, caller, asked, &ids[place]).await? {
                Ok(change_set) => {
                    places.push((place, effects(engine, &visibility, &change_set).await?));
                    change_sets.push(change_set);
                }
                Err(settled) => acted[place] = Some(settled),
            }
        }
        let fates = if asked.dry_run {
            vec![Fate::Committed; change_sets.len()]
        } else {
            engine.commit(change_sets, None).await?
        };
        for ((place, effects), fate) in places.into_iter().zip(fates) {
            let id = ids[place].clone();
            acted[place] = match fate {
                Fate::Committed => Some(CommandResult {
                    id,
                    outcome: Outcome::Changed,
                    why: String::new(),
                    effects,
                }),
                Fate::Refused { rule } => Some(settled(&id, Outcome::Refused, rule)),
                Fate::Stale { .. } if conflicts[place] < CONFLICTS => {
                    // It is decided again, on its own.
                    conflicts[place] += 1;
                    at_once = 1;
                    pending.push_back(place);
                    None
                }
                Fate::Stale { .. } => {
                    let why = "other requests keep changing it: try again".to_owned();
                    Some(settled(&id, Outcome::Refused, why))
                }
            };
        }
    }
    Ok(acted.into_iter().flatten().collect())
}

fn settled(id: &str, outcome: Outcome, why: String) -> CommandResult {
    CommandResult { id: id.to_owned(), outcome, why, effects: Vec::new() }
}

/// Decides the command for `id`. Returns either a change set to commit, or a result that needs none.
async fn one(
    api: &Api,
    caller: &Caller,
    asked: &CommandRequest,
    id: &str,
) -> Result<Result<ChangeSet, CommandResult>, Problem> {
    let engine = &api.engine;
    if !caller.is_secretariat() {
        let mut visibility = caller.visibility(engine).await?;
        if let Err(problem) = caller.lot(engine, &mut visibility, id).await {
            return Ok(Err(settled(id, Outcome::Refused, problem.detail)));
        }
    }
    let actor = caller.actor();
    let order = Instruction { actor: &actor, command: &asked.command, reason: &asked.reason };
    let decided = commands::decide(engine, &api.connector()?, order, id).await;
    Ok(match decided {
        Ok(Decided::Change(change_set)) => {
            match (caller.party(), TakenDocument::sender_in(&change_set)) {
                // Only the party that was asked may answer.
                (Some(party), Some(sender)) if sender != party && sender != actor => {
                    let why = format!("only {sender} may do this");
                    Err(settled(id, Outcome::Refused, why))
                }
                _ => Ok(*change_set),
            }
        }
        Ok(Decided::Already(why)) => Err(settled(id, Outcome::Unchanged, why)),
        Err(Refusal::Failed(error)) => return Err(error.into()),
        Err(refusal) => Err(settled(id, Outcome::Refused, refusal.to_string())),
    })
}
