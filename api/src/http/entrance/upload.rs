//! A plain HTML page for parties without a system of their own. It lets them answer an order, report what was
//! despatched or received, or submit requisitions. The rules are those of the routes.

use axum::body::Body;
use axum::extract::{DefaultBodyLimit, FromRequest, Multipart, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Router, routing};
use maud::{Markup, html};
use std::sync::Arc;
use tokio::sync::Semaphore;
use waybill_shared::domain::document::{Content, DespatchLine, ReceiptLine};
use waybill_shared::domain::quantity::Quantity;

use crate::http::access::{AccessEntry, Caller, Seen, by_token, may};
use crate::http::admission::{Admission, Cost, LARGEST_MESSAGE, Place};
use crate::http::html::document;
use crate::http::limits::Limits;
use crate::http::origin::Origin;
use crate::http::problem::Problem;
use crate::http::problem_kind::ProblemKind;
use crate::http::request::too_large;
use crate::http::routes::documents::{Outcome, Sent};
use crate::http::routes::{documents, requisitions};
use crate::http::state::Api;

/// The kinds of things that can be submitted, with their labels on the page.
const KINDS: [(&str, &str); 4] = [
    ("order_response", "Order response: every line accepted as ordered"),
    ("despatch_advice", "Despatch advice: what is on its way"),
    ("receipt_advice", "Receipt advice: what was received"),
    ("requisitions", "Requisitions: a file (.csv, .xlsx, .json, .jsonl)"),
];

/// The number of forms read at once. Each may hold a whole file in memory.
static STRANGERS: Semaphore = Semaphore::const_new(3);

/// The fields of the form.
#[derive(Debug, Default)]
struct Form {
    kind: String,
    number: String,
    order: String,
    lines: String,
    file: Option<(String, axum::body::Bytes)>,
}

/// The page, and the route that receives its form.
pub(crate) fn routes(
    api: &Api,
    limits: &Limits,
    admission: Option<Arc<Admission>>,
    largest: usize,
) -> Router {
    Router::new()
        .route("/upload", routing::get(page).post(take))
        .layer(DefaultBodyLimit::max(largest))
        .with_state(Entry { api: api.clone(), limits: limits.clone(), admission })
}

/// What is needed to decide who may submit.
#[derive(Clone)]
struct Entry {
    api: Api,
    limits: Limits,
    admission: Option<Arc<Admission>>,
}

async fn page() -> Response {
    shown(StatusCode::OK, &Form::default(), None)
}

async fn take(State(entry): State<Entry>, request: Request) -> Response {
    let origin = request.extensions().get::<Origin>().copied();
    let seen = request.extensions().get::<Seen>().cloned();
    let mut form = Form::default();
    // A form already takes memory before its token is known.
    let Ok(_room) = STRANGERS.try_acquire() else {
        let problem = Problem::new(
            ProblemKind::TooManyRequests,
            "too many uploads are running",
            "try again in a moment",
        );
        return problem_page(&form, problem);
    };
    let taken = match Multipart::from_request(request, &()).await {
        Ok(multipart) => read(&entry, origin, multipart, &mut form).await,
        Err(error) => {
            Err(Problem::new(ProblemKind::Malformed, error.body_text(), "send the form again"))
        }
    };
    let said = match taken {
        Ok((caller, _place)) => {
            if let Some(seen) = seen {
                seen.is(AccessEntry::by(&caller));
            }
            hand_in(&entry.api, &caller, &mut form).await
        }
        Err(problem) => Err(problem),
    };
    match said {
        Ok(said) => shown(StatusCode::OK, &form, Some((said, false))),
        Err(problem) => problem_page(&form, problem),
    }
}

