//! Restoring a deleted record of any noun (contract X-129).

use actix_web::{HttpResponse, web};
use crm_domain::usecase::restore;
use serde::de::IgnoredAny;

use super::{
    context::{Particulars, Permit},
    error::SaasError,
    noun::Noun,
    resource::act,
};

/// Makes a deleted record live again.
pub(super) async fn restore<N: Noun>(
    permit: Permit<N::Removing>,
    id: web::Path<String>,
    Particulars(body): Particulars<IgnoredAny>,
) -> Result<HttpResponse, SaasError> {
    act::<N>(&permit.tenant, body.guard, &id, restore::restore).await
}
