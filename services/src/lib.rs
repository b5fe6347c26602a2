//! Private servers for tests. They are real servers, started from the installed programs on free
//! ports of the loopback interface, in temporary folders. `WAYBILL_TEST_POSTGRES` and
//! `WAYBILL_TEST_AMQP` name servers to use instead. `scripts/services` installs what is missing.

mod pooler;
mod postgres;
mod process;
mod proxy;
mod rabbitmq;

pub use pooler::Pooler;
pub use postgres::{Postgres, copy, database};
pub use proxy::Proxy;
pub use rabbitmq::{Cluster, RabbitMq, Tls, broker};
