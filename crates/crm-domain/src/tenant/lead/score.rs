//! How promising a lead is (contract E-28): points for what is known of it and for how far it has come.

use super::{LeadFields, LeadStatus};
use crate::{field::Email, usecase::convert_lead::free_mail::is_free_mail};

crate::words! {
    /// The class of a lead's score.
    pub enum Tier {
        /// 75 points or more.
        A,
        /// 50 to 74 points.
        B,
        /// 25 to 49 points.
        C,
        /// Fewer, and whatever was disqualified.
        D,
    }
}

/// Most points of a lead.
pub const LEAD_SCORE_MAX: i64 = 100;

/// Words of titles whose bearers decide, in lower case.
const LEADING: [&str; 15] = [
    "ceo",
    "cfo",
    "chief",
    "cio",
    "cmo",
    "coo",
    "cro",
    "cto",
    "director",
    "founder",
    "cofounder",
    "head",
    "owner",
    "president",
    "vp",
];

impl LeadFields {
    /// The lead's points, 0 to [`LEAD_SCORE_MAX`]: the same for the same fields, whoever asks and when. No reference is among
    /// them, since deleting and merging change those without asking. A disqualified lead has none; of every
    /// other each line counts that holds:
    ///
    /// | what is known | points |
    /// |---|---|
    /// | an email | 15 |
    /// | which is not of a provider where anybody can have one | 10 |
    /// | a phone | 15 |
    /// | the company | 15 |
    /// | a title | 10 |
    /// | which is one of those that decide: chief, director, founder, head, owner, president, vp … | 15 |
    /// | where it came from | 5 |
    /// | it was contacted | 5 |
    /// | it was qualified or converted | 15 |
    pub fn lead_score(&self) -> i64 {
        let progress = match self.status {
            LeadStatus::Disqualified => return 0,
            LeadStatus::Contacted => 5,
            LeadStatus::Qualified | LeadStatus::Converted => 15,
            LeadStatus::New | LeadStatus::Other(_) => 0,
        };
        let own_domain = self.email.as_ref().map(Email::domain).is_some_and(|domain| !is_free_mail(&domain));
        let known = [
            (self.email.is_some(), 15),
            (own_domain, 10),
            (self.phone.is_some(), 15),
            (self.company.is_some(), 15),
            (self.title.is_some(), 10),
            (self.title.as_deref().is_some_and(is_leading), 15),
            (self.source.is_some(), 5),
        ];
        progress + known.iter().filter(|(holds, _)| *holds).map(|(_, points)| points).sum::<i64>()
    }

    /// The class of the lead's score.
    pub fn tier(&self) -> Tier {
        match self.lead_score() {
            75.. => Tier::A,
            50..75 => Tier::B,
            25..50 => Tier::C,
            _ => Tier::D,
        }
    }
}

/// Whether one of a title's words is of those that decide.
fn is_leading(title: &str) -> bool {
    let lower = title.to_lowercase().replace("co-founder", "cofounder");
    let mut words = lower.split(|letter: char| !letter.is_alphanumeric());
    words.any(|word| LEADING.contains(&word))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        field::Text,
        id::{RecordId, UserId},
        tenant::lead::{LeadOutcome, Prospect},
    };

    fn bare(status: LeadStatus) -> LeadFields {
        LeadFields {
            external_id: None,
            first_name: None,
            last_name: Some(Text::from_store("Doe".to_owned())),
            email: None,
            phone: None,
            title: None,
            company: None,
            source: None,
            status,
            description: None,
            account_id: None,
            owner_id: UserId::from_i64(1),
            outcome: LeadOutcome::default(),
            prospect: Prospect::default(),
        }
    }

    fn full(status: LeadStatus) -> LeadFields {
        LeadFields {
            email: Some(Email::parse("jane@acme.example").unwrap()),
            phone: Some(Text::from_store("+1 555 0100".to_owned())),
            title: Some(Text::from_store("Co-Founder & CTO".to_owned())),
            company: Some(Text::from_store("Acme".to_owned())),
            source: Some(Text::from_store("Website".to_owned())),
            ..bare(status)
        }
    }

    #[test]
    fn what_is_known_and_how_far_it_came_make_the_tier() {
        for (fields, score, tier) in [
            (full(LeadStatus::Qualified), LEAD_SCORE_MAX, Tier::A),
            (full(LeadStatus::New), 85, Tier::A),
            (full(LeadStatus::Disqualified), 0, Tier::D),
            (bare(LeadStatus::New), 0, Tier::D),
            (bare(LeadStatus::Converted), 15, Tier::D),
            (bare(LeadStatus::Other(Text::from_store("Nurturing".to_owned()))), 0, Tier::D),
        ] {
            assert_eq!((fields.lead_score(), fields.tier()), (score, tier), "{fields:?}");
        }
        let free = LeadFields {
            email: Some(Email::parse("jane@gmail.com").unwrap()),
            ..full(LeadStatus::New)
        };
        assert_eq!((free.lead_score(), free.tier()), (75, Tier::A));
        let cases = [
            ("Headhunter", false),
            ("VP, Sales", true),
            ("Vice President", true),
            ("Engineer", false),
            ("HEAD of IT", true),
        ];
        for (title, leads) in cases {
            assert_eq!(is_leading(title), leads, "{title}");
        }
    }

    prop_compose! {
        fn any_fields()(
            email in prop::option::of(prop_oneof![Just("a@acme.example"), Just("a@gmail.com")]),
            phone in any::<bool>(), company in any::<bool>(), source in any::<bool>(),
            title in prop::option::of("[A-Za-z ,&-]{1,30}"),
            status in prop_oneof![
                Just(LeadStatus::New), Just(LeadStatus::Contacted), Just(LeadStatus::Qualified), Just(LeadStatus::Disqualified),
                Just(LeadStatus::Converted)
            ],
        ) -> LeadFields {
            LeadFields {
                email: email.map(|email| Email::parse(email).unwrap()),
                phone: phone.then(|| Text::from_store("1".to_owned())),
                company: company.then(|| Text::from_store("Acme".to_owned())),
                source: source.then(|| Text::from_store("Web".to_owned())),
                title: title.map(Text::from_store),
                ..bare(status)
            }
        }
    }

    proptest! {
        #[test]
        fn scores_are_bounded_and_tiers_follow_them(fields in any_fields()) {
            let score = fields.lead_score();
            prop_assert!((0..=LEAD_SCORE_MAX).contains(&score));
            prop_assert_eq!(score, fields.clone().lead_score());
            let bounds = match fields.tier() {
                Tier::A => 75..=100,
                Tier::B => 50..=74,
                Tier::C => 25..=49,
                Tier::D => 0..=24,
            };
            prop_assert!(bounds.contains(&score));
        }

        #[test]
        fn knowing_more_never_lowers_a_score(fields in any_fields()) {
            let more = LeadFields { phone: Some(Text::from_store("1".to_owned())), source: Some(Text::from_store("Web".to_owned())), ..fields.clone() };
            prop_assert!(more.lead_score() >= fields.lead_score());
            prop_assert!(more.tier() <= fields.tier());
        }
    }
}
