//! What there is to say of a lead before it is imported (contract B-70 … B-74, X-66): whether it can be kept, what of it is doubtful, and what would
//! make it worth more. Pure rules: nothing is read and nothing is written.

use std::fmt;

use super::{LeadDraft, LeadFields};
use crate::{
    error::{Error, FieldError, Problem, Result},
    field::{Check, Email, Patch, is_blank},
    id::UserId,
    usecase::convert_lead::free_mail::is_free_mail,
};

/// What makes a lead doubtful that can be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the texts say it")]
pub enum Warning {
    FreeMail,
    RoleMailbox,
    PhoneWithoutDigits,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::FreeMail => "Email address is at a free mail provider, which says nothing of a company",
            Self::RoleMailbox => "Email address is of a role, not of a person",
            Self::PhoneWithoutDigits => "Phone number has no digits",
        })
    }
}

/// What would make a lead worth more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the texts say it")]
pub enum Suggestion {
    Phone,
    FirstName,
    Title,
}

impl fmt::Display for Suggestion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            // In the document's words (contract B-73).
            Self::Phone => "Consider adding phone number for better contact rate",
            Self::FirstName => "Consider adding first name for a personal salutation",
            Self::Title => "Consider adding job title to tell who decides",
        })
    }
}

/// What there is to say of a lead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advice {
    /// Why it cannot be kept; nothing when it can.
    pub problems: Vec<FieldError>,
    /// What is doubtful.
    pub warnings: Vec<Warning>,
    /// What would make it worth more.
    pub suggestions: Vec<Suggestion>,
}

/// Mailboxes that are read by whoever has the role.
const ROLES: [&str; 16] = [
    "admin",
    "billing",
    "contact",
    "hello",
    "help",
    "info",
    "jobs",
    "mail",
    "marketing",
    "no-reply",
    "noreply",
    "office",
    "sales",
    "service",
    "support",
    "team",
];

/// Notes that a lead without an email cannot be synchronised: by it the same person is known again (contract X-51).
pub fn require_email(draft: &LeadDraft, check: &mut Check) {
    if said(&draft.email).is_none() {
        check.fail("email", Problem::Required);
    }
}

/// Judges a lead; `check` holds what is known to be wrong with it, and `owner` would own it.
///
/// # Errors
/// None but those of a broken server.
pub fn judge(draft: LeadDraft, owner: UserId, mut check: Check) -> Result<Advice> {
    require_email(&draft, &mut check);
    let (warnings, suggestions) = (warnings(&draft), suggestions(&draft));
    let problems = match LeadFields::parse(draft, owner, check) {
        Ok(_) => Vec::new(),
        Err(Error::Invalid(problems)) => problems,
        Err(other) => return Err(other),
    };
    Ok(Advice {
        problems,
        warnings,
        suggestions,
    })
}

fn warnings(draft: &LeadDraft) -> Vec<Warning> {
    let email = said(&draft.email).and_then(|text| Email::parse(text).ok());
    let is_free = email.as_ref().is_some_and(|email| is_free_mail(&email.domain()));
    let is_role = email.is_some_and(|email| {
        let key = email.key();
        ROLES.contains(&key.split('@').next().unwrap_or_default())
    });
    let has_no_digits = said(&draft.phone).is_some_and(|phone| !phone.chars().any(char::is_numeric));
    let all = [
        is_free.then_some(Warning::FreeMail),
        is_role.then_some(Warning::RoleMailbox),
        has_no_digits.then_some(Warning::PhoneWithoutDigits),
    ];
    all.into_iter().flatten().collect()
}

fn suggestions(draft: &LeadDraft) -> Vec<Suggestion> {
    let lacks = |field: &Patch<String>| said(field).is_none();
    let all = [
        lacks(&draft.phone).then_some(Suggestion::Phone),
        (lacks(&draft.first_name) && !lacks(&draft.last_name)).then_some(Suggestion::FirstName),
        (lacks(&draft.title) && !lacks(&draft.company)).then_some(Suggestion::Title),
    ];
    all.into_iter().flatten().collect()
}

