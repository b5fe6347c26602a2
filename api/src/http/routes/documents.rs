//! What parties answer and report: reviews, acceptances, consents, approvals, order responses, despatch and receipt
//! advices, payments. Each document counts once, by its sender and number.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use waybill_shared::domain::account::Role;
use waybill_shared::domain::document::{Content, Document, ReceiptLine};
use waybill_workers::documents::{
    Refusal, Taken, change_set as change_set_of, take as take_document,
};

use super::orders::find;
use crate::http::access::Caller;
use crate::http::problem::{Problem, Wrong};
use crate::http::problem_kind::ProblemKind;
use crate::http::request::{Body, Params};
use crate::http::state::Api;
use crate::queries::effects::answered::answered;
use crate::queries::effects::{Effect, effects};

/// A document as its sender submits it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Sent {
    /// The sender's own number for the document.
    #[schema(min_length = 1, max_length = 100, example = "DA-2026-0117")]
    pub number: String,
    /// The sender. If it is left out, this is the party that the account acts for. The secretariat may submit for
    /// others what it got on paper, except what they must decide themselves: reviews, acceptances, consents, approvals.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sender: Option<String>,
    /// The reason for the document, or anything that it does not say. It is stored as a note of its lot or order.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schema(max_length = 2000, example = "two boxes came wet")]
    pub remark: String,
    /// The content.
    #[serde(flatten)]
    pub content: Content,
}

/// The longest remark, in characters.
const LONGEST_REMARK: usize = 2000;

/// The result for a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = DocumentOutcome)]
pub enum Outcome {
    /// The document was accepted now, or would be.
    Taken,
    /// The same document was accepted before. Nothing else changes.
    TakenBefore,
    /// The document is too early. It is stored and accepted when its time comes.
    Kept,
}

/// The result for a document.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Answer {
    /// The result.
    pub outcome: Outcome,
    /// The sender under which the document was accepted.
    pub sender: String,
    /// The number under which the document was accepted.
    pub number: String,
    /// What the document would change, in a dry run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub effects: Vec<Effect>,
}

/// How a document is submitted.
#[derive(Debug, Default, Clone, Copy, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct HandIn {
    /// Only show what the document would change.
    dry_run: bool,
}

/// Accepts what a party answers or reports, once by its sender and number.
///
/// The same document again changes nothing. A different document under the same number is refused.
#[utoipa::path(
    post, path = "/v1/documents", tag = "documents", params(HandIn), request_body = Sent,
    responses((status = 200, body = Answer))
)]
pub(crate) async fn take(
    State(api): State<Api>,
    caller: Caller,
    Params(how): Params<HandIn>,
    Body(sent): Body<Sent>,
) -> Result<Json<Answer>, Problem> {
    hand_in(&api, &caller, how, sent).await.map(Json)
}

/// Accepts a document in the name of `caller`.
pub(crate) async fn hand_in(
    api: &Api,
    caller: &Caller,
    how: HandIn,
    sent: Sent,
) -> Result<Answer, Problem> {
    if sent.number.trim().is_empty() || sent.number.chars().count() > 100 {
        let detail = "it is empty, or longer than 100 characters";
        return Err(Problem::field("number", detail, "give the sender's own number"));
    }
    if sent.remark.chars().count() > LONGEST_REMARK {
        let detail = format!("it is longer than {LONGEST_REMARK} characters");
        return Err(Problem::field("remark", detail, "attach what is longer as a file"));
    }
    sees(api, caller, &sent.content).await?;
    let remark = sent.remark.clone();
    let document = signed(api, caller, sent).await?;
    let Document { sender, number, .. } = &document;
    let connector = api.connector()?;
    let (sender, number) = (sender.clone(), number.clone());
    if how.dry_run {
        let visibility = caller.visibility(&api.engine).await?;
        let mut told = match visibility.is_whole() {
            true => answered(&api.engine, &visibility.coalition, &document.content).await?,
            false => Vec::new(),
        };
        let change_set = change_set_of(&api.engine, &connector, &document).await;
        let change_set = match change_set {
            Err(early @ Refusal::Early { .. }) => {
                let effects = vec![Effect { subject: number.clone(), what: early.to_string() }];
                return Ok(Answer { outcome: Outcome::Kept, sender, number, effects });
            }
            other => other,
        };
        // A refusal also shows how the answer differs from the order.
        let asked = told.iter().map(|effect| Wrong {
            row: None,
            field: None,
            value: None,
            detail: format!("{}: {}", effect.subject, effect.what),
            hint: None,
        });
        let change_set = change_set.map_err(|refusal| problem(refusal).with(asked.collect()))?;
        let outcome = if change_set.is_some() { Outcome::Taken } else { Outcome::TakenBefore };
        match &change_set {
            Some(change_set) => told.extend(effects(&api.engine, &visibility, change_set).await?),
            None => told.clear(),
        }
        let effects = told;
        return Ok(Answer { outcome, sender, number, effects });
    }
    let actor = caller.actor();
    let taken = take_document(&api.engine, &connector, &document, &actor, &remark);
    let outcome = match taken.await {
        Ok(Taken::Now) => Outcome::Taken,
        Ok(Taken::Before) => Outcome::TakenBefore,
        Ok(Taken::Kept { .. }) => Outcome::Kept,
        Err(refusal) => return Err(problem(refusal)),
    };
    Ok(Answer { outcome, sender, number, effects: Vec::new() })
}

