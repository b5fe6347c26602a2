//! The description of the routes (OpenAPI 3.1), generated from the code, and an HTML page that shows it.

mod bounds;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use axum::http::header;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use utoipa::OpenApi as _;
use utoipa::openapi::path::{Operation, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{ContentBuilder, OpenApi, Ref, RefOr, ResponseBuilder, SecurityRequirement};
use utoipa_axum::router::OpenApiRouter;

use crate::http::access::ROUTES;
use crate::http::html::document;
use crate::http::problem::Problem;
use crate::http::problem_kind::ProblemKind;
use crate::http::request::Named;
use crate::http::routes;

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Waybill",
        description = "From a stated priority to a confirmed delivery. Every error is a problem \
(RFC 9457). Every write takes an `Idempotency-Key`: sent again under it, it gets the answer that it \
got. What a caller may do depends on the role of its account; what it sees, on whom it acts for."
    ),
    components(schemas(Problem)),
    tags(
        (name = "lots", description = "Where each lot is, and why."),
        (name = "lines", description = "What is asked for."),
        (name = "money", description = "What donors give, and what became of it."),
        (name = "orders", description = "What is bought of whom."),
        (name = "documents", description = "What parties answer and report."),
        (name = "incidents", description = "Problems that an operator has to fix."),
        (name = "events", description = "Everything that happened, in order."),
        (name = "webhooks", description = "The same, sent to you."),
        (name = "accounts", description = "Who may do what."),
        (name = "service", description = "The service as a whole."),
    )
)]
struct Described;

/// The description of all public routes.
#[must_use]
pub fn openapi() -> OpenApi {
    let (_, mut described) =
        OpenApiRouter::with_openapi(Described::openapi()).merge(routes::all()).split_for_parts();
    let components = described.components.get_or_insert_default();
    let token = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
    components.security_schemes.insert("token".to_owned(), RefOr::T(token));
    described.security = Some(vec![SecurityRequirement::new("token", Vec::<String>::new())]);
    for (path, item) in &mut described.paths.paths {
        for (method, operation) in bounds::operations(item) {
            complete(method, path, operation);
        }
    }
    bounds::state(&mut described);
    described
}

/// Adds what all operations share: the roles that may use them, and the possible problems.
fn complete(method: &str, path: &str, operation: &mut Operation) {
    let route = ROUTES.iter().find(|(m, p, _)| *m == method && *p == path);
    let roles: Vec<&str> = route
        .map(|(_, _, roles)| roles.iter().map(|role| role.name()).collect())
        .unwrap_or_default();
    // Function names are unique only within a tag.
    if let (Some(tag), Some(id)) = (operation.tags.iter().flatten().next(), &operation.operation_id)
    {
        operation.operation_id = Some(format!("{tag}_{id}"));
    }
    let text = operation.description.take().unwrap_or_default();
    operation.description = Some(format!("{text}\n\nFor: {}.", roles.join(", ")).trim().to_owned());
    if method != "GET" {
        let key = ParameterBuilder::new()
            .name("Idempotency-Key")
            .parameter_in(ParameterIn::Header)
            .description(Some("Sent again under it, the request gets the answer that it got"))
            .schema(Some(
                ObjectBuilder::new()
                    .schema_type(Type::String)
                    .max_length(Some(255))
                    .min_length(Some(1)),
            ))
            .build();
        operation.parameters.get_or_insert_default().push(RefOr::T(key));
    }
    let problem = || {
        let schema = Ref::from_schema_name("Problem");
        ContentBuilder::new().schema(Some(schema)).build()
    };
    for response in operation.responses.responses.values_mut() {
        if let RefOr::T(response) = response
            && response.description.is_empty()
        {
            response.description = "Done".to_owned();
        }
    }
    for kind in ProblemKind::ALL.iter().filter(|kind| kind.answers(method)) {
        let response = ResponseBuilder::new()
            .description(kind.title())
            .content("application/problem+json", problem())
            .build();
        let status = kind.status().as_u16().to_string();
        operation.responses.responses.entry(status).or_insert(RefOr::T(response));
    }
}

/// The description as JSON. It is built once.
static JSON: LazyLock<String> = LazyLock::new(|| openapi().to_pretty_json().unwrap_or_default());

pub(crate) async fn json() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], JSON.as_str()).into_response()
}

static PAGE: LazyLock<String> = LazyLock::new(|| rendered(&openapi()).into_string());

/// The HTML page that shows the description.
pub(crate) async fn page() -> Response {
    let kind = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'"),
    ];
    (kind, PAGE.as_str()).into_response()
}

/// Explains a kind of problem. Its address is the `type` of problem answers.
pub(crate) async fn problem(Named(kind): Named) -> Response {
    match ProblemKind::named(&kind) {
        Some(kind) => format!("{kind}: {} ({})\n", kind.title(), kind.status()).into_response(),
        None => Problem::unknown("kind of problem", &kind).into_response(),
    }
}

