//! What a live record counts for: the rule by which whoever writes records keeps the totals, and by which they are counted again.

use time::Date;

use super::Step;
use crate::{
    id::StageId,
    money::Money,
    stamp::Stamp,
    tenant::{
        lead::{Lead, LeadStatus},
        opportunity::Opportunity,
        pipeline::StageKind,
    },
};

/// What is counted of the weeks and months.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Measure {
    /// Leads, by the day they were created.
    Leads,
    /// Those of them that are qualified or converted now.
    QualifiedLeads,
    /// Open opportunities, by the day they were created.
    OpenDeals,
    /// Won opportunities, by the day they were won.
    WonDeals,
    /// Lost opportunities, by the day they were lost.
    LostDeals,
    /// Tasks, by the day they were created.
    Tasks,
}

impl Measure {
    /// Every measure.
    pub const ALL: [Self; 6] = [
        Self::Leads,
        Self::QualifiedLeads,
        Self::OpenDeals,
        Self::WonDeals,
        Self::LostDeals,
        Self::Tasks,
    ];

    /// The stored word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Leads => "leads",
            Self::QualifiedLeads => "qualified_leads",
            Self::OpenDeals => "open_deals",
            Self::WonDeals => "won_deals",
            Self::LostDeals => "lost_deals",
            Self::Tasks => "tasks",
        }
    }

    /// Reads the stored word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|measure| measure.as_str() == word)
    }
}

/// Something that a record counts for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Mark {
    /// A measure of the week or month that begins on this day.
    Step(Measure, Step, Date),
    /// The leads of a status, by its word.
    Status(String),
    /// The opportunities of a stage.
    Stage(StageId),
}

fn steps(measure: Measure, day: Date) -> impl Iterator<Item = Mark> {
    Step::ALL.into_iter().map(move |step| Mark::Step(measure, step, step.begin(day)))
}

/// What a live lead counts for.
pub fn marks_of_lead(lead: &Lead) -> Vec<Mark> {
    let (day, status) = (lead.created_at.date(), &lead.fields.status);
    let is_qualified = matches!(status, LeadStatus::Qualified | LeadStatus::Converted);
    let qualified = is_qualified.then(|| steps(Measure::QualifiedLeads, day));
    let own = std::iter::once(Mark::Status(status.as_str().to_owned()));
    own.chain(steps(Measure::Leads, day))
        .chain(qualified.into_iter().flatten())
        .collect()
}

/// What a live task that was created then counts for.
pub fn marks_of_task(created_at: Stamp) -> Vec<Mark> {
    steps(Measure::Tasks, created_at.date()).collect()
}

/// What a live opportunity counts for, and with which amount. One that is closed and does not say since when counts on the day it was created.
pub fn marks_of_deal(deal: &Opportunity) -> (Vec<Mark>, Option<Money>) {
    let (created, closed) = (deal.created_at.date(), deal.fields.closed_on);
    let (measure, day) = match deal.stage.fields.kind {
        StageKind::Open => (Measure::OpenDeals, created),
        StageKind::Won => (Measure::WonDeals, closed.unwrap_or(created)),
        StageKind::Lost => (Measure::LostDeals, closed.unwrap_or(created)),
    };
    let own = std::iter::once(Mark::Stage(deal.fields.stage_id));
    (own.chain(steps(measure, day)).collect(), deal.fields.amount)
}
