//! Restoring a deleted record of any noun (contract X-129).

use actix_web::{HttpResponse, http::StatusCode, web};
use crm_domain::usecase::restore;
use serde::de::IgnoredAny;

use super::{
    answer::{acted, kept},
    context::{Delete, Particulars, Permit},
    error::SaasError,
    id::in_path,
    noun::Noun,
};
use crate::shared::idempotency::once;

/// Makes a deleted record live again.
pub(super) async fn restore<N: Noun>(
    permit: Permit<Delete>,
    id: web::Path<String>,
    Particulars(body): Particulars<IgnoredAny>,
) -> Result<HttpResponse, SaasError> {
    let id: N::Id = in_path(&id, N::PREFIX)?;
    let (tenant, now) = (permit.tenant.tenant.id, permit.tenant.now);
    let answer = permit.tenant.write(move |unit| {
        once(unit, body.guard.as_ref(), |unit| {
            let record = restore::restore::<N>(unit, id)?;
            kept(StatusCode::OK, &record.show(tenant, now))
        })
    });
    Ok(acted(answer.await?))
}