/// Refuses a document about a lot or an order that the caller may not see, as if it did not exist.
async fn sees(api: &Api, caller: &Caller, content: &Content) -> Result<(), Problem> {
    if caller.is_secretariat() {
        return Ok(());
    }
    match content {
        Content::Review { lot, .. }
        | Content::Acceptance { lot, .. }
        | Content::Consent { lot, .. } => {
            let mut visibility = caller.visibility(&api.engine).await?;
            caller.lot(&api.engine, &mut visibility, &lot.to_string()).await.map(drop)
        }
        Content::Approval { order, .. }
        | Content::TermsDecision { order, .. }
        | Content::OrderResponse { order, .. }
        | Content::OrderChangeResponse { order, .. }
        | Content::DespatchAdvice { order, .. }
        | Content::ReceiptAdvice { order, .. }
        | Content::Payment { order, .. } => find(api, caller, order).await.map(drop),
    }
}

fn problem(refusal: Refusal) -> Problem {
    let text = refusal.to_string();
    match refusal {
        Refusal::Rows(rows) => {
            let told = rows.into_iter().map(|row| Wrong {
                row: u64::try_from(row.row).ok(),
                field: Some(row.field.to_owned()),
                value: Some(row.value),
                detail: row.detail,
                hint: Some(row.hint),
            });
            let hint = "correct these rows and send the whole document again";
            Problem::new(ProblemKind::Refused, text, hint).with(told.collect())
        }
        Refusal::Early { .. } => {
            Problem::new(ProblemKind::Refused, text, "check the present state of the order")
        }
        Refusal::DoesNotApply(_) => {
            Problem::new(ProblemKind::Refused, text, "check the present state of the lot or order")
        }
        Refusal::NotAllowed { .. } => {
            Problem::new(ProblemKind::Forbidden, text, "that party has to send it")
        }
        Refusal::OtherOfThatNumber { .. } => {
            Problem::new(ProblemKind::Conflict, text, "use a different number for each document")
        }
        Refusal::Failed(error) => error.into(),
    }
}

/// The document in the name of the party that may send it.
async fn signed(api: &Api, caller: &Caller, sent: Sent) -> Result<Document, Problem> {
    let forbid = |detail: String| {
        Problem::new(
            ProblemKind::Forbidden,
            detail,
            "send it with an account of the party that sends the document",
        )
    };
    let role = caller.role();
    let may_say = match &sent.content {
        Content::Review { .. } => role == Role::Reviewer,
        Content::Acceptance { .. } => role == Role::Requester,
        Content::Consent { .. } => role == Role::Donor,
        Content::Approval { .. } | Content::TermsDecision { .. } => caller.is_secretariat(),
        Content::OrderResponse { .. } | Content::OrderChangeResponse { .. } => {
            role == Role::Supplier || caller.is_secretariat()
        }
        Content::DespatchAdvice { .. } => {
            matches!(role, Role::Supplier | Role::Carrier) || caller.is_secretariat()
        }
        Content::ReceiptAdvice { .. } => {
            matches!(role, Role::Requester | Role::Recipient) || caller.is_secretariat()
        }
        Content::Payment { .. } => role == Role::BuyingAgent || caller.is_secretariat(),
    };
    // The operator on this machine may speak for anybody, since the operator could also read the database files.
    if !may_say && *caller != Caller::Local {
        return Err(forbid(format!("the role {} may not send this document", role.name())));
    }
    let Sent { number, sender, content, .. } = sent;
    if let Content::Approval { .. } | Content::TermsDecision { .. } = content
        && let Caller::Account(account) = caller
    {
        // The approver is the account itself. The person who drew up the order cannot approve it.
        return Ok(Document { sender: account.actor(), number, content });
    }
    match (caller.party(), sender) {
        (None, Some(sender)) => Ok(Document { sender, number, content }),
        (None, None) => {
            Err(Problem::field("sender", "it is missing", "name the party for which it is sent"))
        }
        (Some(code), _) if role == Role::Recipient => {
            let lines = match &content {
                Content::ReceiptAdvice { lines, .. } => lines.as_slice(),
                _ => &[],
            };
            let sender = received(api, code, lines).await?;
            Ok(Document { sender, number: format!("{code}/{number}"), content })
        }
        (Some(party), Some(sender)) if sender != party => {
            Err(forbid(format!("this account acts for {party}, not for {sender}")))
        }
        (Some(party), _) => Ok(Document { sender: party.to_owned(), number, content }),
    }
}

/// The requester for which the consignee `code` received these lines.
async fn received(api: &Api, code: &str, lines: &[ReceiptLine]) -> Result<String, Problem> {
    let ids: Vec<i64> = lines.iter().map(|line| line.lot.0).collect();
    let lots = api.engine.store.lots_by_id(&ids).await?;
    let known = api.engine.lines_of(&lots).await?;
    for line in lines {
        let lot = lots.iter().find(|lot| lot.id == line.lot);
        let asked = lot.and_then(|lot| known.get(&lot.line()).map(|line| lot.consignee(line)));
        if asked != Some(code) {
            return Err(Problem::unknown("lot", &line.lot.to_string()));
        }
    }
    let requester = known.values().next().map(|line| line.requester.clone());
    requester.ok_or_else(|| Problem::field("lines", "it is missing", "say what was received"))
}
