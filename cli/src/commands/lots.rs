//! `waybill lots`.

use waybill_shared::views::{LotPage, LotView};

use crate::args;
use crate::client;
use crate::failure::Failure;
use crate::output::{self, Column, Fit};
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
    let page: LotPage = client::get(&Target::of(&arguments.data)?, &path).await?;
    output::listing(&arguments.form, &COLUMNS, &page.items, "no lots")?;
    if let (Some(_), Some(last)) = (page.next, page.items.last()) {
        output::talk(&format!("more with --after {}", last.id));
    }
    Ok(())
}

const COLUMNS: [Column<LotView>; 5] = [
    Column::new("lot", Fit::Left, |lot| lot.id.to_string().into()),
    Column::new("rank", Fit::Left, |lot| {
        format!("{}/{}", lot.priority.class, lot.priority.rank).into()
    }),
    Column::new("step", Fit::Left, |lot| lot.step.clone().unwrap_or_default().into()),
    Column::new("state", Fit::Left, |lot| match &lot.awaits {
        Some(awaits) => format!("waits: {awaits}").into(),
        None => lot.state.clone().into(),
    }),
    Column::new("why", Fit::Rest, |lot| lot.reason.clone().into()),
];
