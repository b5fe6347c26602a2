//! What operators do by hand: looked at first, then done, one subject at a time or many at once.

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

/// Subjects of one request, at most.
const MOST: usize = 1000;

/// Subjects whose changes commit together.
const TOGETHER: usize = 100;

/// Conflicts with other writers after which a subject is given back.
const CONFLICTS: u32 = 20;

/// What is to be done, on what, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CommandRequest {
    /// What.
    #[serde(flatten)]
    pub command: Command,
    /// On which lots, lines, orders, contributions or parties, by their ids; 1,000 at most.
    #[schema(min_items = 1, max_items = 1000)]
    pub on: Vec<String>,
    /// Why; kept with what it changes.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// Only say what it would change.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dry_run: bool,
}

/// What became of one subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = CommandOutcome)]
pub enum Outcome {
    /// It was changed, or would be.
    Changed,
    /// What was asked for is there already.
    Unchanged,
    /// It cannot be had.
    Refused,
}

/// What became of one subject, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CommandResult {
    /// The subject.
    pub id: String,
    /// What became of it.
    pub outcome: Outcome,
    /// Why nothing changes.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
    /// What changes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub effects: Vec<Effect>,
}

/// What became of all of them.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct CommandAnswer {
    /// Whether nothing was done, but only said.
    pub dry_run: bool,
    /// Subjects that were changed, or would be.
    pub changed: usize,
    /// Subjects that were as wanted.
    pub unchanged: usize,
    /// Subjects of which it cannot be had.
    pub refused: usize,
    /// Each of them, in the order asked for.
    pub items: Vec<CommandResult>,
}

/// Does something by hand, or with `dry_run` says what it would change. The same again changes nothing,
/// but for a split and the withdrawal of an amount.
///
/// Each subject is decided for itself: some may be refused where others are changed. Reviews, consents and
/// acceptances are for those who give them.
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
            "it names none, or more than 1,000",
            "send them in parts",
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

/// What others decide the secretariat does not decide for them; at this machine it may hand in what it got
/// on paper.
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

/// Decides on `ids` and commits what they change.
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
                    // Decided again, alone.
                    conflicts[place] += 1;
                    at_once = 1;
                    pending.push_back(place);
                    None
                }
                Fate::Stale { .. } => {
                    let why = "others keep changing it: try again".to_owned();
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

/// What `id` comes to: a change set to commit, or what is settled without one.
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
                // An answer is given by the party that was asked.
                (Some(party), Some(sender)) if sender != party && sender != actor => {
                    let why = format!("only {sender} may");
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
