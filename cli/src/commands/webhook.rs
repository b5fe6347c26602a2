//! `waybill webhook`.

use waybill_api::{
    Again, AttemptPage, MadeWebhook, NewWebhook, PendingPage, Pinged, Replayed, WebhookView,
};
use waybill_shared::feed::Filter;

use crate::args;
use crate::client::{self, Client, escape};
use crate::failure::Failure;
use crate::output::{self, Cell, Column, Fit, Meaning};
use crate::target::Target;

/// The most attempts and deliveries that are shown.
const SHOWN: usize = 20;

fn path(id: &str, rest: &str) -> String {
    format!("/v1/webhooks/{}{rest}", escape(id))
}

/// Runs the subcommand.
pub(crate) async fn run(arguments: args::Webhook) -> Result<(), Failure> {
    match arguments {
        args::Webhook::Create(create) => make(create).await,
        args::Webhook::List(listing) => list(listing).await,
        args::Webhook::Show(webhook) => show(webhook).await,
        args::Webhook::Ping(webhook) => ping(webhook).await,
        args::Webhook::Rotate(args::WebhookId { id, single }) => {
            let target = Target::of(&single.data)?;
            let nothing = serde_json::json!({});
            let made = client::post(&target, &path(&id, "/rotate"), &nothing).await?;
            print(&made, single.json)
        }
        args::Webhook::Replay(replay) => again(replay).await,
        args::Webhook::Remove(args::WebhookId { id, single }) => {
            let target = Target::of(&single.data)?;
            Client::with(&target, async |client| client.remove(&path(&id, "")).await).await?;
            output::data(&format!("{id} is removed\n"))
        }
    }
}

async fn make(create: args::WebhookCreate) -> Result<(), Failure> {
    let args::WebhookCreate { url, kinds, donor, requester, line, after, single } = create;
    let filter = Filter { kinds, donor, requester, line, subject: None };
    let (name, concurrency, timeout_s) = (String::new(), 4, 15);
    let new = NewWebhook { url, name, filter, concurrency, timeout_s, after };
    let target = Target::of(&single.data)?;
    let made: MadeWebhook = client::post(&target, "/v1/webhooks", &new).await?;
    print(&made, single.json)
}

fn print(made: &MadeWebhook, json: bool) -> Result<(), Failure> {
    if json {
        return output::json(made);
    }
    output::talk(&format!("{}: its secret, shown this once:", made.webhook.id));
    output::data(&format!("{}\n", made.secret))
}

/// The state of deliveries, in a word or two.
fn state(view: &WebhookView) -> String {
    match (&view.disabled, view.failing_since) {
        (Some(disabled), _) => format!("off: {}", disabled.why),
        (None, Some(since)) => format!("failing since {}", since.format("%Y-%m-%d %H:%M")),
        (None, None) => "arrives".to_owned(),
    }
}

const COLUMNS: [Column<WebhookView>; 7] = [
    Column::new("id", Fit::Left, |view| view.id.clone().into()),
    Column::new("of", Fit::Left, |view| {
        view.party.clone().unwrap_or_else(|| view.role.name().to_owned()).into()
    }),
    Column::new("state", Fit::Left, |view| {
        let is_well = view.disabled.is_none() && view.failing_since.is_none();
        Cell::from(state(view)).meaning(if is_well { Meaning::Good } else { Meaning::Bad })
    }),
    Column::new("behind", Fit::Right, |view| view.behind.to_string().into()),
    Column::new("waiting", Fit::Right, |view| view.waiting.to_string().into()),
    Column::new("failed", Fit::Right, |view| view.failed.to_string().into()),
    Column::new("address", Fit::Rest, |view| view.url.clone().into()),
];

async fn list(listing: args::Listing) -> Result<(), Failure> {
    let views: Vec<WebhookView> = client::get(&Target::of(&listing.data)?, "/v1/webhooks").await?;
    output::listing(&listing.form, &COLUMNS, &views, "there are no webhooks")
}

