//! A lead as family B's prospect: what a lead is from its conversion on, with a status and a qualification of its own (contract B-35 … B-48, X-61).

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use time::Date;

use super::{Lead, LeadFields, LeadStatus, revise};
use crate::{
    decimal::Decimal,
    error::{Error, Problem, Result},
    field::{Check, Patch, Text, optional_date, parse_date},
    id::LeadId,
    tenant::UnitOfWork,
    usecase::single,
};

/// What a prospect is called in errors.
pub(crate) const NOUN: &str = "prospect";

/// Where a prospect stands (contract X-61).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the words say it")]
pub enum ProspectStatus {
    New,
    Contacted,
    Qualified,
    Disqualified,
    Converted,
}

impl ProspectStatus {
    /// Every status.
    pub const ALL: [Self; 5] = [Self::New, Self::Contacted, Self::Qualified, Self::Disqualified, Self::Converted];

    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Contacted => "contacted",
            Self::Qualified => "qualified",
            Self::Disqualified => "disqualified",
            Self::Converted => "converted",
        }
    }

    /// Reads the word, whatever its case.
    ///
    /// # Errors
    /// [`Problem::Choice`].
    pub fn parse(word: &str) -> Result<Self, Problem> {
        let wanted = word.trim();
        let found = Self::ALL.into_iter().find(|status| status.as_str().eq_ignore_ascii_case(wanted));
        found.ok_or_else(|| Problem::Choice {
            allowed: Self::ALL.map(|status| status.as_str().to_owned()).to_vec(),
        })
    }

    /// Whether an opportunity may be opened for such a prospect (contract B-52, X-62).
    pub fn may_buy(self) -> bool {
        match self {
            Self::Qualified | Self::Converted => true,
            Self::New | Self::Contacted | Self::Disqualified => false,
        }
    }
}

/// What was found out about a prospect (contract B-37).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Qualification {
    /// What it suffers from.
    pub pain_points: Option<Text<10_000>>,
    /// What it may spend, as people write it: `50000-100000`.
    pub budget_range: Option<Text<100>>,
    /// Whether it decides.
    pub decision_maker: Option<bool>,
    /// How well it fits, 0 to 100.
    #[serde(default, serialize_with = "number_or_null", deserialize_with = "number_if_any")]
    pub fit_score: Option<Decimal>,
}

/// What is known of a lead as a prospect.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Prospect {
    /// Where it stands, once somebody said so.
    pub prospect_status: Option<ProspectStatus>,
    /// Why it stands there.
    pub prospect_reason: Option<Text<1_000>>,
    /// What is to be done next.
    pub next_action: Option<Text<500>>,
    /// On which day.
    #[serde(default, with = "optional_date")]
    pub next_action_date: Option<Date>,
    /// What was found out.
    #[serde(flatten)]
    pub qualification: Qualification,
}

fn number_or_null<S: Serializer>(number: &Option<Decimal>, serializer: S) -> Result<S::Ok, S::Error> {
    number.map(Decimal::to_json).serialize(serializer)
}

fn number_if_any<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Decimal>, D::Error> {
    let number = Option::<serde_json::Number>::deserialize(deserializer)?;
    let parsed = number.map(|number| Decimal::parse(&number.to_string()));
    parsed.transpose().map_err(de::Error::custom)
}

/// The most that a prospect can fit.
const FIT_SCORE_MAX: i64 = 100;

/// A number from 0 to [`FIT_SCORE_MAX`], also with a fraction.
fn fit_score(text: &str) -> Result<Decimal, Problem> {
    let max = FIT_SCORE_MAX;
    let score = Decimal::parse(text)?;
    let range = [Decimal::parse("0")?, Decimal::parse(&max.to_string())?];
    if (range[0]..=range[1]).contains(&score) {
        Ok(score)
    } else {
        Err(Problem::Range { min: 0, max })
    }
}

/// What a caller says of a prospect's qualification, unparsed; the number as its decimal text.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs, reason = "the fields of Qualification")]
pub struct QualificationDraft {
    pub pain_points: Patch<String>,
    pub budget_range: Patch<String>,
    pub decision_maker: Patch<bool>,
    pub fit_score: Patch<String>,
}

impl Qualification {
    /// Parses what is said; everything that is wrong is noted.
    pub fn parse(draft: QualificationDraft, check: &mut Check) -> Self {
        Self {
            pain_points: check.optional("pain_points", draft.pain_points, None, Text::parse),
            budget_range: check.optional("budget_range", draft.budget_range, None, Text::parse),
            decision_maker: draft.decision_maker.or_current(None),
            fit_score: check.optional("fit_score", draft.fit_score, None, fit_score),
        }
    }
}

/// What a caller says of where a prospect stands, unparsed.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs, reason = "the fields of Prospect")]
pub struct ProspectDraft {
    /// Required.
    pub status: Patch<String>,
    pub reason: Patch<String>,
    pub next_action: Patch<String>,
    pub next_action_date: Patch<String>,
}

impl LeadFields {
    /// Where the lead stands as a prospect; `None` for one that was not converted. As long as nobody said so, it follows from whether the lead
    /// was qualified.
    pub fn prospect_status(&self) -> Option<ProspectStatus> {
        if self.status != LeadStatus::Converted {
            return None;
        }
        let was = match self.outcome.qualified_at {
            Some(_) => ProspectStatus::Qualified,
            None => ProspectStatus::New,
        };
        Some(self.prospect.prospect_status.unwrap_or(was))
    }

