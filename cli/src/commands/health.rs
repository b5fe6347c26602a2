//! `waybill health`: whether a process is ready, for those who watch it.

use std::time::Duration;

use axum::body::Body;
use http_body_util::BodyExt;
use hyper::Request;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::args;
use crate::failure::Failure;
use crate::output;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(4);

/// Asks, prints the answer, and fails if it is not ready.
pub(crate) async fn run(arguments: args::Health) -> Result<(), Failure> {
    let address = arguments.address;
    let unreached = |why: String| {
        let hint = "is it running, with --listen?";
        Failure::caller(format!("nothing answers at {address}: {why}"), hint)
    };
    let answer = timeout(PATIENCE, ask(&address.to_string())).await;
    let answer = answer.map_err(|_| unreached("not in time".to_owned()))?;
    let (is_ready, text) = answer.map_err(|error| unreached(error.to_string()))?;
    output::data(&text)?;
    if is_ready { Ok(()) } else { Err(Failure::found()) }
}

async fn ask(address: &str) -> anyhow::Result<(bool, String)> {
    let io = TokioIo::new(TcpStream::connect(address).await?);
    let (mut sender, connection) = hyper::client::conn::http1::handshake(io).await?;
    tokio::spawn(connection);
    let request =
        Request::builder().uri("/health/ready").header("host", address).body(Body::empty())?;
    let answer = sender.send_request(request).await?;
    let is_ready = answer.status().is_success();
    let text = answer.into_body().collect().await?.to_bytes();
    Ok((is_ready, String::from_utf8_lossy(&text).into_owned()))
}
