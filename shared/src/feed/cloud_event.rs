//! Events as `CloudEvents` 1.0 (cloudevents.io), in JSON.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Filter, before};
use crate::domain::account::Role;
use crate::domain::coalition::{Coalition, Consignee};
use crate::domain::contribution::Contribution;
use crate::domain::event::Event;
use crate::domain::ids::LineId;
use crate::domain::kinds::{EventSubject, RecordKind};
use crate::domain::lot::{Lot, Timestamp};
use crate::domain::order::{Order, OrderStatus};
use crate::domain::requisition::Line;
use crate::dump::Restore;
use crate::engine::Engine;
use crate::store::StoreError;
use crate::views::{LineView, LotView, OrderView};
use crate::visibility::Visibility;

/// The subject of an event, as it was after the event.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EventData {
    /// The number of the event within its subject, from 1, without gaps.
    pub number: i64,
    /// The person or system that made the change.
    pub actor: String,
    /// The lot, if the subject is a lot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lot: Option<Box<LotView>>,
    /// The line, if the subject is a line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<Box<LineView>>,
    /// The order, if the subject is an order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<Box<OrderView>>,
    /// The contribution, if the subject is a contribution.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contribution: Option<Box<Contribution>>,
    /// Any other subject.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub record: Option<serde_json::Value>,
}

/// An event of the feed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CloudEvent {
    /// The version of `CloudEvents`.
    #[schema(example = "1.0")]
    pub specversion: String,
    /// Unique within the source.
    pub id: String,
    /// The coalition, as a URI reference.
    #[schema(example = "/coalitions/IT%20Coalition")]
    pub source: String,
    /// What happened, such as `waybill.lot.matched`.
    #[serde(rename = "type")]
    #[schema(example = "waybill.lot.matched")]
    pub kind: String,
    /// What the event is about. Events of one subject come in order.
    #[schema(example = "LOT-7K2")]
    pub subject: String,
    /// When it happened.
    #[schema(value_type = chrono::DateTime<chrono::Utc>)]
    pub time: Timestamp,
    /// Always `application/json`.
    pub datacontenttype: String,
    /// The event's position in the feed. Positions only grow.
    pub position: i64,
    /// The content of the event.
    pub data: EventData,
}

/// Everything except the characters that RFC 3986 calls unreserved.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The coalition as a URI reference.
pub(super) fn source(coalition: &Coalition) -> String {
    let name = coalition.settings.as_ref().map_or("", |settings| &settings.name);
    format!("/coalitions/{}", utf8_percent_encode(name, RESERVED))
}

impl CloudEvent {
    pub(super) fn new(source: &str, event: &Event, data: EventData) -> Self {
        Self {
            specversion: "1.0".to_owned(),
            id: event.position.to_string(),
            source: source.to_owned(),
            kind: format!("waybill.{}", event.kind),
            subject: event.subject.clone(),
            time: event.at,
            datacontenttype: "application/json".to_owned(),
            position: event.position,
            data,
        }
    }
}

impl CloudEvent {
    /// A test event without content, with which a receiver shows that it can be reached. It has no position in the
    /// feed.
    #[must_use]
    pub fn ping(coalition: &Coalition, webhook: &str, actor: &str, now: Timestamp) -> Self {
        Self {
            specversion: "1.0".to_owned(),
            id: format!("ping-{}", now.timestamp_millis()),
            source: source(coalition),
            kind: "waybill.ping".to_owned(),
            subject: format!("webhook:{webhook}"),
            time: now,
            datacontenttype: "application/json".to_owned(),
            position: 0,
            data: EventData { actor: actor.to_owned(), ..EventData::default() },
        }
    }
}

fn parse<T: serde::de::DeserializeOwned>(event: &Event) -> Result<T, StoreError> {
    serde_json::from_str(&event.body)
        .map_err(|source| StoreError::Corrupt { subject: event.subject.clone(), source })
}

