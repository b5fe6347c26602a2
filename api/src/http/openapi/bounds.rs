//! Adds the bounds of request values to the API description, from the same constants that the checks use.

use std::collections::BTreeSet;

use utoipa::Number;
use utoipa::openapi::path::{Operation, Parameter, ParameterIn, PathItem};
use utoipa::openapi::schema::{
    AdditionalProperties, ArrayItems, KnownFormat, Object, Schema, SchemaFormat, SchemaType, Type,
};
use utoipa::openapi::{OpenApi, RefOr};
use waybill_shared::domain::admissible::{
    self, CLASSES, LONGEST_ID, LONGEST_LEAD, LONGEST_NAME, LONGEST_QUESTION, NUMBER, YEARS,
};
use waybill_shared::import;
use waybill_workers::commands::LARGEST;

use crate::http::request::LARGEST as LARGEST_FILE;

/// The schema name of a row of a file.
const ROW: &str = "RowIn";

/// Where a value occurs in a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Path,
    Query,
    Header,
    /// In a JSON body.
    Body,
    /// In a row of a file, as JSON.
    Row,
    /// The whole body, as raw bytes.
    File,
}

/// States the bounds of every parameter and body in `described`.
pub(super) fn state(described: &mut OpenApi) {
    let mut named = BTreeSet::new();
    for item in described.paths.paths.values_mut() {
        for (_, operation) in operations(item) {
            state_operation(operation, &mut named);
        }
    }
    let Some(components) = &mut described.components else { return };
    let mut known = BTreeSet::new();
    while let Some(name) = named.pop_first() {
        if let Some(schema) = components.schemas.get_mut(&name) {
            let place = if name == ROW { Place::Row } else { Place::Body };
            let mut more = BTreeSet::new();
            bound(schema, "", place, &mut more);
            known.insert(name);
            named.extend(more.into_iter().filter(|name| !known.contains(name)));
        }
    }
}

pub(super) fn operations(
    item: &mut PathItem,
) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    let all = [
        ("GET", &mut item.get),
        ("POST", &mut item.post),
        ("PUT", &mut item.put),
        ("PATCH", &mut item.patch),
        ("DELETE", &mut item.delete),
    ];
    all.into_iter().filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

fn state_operation(operation: &mut Operation, named: &mut BTreeSet<String>) {
    for parameter in operation.parameters.iter_mut().flatten() {
        let RefOr::T(Parameter { name, parameter_in, schema: Some(schema), .. }) = parameter else {
            continue;
        };
        let place = match parameter_in {
            ParameterIn::Path => Place::Path,
            ParameterIn::Query | ParameterIn::QueryString => Place::Query,
            ParameterIn::Header | ParameterIn::Cookie => Place::Header,
        };
        bound(schema, name, place, named);
    }
    let Some(RefOr::T(body)) = &mut operation.request_body else { return };
    for (kind, content) in &mut body.content {
        let place = if kind == "application/json" { Place::Body } else { Place::File };
        if let RefOr::T(content) = content
            && let Some(schema) = &mut content.schema
        {
            bound(schema, "", place, named);
        }
    }
}

