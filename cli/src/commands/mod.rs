//! The commands, one file each.

pub(crate) mod act;
pub(crate) mod api;
pub(crate) mod audit;
pub(crate) mod bench;
pub(crate) mod check;
pub(crate) mod health;
pub(crate) mod import;
pub(crate) mod incidents;
pub(crate) mod lines;
pub(crate) mod lots;
pub(crate) mod matching;
pub(crate) mod plan;
pub(crate) mod roles;
pub(crate) mod run;
pub(crate) mod serve;
pub(crate) mod show;
pub(crate) mod status;
pub(crate) mod todo;
pub(crate) mod token;
pub(crate) mod watch;
pub(crate) mod webhook;
pub(crate) mod why;
