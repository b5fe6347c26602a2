//! Tests that hold for every store. `WAYBILL_TEST_PAIR` says which one they run on.

pub(crate) mod archive;
pub(crate) mod binding;
pub(crate) mod by_hand;
pub(crate) mod changes_of_mind;
pub(crate) mod charges;
pub(crate) mod clocks;
pub(crate) mod copies;
pub(crate) mod deliveries;
pub(crate) mod extremes;
pub(crate) mod files;
pub(crate) mod frameworks;
pub(crate) mod import_again;
pub(crate) mod nearest_offers;
pub(crate) mod packs;
pub(crate) mod prices;
pub(crate) mod quantities;
pub(crate) mod requesters;
pub(crate) mod restored;
pub(crate) mod sealed;
