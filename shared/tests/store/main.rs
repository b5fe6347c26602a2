//! The stores on real databases: guards, invariants, durability, the log.

mod dump;
mod every;
mod postgres;
mod sqlite;
mod support;
