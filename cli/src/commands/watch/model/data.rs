//! The requests of the live view. They run in parallel, and the same request never runs twice at
//! once.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::Stream;
use futures_util::stream::FuturesUnordered;
use waybill_api::{CommandAnswer, CommandRequest, Shown, StatusView};
use waybill_shared::views::LotPage;

use crate::client::{Client, escape};
use crate::failure::Failure;

/// How long to wait for an answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long a command may take.
const WORK: Duration = Duration::from_secs(60);

/// A request to the service.
#[derive(Debug, Clone, PartialEq)]
pub(in super::super) enum Ask {
    Status,
    /// The lots at this path.
    Lots(String),
    /// A subject with its history.
    Shown(String),
    /// What a command would change, with the command's number.
    Look(u64, CommandRequest),
    /// Carry out a command, with its number.
    Act(u64, CommandRequest),
}

/// The answer to a request, or why it failed.
#[derive(Debug)]
pub(in super::super) enum Answer {
    Status(Result<Box<StatusView>, String>),
    /// The lots at this path.
    Lots(String, Result<LotPage, String>),
    /// A subject with its history.
    Shown(String, Result<Shown, String>),
    /// What a command would change.
    Looked(u64, Result<CommandAnswer, String>),
    /// What a command did.
    CommandResult(u64, Result<CommandAnswer, String>),
}

type Answering<'a> = Pin<Box<dyn Future<Output = (Ask, Answer)> + 'a>>;

/// The requests that are not answered yet.
pub(in super::super) struct Asking<'a> {
    client: &'a Client,
    asked: Vec<Ask>,
    answering: FuturesUnordered<Answering<'a>>,
}

impl<'a> Asking<'a> {
    pub(in super::super) fn new(client: &'a Client) -> Self {
        Self { client, asked: Vec::new(), answering: FuturesUnordered::new() }
    }

    /// Sends a request, unless the same one is still running.
    pub(in super::super) fn ask(&mut self, ask: Ask) {
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

/// The result of `answer`, within `time`. A failure becomes one line of text.
async fn within<T>(
    time: Duration,
    answer: impl Future<Output = Result<T, Failure>>,
) -> Result<T, String> {
    match tokio::time::timeout(time, answer).await {
        Ok(answered) => answered.map_err(|failure| failure.to_string()),
        Err(_) => Err(format!("no answer within {} s", time.as_secs())),
    }
}
