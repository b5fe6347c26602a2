//! What the API carries: lines handed in, in bulk and one by one; reads while 2,000 lots are under
//! way; webhooks delivered to a receiver on this machine. `cargo bench -p waybill --bench api`.
#![allow(clippy::print_stdout)]

use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use axum::extract::State;
use axum::http::StatusCode;
use futures_util::{StreamExt as _, stream};
use serde_json::{Value, json};

/// Lines of one request.
const BULK: usize = 1000;

/// A service that ends with the benchmark.
struct Service(Child);

impl Drop for Service {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// The API of a running service.
#[derive(Clone)]
struct Api {
    base: String,
    token: String,
    client: reqwest::Client,
}

/// A line that no other is like.
fn row(prefix: &str, n: usize) -> Value {
    let (quantity, days) = (1 + n % 500, n / 500);
    let requested = format!("{}-{:02}-{:02}", 2020 + days / 336, 1 + days / 28 % 12, 1 + days % 28);
    json!({
        "external_id": format!("{prefix}/{n}"), "requester": "MOD", "item": format!("item {}", n % 8),
        "kind": "goods", "classification": "32413100-2", "quantity": quantity.to_string(),
        "unit": "H87", "unit_estimate": "100.00", "currency": "EUR", "class": "2",
        "rank": "1", "requested": requested, "consignee": "C1",
    })
}

fn coalition(folder: &std::path::Path) -> Result<()> {
    let offers: String = (0..8)
        .map(|n| format!("O{n},SUP{n},item {n},H87,100.00,EUR,1,1,{},2025-01-01,,AGENT\n", 5 + n))
        .collect();
    let suppliers: String = (0..8).map(|n| format!("SUP{n},Supplier {n},,,,\n")).collect();
    for (name, text) in [
        ("coalition.toml", "name = \"bench\"\ncurrency = \"EUR\"\nzone = \"UTC\"\nstart = \"2025-02-01\"\n".to_owned()),
        ("offers.csv", format!("id,supplier,item,unit,unit_price,currency,minimum,increment,lead_days,from,to,channel\n{offers}")),
        ("parties.csv", format!("id,name,role,from,to,evidence\nLU,Luxembourg,member,2024-01-01,,invented\nMOD,Ministry,beneficiary,2024-01-01,,invented\nAGENT,Agent,buying_agent,2024-01-01,,invented\n{suppliers}")),
        ("contributions.csv", "id,donors,firmness,stated,amount,currency,consent,source\nLU-1,LU,commitment,2025-01-01,9000000000.00,EUR,none,invented\n".to_owned()),
        ("codes.csv", "scheme,code,name\nCPV,32413100-2,Network routers\n".to_owned()),
        ("consignees.csv", "code,requester,address\nC1,MOD,somewhere\n".to_owned()),
        ("pipeline.toml", "[[step]]\nname = \"validate_priority\"\n[[step]]\nname = \"match_donor\"\n[[step]]\nname = \"issue_order\"\n[[step]]\nname = \"confirm_delivery\"\n[issue_order]\ngather_s = 0\n[connector]\nkind = \"sandbox\"\nseed = 1\nday_ms = 100\n[webhooks]\nallow = [\"127.0.0.2/32\"]\n".to_owned()),
    ] {
        std::fs::write(folder.join(name), text)?;
    }
    Ok(())
}

impl Api {
    fn start(folder: &std::path::Path) -> Result<(Service, Self)> {
        let (dir, data, log) = (folder.join("c"), folder.join("d"), folder.join("log"));
        std::fs::create_dir_all(&dir)?;
        coalition(&dir)?;
        let waybill = env!("CARGO_BIN_EXE_waybill");
        let run = |arguments: &[&str]| -> Result<String> {
            let said = Command::new(waybill).args(arguments).arg("--data").arg(&data).output()?;
            ensure!(said.status.success(), "{said:?}");
            Ok(String::from_utf8_lossy(&said.stdout).into_owned())
        };
        run(&["import", dir.to_str().context("a path")?])?;
        let command = ["serve", "--listen", "127.0.0.1:0", "--rate", "0"];
        let service = Command::new(waybill)
            .args(command)
            .arg("--data")
            .arg(&data)
            .env("WAYBILL_LOG_FORMAT", "json")
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(&log)?)
            .spawn()?;
        let service = Service(service);
        let deadline = Instant::now() + Duration::from_secs(30);
        let base = loop {
            let text = std::fs::read_to_string(&log)?;
            let found = text.split("\"address\":\"").nth(1).and_then(|rest| rest.split('"').next());
            if let Some(found) = found {
                break format!("http://{found}");
            }
            ensure!(Instant::now() < deadline, "the service does not start: {text}");
            std::thread::sleep(Duration::from_millis(20));
        };
        let token = run(&["token", "create", "operator"])?.trim().to_owned();
        rustls::crypto::ring::default_provider().install_default().ok();
        Ok((service, Self { base, token, client: reqwest::Client::new() }))
    }

