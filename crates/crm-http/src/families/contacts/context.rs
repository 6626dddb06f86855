//! Credential → tenant (contract D-10 … D-16, D-154, X-01, X-05, X-06, X-140): what a handler holds when its request was let in, and its body.

use std::{
    future::{Ready, ready},
    sync::Arc,
};

use actix_web::{
    FromRequest, HttpRequest,
    dev::Payload,
    http::header::{HeaderMap, HeaderName},
};
use crm_domain::{
    control::user::{Permission, User},
    id::UserId,
};
use futures_util::future::LocalBoxFuture;
use serde::de::DeserializeOwned;

use super::{error::ApiError, limits, scope, session};
use crate::{
    families::Credential,
    shared::{
        auth::{self, KeyPrincipal, UserPrincipal, bearer, single},
        call::{Call, Caller},
        csrf,
        idempotency::Guard,
        json_body::{self, JsonBody, receive},
        tenant::TenantSession,
    },
};

const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// Lets a request in.
pub(super) async fn admit(call: &Call, request: &HttpRequest, credential: Credential) -> actix_web::Result<()> {
    let headers = request.headers();
    match credential {
        Credential::ScopedKey => {
            let key = admit_key(call, either(bearer(headers), key_header(headers))).await?;
            Ok(scope::check(request.method(), call.template, &key.key.fields.grants)?)
        }
        Credential::ScopedKeyHeader => {
            let key = admit_key(call, key_header(headers)).await?;
            Ok(scope::check(request.method(), call.template, &key.key.fields.grants)?)
        }
        Credential::Session => admit_session(call, request).await,
        // Another family's credential opens nothing here.
        Credential::Open
        | Credential::ApiKeyHeader
        | Credential::PermittedKey
        | Credential::BearerKey
        | Credential::Jwt
        | Credential::JwtOrSession => {
            limits::count_address(call).await?;
            // Another site's page must not sign its visitor in as somebody else.
            if call.template == Some(session::LOGIN) {
                csrf::check(request, None).map_err(ApiError::from)?;
            }
            Ok(())
        }
    }
}

async fn admit_key(call: &Call, presented: Option<&str>) -> actix_web::Result<Arc<KeyPrincipal>> {
    limits::gate(call).admit(call, presented).await.map_err(ApiError::refused)
}

async fn admit_session(call: &Call, request: &HttpRequest) -> actix_web::Result<()> {
    let (cookie, principal) = match auth::recognise(call, request).await {
        Ok(Some(recognised)) => recognised,
        Ok(None) => {
            limits::count_address(call).await?;
            return Err(ApiError::NoSession.into());
        }
        Err(error) => {
            limits::note_unjudged(call).await;
            return Err(ApiError::from(error).into());
        }
    };
    limits::count_session(call, principal.session.id).await?;
    Ok(csrf::check(request, Some(&cookie)).map_err(ApiError::from)?)
}

fn key_header(headers: &HeaderMap) -> Option<&str> {
    single(headers, &X_API_KEY)
}

/// Both forms may be sent together, when they are the same key.
fn either<'a>(bearer: Option<&'a str>, header: Option<&'a str>) -> Option<&'a str> {
    match (bearer, header) {
        (Some(bearer), Some(header)) if bearer != header => Some(""),
        (Some(key), _) | (None, Some(key)) => Some(key),
        (None, None) => None,
    }
}

/// Somebody who was let in, and the way into the tenant's database.
pub(super) struct Access {
    /// The tenant.
    pub tenant: TenantSession,
    /// Who owns what is made: the session's user, or who made the key.
    pub owner: UserId,
}

impl FromRequest for Access {
    type Error = actix_web::Error;
    type Future = Ready<actix_web::Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(access(request))
    }
}

