//! The report of a run: for a terminal, and as a web page.

mod chart;
pub(crate) mod html;
pub(crate) mod text;
