//! Requisitions: submitted lines, with a result for each.

mod rows;

pub(crate) use rows::read;

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::{Request, State};
use axum::{Json, RequestExt as _};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use waybill_shared::domain::account::Role;
use waybill_shared::domain::amendment::Needed;
use waybill_shared::domain::requisition::Line;
use waybill_shared::import::{Lines, ReadLimits};
use waybill_shared::intake::{
    By, Change, Contested, Handing as Source, How, Submitted, Wrongly, submit as submit_lines,
};

use waybill_workers::steps::validate_priority;

use crate::http::access::Caller;
use crate::http::problem::{Problem, Wrong};
use crate::http::problem_kind::ProblemKind;
use crate::http::request::{Params, media_type};
use crate::http::state::Api;

/// The media types of bodies, with the file extension of each.
const TYPES: [(&str, &str); 6] = [
    ("application/json", "json"),
    ("application/x-ndjson", "jsonl"),
    ("application/jsonl", "jsonl"),
    ("text/csv", "csv"),
    ("application/csv", "csv"),
    ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"),
];

/// How lines are submitted.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Handing {
    /// Accept the valid rows even if others are wrong. Otherwise one wrong row refuses all.
    #[serde(default)]
    pub(crate) partial: bool,
    /// Change nothing. Only show what would happen.
    #[serde(default)]
    pub(crate) dry_run: bool,
    /// Lines that somebody else has changed since they were stated, and that keep those changes. Ids, separated by
    /// commas.
    #[serde(default, deserialize_with = "names")]
    #[param(value_type = Option<String>)]
    pub(crate) ours: Vec<String>,
    /// Lines that somebody else has changed since they were stated, and that take the content submitted now. Ids,
    /// separated by commas.
    #[serde(default, deserialize_with = "names")]
    #[param(value_type = Option<String>)]
    pub(crate) theirs: Vec<String>,
}

/// Reads a list of names separated by commas.
fn names<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    let text = String::deserialize(from)?;
    Ok(text.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect())
}

/// The result for a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RowResult {
    /// The line is new.
    New,
    /// The line is known and has the same content.
    Unchanged,
    /// The line is known and its content changes.
    Amended,
    /// The line is already ordered, so it needs an order change. Nothing was changed.
    NeedsOrderChange,
    /// The row is wrong.
    Refused,
}

/// The result for one row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct Row {
    /// The row's number, from 1, as its author counts.
    row: u64,
    /// The result.
    result: RowResult,
    /// The requester's id for the line, if it could be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    external_id: Option<String>,
    /// The line's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    line: Option<String>,
    /// For a new line in a dry run: what validation would say, if it would stop the line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expected: Option<String>,
    /// What an amendment changes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    changes: Vec<Change>,
    /// What is wrong with the row.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    errors: Vec<Wrong>,
}

/// The result of a submission.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct Handed {
    /// Whether this was a dry run, so that nothing was changed.
    pub(crate) dry_run: bool,
    /// The number of new lines.
    pub(crate) new: usize,
    /// The number of rows whose content is already known.
    pub(crate) unchanged: usize,
    /// The number of rows that change a known line.
    pub(crate) amended: usize,
    /// The number of wrong rows.
    pub(crate) refused: usize,
    /// The result for each row.
    rows: Vec<Row>,
}

/// One line of a requisition, flat like a row of a file. Values are text; numbers may also be JSON numbers.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({
    "external_id": "REQ-2026-11/1", "requester": "UA-MOD", "item": "Laptop", "kind": "goods",
    "classification": "30213100-6", "quantity": "250", "unit": "H87", "unit_estimate": "900.00",
    "currency": "EUR", "class": "1", "rank": "3", "requested": "2026-11-26", "consignee": "UA-1"
}))]
#[allow(dead_code, reason = "the reader of files reads it: this describes it")]
pub(crate) struct RowIn {
    /// The requester's own id for the line. It never changes.
    external_id: String,
    /// The party that requests the line.
    requester: String,
    /// The requested item, named as in offers.
    item: String,
    /// A description in words.
    description: Option<String>,
    /// `goods`, `licence` or `service`.
    kind: String,
    /// The classification code.
    classification: String,
    /// The scheme of the classification code. Default: CPV.
    scheme: Option<String>,
    /// The quantity, with up to three decimals.
    quantity: String,
    /// The unit's code from UN/ECE Recommendation 20, such as H87 (piece).
    unit: String,
    /// The estimated price of one unit, in the currency's main unit.
    unit_estimate: String,
    /// The currency's ISO 4217 code.
    currency: String,
    /// The priority class, from 1, the most urgent.
    class: String,
    /// The rank within the class, from 1.
    rank: String,
    /// The day of the request.
    requested: String,
    /// The day by which it is needed.
    needed_by: Option<String>,
    /// The consignee's public code.
    consignee: String,
    /// The smallest quantity that is worth delivering alone.
    smallest_lot: Option<String>,
    /// A common word for lines that are to be funded together.
    together: Option<String>,
    /// The shortfall at which the line still closes, in per mille of its units.
    tolerance_per_mille: Option<String>,
    /// Where the line comes from.
    source: Option<String>,
}

