//! What happens to records.

use strum::{Display, EnumString, IntoStaticStr, VariantArray};

use super::RecordKind;

/// What happened to a record. The log and the feed use the name of the event.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Display,
    EnumString,
    IntoStaticStr,
    VariantArray,
)]
pub enum RecordEvent {
    /// An archive was begun.
    #[strum(serialize = "archive.begun")]
    ArchiveBegun,
    /// An archive was finished, and its bodies were removed from the log.
    #[strum(serialize = "archive.done")]
    ArchiveDone,
    /// A claim was made against a supplier.
    #[strum(serialize = "claim.made")]
    ClaimMade,
    /// Its requester has a new id.
    #[strum(serialize = "consignee.renamed")]
    ConsigneeRenamed,
    /// Its address was encrypted.
    #[strum(serialize = "consignee.sealed")]
    ConsigneeSealed,
    /// The bytes of an attachment were stored.
    #[strum(serialize = "content.kept")]
    ContentKept,
    /// One of its donors has a new id.
    #[strum(serialize = "contribution.renamed")]
    ContributionRenamed,
    /// Its donor took some of it back.
    #[strum(serialize = "contribution.withdrawn")]
    ContributionWithdrawn,
    /// Somebody asked for it to run.
    #[strum(serialize = "cron.asked")]
    CronAsked,
    /// Its next time was too far ahead and was corrected.
    #[strum(serialize = "cron.corrected")]
    CronCorrected,
    /// It ran.
    #[strum(serialize = "cron.fired")]
    CronFired,
    /// Money has arrived.
    #[strum(serialize = "deposit.recorded")]
    DepositRecorded,
    /// A day's summary was written.
    #[strum(serialize = "digest.written")]
    DigestWritten,
    /// It waits until it can be accepted.
    #[strum(serialize = "document.kept")]
    DocumentKept,
    /// It was refused.
    #[strum(serialize = "document.refused")]
    DocumentRefused,
    /// It waited, and was then refused.
    #[strum(serialize = "document.refused_later")]
    DocumentRefusedLater,
    /// It was accepted.
    #[strum(serialize = "document.taken")]
    DocumentTaken,
    /// It waited, and was then accepted.
    #[strum(serialize = "document.taken_later")]
    DocumentTakenLater,
    /// A donor was warned that money would lapse.
    #[strum(serialize = "envelope.lapse_warned")]
    EnvelopeLapseWarned,
    /// A file was attached to a subject.
    #[strum(serialize = "file.attached")]
    FileAttached,
    /// It is the latest file of its name.
    #[strum(serialize = "file.named")]
    FileNamed,
    /// Its opening was submitted.
    #[strum(serialize = "file.plan_done")]
    FilePlanDone,
    /// Its opening still has to be submitted.
    #[strum(serialize = "file.planned")]
    FilePlanned,
    /// Its rows were stored.
    #[strum(serialize = "file.rows_kept")]
    FileRowsKept,
    /// It was imported.
    #[strum(serialize = "file.taken")]
    FileTaken,
    /// An order called off from a framework contract.
    #[strum(serialize = "framework.called_off")]
    FrameworkCalledOff,
    /// The reserved part of a gift has changed.
    #[strum(serialize = "in_kind.spoken_for")]
    InKindSpokenFor,
    /// A restore carried it over.
    #[strum(serialize = "incident.carried")]
    IncidentCarried,
    /// It was closed.
    #[strum(serialize = "incident.closed")]
    IncidentClosed,
    /// The same happened again.
    #[strum(serialize = "incident.grew")]
    IncidentGrew,
    /// Somebody has to look at a problem.
    #[strum(serialize = "incident.opened")]
    IncidentOpened,
    /// Its work was started again.
    #[strum(serialize = "incident.replayed")]
    IncidentReplayed,
    /// A waiting change of a line was made.
    #[strum(serialize = "line.amendment_done")]
    LineAmendmentDone,
    /// A later statement replaced a waiting change.
    #[strum(serialize = "line.amendment_superseded")]
    LineAmendmentSuperseded,
    /// A waiting change was withdrawn.
    #[strum(serialize = "line.amendment_withdrawn")]
    LineAmendmentWithdrawn,
    /// A requester's statement contradicts a command.
    #[strum(serialize = "line.disputed")]
    LineDisputed,
    /// A change of a line waits for its supplier.
    #[strum(serialize = "line.order_change_needed")]
    LineOrderChangeNeeded,
    /// The database was replaced by an older copy.
    #[strum(serialize = "log.restored")]
    LogRestored,
    /// A position that another event had before a restore.
    #[strum(serialize = "log.void")]
    LogVoid,
    /// Somebody wrote a note.
    #[strum(serialize = "note.written")]
    NoteWritten,
    /// It ended.
    #[strum(serialize = "offer.ended")]
    OfferEnded,
    /// It stays on sale, although it is not in its folder any more.
    #[strum(serialize = "offer.kept")]
    OfferKept,
    /// Its supplier changed the price.
    #[strum(serialize = "offer.price_changed")]
    OfferPriceChanged,
    /// Nothing is ordered from it for the time being.
    #[strum(serialize = "offer.suspended")]
    OfferSuspended,
    /// Its supplier accepted it.
    #[strum(serialize = "order.accepted")]
    OrderAccepted,
    /// It was approved.
    #[strum(serialize = "order.approved")]
    OrderApproved,
    /// The bytes of a cancellation were fixed.
    #[strum(serialize = "order.cancellation_fixed")]
    OrderCancellationFixed,
    /// It was cancelled.
    #[strum(serialize = "order.cancelled")]
    OrderCancelled,
    /// Some of its lines were cancelled.
    #[strum(serialize = "order.cancelled_in_part")]
    OrderCancelledInPart,
    /// Its supplier accepted a change.
    #[strum(serialize = "order.change_accepted")]
    OrderChangeAccepted,
    /// Its supplier was asked for a change.
    #[strum(serialize = "order.change_asked")]
    OrderChangeAsked,
    /// The bytes of a change were fixed.
    #[strum(serialize = "order.change_fixed")]
    OrderChangeFixed,
    /// Something else happened before the supplier answered a change.
    #[strum(serialize = "order.change_overtaken")]
    OrderChangeOvertaken,
    /// Its supplier refused a change.
    #[strum(serialize = "order.change_refused")]
    OrderChangeRefused,
    /// An operator settled a change.
    #[strum(serialize = "order.change_settled")]
    OrderChangeSettled,
    /// Its lines changed.
    #[strum(serialize = "order.changed")]
    OrderChanged,
    /// Its supplier changed it once more.
    #[strum(serialize = "order.changed_again")]
    OrderChangedAgain,
    /// Everything on it has arrived or was cancelled.
    #[strum(serialize = "order.completed")]
    OrderCompleted,
    /// It was drawn up.
    #[strum(serialize = "order.drawn_up")]
    OrderDrawnUp,
    /// The bytes to send were fixed.
    #[strum(serialize = "order.fixed")]
    OrderFixed,
    /// It is ready to be sent.
    #[strum(serialize = "order.issued")]
    OrderIssued,
    /// A quantity on it was lowered.
    #[strum(serialize = "order.lowered")]
    OrderLowered,
    /// It was not approved.
    #[strum(serialize = "order.not_approved")]
    OrderNotApproved,
    /// A restore carried over the last number.
    #[strum(serialize = "order.number_carried")]
    OrderNumberCarried,
    /// A number was given out.
    #[strum(serialize = "order.numbered")]
    OrderNumbered,
    /// Its supplier refused it.
    #[strum(serialize = "order.refused")]
    OrderRefused,
    /// It was sent.
    #[strum(serialize = "order.sent")]
    OrderSent,
    /// Its supplier asks for other terms.
    #[strum(serialize = "order.terms_changed")]
    OrderTermsChanged,
    /// The other terms were accepted or refused.
    #[strum(serialize = "order.terms_decided")]
    OrderTermsDecided,
    /// A restore carried it over.
    #[strum(serialize = "order_message.carried")]
    OrderMessageCarried,
    /// It has a new id.
    #[strum(serialize = "party.renamed")]
    PartyRenamed,
    /// It takes part in a role.
    #[strum(serialize = "party.role_began")]
    PartyRoleBegan,
    /// It no longer takes part in a role.
    #[strum(serialize = "party.role_ended")]
    PartyRoleEnded,
    /// Paused work continues.
    #[strum(serialize = "pause.lifted")]
    PauseLifted,
    /// Work was paused.
    #[strum(serialize = "pause.set")]
    PauseSet,
    /// A version was stated.
    #[strum(serialize = "pipeline.stated")]
    PipelineStated,
    /// It is in the folder again.
    #[strum(serialize = "record.back")]
    RecordBack,
    /// A folder's statement contradicts a command.
    #[strum(serialize = "record.disputed")]
    RecordDisputed,
    /// It is not in the folder any more.
    #[strum(serialize = "record.gone")]
    RecordGone,
    /// The statement of the folder was stored.
    #[strum(serialize = "record.remembered")]
    RecordRemembered,
    /// The folder repeats its statement. The change that a command made stays.
    #[strum(serialize = "record.restated")]
    RecordRestated,
    /// Its addresses were encrypted.
    #[strum(serialize = "record.sealed")]
    RecordSealed,
    /// It was stated.
    #[strum(serialize = "record.stated")]
    RecordStated,
    /// Somebody requested a change; the record says from where.
    #[strum(serialize = "request.came")]
    RequestCame,
    /// More arrived than was ordered.
    #[strum(serialize = "surplus.came")]
    SurplusCame,
    /// It was counted again.
    #[strum(serialize = "surplus.counted")]
    SurplusCounted,
    /// It is kept and paid.
    #[strum(serialize = "surplus.kept_paid")]
    SurplusKeptPaid,
    /// It is kept and not paid.
    #[strum(serialize = "surplus.kept_unpaid")]
    SurplusKeptUnpaid,
    /// It goes back.
    #[strum(serialize = "surplus.returned")]
    SurplusReturned,
    /// A restore carried it over.
    #[strum(serialize = "token.carried")]
    TokenCarried,
    /// It was issued.
    #[strum(serialize = "token.issued")]
    TokenIssued,
    /// It was revoked.
    #[strum(serialize = "token.revoked")]
    TokenRevoked,
    /// It got a new secret.
    #[strum(serialize = "token.rotated")]
    TokenRotated,
    /// It was changed.
    #[strum(serialize = "webhook.changed")]
    WebhookChanged,
    /// It was created.
    #[strum(serialize = "webhook.created")]
    WebhookCreated,
    /// It was disabled because nobody answered.
    #[strum(serialize = "webhook.disabled")]
    WebhookDisabled,
    /// It was removed.
    #[strum(serialize = "webhook.removed")]
    WebhookRemoved,
    /// Its secret was encrypted.
    #[strum(serialize = "webhook.sealed")]
    WebhookSealed,
    /// It got a new secret.
    #[strum(serialize = "webhook.secret_rotated")]
    WebhookSecretRotated,
}

