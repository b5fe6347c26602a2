//! The tests of `tests/cli` that hold on every pair of a store and a broker, on Postgres and RabbitMQ.
#![allow(dead_code, reason = "what only other tests of `tests/cli` use")]

/// Those of `tests/cli/api` that depend on the store.
#[path = "../cli/api"]
mod api {
    mod feed;
    mod idempotency;
    mod receiver;
    mod surface;
    mod walk;
    mod webhooks;
}
#[path = "../cli/calendar.rs"]
mod calendar;
#[path = "../cli/coalition.rs"]
mod coalition;
#[path = "../cli/crash.rs"]
mod crash;
#[path = "../cli/doctor.rs"]
mod doctor;
#[path = "../cli/example.rs"]
mod example;
#[path = "../cli/import.rs"]
mod import;
#[path = "../cli/leso.rs"]
mod leso;
#[path = "../cli/pair.rs"]
mod pair;
#[path = "../cli/payments.rs"]
mod payments;
#[path = "../cli/refusal.rs"]
mod refusal;
#[path = "../cli/run.rs"]
mod run;
#[path = "../cli/secretariat.rs"]
mod secretariat;
#[path = "../cli/serve.rs"]
mod serve;
#[path = "../cli/support.rs"]
mod support;

/// What these tests run on.
const PAIR: pair::Pair = pair::Pair::PostgresRabbitMq;
