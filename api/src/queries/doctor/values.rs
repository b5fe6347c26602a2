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
        return vec![Finding::ok(check, "all values follow the present rules")];
    }
    let more = count - found.len();
    let mut findings: Vec<Finding> = found.iter().map(finding).collect();
    if more > 0 {
        let seen = format!("{more} more subjects have values that the present rules do not allow");
        findings.push(Finding::warn(check, seen, "correct those listed, then run it again"));
    }
    findings
}

fn finding(outgrown: &Outgrown) -> Finding {
    let Outgrown { subject, field, what, is_nul } = outgrown;
    let field = if field.is_empty() { "the id" } else { field };
    let seen = format!("{subject}: {field} {what}");
    if *is_nul {
        let mend = "it stays readable here, but this database has to stay on SQLite: Postgres \
                    cannot store NUL, and logged events never change; enter it again under \
                    another id, or start a new database on Postgres from the coalition's files";
        return Finding::warn("values", seen, mend);
    }
    let mend = match EventSubject::of(subject) {
        EventSubject::Line => {
            format!("`waybill amend {subject}` corrects the field; until then it stays")
        }
        EventSubject::Record(kind, _) if kind.is_named_by_people() => format!(
            "correct its row in the coalition's files, then run `waybill import`; until then it \
             stays (`waybill show {subject}`)"
        ),
        _ => format!("it stays as it was entered: `waybill show {subject}`"),
    };
    Finding::warn("values", seen, mend)
}