impl RecordEvent {
    /// All events, by name.
    pub const ALL: &[Self] = Self::VARIANTS;

    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// The event with this name. `None` if it is not an event of a record, or only a newer version knows it.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        name.parse().ok()
    }

    /// Whether records of `kind` can have this event.
    #[must_use]
    pub fn is_of(self, kind: RecordKind) -> bool {
        match self {
            Self::ArchiveBegun | Self::ArchiveDone => kind == RecordKind::Archive,
            Self::ClaimMade => kind == RecordKind::Claim,
            Self::ConsigneeRenamed | Self::ConsigneeSealed => kind == RecordKind::Consignee,
            Self::ContentKept => kind == RecordKind::Content,
            Self::ContributionRenamed | Self::ContributionWithdrawn => {
                kind == RecordKind::Contribution
            }
            Self::CronAsked | Self::CronCorrected | Self::CronFired => kind == RecordKind::Cron,
            Self::DepositRecorded => kind == RecordKind::Deposit,
            Self::DigestWritten => kind == RecordKind::Digest,
            Self::DocumentKept | Self::DocumentRefusedLater | Self::DocumentTakenLater => {
                kind == RecordKind::KeptDocument
            }
            Self::DocumentRefused => kind == RecordKind::RefusedDocument,
            Self::DocumentTaken => kind == RecordKind::Document,
            Self::EnvelopeLapseWarned => kind == RecordKind::Warning,
            Self::FileAttached => kind == RecordKind::Attachment,
            Self::FileNamed => kind == RecordKind::FileName,
            Self::FilePlanDone | Self::FilePlanned => kind == RecordKind::Planned,
            Self::FileRowsKept => kind == RecordKind::FileRows,
            Self::FileTaken => kind == RecordKind::File,
            Self::FrameworkCalledOff => kind == RecordKind::FrameworkUse,
            Self::InKindSpokenFor => kind == RecordKind::InKindUse,
            Self::IncidentCarried
            | Self::IncidentClosed
            | Self::IncidentGrew
            | Self::IncidentOpened
            | Self::IncidentReplayed => kind == RecordKind::Incident,
            Self::LineAmendmentDone
            | Self::LineAmendmentSuperseded
            | Self::LineAmendmentWithdrawn
            | Self::LineOrderChangeNeeded => kind == RecordKind::Amendment,
            Self::LineDisputed | Self::RecordDisputed => kind == RecordKind::LineConflict,
            Self::LogRestored => kind == RecordKind::Restore,
            Self::LogVoid => kind == RecordKind::Void,
            Self::NoteWritten => kind == RecordKind::Note,
            Self::OfferEnded | Self::OfferKept | Self::OfferPriceChanged | Self::OfferSuspended => {
                kind == RecordKind::Offer
            }
            Self::OrderAccepted
            | Self::OrderApproved
            | Self::OrderCancelled
            | Self::OrderChangedAgain
            | Self::OrderCompleted
            | Self::OrderIssued
            | Self::OrderNotApproved
            | Self::OrderRefused
            | Self::OrderSent => kind == RecordKind::OrderStatus,
            Self::OrderCancellationFixed | Self::OrderChangeFixed | Self::OrderMessageCarried => {
                kind == RecordKind::OrderMessage
            }
            Self::OrderCancelledInPart
            | Self::OrderChanged
            | Self::OrderDrawnUp
            | Self::OrderLowered
            | Self::OrderTermsDecided => kind == RecordKind::Order,
            Self::OrderChangeAccepted
            | Self::OrderChangeAsked
            | Self::OrderChangeOvertaken
            | Self::OrderChangeRefused
            | Self::OrderChangeSettled => kind == RecordKind::OrderChange,
            Self::OrderFixed => kind == RecordKind::OrderDocument,
            Self::OrderNumberCarried | Self::OrderNumbered => kind == RecordKind::OrderSequence,
            Self::OrderTermsChanged => matches!(kind, RecordKind::Order | RecordKind::OrderStatus),
            Self::PartyRenamed => matches!(kind, RecordKind::Party | RecordKind::Renamed),
            Self::PartyRoleBegan | Self::PartyRoleEnded => kind == RecordKind::Party,
            Self::PauseLifted | Self::PauseSet => kind == RecordKind::Pause,
            Self::PipelineStated => kind == RecordKind::Pipeline,
            Self::RecordBack | Self::RecordGone => kind == RecordKind::Gone,
            Self::RecordRemembered | Self::RecordSealed => kind == RecordKind::Stated,
            Self::RecordRestated | Self::RecordStated => true,
            Self::RequestCame => kind == RecordKind::Request,
            Self::SurplusCame
            | Self::SurplusCounted
            | Self::SurplusKeptPaid
            | Self::SurplusKeptUnpaid
            | Self::SurplusReturned => kind == RecordKind::Surplus,
            Self::TokenCarried | Self::TokenIssued | Self::TokenRevoked | Self::TokenRotated => {
                kind == RecordKind::Token
            }
            Self::WebhookChanged
            | Self::WebhookCreated
            | Self::WebhookDisabled
            | Self::WebhookRemoved
            | Self::WebhookSealed
            | Self::WebhookSecretRotated => kind == RecordKind::Webhook,
        }
    }
}
