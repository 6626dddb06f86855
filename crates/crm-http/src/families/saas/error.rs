//! What can go wrong in family C, and its envelope (contract C-111 … C-124, X-98, X-99, X-101).
//!
//! The document lists seven codes; `INTERNAL_ERROR` is an addition. What it is silent about gets the nearest of them:
//! 404 is `NOT_FOUND`; 405, 408, 412, 413 and 415 are `VALIDATION_ERROR`, since it is the request that is wrong and the resource is there;
//! every 409 is `DUPLICATE`, the one code that the document has for it (C-121), also where a record's state does not allow the action;
//! 503 is `INTERNAL_ERROR`.

mod envelope;

use std::time::Duration;

use actix_web::{ResponseError, http::StatusCode};
use crm_domain::{
    Error,
    control::user::Permission,
    error::{FieldError, Problem, refused},
    usecase::sign_in::SignInError,
};

use super::word::{capitalised, field_of, noun_of, words_of};
use crate::shared::{fault::Fault, idempotency::InvalidKey, json_body::BodyError, jwt::TokenRejection, login_guard::TooEarly};

pub(crate) use envelope::{
    BodyResponses, ConflictResponses, Detail, ErrorBody, ErrorResponses, LookupResponses, StaleResponses, StateResponses, render,
};

/// The codes of the document, and `INTERNAL_ERROR`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[schema(as = saas::ErrorCode)]
pub(crate) enum Code {
    AuthFailed,
    InvalidToken,
    ValidationError,
    NotFound,
    Duplicate,
    PermissionDenied,
    RateLimitExceeded,
    InternalError,
}

/// Streams last long: coming back at once would be in vain.
const STREAM_RETRY: Duration = Duration::from_secs(10);

/// What goes wrong in family C's own code.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SaasError {
    /// The request has no access token.
    #[error("no access token was sent")]
    MissingToken,
    /// The access token is refused.
    #[error(transparent)]
    InvalidToken(#[from] TokenRejection),
    /// The token is right, but its session, user or tenant is no longer active.
    #[error("the session has ended")]
    SessionEnded,
    /// Signing in or refreshing failed.
    #[error(transparent)]
    SignIn(#[from] SignInError),
    /// Too many failed logins.
    #[error("too many failed logins")]
    TooEarly(TooEarly),
    /// As many streams of the tenant's changes are open as may.
    #[error("too many change streams")]
    TooManyStreams,
    /// The user's role does not allow it (C-30, X-86).
    #[error("the role does not permit {0:?}")]
    NotPermitted(Permission),
    /// Query parameters that cannot be right.
    #[error("bad parameters")]
    BadParameters(Vec<FieldError>),
    /// The body cannot be read as JSON.
    #[error(transparent)]
    BadBody(#[from] BodyError),
    /// The `Idempotency-Key` header is no key.
    #[error(transparent)]
    BadIdempotencyKey(#[from] InvalidKey),
    /// `If-Match` names another state of the record than the present one.
    #[error("the record was changed in between")]
    Stale,
    /// What a port or use case answers.
    #[error(transparent)]
    Domain(#[from] Error),
}

/// An error as the envelope shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shown {
    pub status: StatusCode,
    pub code: Code,
    pub message: String,
    pub details: Vec<Detail>,
    pub retry_after: Option<Duration>,
}

impl Shown {
    fn new(status: StatusCode, code: Code, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            details: Vec::new(),
            retry_after: None,
        }
    }

    fn retry_after(self, wait: Duration) -> Self {
        Self {
            retry_after: Some(wait),
            ..self
        }
    }

    fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            Code::InternalError,
            "An unexpected error occurred",
        )
    }

    fn not_found(noun: &str) -> Self {
        let message = format!("{} not found", capitalised(noun_of(noun)));
        Self::new(StatusCode::NOT_FOUND, Code::NotFound, message)
    }
}

