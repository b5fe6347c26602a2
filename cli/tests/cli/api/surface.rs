//! An office that serves the network, and accounts to use it with.

use std::collections::HashMap;
use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::ops::Deref;
use std::sync::Mutex;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::coalition;
use crate::secretariat::{Secretariat, Service};
use crate::support::{SOON, eventually, example, run, text};

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HashMap<String, String>,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Result<Value> {
        serde_json::from_str(&self.text).with_context(|| format!("no JSON: {self:?}"))
    }

    /// It must have this status.
    pub(crate) fn is(self, status: u16) -> Result<Self> {
        ensure!(self.status == status, "not {status}: {self:?}");
        Ok(self)
    }

    /// It must be a problem of this kind whose text has each of `parts`.
    pub(crate) fn problem(self, status: u16, kind: &str, parts: &[&str]) -> Result<Value> {
        let answer = self.is(status)?;
        let media = answer.headers.get("content-type").map(String::as_str);
        ensure!(media == Some("application/problem+json"), "{answer:?}");
        let problem = answer.json()?;
        ensure!(problem["type"] == format!("/problems/{kind}"), "not {kind}: {problem}");
        ensure!(problem["status"] == status, "{problem}");
        for part in parts {
            ensure!(answer.text.contains(part), "`{part}` is missing: {problem}");
        }
        Ok(problem)
    }
}

/// Whoever asks a service on the network.
pub(crate) struct Client {
    pub(crate) base: String,
    runtime: tokio::runtime::Runtime,
    client: reqwest::Client,
}

/// An office whose API is on the network.
pub(crate) struct Surface {
    pub(crate) secretariat: Secretariat,
    client: Client,
    tokens: Mutex<HashMap<String, String>>,
}

impl Client {
    pub(crate) fn new(base: &str) -> Result<Self> {
        Self::from(base, Ipv4Addr::LOCALHOST)
    }

    /// One that asks from `address`.
    pub(crate) fn from(base: &str, address: Ipv4Addr) -> Result<Self> {
        rustls::crypto::ring::default_provider().install_default().ok();
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let client = reqwest::Client::builder().timeout(Duration::from_secs(90));
        let client = client.local_address(IpAddr::from(address)).build()?;
        Ok(Self { base: base.to_owned(), runtime, client })
    }

    pub(crate) fn request(&self, method: &str, path: &str) -> Result<RequestBuilder> {
        let method = Method::from_bytes(method.as_bytes())?;
        Ok(self.client.request(method, format!("{}{path}", self.base)))
    }

    pub(crate) fn send(&self, request: RequestBuilder) -> Result<Answer> {
        self.runtime.block_on(async {
            let answer = request.send().await?;
            let status = answer.status().as_u16();
            let header =
                |(name, value): (&reqwest::header::HeaderName, &reqwest::header::HeaderValue)| {
                    Some((name.to_string(), value.to_str().ok()?.to_owned()))
                };
            let headers = answer.headers().iter().filter_map(header).collect();
            Ok(Answer { status, headers, text: answer.text().await? })
        })
    }

    /// The statuses of all `requests`, sent at once; of those that the service hung up on before they were sent, none.
    pub(crate) fn all_at_once(&self, requests: Vec<RequestBuilder>) -> Vec<u16> {
        let sent = requests.into_iter().map(|request| async {
            let answer = request.send().await.ok()?;
            let status = answer.status().as_u16();
            answer.bytes().await.ok()?;
            Some(status)
        });
        let sent = self.runtime.block_on(futures_util::future::join_all(sent));
        sent.into_iter().flatten().collect()
    }

    pub(crate) fn get(&self, token: &str, path: &str) -> Result<Answer> {
        self.send(self.request("GET", path)?.bearer_auth(token))
    }
}

impl Deref for Surface {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

/// The address at which a service says that it serves the API.
pub(crate) fn address(log: &str) -> Option<String> {
    let line = log.lines().find(|line| line.contains("the API is served"))?;
    let line: Value = serde_json::from_str(line).ok()?;
    Some(line["fields"]["address"].as_str()?.to_owned())
}

impl Surface {
    pub(crate) fn open(quantity: u32) -> Result<Self> {
        Self::on(Secretariat::open_with(quantity, &["--listen", "127.0.0.1:0"])?)
    }

    /// One that is served with more options.
    pub(crate) fn open_with(more: &[&str]) -> Result<Self> {
        let listen = ["--listen", "127.0.0.1:0"];
        let all: Vec<&str> = listen.iter().chain(more).copied().collect();
        Self::on(Secretariat::open_with(1, &all)?)
    }

    /// One that tries to deliver for as long as a test may take.
    pub(crate) fn open_patient() -> Result<Self> {
        let patient = format!("retry_s = [{}1]", "1, ".repeat(300));
        Self::open_changed("retry_s = [1, 1, 1, 1]", &patient)
    }

