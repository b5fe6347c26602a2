//! `waybill lots`.

use waybill_shared::views::{LotPage, LotView};

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
    let page: LotPage = Client::of(&Target::of(&arguments.data)?).await?.get(&path).await?;
    if arguments.json {
        return output::json(&page.items);
    }
    let row = |lot: &LotView| {
        let state = match &lot.awaits {
            Some(awaits) => format!("waits: {awaits}"),
            None => lot.state.clone(),
        };
        let step = lot.step.clone().unwrap_or_default();
        let priority = format!("{}/{}", lot.priority.class, lot.priority.rank);
        vec![lot.id.to_string(), priority, step, state, lot.reason.clone()]
    };
    let rows: Vec<Vec<String>> = page.items.iter().map(row).collect();
    output::data(&output::brief_table(&["LOT", "RANK", "STEP", "STATE", "WHY"], &rows))?;
    if let (Some(_), Some(last)) = (page.next, page.items.last()) {
        output::talk(&format!("more with --after {}", last.id));
    }
    Ok(())
}