impl EventData {
    /// Whether `filter` selects this event's subject.
    pub(super) fn is_taken_by(&self, filter: &Filter) -> bool {
        let donor = |donor: &String| {
            let of_lot = self.lot.iter().flat_map(|lot| &lot.funding).flat_map(|s| &s.donors);
            let of_contribution = self.contribution.iter().flat_map(|given| &given.donors);
            of_lot.chain(of_contribution).any(|found| found == donor)
        };
        let requester = |requester: &String| {
            let of_lot = self.lot.iter().map(|lot| &lot.requester);
            of_lot.chain(self.line.iter().map(|line| &line.requester)).any(|r| r == requester)
        };
        let line = |line: &String| {
            let of_lot = self.lot.iter().flat_map(|lot| [&lot.line, &lot.external_id]);
            let of_line = self.line.iter().flat_map(|line| [&line.id, &line.external_id]);
            let is_key = |(requester, id): (&String, &String)| {
                line.strip_prefix(requester.as_str()).and_then(|rest| rest.strip_prefix('/'))
                    == Some(id)
            };
            let lot = self.lot.as_ref().map(|lot| (&lot.requester, &lot.external_id));
            let own = self.line.as_ref().map(|line| (&line.requester, &line.external_id));
            of_lot.chain(of_line).any(|found| found == line)
                || lot.into_iter().chain(own).any(is_key)
        };
        filter.donor.as_ref().is_none_or(donor)
            && filter.requester.as_ref().is_none_or(requester)
            && filter.line.as_ref().is_none_or(line)
    }

    /// The part of `event` that `visibility` allows; `None` if it allows nothing.
    pub(super) async fn of(
        engine: &Engine,
        visibility: &mut Visibility,
        event: &Event,
    ) -> Result<Option<Self>, StoreError> {
        let actor = visibility.actor(&event.actor);
        let mut data = Self { number: event.number, actor, ..Self::default() };
        let is_seen = match EventSubject::of(&event.subject) {
            EventSubject::Lot => data.lot(engine, visibility, event).await?,
            EventSubject::Line => data.line(visibility, event)?,
            EventSubject::Envelope(id) => {
                data.record = Some(parse(event)?);
                visibility
                    .coalition
                    .contributions
                    .get(id)
                    .is_some_and(|given| visibility.contribution(given))
            }
            EventSubject::Record(RecordKind::Order | RecordKind::OrderStatus, number) => {
                data.order(engine, visibility, event, number).await?
            }
            EventSubject::Record(kind, _) => data.other(visibility, event, kind)?,
            EventSubject::Unknown => false,
        };
        Ok(is_seen.then_some(data))
    }

    async fn lot(
        &mut self,
        engine: &Engine,
        visibility: &mut Visibility,
        event: &Event,
    ) -> Result<bool, StoreError> {
        let lot: Lot = parse(event)?;
        let lines = engine.lines_of([&lot]).await?;
        let Some(line) = lines.get(&lot.line()) else { return Ok(false) };
        self.lot = Some(Box::new(LotView::seen(&lot, line, visibility)));
        if visibility.lot(&lot, line).await? {
            return Ok(true);
        }
        match before(engine, event).await? {
            Some(before) => visibility.lot(&before, line).await,
            None => Ok(false),
        }
    }

    fn line(&mut self, visibility: &Visibility, event: &Event) -> Result<bool, StoreError> {
        let line: Line = parse(event)?;
        let id = event.subject.parse::<LineId>().unwrap_or(LineId(0));
        self.line =
            Some(Box::new(LineView::of(id, event.number, &line, Vec::new()).seen(visibility)));
        Ok(visibility.line(&line))
    }

