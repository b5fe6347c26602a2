//! What the live view asks the service for: beside each other, and never twice at once.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::Stream;
use futures_util::stream::FuturesUnordered;
use waybill_api::{CommandAnswer, CommandRequest, Shown, StatusView};
use waybill_shared::views::LotPage;

use crate::client::{Client, escape};
use crate::failure::Failure;

/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long something that is done may take.
const WORK: Duration = Duration::from_secs(60);

/// Something to ask the service for.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Ask {
    /// How everything stands.
    Status,
    /// Lots, at this path.
    Lots(String),
    /// One subject with its history.
    Shown(String),
    /// What an act would change; by the act's number.
    Look(u64, CommandRequest),
    /// The act.
    Act(u64, CommandRequest),
}

/// What it answered, or why it did not.
#[derive(Debug)]
pub(super) enum Answer {
    /// How everything stands.
    Status(Result<Box<StatusView>, String>),
    /// Lots, of this path.
    Lots(String, Result<LotPage, String>),
    /// One subject with its history.
    Shown(String, Result<Shown, String>),
    /// What an act would change.
    Looked(u64, Result<CommandAnswer, String>),
    /// What became of an act.
    CommandResult(u64, Result<CommandAnswer, String>),
}

type Answering<'a> = Pin<Box<dyn Future<Output = (Ask, Answer)> + 'a>>;

/// What is asked and not answered yet.
pub(super) struct Asking<'a> {
    client: &'a Client,
    asked: Vec<Ask>,
    answering: FuturesUnordered<Answering<'a>>,
}

impl<'a> Asking<'a> {
    pub(super) fn new(client: &'a Client) -> Self {
        Self { client, asked: Vec::new(), answering: FuturesUnordered::new() }
    }

    /// Asks, unless the same is asked already.
    pub(super) fn ask(&mut self, ask: Ask) {
        if self.asked.contains(&ask) {
            return;
        }
        self.asked.push(ask.clone());
        let client = self.client;
        self.answering.push(Box::pin(async move {
            let answer = answer(client, &ask).await;
            (ask, answer)
        }));
    }
}

impl Stream for Asking<'_> {
    type Item = Answer;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Answer>> {
        Pin::new(&mut self.answering).poll_next(context).map(|answered| {
            let (ask, answer) = answered?;
            self.asked.retain(|asked| *asked != ask);
            Some(answer)
        })
    }
}

async fn answer(client: &Client, ask: &Ask) -> Answer {
    match ask {
        Ask::Status => {
            Answer::Status(within(PATIENCE, client.get("/v1/status")).await.map(Box::new))
        }
        Ask::Lots(path) => Answer::Lots(path.clone(), within(PATIENCE, client.get(path)).await),
        Ask::Shown(id) => {
            let path = format!("/v1/show/{}", escape(id));
            Answer::Shown(id.clone(), within(PATIENCE, client.get(&path)).await)
        }
        Ask::Look(number, request) => {
            Answer::Looked(*number, within(PATIENCE, client.post("/v1/commands", request)).await)
        }
        Ask::Act(number, request) => {
            Answer::CommandResult(*number, within(WORK, client.post("/v1/commands", request)).await)
        }
    }
}

/// What `answer` comes to in time; a failure in one line.
async fn within<T>(
    time: Duration,
    answer: impl Future<Output = Result<T, Failure>>,
) -> Result<T, String> {
    match tokio::time::timeout(time, answer).await {
        Ok(answered) => answered.map_err(|failure| failure.to_string()),
        Err(_) => Err(format!("no answer within {} s", time.as_secs())),
    }
}
