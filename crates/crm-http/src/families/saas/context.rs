//! Family C's way in: the access token, the user behind it, what the user's role permits, and the request's body.
//!
//! What a handler may do shows in its signature: it takes a [`Permit`] of [`Read`], [`Write`] or [`Delete`]. Without one it has no tenant.

use std::{marker::PhantomData, sync::Arc};

use actix_web::{FromRequest, HttpRequest, Result, dev::Payload, http::header::AUTHORIZATION};
use crm_domain::{
    control::user::{Permission, User},
    id::SessionId,
    usecase::sign_in,
};
use futures_util::future::{LocalBoxFuture, Ready, ready};
use serde::de::DeserializeOwned;

use super::{answer::IfMatch, error::SaasError, limits};
use crate::{
    App,
    families::Credential,
    shared::{
        auth::UserPrincipal,
        call::{Call, Caller},
        idempotency::Guard,
        json_body::{self, JsonBody, receive},
        jwt::{Bearer, TokenRejection},
        tenant::{TenantSession, block},
    },
};

/// Lets a request in (contract C-15, C-21, C-28). A request without a user in force counts against its address.
pub(crate) async fn admit(call: &Call, request: &HttpRequest, credential: Credential) -> Result<()> {
    if credential == Credential::Open {
        return Ok(limits::count_address(call).await?);
    }
    match recognise(call, request).await {
        Ok(principal) => Ok(limits::count_tenant(call, principal.tenant.id, &principal.tenant.tier).await?),
        Err(failure @ SaasError::Domain(_)) => {
            limits::note_unjudged(call).await;
            Err(failure.into())
        }
        Err(refusal) => {
            limits::count_address(call).await?;
            // Only now: what is refused for its number alone leaves no row in anybody's log.
            if let SaasError::InvalidToken(TokenRejection::Expired(bearer)) = refusal {
                note_claimant(call, bearer).await?;
            }
            Err(refusal.into())
        }
    }
}

/// Notes whose token it was that has expired: that it is turned away is the business of its tenant alone.
pub(crate) async fn note_claimant(call: &Call, bearer: Bearer) -> Result<(), SaasError> {
    let control = Arc::clone(&call.app.control);
    let claimed = block(move || sign_in::holder(&*control, bearer.user)).await?;
    if let Some(claimed) = claimed.filter(|claimed| claimed.tenant.id == bearer.tenant) {
        call.set_claimant(&claimed);
    }
    Ok(())
}

/// The user of the request's token, noted on the call. The role is the user's, not the token's: a changed one counts at once.
pub(crate) async fn recognise(call: &Call, request: &HttpRequest) -> Result<Arc<UserPrincipal>, SaasError> {
    let bearer = bearer(call, request)?;
    let principal = principal(&call.app, bearer).await?.ok_or(SaasError::SessionEnded)?;
    call.set_user(Arc::clone(&principal));
    Ok(principal)
}

/// Whom the request's token names.
pub(super) fn bearer(call: &Call, request: &HttpRequest) -> Result<Bearer, SaasError> {
    Ok(call.app.sign_in.tokens.verify(token(request)?)?)
}

/// The user whom a token names, while user, session and tenant are in force.
pub(super) async fn principal(app: &App, bearer: Bearer) -> crm_domain::Result<Option<Arc<UserPrincipal>>> {
    let principal = app.auth.user_principal(bearer.user, bearer.session).await?;
    Ok(principal.filter(|principal| principal.tenant.id == bearer.tenant))
}

/// The bearer token. Several `Authorization` headers are refused: which of them counts, proxies disagree on.
fn token(request: &HttpRequest) -> Result<&str, SaasError> {
    let mut headers = request.headers().get_all(AUTHORIZATION);
    let header = headers.next().ok_or(SaasError::MissingToken)?;
    let invalid = || SaasError::InvalidToken(TokenRejection::Invalid);
    if headers.next().is_some() {
        return Err(invalid());
    }
    let text = header.to_str().map_err(|_| invalid())?.trim();
    let (scheme, token) = text.split_once(' ').unwrap_or((text, ""));
    match token.trim() {
        _ if !scheme.eq_ignore_ascii_case("bearer") => Err(SaasError::MissingToken),
        "" => Err(SaasError::MissingToken),
        token => Ok(token),
    }
}

/// A permission as a type.
pub(crate) trait Needed: 'static {
    const PERMISSION: Permission;
}

macro_rules! needed {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[allow(dead_code, reason = "every permission has its type, whether a handler needs it yet or not")]
        pub(crate) struct $name;
        impl Needed for $name {
            const PERMISSION: Permission = Permission::$name;
        }
    )*};
}

needed! {
    /// Reads records, and who the users are.
    Read;
    /// Creates and updates records, and acts on them.
    Write;
    /// Deletes, restores and merges records.
    Delete;
    /// Changes what shapes records: pipelines, stages, tags, custom fields, SLA policies, partners.
    Configure;
    /// Reads who changed what.
    ReadAudit;
    /// Reads who was invited.
    ReadInvitations;
    /// Creates, changes, deactivates and invites users.
    ManageUsers;
    /// Creates, changes and deletes webhooks.
    ManageWebhooks;
    /// Changes the tenant's settings.
    ManageSettings;
    /// Mints, changes and revokes API keys.
    ManageApiKeys;
    /// Reads the request log.
    ReadRequestLog;
}