    async fn order(
        &mut self,
        engine: &Engine,
        visibility: &mut Visibility,
        event: &Event,
        number: &str,
    ) -> Result<bool, StoreError> {
        let (order, status) = if event.subject.starts_with("order:") {
            (parse::<Order>(event)?, None)
        } else {
            // As the order was then, so that an event's content stays the same when the order changes.
            let told = engine.store.events_of(&format!("order:{number}")).await?;
            let is_then = |told: &&Event| (1..=event.position).contains(&told.position);
            let order = match told.iter().rev().find(is_then) {
                Some(then) => parse(then)?,
                // If the event's body has been archived, the order is given as it is now.
                None => match engine.store.record(RecordKind::Order, number).await? {
                    Some(record) => serde_json::from_str(&record.body).map_err(|source| {
                        StoreError::Corrupt { subject: event.subject.clone(), source }
                    })?,
                    None => return Ok(false),
                },
            };
            (order, Some(parse::<OrderStatus>(event)?))
        };
        let ids: Vec<i64> = order.lines.iter().map(|line| line.lot.0).collect();
        let lots = visibility.lots(engine.store.lots_by_id(&ids).await?).await?;
        let status = status.unwrap_or(OrderStatus::Issued);
        self.order = Some(Box::new(OrderView::of(&order, status, event.number, visibility, &lots)));
        Ok(visibility.order(&order, &lots))
    }

    /// The visible part of a record other than an order.
    fn other(
        &mut self,
        visibility: &Visibility,
        event: &Event,
        kind: RecordKind,
    ) -> Result<bool, StoreError> {
        let is_audit = matches!(visibility.role(), Role::Admin | Role::Auditor);
        match kind {
            RecordKind::Contribution => {
                let contribution: Contribution = parse(event)?;
                let is_seen = visibility.contribution(&contribution);
                self.contribution = Some(Box::new(contribution));
                Ok(is_seen)
            }
            // A consignee's address and the hash of a token are never published.
            RecordKind::Consignee => {
                let Consignee { code, requester, .. } = parse(event)?;
                self.record = Some(serde_json::json!({ "code": code, "requester": requester }));
                Ok(visibility.is_whole())
            }
            RecordKind::Token => {
                let mut record: serde_json::Value = parse(event)?;
                if let Some(fields) = record.as_object_mut() {
                    fields.remove("hash");
                    fields.remove("replaced");
                }
                self.record = Some(record);
                Ok(is_audit)
            }
            RecordKind::Document | RecordKind::RefusedDocument | RecordKind::Webhook => {
                self.record = Some(parse(event)?);
                Ok(is_audit)
            }
            // The bytes that were sent belong to the order, and the content of files is never published.
            RecordKind::Content
            | RecordKind::Order
            | RecordKind::OrderDocument
            | RecordKind::OrderMessage
            | RecordKind::OrderStatus
            | RecordKind::Request
            | RecordKind::Void => Ok(false),
            // Every reader has to know that events it has read are void.
            RecordKind::Restore => {
                let Restore { upto, given_out, epoch, .. } = parse(event)?;
                self.record = Some(serde_json::json!({
                    "epoch": epoch, "void_from": upto + 1, "void_to": given_out,
                }));
                Ok(true)
            }
            RecordKind::Amendment
            | RecordKind::Archive
            | RecordKind::Attachment
            | RecordKind::Charge
            | RecordKind::Claim
            | RecordKind::Code
            | RecordKind::Cron
            | RecordKind::Deposit
            | RecordKind::Digest
            | RecordKind::File
            | RecordKind::FileName
            | RecordKind::FileRows
            | RecordKind::FrameworkUse
            | RecordKind::Gone
            | RecordKind::Group
            | RecordKind::InKindUse
            | RecordKind::Incident
            | RecordKind::KeptDocument
            | RecordKind::LineConflict
            | RecordKind::Note
            | RecordKind::Offer
            | RecordKind::OrderChange
            | RecordKind::OrderSequence
            | RecordKind::Party
            | RecordKind::Pause
            | RecordKind::Pipeline
            | RecordKind::Planned
            | RecordKind::Prohibition
            | RecordKind::Rates
            | RecordKind::Renamed
            | RecordKind::Setting
            | RecordKind::Stated
            | RecordKind::Surplus
            | RecordKind::Warning => {
                self.record = Some(parse(event)?);
                Ok(visibility.is_whole())
            }
        }
    }
}
