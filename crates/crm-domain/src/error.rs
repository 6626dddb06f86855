//! Which error type belongs where.
//!
//! * [`Error`]: what a port or a use case answers; every endpoint family maps it exhaustively to its own envelope.
//! * [`FieldError`]: one field of a command that cannot be valid; collected by [`crate::field::Check`], so that a caller hears of all at once.
//! * [`crate::enrichment::LookupError`]: why nobody was looked up at a provider, who is no part of this server.
//! * [`crate::control::api_key::KeyRejection`] and [`crate::usecase::sign_in::SignInError`]: why somebody may not enter; never mixed with the above.

use std::{fmt, time::Duration};

use serde::Serialize;

/// What goes wrong in a port or a use case.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// No such record in this tenant (deleted records and other tenants' records look the same).
    #[error("no {noun} found with id {id}")]
    NotFound {
        /// The noun, lower case singular, e.g. `account`.
        noun: &'static str,
        /// The id as the caller gave it.
        id: String,
    },
    /// Another live record already holds a value that must be unique.
    #[error("a {noun} with this {field} exists already")]
    Duplicate {
        /// The noun, lower case singular.
        noun: &'static str,
        /// The field, snake case.
        field: &'static str,
    },
    /// One or more fields are not valid; sorted by field.
    #[error("{}", Invalid(.0))]
    Invalid(Vec<FieldError>),
    /// The record's state does not allow the action: a won deal is not won again, a live record not restored.
    #[error("the {noun} is {}", refused(.state, .action))]
    State {
        /// The noun, lower case singular.
        noun: &'static str,
        /// The record's id.
        id: String,
        /// The state it is in, as it follows `is`: `won`, `not deleted`.
        state: String,
        /// What was to be done to it, as it follows `cannot be`: `won`, `restored`.
        action: &'static str,
    },
    /// The action cannot be done for another reason than a record's state.
    #[error("{0}")]
    Conflict(String),
    /// The actor's role or grants do not allow the operation.
    #[error("{0}")]
    Forbidden(String),
    /// An idempotency key was used before with another body.
    #[error("this Idempotency-Key was used with a different request body")]
    IdempotencyMismatch,
    /// The database (or another service) cannot be reached now; the same call may work later.
    #[error("{what} is unavailable: {cause}")]
    Unavailable {
        /// What cannot be reached.
        what: &'static str,
        /// The technical cause, for the log.
        cause: String,
        /// When to try again.
        retry_after: Duration,
    },
    /// A defect or a broken database; the details are for the log only.
    #[error("{0}")]
    Internal(String),
}

/// The result of ports and use cases.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// A single invalid field.
    pub fn invalid(field: impl Into<String>, problem: Problem) -> Self {
        Self::Invalid(vec![FieldError {
            field: field.into(),
            problem,
        }])
    }

    /// A record that is not there.
    pub fn not_found(noun: &'static str, id: impl fmt::Display) -> Self {
        Self::NotFound { noun, id: id.to_string() }
    }

    /// A record whose state does not allow the action.
    pub fn state(noun: &'static str, id: impl fmt::Display, state: impl Into<String>, action: &'static str) -> Self {
        Self::State {
            noun,
            id: id.to_string(),
            state: state.into(),
            action,
        }
    }
}

/// The present state, and what it does not allow: `already won`, `converted and cannot be qualified`.
pub fn refused(state: &str, action: &str) -> String {
    if state == action {
        format!("already {state}")
    } else {
        format!("{state} and cannot be {action}")
    }
}

/// Renders the field errors of [`Error::Invalid`] in one line.
struct Invalid<'a>(&'a [FieldError]);

impl fmt::Display for Invalid<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{}: {}", error.field, error.problem)?;
        }
        Ok(())
    }
}

/// One invalid field of a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// The field's name in snake case; families render it in their own case.
    pub field: String,
    /// What is wrong with its value.
    pub problem: Problem,
}

/// What can be wrong with a field's value. The text follows the field's name: `email: must be a valid email address`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
pub enum Problem {
    /// The value is missing, null or blank.
    #[error("is required")]
    Required,
    /// Longer than `max` characters.
    #[error("must be at most {max} characters long")]
    TooLong {
        /// The most characters allowed.
        max: usize,
    },
    /// Shorter than `min` characters.
    #[error("must be at least {min} characters long")]
    TooShort {
        /// The fewest characters allowed.
        min: usize,
    },
    /// Holds a NUL or another character that text columns cannot keep.
    #[error("must not contain control characters")]
    ControlCharacter,
    /// Not an email address.
    #[error("must be a valid email address")]
    Email,
    /// Not an http(s) URL.
    #[error("must be a valid http or https URL")]
    Url,
    /// Not a calendar date `YYYY-MM-DD`.
    #[error("must be a date in the form YYYY-MM-DD")]
    Date,
    /// Not an ISO 8601 timestamp.
    #[error("must be an ISO 8601 timestamp such as 2025-02-01T00:00:00Z")]
    Timestamp,
    /// Not a number at all.
    #[error("must be a number")]
    Number,
    /// Not a number without a fraction.
    #[error("must be a whole number")]
    WholeNumber,
    /// Not an amount with at most the currency's decimals.
    #[error("must be an amount of money with at most {decimals} decimals")]
    Amount {
        /// Decimals of the currency.
        decimals: u32,
    },
    /// A number out of its range.
    #[error("must be between {min} and {max}")]
    Range {
        /// The smallest value allowed.
        min: i64,
        /// The largest value allowed.
        max: i64,
    },
    /// Not one of the allowed words.
    #[error("must be one of: {}", .allowed.join(", "))]
    Choice {
        /// The allowed words.
        allowed: Vec<String>,
    },
    /// A reference to a record that does not exist in this tenant.
    #[error("no such {noun} exists")]
    Reference {
        /// The noun referred to.
        noun: &'static str,
    },
    /// A value of another JSON type.
    #[error("must be {expected}")]
    Type {
        /// What is expected, with its article: `a string`.
        expected: String,
    },
    /// A value of a custom field that must be unique, and that another live record has.
    #[error("must be unique, and another record has this value")]
    Taken,
    /// Anything that only one rule says.
    #[error("{0}")]
    Rule(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_action_names_the_present_state() {
        let again = Error::state("opportunity", 7, "won", "won");
        assert_eq!(again.to_string(), "the opportunity is already won");
        let late = Error::state("lead", 7, "converted", "qualified");
        assert_eq!(late.to_string(), "the lead is converted and cannot be qualified");
    }
}