fn rendered(described: &OpenApi) -> Markup {
    let json: serde_json::Value = serde_json::to_value(described).unwrap_or_default();
    let mut by_tag: BTreeMap<usize, Vec<(String, String, serde_json::Value)>> = BTreeMap::new();
    let tags: Vec<(String, String)> = described
        .tags
        .iter()
        .flatten()
        .map(|tag| (tag.name.clone(), tag.description.clone().unwrap_or_default()))
        .collect();
    for (path, item) in json["paths"].as_object().into_iter().flatten() {
        for (method, operation) in item.as_object().into_iter().flatten() {
            let tag = operation["tags"][0].as_str().unwrap_or_default();
            let place = tags.iter().position(|(name, _)| name == tag).unwrap_or(tags.len());
            let entry = (method.to_uppercase(), path.clone(), operation.clone());
            by_tag.entry(place).or_default().push(entry);
        }
    }
    let content = html! {
        header {
            h1 { "Waybill: the API" }
            p { (marked(described.info.description.as_deref().unwrap_or_default())) }
            p { "Send your token with every request: " code { "Authorization: Bearer TOKEN" } "." }
            p { "Machine-readable: " a href="/v1/openapi.json" { "/v1/openapi.json" } " (OpenAPI 3.1)" }
            nav {
                @for (place, (name, _)) in tags.iter().enumerate() {
                    @if by_tag.contains_key(&place) { a href={ "#" (name) } { (name) } " " }
                }
            }
        }
        main {
            @for (place, operations) in &by_tag {
                @let (name, text) = tags.get(*place).cloned().unwrap_or_default();
                section id=(name) {
                    h2 { (name) }
                    p { (text) }
                    @for (method, path, operation) in operations {
                        (described_operation(method, path, operation, &json))
                    }
                }
            }
        }
    };
    document("the API", &content)
}

fn described_operation(
    method: &str,
    path: &str,
    operation: &serde_json::Value,
    json: &serde_json::Value,
) -> Markup {
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let parameters: Vec<&serde_json::Value> =
        operation["parameters"].as_array().into_iter().flatten().collect();
    let body =
        operation["requestBody"]["content"].as_object().and_then(|content| content.iter().next());
    let answers: Vec<(&String, &serde_json::Value)> = operation["responses"]
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(status, _)| status.starts_with('2'))
        .collect();
    html! {
        details {
            summary {
                code class={ "method " (method.to_lowercase()) } { (method) }
                " " code { (path) } " "
                span { (marked(&text(&operation["summary"]))) }
            }
            @for part in text(&operation["description"]).split("\n\n") { p { (marked(part)) } }
            @if !parameters.is_empty() {
                table {
                    caption { "Parameters" }
                    @for parameter in parameters {
                        tr {
                            th scope="row" { code { (text(&parameter["name"])) } }
                            td { (text(&parameter["in"])) }
                            td { (text(&parameter["description"])) }
                        }
                    }
                }
            }
            @if let Some((kind, content)) = body {
                p { "Body: " code { (kind) } }
                (fields(&content["schema"], json, 0))
            }
            @for (status, answer) in answers {
                p { "Answer " code { (status) } }
                @if let Some((_, content)) = answer["content"].as_object().and_then(|c| c.iter().next()) {
                    (fields(&content["schema"], json, 0))
                }
            }
        }
    }
}

/// The fields of a schema, two levels deep, and its variants.
fn fields(schema: &serde_json::Value, json: &serde_json::Value, depth: usize) -> Markup {
    let named = |schema: &serde_json::Value| {
        let path = schema["$ref"].as_str()?.strip_prefix('#')?.to_owned();
        json.pointer(&path).cloned()
    };
    let schema = named(schema).unwrap_or_else(|| schema.clone());
    if schema["type"] == "array" {
        return html! { p class="of" { "a list of" } (fields(&schema["items"], json, depth)) };
    }
    let parts = |kind: &str| schema[kind].as_array().cloned().unwrap_or_default();
    let required: Vec<&str> = schema["required"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|name| name.as_str())
        .collect();
    let text = schema["description"].as_str().unwrap_or_default();
    html! {
        @if schema["properties"].is_null() && !text.is_empty() { p { (marked(text)) } }
        @if let Some(properties) = schema["properties"].as_object() {
            table {
                @for (name, property) in properties {
                    tr {
                        th scope="row" { code { (name) } @if required.contains(&name.as_str()) { " *" } }
                        td { (kind_of(property)) }
                        td {
                            (marked(property["description"].as_str().unwrap_or_default()))
                            @if depth < 1 && property["type"] == "array" && property["items"]["$ref"].is_string() {
                                (fields(&property["items"], json, depth + 1))
                            }
                        }
                    }
                }
            }
        }
        @for part in parts("allOf") { (fields(&part, json, depth)) }
        @let variants = parts("oneOf");
        @for (i, variant) in variants.iter().filter(|variant| variant["type"] != "null").enumerate() {
            p class="of" { @if i > 0 { "or" } @else if variants.len() > 1 { "one of" } }
            (fields(variant, json, depth))
        }
    }
}

/// Text in which parts between backticks become code.
fn marked(text: &str) -> Markup {
    html! {
        @for (i, part) in text.split('`').enumerate() {
            @if i % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

fn kind_of(property: &serde_json::Value) -> String {
    if let Some(path) = property["$ref"].as_str() {
        return path.rsplit('/').next().unwrap_or_default().to_owned();
    }
    if let Some(values) = property["enum"].as_array() {
        let values: Vec<&str> = values.iter().filter_map(|value| value.as_str()).collect();
        return values.join(", ");
    }
    match &property["type"] {
        serde_json::Value::String(kind) => kind.clone(),
        serde_json::Value::Array(kinds) => {
            let kinds: Vec<&str> = kinds
                .iter()
                .filter_map(|kind| kind.as_str())
                .filter(|kind| *kind != "null")
                .collect();
            kinds.join(" or ")
        }
        _ => String::new(),
    }
}