impl From<&SaasError> for Shown {
    fn from(error: &SaasError) -> Self {
        match error {
            SaasError::MissingToken => Self::new(StatusCode::UNAUTHORIZED, Code::AuthFailed, "An access token is required"),
            // One answer for all: why a token is refused helps only whoever forges one.
            SaasError::InvalidToken(TokenRejection::Invalid | TokenRejection::Expired(_) | TokenRejection::NotYet)
            | SaasError::SessionEnded => Self::new(
                StatusCode::UNAUTHORIZED,
                Code::InvalidToken,
                "The access token is invalid or has expired",
            ),
            SaasError::SignIn(SignInError::BadCredentials) => {
                Self::new(StatusCode::UNAUTHORIZED, Code::AuthFailed, "Invalid email or password")
            }
            SaasError::SignIn(SignInError::BadRefreshToken | SignInError::RefreshTokenReused) => Self::new(
                StatusCode::UNAUTHORIZED,
                Code::InvalidToken,
                "The refresh token is invalid or has expired",
            ),
            SaasError::SignIn(SignInError::BadInvitation) => Self::new(
                StatusCode::UNAUTHORIZED,
                Code::InvalidToken,
                "The invitation is invalid or has expired",
            ),
            SaasError::TooEarly(early) => {
                let shown = Self::new(
                    StatusCode::TOO_MANY_REQUESTS,
                    Code::RateLimitExceeded,
                    "Too many failed login attempts",
                );
                shown.retry_after(early.retry_after)
            }
            SaasError::TooManyStreams => {
                let message = "Too many change streams are open";
                let shown = Self::new(StatusCode::TOO_MANY_REQUESTS, Code::RateLimitExceeded, message);
                shown.retry_after(STREAM_RETRY)
            }
            SaasError::NotPermitted(_) => Self::new(
                StatusCode::FORBIDDEN,
                Code::PermissionDenied,
                "Your role does not permit this operation",
            ),
            SaasError::BadParameters(errors) => invalid(StatusCode::BAD_REQUEST, errors, parameter_detail),
            SaasError::BadBody(error @ (BodyError::NotJson(_) | BodyError::NotAnObject | BodyError::Nul)) => {
                Self::new(StatusCode::BAD_REQUEST, Code::ValidationError, error.to_string())
            }
            SaasError::BadIdempotencyKey(error) => Self::new(StatusCode::BAD_REQUEST, Code::ValidationError, error.to_string()),
            SaasError::Stale => {
                let message = "The resource was changed in the meantime; read it again";
                Self::new(StatusCode::PRECONDITION_FAILED, Code::ValidationError, message)
            }
            SaasError::Domain(error) => Self::from(error),
        }
    }
}

impl From<&Error> for Shown {
    fn from(error: &Error) -> Self {
        match error {
            Error::NotFound { noun, .. } => Self::not_found(noun),
            Error::Duplicate { noun, field } => duplicate(noun, field),
            // As with the values that are unique for every tenant, unless more is wrong (C-121).
            Error::Invalid(errors) if errors.iter().all(|error| error.problem == Problem::Taken) => Self {
                code: Code::Duplicate,
                ..invalid(StatusCode::CONFLICT, errors, field_detail)
            },
            Error::Invalid(errors) => invalid(StatusCode::UNPROCESSABLE_ENTITY, errors, field_detail),
            Error::State { noun, state, action, .. } => {
                let message = format!("The {} is {}", noun_of(noun), refused(state, action));
                Self::new(StatusCode::CONFLICT, Code::Duplicate, message)
            }
            Error::Conflict(message) => Self::new(StatusCode::CONFLICT, Code::Duplicate, message.clone()),
            Error::Forbidden(message) => Self::new(StatusCode::FORBIDDEN, Code::PermissionDenied, message.clone()),
            Error::IdempotencyMismatch => {
                let message = "This Idempotency-Key was used with a different request body";
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, Code::ValidationError, message)
            }
            Error::Unavailable { retry_after, .. } => {
                let message = "The service is temporarily unavailable";
                Self::new(StatusCode::SERVICE_UNAVAILABLE, Code::InternalError, message).retry_after(*retry_after)
            }
            Error::Internal(_) => Self::internal(),
        }
    }
}

impl From<&Fault> for Shown {
    fn from(fault: &Fault) -> Self {
        let bad_body = |status| Self::new(status, Code::ValidationError, capitalised(&fault.to_string()));
        match fault {
            Fault::NotFound => Self::not_found("endpoint"),
            Fault::MethodNotAllowed => Self::new(StatusCode::METHOD_NOT_ALLOWED, Code::ValidationError, "Method not allowed"),
            Fault::BodyTooLarge { .. } => bad_body(StatusCode::PAYLOAD_TOO_LARGE),
            Fault::BodyTimeout => bad_body(StatusCode::REQUEST_TIMEOUT),
            Fault::BodyBroken(_) => Self::new(StatusCode::BAD_REQUEST, Code::ValidationError, "The request body could not be read"),
            Fault::BodyNotJson | Fault::BodyNotForm | Fault::BodyCharset | Fault::BodyEncoded => {
                bad_body(StatusCode::UNSUPPORTED_MEDIA_TYPE)
            }
            Fault::RateLimited(decision) => {
                let shown = Self::new(StatusCode::TOO_MANY_REQUESTS, Code::RateLimitExceeded, "Rate limit exceeded");
                shown.retry_after(decision.retry_after)
            }
            Fault::Panicked => Self::internal(),
            Fault::Domain(error) => Self::from(error),
        }
    }
}

