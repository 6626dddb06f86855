//! The address of a person's LinkedIn profile (contract D-196, X-135).

use url::Url;

use crate::{
    error::Problem,
    field::{Text, WebAddress},
    tenant::contact::derived::linkedin_key,
};

/// What the keys of people's profiles begin with.
const PERSON: &str = "linkedin.com/in/";
/// Most characters, as of a contact's.
const MAX: usize = 500;

/// The address of a person's profile, in whatever spelling. Two are equal when they name the same person's.
#[derive(Debug, Clone)]
pub struct ProfileUrl {
    given: String,
    key: String,
}

impl ProfileUrl {
    /// Reads an address of at most 500 characters.
    pub fn parse(given: &str) -> Result<Self, Problem> {
        let given = Text::<MAX>::parse(given)?.into_inner();
        let key = linkedin_key(&given).filter(|key| key.strip_prefix(PERSON).is_some_and(|name| !name.is_empty()));
        let key = key.ok_or_else(|| Problem::Rule("must be the URL of a LinkedIn profile".to_owned()))?;
        let url = Self { given, key };
        // Encoded, it must still be an address that a contact can hold.
        Text::<MAX>::parse(&url.canonical())?;
        Ok(url)
    }

    /// As it was written.
    pub fn as_given(&self) -> &str {
        &self.given
    }

    /// The form that is compared.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The one spelling that providers are asked with.
    pub fn canonical(&self) -> String {
        let name = self.key.strip_prefix(PERSON).unwrap_or_default();
        let base = format!("https://www.{PERSON}");
        match Url::parse(&base) {
            Ok(mut url) => {
                if let Ok(mut path) = url.path_segments_mut() {
                    path.pop_if_empty().push(name);
                }
                url.into()
            }
            Err(_) => format!("{base}{name}"),
        }
    }

    /// As contacts keep it: as written where that is an address, which a scheme-less `//linkedin.com/…` is not.
    pub fn web_address(&self) -> String {
        WebAddress::parse(&self.given).map_or_else(|_| self.canonical(), WebAddress::into_inner)
    }
}

impl PartialEq for ProfileUrl {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for ProfileUrl {}

#[cfg(test)]
mod tests {
    use super::*;

    // contract X-135
    #[test]
    fn one_person_in_many_spellings() {
        for spelling in [
            "https://linkedin.com/in/johndoe",
            "https://www.linkedin.com/in/johndoe",
            "http://www.linkedin.com/in/johndoe",
            "HTTPS://WWW.LINKEDIN.COM/in/JohnDoe",
            "https://www.linkedin.com/in/johndoe/",
            "https://www.linkedin.com/in/johndoe//",
            "https://www.linkedin.com//in/johndoe",
            "https://de.linkedin.com/in/johndoe",
            "https://uk.linkedin.com/in/johndoe/en",
            "https://m.linkedin.com/in/johndoe",
            "https://www.linkedin.com/mwlite/in/johndoe",
            "https://touch.linkedin.com/in/johndoe",
            "https://www.linkedin.com/in/johndoe?trk=public_profile",
            "https://www.linkedin.com/in/johndoe/?originalSubdomain=de",
            "https://www.linkedin.com/in/johndoe#experience",
            "https://www.linkedin.com/in/johndoe/details/experience/",
            "https://www.linkedin.com:443/in/johndoe",
            "https://www.linkedin.com./in/johndoe",
            "linkedin.com/in/johndoe",
            "www.linkedin.com/in/johndoe",
            "//www.linkedin.com/in/johndoe",
            "  https://linkedin.com/in/john%64oe  ",
        ] {
            let url = ProfileUrl::parse(spelling).unwrap();
            assert_eq!(url.key(), "linkedin.com/in/johndoe", "{spelling}");
            assert_eq!(url.canonical(), "https://www.linkedin.com/in/johndoe", "{spelling}");
            assert!(WebAddress::parse(&url.web_address()).is_ok(), "{spelling}");
        }
    }

    #[test]
    fn what_is_no_persons_profile_is_refused() {
        for other in [
            "johndoe",
            "https://example.com/in/johndoe",
            "https://linkedin.com.example.com/in/johndoe",
            "https://example.com/?u=linkedin.com/in/johndoe",
            "https://linkedin.com",
            "https://linkedin.com/in",
            "https://linkedin.com/in/",
            "https://linkedin.com/company/acme",
            "https://linkedin.com/jobs/view/1",
            "https://linkedin.com@example.com/in/johndoe",
            "javascript:alert(1)",
            "http://127.0.0.1/in/johndoe",
        ] {
            assert!(matches!(ProfileUrl::parse(other), Err(Problem::Rule(_))), "{other}");
        }
        assert_eq!(ProfileUrl::parse(" "), Err(Problem::Required));
        let long = format!("https://linkedin.com/in/{}", "x".repeat(500));
        assert_eq!(ProfileUrl::parse(&long), Err(Problem::TooLong { max: 500 }));
    }

    #[test]
    fn a_name_cannot_leave_its_place_in_the_address() {
        for (given, canonical) in [
            ("https://linkedin.com/in/jos%C3%A9", "https://www.linkedin.com/in/jos%C3%A9"),
            ("https://linkedin.com/in/a%2Fb%3Fc%23d", "https://www.linkedin.com/in/a%2Fb%3Fc%23d"),
            ("https://linkedin.com/in/a%26b", "https://www.linkedin.com/in/a&b"),
        ] {
            assert_eq!(ProfileUrl::parse(given).unwrap().canonical(), canonical);
        }
    }
}
