//! The tenant's settings: what its administrators decide for all of its records. Everybody may read them.

mod wire;

use std::sync::Arc;

use actix_web::HttpResponse;
use crm_domain::{
    field::Check,
    tenant::setting::{self, Settings},
};

use super::{
    answer::record,
    context::{Exact, ManageSettings, Permit, Read},
    error::{BodyResponses, ErrorResponses, SaasError, StaleResponses},
};
use wire::{SettingsInfo, SettingsRequest};

pub(super) const PATH: &str = "/api/settings";

/// Shows the tenant's settings.
#[utoipa::path(
    get, path = PATH, tag = "settings", operation_id = "saas_get_settings",
    responses((status = 200, description = "The settings", body = SettingsInfo), ErrorResponses),
    security(("accessToken" = []))
)]
pub(super) async fn get(permit: Permit<Read>) -> Result<HttpResponse, SaasError> {
    let kept = permit.tenant.read(|reader| reader.settings().lookup()).await?;
    let settings = Settings::of(&permit.tenant.tenant, kept);
    Ok(record(&SettingsInfo::of(&settings, &permit.tenant.tenant), settings.updated_at))
}

/// Changes the settings given; the others stay. A name that is no setting's is an error: nothing is taken for set that is not.
#[utoipa::path(
    put, path = PATH, tag = "settings", operation_id = "saas_update_settings", request_body = SettingsRequest,
    params(("If-Match" = Option<String>, Header, description = "Only while the settings have this entity tag")),
    responses(
        (status = 200, description = "The settings as they are now", body = SettingsInfo),
        ErrorResponses, StaleResponses, BodyResponses
    ),
    security(("accessToken" = []))
)]
pub(super) async fn update(permit: Permit<ManageSettings>, body: Exact<SettingsRequest>) -> Result<HttpResponse, SaasError> {
    let mut check = Check::new();
    wire::refuse_strangers(&body.names, &mut check);
    let draft = body.value.draft(&mut check);
    let (tenant, control) = (Arc::clone(&permit.tenant.tenant), Arc::clone(&permit.tenant.control));
    let condition = permit.condition.clone();
    let written = permit.tenant.write(move |unit| {
        let kept = unit.settings().lookup()?;
        // The names as they are now, not as they were when the request was let in.
        let known = control.reading(|reader| reader.tenants().lookup(tenant.id))?;
        let before = Settings::of(known.as_ref().unwrap_or(&tenant), kept);
        if !condition.holds(before.updated_at) {
            return Ok(None);
        }
        setting::update(unit, &*control, before, tenant.id, draft, check).map(Some)
    });
    let settings = written.await?.ok_or(SaasError::Stale)?;
    Ok(record(&SettingsInfo::of(&settings, &permit.tenant.tenant), settings.updated_at))
}
