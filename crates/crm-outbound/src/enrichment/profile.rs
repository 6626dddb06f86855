//! The provider's profile.

use crm_domain::enrichment::{Found, LookupError, Profile, RawProfile};
use serde_json::{Map, Value};

/// Reads an answer. A member that is missing, or is not what it should be, is not known.
pub(super) fn read(body: &[u8], credits: Option<u32>) -> Result<Found, LookupError> {
    let unreadable = |cause: String| LookupError::Unreadable { cause, credits };
    let members: Map<String, Value> = serde_json::from_slice(body).map_err(|error| unreadable(error.to_string()))?;
    let profile = Profile::of(raw(&members)).ok_or_else(|| unreadable("a profile without a name".to_owned()))?;
    Ok(Found { profile, credits })
}

fn raw(members: &Map<String, Value>) -> RawProfile {
    let text = |name| text_of(members, name);
    let job = present_job(members);
    let of_job = |name| job.and_then(|job| text_of(job, name));
    RawProfile {
        full_name: text("full_name"),
        first_name: text("first_name"),
        last_name: text("last_name"),
        email: first_of(members, "personal_emails"),
        phone: first_of(members, "personal_numbers"),
        title: of_job("title"),
        company: of_job("company"),
        company_linkedin: of_job("company_linkedin_profile_url"),
        industry: text("industry"),
        city: text("city"),
        state: text("state"),
        country: text("country_full_name"),
    }
}

/// The first job that has not ended.
fn present_job(members: &Map<String, Value>) -> Option<&Map<String, Value>> {
    let jobs = members.get("experiences")?.as_array()?;
    let mut jobs = jobs.iter().filter_map(Value::as_object);
    jobs.find(|job| job.get("ends_at").is_none_or(Value::is_null))
}

fn text_of(members: &Map<String, Value>, name: &str) -> Option<String> {
    members.get(name)?.as_str().map(str::to_owned)
}

fn first_of(members: &Map<String, Value>, name: &str) -> Option<String> {
    members.get(name)?.as_array()?.iter().find_map(Value::as_str).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read_json(value: &Value) -> Result<Found, LookupError> {
        read(value.to_string().as_bytes(), Some(1))
    }

    #[test]
    fn a_profile_is_read() {
        let found = read_json(&json!({
            "public_identifier": "johndoe", "full_name": "John Doe", "first_name": "John", "last_name": "Doe",
            "occupation": "CEO at Acme Inc", "country": "US", "country_full_name": "United States", "city": "San Francisco", "state": "California",
            "experiences": [
                { "title": "Intern", "company": "Old Inc", "ends_at": { "day": 1, "month": 1, "year": 2020 } },
                { "title": "CEO", "company": "Acme Inc", "company_linkedin_profile_url": "https://www.linkedin.com/company/acme", "ends_at": null },
            ],
            "personal_emails": ["john@example.com", "old@example.com"], "personal_numbers": ["+15551234567"], "industry": null,
        }));
        let Found { profile, credits } = found.unwrap();
        assert_eq!(credits, Some(1));
        assert_eq!(
            (profile.title.as_deref(), profile.company.as_deref()),
            (Some("CEO"), Some("Acme Inc"))
        );
        assert_eq!(profile.email.map(|email| email.into_inner()).as_deref(), Some("john@example.com"));
        assert_eq!(profile.phone.as_deref(), Some("+15551234567"));
        assert_eq!((profile.country.as_deref(), profile.industry), (Some("United States"), None));
    }

    #[test]
    fn what_is_of_another_type_is_not_known() {
        let found = read_json(&json!({
            "full_name": "John Doe", "first_name": 7, "city": ["x"], "experiences": "none", "personal_emails": [null, 5, "john@example.com"],
            "personal_numbers": {},
        }));
        let profile = found.unwrap().profile;
        assert_eq!(
            (profile.first_name, profile.city, profile.title, profile.phone),
            (None, None, None, None)
        );
        assert!(profile.email.is_some());
    }

    #[test]
    fn what_is_no_profile_cannot_be_read() {
        let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
        for body in [
            "",
            "null",
            "[]",
            "\"John\"",
            "{}",
            "{\"full_name\":",
            "<html>",
            "{\"full_name\":\" \"}",
            "\u{feff}{}",
            deep.as_str(),
        ] {
            let read = read(body.as_bytes(), Some(2));
            assert!(matches!(read, Err(LookupError::Unreadable { credits: Some(2), .. })), "{body:.20}");
        }
        assert!(read(b"{\"full_name\":\"\xff\"}", None).is_err());
    }
}