/// Fills `form` and identifies its sender. The token must be the first field: without it nothing more is read.
async fn read(
    Entry { api, limits, admission }: &Entry,
    origin: Option<Origin>,
    mut multipart: Multipart,
    form: &mut Form,
) -> Result<(Caller, Option<Place>), Problem> {
    let (mut caller, mut place) = (None, None);
    while let Some(mut field) = multipart.next_field().await.map_err(broken)? {
        let name = field.name().unwrap_or_default().to_owned();
        if name == "token" {
            let token = text(&mut field, LONGEST_TOKEN).await?;
            let account = by_token(&api.engine, token.trim(), origin).await.map_err(|problem| {
                let too_often = origin.and_then(|origin| limits.stranger(origin.0).err());
                Problem { hint: None, ..too_often.unwrap_or(problem) }
            })?;
            limits.account(&account.id)?;
            caller = Some(Caller::Account(Box::new(account)));
            continue;
        }
        let Some(caller) = &caller else {
            return Err(Problem::field(
                "token",
                "it is not the first field of the form",
                "use the form on this page",
            ));
        };
        if name == "file" {
            if let (Some(admission), None) = (admission, &place) {
                place = Some(admission.place(Caller::id(caller), Cost::File).await?);
            }
            let file = field.file_name().unwrap_or_default().to_owned();
            let bytes = field.bytes().await.map_err(broken)?;
            form.file = Some((file, bytes)).filter(|(_, bytes)| !bytes.is_empty());
            continue;
        }
        let text = text(&mut field, LARGEST_MESSAGE).await?;
        match name.as_str() {
            "kind" => form.kind = text,
            "number" => form.number = text,
            "order" => form.order = text,
            "lines" => form.lines = text,
            _ => {}
        }
    }
    let caller = caller.ok_or_else(|| Problem::field("token", "it is missing", ""))?;
    Ok((caller, place))
}

/// The text of `field`. Fails above `most` bytes.
async fn text(
    field: &mut axum::extract::multipart::Field<'_>,
    most: usize,
) -> Result<String, Problem> {
    let mut text = Vec::new();
    while let Some(chunk) = field.chunk().await.map_err(broken)? {
        text.extend_from_slice(&chunk);
        if text.len() > most {
            return Err(too_large());
        }
    }
    Ok(String::from_utf8_lossy(&text).into_owned())
}

fn broken(error: axum::extract::multipart::MultipartError) -> Problem {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        return too_large();
    }
    Problem::new(ProblemKind::Malformed, error.body_text(), "send the form again")
}

/// The limit for a token, in bytes. No real token is as long.
const LONGEST_TOKEN: usize = 200;

async fn hand_in(api: &Api, caller: &Caller, form: &mut Form) -> Result<String, Problem> {
    if form.kind == "requisitions" {
        may(caller, "POST", "/v1/requisitions")?;
        let none = || Problem::field("file", "it is missing", "choose a file");
        let (name, bytes) = form.file.take().ok_or_else(none)?;
        let ending = name.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
        if !["csv", "xlsx", "json", "jsonl"].contains(&ending.as_str()) {
            let detail = format!("`{name}` is not of a supported file type");
            return Err(Problem::field(
                "file",
                detail,
                "choose a .csv, .xlsx, .json or .jsonl file",
            ));
        }
        let lines = requisitions::read(Body::from(bytes), &ending).await?;
        let how = requisitions::Handing::default();
        let handed = requisitions::hand_in(api, caller, how, lines).await;
        let handed = handed.map_err(|problem| Problem { hint: None, ..problem })?;
        let requisitions::Handed { new, amended, unchanged, .. } = handed;
        return Ok(format!("{new} new, {amended} amended, {unchanged} unchanged."));
    }
    may(caller, "POST", "/v1/documents")?;
    let order = form.order.trim().to_owned();
    let content = match form.kind.as_str() {
        "order_response" => Content::OrderResponse { order, lines: Vec::new() },
        "despatch_advice" => Content::DespatchAdvice { order, lines: despatched(&form.lines)? },
        "receipt_advice" => Content::ReceiptAdvice { order, lines: received(&form.lines)? },
        _ => return Err(Problem::field("kind", "it is not one of the choices", "")),
    };
    let number = form.number.trim().to_owned();
    let sent = Sent { number, sender: None, remark: String::new(), content };
    let answer = documents::hand_in(api, caller, documents::HandIn::default(), sent).await?;
    Ok(match answer.outcome {
        Outcome::Taken => "It was accepted.".to_owned(),
        Outcome::TakenBefore => "It was already accepted earlier; nothing changes.".to_owned(),
        Outcome::Kept => {
            "It is too early: it is stored, and applied when its time comes.".to_owned()
        }
    })
}

/// The words of each line that is not empty, with its line number.
fn rows(text: &str) -> impl Iterator<Item = (usize, Vec<&str>)> {
    let words = |line: &'_ str| -> bool { !line.trim().is_empty() };
    text.lines().enumerate().filter(move |(_, line)| words(line)).map(|(i, line)| {
        (i + 1, line.split([' ', '\t', ',', ';']).filter(|word| !word.is_empty()).collect())
    })
}