/// Submits lines, one or many, and returns a result for each.
///
/// The body is a JSON array of flat objects, JSON lines, CSV or XLSX, with the fields of the requisition files. The
/// same lines again change nothing. A line with other content amends the known line. A requester may only submit its
/// own lines. With `dry_run` nothing changes, and the answer shows what would.
#[utoipa::path(
    post, path = "/v1/requisitions", tag = "lines", params(Handing),
    request_body(content(
        (Vec<RowIn> = "application/json"), (String = "text/csv"), (String = "application/x-ndjson"),
        (String = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    )),
    responses((status = 200, body = Handed))
)]
pub(crate) async fn submit(
    State(api): State<Api>,
    caller: Caller,
    Params(how): Params<Handing>,
    request: Request,
) -> Result<Json<Handed>, Problem> {
    let kind = media_type(request.headers());
    let ending = TYPES.iter().find(|(known, _)| *known == kind).map(|(_, ending)| *ending);
    let ending = ending.ok_or_else(|| {
        let detail = format!("`{kind}` is not accepted here");
        Problem::new(ProblemKind::UnsupportedMedia, detail, "send JSON, JSON lines, CSV or XLSX")
    })?;
    let lines = read(request.into_limited_body(), ending).await?;
    hand_in(&api, &caller, how, lines).await.map(Json)
}

/// Takes parsed lines in the name of `caller`.
pub(crate) async fn hand_in(
    api: &Api,
    caller: &Caller,
    how: Handing,
    lines: Lines,
) -> Result<Handed, Problem> {
    let mut handed = Handed { dry_run: how.dry_run, ..Handed::default() };
    for bad in &lines.bad {
        let errors = bad.errors.iter().map(Wrong::from).collect();
        handed.refuse(bad.row, None, errors);
    }
    let mut good = Vec::new();
    for row in lines.good {
        good.push(Submitted { row: row.row, line: row.line });
    }
    take(api, caller, &how, good, &mut handed).await?;
    if handed.refused > 0 && (!how.partial || handed.refused == handed.rows.len()) {
        let detail = match handed.refused {
            1 => "a row is wrong; nothing was taken".to_owned(),
            count if count > ReadLimits::SENT.told => {
                let told = ReadLimits::SENT.told;
                format!("{count} rows are wrong; nothing was taken. The first {told} are shown")
            }
            count => format!("{count} rows are wrong; nothing was taken"),
        };
        let errors = handed.rows.into_iter().flat_map(|row| row.errors).collect();
        let hint = "correct them, or take the other rows with ?partial=true";
        return Err(Problem::new(ProblemKind::Refused, detail, hint).with(errors));
    }
    handed.rows.sort_by_key(|row| row.row);
    Ok(handed)
}

impl Handed {
    fn refuse(&mut self, row: u64, external_id: Option<String>, errors: Vec<Wrong>) {
        self.refused += 1;
        let (result, changes) = (RowResult::Refused, Vec::new());
        self.rows.push(Row {
            row,
            result,
            external_id,
            line: None,
            expected: None,
            changes,
            errors,
        });
    }
}

