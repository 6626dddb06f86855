//! The shapes of lookups (contract D-194, D-196, D-197, X-154).

use actix_web::http::StatusCode;
use crm_domain::{
    enrichment::{Profile, ProfileUrl},
    field::{Check, Email, Patch},
    usecase::enrich::Outcome,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{families::contacts::contact::Contact, shared::json_body::Given};

/// Whether people can be looked up.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = contacts::EnrichmentStatus)]
pub(in super::super) struct Status {
    #[schema(example = true)]
    pub configured: bool,
    /// Null where none is configured.
    #[schema(example = "proxycurl")]
    pub provider: Option<&'static str>,
    #[schema(example = "LinkedIn enrichment is ready to use")]
    pub message: &'static str,
}

/// Whom to look up.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = contacts::EnrichmentRequest)]
pub(in super::super) struct LookupRequest {
    #[schema(value_type = String, example = "https://linkedin.com/in/johndoe")]
    linkedin_url: Given<String>,
}

/// Whom to look up, unless it is the contact's own profile.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = contacts::ContactEnrichmentRequest)]
pub(in super::super) struct OwnLookupRequest {
    #[schema(value_type = Option<String>, example = "https://linkedin.com/in/johndoe")]
    linkedin_url: Given<String>,
}

impl LookupRequest {
    pub fn parse(self) -> crm_domain::Result<ProfileUrl> {
        let mut check = Check::new();
        let given: Patch<String> = self.linkedin_url.patch("linkedin_url", &mut check);
        let person = check.required("linkedin_url", given, None, ProfileUrl::parse);
        check.finish_with(person)
    }
}

impl OwnLookupRequest {
    pub fn parse(self) -> crm_domain::Result<Option<ProfileUrl>> {
        let mut check = Check::new();
        let given: Patch<String> = self.linkedin_url.patch("linkedin_url", &mut check);
        let person = check.optional("linkedin_url", given, None, ProfileUrl::parse);
        check.finish()?;
        Ok(person)
    }
}

/// What is known of a person.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = contacts::Person)]
pub(in super::super) struct Person {
    #[schema(example = "John Doe")]
    full_name: Option<String>,
    #[schema(example = "John")]
    first_name: Option<String>,
    #[schema(example = "Doe")]
    last_name: Option<String>,
    #[schema(example = "john@example.com")]
    email: Option<String>,
    #[schema(example = "+1-555-123-4567")]
    phone: Option<String>,
    #[schema(example = "CEO")]
    title: Option<String>,
    #[schema(example = "Acme Inc")]
    company: Option<String>,
}

impl From<Profile> for Person {
    fn from(profile: Profile) -> Self {
        Self {
            full_name: profile.full_name.map(|text| text.into_inner()),
            first_name: profile.first_name.map(|text| text.into_inner()),
            last_name: profile.last_name.map(|text| text.into_inner()),
            email: profile.email.map(Email::into_inner),
            phone: profile.phone.map(|text| text.into_inner()),
            title: profile.title.map(|text| text.into_inner()),
            company: profile.company.map(|text| text.into_inner()),
        }
    }
}

/// A person who was looked up.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = contacts::FoundPerson)]
pub(in super::super) struct FoundPerson {
    /// Always `true`.
    pub success: bool,
    pub data: Person,
    /// Null where the provider does not say.
    #[schema(example = 1)]
    pub credits_used: Option<u32>,
    #[schema(example = "Contact details found successfully")]
    pub message: &'static str,
}

/// A contact that a profile filled or made.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = contacts::EnrichedContact)]
pub(in super::super) struct EnrichedContact {
    /// Always `true`.
    success: bool,
    contact: Contact,
    /// Null where the provider does not say.
    #[schema(example = 1)]
    credits_used: Option<u32>,
    #[schema(example = "Contact enriched successfully")]
    message: &'static str,
}

impl EnrichedContact {
    pub fn of(outcome: Outcome, credits_used: Option<u32>) -> (StatusCode, Self) {
        let (status, message) = match outcome {
            Outcome::Created(_) => (StatusCode::CREATED, "Contact created successfully"),
            Outcome::Enriched(_) => (StatusCode::OK, "Contact enriched successfully"),
            Outcome::Unchanged(_) => (StatusCode::OK, "The profile tells nothing that the contact does not say"),
        };
        let answer = Self {
            success: true,
            contact: outcome.into_contact().into(),
            credits_used,
            message,
        };
        (status, answer)
    }
}
