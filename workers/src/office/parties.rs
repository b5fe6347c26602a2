//! Parties: roles begin and end, each with its evidence.

use chrono::NaiveDate;
use waybill_shared::domain::party::{Party, Role, RoleSpan};
use waybill_shared::store::RecordChange;

use super::{Decided, Office, already, body, read, refuse};
use crate::acts::round;
use crate::documents::Refusal;

impl Office<'_> {
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
                let hint = "give its name with --name if it is new";
                return Err(refuse(format!("no party is called `{id}`; {hint}")));
            }
        };
        if is_new && (id.trim().is_empty() || id.contains([':', '/'])) {
            return Err(refuse(format!("`{id}` is no id: it is empty or has a colon or slash")));
        }
        let holds = |span: &&RoleSpan| {
            span.role == role && span.from <= from && span.to.is_none_or(|to| from <= to)
        };
        if let Some(span) = party.roles.iter().find(holds) {
            return already(format!("it has that role since {}", span.from));
        }
        let evidence = evidence.to_owned();
        party.roles.push(RoleSpan { role, from, to: None, evidence });
        self.state(version, &party, "party.role_began")
    }

    pub(super) async fn end_role(
        &self,
        id: &str,
        role: Role,
        on: NaiveDate,
        evidence: &str,
    ) -> Result<Decided, Refusal> {
        let (version, known) = self.party(id).await?;
        let mut party = known.ok_or_else(|| refuse(format!("no party is called `{id}`")))?;
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
                already(format!("it has not had that role after {on}"))
            } else {
                Err(refuse(format!("`{id}` has no such role")))
            };
        }
        self.state(version, &party, "party.role_ended")
    }

    /// A party as it is recorded, with the version of that.
    async fn party(&self, id: &str) -> Result<(i64, Option<Party>), Refusal> {
        match self.desk.engine.store.record("party", id).await? {
            Some(record) => Ok((record.version, Some(read("party", &record)?))),
            None => Ok((0, None)),
        }
    }

    fn state(&self, version: i64, party: &Party, event: &'static str) -> Result<Decided, Refusal> {
        let mut unit = self.desk.unit();
        unit.records.push(RecordChange {
            kind: "party",
            id: party.id.clone(),
            expected: version,
            body: body("party", &party.id, party)?,
            event,
        });
        unit.jobs.push(round::wanted(self.desk.engine));
        Ok(unit.into())
    }
}