/// One of many items that failed, while others may not have.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
#[schema(as = saas::Refused)]
pub(crate) struct Refused {
    /// Its place in the request, counted from 0.
    index: usize,
    code: Code,
    message: String,
    details: Vec<Detail>,
}

impl Refused {
    /// The item at `index` failed for this.
    pub fn of(index: usize, error: &Error) -> Self {
        let shown = Shown::from(error);
        Self {
            index,
            code: shown.code,
            message: shown.message,
            details: shown.details,
        }
    }
}

impl ResponseError for SaasError {
    fn status_code(&self) -> StatusCode {
        Shown::from(self).status
    }
}

fn duplicate(noun: &str, field: &str) -> Shown {
    let (noun, field) = (noun_of(noun), field_of(field));
    let article = if noun.starts_with(['a', 'e', 'i', 'o']) { "An" } else { "A" };
    let message = format!("{article} {noun} with this {} already exists", words_of(&field));
    let detail = Detail {
        message: format!("{} already exists", capitalised(&words_of(&field))),
        field,
    };
    Shown {
        details: vec![detail],
        ..Shown::new(StatusCode::CONFLICT, Code::Duplicate, message)
    }
}

fn invalid(status: StatusCode, errors: &[FieldError], detail: fn(&FieldError) -> Detail) -> Shown {
    let mut details: Vec<Detail> = errors.iter().map(detail).collect();
    // By the names that the client knows: some are not the domain's.
    details.sort_by(|a, b| a.field.cmp(&b.field));
    let message = match errors {
        // The document's own example (C-43).
        [only] if only.problem == Problem::Email && only.field == "email" => "Invalid email format".to_owned(),
        [_] => details.first().map_or_else(String::new, |only| only.message.clone()),
        _ if status == StatusCode::BAD_REQUEST => "Several parameters are not valid".to_owned(),
        _ => "Several fields are not valid".to_owned(),
    };
    Shown {
        details,
        ..Shown::new(status, Code::ValidationError, message)
    }
}

/// `Email must be a valid email address` (C-43).
fn field_detail(error: &FieldError) -> Detail {
    let field = field_of(&error.field);
    Detail {
        message: format!("{} {}", capitalised(&words_of(&field)), problem_text(&error.problem)),
        field,
    }
}

/// Parameters are called as the client wrote them.
fn parameter_detail(error: &FieldError) -> Detail {
    // What stands in brackets is this family's own already.
    let is_own = error.field.contains('[');
    let field = if is_own { error.field.clone() } else { field_of(&error.field) };
    Detail {
        message: format!("{field} {}", problem_text(&error.problem)),
        field,
    }
}

