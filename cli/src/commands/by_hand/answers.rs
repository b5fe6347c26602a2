//! `waybill review`, `consent`, `in-kind`, `surplus`, `incident`.

use waybill_api::IncidentView;
use waybill_shared::domain::command::Command;
use waybill_shared::domain::document::Verdict;
use waybill_shared::domain::surplus::SurplusFate;

use super::lots::matching;
use super::{Picked, Verb, act};
use crate::args;
use crate::client::Client;
use crate::failure::Failure;
use crate::target::Target;

pub(crate) async fn review(review: args::Review) -> Result<(), Failure> {
    let (verb, verdict, on) = match review {
        args::Review::Approve(on) => (("approve", "approved"), Verdict::Approve, on),
        args::Review::Decline(on) => (("decline", "declined"), Verdict::Decline, on),
        args::Review::Return(on) => (("send back", "sent back"), Verdict::Return, on),
        args::Review::Merge(on) => (("merge", "merged"), Verdict::Merge, on),
    };
    let needs_reason = matches!(verdict, Verdict::Decline | Verdict::Return);
    if needs_reason && on.how.reason.trim().is_empty() {
        let message = format!("a reason is required to {}: the requester reads it", verb.0);
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

pub(crate) async fn surplus(surplus: args::Surplus) -> Result<(), Failure> {
    let (verb, fate, on) = match surplus {
        args::Surplus::Pay(on) => {
            (Verb::new("keep and pay", "kept and paid", "lot"), SurplusFate::KeptPaid, on)
        }
        args::Surplus::Keep(on) => (Verb::new("keep", "kept", "lot"), SurplusFate::KeptUnpaid, on),
        args::Surplus::Return(on) => {
            (Verb::new("return", "returned", "lot"), SurplusFate::Returned, on)
        }
    };
    act(verb, Command::Surplus { fate }, Picked::Lots(&on.lots), &on.how).await
}

pub(crate) async fn incident(incident: args::Incident) -> Result<(), Failure> {
    let (verb, command, on) = match incident {
        args::Incident::Replay(on) => {
            (Verb::new("retry", "tried again", "subject"), Command::Retry, on)
        }
        args::Incident::Skip(on) => (Verb::new("skip", "skipped", "subject"), Command::Skip, on),
        args::Incident::Close(on) => (Verb::new("close", "closed", "subject"), Command::Cancel, on),
    };
    let target = Target::of(&on.how.data)?;
    let ids = Client::with(&target, async |client| subjects(client, &on.cause).await).await?;
    act(verb, command, Picked::Ids(&ids), &on.how).await
}

/// The lots that are parked with a cause, and the incidents that are recorded with it.
async fn subjects(client: &Client, cause: &str) -> Result<Vec<String>, Failure> {
    let known: Vec<IncidentView> = client.get("/v1/incidents").await?;
    let own: Vec<&IncidentView> = known.iter().filter(|view| view.cause == cause).collect();
    if own.is_empty() {
        let hint = match known.len() {
            0 => "there are no incidents".to_owned(),
            _ => "`waybill incidents` lists the causes there are".to_owned(),
        };
        return Err(Failure::caller(format!("no lot is parked with the cause `{cause}`"), hint));
    }
    let records = own.iter().flat_map(|view| &view.records);
    let mut ids: Vec<String> = records.map(|record| format!("incident:{record}")).collect();
    if own.iter().any(|view| view.lots > 0) {
        let lots = args::OfLots { incident: Some(cause.to_owned()), ..args::OfLots::default() };
        ids.extend(matching(client, &lots).await?);
    }
    Ok(ids)
}
