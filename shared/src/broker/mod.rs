//! The broker carries hints: which lot or job to look at now. It holds no truth: to lose, repeat,
//! delay or reorder any of them changes nothing but time.

mod embedded;

pub use embedded::EmbeddedBroker;