fn wrong(row: usize, what: &str) -> Problem {
    let hint = "write a lot and its quantities on each line, such as `LOT-007 5`";
    Problem::field("lines", format!("line {row}: {what}"), hint)
}

fn quantity(row: usize, word: &str) -> Result<Quantity, Problem> {
    serde_json::from_value::<Measured>(serde_json::json!({ "quantity": word }))
        .map(|read| read.quantity)
        .map_err(|error| wrong(row, &error.to_string()))
}

/// A quantity in the format of documents.
#[derive(serde::Deserialize)]
struct Measured {
    #[serde(with = "waybill_shared::domain::quantity::text")]
    quantity: Quantity,
}

fn despatched(text: &str) -> Result<Vec<DespatchLine>, Problem> {
    let line = |(row, words): (usize, Vec<&str>)| {
        let [lot, amount] = words[..] else {
            return Err(wrong(row, "write a lot and a quantity"));
        };
        let lot =
            lot.parse().map_err(|_| wrong(row, &format!("`{lot}` is not the id of a lot")))?;
        Ok(DespatchLine { lot, quantity: quantity(row, amount)? })
    };
    rows(text).map(line).collect()
}

fn received(text: &str) -> Result<Vec<ReceiptLine>, Problem> {
    let line = |(row, words): (usize, Vec<&str>)| {
        let (lot, accepted, rejected) = match words[..] {
            [lot, accepted] => (lot, accepted, "0"),
            [lot, accepted, rejected] => (lot, accepted, rejected),
            _ => {
                return Err(wrong(
                    row,
                    "write a lot, the accepted quantity and the rejected quantity",
                ));
            }
        };
        let lot =
            lot.parse().map_err(|_| wrong(row, &format!("`{lot}` is not the id of a lot")))?;
        let (accepted, rejected) = (quantity(row, accepted)?, quantity(row, rejected)?);
        let (remedy, reject_reason) = Default::default();
        Ok(ReceiptLine { lot, accepted, rejected, remedy, reject_reason })
    };
    rows(text).map(line).collect()
}

fn problem_page(form: &Form, problem: Problem) -> Response {
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::BAD_REQUEST);
    let rows = problem.errors.iter().filter_map(|wrong| {
        let row = wrong.row?;
        let field = wrong.field.as_deref().unwrap_or_default();
        Some(format!(" Row {row}, {field}: {}.", wrong.detail))
    });
    let hint = problem.hint.as_deref().map(|hint| format!(" ({hint})")).unwrap_or_default();
    let said = format!("{}{hint}{}", problem.detail, rows.collect::<String>());
    shown(status, form, Some((said, true)))
}

/// The page with the result and all fields of the form except the token.
fn shown(status: StatusCode, form: &Form, said: Option<(String, bool)>) -> Response {
    let kind = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'",
        ),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    (status, kind, rendered(form, said).into_string()).into_response()
}

fn rendered(form: &Form, said: Option<(String, bool)>) -> Markup {
    let content = html! {
        h1 { "Hand in" }
        p { "For senders who have no system of their own. Others use " a href="/docs" { "the API" } "." }
        @if let Some((said, is_wrong)) = &said {
            p class={ "said" @if *is_wrong { " wrong" } } role="status" {
                @if *is_wrong { strong { "Not accepted: " } }
                (said)
            }
        }
        form method="post" action="/upload" enctype="multipart/form-data" {
            label {
                span { "Your token" }
                input type="password" name="token" required autocomplete="off";
            }
            label {
                span { "What" }
                select name="kind" {
                    @for (kind, name) in KINDS {
                        option value=(kind) selected[form.kind == kind] { (name) }
                    }
                }
            }
            label {
                span { "Your number for it" }
                input name="number" value=(form.number) maxlength="100";
                small { "A document with the same number counts once; sending it again changes \
                         nothing." }
            }
            label {
                span { "Order" }
                input name="order" value=(form.order) placeholder="PO-…";
            }
            label {
                span { "Lines" }
                textarea name="lines" placeholder="LOT-007 5" { (form.lines) }
                small {
                    "Despatched: lot and quantity on each line. Received: lot, accepted, and rejected \
                     if any; what is missing or rejected is delivered again."
                }
            }
            label {
                span { "File" }
                input type="file" name="file";
                small { "For requisitions." }
            }
            button { "Hand in" }
        }
    };
    document("hand in", &content)
}
