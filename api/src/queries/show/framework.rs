//! A framework contract: its ceiling, the amounts that orders call off, and what is left.

use waybill_shared::engine::Engine;
use waybill_shared::frameworks::balances;

use super::lot::named;
use super::{Facts, Shown};
use crate::queries::error::QueryError;
use crate::queries::lots::timeline::timeline;

pub(super) async fn framework(engine: &Engine, number: &str) -> Result<Option<Shown>, QueryError> {
    let coalition = engine.coalition().await?;
    let Some(balance) = balances(&*engine.store, &coalition).await?.remove(number) else {
        return Ok(None);
    };
    let mut facts = Facts::default();
    facts.add("number", number);
    let suppliers: Vec<String> = balance.suppliers.iter().map(|id| named(id, &coalition)).collect();
    facts.add("suppliers", suppliers.join(", "));
    facts.add("ceiling", balance.framework.ceiling.to_string());
    facts.add("called off", balance.called_off.to_string());
    facts.add("left", balance.left().to_string());
    facts.add("ends", balance.framework.ends.to_string());
    for (order, goods) in &balance.orders {
        facts.add(order, goods.to_string());
    }
    let id = format!("framework_use:{number}");
    let timeline = timeline(engine, &id).await?;
    Ok(Some(Shown::new("framework", number.to_owned(), facts, timeline)))
}
