//! `waybill lots`.

use waybill_shared::domain::lot::{Lot, LotState};

use crate::args;
use crate::client::Client;
use crate::failure::Failure;
use crate::output;
use crate::target::Target;

/// Lists lots.
pub(crate) async fn run(arguments: args::Lots) -> Result<(), Failure> {
    let mut path = format!("/v1/lots?limit={}", arguments.limit);
    let filters = [
        ("state", &arguments.state),
        ("step", &arguments.step),
        ("awaits", &arguments.awaits),
        ("after", &arguments.after),
    ];
    for (name, value) in filters {
        if let Some(value) = value {
            let is_word = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
            if !value.bytes().all(is_word) {
                let message = format!("`{value}` is no {name} that lots can have");
                return Err(Failure::caller(message, "see `waybill lots --help`"));
            }
            path.push_str(&format!("&{name}={value}"));
        }
    }
    let lots: Vec<Lot> = Client::of(&Target::of(&arguments.data)?).await?.get(&path).await?;
    if arguments.json {
        return output::json(&lots);
    }
    let row = |lot: &Lot| {
        let state = match &lot.state {
            LotState::Waiting { awaits, .. } => format!("waits: {}", awaits.name()),
            other => other.name().to_owned(),
        };
        let step = lot.state.step().map_or_else(String::new, ToString::to_string);
        let priority = format!("{}/{}", lot.priority.class, lot.priority.rank);
        vec![lot.id.to_string(), priority, step, state, lot.reason.clone()]
    };
    let rows: Vec<Vec<String>> = lots.iter().map(row).collect();
    output::data(&output::brief_table(&["LOT", "RANK", "STEP", "STATE", "WHY"], &rows))?;
    if let Some(last) = lots.last().filter(|_| lots.len() as i64 >= arguments.limit) {
        output::talk(&format!("more with --after {}", last.id));
    }
    Ok(())
}
