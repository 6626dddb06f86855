//! What became of leads that were handed over and not taken over as wished (contract B-23, B-91 … B-97). It tells no values: what was sent may be
//! personal.

use crate::{
    error::{Error, Result},
    fields,
    id::{LeadId, RecordId},
    page::{Page, Sort, Window},
    query::Filter,
    stamp::Stamp,
};

/// Most characters of a message.
const MESSAGE_MAX: usize = 500;

/// How grave it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SyncLevel {
    /// The lead was refused for what was said of it.
    Error,
    /// The lead was refused because it is there already.
    Warning,
    /// The lead was there already, and nothing of it changed.
    Info,
}

impl SyncLevel {
    /// Every level.
    pub const ALL: [Self; 3] = [Self::Error, Self::Warning, Self::Info];
    /// Their words.
    pub const WORDS: [&'static str; 3] = ["error", "warning", "info"];

    /// The stored word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Info => "info",
        }
    }

    /// Reads the word, whatever its case.
    pub fn parse(word: &str) -> Option<Self> {
        let wanted = word.trim();
        Self::ALL.into_iter().find(|level| level.as_str().eq_ignore_ascii_case(wanted))
    }
}

/// Why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the words say it")]
pub enum SyncReason {
    Invalid,
    Duplicate,
    Unchanged,
}

impl SyncReason {
    /// Every reason.
    pub const ALL: [Self; 3] = [Self::Invalid, Self::Duplicate, Self::Unchanged];

    /// The stored word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Invalid => "invalid",
            Self::Duplicate => "duplicate",
            Self::Unchanged => "unchanged",
        }
    }

    /// Reads the stored word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == word)
    }

    /// How grave it is.
    pub fn level(self) -> SyncLevel {
        match self {
            Self::Invalid => SyncLevel::Error,
            Self::Duplicate => SyncLevel::Warning,
            Self::Unchanged => SyncLevel::Info,
        }
    }
}

/// Something to log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncNote {
    /// Where the lead comes from.
    pub source: String,
    /// Why.
    pub reason: SyncReason,
    /// The same in words, with the fields that are wrong.
    pub message: String,
    /// The lead that is there already.
    pub lead_id: Option<LeadId>,
}

impl SyncNote {
    /// That a lead was not taken over; `known` is the one that is there already. `None` of what is no lead's own fault.
    pub fn refused(source: &str, error: &Error, known: Option<LeadId>) -> Option<Self> {
        let (reason, told) = match error {
            Error::Invalid(errors) => {
                let told: Vec<String> = errors.iter().map(|error| format!("{} {}", error.field, error.problem)).collect();
                (SyncReason::Invalid, told.join("; "))
            }
            Error::Duplicate { field, .. } => (SyncReason::Duplicate, format!("{field} is another lead's already")),
            Error::NotFound { .. }
            | Error::State { .. }
            | Error::Conflict(_)
            | Error::Forbidden(_)
            | Error::IdempotencyMismatch
            | Error::Unavailable { .. }
            | Error::Internal(_) => return None,
        };
        Some(Self::new(source, reason, &format!("Failed to sync lead: {told}"), known))
    }

    /// That a lead was there already, and that nothing of it changed.
    pub fn unchanged(source: &str, lead: LeadId) -> Self {
        Self::new(
            source,
            SyncReason::Unchanged,
            "Lead is there already, and nothing of it changed",
            Some(lead),
        )
    }

    fn new(source: &str, reason: SyncReason, message: &str, lead_id: Option<LeadId>) -> Self {
        Self {
            source: source.to_owned(),
            reason,
            message: message.chars().take(MESSAGE_MAX).collect(),
            lead_id,
        }
    }
}

/// What was logged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncEntry {
    /// Per-tenant id; ascending in the order of logging.
    pub id: i64,
    /// Stamp of the unit that logged it.
    pub logged_at: Stamp,
    /// How grave it is.
    pub level: SyncLevel,
    /// What was logged.
    pub note: SyncNote,
}

fields! {
    /// The fields of the log that lists know.
    pub enum SyncLogField of entry: SyncEntry {
        Id: Spec::id("id").filterable().in_id_order() => entry.id;
        LoggedAt: Spec::stamp("logged_at").filterable() => entry.logged_at;
        Level: Spec::choice("level", &SyncLevel::WORDS).filterable() => entry.level.as_str();
        LeadId: Spec::id("lead_id").nullable() => entry.note.lead_id.map(RecordId::get);
    }
}

/// Which entries a list shows; they cannot be searched.
pub type SyncLogFilter = Filter<SyncLogField>;

/// Reads the log.
pub trait SyncLogReads {
    /// A page of the matching entries.
    fn list(&mut self, filter: &SyncLogFilter, sort: Sort<SyncLogField>, window: &Window) -> Result<Page<SyncEntry>>;
}

/// Writes the log.
pub trait SyncLogRepository: SyncLogReads {
    /// Keeps notes, at this unit's stamp.
    fn add(&mut self, notes: &[SyncNote]) -> Result<()>;
    /// Forgets up to `limit` entries that were logged before `before`; returns how many.
    fn purge(&mut self, before: Stamp, limit: u32) -> Result<u64>;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{FieldError, Problem};

    // B-23
    #[test]
    fn a_refused_lead_is_noted_without_its_values() {
        let wrong = FieldError {
            field: "email".to_owned(),
            problem: Problem::Email,
        };
        let note = SyncNote::refused("apollo", &Error::Invalid(vec![wrong]), None).unwrap();
        assert_eq!(
            (note.reason.level(), note.message.as_str()),
            (SyncLevel::Error, "Failed to sync lead: email must be a valid email address")
        );
        let twice = Error::Duplicate {
            noun: "lead",
            field: "email",
        };
        let note = SyncNote::refused("apollo", &twice, Some(LeadId::from_i64(7))).unwrap();
        assert_eq!(
            (note.reason.level(), note.lead_id.map(RecordId::get)),
            (SyncLevel::Warning, Some(7))
        );
        assert_eq!(SyncNote::refused("apollo", &Error::Internal("a secret".to_owned()), None), None);
    }

    #[test]
    fn words_read_back() {
        for level in SyncLevel::ALL {
            assert_eq!(SyncLevel::parse(&level.as_str().to_uppercase()), Some(level));
        }
        for reason in SyncReason::ALL {
            assert_eq!(SyncReason::parse(reason.as_str()), Some(reason));
        }
        assert_eq!(SyncLevel::WORDS, SyncLevel::ALL.map(SyncLevel::as_str));
    }
}
