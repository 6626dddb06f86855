//! Credential → tenant (contract A-08 … A-14): what a handler holds when its request was let in.

use std::future::{Ready, ready};

use actix_web::{
    FromRequest, HttpRequest,
    dev::Payload,
    http::header::{HeaderMap, HeaderName},
};
use crm_domain::control::api_key::KeyRejection;

use super::{account::Unassigned, error::ApiError, limits::gate};
use crate::shared::{
    auth::KeyRefusal,
    call::{Call, Caller},
    fault::Fault,
    tenant::TenantSession,
};

const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// A key's right to read its tenant: the family has no other.
pub(super) struct Reader {
    /// The tenant's database.
    pub session: TenantSession,
    /// What stands for the account of opportunities that have none.
    pub unassigned: Unassigned,
}

impl FromRequest for Reader {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(reader(request))
    }
}

fn reader(request: &HttpRequest) -> Result<Reader, ApiError> {
    let call = Call::required(request)?;
    match call.caller() {
        Caller::Key(key) => Ok(Reader {
            session: key.session(&call),
            unassigned: Unassigned {
                owner: key.first_user,
                since: key.tenant.created_at,
            },
        }),
        Caller::User(_) | Caller::Claimant(_) | Caller::Nobody => Err(ApiError::KeyRequired),
    }
}

/// Lets the holder of a key in; every endpoint of the family asks for one.
pub(super) async fn admit(call: &Call, request: &HttpRequest) -> actix_web::Result<()> {
    let admitted = gate(call).admit(call, presented(request.headers())).await;
    admitted.map(drop).map_err(|refusal| refused(refusal).into())
}

/// The key that a request came with. A key sent twice, or in bytes that no key consists of, is presented as a text that is no key.
fn presented(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(&X_API_KEY);
    let first = values.next()?;
    if values.next().is_some() {
        return Some("");
    }
    match first.to_str().map(str::trim) {
        Ok("") => None,
        Ok(key) => Some(key),
        Err(_) => Some(""),
    }
}

fn refused(refusal: KeyRefusal) -> ApiError {
    match refusal {
        KeyRefusal::Rejected(KeyRejection::Missing) => ApiError::KeyRequired,
        KeyRefusal::Rejected(KeyRejection::Malformed) => ApiError::KeyMalformed,
        KeyRefusal::Rejected(KeyRejection::Unknown | KeyRejection::Revoked) => ApiError::KeyInvalid,
        KeyRefusal::Rejected(KeyRejection::Expired) => ApiError::KeyExpired,
        KeyRefusal::Rejected(KeyRejection::AddressNotAllowed) => ApiError::AddressNotAllowed,
        KeyRefusal::RateLimited(decision) => Fault::RateLimited(decision).into(),
        KeyRefusal::Failed(error) => Fault::Domain(error).into(),
    }
}

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
        assert_eq!(with(&[b"  "]), None);
        assert_eq!(with(&[b" key "]), Some("key".to_owned()));
        assert_eq!(with(&[b"key", b"key"]), Some(String::new()));
        assert_eq!(with(&[b"k\xffy"]), Some(String::new()));
    }
}
