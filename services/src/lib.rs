//! Private servers for tests: real ones, on free ports of the loopback interface, in temporary
//! folders, from the programs that are installed. `WAYBILL_TEST_POSTGRES` and `WAYBILL_TEST_AMQP`
//! name servers to be used instead. `scripts/services` installs what is missing.

mod pooler;
mod postgres;
mod process;
mod proxy;
mod rabbitmq;

pub use pooler::Pooler;
pub use postgres::{Postgres, copy, database};
pub use proxy::Proxy;
pub use rabbitmq::{Cluster, RabbitMq, Tls, broker};
