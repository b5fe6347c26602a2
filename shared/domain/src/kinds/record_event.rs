//! What happens to records.

use strum::{Display, EnumString, IntoStaticStr, VariantArray};

use super::RecordKind;

/// What happened to a record. Its name stands in the log and in the feed.
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
    /// An archive was finished, and its bodies are gone from the log.
    #[strum(serialize = "archive.done")]
    ArchiveDone,
    /// Something was claimed of a supplier.
    #[strum(serialize = "claim.made")]
    ClaimMade,
    /// Its requester is called otherwise now.
    #[strum(serialize = "consignee.renamed")]
    ConsigneeRenamed,
    /// Its address was encrypted.
    #[strum(serialize = "consignee.sealed")]
    ConsigneeSealed,
    /// The bytes of an attachment were kept.
    #[strum(serialize = "content.kept")]
    ContentKept,
    /// One of its donors is called otherwise now.
    #[strum(serialize = "contribution.renamed")]
    ContributionRenamed,
    /// Its donor took some of it back.
    #[strum(serialize = "contribution.withdrawn")]
    ContributionWithdrawn,
    /// Somebody asked for it to fire.
    #[strum(serialize = "cron.asked")]
    CronAsked,
    /// Its next time lay too far ahead and was set right.
    #[strum(serialize = "cron.corrected")]
    CronCorrected,
    /// It fired.
    #[strum(serialize = "cron.fired")]
    CronFired,
    /// Money has arrived.
    #[strum(serialize = "deposit.recorded")]
    DepositRecorded,
    /// A day's summary was written.
    #[strum(serialize = "digest.written")]
    DigestWritten,
    /// It waits until it can be taken.
    #[strum(serialize = "document.kept")]
    DocumentKept,
    /// It was refused.
    #[strum(serialize = "document.refused")]
    DocumentRefused,
    /// It had waited, and was refused.
    #[strum(serialize = "document.refused_later")]
    DocumentRefusedLater,
    /// It was taken.
    #[strum(serialize = "document.taken")]
    DocumentTaken,
    /// It had waited, and was taken.
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
    /// Its opening was handed in.
    #[strum(serialize = "file.plan_done")]
    FilePlanDone,
    /// Its opening is to be handed in.
    #[strum(serialize = "file.planned")]
    FilePlanned,
    /// Its rows were kept.
    #[strum(serialize = "file.rows_kept")]
    FileRowsKept,
    /// It was imported.
    #[strum(serialize = "file.taken")]
    FileTaken,
    /// An order was drawn up under an agreement.
    #[strum(serialize = "framework.called_off")]
    FrameworkCalledOff,
    /// What of a gift is spoken for has changed.
    #[strum(serialize = "in_kind.spoken_for")]
    InKindSpokenFor,
    /// It was carried over a restore.
    #[strum(serialize = "incident.carried")]
    IncidentCarried,
    /// It was closed.
    #[strum(serialize = "incident.closed")]
    IncidentClosed,
    /// More of the same kind happened.
    #[strum(serialize = "incident.grew")]
    IncidentGrew,
    /// Something has to be looked at.
    #[strum(serialize = "incident.opened")]
    IncidentOpened,
    /// Its work was begun anew.
    #[strum(serialize = "incident.replayed")]
    IncidentReplayed,
    /// A waiting change of a line was made.
    #[strum(serialize = "line.amendment_done")]
    LineAmendmentDone,
    /// A later statement took the place of a waiting change.
    #[strum(serialize = "line.amendment_superseded")]
    LineAmendmentSuperseded,
    /// A waiting change was withdrawn.
    #[strum(serialize = "line.amendment_withdrawn")]
    LineAmendmentWithdrawn,
    /// A requester's statement and a command contradict each other.
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
    /// Somebody remarked something.
    #[strum(serialize = "note.written")]
    NoteWritten,
    /// It ended.
    #[strum(serialize = "offer.ended")]
    OfferEnded,
    /// Its supplier keeps it up.
    #[strum(serialize = "offer.kept")]
    OfferKept,
    /// Its supplier charges another price.
    #[strum(serialize = "offer.price_changed")]
    OfferPriceChanged,
    /// It is not offered for the time being.
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
    /// Something else happened before the change was answered.
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
    /// Everything on it has come or was cancelled.
    #[strum(serialize = "order.completed")]
    OrderCompleted,
    /// It was drawn up.
    #[strum(serialize = "order.drawn_up")]
    OrderDrawnUp,
    /// The bytes to be sent were fixed.
    #[strum(serialize = "order.fixed")]
    OrderFixed,
    /// It is ready to be sent.
    #[strum(serialize = "order.issued")]
    OrderIssued,
    /// Less is ordered on it.
    #[strum(serialize = "order.lowered")]
    OrderLowered,
    /// It was not approved.
    #[strum(serialize = "order.not_approved")]
    OrderNotApproved,
    /// The last number was carried over a restore.
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
    /// Its other terms were accepted or refused.
    #[strum(serialize = "order.terms_decided")]
    OrderTermsDecided,
    /// It was carried over a restore.
    #[strum(serialize = "order_message.carried")]
    OrderMessageCarried,
    /// It is called otherwise now.
    #[strum(serialize = "party.renamed")]
    PartyRenamed,
    /// It takes part in a role.
    #[strum(serialize = "party.role_began")]
    PartyRoleBegan,
    /// It no longer takes part in a role.
    #[strum(serialize = "party.role_ended")]
    PartyRoleEnded,
    /// Work goes on.
    #[strum(serialize = "pause.lifted")]
    PauseLifted,
    /// Work stops.
    #[strum(serialize = "pause.set")]
    PauseSet,
    /// A version was stated.
    #[strum(serialize = "pipeline.stated")]
    PipelineStated,
    /// The folder has it again.
    #[strum(serialize = "record.back")]
    RecordBack,
    /// A folder's statement and a command contradict each other.
    #[strum(serialize = "record.disputed")]
    RecordDisputed,
    /// The folder does not have it any more.
    #[strum(serialize = "record.gone")]
    RecordGone,
    /// What the folder said is remembered.
    #[strum(serialize = "record.remembered")]
    RecordRemembered,
    /// The folder says again what it said before; a command's change stays.
    #[strum(serialize = "record.restated")]
    RecordRestated,
    /// Its addresses were encrypted.
    #[strum(serialize = "record.sealed")]
    RecordSealed,
    /// It was stated.
    #[strum(serialize = "record.stated")]
    RecordStated,
    /// A change was asked for, from somewhere.
    #[strum(serialize = "request.came")]
    RequestCame,
    /// More came than was ordered.
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
    /// It was carried over a restore.
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
    /// All of them, by name.
    pub const ALL: &[Self] = Self::VARIANTS;

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// The event that `name` names; `None`: it is none of a record, or a newer version's.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        name.parse().ok()
    }

    /// Whether it happens to records of `kind`.
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
