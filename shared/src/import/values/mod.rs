//! A cell's text to a value: what a mapping, a column and a number's marks say it means.

pub(super) mod fields;
pub(super) mod mapping;
pub(super) mod number;
pub(super) mod parse;
