//! Credential → tenant (contract E-01, E-13, X-159): what a handler holds when its request was let in, and its body.

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
    control::user::{Role, User},
    id::{RecordId, TenantId},
};

use super::{error::ApiError, limits, page::Query, permission};
use crate::{
    families::{
        Credential,
        saas::{context as saas, error::SaasError},
    },
    shared::{
        auth::{self, UserPrincipal},
        call::{Call, Caller},
        csrf, json_body,
        jwt::TokenRejection,
        session_cookie::is_browsers,
        tenant::TenantSession,
    },
};

const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// Lets a request in.
pub(super) async fn admit(call: &Call, request: &HttpRequest, credential: Credential) -> actix_web::Result<()> {
    match credential {
        Credential::JwtOrSession if is_browsers(request.head()) => Ok(admit_session(call, request).await?),
        Credential::JwtOrSession => Ok(admit_token(call, request).await?),
        _ => {
            let key = limits::gate(call).admit(call, presented(request.headers())).await;
            let key = key.map_err(ApiError::refused)?;
            Ok(permission::check(request.method(), call.template, &key.key.fields.grants)?)
        }
    }
}

async fn admit_session(call: &Call, request: &HttpRequest) -> Result<(), ApiError> {
    let (cookie, principal) = match auth::recognise(call, request).await {
        Ok(Some(recognised)) => recognised,
        Ok(None) => {
            limits::count_address(call).await?;
            return Err(ApiError::NotSignedIn);
        }
        Err(error) => {
            limits::note_unjudged(call).await;
            return Err(error.into());
        }
    };
    limits::count_session(call, principal.session.id).await?;
    Ok(csrf::check(request, Some(&cookie))?)
}

async fn admit_token(call: &Call, request: &HttpRequest) -> Result<(), ApiError> {
    match saas::recognise(call, request).await {
        Ok(principal) => Ok(limits::count_session(call, principal.session.id).await?),
        Err(SaasError::Domain(error)) => {
            limits::note_unjudged(call).await;
            Err(error.into())
        }
        Err(refusal) => {
            limits::count_address(call).await?;
            if let SaasError::InvalidToken(TokenRejection::Expired(bearer)) = refusal {
                saas::note_claimant(call, bearer).await.map_err(note_failed)?;
            }
            Err(ApiError::NotSignedIn)
        }
    }
}

/// Noting whose token it was asks a database, which may fail.
fn note_failed(error: SaasError) -> ApiError {
    match error {
        SaasError::Domain(error) => error.into(),
        _ => ApiError::NotSignedIn,
    }
}

/// The key that a request came with. A key sent twice, or in bytes that no key consists of, is presented as a text that is no key.
fn presented(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(&X_API_KEY);
    let first = values.next()?;
    if values.next().is_some() {
        return Some("");
    }
    Some(first.to_str().map_or("", str::trim))
}

/// The holder of a key, and the way into the tenant's database. What the key may do was judged when it was let in.
pub(super) struct Access {
    /// The tenant.
    pub tenant: TenantSession,
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
        }),
        Caller::User(_) | Caller::Claimant(_) | Caller::Nobody => Err(ApiError::NoKey.into()),
    }
}

/// An Admin of the tenant that the query names.
pub(super) struct Administrator {
    principal: Arc<UserPrincipal>,
    /// The tenant.
    pub tenant: TenantSession,
}

impl Administrator {
    /// Who asks.
    pub fn user(&self) -> &User {
        &self.principal.user
    }
}

impl FromRequest for Administrator {
    type Error = actix_web::Error;
    type Future = Ready<actix_web::Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(administrator(request))
    }
}

fn administrator(request: &HttpRequest) -> actix_web::Result<Administrator> {
    let call = Call::required(request)?;
    let Caller::User(principal) = call.caller() else {
        return Err(ApiError::NotSignedIn.into());
    };
    if principal.user.role != Role::Admin {
        return Err(ApiError::Forbidden.into());
    }
    check_tenant(request.query_string(), &principal)?;
    let tenant = principal.session(&call);
    Ok(Administrator { principal, tenant })
}

/// What family C's ids of tenants begin with.
const TENANT: &str = "tenant_";

/// A tenant is named by its uuid or by its id of family C; another's is not told from one that nobody has (contract E-08, X-159).
fn check_tenant(query: &str, principal: &UserPrincipal) -> Result<(), ApiError> {
    let mut query = Query::parse(query);
    let Some(named) = query.text("tenant_id").map(str::to_owned) else {
        query.fail("tenant_id", crm_domain::error::Problem::Required);
        return query.finish();
    };
    let tenant = &principal.tenant;
    let is_own = named.eq_ignore_ascii_case(&tenant.uuid.to_string()) || TenantId::parse_prefixed(&named, TENANT) == Some(tenant.id);
    if is_own { Ok(()) } else { Err(ApiError::NotFound) }
}

/// A JSON body and the guard of its `Idempotency-Key`.
pub(super) type Body<T> = json_body::Body<T, ApiError>;

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    #[test]
    fn a_key_counts_only_when_it_came_once_and_as_text() {
        let with = |values: &[&[u8]]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(X_API_KEY, HeaderValue::from_bytes(value).unwrap());
            }
            presented(&headers).map(str::to_owned)
        };
        assert_eq!(with(&[]), None);
        assert_eq!(with(&[b" key "]), Some("key".to_owned()));
        assert_eq!(with(&[b"key", b"key"]), Some(String::new()));
        assert_eq!(with(&[b"k\xffy"]), Some(String::new()));
    }
}