    /// These fields with what is said of the prospect. A reason belongs to the status that it was given for: it goes with it.
    fn moved(&self, present: ProspectStatus, draft: ProspectDraft, mut check: Check) -> Result<Self> {
        let known = &self.prospect;
        let status = check.required("status", draft.status, None, ProspectStatus::parse);
        let stays = status == Some(present);
        let reason = known.prospect_reason.clone().filter(|_| stays);
        let prospect = Prospect {
            prospect_status: if stays { known.prospect_status } else { status },
            prospect_reason: check.optional("reason", draft.reason, reason, Text::parse),
            next_action: check.optional("next_action", draft.next_action, known.next_action.clone(), Text::parse),
            next_action_date: check.optional("next_action_date", draft.next_action_date, known.next_action_date, parse_date),
            qualification: known.qualification.clone(),
        };
        check.finish()?;
        Ok(Self { prospect, ..self.clone() })
    }
}

/// The prospect that a lead has become, and where it stands.
///
/// # Errors
/// [`Error::NotFound`], also for a lead that was not converted.
pub fn known(unit: &mut dyn UnitOfWork, id: LeadId) -> Result<(Lead, ProspectStatus)> {
    let lead = match single::known::<Lead>(unit, id) {
        Ok(lead) => lead,
        Err(Error::NotFound { .. }) => return Err(Error::not_found(NOUN, id)),
        Err(error) => return Err(error),
    };
    match lead.fields.prospect_status() {
        Some(status) => Ok((lead, status)),
        None => Err(Error::not_found(NOUN, id)),
    }
}

/// Says where a prospect stands and what is to be done next. What changes nothing leaves no change and no new stamp.
///
/// # Errors
/// Those of [`known`]; [`Error::Invalid`].
pub fn update(unit: &mut dyn UnitOfWork, id: LeadId, draft: ProspectDraft, check: Check) -> Result<Lead> {
    let (before, present) = known(unit, id)?;
    let fields = before.fields.moved(present, draft, check)?;
    Ok(revise(unit, &before, fields)?.unwrap_or(before))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        id::{RecordId, UserId},
        stamp::Stamp,
        tenant::lead::LeadDraft,
    };

    fn fields(status: LeadStatus) -> LeadFields {
        let draft = LeadDraft {
            last_name: Patch::Set("Miller".to_owned()),
            ..LeadDraft::default()
        };
        let fields = LeadFields::parse(draft, UserId::from_i64(1), Check::new()).unwrap();
        LeadFields { status, ..fields }
    }

    fn to(status: &str) -> ProspectDraft {
        ProspectDraft {
            status: Patch::Set(status.to_owned()),
            ..ProspectDraft::default()
        }
    }

    // B-44, X-61
    #[test]
    fn a_converted_lead_is_a_prospect_and_no_other() {
        for status in LeadStatus::SETTABLE {
            assert_eq!(fields(status).prospect_status(), None);
        }
        let mut lead = fields(LeadStatus::Converted);
        assert_eq!(lead.prospect_status(), Some(ProspectStatus::New));
        lead.outcome.qualified_at = Some(Stamp::from_micros(1));
        assert_eq!(lead.prospect_status(), Some(ProspectStatus::Qualified));
        let lead = lead.moved(ProspectStatus::Qualified, to("Disqualified"), Check::new()).unwrap();
        assert_eq!(lead.prospect_status(), Some(ProspectStatus::Disqualified));
    }

    #[test]
    fn a_reason_goes_with_its_status_and_the_rest_stays() {
        let lead = fields(LeadStatus::Converted);
        let first = ProspectDraft {
            reason: Patch::Set("Called back".to_owned()),
            next_action: Patch::Set("Call".to_owned()),
            next_action_date: Patch::Set("2024-02-01".to_owned()),
            ..to("contacted")
        };
        let lead = lead.moved(ProspectStatus::New, first, Check::new()).unwrap();
        let same = lead.moved(ProspectStatus::Contacted, to("contacted"), Check::new()).unwrap();
        assert_eq!(same, lead);
        let next = lead.moved(ProspectStatus::Contacted, to("qualified"), Check::new()).unwrap();
        assert_eq!(next.prospect.prospect_reason, None);
        assert_eq!(next.prospect.next_action.as_deref(), Some("Call"));
        assert_eq!(next.prospect.next_action_date, lead.prospect.next_action_date);
    }

    #[test]
    fn everything_that_is_wrong_is_told() {
        let wrong = ProspectDraft {
            status: Patch::Set("hot".to_owned()),
            next_action_date: Patch::Set("tomorrow".to_owned()),
            next_action: Patch::Set("x".repeat(501)),
            ..ProspectDraft::default()
        };
        let Err(Error::Invalid(errors)) = fields(LeadStatus::Converted).moved(ProspectStatus::New, wrong, Check::new()) else {
            panic!("all of it is wrong");
        };
        let names: Vec<_> = errors.iter().map(|error| error.field.as_str()).collect();
        assert_eq!(names, ["next_action", "next_action_date", "status"]);
        for score in ["-1", "100.5", "many"] {
            let mut check = Check::new();
            let draft = QualificationDraft {
                fit_score: Patch::Set(score.to_owned()),
                ..QualificationDraft::default()
            };
            Qualification::parse(draft, &mut check);
            assert!(check.has("fit_score"), "{score}");
        }
    }

    proptest! {
        #[test]
        fn a_word_reads_back(index in 0..ProspectStatus::ALL.len(), upper in any::<bool>()) {
            let status = ProspectStatus::ALL[index];
            let word = if upper { status.as_str().to_uppercase() } else { status.as_str().to_owned() };
            prop_assert_eq!(ProspectStatus::parse(&word), Ok(status));
        }

        #[test]
        fn a_score_within_its_range_is_kept_exactly(hundredths in 0..=10_000_u32) {
            let text = format!("{}.{:02}", hundredths / 100, hundredths % 100);
            let score = fit_score(&text).unwrap();
            prop_assert_eq!(Decimal::parse(&score.to_string()), Ok(score));
        }
    }
}
