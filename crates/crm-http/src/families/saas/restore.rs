//! Restoring a deleted record of any noun (contract X-129).

use actix_web::{HttpResponse, web};
use crm_domain::{stamp::Stamp, tenant::UnitOfWork, usecase::restore};
use serde::de::IgnoredAny;

use super::{
    context::{Particulars, Permit},
    error::SaasError,
    noun::Noun,
    resource::{self, act_on},
};

/// Makes a deleted record live again.
pub(super) async fn restore<N: Noun>(
    permit: Permit<N::Removing>,
    id: web::Path<String>,
    Particulars(body): Particulars<IgnoredAny>,
) -> Result<HttpResponse, SaasError> {
    act_on::<N>(&permit, body.guard, &id, changed_at::<N>, restore::restore).await
}

/// When the record changed last, which for a deleted one is when it was deleted.
fn changed_at<N: Noun>(unit: &mut dyn UnitOfWork, id: N::Id) -> crm_domain::Result<Option<Stamp>> {
    match N::lookup_deleted(unit, id)? {
        Some(deleted) => Ok(Some(deleted.updated_at())),
        None => resource::changed_at::<N>(unit, id),
    }
}
