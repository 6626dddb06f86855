//! What a provider knows of a person.

use super::ProfileUrl;
use crate::{
    field::{Email, Patch, Text, WebAddress},
    tenant::contact::ContactDraft,
};

/// A profile as the provider writes it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[allow(missing_docs, reason = "the names say it")]
pub struct RawProfile {
    pub full_name: Option<String>,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub email: Option<String>,
    pub phone: Option<String>,
    /// What the person does at present.
    pub title: Option<String>,
    /// Where.
    pub company: Option<String>,
    pub company_linkedin: Option<String>,
    pub industry: Option<String>,
    pub city: Option<String>,
    pub state: Option<String>,
    pub country: Option<String>,
}

/// What is known of a person, as contacts can hold it (contract D-197).
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields of ContactFields")]
pub struct Profile {
    pub full_name: Option<Text<201>>,
    pub first_name: Option<Text<100>>,
    pub last_name: Option<Text<100>>,
    pub email: Option<Email>,
    pub phone: Option<Text<50>>,
    pub title: Option<Text<150>>,
    pub company: Option<Text<255>>,
    pub company_linkedin: Option<WebAddress>,
    pub industry: Option<Text<100>>,
    pub city: Option<Text<100>>,
    pub state: Option<Text<100>>,
    pub country: Option<Text<100>>,
}

impl Profile {
    /// What of a profile contacts can hold: what is too long or otherwise no such value is left out, not cut. `None` where no name remains.
    pub fn of(raw: RawProfile) -> Option<Self> {
        let first_name = text(raw.first_name);
        let last_name = text(raw.last_name);
        let full_name = text::<201>(raw.full_name);
        // A whole name alone is taken apart, into parts of at most 100 characters.
        let is_whole_alone = first_name.is_none() && last_name.is_none();
        let full_name = full_name.filter(|name| !is_whole_alone || name.chars().count() <= 100);
        let profile = Self {
            email: raw.email.and_then(|email| Email::parse(&email).ok()),
            phone: text(raw.phone),
            title: text(raw.title),
            company: text(raw.company),
            company_linkedin: text::<500>(raw.company_linkedin).and_then(|address| WebAddress::parse(&address).ok()),
            industry: text(raw.industry),
            city: text(raw.city),
            state: text(raw.state),
            country: text(raw.country),
            full_name,
            first_name,
            last_name,
        };
        let names = [
            profile.full_name.is_some(),
            profile.first_name.is_some(),
            profile.last_name.is_some(),
        ];
        names.contains(&true).then_some(profile)
    }

    /// The contact that the profile would make.
    pub(crate) fn draft(&self, person: &ProfileUrl) -> ContactDraft {
        fn said<const MAX: usize>(text: &Option<Text<MAX>>) -> Patch<String> {
            text.as_ref().map(ToString::to_string).into()
        }
        ContactDraft {
            full_name: said(&self.full_name),
            first_name: said(&self.first_name),
            last_name: said(&self.last_name),
            email: self.email.clone().map(Email::into_inner).into(),
            phone: said(&self.phone),
            title: said(&self.title),
            company: said(&self.company),
            company_linkedin: self.company_linkedin.clone().map(WebAddress::into_inner).into(),
            person_linkedin: Patch::Set(person.web_address()),
            industry: said(&self.industry),
            city: said(&self.city),
            state: said(&self.state),
            country: said(&self.country),
            ..ContactDraft::default()
        }
    }
}

fn text<const MAX: usize>(raw: Option<String>) -> Option<Text<MAX>> {
    raw.and_then(|text| Text::parse(&text).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn what_cannot_be_held_is_left_out() {
        let raw = RawProfile {
            full_name: some(" Ada Lovelace "),
            email: some("no email"),
            phone: some(&"1".repeat(51)),
            title: some("\u{0}CTO"),
            company: some("  "),
            company_linkedin: some("javascript:alert(1)"),
            city: some("London"),
            ..RawProfile::default()
        };
        let profile = Profile::of(raw).unwrap();
        assert_eq!(profile.full_name.as_deref(), Some("Ada Lovelace"));
        assert_eq!(profile.city.as_deref(), Some("London"));
        assert_eq!((profile.email, profile.phone, profile.title), (None, None, None));
        assert_eq!((profile.company, profile.company_linkedin), (None, None));
    }

    #[test]
    fn a_person_has_a_name() {
        assert_eq!(Profile::of(RawProfile::default()), None);
        let nameless = RawProfile {
            email: some("ada@example.com"),
            full_name: some(&"x".repeat(101)),
            ..RawProfile::default()
        };
        assert_eq!(Profile::of(nameless), None);
        let one = RawProfile {
            last_name: some("Lovelace"),
            ..RawProfile::default()
        };
        assert!(Profile::of(one).is_some());
    }
}
