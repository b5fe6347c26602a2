//! The content of a template: its settings, and invented rows that show how to fill it in.

use super::Template;
use crate::import::columns::{
    CHARGES, CONSIGNEES, CONTRIBUTIONS, GROUPS, LINES, OFFERS, PARTIES, SETTINGS,
};

/// For how many days the example's money and offer are valid.
const DAYS: u64 = 730;

/// The rows of the section `name`, each as pairs of field and value.
pub(super) fn rows(template: &Template, name: &str) -> Vec<Vec<(&'static str, String)>> {
    let (start, source) = (template.start.to_string(), "invented".to_owned());
    let end = template.start + chrono::Days::new(DAYS);
    let currency = template.currency.to_string();
    if name == SETTINGS.name {
        return vec![vec![
            ("name", template.name.clone()),
            ("currency", currency),
            ("zone", template.zone.to_string()),
            ("start", start),
            ("any_requester", (!template.has_example).to_string()),
        ]];
    }
    if !template.has_example {
        return Vec::new();
    }
    let said = |fields: &[(&'static str, &str)]| -> Vec<(&'static str, String)> {
        fields.iter().map(|(name, text)| (*name, (*text).to_owned())).collect()
    };
    let with = |fields: &[(&'static str, &str)], more: &[(&'static str, &String)]| {
        let more = more.iter().map(|(name, text)| (*name, (*text).clone()));
        said(fields).into_iter().chain(more).collect::<Vec<_>>()
    };
    let end = end.to_string();
    if name == PARTIES.name {
        let role = [("from", &start), ("evidence", &source)];
        return vec![
            with(&[("id", "NATION"), ("name", "A donor nation"), ("role", "member")], &role),
            with(
                &[("id", "MINISTRY"), ("name", "A ministry that asks"), ("role", "beneficiary")],
                &role,
            ),
            with(&[("id", "AGENT"), ("name", "A buying agent"), ("role", "buying_agent")], &role),
            said(&[("id", "MAKER"), ("name", "A supplier")]),
        ];
    }
    if name == CONTRIBUTIONS.name {
        let money = [
            ("stated", &start),
            ("currency", &currency),
            ("obligate_by", &end),
            ("source", &source),
        ];
        let fields = [
            ("id", "NATION-1"),
            ("donors", "NATION"),
            ("firmness", "commitment"),
            ("amount", "250000"),
            ("consent", "none"),
        ];
        return vec![with(&fields, &money)];
    }
    if name == OFFERS.name {
        let priced = [("currency", &currency), ("from", &start), ("to", &end)];
        let offer = |id, item, price, lead| {
            let fields = [
                ("id", id),
                ("supplier", "MAKER"),
                ("item", item),
                ("unit", "H87"),
                ("unit_price", price),
                ("minimum", "1"),
                ("increment", "1"),
                ("lead_days", lead),
                ("channel", "AGENT"),
            ];
            with(&fields, &priced)
        };
        return vec![
            offer("O-1", "Laptop 14 inch", "900", "30"),
            offer("O-2", "Network router", "240", "20"),
        ];
    }
    if name == LINES.name {
        let asked = [("currency", &currency), ("requested", &start), ("source", &source)];
        let line = |id, item, code, quantity, estimate, rank| {
            let fields = [
                ("external_id", id),
                ("requester", "MINISTRY"),
                ("item", item),
                ("kind", "goods"),
                ("classification", code),
                ("quantity", quantity),
                ("unit", "H87"),
                ("unit_estimate", estimate),
                ("class", "1"),
                ("rank", rank),
                ("consignee", "STORE-1"),
            ];
            with(&fields, &asked)
        };
        return vec![
            line("REQ-1/1", "Laptop 14 inch", "30213100-6", "100", "950", "1"),
            line("REQ-1/2", "Network router", "32413100-2", "20", "250", "2"),
        ];
    }
    if name == CONSIGNEES.name {
        return vec![said(&[
            ("code", "STORE-1"),
            ("requester", "MINISTRY"),
            ("address", "1 Example Street, Sampletown"),
        ])];
    }
    if name == CHARGES.name {
        return vec![said(&[("channel", "AGENT"), ("kind", "agent_fee"), ("basis_points", "120")])];
    }
    if name == GROUPS.name {
        return vec![said(&[
            ("id", "it"),
            ("name", "Information technology"),
            ("prefixes", "302 324 48"),
            ("review_days", "10"),
        ])];
    }
    Vec::new()
}
