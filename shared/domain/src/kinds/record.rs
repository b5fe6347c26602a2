//! Kinds of records.

use std::fmt;

use strum::{Display, EnumString, IntoStaticStr, VariantArray};

/// A kind of record. Its name stands in the database, in subjects (`order:PO-1`) and in exports.
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
#[strum(serialize_all = "snake_case")]
pub enum RecordKind {
    /// A change of a line that waits for something else.
    Amendment,
    /// An archive of the log.
    Archive,
    /// A file that belongs to a subject.
    Attachment,
    /// What comes on top of the price of goods.
    Charge,
    /// What is claimed of a supplier.
    Claim,
    /// A code that lines may use.
    Code,
    /// Where deliveries go.
    Consignee,
    /// The bytes of attachments, by their hash.
    Content,
    /// What a donor gives.
    Contribution,
    /// A calendar entry, and when it fires.
    Cron,
    /// Money that has arrived.
    Deposit,
    /// A day's summary.
    Digest,
    /// A document that was taken.
    Document,
    /// A file that was imported.
    File,
    /// The latest file of a name.
    FileName,
    /// The rows of an imported file.
    FileRows,
    /// What was ordered under a framework agreement.
    FrameworkUse,
    /// A record that its folder does not have any more.
    Gone,
    /// An expert group.
    Group,
    /// What is spoken for of a contribution in kind.
    InKindUse,
    /// Something that an operator has to look at.
    Incident,
    /// A document that cannot be taken yet.
    KeptDocument,
    /// Where a requester's statement and a command contradict each other.
    LineConflict,
    /// A remark on a subject.
    Note,
    /// What can be bought.
    Offer,
    /// A purchase order.
    Order,
    /// A change of an order that its supplier was asked for.
    OrderChange,
    /// The bytes of an order as they are sent.
    OrderDocument,
    /// What a supplier is sent about an order.
    OrderMessage,
    /// The last number of orders to one supplier.
    OrderSequence,
    /// Where an order is.
    OrderStatus,
    /// Who takes part.
    Party,
    /// What is paused.
    Pause,
    /// A version of the pipeline.
    Pipeline,
    /// Which part of an opening is done.
    Planned,
    /// What must not be bought.
    Prohibition,
    /// Rates of currencies on a day.
    Rates,
    /// A document that was refused.
    RefusedDocument,
    /// What a requester is called now.
    Renamed,
    /// From where a change was asked for.
    Request,
    /// The database was replaced by an older copy.
    Restore,
    /// What holds for the coalition as a whole.
    Setting,
    /// What a folder said last of a record that says something else now.
    Stated,
    /// What came beyond what was ordered.
    Surplus,
    /// An account.
    Token,
    /// A position that another event had before a restore.
    Void,
    /// A warning that was sent.
    Warning,
    /// A webhook.
    Webhook,
}

