//! The tests of `tests/cli` that hold on every pair of a store and a broker, on Postgres and the embedded broker.
#![allow(dead_code, reason = "what only other tests of `tests/cli` use")]

/// Those of `tests/cli/api` that depend on the store.
#[path = "../cli/api"]
mod api {
    mod extremes;
    mod feed;
    mod idempotency;
    pub(crate) mod receiver;
    mod surface;
    mod walk;
    mod webhooks;
}
#[path = "../cli/archive.rs"]
mod archive;
#[path = "../cli/binding.rs"]
mod binding;
#[path = "../cli/by_hand.rs"]
mod by_hand;
#[path = "../cli/calendar.rs"]
mod calendar;
#[path = "../cli/changes_of_mind.rs"]
mod changes_of_mind;
#[path = "../cli/charges.rs"]
mod charges;
#[path = "../cli/clocks.rs"]
mod clocks;
#[path = "../cli/coalition.rs"]
mod coalition;
#[path = "../cli/copies.rs"]
mod copies;
#[path = "../cli/crash.rs"]
mod crash;
#[path = "../cli/deliveries.rs"]
mod deliveries;
#[path = "../cli/dialogue.rs"]
mod dialogue;
#[path = "../cli/doctor.rs"]
mod doctor;
#[path = "../cli/example.rs"]
mod example;
#[path = "../cli/files.rs"]
mod files;
#[path = "../cli/frameworks.rs"]
mod frameworks;
#[path = "../cli/import.rs"]
mod import;
#[path = "../cli/import_again.rs"]
mod import_again;
#[path = "../cli/leso.rs"]
mod leso;
#[path = "../cli/nearest_offers.rs"]
mod nearest_offers;
#[path = "../cli/packs.rs"]
mod packs;
#[path = "../cli/pair.rs"]
mod pair;
#[path = "../cli/payments.rs"]
mod payments;
#[path = "../cli/prices.rs"]
mod prices;
#[path = "../cli/quantities.rs"]
mod quantities;
#[path = "../cli/refusal.rs"]
mod refusal;
#[path = "../cli/requesters.rs"]
mod requesters;
#[path = "../cli/restored.rs"]
mod restored;
#[path = "../cli/run.rs"]
mod run;
#[path = "../cli/sealed.rs"]
mod sealed;
#[path = "../cli/secretariat.rs"]
mod secretariat;
#[path = "../cli/serve.rs"]
mod serve;
#[path = "../cli/support.rs"]
mod support;

/// What these tests run on.
const PAIR: pair::Pair = pair::Pair::PostgresEmbedded;
