//! What successful answers have in common: `Location`, entity tags, and answers kept for repeated requests.

use actix_web::{
    HttpRequest, HttpResponse, HttpResponseBuilder,
    http::{
        StatusCode,
        header::{CACHE_CONTROL, ContentType, ETAG, IF_MATCH, LOCATION},
    },
};
use crm_domain::{Error, id::RecordId, stamp::Stamp, tenant::UnitOfWork};
use serde::{Deserialize, Serialize};

use super::{
    context::{Needed, Permit},
    error::SaasError,
};
use crate::shared::idempotency::{Answer, Guard, IDEMPOTENT_REPLAYED, Made, known, once};

/// The status and body of an answer that a unit of work makes and may keep.
pub(crate) fn kept<T: Serialize>(status: StatusCode, body: &T) -> crm_domain::Result<(StatusCode, String)> {
    let body = serde_json::to_string(body).map_err(|error| Error::Internal(error.to_string()))?;
    Ok((status, body))
}

/// [`kept`], of an answer that shows one record, which changed last at `updated_at`: it has the record's entity tag, also when it is given
/// again.
pub(crate) fn kept_record<T: Serialize>(status: StatusCode, body: &T, updated_at: Stamp) -> crm_domain::Result<Made> {
    Ok(Made {
        changed_at: Some(updated_at),
        ..kept(status, body)?.into()
    })
}

/// Answers the creation of a record under `path`, also when it was answered before (contract C-115, C-144).
pub(crate) fn created(answer: Answer, path: &str) -> crm_domain::Result<HttpResponse> {
    #[derive(Deserialize)]
    struct Created {
        id: String,
    }
    let made: Created = serde_json::from_str(&answer.body).map_err(|error| Error::Internal(error.to_string()))?;
    let mut response = begun(&answer);
    response.insert_header((LOCATION, format!("{path}/{}", made.id)));
    Ok(response.body(answer.body))
}

/// Answers a creation with what nothing on the answer's way may keep, also when it was answered before.
pub(crate) fn created_secretly(answer: Answer, location: String) -> HttpResponse {
    let mut response = begun(&answer);
    response
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((LOCATION, location));
    response.body(answer.body)
}

/// Answers an action on a record, also when it was answered before.
pub(crate) fn acted(answer: Answer) -> HttpResponse {
    begun(&answer).body(answer.body)
}

fn begun(answer: &Answer) -> HttpResponseBuilder {
    let mut response = HttpResponse::build(answer.status);
    response.content_type(ContentType::json());
    if answer.replayed {
        response.insert_header((IDEMPOTENT_REPLAYED, "true"));
    }
    if let Some(changed_at) = answer.changed_at {
        response.insert_header((ETAG, entity_tag(changed_at)));
    }
    response
}

/// An answer that holds a token or a key, which nothing on its way may keep.
pub(crate) fn secret(status: StatusCode) -> HttpResponseBuilder {
    let mut response = HttpResponse::build(status);
    response.insert_header((CACHE_CONTROL, "no-store"));
    response
}

/// Answers with one record and its entity tag.
pub(crate) fn record<T: Serialize>(body: &T, updated_at: Stamp) -> HttpResponse {
    HttpResponse::Ok().insert_header((ETAG, entity_tag(updated_at))).json(body)
}

/// Strong: a record's stamp changes with every change.
pub(crate) fn entity_tag(updated_at: Stamp) -> String {
    format!("\"{:x}\"", updated_at.micros())
}

/// The `If-Match` header: the states of the record that the client will write over. Without it, any.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct IfMatch(Option<Vec<String>>);

impl IfMatch {
    /// That of a request.
    pub fn of(request: &HttpRequest) -> Self {
        // Bytes that are no text match no tag, so that the write is refused rather than done unasked.
        let values = request.headers().get_all(IF_MATCH).map(|value| value.to_str().unwrap_or_default());
        let tags: Vec<String> = values.flat_map(|value| value.split(',')).map(|tag| tag.trim().to_owned()).collect();
        Self((!tags.is_empty()).then_some(tags))
    }

    /// Whether the client names any states.
    pub fn is_given(&self) -> bool {
        self.0.is_some()
    }

    /// Whether a record that is shown without an entity tag is in one of those states: any is, and no tag names one.
    pub fn holds_untagged(&self) -> bool {
        self.0.as_ref().is_none_or(|tags| tags.iter().any(|tag| tag == "*"))
    }

