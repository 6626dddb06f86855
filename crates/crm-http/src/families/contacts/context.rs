//! Credential → tenant (contract D-10 … D-16, D-154, X-01, X-05, X-06, X-140): what a handler holds when its request was let in, and its body.

use std::{
    future::{Ready, ready},
    sync::Arc,
};

use actix_web::{
    FromRequest, HttpRequest,
    dev::Payload,
    http::header::{AUTHORIZATION, HeaderMap, HeaderName},
};
use crm_domain::{
    control::user::{Permission, User},
    id::UserId,
    tenant::change::{Actor, Origin},
};
use futures_util::future::LocalBoxFuture;
use serde::de::DeserializeOwned;

use super::{error::ApiError, limits, scope, session};
use crate::{
    families::Credential,
    settings::BodySettings,
    shared::{
        auth::{KeyPrincipal, UserPrincipal},
        body::read_body,
        call::{Call, Caller},
        csrf,
        fault::Fault,
        idempotency::Guard,
        json_body::{BodyError, JsonBody},
        media_type::{Declared, declared},
        session_cookie::session_cookie,
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
        Credential::Open | Credential::ApiKeyHeader | Credential::Jwt | Credential::JwtOrSession => {
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
    let cookie = session_cookie(request.head());
    let principal = match &cookie {
        Some(cookie) => {
            let idle = call.app.settings.sessions.idle();
            let found = call.app.auth.cookie_principal(cookie, call.received_at, idle).await;
            // A database that is down is not the client's doing: it is told so, and nothing is counted.
            found.map_err(ApiError::from)?
        }
        None => None,
    };
    let Some(principal) = principal else {
        limits::count_address(call).await?;
        return Err(ApiError::NoSession.into());
    };
    call.set_user(Arc::clone(&principal));
    limits::count_session(call, principal.session.id).await?;
    Ok(csrf::check(request, cookie.as_ref()).map_err(ApiError::from)?)
}

/// A header's only value. One that came twice, or in bytes that no key consists of, is a text that is no key.
fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name);
    let first = values.next()?;
    if values.next().is_some() {
        return Some("");
    }
    Some(first.to_str().map_or("", str::trim))
}

fn key_header(headers: &HeaderMap) -> Option<&str> {
    single(headers, &X_API_KEY)
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let text = single(headers, &AUTHORIZATION)?;
    let (scheme, token) = text.split_once(' ').unwrap_or((text, ""));
    Some(if scheme.eq_ignore_ascii_case("bearer") { token.trim() } else { "" })
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
            tenant: session_of(&call, &principal),
            owner: principal.user.id,
        }),
        Caller::Claimant(_) | Caller::Nobody => Err(ApiError::NoKey.into()),
    }
}

fn session_of(call: &Call, principal: &UserPrincipal) -> TenantSession {
    TenantSession {
        tenant: Arc::clone(&principal.tenant),
        store: Arc::clone(&principal.store),
        control: Arc::clone(&call.app.control),
        origin: Origin {
            actor: Actor::User(principal.user.id),
            family: call.family.name(),
        },
        clock: Arc::clone(&call.app.clock),
        now: call.received_at,
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
            tenant: session_of(&call, &principal),
            principal,
        }),
        Caller::Key(_) | Caller::Claimant(_) | Caller::Nobody => Err(ApiError::NoSession.into()),
    }
}

/// A JSON body and the guard of its `Idempotency-Key`.
pub(super) struct Body<T> {
    /// What it says.
    pub value: T,
    /// The guard, when the request came with a key and is a POST.
    pub guard: Option<Guard>,
}

impl<T: DeserializeOwned + 'static> FromRequest for Body<T> {
    type Error = actix_web::Error;
    type Future = LocalBoxFuture<'static, actix_web::Result<Self>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, mut payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let (json, guard) = receive(&request, &mut payload, b"", |body| body.json_bytes).await?;
            let value = json.bind_any_case().map_err(ApiError::from)?;
            Ok(Self { value, guard })
        })
    }
}

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
        Box::pin(async move {
            let (json, guard) = receive(&request, &mut payload, b"{}", |body| body.json_bytes).await?;
            let value = json.bind_any_case().map_err(ApiError::from)?;
            Ok(Self(Body { value, guard }))
        })
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
            let (json, guard) = receive(&request, &mut payload, b"", |body| body.bulk_bytes).await?;
            Ok(Self { json, guard })
        })
    }
}

async fn receive(
    request: &HttpRequest,
    payload: &mut Payload,
    nothing: &'static [u8],
    limit: fn(&BodySettings) -> usize,
) -> actix_web::Result<(JsonBody, Option<Guard>)> {
    let call = Call::required(request)?;
    let settings = call.app.settings.body;
    let deadline = std::time::Duration::from_secs(settings.deadline_seconds);
    let declared = declared(request)?;
    let bytes = read_body(request, payload, limit(&settings), deadline).await?;
    let bytes: &[u8] = if bytes.is_empty() { nothing } else { &bytes };
    let body = match JsonBody::parse(bytes) {
        Err(BodyError::NotJson(_)) if declared == Declared::Form => return Err(Fault::BodyNotJson.into()),
        parsed => parsed.map_err(ApiError::from)?,
    };
    let actor = match call.caller() {
        Caller::Key(key) => Actor::ApiKey(key.key.id),
        Caller::User(principal) => Actor::User(principal.user.id),
        Caller::Claimant(_) | Caller::Nobody => return Ok((body, None)),
    };
    let guard = Guard::of(request, &actor, body.digest()).map_err(ApiError::from)?;
    Ok((body, guard))
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
