//! `waybill review`, `consent`, `in-kind`, `incident`.

use waybill_shared::domain::command::Command;
use waybill_shared::domain::document::Verdict;

use super::{Picked, Verb, act};
use crate::args;
use crate::failure::Failure;

pub(crate) async fn review(review: args::Review) -> Result<(), Failure> {
    let (verb, verdict, on) = match review {
        args::Review::Approve(on) => (("approve", "approved"), Verdict::Approve, on),
        args::Review::Decline(on) => (("decline", "declined"), Verdict::Decline, on),
        args::Review::Return(on) => (("send back", "sent back"), Verdict::Return, on),
        args::Review::Merge(on) => (("merge", "merged"), Verdict::Merge, on),
    };
    let needs_reason = matches!(verdict, Verdict::Decline | Verdict::Return);
    if needs_reason && on.how.reason.trim().is_empty() {
        let message = format!("to {} needs a reason: its requester reads it", verb.0);
        return Err(Failure::caller(message, "give it with --reason TEXT"));
    }
    let verb = Verb::new(verb.0, verb.1, "lot");
    act(verb, Command::Review { verdict }, Picked::Lots(&on.lots), &on.how).await
}

pub(crate) async fn consent(consent: args::Consent) -> Result<(), Failure> {
    let (verb, agreed, on) = match consent {
        args::Consent::Give(on) => (Verb::new("agree to", "agreed to", "lot"), true, on),
        args::Consent::Refuse(on) => (Verb::new("refuse", "refused", "lot"), false, on),
    };
    let command = Command::Consent { envelope: on.envelope, agreed };
    act(verb, command, Picked::Lots(&on.lots), &on.how).await
}

pub(crate) async fn in_kind(in_kind: args::InKind) -> Result<(), Failure> {
    let (verb, accepted, on) = match in_kind {
        args::InKind::Accept(on) => (Verb::new("accept", "accepted", "lot"), true, on),
        args::InKind::Refuse(on) => (Verb::new("refuse", "refused", "lot"), false, on),
    };
    act(verb, Command::Accept { accepted }, Picked::Lots(&on.lots), &on.how).await
}

pub(crate) async fn incident(incident: args::Incident) -> Result<(), Failure> {
    let (verb, command, on) = match incident {
        args::Incident::Replay(on) => {
            (Verb::new("retry", "tried again", "lot"), Command::Retry, on)
        }
        args::Incident::Skip(on) => (Verb::new("let pass", "let pass", "lot"), Command::Skip, on),
        args::Incident::Close(on) => (Verb::new("cancel", "cancelled", "lot"), Command::Cancel, on),
    };
    let lots = args::OfLots { incident: Some(on.cause), ..args::OfLots::default() };
    act(verb, command, Picked::Lots(&lots), &on.how).await
}
