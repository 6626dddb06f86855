//! The shapes of jobs that look people up (contract D-125, D-133, X-131, X-136).

use std::collections::HashMap;

use crm_domain::{
    Error, Result,
    enrichment::ProfileUrl,
    field::{Check, Patch},
    id::ContactId,
    tenant::{
        contact::ContactReads,
        job::{Job as Entity, JobState},
    },
    usecase::enrich::{self, Subject, job::Shape},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    families::contacts::{error::ItemError, id},
    shared::json_body::Given,
};

/// Whom a job looks up.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = contacts::EnrichmentJobRequest)]
pub(in crate::families::contacts) struct JobRequest {
    #[schema(value_type = String, example = "https://linkedin.com/in/janedoe")]
    linkedin_url: Given<String>,
    /// Which contact the profile fills. Without it that is the one that has the profile; where none has, a contact is made.
    #[schema(value_type = Option<String>, format = Uuid)]
    contact_id: Given<String>,
}

/// A request that was understood.
#[derive(Debug, Clone)]
pub(super) struct Wish {
    pub person: ProfileUrl,
    pub contact: Option<Uuid>,
}

impl JobRequest {
    pub(super) fn parse(self) -> Result<Wish> {
        let mut check = Check::new();
        let url: Patch<String> = self.linkedin_url.patch("linkedin_url", &mut check);
        let person = check.required("linkedin_url", url, None, ProfileUrl::parse);
        let contact: Patch<String> = self.contact_id.patch("contact_id", &mut check);
        let person = check.finish_with(person)?;
        let contact = match contact {
            Patch::Set(text) => Some(id::parse::<ContactId>(&text)?),
            Patch::Keep | Patch::Clear => None,
        };
        Ok(Wish { person, contact })
    }
}

impl Wish {
    pub(super) fn subject(self, contacts: &mut (impl ContactReads + ?Sized)) -> Result<Subject> {
        match self.contact {
            Some(contact) => enrich::of_contact(contacts, contact, Some(self.person)),
            None => enrich::of_anybody(contacts, self.person),
        }
    }
}

/// How far a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = contacts::JobStatus)]
pub(in crate::families::contacts) enum Status {
    Pending,
    Processing,
    Completed,
    Failed,
}

impl From<JobState> for Status {
    fn from(state: JobState) -> Self {
        match state {
            JobState::Queued => Self::Pending,
            JobState::Running => Self::Processing,
            JobState::Completed => Self::Completed,
            JobState::Failed | JobState::Cancelled => Self::Failed,
        }
    }
}

/// A lookup.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = contacts::EnrichmentJob)]
pub(in crate::families::contacts) struct Job {
    #[schema(format = Uuid)]
    id: String,
    #[schema(example = "https://linkedin.com/in/janedoe")]
    linkedin_url: String,
    /// The contact that the profile fills, or made; null where that is not known so far.
    #[schema(format = Uuid)]
    contact_id: Option<String>,
    status: Status,
    /// Null where nothing was asked so far, or the provider does not say.
    #[schema(example = 1)]
    credits_used: Option<u32>,
    /// Why it failed; of a pending job why it is tried again.
    error: Option<String>,
    /// `created`, `enriched` or `unchanged`: what the profile did.
    #[schema(example = "enriched")]
    result: Option<&'static str>,
    /// How often the provider was asked.
    #[schema(example = 1)]
    attempts: u32,
    #[schema(example = "2024-01-21T10:00:00Z")]
    created_at: String,
    #[schema(example = "2024-01-21T10:00:05Z")]
    completed_at: Option<String>,
}

impl Job {
    fn of(job: Entity, contacts: &HashMap<ContactId, Uuid>) -> Result<Self> {
        let (wanted, progress) = (job.payload_of::<Shape>()?, job.progress_of::<Shape>()?);
        Ok(Self {
            id: job.uuid.to_string(),
            linkedin_url: wanted.linkedin_url,
            contact_id: job.contact_id.and_then(|id| contacts.get(&id)).map(Uuid::to_string),
            status: job.state.into(),
            credits_used: progress.credits,
            error: job.last_error,
            result: progress.result.map(|done| done.as_str()),
            attempts: progress.attempts,
            created_at: job.created_at.to_second_precision(),
            completed_at: job.finished_at.map(|stamp| stamp.to_second_precision()),
        })
    }

    /// The jobs, with the uuids of their contacts.
    pub(super) fn all(contacts: &mut (impl ContactReads + ?Sized), jobs: Vec<Entity>) -> Result<Vec<Self>> {
        let ids: Vec<ContactId> = jobs.iter().filter_map(|job| job.contact_id).collect();
        let uuids: HashMap<ContactId, Uuid> = contacts.uuids_of(&ids)?.into_iter().collect();
        jobs.into_iter().map(|job| Self::of(job, &uuids)).collect()
    }

    pub(super) fn one(contacts: &mut (impl ContactReads + ?Sized), job: Entity) -> Result<Self> {
        let shown = Self::all(contacts, vec![job])?.pop();
        shown.ok_or_else(|| Error::Internal("a job is not shown".to_owned()))
    }
}

/// One job.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = contacts::OneEnrichmentJob)]
pub(in crate::families::contacts) struct OneJob {
    pub(super) job: Job,
}

/// Jobs, newest first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = contacts::EnrichmentJobs)]
pub(in crate::families::contacts) struct Jobs {
    pub(super) jobs: Vec<Job>,
}

/// Jobs, newest first, for a page.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = contacts::EnrichmentHistory)]
pub(in crate::families::contacts) struct History {
    /// Always `true`.
    pub(super) success: bool,
    pub(super) jobs: Vec<Job>,
}

/// Lookups to start.
#[derive(ToSchema)]
#[schema(as = contacts::EnrichmentJobsRequest)]
#[expect(dead_code, reason = "documents the body, never made")]
pub(in crate::families::contacts) struct JobsRequest {
    /// At most 100.
    jobs: Vec<JobRequest>,
}

/// What became of many lookups.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = contacts::EnrichmentJobsResult)]
pub(in crate::families::contacts) struct Outcome {
    summary: Summary,
    /// Those that were started.
    jobs: Vec<Job>,
    results: Vec<ItemResult>,
}

/// How many were started.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = contacts::EnrichmentJobsSummary)]
pub(in crate::families::contacts) struct Summary {
    #[schema(example = 2)]
    total: usize,
    #[schema(example = 2)]
    created: usize,
    #[schema(example = 0)]
    failed: usize,
}

/// What became of one of them.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = contacts::EnrichmentJobsItem)]
pub(in crate::families::contacts) struct ItemResult {
    /// Its place in the request, from 0.
    index: usize,
    success: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = Uuid)]
    job_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ItemError>,
}

impl Outcome {
    pub(super) fn of(outcomes: Vec<Result<Job>>) -> Self {
        let total = outcomes.len();
        let (mut jobs, mut results) = (Vec::new(), Vec::with_capacity(total));
        for (index, outcome) in outcomes.into_iter().enumerate() {
            results.push(ItemResult {
                index,
                success: outcome.is_ok(),
                job_id: outcome.as_ref().ok().map(|job| job.id.clone()),
                error: outcome.as_ref().err().map(ItemError::from),
            });
            jobs.extend(outcome);
        }
        let created = jobs.len();
        Self {
            summary: Summary {
                total,
                created,
                failed: total - created,
            },
            jobs,
            results,
        }
    }
}
