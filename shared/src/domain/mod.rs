//! The field's own terms as types: pure, without I/O, clock or async.

pub mod ids;
pub mod lot;
pub mod money;
pub mod quantity;
pub mod retry;
pub mod transition;
