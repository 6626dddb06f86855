//! Credential → tenant (contract B-02, B-03, X-44, X-46, X-48): what a handler holds when its request was let in, and its body.

use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use crm_domain::id::UserId;
use futures_util::future::LocalBoxFuture;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{error::ApiError, limits, permission, sent::Sent};
use crate::{
    families::Credential,
    settings::BodySettings,
    shared::{
        auth::bearer,
        call::{Call, Caller},
        idempotency::Guard,
        json_body::{bind_item, receive},
        tenant::TenantSession,
    },
};

/// Lets a request in.
pub(super) async fn admit(call: &Call, request: &HttpRequest, credential: Credential) -> actix_web::Result<()> {
    if credential == Credential::Open {
        // Whatever credential comes along.
        limits::count_probe(call).await;
        return Ok(());
    }
    let key = limits::gate(call).admit(call, bearer(request.headers())).await;
    let key = key.map_err(ApiError::refused)?;
    Ok(permission::check(request.method(), call.template, &key.key.fields.grants)?)
}

/// The holder of a key, and the way into the tenant's database. What the key may do was judged when it was let in.
pub(super) struct Access {
    /// The tenant.
    pub tenant: TenantSession,
    /// Who owns what is made: who made the key.
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
        Caller::User(_) | Caller::Claimant(_) | Caller::Nobody => Err(ApiError::NoKey.into()),
    }
}

/// A JSON body.
pub(super) struct Body<T> {
    /// What it says.
    pub value: T,
    /// What was sent, for errors that tell it back.
    pub sent: Sent,
    /// The guard of its `Idempotency-Key`.
    pub guard: Option<Guard>,
}

/// A JSON body of many records, which may be larger.
pub(super) struct BulkBody<T>(pub Body<T>);

impl<T: DeserializeOwned> Body<T> {
    async fn receive(request: &HttpRequest, payload: &mut Payload, limit: fn(&BodySettings) -> usize) -> actix_web::Result<Self> {
        let (json, guard) = receive::<ApiError>(request, payload, b"", limit, Guard::of).await?;
        let object = json.into_object();
        let sent = Sent::of(&object);
        let value = bind_item(Value::Object(object)).map_err(ApiError::from)?;
        Ok(Self { value, sent, guard })
    }
}

impl<T: DeserializeOwned + 'static> FromRequest for Body<T> {
    type Error = actix_web::Error;
    type Future = LocalBoxFuture<'static, actix_web::Result<Self>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, mut payload) = (request.clone(), payload.take());
        Box::pin(async move { Self::receive(&request, &mut payload, |body| body.json_bytes).await })
    }
}

impl<T: DeserializeOwned + 'static> FromRequest for BulkBody<T> {
    type Error = actix_web::Error;
    type Future = LocalBoxFuture<'static, actix_web::Result<Self>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, mut payload) = (request.clone(), payload.take());
        Box::pin(async move { Body::receive(&request, &mut payload, |body| body.bulk_bytes).await.map(Self) })
    }
}
