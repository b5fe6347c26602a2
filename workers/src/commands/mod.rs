//! The commands of the secretariat, each family in a file. A command on one subject becomes one
//! change set, has no effect because it was done before, or is refused.

mod again;
mod answers;
mod files;
mod incidents;
mod lines;
mod lots;
mod money;
mod offers;
mod order_change;
mod orders;
mod parties;
mod parts;
mod pause;
mod surplus;

pub use crate::remark::Note;
pub use files::{Attachment, Claim, LARGEST};

use std::sync::Arc;

use waybill_shared::domain::coalition::Coalition;
use waybill_shared::domain::command::Command;
use waybill_shared::domain::ids::{LineId, LotId};
use waybill_shared::domain::kinds::RecordKind;
use waybill_shared::engine::Engine;
use waybill_shared::intake::follow;
use waybill_shared::line_name::{NamedLine, named};
use waybill_shared::store::{ChangeSet, Record, StoreError, StoredLine};

use crate::connectors::Connector;
use crate::documents::{Desk, Refusal, wake};
use crate::orders::complete;
use crate::remark;

/// The prefix of an incident's id.
const INCIDENT: &str = "incident:";

#[derive(Debug)]
pub enum Decided {
    /// The command makes these changes.
    Change(Box<ChangeSet>),
    /// The command has no effect because its aim is already reached. Holds the reason.
    Already(String),
}

impl From<ChangeSet> for Decided {
    fn from(change_set: ChangeSet) -> Self {
        Self::Change(Box::new(change_set))
    }
}

/// A command, with who gave it and why.
#[derive(Debug, Clone, Copy)]
pub struct Instruction<'a> {
    pub actor: &'a str,
    pub command: &'a Command,
    /// The reason, which may be empty. It is stored with the changes.
    pub reason: &'a str,
}

/// What the instruction `order` would do now to the subject `id`. Stores nothing.
///
/// # Errors
/// [`Refusal`] if the command is not possible.
pub async fn decide(
    engine: &Engine,
    connector: &Arc<dyn Connector>,
    order: Instruction<'_>,
    id: &str,
) -> Result<Decided, Refusal> {
    let coalition = engine.coalition().await?;
    let desk = Desk { engine, connector, coalition: &coalition, sender: order.actor };
    let context = Context { desk, reason: order.reason.trim() };
    let mut decided = on_subject(&context, order, id).await?;
    if let Decided::Change(change_set) = &mut decided {
        follow(engine, change_set).await?;
        let is_kept = matches!(order.command, Command::Pause | Command::Unpause);
        if !order.reason.trim().is_empty() && !id.starts_with(INCIDENT) && !is_kept {
            let subject = context.subject(id).await?;
            remark::keep(engine, change_set, &subject, context.reason).await?;
        }
        complete(engine, change_set).await?;
        wake(engine, change_set).await?;
    }
    Ok(decided)
}