fn access(request: &HttpRequest) -> actix_web::Result<Access> {
    let call = Call::required(request)?;
    match call.caller() {
        Caller::Key(key) => Ok(Access {
            tenant: key.session(&call),
            owner: key.key.created_by,
        }),
        Caller::User(principal) => Ok(Access {
            tenant: principal.session(&call),
            owner: principal.user.id,
        }),
        Caller::Claimant(_) | Caller::Nobody => Err(ApiError::NoKey.into()),
    }
}

/// A user in a browser.
pub(super) struct Browser {
    /// The user's session, and more.
    pub principal: Arc<UserPrincipal>,
    /// The user's tenant.
    pub tenant: TenantSession,
}

impl Browser {
    /// The user.
    pub fn user(&self) -> &User {
        &self.principal.user
    }

    /// Asks for a permission.
    ///
    /// # Errors
    /// [`ApiError::Forbidden`].
    pub fn require(&self, permission: Permission) -> Result<(), ApiError> {
        if self.user().role.may(permission) {
            Ok(())
        } else {
            Err(ApiError::Forbidden("Your role does not permit this operation".to_owned()))
        }
    }
}

impl FromRequest for Browser {
    type Error = actix_web::Error;
    type Future = Ready<actix_web::Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(browser(request))
    }
}

fn browser(request: &HttpRequest) -> actix_web::Result<Browser> {
    let call = Call::required(request)?;
    match call.caller() {
        Caller::User(principal) => Ok(Browser {
            tenant: principal.session(&call),
            principal,
        }),
        Caller::Key(_) | Caller::Claimant(_) | Caller::Nobody => Err(ApiError::NoSession.into()),
    }
}

/// A JSON body and the guard of its `Idempotency-Key`.
pub(super) type Body<T> = json_body::Body<T, ApiError>;

/// A body that may be left out: nothing is as good as an empty object.
pub(super) struct Optional<T>(pub Body<T>);

/// What a body holds that says nothing.
#[derive(Debug, serde::Deserialize)]
pub(super) struct Nothing {}

impl<T: DeserializeOwned + 'static> FromRequest for Optional<T> {
    type Error = actix_web::Error;
    type Future = LocalBoxFuture<'static, actix_web::Result<Self>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, mut payload) = (request.clone(), payload.take());
        Box::pin(async move { Body::receive(&request, &mut payload, b"{}").await.map(Self) })
    }
}

/// A body as it is, which may be larger; for many records, and for what users name themselves.
pub(super) struct Raw {
    /// The body.
    pub json: JsonBody,
    /// The guard of its `Idempotency-Key`.
    pub guard: Option<Guard>,
}

impl FromRequest for Raw {
    type Error = actix_web::Error;
    type Future = LocalBoxFuture<'static, actix_web::Result<Self>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, mut payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let (json, guard) = receive::<ApiError>(&request, &mut payload, b"", |body| body.bulk_bytes, Guard::of).await?;
            Ok(Self { json, guard })
        })
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn presented(headers: &[(&'static str, &str)]) -> Option<String> {
        let mut request = TestRequest::get();
        for header in headers {
            request = request.append_header(*header);
        }
        let request = request.to_http_request();
        either(bearer(request.headers()), key_header(request.headers())).map(str::to_owned)
    }

    #[test]
    fn a_key_comes_in_one_of_two_headers() {
        let key = Some("crm_x".to_owned());
        assert_eq!(presented(&[("authorization", "Bearer crm_x")]), key);
        assert_eq!(presented(&[("authorization", "bearer  crm_x ")]), key);
        assert_eq!(presented(&[("x-api-key", " crm_x ")]), key);
        assert_eq!(presented(&[("x-api-key", "crm_x"), ("authorization", "Bearer crm_x")]), key);
        assert_eq!(presented(&[]), None);
        for wrong in [
            &[("authorization", "Basic crm_x")][..],
            &[("authorization", "crm_x")],
            &[("x-api-key", "crm_x"), ("x-api-key", "crm_x")],
            &[("x-api-key", "crm_x"), ("authorization", "Bearer crm_y")],
        ] {
            assert_eq!(presented(wrong), Some(String::new()), "{wrong:?}");
        }
    }
}
