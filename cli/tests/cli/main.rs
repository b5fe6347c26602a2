//! The `waybill` binary end to end: real processes on real files.
//!
//! One test target, to link once. Nothing here sleeps for a fixed time: what has to happen first
//! is waited for with a deadline (see `support::eventually`).

mod alerts;
mod api;
mod bad_input;
mod cluster;
mod coalition;
mod compose;
mod database;
mod dialogue;
mod disk;
mod docs;
mod doctor_mends;
mod endings;
mod events;
mod every_pair;
mod every_store;
mod evidence;
mod examples;
mod faults;
mod folder;
mod help;
mod init;
mod links;
mod matching;
mod migrations;
mod neglect;
mod neighbours;
mod old_values;
mod on_call;
mod pair;
mod plan;
mod pooler;
mod pty;
mod questions;
mod redelivery;
mod reports;
mod secretariat;
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
