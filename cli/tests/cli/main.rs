//! The `waybill` binary end to end: real processes on real files.
//!
//! One test target, to link once. Nothing here sleeps for a fixed time: what has to happen first
//! is waited for with a deadline (see `support::eventually`).

mod alerts;
mod api;
mod archive;
mod bad_input;
mod binding;
mod by_hand;
mod calendar;
mod changes_of_mind;
mod charges;
mod clocks;
mod cluster;
mod coalition;
mod compose;
mod copies;
mod crash;
mod database;
mod deliveries;
mod dialogue;
mod disk;
mod docs;
mod doctor;
mod doctor_mends;
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
mod import_again;
mod init;
mod leso;
mod links;
mod matching;
mod migrations;
mod nearest_offers;
mod neglect;
mod neighbours;
mod old_values;
mod on_call;
mod packs;
mod pair;
mod payments;
mod plan;
mod pooler;
mod prices;
mod pty;
mod quantities;
mod questions;
mod redelivery;
mod refusal;
mod reports;
mod requesters;
mod restored;
mod run;
mod sealed;
mod secretariat;
mod serve;
mod settings;
mod shapes;
mod show;
mod storm;
mod storm_alone;
mod support;
mod tampered;
mod terminal;
mod traces;
mod why;

/// What these tests run on; `tests/postgres` and `tests/rabbitmq` build those again that hold on
/// every pair.
const PAIR: pair::Pair = pair::Pair::SqliteEmbedded;
