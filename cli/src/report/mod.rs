//! Reports about a run, a week, a donor's money, a requester's list, and for a steering group: for a terminal, as web
//! pages, and as tables.

mod donor;
pub(crate) mod html;
pub(crate) mod paper;
mod parts;
mod requester;
mod steering;
pub(crate) mod text;
mod weekly;

pub(crate) use donor::donor;
pub(crate) use html::chart::percent;
pub(crate) use requester::requester;
pub(crate) use steering::steering;
pub(crate) use weekly::weekly;
