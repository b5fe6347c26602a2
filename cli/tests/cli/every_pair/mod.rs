//! Tests that hold for every pair of a store and a broker. `WAYBILL_TEST_PAIR` says which one they run on.

pub(crate) mod calendar;
pub(crate) mod crash;
pub(crate) mod doctor;
pub(crate) mod example;
pub(crate) mod feed;
pub(crate) mod idempotency;
pub(crate) mod import;
pub(crate) mod leso;
pub(crate) mod payments;
pub(crate) mod refusal;
pub(crate) mod run;
pub(crate) mod serve;
pub(crate) mod walk;
pub(crate) mod webhooks;
