//! What a caller sees: a requester its lines, a donor its money and the lots that it pays for, a supplier its orders,
//! and nothing else.

#![deny(clippy::wildcard_enum_match_arm)]

mod names;

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use crate::domain::account::Role;
use crate::domain::coalition::Coalition;
use crate::domain::contribution::Contribution;
use crate::domain::kinds::{ReasonCode, RecordKind, Reveals};
use crate::domain::lot::{Awaited, Lot, LotState};
use crate::domain::money::Currency;
use crate::domain::order::{Order, OrderLine};
use crate::domain::requisition::Line;
use crate::engine::Engine;
use crate::store::StoreError;
use names::Names;

/// Whether a text contains an amount of money, such as `EUR 1,250.00`.
fn tells_an_amount(text: &str) -> bool {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.windows(2).any(|pair| {
        let is_currency = pair[0].trim_start_matches('(').parse::<Currency>().is_ok();
        is_currency && pair[1].starts_with(|c: char| c.is_ascii_digit() || c == '-')
    })
}

/// The name of a donor for those who may not know who pays.
const A_DONOR: &str = "a donor";

/// What one caller may see, for the duration of one request.
#[derive(Debug)]
pub struct Visibility {
    engine: Engine,
    /// The coalition's data, as of this request.
    pub coalition: Arc<Coalition>,
    role: Role,
    party: String,
    /// A cache of supplier and channel of orders.
    orders: HashMap<String, Option<(String, String)>>,
    /// The names that are hidden from the caller; built when first needed.
    hidden: OnceLock<Names>,
}

impl Visibility {
    /// What somebody sees who acts as `role` for `party`.
    #[must_use]
    pub fn new(
        engine: &Engine,
        coalition: Arc<Coalition>,
        role: Role,
        party: Option<&str>,
    ) -> Self {
        let party = party.unwrap_or_default().to_owned();
        let (orders, hidden) = (HashMap::new(), OnceLock::new());
        Self { engine: engine.clone(), coalition, role, party, orders, hidden }
    }

    #[must_use]
    pub fn role(&self) -> Role {
        self.role
    }