async fn show(webhook: args::WebhookId) -> Result<(), Failure> {
    let args::WebhookId { id, single } = webhook;
    let at_most = format!("?limit={SHOWN}");
    let (view, pending, attempts) = Client::with(&Target::of(&single.data)?, async |client| {
        let view: WebhookView = client.get(&path(&id, "")).await?;
        let pending: PendingPage = client.get(&path(&id, &format!("/pending{at_most}"))).await?;
        let attempts: AttemptPage = client.get(&path(&id, &format!("/attempts{at_most}"))).await?;
        Ok((view, pending, attempts))
    })
    .await?;
    if single.json {
        let all = serde_json::json!({
            "webhook": view, "pending": pending.items, "attempts": attempts.items,
        });
        return output::json(&all);
    }
    let mut text = format!(
        "{}  {}\n  {}\n  at position {}, {} behind, {} waiting, {} failed\n",
        view.id,
        view.url,
        state(&view),
        view.position,
        view.behind,
        view.waiting,
        view.failed
    );
    if !pending.items.is_empty() {
        let row = |item: &waybill_api::PendingView| {
            let next = match (item.failed, item.due) {
                (true, _) => "given up".to_owned(),
                (false, Some(due)) => due.format("%Y-%m-%d %H:%M:%S").to_string(),
                (false, None) => "after the one before".to_owned(),
            };
            let attempts = item.attempts.to_string();
            vec![item.position.to_string(), item.subject.clone(), attempts, next, item.why.clone()]
        };
        let rows: Vec<Vec<String>> = pending.items.iter().map(row).collect();
        let head = ["POSITION", "SUBJECT", "TRIED", "NEXT (UTC)", "WHY"];
        text.push_str(&format!("\nnot delivered\n{}", output::brief_table(&head, &rows)));
    }
    if !attempts.items.is_empty() {
        let row = |attempt: &waybill_shared::domain::webhook::Attempt| {
            let answer = attempt.status.map_or_else(String::new, |status| status.to_string());
            vec![
                attempt.at.format("%Y-%m-%d %H:%M:%S").to_string(),
                attempt.position.to_string(),
                attempt.kind.clone(),
                answer,
                format!("{} ms", attempt.duration_ms),
                attempt.error.clone(),
            ]
        };
        let rows: Vec<Vec<String>> = attempts.items.iter().map(row).collect();
        let head = ["AT (UTC)", "POSITION", "EVENT", "ANSWER", "TOOK", "ERROR"];
        text.push_str(&format!("\nlast attempts\n{}", output::brief_table(&head, &rows)));
    }
    output::data(&text)
}

async fn ping(webhook: args::WebhookId) -> Result<(), Failure> {
    let args::WebhookId { id, single } = webhook;
    let (target, nothing) = (Target::of(&single.data)?, serde_json::json!({}));
    let pinged: Pinged = client::post(&target, &path(&id, "/ping"), &nothing).await?;
    if single.json {
        return output::json(&pinged);
    }
    let status = pinged.status.map(|status| format!("answered {status} ")).unwrap_or_default();
    let took = format!("{status}after {} ms", pinged.duration_ms);
    match pinged.error {
        None => output::data(&format!("the ping was delivered: {took}\n")),
        Some(error) => {
            let message = format!("the ping was not delivered: {error}, {took}");
            Err(Failure::caller(message, "check the receiver, then ping again"))
        }
    }
}

async fn again(replay: args::WebhookReplay) -> Result<(), Failure> {
    let args::WebhookReplay { id, from, to, single } = replay;
    let asked = Again { failed: from.is_none(), from, to };
    let target = Target::of(&single.data)?;
    let done: Replayed = client::post(&target, &path(&id, "/replay"), &asked).await?;
    if single.json {
        return output::json(&done);
    }
    output::data(&format!("{} events are sent again\n", done.events))
}