async fn take(
    api: &Api,
    caller: &Caller,
    how: &Handing,
    good: Vec<Submitted>,
    handed: &mut Handed,
) -> Result<(), Problem> {
    let store = &api.engine.store;
    let ids: Vec<&str> = good.iter().map(|row| row.line.external_id.as_str()).collect();
    let actor = caller.actor();
    let owner = caller.party().filter(|_| caller.role() == Role::Requester);
    // If some rows could not be read, the others are refused as well.
    let is_refused = handed.refused > 0 && !how.partial;
    let how = How {
        dry_run: how.dry_run || is_refused,
        keep_good: how.partial,
        ours: how.ours.clone(),
        theirs: how.theirs.clone(),
        as_new: false,
    };
    let handing = Source { by: By::Api, owner, ..Source::file(&actor, "api", &how) };
    let known = store.lines_by_external(&ids).await?;
    let known: BTreeSet<String> = known.iter().map(|(_, stored)| stored.line.key()).collect();
    let intake = submit_lines(&api.engine, handing, &good).await?;
    let stored = store.lines_by_external(&ids).await?;
    let lines: BTreeMap<String, String> =
        stored.iter().map(|(id, stored)| (stored.line.key(), id.to_string())).collect();
    let refused: BTreeMap<u64, _> = intake.refused.iter().map(|row| (row.row, row)).collect();
    let contested: BTreeMap<u64, _> = intake.conflicts.iter().map(|row| (row.row, row)).collect();
    let mut expected = BTreeMap::new();
    if handed.dry_run {
        let new =
            |row: &&Submitted| !known.contains(&row.line.key()) && !refused.contains_key(&row.row);
        let new: Vec<&Submitted> = good.iter().filter(new).collect();
        let all: Vec<&Line> = new.iter().map(|row| &row.line).collect();
        let coalition = api.engine.coalition().await?;
        let said = validate_priority::foresee(&api.engine, &coalition, &all).await?;
        expected.extend(new.iter().zip(said).filter_map(|(row, said)| Some((row.row, said?))));
    }
    let visibility = caller.visibility(&api.engine).await?;
    let amended: BTreeMap<u64, _> = intake.amended.iter().map(|a| (a.row, a)).collect();
    for row in &good {
        let external_id = row.line.external_id.clone();
        if let Some(refused) = refused.get(&row.row) {
            let wrong = |fault: &Wrongly| Wrong {
                row: Some(row.row),
                field: Some(fault.field.clone()),
                value: Some(fault.value.clone()),
                detail: fault.what.clone(),
                hint: Some(fault.hint.clone()),
            };
            handed.refuse(row.row, Some(external_id), refused.errors.iter().map(wrong).collect());
            continue;
        }
        if let Some(conflict) = contested.get(&row.row) {
            let wrong = |field: &Contested| Wrong {
                row: Some(row.row),
                field: Some(field.field.clone()),
                value: Some(field.theirs.clone()),
                detail: format!(
                    "{} has changed it from {} to {} since it was stated",
                    visibility.actor(&field.ours_by),
                    field.before,
                    field.ours
                ),
                hint: Some(format!(
                    "resolve with ?theirs={0} (the value of this row) or ?ours={0} (the present \
                     value)",
                    conflict.line
                )),
            };
            handed.refuse(row.row, Some(external_id), conflict.fields.iter().map(wrong).collect());
            continue;
        }
        let (mut result, mut changes) = (RowResult::Unchanged, Vec::new());
        if let Some(amended) = amended.get(&row.row) {
            result = RowResult::Amended;
            if amended.needs_order_change {
                result = RowResult::NeedsOrderChange;
                let how: Vec<String> = amended.needs.iter().map(Needed::how).collect();
                expected.insert(row.row, format!("it waits for: {}", how.join(", ")));
            }
            changes.clone_from(&amended.changes);
        } else if !known.contains(&row.line.key()) {
            result = RowResult::New;
        }
        match result {
            RowResult::New => handed.new += 1,
            RowResult::Unchanged => handed.unchanged += 1,
            RowResult::Amended | RowResult::NeedsOrderChange => handed.amended += 1,
            RowResult::Refused => handed.refused += 1,
        }
        handed.rows.push(Row {
            row: row.row,
            result,
            line: lines.get(&row.line.key()).cloned(),
            expected: expected.remove(&row.row),
            external_id: Some(external_id),
            changes,
            errors: Vec::new(),
        });
    }
    Ok(())
}
