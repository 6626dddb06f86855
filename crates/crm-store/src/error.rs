//! Turns diesel's errors into the domain's.

use std::time::Duration;

use crm_domain::error::Error;
use diesel::result::{DatabaseErrorInformation, DatabaseErrorKind, Error as DieselError};

/// When to try again while a database is down.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// The unique indexes that a caller's input can hit: index name, SQLite's column, noun, field.
const UNIQUE: &[(&str, &str, &str, &str)] = &[
    ("account_external_id_key", "account.external_id", "account", "external_id"),
    ("contact_external_id_key", "contact.external_id", "contact", "external_id"),
    ("contact_email_key_key", "contact.email_key", "contact", "email"),
    (
        "custom_field_key_key",
        "custom_field.entity, custom_field.key",
        "custom field",
        "key",
    ),
    ("lead_external_id_key", "lead.external_id", "lead", "external_id"),
    (
        "opportunity_external_id_key",
        "opportunity.external_id",
        "opportunity",
        "external_id",
    ),
    ("partner_name_key_key", "partner.name_key", "partner", "name"),
    ("sla_policy_name_key_key", "sla_policy.name_key", "SLA policy", "name"),
    ("pipeline_name_key", "pipeline.name_key", "pipeline", "name"),
    ("stage_name_key", "stage.pipeline_id, stage.name_key", "stage", "name"),
    ("tag_name_key", "tag.name_key", "tag", "name"),
    ("user_email_key", "user.email_key", "user", "email"),
    ("webhook_url_key", "webhook.family, webhook.url_key", "webhook", "url"),
];

/// The domain's view of a database error.
pub fn map(error: DieselError) -> Error {
    match error {
        DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, info) => duplicate(&*info),
        DieselError::DatabaseError(DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::SerializationFailure, info) => {
            unavailable(info.message())
        }
        DieselError::DatabaseError(_, info) if is_passing(info.message()) => unavailable(info.message()),
        DieselError::BrokenTransactionManager => unavailable("the connection broke in a transaction"),
        other => Error::Internal(other.to_string()),
    }
}

/// A database that cannot be reached now.
pub fn unavailable(cause: impl ToString) -> Error {
    Error::Unavailable {
        what: "the database",
        cause: cause.to_string(),
        retry_after: RETRY_AFTER,
    }
}

fn duplicate(info: &dyn DatabaseErrorInformation) -> Error {
    let hit = |(index, columns, _, _): &&(&str, &str, &str, &str)| match info.constraint_name() {
        Some(name) => name == *index,
        None => info.message().ends_with(columns) || info.message().contains(index),
    };
    match UNIQUE.iter().find(hit) {
        Some((_, _, noun, field)) => Error::Duplicate { noun, field },
        None => Error::Internal(format!("{} ({:?})", info.message(), info.constraint_name())),
    }
}

/// Messages of conditions that pass: the server restarts, a file is locked, a disk is full.
fn is_passing(message: &str) -> bool {
    const PASSING: [&str; 16] = [
        "server closed the connection",
        "terminating connection",
        "connection to server",
        "could not connect",
        "no connection to the server",
        "could not receive data",
        "could not send data",
        "the database system is",
        "SSL connection has been closed",
        "database is locked",
        "database or disk is full",
        "disk I/O error",
        "No space left on device",
        "too many clients",
        "lock timeout",
        "statement timeout",
    ];
    PASSING.iter().any(|passing| message.contains(passing))
}
