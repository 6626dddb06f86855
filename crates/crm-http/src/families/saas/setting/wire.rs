//! The shapes of the settings.

use crm_domain::{
    control::tenant::Tenant,
    error::Problem,
    field::Check,
    tenant::setting::{SettingDraft, Settings},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    families::saas::id::{TENANT, show},
    shared::json_body::{Decimal, Given},
};

/// The settings, as requests name them.
const NAMES: [&str; 5] = ["name", "companyName", "defaultCurrency", "timeZone", "requestLogDays"];

/// Most unknown names that an error tells, and most characters of each: a body may hold a million.
const STRANGERS_MAX: usize = 20;
const STRANGER_LENGTH: usize = 50;

/// The settings to change; those left out stay.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = saas::SettingsChanges)]
pub(crate) struct SettingsRequest {
    /// The tenant's name.
    #[schema(value_type = Option<String>, max_length = 255, example = "Acme Sales")]
    name: Given<String>,
    /// The company behind it.
    #[schema(value_type = Option<String>, max_length = 255, example = "Acme Inc.")]
    company_name: Given<String>,
    /// The currency (ISO 4217) of amounts that come without one: of deals, companies and filters.
    #[schema(value_type = Option<String>, example = "EUR")]
    default_currency: Given<String>,
    /// The IANA time zone in which days begin: a deal that is closed without a day is closed on the day that it is there, a forecast begins with
    /// the month that it is there, and business hours without a zone are its.
    #[schema(value_type = Option<String>, example = "Europe/Berlin")]
    time_zone: Given<String>,
    /// Days that the request log is kept, but never longer than the server keeps it; null as long as that.
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 3650, example = 30)]
    request_log_days: Given<Decimal>,
}

impl SettingsRequest {
    pub(super) fn draft(self, check: &mut Check) -> SettingDraft {
        SettingDraft {
            name: self.name.patch("name", check),
            company_name: self.company_name.patch("company_name", check),
            default_currency: self.default_currency.patch("default_currency", check),
            time_zone: self.time_zone.patch("time_zone", check),
            request_log_days: self.request_log_days.patch("request_log_days", check),
        }
    }
}

/// Notes the names that are no setting's.
pub(super) fn refuse_strangers(names: &[String], check: &mut Check) {
    let is_known = |name: &&String| NAMES.iter().any(|known| known.eq_ignore_ascii_case(name));
    for stranger in names.iter().filter(|name| !is_known(name)).take(STRANGERS_MAX) {
        let shown: String = stranger.chars().take(STRANGER_LENGTH).collect();
        let shown = if shown.is_empty() { "\"\"".to_owned() } else { shown };
        check.fail(&shown, Problem::Rule(format!("is no setting; these are: {}", NAMES.join(", "))));
    }
}

/// The tenant's settings.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = saas::Settings)]
pub(crate) struct SettingsInfo {
    #[schema(example = "tenant_789")]
    tenant_id: String,
    /// The tenant's name.
    #[schema(example = "Acme Sales")]
    name: String,
    /// The company behind it.
    #[schema(example = "Acme Inc.")]
    company_name: String,
    /// The currency (ISO 4217) of amounts that come without one.
    #[schema(example = "EUR")]
    default_currency: String,
    /// The IANA time zone in which days begin.
    #[schema(example = "Europe/Berlin")]
    time_zone: String,
    /// Days that the request log is kept, but never longer than the server keeps it; null as long as that.
    #[schema(example = 30)]
    request_log_days: Option<i64>,
    /// When one was changed last; null while nobody did.
    #[schema(example = "2026-01-17T10:30:00Z")]
    updated_at: Option<String>,
}

impl SettingsInfo {
    pub(super) fn of(settings: &Settings, tenant: &Tenant) -> Self {
        let fields = &settings.fields;
        let was_changed = settings.updated_at.micros() != 0;
        Self {
            tenant_id: show(TENANT, tenant.id),
            name: fields.name.to_string(),
            company_name: fields.company_name.to_string(),
            default_currency: fields.preferences.default_currency.as_str().to_owned(),
            time_zone: fields.preferences.time_zone.name().to_owned(),
            request_log_days: fields.preferences.request_log_days,
            updated_at: was_changed.then(|| settings.updated_at.to_second_precision()),
        }
    }
}
