//! How a supplier's response differs from the order. This is shown before the response is submitted, whether or not it
//! can be.

use waybill_shared::domain::coalition::Coalition;
use waybill_shared::domain::document::{Content, LineAnswer};
use waybill_shared::domain::ids::LotId;
use waybill_shared::domain::kinds::RecordKind;
use waybill_shared::domain::money::Money;
use waybill_shared::domain::order::{Order, OrderLine};
use waybill_shared::domain::price::Price;
use waybill_shared::engine::Engine;
use waybill_shared::store::StoreError;
use waybill_workers::cost;

use crate::queries::effects::Effect;

/// The prices and days that `content` changes, line by line.
pub(crate) async fn answered(
    engine: &Engine,
    coalition: &Coalition,
    content: &Content,
) -> Result<Vec<Effect>, StoreError> {
    let Content::OrderResponse { order: number, lines, .. } = content else {
        return Ok(Vec::new());
    };
    let record = engine.store.record(RecordKind::Order, number).await?;
    let order = record.and_then(|record| serde_json::from_str::<Order>(&record.body).ok());
    let Some(order) = order else { return Ok(Vec::new()) };
    let ids: Vec<i64> = lines.iter().map(|line| line.lot.0).collect();
    let lots = engine.store.lots_by_id(&ids).await?;
    let asked = engine.lines_of(&lots).await?;
    let mut told = Vec::new();
    for answer in lines {
        let LineAnswer::Changed { unit_price, due } = &answer.answer else { continue };
        let Some(line) = order.line(answer.lot) else { continue };
        let needed = asked.get(&answer.lot.line()).and_then(|line| line.needed_by);
        let mut tell = |what: String| told.push(effect(answer.lot, what));
        if let Some(price) = unit_price.filter(|price| *price != line.unit_price) {
            tell(priced(coalition, &order, line, price));
        }
        if let Some(due) = due.filter(|due| *due != line.due) {
            let later = (due - line.due).num_days();
            let late = needed.map(|needed| (due - needed).num_days()).filter(|late| *late > 0);
            let late = late.map(|late| format!(", {late} d after it is needed"));
            let way = if later > 0 { "later" } else { "sooner" };
            let (from, days) = (line.due, later.abs());
            tell(format!("due {from} -> {due}: {days} d {way}{}", late.unwrap_or_default()));
        }
    }
    Ok(told)
}

fn effect(lot: LotId, what: String) -> Effect {
    Effect { subject: lot.to_string(), what }
}

/// A changed price, and the lot's cost at that price, including its buyer's charges.
fn priced(coalition: &Coalition, order: &Order, line: &OrderLine, price: Price) -> String {
    let cost = cost(coalition, order, line, price).ok();
    let cost = cost.filter(|cost| cost.currency == line.amount.currency);
    let costs = cost.map(|cost| {
        let more = Money::new((cost.minor - line.amount.minor).abs(), cost.currency);
        let way = if cost.minor > line.amount.minor { "more" } else { "less" };
        format!("; it costs {cost} instead of {}, {more} {way}", line.amount)
    });
    format!("unit price {} -> {price}{}", line.unit_price, costs.unwrap_or_default())
}
