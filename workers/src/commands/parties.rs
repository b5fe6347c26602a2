//! Commands on parties: roles begin and end, each with its evidence.

use chrono::NaiveDate;
use waybill_shared::domain::coalition::{Consignee, Renamed};
use waybill_shared::domain::kinds::{RecordEvent, RecordKind};
use waybill_shared::domain::party::{Party, Role, RoleSpan};
use waybill_shared::domain::requisition::Line;
use waybill_shared::incidents::{self, ROLE};
use waybill_shared::store::{ChangeSet, LineChange, RecordChange};

use super::{Context, Decided, already, body, read, refuse};
use crate::documents::Refusal;
use crate::touched::touched;
use crate::wanted;

impl Context<'_> {
    pub(super) async fn begin_role(
        &self,
        id: &str,
        role: Role,
        from: NaiveDate,
        name: Option<&str>,
        evidence: &str,
    ) -> Result<Decided, Refusal> {
        let (version, known) = self.party(id).await?;
        let is_new = known.is_none();
        let mut party = match (known, name) {
            (Some(party), _) => party,
            (None, Some(name)) => {
                Party { id: id.to_owned(), name: name.to_owned(), roles: Vec::new() }
            }
            (None, None) => {
                let hint = "to add it, give its name with --name";
                return Err(refuse(format!("there is no party `{id}`; {hint}")));
            }
        };
        if is_new && (id.trim().is_empty() || id.contains([':', '/'])) {
            return Err(refuse(format!(
                "`{id}` cannot be an id: an id is not empty and has no colon or slash"
            )));
        }
        let holds = |span: &&RoleSpan| {
            span.role == role && span.from <= from && span.to.is_none_or(|to| from <= to)
        };
        if let Some(span) = party.roles.iter().find(holds) {
            return already(format!("it has had that role since {}", span.from));
        }
        let evidence = evidence.to_owned();
        party.roles.push(RoleSpan { role, from, to: None, evidence });
        Ok(self.state(version, &party, RecordEvent::PartyRoleBegan)?.into())
    }

    pub(super) async fn end_role(
        &self,
        id: &str,
        role: Role,
        on: NaiveDate,
        evidence: &str,
    ) -> Result<Decided, Refusal> {
        let (version, known) = self.party(id).await?;
        let mut party = known.ok_or_else(|| refuse(format!("there is no party `{id}`")))?;
        let mut ended = false;
        for span in party.roles.iter_mut().filter(|span| span.role == role && span.from <= on) {
            if span.to.is_none_or(|to| on < to) {
                span.to = Some(on);
                span.evidence = format!("{}; ended: {evidence}", span.evidence);
                ended = true;
            }
        }
        if !ended {
            let has = party.roles.iter().any(|span| span.role == role);
            return if has {
                already(format!("it has no such role after {on}"))
            } else {
                Err(refuse(format!("`{id}` does not have that role")))
            };
        }
        let mut change_set = self.state(version, &party, RecordEvent::PartyRoleEnded)?;
        let touched = touched(self.desk.engine, self.coalition(), &party).await?;
        if !touched.is_empty() {
            // Somebody has to decide on each of them and then close the incident.
            let subjects = touched.into_iter().map(|(id, what)| format!("{id}: {what}")).collect();
            let cause = format!("the role of {id} as {} has ended", role.name());
            let (store, incident) = (&*self.desk.engine.store, format!("{ROLE}{id}"));
            change_set.records.push(incidents::opened(store, &incident, &cause, subjects).await?);
        }
        Ok(change_set.into())
    }

    pub(super) async fn rename(
        &self,
        id: &str,
        to: &str,
        name: Option<&str>,
        evidence: &str,
    ) -> Result<Decided, Refusal> {
        let engine = self.desk.engine;
        if let Some(now) = self.coalition().renamed.get(id) {
            return if now == to {
                already(format!("it is called {to} already"))
            } else {
                Err(refuse(format!("`{id}` was already renamed to {now}")))
            };
        }
        let (version, known) = self.party(id).await?;
        let mut party = known.ok_or_else(|| refuse(format!("there is no party `{id}`")))?;
        if let Some(role) = party.roles.iter().find(|span| span.role != Role::Beneficiary) {
            let role = role.role.name();
            return Err(refuse(format!(
                "`{id}` also has the role {role}: only requesters can be renamed"
            )));
        }
        if to.trim().is_empty() || to.contains([':', '/']) || to == id {
            return Err(refuse(format!(
                "`{to}` cannot be the new id: it must differ from the old one, not be empty, and \
                 have no colon or slash"
            )));
        }
        let (to_version, there) = self.party(to).await?;
        if there.is_some() {
            let text = format!(
                "the party `{to}` already exists: the lines of two requesters cannot be put \
                 together"
            );
            return Err(refuse(text));
        }
        let mut change_set = self.desk.change_set();
        let renamed = Renamed { to: to.to_owned(), evidence: evidence.to_owned() };
        change_set.records.push(RecordChange {
            kind: RecordKind::Renamed,
            id: id.to_owned(),
            expected: 0,
            body: body(RecordKind::Renamed, id, &renamed)?,
            event: RecordEvent::PartyRenamed,
        });
        // The record keeps the old id known, but nobody acts under it any more.
        let old = Party { roles: Vec::new(), ..party.clone() };
        to.clone_into(&mut party.id);
        if let Some(name) = name {
            name.clone_into(&mut party.name);
        }
        for (party, version) in [(&party, to_version), (&old, version)] {
            change_set.records.push(RecordChange {
                kind: RecordKind::Party,
                id: party.id.clone(),
                expected: version,
                body: body(RecordKind::Party, &party.id, party)?,
                event: RecordEvent::PartyRenamed,
            });
        }
        for (number, stored) in engine.store.all_lines().await? {
            if stored.line.requester == id {
                let line = Line { requester: to.to_owned(), ..stored.line.clone() };
                change_set.lines.push(LineChange::commanded(number, &stored, line));
            }
        }
        for known in self.coalition().consignees.values().filter(|known| known.requester == id) {
            let record = engine.store.record(RecordKind::Consignee, &known.code).await?;
            let known = Consignee { requester: to.to_owned(), ..known.clone() };
            change_set.records.push(RecordChange {
                kind: RecordKind::Consignee,
                id: known.code.clone(),
                expected: record.map_or(0, |record| record.version),
                body: body(RecordKind::Consignee, &known.code, &known)?,
                event: RecordEvent::ConsigneeRenamed,
            });
        }
        for given in self.coalition().contributions.values() {
            let mut given = given.clone();
            let named = given.earmark.requesters.iter_mut().filter(|named| *named == id);
            if named.map(|named| to.clone_into(named)).count() == 0 {
                continue;
            }
            let record = engine.store.record(RecordKind::Contribution, &given.id).await?;
            change_set.records.push(RecordChange {
                kind: RecordKind::Contribution,
                id: given.id.clone(),
                expected: record.map_or(0, |record| record.version),
                body: body(RecordKind::Contribution, &given.id, &given)?,
                event: RecordEvent::ContributionRenamed,
            });
        }
        change_set.jobs.push(wanted::round(engine));
        Ok(change_set.into())
    }

    /// The party with the version of its record. The version is 0 if there is no record.
    async fn party(&self, id: &str) -> Result<(i64, Option<Party>), Refusal> {
        match self.desk.engine.store.record(RecordKind::Party, id).await? {
            Some(record) => Ok((record.version, Some(read(RecordKind::Party, &record)?))),
            None => Ok((0, None)),
        }
    }

    fn state(&self, version: i64, party: &Party, event: RecordEvent) -> Result<ChangeSet, Refusal> {
        let mut change_set = self.desk.change_set();
        change_set.records.push(RecordChange {
            kind: RecordKind::Party,
            id: party.id.clone(),
            expected: version,
            body: body(RecordKind::Party, &party.id, party)?,
            event,
        });
        change_set.jobs.push(wanted::round(self.desk.engine));
        Ok(change_set)
    }
}
