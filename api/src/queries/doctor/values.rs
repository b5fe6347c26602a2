//! Reports values that an older version accepted and this version would refuse.

use waybill_shared::domain::kinds::EventSubject;
use waybill_shared::engine::Engine;

use super::finding::{Finding, unread};
use super::outgrown::{Outgrown, outgrown};

/// The largest number of values that are named.
const NAMED: usize = 20;

/// Checks everything that came from outside.
pub(super) async fn examine(engine: &Engine) -> Vec<Finding> {
    let check = "values";
    let (found, count) = match outgrown(&*engine.store, NAMED).await {
        Ok(found) => found,
        Err(error) => return vec![unread(check, &error)],
    };
    if found.is_empty() {
        return vec![Finding::ok(check, "all are within today's rules")];
    }
    let more = count - found.len();
    let mut findings: Vec<Finding> = found.iter().map(finding).collect();
    if more > 0 {
        let seen = format!("{more} more subjects hold values beyond today's rules");
        findings.push(Finding::warn(check, seen, "mend those named, then look again"));
    }
    findings
}

fn finding(outgrown: &Outgrown) -> Finding {
    let Outgrown { subject, field, what, is_nul } = outgrown;
    let field = if field.is_empty() { "the id" } else { field };
    let seen = format!("{subject}: {field} {what}");
    if *is_nul {
        let mend = "it stays readable here, and this database stays on SQLite: Postgres keeps no NUL, and what was \
                    logged is not changed; state it anew under another id, and begin anew on Postgres with the coalition's files";
        return Finding::warn("values", seen, mend);
    }
    let mend = match EventSubject::of(subject) {
        EventSubject::Line => {
            format!("`waybill amend {subject}` says the field anew; until then it stays")
        }
        EventSubject::Record(kind, _) if kind.is_named_by_people() => format!(
            "say it anew in its row of the coalition's files, then `waybill import`; until then it stays (`waybill show {subject}`)"
        ),
        _ => format!("it stays as it was said: `waybill show {subject}`"),
    };
    Finding::warn("values", seen, mend)
}
