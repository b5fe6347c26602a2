//! An order: what was agreed, and what became of each of its lines.

use waybill_shared::domain::order::{Order, OrderStatus};
use waybill_shared::engine::Engine;
use waybill_shared::store::Record;

use super::lot::named;
use super::{Facts, Shown, read};
use crate::Problem;
use crate::timeline::{state, timelines};

pub(super) async fn order(engine: &Engine, record: &Record) -> Result<Shown, Problem> {
    let order: Order = read("order", record)?;
    let coalition = engine.coalition().await?;
    let status = match engine.store.record("order_status", &order.number).await? {
        Some(status) => read("order_status", &status)?,
        None => OrderStatus::Issued,
    };
    let supplier = named(&order.supplier, &coalition);
    let (word, mover) = match status {
        OrderStatus::AwaitingApproval => {
            ("awaiting approval", format!("somebody other than {} to approve it", order.author))
        }
        OrderStatus::Issued => ("issued", "Waybill sends it".to_owned()),
        OrderStatus::Sent => ("sent", format!("{supplier} to respond")),
        OrderStatus::Accepted => ("accepted", String::new()),
        OrderStatus::Cancelled => ("cancelled", "nobody; it has ended".to_owned()),
        OrderStatus::Refused => ("refused", "nobody; it has ended".to_owned()),
    };
    let mut facts = Facts::default();
    facts.add("status", word);
    facts.add("whose move", mover);
    facts.add("supplier", supplier);
    facts.add("channel", named(&order.channel, &coalition));
    facts.add("author", order.author.clone());
    facts.at("drawn up", Some(order.created));
    facts.may("total", order.total());
    facts.may("in kind", order.in_kind.as_ref());
    let ids: Vec<i64> = order.lines.iter().map(|line| line.lot.0).collect();
    let lots = engine.store.lots_by_id(&ids).await?;
    for line in &order.lines {
        let bought = format!("{} {} {}", line.quantity, line.unit.name(), line.item);
        let what = match line.packs {
            Some(packs) => {
                let (many, name) = (packs.quantity, packs.unit.name());
                format!("{bought} in {many} {name} of {} each", packs.each)
            }
            None => bought,
        };
        let surplus = match &line.surplus_payer {
            Some(payer) => format!(", of them {} surplus paid by {payer}", line.surplus),
            None => String::new(),
        };
        let payers: Vec<&str> = line.shares.iter().map(|share| share.envelope.as_str()).collect();
        let payers = match payers.as_slice() {
            [] => String::new(),
            payers => format!(", paid by {}", payers.join(", ")),
        };
        let how = format!("{}, due {} at {}", line.amount, line.due, line.consignee);
        let lot = lots.iter().find(|lot| lot.id == line.lot);
        let now = match lot {
            Some(lot) if lot.order.as_deref() == Some(&order.number) => {
                format!("; {} {}", lot.quantity, state(lot))
            }
            Some(_) | None => "; no longer under this order".to_owned(),
        };
        facts.add(&line.lot.to_string(), format!("{what}, {how}{payers}{surplus}{now}"));
    }
    let subjects = [format!("order:{}", order.number), format!("order_status:{}", order.number)];
    let timeline = timelines(engine, &subjects).await?;
    Ok(Shown::new("order", order.number, facts, timeline))
}
