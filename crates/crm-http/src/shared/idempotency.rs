//! `Idempotency-Key`: a POST that is sent again takes effect once (contract C-144, C-145, X-109), and so does a bulk by PUT or DELETE.
//!
//! The answer is built and kept within the unit of work that has the effect, so both are committed or neither; a tenant's units run one
//! after another, so the second of two requests under way at once waits for the first and gets its answer. A request that failed keeps
//! nothing and may be tried again. Answers are kept for 24 hours per principal, method and path.
//!
//! An answer that shows a secret once must not be kept. [`Guard::reserve`] and [`Guard::settle`] serve those: the repeated request hears
//! that it was answered before. What costs something outside this database is reserved too, so that it costs it once, but its answer is kept:
//! [`Guard::begin`] and [`Guard::finish`].

pub(crate) mod control;

use actix_web::{
    HttpRequest,
    http::{Method, StatusCode, header::HeaderName},
};
use crm_domain::{
    Result,
    stamp::Stamp,
    tenant::{
        UnitOfWork,
        change::Actor,
        idempotency::{IdempotencyScope, KeptAnswer, replay},
    },
};

use super::tenant::TenantSession;

/// The request header.
pub const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Says `true` on an answer given before.
pub const IDEMPOTENT_REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// Most characters of a key.
const KEY_MAX: usize = 255;

/// The header is there, but is no key; always 400.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("Idempotency-Key must be one header of 1 to {KEY_MAX} printable ASCII characters")]
pub struct InvalidKey;

/// What makes a request unique.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guard {
    scope: IdempotencyScope,
    digest: String,
}

/// An answer that a unit of work made, or made before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its JSON body.
    pub body: String,
    /// When the record that it shows changed last, where it shows one.
    pub changed_at: Option<Stamp>,
    /// Whether it was given before.
    pub replayed: bool,
}

/// What a unit of work answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// The status.
    pub status: StatusCode,
    /// The JSON body.
    pub body: String,
    /// When the record that it shows changed last, where it shows one.
    pub changed_at: Option<Stamp>,
}

impl From<(StatusCode, String)> for Made {
    fn from((status, body): (StatusCode, String)) -> Self {
        Self {
            status,
            body,
            changed_at: None,
        }
    }
}

/// Writes what is answered with a secret, in an answer that is not kept: sent again with the same key, the request is refused in the words of
/// `refusal`.
///
/// # Errors
/// Those of the work; [`crm_domain::Error::Conflict`] for every request but the first; [`crm_domain::Error::IdempotencyMismatch`].
pub(crate) fn shown_once<T>(
    unit: &mut dyn UnitOfWork,
    guard: Option<&Guard>,
    refusal: &str,
    work: impl FnOnce(&mut dyn UnitOfWork) -> Result<T>,
) -> Result<T> {
    let Some(guard) = guard else { return work(unit) };
    match guard.reserve(unit)? {
        Reservation::Granted => {}
        Reservation::Taken | Reservation::UnderWay => return Err(crm_domain::Error::Conflict(refusal.to_owned())),
    }
    let written = work(unit)?;
    guard.settle(unit, true)?;
    Ok(written)
}

/// How things stand with a request whose answer is not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reservation {
    /// It is the first: it may take effect.
    Granted,
    /// It took effect before.
    Taken,
    /// It is under way, or the server stopped half way through it.
    UnderWay,
}

/// Kept in place of an answer that is not kept.
const TAKEN: u16 = 409;
const UNDER_WAY: u16 = 102;
const FAILED: u16 = 0;

impl Guard {
    /// The guard that a POST asks for; other methods repeat without harm. `digest` is its body's ([`super::json_body::JsonBody::digest`]).
    pub fn of(request: &HttpRequest, principal: &Actor, digest: &str) -> Result<Option<Self>, InvalidKey> {
        if request.method() == Method::POST {
            Self::of_any(request, principal, digest)
        } else {
            Ok(None)
        }
    }

    /// The guard that a request of any method asks for: what is done to many records at once is answered otherwise the second time.
    pub fn of_any(request: &HttpRequest, principal: &Actor, digest: &str) -> Result<Option<Self>, InvalidKey> {
        let mut given = request.headers().get_all(&IDEMPOTENCY_KEY);
        let Some(header) = given.next() else {
            return Ok(None);
        };
        let key = header.to_str().map_err(|_| InvalidKey)?.trim();
        if given.next().is_some() || key.is_empty() || key.len() > KEY_MAX {
            return Err(InvalidKey);
        }
        let scope = IdempotencyScope {
            principal: principal.to_string(),
            method: request.method().as_str().to_owned(),
            path: request.path().to_owned(),
            key: key.to_owned(),
        };
        Ok(Some(Self {
            scope,
            digest: digest.to_owned(),
        }))
    }

    /// Notes that the request is about to take effect outside this database, unless it did before.
    ///
    /// # Errors
    /// [`crm_domain::Error::IdempotencyMismatch`] when the key came with another body before.
    pub fn reserve(&self, unit: &mut dyn UnitOfWork) -> Result<Reservation> {
        let now = unit.stamp();
        match replay(unit.idempotency(), &self.scope, &self.digest, now)? {
            Some(kept) if kept.status == UNDER_WAY => Ok(Reservation::UnderWay),
            Some(kept) if kept.status != FAILED => Ok(Reservation::Taken),
            Some(_) | None => {
                self.keep(unit, UNDER_WAY, String::new(), None)?;
                Ok(Reservation::Granted)
            }
        }
    }