    /// One whose pipeline says `new` instead of `old`.
    pub(crate) fn open_changed(old: &str, new: &str) -> Result<Self> {
        let folder = TempDir::new()?;
        let dir = coalition::write(folder.path(), &[coalition::row("R-1", 1)])?;
        let pipeline = dir.join("pipeline.toml");
        let text = fs::read_to_string(&pipeline)?;
        ensure!(text.contains(old), "the pipeline does not say `{old}`");
        fs::write(&pipeline, text.replace(old, new))?;
        Self::on(Secretariat::open_in(folder, &dir, &["--listen", "127.0.0.1:0"])?)
    }

    /// The example for the API, as README starts it.
    pub(crate) fn of_the_example() -> Result<Self> {
        let folder = TempDir::new()?;
        let data = folder.path().join("data");
        let dir = example().with_file_name("live");
        run(&["import", text(&dir)?, "--data", text(&data)?])?.ok()?;
        let service = Service::start_with(&data, None, &["--listen", "127.0.0.1:0"])?;
        Self::on(Secretariat { folder, data, service })
    }

    /// One whose office serves an address already.
    pub(crate) fn of(secretariat: Secretariat) -> Result<Self> {
        Self::on(secretariat)
    }

    fn on(secretariat: Secretariat) -> Result<Self> {
        let found =
            eventually("the API is served", SOON, || Ok(address(&secretariat.service.log()?)))?;
        Ok(Self {
            secretariat,
            client: Client::new(&format!("http://{found}"))?,
            tokens: Mutex::default(),
        })
    }

    /// SIGKILL, and another `serve` on the same data and at the same address.
    pub(crate) fn kill_and_start(&mut self) -> Result<()> {
        let listen = self.base.trim_start_matches("http://").to_owned();
        let data = self.secretariat.data.clone();
        self.secretariat.restart(|| Service::start_with(&data, None, &["--listen", &listen]))?;
        eventually("the API is served", SOON, || Ok(address(&self.secretariat.service.log()?)))?;
        Ok(())
    }

    /// A token of `role` for `party`, the same one each time.
    pub(crate) fn token(&self, role: &str, party: &str) -> Result<String> {
        let mut tokens = self.tokens.lock().map_err(|_| anyhow::anyhow!("poisoned"))?;
        let name = format!("{role} {party}");
        if let Some(token) = tokens.get(&name) {
            return Ok(token.clone());
        }
        let data = text(&self.secretariat.data)?;
        let mut arguments = vec!["token", "create", role, "--data", data];
        if !party.is_empty() {
            arguments.extend(["--for", party]);
        }
        let token = run(&arguments)?.ok()?.out.trim().to_owned();
        tokens.insert(name, token.clone());
        Ok(token)
    }

    /// The first admin's token, as the service has left it in its folder.
    pub(crate) fn admin(&self) -> Result<String> {
        let log = self.secretariat.service.log()?;
        ensure!(!log.contains("wbt_"), "the log has a token: {log}");
        let file = self.secretariat.data.join("admin-token");
        eventually("the token is there", SOON, || Ok(fs::read_to_string(&file).ok()))
            .map(|token| token.trim().to_owned())
    }

    pub(crate) fn write(
        &self,
        token: &str,
        method: &str,
        path: &str,
        body: &Value,
    ) -> Result<Answer> {
        let request = self.request(method, path)?.bearer_auth(token);
        self.send(request.header("content-type", "application/json").body(body.to_string()))
    }

    pub(crate) fn post(&self, token: &str, path: &str, body: &Value) -> Result<Answer> {
        self.write(token, "POST", path, body)
    }

    /// The lot `id` as the secretariat sees it, once it waits for, or has ended as, `what`.
    pub(crate) fn until(&self, id: &str, what: &str) -> Result<Value> {
        let operator = self.token("operator", "")?;
        eventually(&format!("{id} is at {what}"), SOON, || {
            let lot = self.get(&operator, &format!("/v1/lots/{id}"))?.is(200)?.json()?;
            Ok((lot["state"] == what || lot["awaits"] == what).then_some(lot))
        })
    }
}

/// A row of a requisition as the routes take it.
pub(crate) fn row(external_id: &str, requester: &str, quantity: u32) -> Value {
    let consignee = if requester == "REQ2" { "C3" } else { "C1" };
    json!({
        "external_id": external_id, "requester": requester, "item": "Laptop", "kind": "goods",
        "classification": "30213100-6", "scheme": "CPV", "quantity": quantity.to_string(),
        "unit": "H87", "unit_estimate": "100.00", "currency": "EUR", "class": "1", "rank": "1",
        "requested": "2025-01-02", "consignee": consignee, "source": "invented",
    })
}
