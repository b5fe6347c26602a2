//! `waybill check`.

use waybill_shared::check::Findings;
use waybill_shared::store::sqlite::SqliteStore;

use crate::args;
use crate::client::Client;
use crate::failure::Failure;
use crate::output;

/// Checks, and says what it found; fails if anything was.
pub(crate) async fn run(arguments: args::Check) -> Result<(), Failure> {
    let findings: Findings = match &arguments.store {
        Some(url) => {
            let path = sqlite_path(url)?;
            if !std::path::Path::new(path).exists() {
                let message = format!("there is no database at {path}");
                return Err(Failure::caller(message, "see `waybill check --help`"));
            }
            let store = SqliteStore::open(path.as_ref()).await?;
            let findings = waybill_shared::check::check(&store).await?;
            store.close().await;
            findings
        }
        None => Client::of(&arguments.data.data).await?.get("/v1/check").await?,
    };
    if arguments.json {
        output::json(&findings)?;
    } else if findings.ok {
        output::data(&format!("ok: {} events replayed, every invariant holds\n", findings.events))?;
    } else {
        let row = |v: &waybill_shared::check::Violation| {
            vec![v.invariant.clone(), v.subject.clone(), v.detail.clone()]
        };
        let rows: Vec<Vec<String>> = findings.violations.iter().map(row).collect();
        output::data(&output::table(&["RULE", "SUBJECT", "WHAT IS WRONG"], &rows))?;
    }
    if findings.ok { Ok(()) } else { Err(Failure::found()) }
}

/// The path in a `sqlite:PATH` URL.
pub(crate) fn sqlite_path(url: &str) -> Result<&str, Failure> {
    url.strip_prefix("sqlite:").filter(|path| !path.is_empty()).ok_or_else(|| {
        Failure::caller(format!("`{url}` is no store of this version"), "use sqlite:PATH")
    })
}
