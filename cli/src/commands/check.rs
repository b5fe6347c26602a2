//! `waybill check`.

use waybill_shared::check::Findings;

use crate::args;
use crate::client::Client;
use crate::failure::Failure;
use crate::output;
use crate::target::Target;

/// Checks, prints the violations, and fails if there are any.
pub(crate) async fn run(arguments: args::Check) -> Result<(), Failure> {
    let target = Target::of(&arguments.data)?;
    let bar = output::progress("checking", 0);
    let findings: Result<Findings, Failure> = Client::with(&target, async |client| {
        client.settle().await?;
        client.get("/v1/check").await
    })
    .await;
    bar.finish_and_clear();
    let findings = findings?;
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
    if !arguments.json {
        for (key, count) in &findings.unopened {
            output::talk(&format!(
                "not checked: {count} values sealed by key {key}, which this process does not \
                 have (--key-file)"
            ));
        }
    }
    if findings.ok { Ok(()) } else { Err(Failure::found()) }
}
