//! Parties with their roles, and expert groups.

use std::collections::HashMap;

use super::super::error::ImportError;
use super::super::fields::{Field, RowFields, Section, optional, required};
use super::super::parse;
use super::folder::{Folder, Placed};
use crate::domain::party::{ExpertGroup, Party, Role, RoleSpan};
use crate::domain::rules::LONGEST_REVIEW;

const PARTY_FIELDS: [Field<'static>; 6] = [
    required("id"),
    required("name"),
    required("role"),
    required("from"),
    optional("to"),
    required("evidence"),
];

/// What stands in parties.csv.
pub(in super::super) const PARTIES: Section<'static> =
    Section { name: "parties", fields: &PARTY_FIELDS, ignored: &[] };

const ROLES: [(&str, Role); 5] = [
    ("lead", Role::Lead),
    ("member", Role::Member),
    ("observer", Role::Observer),
    ("beneficiary", Role::Beneficiary),
    ("buying_agent", Role::BuyingAgent),
];

const GROUP_FIELDS: [Field<'static>; 6] = [
    required("id"),
    required("name"),
    required("prefixes"),
    optional("review_from"),
    optional("review_currency"),
    required("review_days"),
];

/// What stands in groups.csv.
pub(in super::super) const GROUPS: Section<'static> =
    Section { name: "groups", fields: &GROUP_FIELDS, ignored: &[] };

/// Reads parties.csv: a row for each role of a party, in one order by first row.
pub(super) fn read_parties(folder: &mut Folder<'_>) -> Result<Vec<Placed<Party>>, ImportError> {
    let table = folder.table("parties.csv", PARTIES)?;
    let rows = folder.rows(&table, PARTIES, read_party)?;
    let mut parties: Vec<Placed<Party>> = Vec::new();
    let mut places = HashMap::new();
    for row in rows {
        let Some(place) = places.get(&row.value.id).copied() else {
            places.insert(row.value.id.clone(), parties.len());
            parties.push(row);
            continue;
        };
        let party: &mut Placed<Party> = &mut parties[place];
        if party.value.name != row.value.name {
            let what = format!("row {} gives this party another name", party.row);
            folder.fail_at(
                &row,
                "name",
                &row.value.name,
                what,
                "give a party one name in all rows",
            );
        }
        party.value.roles.extend(row.value.roles);
    }
    Ok(parties)
}

fn read_party(fields: &mut RowFields<'_>) -> Option<Party> {
    let id = fields.id("id");
    let name = fields.name("name");
    let roles = if fields.has("role") { vec![read_role(fields)?] } else { Vec::new() };
    Some(Party { id: id?, name: name?, roles })
}

fn read_role(fields: &mut RowFields<'_>) -> Option<RoleSpan> {
    let role = fields.required("role", |text| parse::one_of(text, &ROLES));
    let from = fields.date("from");
    let to = fields.optional_date("to");
    let evidence = fields.text("evidence");
    fields.in_order(("from", from), ("to", to));
    Some(RoleSpan { role: role?, from: from?, to, evidence: evidence? })
}

/// Reads groups.csv.
pub(super) fn read_groups(
    folder: &mut Folder<'_>,
) -> Result<Vec<Placed<ExpertGroup>>, ImportError> {
    let groups = folder.optional_rows("groups.csv", GROUPS, |fields| {
        let id = fields.id("id");
        let name = fields.name("name");
        let prefixes = fields.required_list("prefixes", ' ');
        let review_from = if fields.together(&["review_from", "review_currency"]) {
            let currency = fields.required("review_currency", parse::currency);
            fields.money("review_from", currency)
        } else {
            None
        };
        let review_days = fields.whole("review_days", 0, LONGEST_REVIEW)?;
        Some(ExpertGroup { id: id?, name: name?, prefixes, review_from, review_days })
    })?;
    folder.unique(&groups, "id", |group| group.id.clone());
    Ok(groups)
}