/// What is said of a field, where that is something.
fn said(field: &Patch<String>) -> Option<&str> {
    match field {
        Patch::Set(text) if !is_blank(text) => Some(text.trim()),
        Patch::Set(_) | Patch::Keep | Patch::Clear => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::id::RecordId;

    fn draft(first_name: &str, email: &str) -> LeadDraft {
        LeadDraft {
            first_name: Patch::Set(first_name.to_owned()),
            email: Patch::Set(email.to_owned()),
            ..LeadDraft::default()
        }
    }

    fn advice(draft: LeadDraft) -> Advice {
        judge(draft, UserId::from_i64(1), Check::new()).unwrap()
    }

    // B-72, B-73
    #[test]
    fn the_documented_lead_lacks_a_phone_number_alone() {
        let advice = advice(draft("John", "john.doe@company.com"));
        assert_eq!((advice.problems.len(), &*advice.warnings), (0, &[][..]));
        let texts: Vec<String> = advice.suggestions.iter().map(ToString::to_string).collect();
        assert_eq!(texts, ["Consider adding phone number for better contact rate"]);
    }

    #[test]
    fn what_is_doubtful_is_told() {
        for (email, phone, expected) in [
            ("jane@gmail.com", "1", &[Warning::FreeMail][..]),
            ("INFO@acme.example", "1", &[Warning::RoleMailbox]),
            (
                "sales@web.de",
                "call me",
                &[Warning::FreeMail, Warning::RoleMailbox, Warning::PhoneWithoutDigits],
            ),
            ("no address", "1", &[]),
            ("jane@acme.example", "+49 30 1234", &[]),
        ] {
            let draft = LeadDraft {
                phone: Patch::Set(phone.to_owned()),
                ..draft("Jane", email)
            };
            assert_eq!(advice(draft).warnings, expected, "{email}");
        }
    }

    //
    #[test]
    fn what_keeps_it_out_is_told_by_field() {
        let fields = |draft: LeadDraft| -> Vec<String> { advice(draft).problems.into_iter().map(|problem| problem.field).collect() };
        assert_eq!(fields(LeadDraft::default()), ["email", "last_name"]);
        assert_eq!(fields(draft("John", "invalid-email")), ["email"]);
        assert_eq!(fields(draft("John", "  ")), ["email"]);
        assert_eq!(fields(draft(" ", "a@b.example")), ["last_name"]);
    }

    fn any_text() -> impl Strategy<Value = Patch<String>> {
        prop_oneof![
            Just(Patch::Keep),
            Just(Patch::Clear),
            "\\PC{0,20}".prop_map(Patch::Set),
            "[a-z]{1,8}@[a-z]{1,8}\\.com".prop_map(Patch::Set)
        ]
    }

    proptest! {
        #[test]
        fn a_lead_is_valid_exactly_when_it_could_be_kept(
            first_name in any_text(), last_name in any_text(), email in any_text(), phone in any_text(), company in any_text(), title in any_text(),
        ) {
            let draft = LeadDraft { first_name, last_name, email, phone, company, title, ..LeadDraft::default() };
            let kept = LeadFields::parse(draft.clone(), UserId::from_i64(1), Check::new());
            let can_be_kept = kept.is_ok_and(|fields| fields.email.is_some());
            prop_assert_eq!(advice(draft).problems.is_empty(), can_be_kept);
        }

        #[test]
        fn following_a_suggestion_ends_it_and_makes_no_other(company in any_text(), last_name in any_text()) {
            let before = LeadDraft { company, last_name, ..LeadDraft::default() };
            let after = LeadDraft {
                phone: Patch::Set("1".to_owned()), first_name: Patch::Set("A".to_owned()), title: Patch::Set("CTO".to_owned()), ..before
            };
            prop_assert_eq!(advice(after).suggestions, []);
        }
    }
}