    /// Notes that the request is about to take effect, also outside this database; or gives the answer of the time before.
    ///
    /// # Errors
    /// Those of [`Guard::reserve`]; [`crm_domain::Error::Conflict`] while the request is under way.
    pub fn begin(&self, unit: &mut dyn UnitOfWork) -> Result<Option<Answer>> {
        match self.reserve(unit)? {
            Reservation::Granted => Ok(None),
            Reservation::Taken => known(unit, Some(self)),
            Reservation::UnderWay => Err(crm_domain::Error::Conflict(
                "A request with this Idempotency-Key is under way".to_owned(),
            )),
        }
    }

    /// Keeps the answer of a request that was begun.
    pub fn finish(&self, unit: &mut dyn UnitOfWork, status: StatusCode, body: &str) -> Result<()> {
        self.keep(unit, status.as_u16(), body.to_owned(), None)
    }

    /// Notes how a reserved request ended; one that failed may be sent again.
    pub fn settle(&self, unit: &mut dyn UnitOfWork, took_effect: bool) -> Result<()> {
        self.keep(unit, if took_effect { TAKEN } else { FAILED }, String::new(), None)
    }

    fn keep(&self, unit: &mut dyn UnitOfWork, status: u16, body: String, changed_at: Option<Stamp>) -> Result<()> {
        let answer = KeptAnswer {
            request_digest: self.digest.clone(),
            status,
            body,
            changed_at,
        };
        unit.idempotency().keep(&self.scope, &answer)
    }
}

/// Does the work and keeps its answer, or gives the answer of the time before. Without a guard it just does the work.
///
/// # Errors
/// [`crm_domain::Error::IdempotencyMismatch`] when the key came with another body before, and those of the work.
pub fn once<M: Into<Made>>(
    unit: &mut dyn UnitOfWork,
    guard: Option<&Guard>,
    work: impl FnOnce(&mut dyn UnitOfWork) -> Result<M>,
) -> Result<Answer> {
    if let Some(kept) = known(unit, guard)? {
        return Ok(kept);
    }
    let Made { status, body, changed_at } = work(unit)?.into();
    if let Some(guard) = guard {
        guard.keep(unit, status.as_u16(), body.clone(), changed_at)?;
    }
    Ok(Answer {
        status,
        body,
        changed_at,
        replayed: false,
    })
}

/// The answer of the time before, for work that is not of one unit: [`once`] still has the last word.
///
/// # Errors
/// [`crm_domain::Error::IdempotencyMismatch`] when the key came with another body before.
pub fn known(unit: &mut dyn UnitOfWork, guard: Option<&Guard>) -> Result<Option<Answer>> {
    let Some(guard) = guard else { return Ok(None) };
    let now = unit.stamp();
    let kept = replay(unit.idempotency(), &guard.scope, &guard.digest, now)?;
    kept.map(|kept| {
        let status = StatusCode::from_u16(kept.status).map_err(|error| crm_domain::Error::Internal(error.to_string()))?;
        Ok(Answer {
            status,
            body: kept.body,
            changed_at: kept.changed_at,
            replayed: true,
        })
    })
    .transpose()
}

/// Does work that is not of one unit once for each `Idempotency-Key`; what failed may be sent again.
///
/// # Errors
/// Those of [`Guard::begin`] and of the work.
pub(crate) async fn over_units(
    tenant: &TenantSession,
    guard: Option<Guard>,
    work: impl Future<Output = Result<(StatusCode, String)>>,
) -> Result<Answer> {
    let Some(guard) = guard else {
        let (status, body) = work.await?;
        return Ok(Answer {
            status,
            body,
            changed_at: None,
            replayed: false,
        });
    };
    let beginning = guard.clone();
    if let Some(known) = tenant.write(move |unit| beginning.begin(unit)).await? {
        return Ok(known);
    }
    let done = work.await;
    let kept = done.as_ref().ok().cloned();
    let noted = tenant.write(move |unit| match kept {
        Some((status, body)) => guard.finish(unit, status, &body),
        None => guard.settle(unit, false),
    });
    if let Err(error) = noted.await {
        tracing::warn!(%error, tenant = %tenant.tenant.id, "the answer of a request with an Idempotency-Key could not be kept");
    }
    let (status, body) = done?;
    Ok(Answer {
        status,
        body,
        changed_at: None,
        replayed: false,
    })
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;
    use crm_domain::id::{RecordId, UserId};

    use super::*;

    fn guard(keys: &[&[u8]]) -> Result<Option<Guard>, InvalidKey> {
        let mut request = TestRequest::post().uri("/api/companies?x=1");
        for key in keys {
            let value = actix_web::http::header::HeaderValue::from_bytes(key).unwrap();
            request = request.append_header((IDEMPOTENCY_KEY, value));
        }
        Guard::of(&request.to_http_request(), &Actor::User(UserId::from_i64(7)), "d")
    }

    #[test]
    fn the_scope_is_principal_method_path_and_key() {
        let guard = guard(&[b"5d41402abc4b2a76b9719d911017c592"]).unwrap().unwrap();
        let scope = guard.scope;
        assert_eq!(
            (scope.principal.as_str(), scope.method.as_str(), scope.path.as_str()),
            ("user:7", "POST", "/api/companies")
        );
        assert_eq!(scope.key, "5d41402abc4b2a76b9719d911017c592");
    }

    #[test]
    fn no_header_is_no_guard_and_a_bad_one_is_refused() {
        assert_eq!(guard(&[]), Ok(None));
        assert!(guard(&[&[b'k'; 255]]).is_ok());
        for bad in [&[&b""[..]][..], &[b"  "], &[&[b'k'; 256]], &["schlüssel".as_bytes()], &[b"a", b"b"]] {
            assert_eq!(guard(bad), Err(InvalidKey));
        }
    }
}
