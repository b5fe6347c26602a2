//! `waybill rank`, `amend`, `reopen`, `correct`.

use std::collections::BTreeMap;

use waybill_shared::domain::command::Command;

use super::{Picked, Verb, act};
use crate::args;
use crate::failure::Failure;

pub(crate) async fn rank(rank: args::Rank) -> Result<(), Failure> {
    let command = Command::Rank { rank: rank.rank, class: rank.class };
    let ids = [rank.line];
    act(Verb::new("rank", "ranked", "line"), command, Picked::Ids(&ids), &rank.how).await
}

pub(crate) async fn amend(amend: args::Fields) -> Result<(), Failure> {
    let command = Command::Amend { fields: fields(&amend.fields)? };
    let ids = [amend.line];
    act(Verb::new("amend", "amended", "line"), command, Picked::Ids(&ids), &amend.how).await
}

pub(crate) async fn reopen(reopen: args::Reopen) -> Result<(), Failure> {
    let verb = Verb::new("reopen", "reopened", "line");
    act(verb, Command::Reopen, Picked::Ids(&reopen.lines), &reopen.how).await
}

pub(crate) async fn correct(correct: args::Fields) -> Result<(), Failure> {
    let command = Command::Correct { fields: fields(&correct.fields)? };
    let ids = [correct.line];
    act(Verb::new("correct", "corrected", "line"), command, Picked::Ids(&ids), &correct.how).await
}

fn fields(given: &[String]) -> Result<BTreeMap<String, String>, Failure> {
    let field = |text: &String| {
        let (name, value) = text.split_once('=').ok_or_else(|| {
            Failure::caller(format!("`{text}` is not FIELD=VALUE"), "write it as quantity=12")
        })?;
        Ok((name.trim().to_owned(), value.trim().to_owned()))
    };
    given.iter().map(field).collect()
}
