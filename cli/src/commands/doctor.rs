//! `waybill doctor`: lists what is wrong with the service, each with its fix.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;
use waybill_api::{Diagnosis, Finding, Health};

use crate::args;
use crate::client::Client;
use crate::failure::Failure;
use crate::output::{self, Meaning};
use crate::service;
use crate::target::{BrokerUrl, Target};

/// How long each part may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// Examines everything, and fails if something is bad.
pub(crate) async fn run(arguments: args::Doctor) -> Result<(), Failure> {
    let diagnosis = Diagnosis::of(examine(&arguments).await);
    if arguments.single.json {
        output::json(&diagnosis)?;
    } else {
        output::data(&text(&diagnosis))?;
    }
    if diagnosis.ok { Ok(()) } else { Err(Failure::found()) }
}

/// The findings of this process and of the service. A failure to examine something is a finding too.
async fn examine(arguments: &args::Doctor) -> Vec<Finding> {
    let target = match Target::of(&arguments.single.data) {
        Ok(target) => target,
        Err(failure) => return vec![failed("options", &failure)],
    };
    let (client, broker) = match Client::to_diagnose(&target).await {
        Ok(opened) => opened,
        Err(failure) => return without_store(&target, &failure).await,
    };
    let mut findings = vec![reached(&client, &target)];
    match client.get::<Diagnosis>("/v1/doctor").await {
        Ok(told) => findings.extend(told.findings),
        Err(failure) => findings.push(failed("service", &failure)),
    }
    if let Some(failure) = broker {
        findings.retain(|finding| finding.check != "broker");
        findings.push(failed("broker", &failure));
    }
    client.close().await;
    findings
}

/// What can be examined if the store cannot be opened.
async fn without_store(target: &Target, failure: &Failure) -> Vec<Finding> {
    let mut findings = vec![failed("store", failure)];
    if matches!(target.broker, BrokerUrl::Amqp(_)) {
        let opened = timeout(PATIENCE, target.broker.open(&Arc::default())).await;
        findings.push(match opened {
            Ok(Ok(broker)) => match broker.probe().await {
                Ok(()) => Finding::ok("broker", "it accepts messages"),
                Err(error) => Finding::bad("broker", error.to_string(), "start RabbitMQ"),
            },
            Ok(Err(failure)) => failed("broker", &failure),
            Err(_) => Finding::bad("broker", "it does not answer", "start RabbitMQ"),
        });
    }
    findings
}

fn failed(check: &str, failure: &Failure) -> Finding {
    let (message, hint) = failure.told();
    Finding::bad(check, message, hint.unwrap_or("see `waybill doctor --help`"))
}

/// Who answers the requests of this command.
fn reached(client: &Client, target: &Target) -> Finding {
    let check = "service";
    match client {
        Client::Socket(path) => Finding::ok(check, format!("serve answers on {}", path.display())),
        Client::Remote(url, _) => Finding::ok(check, format!("{url} answers")),
        Client::Local(_) if !target.is_for_one() => {
            Finding::ok(check, "the store is shared: this process checks it directly")
        }
        Client::Local(_) => {
            let data = target.data.display();
            let socket = service::socket(&target.data);
            let left =
                if socket.exists() { ", a socket of an earlier process is left" } else { "" };
            let seen = format!("no process serves {data}{left}");
            Finding::warn(check, seen, format!("waybill serve --data {data}"))
        }
    }
}

fn text(diagnosis: &Diagnosis) -> String {
    let wide = diagnosis.findings.iter().map(|finding| finding.check.len()).max().unwrap_or(0);
    let room = output::width().saturating_sub(wide + 8).max(20);
    let margin = " ".repeat(wide + 8);
    let mut text = String::new();
    for Finding { check, health, seen, mend } in &diagnosis.findings {
        let (word, meaning) = match health {
            Health::Ok => ("ok  ", Meaning::Good),
            Health::Warn => ("warn", Meaning::Warn),
            Health::Bad => ("bad ", Meaning::Bad),
        };
        let word = output::paint(word, meaning);
        for (i, line) in output::wrap(seen, room).iter().enumerate() {
            match i {
                0 => text.push_str(&format!("{word}  {check:wide$}  {line}\n")),
                _ => text.push_str(&format!("{margin}{line}\n")),
            }
        }
        for line in mend.iter().flat_map(|mend| output::wrap(&format!("to fix it: {mend}"), room)) {
            text.push_str(&format!("{margin}{}\n", output::paint(&line, Meaning::Way)));
        }
    }
    let count = |health| diagnosis.findings.iter().filter(|f| f.health == health).count();
    match (count(Health::Bad), count(Health::Warn)) {
        (0, 0) => text.push_str("\nall is well\n"),
        (bad, warn) => text.push_str(&format!("\n{bad} bad, {warn} to look at\n")),
    }
    text
}