    /// Whether the caller sees everything that anybody may see.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        matches!(self.role, Role::Admin | Role::Operator | Role::Auditor | Role::Observer)
    }

    /// Whether only the lot, and not its line, shows that it is the caller's own.
    #[must_use]
    pub fn looks_at_lots(&self) -> bool {
        matches!(self.role, Role::Donor | Role::Supplier | Role::BuyingAgent | Role::Carrier)
    }

    /// Whether the order alone shows that it is the caller's own.
    #[must_use]
    pub fn looks_at_orders(&self) -> bool {
        matches!(self.role, Role::Supplier | Role::BuyingAgent | Role::Carrier)
    }

    /// Whether `contribution` is the caller's own, or the caller sees everything.
    #[must_use]
    pub fn contribution(&self, contribution: &Contribution) -> bool {
        self.is_whole() || (self.role == Role::Donor && contribution.donors.contains(&self.party))
    }

    /// Whether a move that `party` makes as `role` is the caller's own, or the caller sees everything.
    #[must_use]
    pub fn moves(&self, role: Option<Role>, party: &str) -> bool {
        // A carrier delivers for its supplier.
        let own = if self.role == Role::Carrier { Role::Supplier } else { self.role };
        self.is_whole() || (role == Some(own) && self.party == party)
    }

    /// Whether the caller may see the line because of the line alone.
    #[must_use]
    pub fn line(&self, line: &Line) -> bool {
        match self.role {
            Role::Admin | Role::Operator | Role::Auditor | Role::Observer => true,
            Role::Requester => line.requester == self.party,
            Role::Recipient => line.consignee == self.party,
            Role::Reviewer => self
                .coalition
                .group_of(&line.classification)
                .is_some_and(|group| group.id == self.party),
            Role::Donor | Role::Supplier | Role::BuyingAgent | Role::Carrier => false,
        }
    }

    /// Whether the caller may see the order.
    #[must_use]
    pub fn order(&self, order: &Order, lots: &[(Lot, Arc<Line>)]) -> bool {
        match self.role {
            Role::Supplier | Role::Carrier => order.supplier == self.party,
            Role::BuyingAgent => order.channel == self.party,
            Role::Donor => {
                let shares = order.lines.iter().flat_map(|line| &line.shares);
                let envelopes = shares.map(|share| &share.envelope).chain(&order.in_kind);
                self.gives(envelopes) || lots.iter().any(|(lot, line)| self.own(lot, line))
            }
            Role::Admin | Role::Operator | Role::Auditor | Role::Observer => true,
            Role::Reviewer | Role::Requester | Role::Recipient => {
                lots.iter().any(|(lot, line)| self.own(lot, line))
            }
        }
    }

    /// Whether the caller may see this line of an order. Lines of others in the same order are hidden.
    #[must_use]
    pub fn order_line(&self, line: &OrderLine, lots: &[(Lot, Arc<Line>)]) -> bool {
        if self.is_whole() || self.looks_at_orders() {
            return true;
        }
        let pays =
            self.role == Role::Donor && self.gives(line.shares.iter().map(|share| &share.envelope));
        pays || lots.iter().any(|(lot, of)| lot.id == line.lot && self.own(lot, of))
    }

    /// Whether the cost of a lot, and who pays, is hidden from the caller.
    #[must_use]
    pub fn hides_money(&self) -> bool {
        matches!(self.role, Role::Supplier | Role::Carrier | Role::Recipient)
    }

    /// Why `lot` is in its state, as far as the caller may know. What donors have left is not revealed.
    #[must_use]
    pub fn reason(&self, lot: &Lot) -> String {
        // A text with an amount would reveal the cost.
        if self.hides_money() && tells_an_amount(&lot.reason) {
            return String::new();
        }
        // An internal failure may mention machines and other parties' records.
        if self.is_whole() || lot.code.is_empty() {
            return lot.reason.clone();
        }
        neutral(lot)
    }

    /// Whether prices of ordered goods are hidden from the caller.
    #[must_use]
    pub fn hides_prices(&self) -> bool {
        matches!(self.role, Role::Carrier | Role::Recipient)
    }

    /// The name of contribution `id` for the caller. A contribution of others gets the names of its donors, if these
    /// may be known.
    #[must_use]
    pub fn contribution_name(&self, id: &str) -> String {
        if self.is_whole() {
            return id.to_owned();
        }
        match self.coalition.contributions.get(id) {
            Some(given) if given.donors.contains(&self.party) => id.to_owned(),
            Some(given) if !self.hides_money() => given.donors.join(" and "),
            Some(_) | None => A_DONOR.to_owned(),
        }
    }

    /// The envelope `id` of a share, if it is the caller's own or the caller sees everything; else an empty text.
    #[must_use]
    pub fn envelope(&self, id: &str) -> String {
        let given = self.coalition.contributions.get(id);
        let is_own = given.is_some_and(|given| given.donors.contains(&self.party));
        if self.is_whole() || is_own { id.to_owned() } else { String::new() }
    }

    /// The name of the supplier or buying agent of `order`. For goods in kind these are the donor.
    #[must_use]
    pub fn party_of(&self, order: &Order, party: &str) -> String {
        if order.in_kind.is_some() { self.told(party) } else { party.to_owned() }
    }

    /// `text` without the names of others' contributions and, for those who may not know who pays, without names of
    /// donors.
    #[must_use]
    pub fn told(&self, text: &str) -> String {
        if self.is_whole() || text.is_empty() {
            return text.to_owned();
        }
        self.hidden.get_or_init(|| self.hidden_names()).without(text)
    }

    /// The names that the caller may not know, with their replacements.
    fn hidden_names(&self) -> Names {
        let contributions = &self.coalition.contributions;
        let ids = contributions.keys().map(|id| (id.clone(), self.contribution_name(id)));
        let mut names: Vec<(String, String)> = ids.filter(|(id, said)| id != said).collect();
        if self.hides_money() {
            let donors = contributions.values().flat_map(|given| &given.donors);
            for donor in donors.filter(|donor| **donor != self.party) {
                let party = self.coalition.parties.get(donor);
                let called = party.map(|party| party.name.clone()).filter(|name| !name.is_empty());
                let all = called.into_iter().chain([donor.clone()]);
                names.extend(all.map(|name| (name, A_DONOR.to_owned())));
            }
        }
        Names::new(names)
    }

    /// The actor's name for the caller. Accounts are reduced to their role and party, without the name of the person.
    #[must_use]
    pub fn actor(&self, actor: &str) -> String {
        if self.is_whole() {
            return actor.to_owned();
        }
        let account = actor.strip_suffix(')').and_then(|rest| rest.rsplit_once(" ("));
        let Some((who, _)) = account.and_then(|(_, inside)| inside.rsplit_once(", ")) else {
            return self.told(actor);
        };
        let is_hidden_donor = self.hides_money() && who.starts_with("donor");
        if is_hidden_donor { A_DONOR.to_owned() } else { self.told(who) }
    }

    fn gives<'a>(&self, envelopes: impl Iterator<Item = &'a String>) -> bool {
        let mut given = envelopes.filter_map(|id| self.coalition.contributions.get(id));
        given.any(|contribution| contribution.donors.contains(&self.party))
    }

    /// Whether a lot is the caller's own, according to the lot and its line.
    fn own(&self, lot: &Lot, line: &Line) -> bool {
        match self.role {
            Role::Donor => self.pays(lot),
            Role::Reviewer => {
                let is_asked = matches!(lot.state(), LotState::Waiting {
                    awaits: Awaited::Review { group, .. }, ..
                } if *group == self.party);
                is_asked || self.line(line)
            }
            Role::Recipient => lot.consignee(line) == self.party,
            Role::Admin
            | Role::Operator
            | Role::Auditor
            | Role::Observer
            | Role::Requester
            | Role::Supplier
            | Role::BuyingAgent
            | Role::Carrier => self.line(line),
        }
    }

    fn pays(&self, lot: &Lot) -> bool {
        self.gives(lot.funding.iter().map(|share| &share.envelope).chain(&lot.in_kind))
    }

    /// Whether the caller may see `lot`.
    ///
    /// # Errors
    /// [`StoreError`] if its order cannot be read.
    pub async fn lot(&mut self, lot: &Lot, line: &Line) -> Result<bool, StoreError> {
        if self.own(lot, line) {
            return Ok(true);
        }
        let (true, Some(number)) = (self.looks_at_orders(), &lot.order) else {
            return Ok(false);
        };
        let known = match self.orders.get(number) {
            Some(known) => known,
            None => {
                let record = self.engine.store.record(RecordKind::Order, number).await?;
                let order = record.and_then(|r| serde_json::from_str::<Order>(&r.body).ok());
                let parties = order.map(|order| (order.supplier, order.channel));
                self.orders.entry(number.clone()).or_insert(parties)
            }
        };
        let is_buying_agent = self.role == Role::BuyingAgent;
        Ok(known.as_ref().is_some_and(|(supplier, channel)| {
            let whose = if is_buying_agent { channel } else { supplier };
            *whose == self.party
        }))
    }

    /// The lots that the caller may see, with their lines.
    ///
    /// # Errors
    /// [`StoreError`] if their lines or orders cannot be read.
    pub async fn lots(&mut self, lots: Vec<Lot>) -> Result<Vec<(Lot, Arc<Line>)>, StoreError> {
        let lines = self.engine.lines_of(&lots).await?;
        let mut seen = Vec::with_capacity(lots.len());
        for lot in lots {
            let Some(line) = lines.get(&lot.line()) else { continue };
            if self.lot(&lot, line).await? {
                seen.push((lot, line.clone()));
            }
        }
        Ok(seen)
    }
}

/// The reason of `lot` for those who do not see everything.
fn neutral(lot: &Lot) -> String {
    match lot.reason_code().map(ReasonCode::reveals) {
        Some(Reveals::Nothing) => lot.reason.clone(),
        Some(Reveals::Balances) => "no money is left that may pay for it".to_owned(),
        Some(Reveals::Internals) => "an attempt failed; the operator knows why".to_owned(),
        // A newer version wrote it.
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::LotId;
    use crate::domain::lot::Priority;
    use crate::domain::lot::StepName;
    use crate::domain::quantity::Quantity;

    #[test]
    fn others_read_no_causes_no_balances_and_no_reason_of_a_newer_version() {
        let priority = Priority { class: 1, rank: 1 };
        let mut lot =
            Lot::new(LotId(4096), Quantity::whole(1), priority, StepName::new("match_donor"));
        let mut read = |code: &str| {
            (lot.code, lot.reason) =
                (code.to_owned(), "db1:5432 refused; NL has EUR 5.00".to_owned());
            neutral(&lot)
        };
        for code in ["attempt_failed", "money_exhausted", "displaced", "of_a_newer_version"] {
            assert!(!read(code).contains("5"), "{code}");
        }
        assert!(read("held").contains("refused"));
    }
}
