//! `waybill health`: reports whether a process is ready, for programs that monitor it.

use std::time::Duration;

use anyhow::Context as _;
use axum::body::Body;
use http_body_util::BodyExt;
use hyper::Request;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;
use waybill_api::Readiness;

use crate::args;
use crate::failure::Failure;
use crate::output;

/// How long the answer may take.
const PATIENCE: Duration = Duration::from_secs(4);

/// Asks, prints the answer, and fails if the process is not ready.
pub(crate) async fn run(arguments: args::Health) -> Result<(), Failure> {
    let address = arguments.address;
    let unreached = |why: String| {
        let hint = "check that it is running with --listen";
        Failure::caller(format!("nothing answers at {address}: {why}"), hint)
    };
    let answer = timeout(PATIENCE, ask(&address.to_string())).await;
    let answer = answer.map_err(|_| unreached("no answer in time".to_owned()))?;
    let Readiness { ready, reasons } = answer.map_err(|error| unreached(format!("{error:#}")))?;
    if ready {
        return output::data("ready\n");
    }
    let reasons: Vec<String> = reasons.into_iter().map(|reason| reason.what).collect();
    output::data(&format!("not ready: {}\n", reasons.join("; ")))?;
    Err(Failure::found())
}

async fn ask(address: &str) -> anyhow::Result<Readiness> {
    let io = TokioIo::new(TcpStream::connect(address).await?);
    let (mut sender, connection) = hyper::client::conn::http1::handshake(io).await?;
    tokio::spawn(connection);
    let request =
        Request::builder().uri("/health/ready").header("host", address).body(Body::empty())?;
    let answer = sender.send_request(request).await?;
    let text = answer.into_body().collect().await?.to_bytes();
    serde_json::from_slice(&text).context("the process that answers is not waybill")
}
