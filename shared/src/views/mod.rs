//! The types of answers, separate from how data is stored.

mod contribution;
mod lot;
mod order;

pub use contribution::{ContributionPage, ContributionView, EnvelopeView};
pub use lot::{LinePage, LineState, LineView, LotPage, LotView, ShareView};
pub use order::{OrderLineView, OrderPage, OrderView};