async fn on_subject(
    context: &Context<'_>,
    order: Instruction<'_>,
    id: &str,
) -> Result<Decided, Refusal> {
    if let Some(incident) = id.strip_prefix(INCIDENT) {
        return match order.command {
            Command::Retry => context.replay(incident).await,
            Command::Cancel => context.close(incident).await,
            _ => Err(refuse("an incident is replayed or closed")),
        };
    }
    match order.command {
        Command::Hold => context.hold(lot(id)?).await,
        Command::Resume => context.resume(lot(id)?).await,
        Command::Retry => context.retry(lot(id)?).await,
        Command::Skip => context.skip(lot(id)?).await,
        Command::Cancel => context.cancel(lot(id)?).await,
        Command::Split { quantity, again } => context.split(lot(id)?, *quantity, *again).await,
        Command::Merge { into } => context.merge(lot(id)?, *into).await,
        Command::Redirect { consignee } => context.redirect(lot(id)?, consignee).await,
        Command::Rank { rank, class } => context.rank(id, *rank, *class).await,
        Command::Amend { fields } => context.amend(id, fields).await,
        Command::Reopen => context.reopen(id).await,
        Command::Correct { fields } => context.correct(id, fields).await,
        Command::Review { verdict } => context.review(lot(id)?, *verdict).await,
        Command::Consent { envelope, agreed } => {
            context.consent(lot(id)?, envelope.as_deref(), *agreed).await
        }
        Command::Accept { accepted } => context.accept(lot(id)?, *accepted).await,
        Command::Surplus { fate } => context.surplus(lot(id)?, *fate).await,
        Command::Approve { approved } => context.approve(id, *approved).await,
        Command::DecideTerms { decision, lots } => context.decide_terms(id, *decision, lots).await,
        Command::CancelOrder { lots } if lots.is_empty() => context.cancel_order(id).await,
        Command::CancelOrder { lots } => context.cancel_parts(id, lots).await,
        Command::ChangeOrder { lots } => context.change_order(id, lots).await,
        Command::Withdraw { amount, again } => context.withdraw(id, *amount, *again).await,
        Command::Pause => context.pause(id, true).await,
        Command::Unpause => context.pause(id, false).await,
        Command::Reinstate => context.reinstate(id).await,
        Command::Deposit { number, amount, date } => {
            context.deposit(id, number, *amount, *date).await
        }
        Command::BeginRole { role, from, name, evidence } => {
            context.begin_role(id, *role, *from, name.as_deref(), evidence).await
        }
        Command::EndRole { role, last, evidence } => {
            context.end_role(id, *role, *last, evidence).await
        }
        Command::RenameRequester { to, name, evidence } => {
            context.rename(id, to, name.as_deref(), evidence).await
        }
        Command::EndOffer { last } => context.end_offer(id, *last).await,
        Command::KeepOffer => context.keep_offer(id).await,
        Command::Claim { amount } => context.claim(id, *amount).await,
        Command::Note { follow_up } => context.note(id, *follow_up).await,
        Command::Attach { name, content } => context.attach(id, name, content).await,
    }
}

/// The person who gives the command, and the reason.
struct Context<'a> {
    desk: Desk<'a>,
    reason: &'a str,
}

fn lot(id: &str) -> Result<LotId, Refusal> {
    id.parse().map_err(|error: waybill_shared::domain::ids::IdError| {
        Refusal::DoesNotApply(error.to_string())
    })
}

fn refuse(why: impl Into<String>) -> Refusal {
    Refusal::DoesNotApply(why.into())
}

fn already(why: impl Into<String>) -> Result<Decided, Refusal> {
    Ok(Decided::Already(why.into()))
}

impl Context<'_> {
    fn coalition(&self) -> &Coalition {
        self.desk.coalition
    }

    /// The given reason, or `otherwise` if none was given.
    fn because<'a>(&'a self, otherwise: &'a str) -> &'a str {
        if self.reason.is_empty() { otherwise } else { self.reason }
    }

    /// The line with this id, which may be its own id or its requester's.
    async fn line(&self, id: &str) -> Result<(LineId, StoredLine), Refusal> {
        match named(&*self.desk.engine.store, id).await? {
            NamedLine::One(id, stored) => Ok((id, *stored)),
            NamedLine::Unknown => Err(refuse(format!("there is no line `{id}`"))),
            NamedLine::Several(name) => Err(refuse(name.to_string())),
        }
    }
}

fn read<T: serde::de::DeserializeOwned>(
    kind: RecordKind,
    record: &Record,
) -> Result<T, StoreError> {
    serde_json::from_str(&record.body)
        .map_err(|source| StoreError::Corrupt { subject: format!("{kind}:{}", record.id), source })
}

/// `value` as the body of a record.
fn body(kind: RecordKind, id: &str, value: &impl serde::Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value)
        .map_err(|source| StoreError::Corrupt { subject: format!("{kind}:{id}"), source })
}