    async fn send(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Value> {
        let method = reqwest::Method::from_bytes(method.as_bytes())?;
        let mut request = self.client.request(method, format!("{}{path}", self.base));
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        let answer = request.bearer_auth(&self.token).send().await?;
        let status = answer.status();
        let text = answer.text().await?;
        ensure!(status.is_success(), "{status}: {text}");
        Ok(serde_json::from_str(&text)?)
    }

    async fn under_way(&self) -> Result<i64> {
        let status = self.send("GET", "/v1/status", None).await?;
        let open =
            status["lots"].as_array().into_iter().flatten().filter(|c| c["step"].is_string());
        Ok(open.filter_map(|count| count["lots"].as_i64()).sum())
    }
}

/// A percentile of durations, in milliseconds.
fn percentile(times: &mut [Duration], per_cent: usize) -> f64 {
    times.sort_unstable();
    times[(times.len() - 1) * per_cent / 100].as_secs_f64() * 1000.0
}

/// So many calls of `call`, `at_once` beside each other; how long each took.
async fn calls<F: Future<Output = Result<Value>>>(
    count: usize,
    at_once: usize,
    call: impl Fn(usize) -> F,
) -> Result<Vec<Duration>> {
    let one = async |n: usize| {
        let began = Instant::now();
        call(n).await?;
        Ok::<_, anyhow::Error>(began.elapsed())
    };
    let times: Vec<Result<Duration>> =
        stream::iter(0..count).map(one).buffer_unordered(at_once).collect().await;
    times.into_iter().collect()
}

fn told(what: &str, count: usize, took: Duration, times: &mut [Duration]) {
    let rate = count as f64 / took.as_secs_f64();
    let (p50, p99) = (percentile(times, 50), percentile(times, 99));
    println!("{what:45} {rate:9.0}/s   p50 {p50:7.2} ms   p99 {p99:7.2} ms");
}

async fn measure() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (_service, api) = Api::start(folder.path())?;

    let began = Instant::now();
    let mut times = calls(20, 2, async |n| {
        let rows: Vec<Value> = (0..BULK).map(|i| row(&format!("B{n}"), n * BULK + i)).collect();
        api.send("POST", "/v1/requisitions", Some(&json!(rows))).await
    })
    .await?;
    told("lines handed in, 1,000 a request", 20 * BULK, began.elapsed(), &mut times);
    while api.under_way().await? > 0 {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }

    let began = Instant::now();
    let mut times = calls(2000, 16, async |n| {
        api.send("POST", "/v1/requisitions", Some(&json!([row("S", 100_000 + n)]))).await
    })
    .await?;
    told("lines handed in, one a request, 16 at once", 2000, began.elapsed(), &mut times);

    let rows: Vec<Value> = (0..2000).map(|i| row("U", 200_000 + i)).collect();
    for rows in rows.chunks(BULK) {
        api.send("POST", "/v1/requisitions", Some(&json!(rows))).await?;
    }
    let mut times = Vec::new();
    let began = Instant::now();
    while api.under_way().await? > 200 && began.elapsed() < Duration::from_secs(30) {
        let ids = ["LOT-001", "LOT-0AB", "LOT-1XY"];
        times.extend(
            calls(30, 4, async |n| {
                api.send("GET", &format!("/v1/lots/{}", ids[n % 3]), None).await
            })
            .await?,
        );
    }
    let count = times.len();
    told("one lot read, 4 at once, 2,000 under way", count, began.elapsed(), &mut times);
    while api.under_way().await? > 0 {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let began = Instant::now();
    let mut times =
        calls(300, 4, async |_| api.send("GET", "/v1/lots?limit=100", None).await).await?;
    told("100 lots listed, 4 at once, nothing under way", 300, began.elapsed(), &mut times);

    let arrived = Arc::new(AtomicUsize::new(0));
    let count = async |State(arrived): State<Arc<AtomicUsize>>| {
        arrived.fetch_add(1, Ordering::Relaxed);
        StatusCode::NO_CONTENT
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.2:0").await?;
    let url = format!("http://{}/", listener.local_addr()?);
    let routes = axum::Router::new().fallback(count).with_state(arrived.clone());
    tokio::spawn(axum::serve(listener, routes).into_future());
    let began = Instant::now();
    let new = json!({ "url": url, "after": 0, "concurrency": 32 });
    let made = api.send("POST", "/v1/webhooks", Some(&new)).await?;
    let path = format!("/v1/webhooks/{}", made["webhook"]["id"].as_str().context("an id")?);
    let wanted = 20_000;
    while arrived.load(Ordering::Relaxed) < wanted {
        ensure!(
            began.elapsed() < Duration::from_secs(120),
            "{}",
            api.send("GET", &path, None).await?
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let rate = wanted as f64 / began.elapsed().as_secs_f64();
    println!("{:45} {rate:9.0}/s", "webhook deliveries to one endpoint, 32 at once");
    Ok(())
}

fn main() -> Result<()> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(measure())
}
