//! Who may enter: an Admin or Manager by an access token, as in family C, or by a browser's session, as in family D (contract ).

use actix_web::{HttpRequest, Result};
use crm_domain::Error;

use crate::{
    families::{
        Credential,
        saas::{context, error::SaasError, limits},
    },
    shared::{auth, call::Call, csrf, session_cookie::is_browsers},
};

/// Lets a request in.
pub(super) async fn admit(call: &Call, request: &HttpRequest, credential: Credential) -> Result<()> {
    if is_browsers(request.head()) {
        return admit_session(call, request).await;
    }
    context::admit(call, request, credential).await
}

async fn admit_session(call: &Call, request: &HttpRequest) -> Result<()> {
    let (cookie, principal) = match auth::recognise(call, request).await {
        Ok(Some(recognised)) => recognised,
        Ok(None) => {
            limits::count_address(call).await?;
            return Err(SaasError::SessionEnded.into());
        }
        Err(error) => {
            limits::note_unjudged(call).await;
            return Err(SaasError::from(error).into());
        }
    };
    limits::count_tenant(call, principal.tenant.id, &principal.tenant.tier).await?;
    let foreign = |refused: csrf::CrossSite| SaasError::from(Error::Forbidden(refused.to_string()));
    Ok(csrf::check(request, Some(&cookie)).map_err(foreign)?)
}