impl RecordKind {
    /// All of them, in their order.
    pub const ALL: &[Self] = Self::VARIANTS;

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// The kind that `name` names; `None`: it is another's, or a newer version's.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        name.parse().ok()
    }

    /// The subject of the events of the record with this id.
    #[must_use]
    pub fn subject(self, id: impl fmt::Display) -> String {
        format!("{self}:{id}")
    }

    /// Whether steps look it up: such records make up a coalition.
    #[must_use]
    pub fn is_looked_up(self) -> bool {
        match self {
            Self::Charge
            | Self::Code
            | Self::Consignee
            | Self::Contribution
            | Self::Group
            | Self::Offer
            | Self::Party
            | Self::Prohibition
            | Self::Rates
            | Self::Renamed
            | Self::Setting => true,
            Self::Amendment
            | Self::Archive
            | Self::Attachment
            | Self::Claim
            | Self::Content
            | Self::Cron
            | Self::Deposit
            | Self::Digest
            | Self::Document
            | Self::File
            | Self::FileName
            | Self::FileRows
            | Self::FrameworkUse
            | Self::Gone
            | Self::InKindUse
            | Self::Incident
            | Self::KeptDocument
            | Self::LineConflict
            | Self::Note
            | Self::Order
            | Self::OrderChange
            | Self::OrderDocument
            | Self::OrderMessage
            | Self::OrderSequence
            | Self::OrderStatus
            | Self::Pause
            | Self::Pipeline
            | Self::Planned
            | Self::RefusedDocument
            | Self::Request
            | Self::Restore
            | Self::Stated
            | Self::Surplus
            | Self::Token
            | Self::Void
            | Self::Warning
            | Self::Webhook => false,
        }
    }

    /// Whether a reader of the feed finds it by its id alone, without the kind.
    #[must_use]
    pub fn is_named_alone(self) -> bool {
        match self {
            Self::Contribution
            | Self::Cron
            | Self::Group
            | Self::Incident
            | Self::Offer
            | Self::Order
            | Self::OrderChange
            | Self::OrderStatus
            | Self::Party
            | Self::Webhook => true,
            Self::Amendment
            | Self::Archive
            | Self::Attachment
            | Self::Charge
            | Self::Claim
            | Self::Code
            | Self::Consignee
            | Self::Content
            | Self::Deposit
            | Self::Digest
            | Self::Document
            | Self::File
            | Self::FileName
            | Self::FileRows
            | Self::FrameworkUse
            | Self::Gone
            | Self::InKindUse
            | Self::KeptDocument
            | Self::LineConflict
            | Self::Note
            | Self::OrderDocument
            | Self::OrderMessage
            | Self::OrderSequence
            | Self::Pause
            | Self::Pipeline
            | Self::Planned
            | Self::Prohibition
            | Self::Rates
            | Self::RefusedDocument
            | Self::Renamed
            | Self::Request
            | Self::Restore
            | Self::Setting
            | Self::Stated
            | Self::Surplus
            | Self::Token
            | Self::Void
            | Self::Warning => false,
        }
    }

    /// Whether what there was on an earlier day is told with it.
    #[must_use]
    pub fn is_of_the_past(self) -> bool {
        match self {
            Self::Charge
            | Self::Code
            | Self::Consignee
            | Self::Contribution
            | Self::Group
            | Self::InKindUse
            | Self::Incident
            | Self::Note
            | Self::Offer
            | Self::Order
            | Self::OrderStatus
            | Self::Party
            | Self::Pipeline
            | Self::Prohibition
            | Self::Rates
            | Self::Renamed
            | Self::Setting => true,
            Self::Amendment
            | Self::Archive
            | Self::Attachment
            | Self::Claim
            | Self::Content
            | Self::Cron
            | Self::Deposit
            | Self::Digest
            | Self::Document
            | Self::File
            | Self::FileName
            | Self::FileRows
            | Self::FrameworkUse
            | Self::Gone
            | Self::KeptDocument
            | Self::LineConflict
            | Self::OrderChange
            | Self::OrderDocument
            | Self::OrderMessage
            | Self::OrderSequence
            | Self::Pause
            | Self::Planned
            | Self::RefusedDocument
            | Self::Request
            | Self::Restore
            | Self::Stated
            | Self::Surplus
            | Self::Token
            | Self::Void
            | Self::Warning
            | Self::Webhook => false,
        }
    }

    /// Whether people choose its ids, and what is for it names it by them.
    #[must_use]
    pub fn is_named_by_people(self) -> bool {
        match self {
            Self::Consignee | Self::Contribution | Self::Group | Self::Offer | Self::Party => true,
            Self::Amendment
            | Self::Archive
            | Self::Attachment
            | Self::Charge
            | Self::Claim
            | Self::Code
            | Self::Content
            | Self::Cron
            | Self::Deposit
            | Self::Digest
            | Self::Document
            | Self::File
            | Self::FileName
            | Self::FileRows
            | Self::FrameworkUse
            | Self::Gone
            | Self::InKindUse
            | Self::Incident
            | Self::KeptDocument
            | Self::LineConflict
            | Self::Note
            | Self::Order
            | Self::OrderChange
            | Self::OrderDocument
            | Self::OrderMessage
            | Self::OrderSequence
            | Self::OrderStatus
            | Self::Pause
            | Self::Pipeline
            | Self::Planned
            | Self::Prohibition
            | Self::Rates
            | Self::RefusedDocument
            | Self::Renamed
            | Self::Request
            | Self::Restore
            | Self::Setting
            | Self::Stated
            | Self::Surplus
            | Self::Token
            | Self::Void
            | Self::Warning
            | Self::Webhook => false,
        }
    }

    /// Whether it holds bytes as they came or went, rather than what somebody stated.
    #[must_use]
    pub fn is_bytes(self) -> bool {
        match self {
            Self::Content | Self::OrderDocument => true,
            Self::Amendment
            | Self::Archive
            | Self::Attachment
            | Self::Charge
            | Self::Claim
            | Self::Code
            | Self::Consignee
            | Self::Contribution
            | Self::Cron
            | Self::Deposit
            | Self::Digest
            | Self::Document
            | Self::File
            | Self::FileName
            | Self::FileRows
            | Self::FrameworkUse
            | Self::Gone
            | Self::Group
            | Self::InKindUse
            | Self::Incident
            | Self::KeptDocument
            | Self::LineConflict
            | Self::Note
            | Self::Offer
            | Self::Order
            | Self::OrderChange
            | Self::OrderMessage
            | Self::OrderSequence
            | Self::OrderStatus
            | Self::Party
            | Self::Pause
            | Self::Pipeline
            | Self::Planned
            | Self::Prohibition
            | Self::Rates
            | Self::RefusedDocument
            | Self::Renamed
            | Self::Request
            | Self::Restore
            | Self::Setting
            | Self::Stated
            | Self::Surplus
            | Self::Token
            | Self::Void
            | Self::Warning
            | Self::Webhook => false,
        }
    }

    /// Whether it holds where somebody is, or what proves who somebody is: its body is in no audit.
    #[must_use]
    pub fn is_confidential(self) -> bool {
        match self {
            Self::Consignee | Self::Token => true,
            Self::Amendment
            | Self::Archive
            | Self::Attachment
            | Self::Charge
            | Self::Claim
            | Self::Code
            | Self::Content
            | Self::Contribution
            | Self::Cron
            | Self::Deposit
            | Self::Digest
            | Self::Document
            | Self::File
            | Self::FileName
            | Self::FileRows
            | Self::FrameworkUse
            | Self::Gone
            | Self::Group
            | Self::InKindUse
            | Self::Incident
            | Self::KeptDocument
            | Self::LineConflict
            | Self::Note
            | Self::Offer
            | Self::Order
            | Self::OrderChange
            | Self::OrderDocument
            | Self::OrderMessage
            | Self::OrderSequence
            | Self::OrderStatus
            | Self::Party
            | Self::Pause
            | Self::Pipeline
            | Self::Planned
            | Self::Prohibition
            | Self::Rates
            | Self::RefusedDocument
            | Self::Renamed
            | Self::Request
            | Self::Restore
            | Self::Setting
            | Self::Stated
            | Self::Surplus
            | Self::Void
            | Self::Warning
            | Self::Webhook => false,
        }
    }

    /// Whether it only says for machines what other changes beside it say.
    #[must_use]
    pub fn is_said_elsewhere(self) -> bool {
        match self {
            Self::Content
            | Self::Document
            | Self::Incident
            | Self::OrderMessage
            | Self::Request => true,
            Self::Amendment
            | Self::Archive
            | Self::Attachment
            | Self::Charge
            | Self::Claim
            | Self::Code
            | Self::Consignee
            | Self::Contribution
            | Self::Cron
            | Self::Deposit
            | Self::Digest
            | Self::File
            | Self::FileName
            | Self::FileRows
            | Self::FrameworkUse
            | Self::Gone
            | Self::Group
            | Self::InKindUse
            | Self::KeptDocument
            | Self::LineConflict
            | Self::Note
            | Self::Offer
            | Self::Order
            | Self::OrderChange
            | Self::OrderDocument
            | Self::OrderSequence
            | Self::OrderStatus
            | Self::Party
            | Self::Pause
            | Self::Pipeline
            | Self::Planned
            | Self::Prohibition
            | Self::Rates
            | Self::RefusedDocument
            | Self::Renamed
            | Self::Restore
            | Self::Setting
            | Self::Stated
            | Self::Surplus
            | Self::Token
            | Self::Void
            | Self::Warning
            | Self::Webhook => false,
        }
    }
}