fn problem_text(problem: &Problem) -> String {
    match problem {
        Problem::Reference { noun } => format!("must name an existing {}", noun_of(noun)),
        Problem::Required
        | Problem::TooLong { .. }
        | Problem::TooShort { .. }
        | Problem::ControlCharacter
        | Problem::Email
        | Problem::Url
        | Problem::Date
        | Problem::Timestamp
        | Problem::Number
        | Problem::WholeNumber
        | Problem::Amount { .. }
        | Problem::Range { .. }
        | Problem::Choice { .. }
        | Problem::Type { .. }
        | Problem::Taken
        | Problem::Rule(_) => problem.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use crm_domain::{
        id::{RecordId, SessionId, TenantId, UserId},
        stamp::Stamp,
    };

    use super::*;
    use crate::shared::jwt::Bearer;

    fn shown(error: SaasError) -> Shown {
        Shown::from(&error)
    }

    #[test]
    fn one_invalid_email_is_shown_as_the_document_shows_it() {
        let shown = shown(Error::invalid("email", Problem::Email).into());
        assert_eq!((shown.status.as_u16(), shown.code), (422, Code::ValidationError));
        assert_eq!(shown.message, "Invalid email format");
        let expected = Detail {
            field: "email".to_owned(),
            message: "Email must be a valid email address".to_owned(),
        };
        assert_eq!(shown.details, [expected]);
    }

    #[test]
    fn fields_and_nouns_are_the_documents() {
        let problems = vec![
            FieldError {
                field: "account_id".to_owned(),
                problem: Problem::Reference { noun: "account" },
            },
            FieldError {
                field: "annual_revenue".to_owned(),
                problem: Problem::Number,
            },
        ];
        let shown = shown(Error::Invalid(problems).into());
        assert_eq!(shown.message, "Several fields are not valid");
        let told: Vec<_> = shown.details.iter().map(|d| (d.field.as_str(), d.message.as_str())).collect();
        assert_eq!(
            told,
            [
                ("annualRevenue", "Annual revenue must be a number"),
                ("companyId", "Company id must name an existing company")
            ]
        );
    }

    #[test]
    fn every_error_has_its_status_and_code() {
        let early = TooEarly {
            retry_after: Duration::from_secs(2),
        };
        let unavailable = Error::Unavailable {
            what: "x",
            cause: "secret".to_owned(),
            retry_after: Duration::from_secs(3),
        };
        let expired = Bearer {
            user: UserId::from_i64(1),
            tenant: TenantId::from_i64(1),
            session: SessionId::from_i64(1),
            expires_at: Stamp::default(),
        };
        for (error, status, code) in [
            (SaasError::MissingToken, 401, Code::AuthFailed),
            (TokenRejection::Expired(expired).into(), 401, Code::InvalidToken),
            (SaasError::SessionEnded, 401, Code::InvalidToken),
            (SignInError::BadCredentials.into(), 401, Code::AuthFailed),
            (SignInError::BadRefreshToken.into(), 401, Code::InvalidToken),
            (SignInError::RefreshTokenReused.into(), 401, Code::InvalidToken),
            (SignInError::BadInvitation.into(), 401, Code::InvalidToken),
            (SaasError::TooEarly(early), 429, Code::RateLimitExceeded),
            (SaasError::TooManyStreams, 429, Code::RateLimitExceeded),
            (SaasError::NotPermitted(Permission::Delete), 403, Code::PermissionDenied),
            (SaasError::BadParameters(Vec::new()), 400, Code::ValidationError),
            (BodyError::NotAnObject.into(), 400, Code::ValidationError),
            (InvalidKey.into(), 400, Code::ValidationError),
            (SaasError::Stale, 412, Code::ValidationError),
            (Error::not_found("account", 1).into(), 404, Code::NotFound),
            (
                Error::Duplicate {
                    noun: "user",
                    field: "email",
                }
                .into(),
                409,
                Code::Duplicate,
            ),
            (Error::Conflict("x".to_owned()).into(), 409, Code::Duplicate),
            (Error::state("opportunity", 7, "won", "won").into(), 409, Code::Duplicate),
            (Error::Forbidden("x".to_owned()).into(), 403, Code::PermissionDenied),
            (Error::IdempotencyMismatch.into(), 422, Code::ValidationError),
            (unavailable.into(), 503, Code::InternalError),
            (Error::Internal("secret".to_owned()).into(), 500, Code::InternalError),
        ] {
            let shown = shown(error);
            assert_eq!((shown.status.as_u16(), shown.code), (status, code));
            assert!(!shown.message.is_empty() || status == 400);
            assert!(!shown.message.contains("secret"), "causes are for the log only");
        }
    }

    #[test]
    fn faults_get_the_nearest_code() {
        for (fault, status, code) in [
            (Fault::NotFound, 404, Code::NotFound),
            (Fault::MethodNotAllowed, 405, Code::ValidationError),
            (Fault::BodyTooLarge { limit: 1 }, 413, Code::ValidationError),
            (Fault::BodyTimeout, 408, Code::ValidationError),
            (Fault::BodyBroken(String::new()), 400, Code::ValidationError),
            (Fault::BodyNotJson, 415, Code::ValidationError),
            (Fault::BodyCharset, 415, Code::ValidationError),
            (Fault::BodyEncoded, 415, Code::ValidationError),
            (Fault::Panicked, 500, Code::InternalError),
        ] {
            let shown = Shown::from(&fault);
            assert_eq!((shown.status.as_u16(), shown.code), (status, code));
            assert!(!shown.message.is_empty());
        }
    }
}