    /// Whether a record last changed at `updated_at` is in one of those states.
    pub fn holds(&self, updated_at: Stamp) -> bool {
        let Some(tags) = &self.0 else { return true };
        let present = entity_tag(updated_at);
        tags.iter().any(|tag| *tag == present || tag == "*")
    }
}

/// Writes over a record or deletes it, while it is in a state that the client will write over. `changed_at` says when it changed last.
pub(crate) async fn write_over<I: RecordId, T: Send + 'static>(
    permit: &Permit<impl Needed>,
    id: I,
    changed_at: fn(&mut dyn UnitOfWork, I) -> crm_domain::Result<Option<Stamp>>,
    write: impl FnOnce(&mut dyn UnitOfWork) -> crm_domain::Result<T> + Send + 'static,
) -> Result<T, SaasError> {
    let condition = permit.condition.clone();
    let written = permit.tenant.write(move |unit| {
        let changed_at = changed_at(unit, id)?.ok_or_else(|| Error::not_found(I::NOUN, id.get()))?;
        condition.holds(changed_at).then(|| write(unit)).transpose()
    });
    written.await?.ok_or(SaasError::Stale)
}

/// [`write_over`] once for each `Idempotency-Key`: what was answered before is answered again, whatever the record's state is by now.
pub(crate) async fn once_over<I: RecordId, M: Into<Made>>(
    permit: &Permit<impl Needed>,
    guard: Option<Guard>,
    id: I,
    changed_at: fn(&mut dyn UnitOfWork, I) -> crm_domain::Result<Option<Stamp>>,
    work: impl FnOnce(&mut dyn UnitOfWork) -> crm_domain::Result<M> + Send + 'static,
) -> Result<Answer, SaasError> {
    let condition = permit.condition.clone();
    let answer = permit.tenant.write(move |unit| {
        if let Some(answer) = known(unit, guard.as_ref())? {
            return Ok(Some(answer));
        }
        // Whoever names no state costs no read; that there is no such record is then the work's to say.
        if condition.is_given() {
            let changed_at = changed_at(unit, id)?.ok_or_else(|| Error::not_found(I::NOUN, id.get()))?;
            if !condition.holds(changed_at) {
                return Ok(None);
            }
        }
        once(unit, guard.as_ref(), work).map(Some)
    });
    answer.await?.ok_or(SaasError::Stale)
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn if_match(values: &[&str]) -> IfMatch {
        let mut request = TestRequest::put();
        for value in values {
            request = request.append_header((IF_MATCH, *value));
        }
        IfMatch::of(&request.to_http_request())
    }

    #[test]
    fn a_write_is_let_through_only_over_the_state_it_names() {
        let stamp = Stamp::from_micros(0xABC);
        for passing in [&[][..], &["*"], &["\"abc\""], &["\"1\", \"abc\""], &["\"1\"", "\"abc\""]] {
            assert!(if_match(passing).holds(stamp), "{passing:?}");
        }
        for (passing, values) in [(true, &[][..]), (true, &["*"]), (false, &["\"abc\""]), (false, &[""])] {
            assert_eq!(if_match(values).holds_untagged(), passing, "{values:?}");
        }
        for stale in [&["\"abd\""][..], &["abc"], &["W/\"abc\""], &[""]] {
            assert!(!if_match(stale).holds(stamp), "{stale:?}");
        }
    }

    #[actix_web::test]
    async fn a_replayed_creation_has_the_same_location_and_entity_tag() {
        let answer = |replayed| Answer {
            status: StatusCode::CREATED,
            body: r#"{"id":"company_7"}"#.to_owned(),
            changed_at: Some(Stamp::from_micros(0xABC)),
            replayed,
        };
        let first = created(answer(false), "/api/companies").unwrap();
        let again = created(answer(true), "/api/companies").unwrap();
        assert_eq!(first.headers().get(LOCATION).unwrap(), "/api/companies/company_7");
        assert_eq!(again.headers().get(LOCATION), first.headers().get(LOCATION));
        assert_eq!(again.headers().get(IDEMPOTENT_REPLAYED).unwrap(), "true");
        assert!(first.headers().get(IDEMPOTENT_REPLAYED).is_none());
        for answer in [&first, &again] {
            assert_eq!(answer.headers().get(ETAG).unwrap(), "\"abc\"");
        }
    }
}
