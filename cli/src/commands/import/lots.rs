//! Handles a listing of lots that is imported. It must agree with the present lots.

use std::collections::HashMap;

use waybill_shared::import::{FieldError, ImportError, Row, Table};
use waybill_shared::views::LotView;

use crate::args;
use crate::client::Client;
use crate::commands::lots::{every, stated};
use crate::failure::Failure;
use crate::output;
use crate::target::Target;

/// Compares the rows of `table` with the present lots.
///
/// A lot may have moved since it was listed, so its place and times are not compared. Any other difference is
/// refused, because the row of a lot does not say what its line asks for.
pub(super) async fn compare(table: &Table, arguments: &args::Import) -> Result<(), Failure> {
    let target = Target::of(&arguments.data)?;
    let lots = Client::with(&target, async |client| every(client).await).await?;
    let lots: HashMap<String, LotView> =
        lots.into_iter().map(|lot| (lot.id.to_string(), lot)).collect();
    let errors: Vec<FieldError> =
        table.rows.iter().flat_map(|row| differences(table, row, &lots)).collect();
    if errors.is_empty() {
        let count = table.rows.len();
        if arguments.json {
            return output::json(&serde_json::json!({ "file": table.file, "lots": count }));
        }
        let lots = if count == 1 { "1 lot" } else { &format!("{count} lots") };
        return output::data(&format!(
            "{}: lists {lots} without changes; nothing to take\n",
            table.file
        ));
    }
    let listed = ImportError::Rows(errors).to_string();
    Err(Failure::caller(format!("{listed}\n\nnothing was taken"), ""))
}

fn differences(table: &Table, row: &Row, lots: &HashMap<String, LotView>) -> Vec<FieldError> {
    let cell = |name: &str| {
        let column = table.header.iter().position(|there| there == name)?;
        row.cells.get(column).map(|text| text.trim())
    };
    let error = |field: &str, value: &str, what: String, hint: String| FieldError {
        file: table.file.clone(),
        row: Some(row.number),
        field: Some(field.to_owned()),
        value: Some(value.to_owned()),
        what,
        hint,
    };
    let id = cell("lot").unwrap_or_default();
    let Some(lot) = lots.get(id) else {
        let hint = "list the lots with `waybill lots`";
        return vec![error("lot", id, "this lot does not exist".to_owned(), hint.to_owned())];
    };
    let differs = |(name, is): (&'static str, String)| {
        let said = cell(name).filter(|said| *said != is)?;
        let what =
            if is.is_empty() { "the lot has none".to_owned() } else { format!("the lot has {is}") };
        Some(error(name, said, what, way_out(name, lot)))
    };
    stated(lot).filter_map(differs).collect()
}

/// How a person can change `field` of `lot`.
fn way_out(field: &str, lot: &LotView) -> String {
    let line = format!("{}/{}", lot.requester, lot.external_id);
    match field {
        "quantity" => {
            format!("amend the line with `waybill amend {line} quantity=N`, or split the lot")
        }
        "rank" => format!("amend the line with `waybill amend {line} class=N rank=N`"),
        "item" | "needed_by" => format!("amend the line with `waybill amend {line} {field}=…`"),
        _ => "list the lots again".to_owned(),
    }
}
