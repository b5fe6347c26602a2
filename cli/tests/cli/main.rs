//! The `waybill` binary end to end: real processes on real files.
//!
//! One test target, to link once. Nothing here sleeps for a fixed time: what has to happen first
//! is waited for with a deadline (see `support::eventually`).

mod acts;
mod again;
mod alerts;
mod api;
mod archive;
mod bad_input;
mod binding;
mod calendar;
mod care;
mod charges;
mod clocks;
mod coalition;
mod compose;
mod crash;
mod database;
mod deliveries;
mod dialogue;
mod disk;
mod docs;
mod doctor;
mod endings;
mod events;
mod evidence;
mod example;
mod examples;
mod faults;
mod files;
mod folder;
mod frameworks;
mod help;
mod import;
mod init;
mod leso;
mod links;
mod look;
mod matching;
mod mends;
mod migrations;
mod mind;
mod near;
mod neglect;
mod neighbours;
mod office;
mod old_values;
mod on_call;
mod packs;
mod pair;
mod payments;
mod plan;
mod pooler;
mod prices;
mod quantities;
mod refusal;
mod reports;
mod requesters;
mod restored;
mod run;
mod sealed;
mod serve;
mod settings;
mod shapes;
mod shown;
mod storm;
mod storm_alone;
mod support;
mod tampered;
mod terminal;
mod traces;
mod twice;
mod typed;
mod why;
mod world;

/// What these tests run on; `tests/postgres` and `tests/rabbitmq` build those again that hold on
/// every pair.
const PAIR: pair::Pair = pair::Pair::SqliteEmbedded;
