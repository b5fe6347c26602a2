//! Parties with their roles, and expert groups.

use std::collections::HashMap;

use super::folder::{Folder, Placed};
use crate::domain::party::{ExpertGroup, Party, RoleSpan};
use crate::domain::rules::LONGEST_REVIEW;
use crate::import::columns::{GROUPS, PARTIES, ROLES};
use crate::import::table::error::ImportError;
use crate::import::values::fields::RowFields;
use crate::import::values::parse;

/// Reads parties.csv. It has one row for each role of a party; parties keep the order of their
/// first rows.
pub(super) fn read_parties(folder: &mut Folder<'_>) -> Result<Vec<Placed<Party>>, ImportError> {
    let rows = folder.needed_rows(PARTIES, read_party)?;
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
            let what = format!("row {} gives this party a different name", party.row);
            folder.fail_at(
                &row,
                "name",
                &row.value.name,
                what,
                "give a party the same name in all rows",
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

pub(super) fn read_groups(
    folder: &mut Folder<'_>,
) -> Result<Vec<Placed<ExpertGroup>>, ImportError> {
    let groups = folder.optional_rows(GROUPS, |fields| {
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
