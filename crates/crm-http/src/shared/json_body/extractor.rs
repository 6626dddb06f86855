//! JSON bodies as handlers take them: received within the limits, parsed, and with the guard of their `Idempotency-Key`.

use std::{marker::PhantomData, time::Duration};

use actix_web::{FromRequest, HttpRequest, ResponseError, dev::Payload};
use crm_domain::tenant::change::Actor;
use futures_util::future::LocalBoxFuture;
use serde::de::DeserializeOwned;

use super::{BodyError, JsonBody};
use crate::{
    settings::BodySettings,
    shared::{
        body::read_body,
        call::Call,
        fault::Fault,
        idempotency::{Guard, InvalidKey},
        media_type::{Declared, declared},
    },
};

/// What a family says of a body that it refuses.
pub(crate) trait BodyRefusal: ResponseError + From<BodyError> + From<InvalidKey> + 'static {}

impl<E: ResponseError + From<BodyError> + From<InvalidKey> + 'static> BodyRefusal for E {}

/// A JSON body whatever the case of its keys, and the guard of its `Idempotency-Key`; `E` is the family's error.
pub(crate) struct Body<T, E> {
    /// What it says.
    pub value: T,
    /// The guard, when the request came with a key, is a POST and somebody known sent it.
    pub guard: Option<Guard>,
    refusal: PhantomData<E>,
}

impl<T: DeserializeOwned, E: BodyRefusal> Body<T, E> {
    /// Receives one; an empty body counts as `nothing`.
    pub async fn receive(request: &HttpRequest, payload: &mut Payload, nothing: &'static [u8]) -> actix_web::Result<Self> {
        let (body, guard) = receive::<E>(request, payload, nothing, |body| body.json_bytes, Guard::of).await?;
        let value = body.bind_any_case().map_err(E::from)?;
        Ok(Self {
            value,
            guard,
            refusal: PhantomData,
        })
    }
}

impl<T: DeserializeOwned + 'static, E: BodyRefusal> FromRequest for Body<T, E> {
    type Error = actix_web::Error;
    type Future = LocalBoxFuture<'static, actix_web::Result<Self>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, mut payload) = (request.clone(), payload.take());
        Box::pin(async move { Self::receive(&request, &mut payload, b"").await })
    }
}

/// Receives a body of at most the `limit` that the settings say; an empty one counts as `nothing`. `guard` says which requests an `Idempotency-Key`
/// guards.
pub(crate) async fn receive<E: BodyRefusal>(
    request: &HttpRequest,
    payload: &mut Payload,
    nothing: &'static [u8],
    limit: fn(&BodySettings) -> usize,
    guard: fn(&HttpRequest, &Actor, &str) -> Result<Option<Guard>, InvalidKey>,
) -> actix_web::Result<(JsonBody, Option<Guard>)> {
    let call = Call::required(request)?;
    let settings = call.app.settings.body;
    let declared = declared(request)?;
    let bytes = read_body(request, payload, limit(&settings), Duration::from_secs(settings.deadline_seconds)).await?;
    let bytes: &[u8] = if bytes.is_empty() { nothing } else { &bytes };
    let body = match JsonBody::parse(bytes) {
        Err(BodyError::NotJson(_)) if declared == Declared::Form => return Err(Fault::BodyNotJson.into()),
        parsed => parsed.map_err(E::from)?,
    };
    let guard = match call.caller().actor() {
        Some(actor) => guard(request, &actor, body.digest()).map_err(E::from)?,
        None => None,
    };
    Ok((body, guard))
}
