//! The terms of the field as types. This crate is pure: no I/O, no clock, no async.

#![deny(clippy::wildcard_enum_match_arm)]

pub mod account;
pub mod admissible;
pub mod amendment;
pub mod coalition;
pub mod command;
pub mod confidential;
pub mod contribution;
pub mod cpv;
pub mod document;
pub mod event;
pub mod event_filter;
pub mod funding;
pub mod ids;
pub mod instalment;
pub mod kinds;
pub mod limit;
pub mod lot;
pub mod money;
pub mod nearest;
pub mod order;
pub mod order_change;
pub mod party;
pub mod pipeline;
pub mod price;
pub mod quantity;
pub mod receipt;
pub mod reference;
pub mod reply;
pub mod requisition;
pub mod retry;
pub mod rows;
pub mod rules;
pub mod spread;
pub mod supplier;
pub mod surplus;
pub mod text;
pub mod transition;
pub mod validation;
pub mod webhook;
