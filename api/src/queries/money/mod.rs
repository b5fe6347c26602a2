//! Money: what donors give, what became of it, and what it will pay for.

pub(crate) mod contributions;
pub(crate) mod envelopes;
pub(crate) mod plan;
