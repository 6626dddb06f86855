//! The shapes of an SLA policy.

use crm_domain::{
    business_hours::{BusinessHours, BusinessHoursDraft},
    error::Problem,
    field::{Check, Patch},
    id::TenantId,
    tenant::sla_policy::{self, SlaPolicyDraft},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::{
    families::saas::{
        id::{SLA_POLICY, TENANT, USER, show},
        schema::changes_schema,
    },
    shared::json_body::{Decimal, Given, JsonType},
};

/// A policy as it is sent: to create one, or the fields of one to change. Null clears a field.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = saas::SlaPolicyRequest)]
pub(crate) struct SlaPolicyRequest {
    /// Required to create; unique among the tenant's policies, whatever its case.
    #[schema(value_type = String, example = "Urgent tickets")]
    name: Given<String>,
    /// Required to create: `Ticket`, `Lead` or `Deal`.
    #[schema(value_type = String, example = "Ticket")]
    applies_to: Given<String>,
    /// The priority that it is for: `Low`, `Normal`, `High` or `Urgent`.
    #[schema(value_type = Option<String>, example = "Urgent")]
    priority: Given<String>,
    /// Required to create. In working time.
    #[schema(value_type = i64, minimum = 1, maximum = 525600, example = 60)]
    first_response_minutes: Given<Decimal>,
    /// Required to create. In working time.
    #[schema(value_type = i64, minimum = 1, maximum = 525600, example = 480)]
    resolution_minutes: Given<Decimal>,
    /// How long a record may stay in one stage, in working time.
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 525600)]
    stage_minutes: Given<Decimal>,
    /// How much of a target is used up when a warning is due, in per cent; 80 when left out.
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 100)]
    warning_percent: Given<Decimal>,
    /// When time counts; always when left out. Set as a whole.
    #[schema(value_type = Option<Hours>)]
    business_hours: Given<HoursRequest>,
    /// Whether it is for the records that no other policy is for. A new default takes the place of the one before.
    #[schema(value_type = Option<bool>)]
    is_default: Given<bool>,
    /// True when left out. One that is not is given to no further record.
    #[schema(value_type = Option<bool>)]
    is_active: Given<bool>,
}

/// Business hours as they are sent.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HoursRequest {
    time_zone: Given<String>,
    days: Given<Vec<String>>,
    from: Given<String>,
    to: Given<String>,
}

impl JsonType for HoursRequest {
    const EXPECTED: &'static str = "an object";
    fn from_json(value: Value) -> Option<Self> {
        let Value::Object(object) = value else { return None };
        serde_json::from_value(Value::Object(object)).ok()
    }
}

impl HoursRequest {
    fn draft(self, check: &mut Check) -> BusinessHoursDraft {
        BusinessHoursDraft {
            time_zone: self.time_zone.patch("business_hours.time_zone", check),
            days: self.days.patch("business_hours.days", check).or_current(None).unwrap_or_default(),
            from: self.from.patch("business_hours.from", check),
            to: self.to.patch("business_hours.to", check),
        }
    }
}

impl SlaPolicyRequest {
    pub(super) fn draft(self, check: &mut Check) -> SlaPolicyDraft {
        let business_hours = match self.business_hours {
            Given::Value(hours) => Patch::Set(hours.draft(check)),
            Given::Missing => Patch::Keep,
            Given::Null => Patch::Clear,
            Given::WrongType => {
                let expected = HoursRequest::EXPECTED.to_owned();
                check.fail("business_hours", Problem::Type { expected });
                Patch::Keep
            }
        };
        SlaPolicyDraft {
            name: self.name.patch("name", check),
            applies_to: self.applies_to.patch("applies_to", check),
            priority: self.priority.patch("priority", check),
            first_response_minutes: self.first_response_minutes.patch("first_response_minutes", check),
            resolution_minutes: self.resolution_minutes.patch("resolution_minutes", check),
            stage_minutes: self.stage_minutes.patch("stage_minutes", check),
            warning_percent: self.warning_percent.patch("warning_percent", check),
            business_hours,
            is_default: self.is_default.patch("is_default", check),
            is_active: self.is_active.patch("is_active", check),
        }
    }
}

changes_schema! {
    /// Documents a body that changes a policy.
    SlaPolicyChanges = "saas.SlaPolicyChanges" of SlaPolicyRequest
}

/// The hours in which people work.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = saas::BusinessHours)]
pub(crate) struct Hours {
    /// The name of an IANA time zone.
    #[schema(example = "Europe/Berlin")]
    time_zone: String,
    #[schema(example = json!(["Monday", "Tuesday", "Wednesday", "Thursday", "Friday"]))]
    days: Vec<String>,
    #[schema(example = "09:00")]
    from: String,
    /// At least an hour later; `24:00` is the end of the day.
    #[schema(example = "17:00")]
    to: String,
}

impl From<BusinessHours> for Hours {
    fn from(hours: BusinessHours) -> Self {
        Self {
            time_zone: hours.time_zone().name().to_owned(),
            days: hours.days().map(str::to_owned).collect(),
            from: hours.from(),
            to: hours.to(),
        }
    }
}

/// An SLA policy. Minutes are working time, as its business hours say.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = saas::SlaPolicy)]
pub(crate) struct SlaPolicy {
    #[schema(example = "sla_policy_2")]
    id: String,
    #[schema(example = "Urgent tickets")]
    name: String,
    #[schema(example = "Ticket")]
    applies_to: &'static str,
    #[schema(example = "Urgent")]
    priority: Option<&'static str>,
    #[schema(example = 60)]
    first_response_minutes: i64,
    #[schema(example = 480)]
    resolution_minutes: i64,
    stage_minutes: Option<i64>,
    #[schema(example = 80)]
    warning_percent: i64,
    business_hours: Option<Hours>,
    is_default: bool,
    is_active: bool,
    #[schema(example = "2026-01-17T10:30:00Z")]
    created_at: String,
    #[schema(example = "2026-01-17T10:30:00Z")]
    updated_at: String,
    /// Null when no user but an integration or an import made it.
    #[schema(example = "user_456")]
    created_by: Option<String>,
    #[schema(example = "tenant_789")]
    tenant_id: String,
}

impl SlaPolicy {
    pub(super) fn of(policy: sla_policy::SlaPolicy, tenant: TenantId) -> Self {
        let fields = policy.fields;
        Self {
            id: show(SLA_POLICY, policy.id),
            name: fields.name.into_inner(),
            applies_to: fields.applies_to.as_str(),
            priority: fields.priority.map(|priority| priority.as_str()),
            first_response_minutes: fields.first_response_minutes,
            resolution_minutes: fields.resolution_minutes,
            stage_minutes: fields.stage_minutes,
            warning_percent: fields.warning_percent,
            business_hours: fields.business_hours.map(Hours::from),
            is_default: fields.is_default,
            is_active: fields.is_active,
            created_at: policy.created_at.to_second_precision(),
            updated_at: policy.updated_at.to_second_precision(),
            created_by: policy.created_by.map(|id| show(USER, id)),
            tenant_id: show(TENANT, tenant),
        }
    }
}
