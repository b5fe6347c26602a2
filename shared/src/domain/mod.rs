//! The field's own terms as types: pure, without I/O, clock or async.

pub mod account;
pub mod coalition;
pub mod command;
pub mod contribution;
pub mod document;
pub mod event;
pub mod funding;
pub mod ids;
pub mod limit;
pub mod lot;
pub mod money;
pub mod order;
pub mod party;
pub mod pipeline;
pub mod quantity;
pub mod reference;
pub mod reply;
pub mod requisition;
pub mod retry;
pub mod spread;
pub mod supplier;
pub mod text;
pub mod transition;
pub mod webhook;
