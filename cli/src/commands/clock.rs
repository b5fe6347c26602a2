//! `waybill clock`: shows the service's clock, or accepts it as right.

use waybill_api::ClockView;

use crate::args;
use crate::client::{self, Client};
use crate::failure::Failure;
use crate::output;
use crate::target::Target;

pub(crate) async fn run(arguments: args::Clock) -> Result<(), Failure> {
    let (single, view) = match arguments {
        args::Clock::Show(single) => {
            let view: ClockView = client::get(&Target::of(&single.data)?, "/v1/clock").await?;
            (single, view)
        }
        args::Clock::Accept(single) => {
            let target = Target::of(&single.data)?;
            let path = "/v1/clock/accept";
            let accept = async |client: &Client| client.post(path, &serde_json::json!({})).await;
            (single, Client::with(&target, accept).await?)
        }
    };
    if single.json {
        output::json(&view)?
    } else {
        output::data(&text(&view))?
    }
    if view.is_believed { Ok(()) } else { Err(Failure::found()) }
}

fn text(view: &ClockView) -> String {
    let mut text = output::moment(view.now);
    if let Some(offset) = view.offset_ms {
        text.push_str(&format!(", {offset} ms from the database's clock"));
    }
    match (&view.doubt, &view.mend) {
        (None, _) => text.push_str("; it is trusted\n"),
        (Some(doubt), mend) => {
            text.push_str(&format!("\nnothing is done: {doubt}\n"));
            text.extend(mend.iter().map(|mend| format!("to fix it: {mend}\n")));
        }
    }
    text
}
