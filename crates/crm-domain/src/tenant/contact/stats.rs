//! Totals of contacts, kept by whoever writes them and never counted to be shown (contract D-134 … D-137, X-137).

use super::{Contact, derived::SCORE_MAX};
use crate::error::Result;

/// What contacts are counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum StatKind {
    /// By [`company_key`](super::derived::company_key).
    Company,
    /// By the country as it was given.
    Country,
    /// By the industry as it was given.
    Industry,
    /// By the month of creation, `YYYY-MM` in UTC.
    Month,
    /// By the lead score in tenths.
    Score,
    /// By the bracket of the company's size.
    Size,
    /// Under `EMAIL` those that have an email.
    Total,
}

/// The key of [`StatKind::Total`].
pub const EMAIL: &str = "email";

impl StatKind {
    /// Every kind.
    pub const ALL: [Self; 7] = [
        Self::Company,
        Self::Country,
        Self::Industry,
        Self::Month,
        Self::Score,
        Self::Size,
        Self::Total,
    ];

    /// The stored word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Company => "company",
            Self::Country => "country",
            Self::Industry => "industry",
            Self::Month => "month",
            Self::Score => "score",
            Self::Size => "size",
            Self::Total => "total",
        }
    }
}

/// How many live contacts share a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tally {
    /// The value, in the form that its kind counts by.
    pub key: String,
    /// How many, at least 1.
    pub count: u64,
}

/// The overview of all live contacts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ContactTotals {
    /// All of them.
    pub contacts: u64,
    /// Distinct names of companies, whatever their case.
    pub companies: u64,
    /// Those with an email; none is stored that is not valid.
    pub emails: u64,
    /// The sum of the lead scores, in tenths.
    pub score_sum: u64,
}

impl ContactTotals {
    /// The average lead score, 0.0 to 10.0, rounded to tenths; 0 without contacts.
    pub fn average_score(&self) -> f64 {
        let tenths = (2 * self.score_sum + self.contacts).checked_div(2 * self.contacts).unwrap_or(0);
        // At most SCORE_MAX: exact.
        u8::try_from(tenths).map_or(f64::from(u8::try_from(SCORE_MAX).unwrap_or(0)), f64::from) / 10.0
    }
}

/// Reads the kept totals.
pub trait ContactStats {
    /// The overview.
    fn totals(&mut self) -> Result<ContactTotals>;
    /// The counts of a kind, the most frequent first, then by key; at most `limit`.
    fn tallies(&mut self, kind: StatKind, limit: u32) -> Result<Vec<Tally>>;
}

/// What a live contact is counted under.
pub fn stat_keys(contact: &Contact) -> Vec<(StatKind, String)> {
    let fields = &contact.fields;
    let text = |kind, text: Option<String>| text.map(|text| (kind, text));
    let month = contact.created_at.date();
    let month = format!("{:04}-{:02}", month.year(), u8::from(month.month()));
    let keys = [
        text(StatKind::Company, fields.company_key()),
        text(StatKind::Country, fields.country.as_deref().map(str::to_owned)),
        fields.email.is_some().then(|| (StatKind::Total, EMAIL.to_owned())),
        text(StatKind::Industry, fields.industry.as_deref().map(str::to_owned)),
        Some((StatKind::Month, month)),
        Some((StatKind::Score, fields.lead_score().to_string())),
        text(StatKind::Size, fields.employee_size_bracket.as_deref().map(str::to_owned)),
    ];
    keys.into_iter().flatten().collect()
}