/// Says that the caller is a signed-in user whose role has the permission `N`, and opens the user's tenant.
pub(crate) struct Permit<N> {
    principal: Arc<UserPrincipal>,
    /// The caller's tenant: no other can be reached.
    pub tenant: TenantSession,
    /// The state of the record named by the path that the request asks for.
    pub condition: IfMatch,
    needed: PhantomData<N>,
}

impl<N> Permit<N> {
    /// Who asks.
    pub fn user(&self) -> &User {
        &self.principal.user
    }

    /// Refuses what is asked of another state than the present one, of a record that is shown without an entity tag.
    pub fn over_untagged(&self) -> std::result::Result<(), SaasError> {
        self.condition.holds_untagged().then_some(()).ok_or(SaasError::Stale)
    }

    /// The session of the access token.
    pub fn session(&self) -> SessionId {
        self.principal.session.id
    }
}

impl<N: Needed> FromRequest for Permit<N> {
    type Error = actix_web::Error;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(permit(request))
    }
}

fn permit<N: Needed>(request: &HttpRequest) -> Result<Permit<N>> {
    let call = Call::required(request)?;
    let Caller::User(principal) = call.caller() else {
        return Err(SaasError::MissingToken.into());
    };
    if !principal.user.role.may(N::PERMISSION) {
        return Err(SaasError::NotPermitted(N::PERMISSION).into());
    }
    let tenant = principal.session(&call);
    Ok(Permit {
        principal,
        tenant,
        condition: IfMatch::of(request),
        needed: PhantomData,
    })
}

/// A JSON body, whatever the case of its keys and without a `Content-Type` that says so (contract C-19, C-44, C-52), and the guard of its
/// `Idempotency-Key`.
pub(crate) type Body<T> = json_body::Body<T, SaasError>;

/// A body whose members are known by name, so that one that nobody reads can be refused.
pub(crate) struct Exact<T> {
    /// What it says.
    pub value: T,
    /// The names of its members as they were sent.
    pub names: Vec<String>,
}

impl<T: DeserializeOwned + 'static> FromRequest for Exact<T> {
    type Error = actix_web::Error;
    type Future = LocalBoxFuture<'static, Result<Self>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, mut payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let (body, _) = receive::<SaasError>(&request, &mut payload, b"", |body| body.json_bytes, Guard::of).await?;
            let names = body.names().map(str::to_owned).collect();
            let value = body.bind_any_case().map_err(SaasError::from)?;
            Ok(Self { value, names })
        })
    }
}

/// The body of an action that says enough by its path: nothing is as good as an empty object.
pub(crate) struct Particulars<T>(pub Body<T>);

/// The particulars of an action that has none.
#[derive(Debug, serde::Deserialize)]
pub(crate) struct Nothing {}

impl<T: DeserializeOwned + 'static> FromRequest for Particulars<T> {
    type Error = actix_web::Error;
    type Future = LocalBoxFuture<'static, Result<Self>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, mut payload) = (request.clone(), payload.take());
        Box::pin(async move { Body::receive(&request, &mut payload, b"{}").await.map(Self) })
    }
}

/// The body of a request for many records, which may be larger.
pub(crate) struct BulkBody {
    /// The body.
    pub json: JsonBody,
    /// The guard of its `Idempotency-Key`.
    pub guard: Option<Guard>,
}

impl FromRequest for BulkBody {
    type Error = actix_web::Error;
    type Future = LocalBoxFuture<'static, Result<Self>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, mut payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let (json, guard) = receive::<SaasError>(&request, &mut payload, b"", |body| body.bulk_bytes, Guard::of_any).await?;
            Ok(Self { json, guard })
        })
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn presented(headers: &[&str]) -> Result<String, SaasError> {
        let mut request = TestRequest::get();
        for header in headers {
            request = request.append_header((AUTHORIZATION, *header));
        }
        token(&request.to_http_request()).map(str::to_owned)
    }

    #[test]
    fn a_bearer_token_is_read_whatever_the_schemes_case() {
        for header in ["Bearer a.b.c", "bearer a.b.c", "BEARER  a.b.c "] {
            assert_eq!(presented(&[header]).unwrap(), "a.b.c");
        }
    }

    #[test]
    fn no_token_and_a_wrong_scheme_are_missing_two_headers_are_refused() {
        for headers in [&[][..], &[""], &["Bearer"], &["Bearer  "], &["Basic YTpi"], &["a.b.c"]] {
            assert!(matches!(presented(headers), Err(SaasError::MissingToken)), "{headers:?}");
        }
        assert!(matches!(presented(&["Bearer a", "Bearer b"]), Err(SaasError::InvalidToken(_))));
    }
}