/// States the bounds of `schema`, which describes `field`. Adds the schemas that it refers to to `named`.
fn bound(schema: &mut RefOr<Schema>, field: &str, place: Place, named: &mut BTreeSet<String>) {
    match schema {
        RefOr::Ref(reference) => {
            named.extend(reference.ref_location.rsplit('/').next().map(str::to_owned));
        }
        RefOr::T(Schema::Array(list)) => {
            if let ArrayItems::RefOrSchema(items) = &mut list.items {
                bound(items, field, place, named);
            }
        }
        RefOr::T(Schema::OneOf(one)) => {
            one.items.iter_mut().for_each(|item| bound(item, field, place, named));
        }
        RefOr::T(Schema::AllOf(all)) => {
            all.items.iter_mut().for_each(|item| bound(item, field, place, named));
        }
        RefOr::T(Schema::AnyOf(any)) => {
            any.items.iter_mut().for_each(|item| bound(item, field, place, named));
        }
        RefOr::T(Schema::Object(object)) => {
            for (name, property) in object.properties.iter_mut() {
                bound(property, name, place, named);
            }
            if let Some(AdditionalProperties::RefOr(values)) =
                object.additional_properties.as_deref_mut()
            {
                bound(values, field, place, named);
            }
            if let Some(Schema::Object(name)) = object.property_names.as_deref_mut() {
                name.max_length.get_or_insert(LONGEST_NAME);
            }
            if is_a(object, &[Type::String]) && object.enum_values.is_none() {
                bound_text(object, field, place);
            }
            if is_a(object, &[Type::Integer, Type::Number]) {
                bound_number(object, field, place);
            }
        }
        RefOr::T(_) => {}
    }
}

fn is_a(object: &Object, types: &[Type]) -> bool {
    match &object.schema_type {
        SchemaType::Type(kind) => types.contains(kind),
        SchemaType::Array(kinds) => kinds.iter().any(|kind| types.contains(kind)),
        SchemaType::AnyValue => false,
    }
}

fn is_formatted(object: &Object, format: &KnownFormat) -> bool {
    matches!(&object.format, Some(SchemaFormat::KnownFormat(known)) if known == format)
}

fn bound_text(object: &mut Object, field: &str, place: Place) {
    let longest = match place {
        Place::Path => LONGEST_NAME,
        Place::Query => LONGEST_QUESTION,
        Place::Header => LONGEST_ID,
        Place::Row => import::longest(field),
        Place::File => LARGEST_FILE,
        // Base64 needs four characters for three bytes.
        Place::Body if admissible::is_bytes(field) => LARGEST.div_ceil(3) * 4,
        Place::Body if is_formatted(object, &KnownFormat::Date) => "YYYY-MM-DD".len(),
        Place::Body => admissible::longest(field),
    };
    object.max_length.get_or_insert(longest);
    let is_day = is_formatted(object, &KnownFormat::Date);
    match place {
        Place::Body if is_day => {
            let years = format!("From {} to {}.", YEARS.start(), YEARS.end());
            let text = object.description.take().unwrap_or_default();
            object.description = Some(format!("{text} {years}").trim().to_owned());
        }
        Place::Body | Place::Row | Place::Path if object.pattern.is_none() => {
            object.pattern = Some(admissible::pattern(field));
        }
        Place::Body | Place::Row | Place::Path | Place::Query | Place::Header | Place::File => {}
    }
}

fn bound_number(object: &mut Object, field: &str, place: Place) {
    let is_positive = matches!(object.minimum, Some(Number::UInt(_) | Number::Int(0..)));
    let (least, most) = match (place, field) {
        (Place::Body, "class") => ((*CLASSES.start()).into(), (*CLASSES.end()).into()),
        (Place::Body, "rank") => (1, u32::MAX.into()),
        (Place::Body, "lead_days") => (0, LONGEST_LEAD.into()),
        (Place::Query, "class") => (0, u8::MAX.into()),
        _ if is_formatted(object, &KnownFormat::Int32) && is_positive => (0, u32::MAX.into()),
        _ if is_formatted(object, &KnownFormat::Int32) => (i32::MIN.into(), i32::MAX.into()),
        (Place::Body | Place::Row, _) => (1 - NUMBER, NUMBER - 1),
        (Place::Path | Place::Query | Place::Header | Place::File, _) => (i64::MIN, i64::MAX),
    };
    let number = |number: i64| isize::try_from(number).ok().map(Number::Int);
    let is_stated_here = matches!(field, "class" | "rank" | "lead_days");
    if object.minimum.is_none() || is_stated_here {
        object.minimum = number(least);
    }
    if object.maximum.is_none() {
        object.maximum = number(most);
    }
}
