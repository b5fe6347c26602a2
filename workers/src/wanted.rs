//! The jobs that a change set asks for, and what names them.

use chrono::TimeDelta;
use waybill_shared::domain::kinds::JobKind;
use waybill_shared::domain::lot::Timestamp;
use waybill_shared::domain::order::Order;
use waybill_shared::domain::supplier::Quote;
use waybill_shared::engine::Engine;
use waybill_shared::store::NewJob;

/// Who draws up orders, in the log.
pub(crate) const AUTHOR: &str = "issue_order";

/// How the numbers of orders of goods in kind begin.
pub(crate) const IN_KIND: &str = "IK-";

/// A matching round, after the delay in which changes of one moment gather.
pub(crate) fn round(engine: &Engine) -> NewJob {
    let delay = i64::from(engine.pipeline().match_donor.round_delay_ms);
    NewJob::round(engine.clock.now() + TimeDelta::milliseconds(delay))
}

/// Sends `order`. The job's body is the supplier: sendings are limited for each.
pub(crate) fn send(order: &Order, due: Timestamp) -> NewJob {
    NewJob { kind: JobKind::Send, key: order.number.clone(), due, body: order.supplier.clone() }
}

/// Sends the message `number` to `supplier`.
pub(crate) fn tell(number: String, supplier: String, due: Timestamp) -> NewJob {
    NewJob { kind: JobKind::Tell, key: number, due, body: supplier }
}

/// The key of the job that draws up an order: supplier, channel and currency. `None` if nothing is ordered by `quote`.
pub(crate) fn gathering_key(quote: &Quote) -> Option<String> {
    let offer = quote.offer.as_ref()?;
    Some(format!("{}|{}|{}", offer.supplier, offer.channel, offer.unit_price.currency))
}
