//! Who may enter: an Admin or Manager by an access token, as in family C, or by a browser's session, as in family D (contract ).

use actix_web::{HttpRequest, Result};
use crm_domain::Error;

use crate::{
    families::{
        Credential,
        saas::{context, error::SaasError, limits},
    },
    shared::{
        call::Call,
        csrf,
        session_cookie::{is_browsers, session_cookie},
    },
};

/// Lets a request in.
pub(super) async fn admit(call: &Call, request: &HttpRequest, credential: Credential) -> Result<()> {
    if is_browsers(request.head()) {
        return admit_session(call, request).await;
    }
    context::admit(call, request, credential).await
}

async fn admit_session(call: &Call, request: &HttpRequest) -> Result<()> {
    let cookie = session_cookie(request.head());
    let principal = match &cookie {
        Some(cookie) => {
            let idle = call.app.settings.sessions.idle();
            let found = call.app.auth.cookie_principal(cookie, call.received_at, idle).await;
            found.map_err(SaasError::from)?
        }
        None => None,
    };
    let Some(principal) = principal else {
        limits::count_address(call).await?;
        return Err(SaasError::SessionEnded.into());
    };
    let (tenant, tier) = (principal.tenant.id, principal.tenant.tier.clone());
    call.set_user(principal);
    limits::count_tenant(call, tenant, &tier).await?;
    let foreign = |refused: csrf::CrossSite| SaasError::from(Error::Forbidden(refused.to_string()));
    Ok(csrf::check(request, cookie.as_ref()).map_err(foreign)?)
}
