//! `waybill pause` and `unpause`.

use waybill_api::{PauseView, StatusView};
use waybill_shared::domain::command::Command;

use super::{Picked, Verb, act};
use crate::args;
use crate::client;
use crate::failure::Failure;
use crate::output::{self, moment};
use crate::target::Target;

pub(crate) async fn pause(pause: args::Pause) -> Result<(), Failure> {
    let args::Pause { what, how } = pause;
    if !what.is_empty() {
        let verb = Verb::new("pause", "paused", "part");
        return act(verb, Command::Pause, Picked::Ids(&what), &how).await;
    }
    let status: StatusView = client::get(&Target::of(&how.data)?, "/v1/status").await?;
    let paused = status.service.paused;
    if how.json {
        return output::json(&paused);
    }
    if paused.is_empty() {
        return output::data("nothing is paused\n");
    }
    let row = |PauseView { what, pause }: &PauseView| {
        vec![what.clone(), moment(pause.since), pause.by.clone(), pause.reason.clone()]
    };
    let rows: Vec<Vec<String>> = paused.iter().map(row).collect();
    output::data(&output::wrapped_table(&["WHAT", "SINCE", "BY", "WHY"], &rows))
}

pub(crate) async fn unpause(unpause: args::Unpause) -> Result<(), Failure> {
    let verb = Verb::new("unpause", "no longer paused", "part");
    act(verb, Command::Unpause, Picked::Ids(&unpause.what), &unpause.how).await
}
