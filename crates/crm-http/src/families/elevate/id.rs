//! Ids, which are uuids in this family (contract E-10, X-13).

use uuid::Uuid;

use super::error::ApiError;

/// The uuid that a path names; what is none names nothing.
pub(super) fn parse(text: &str) -> Result<Uuid, ApiError> {
    // One spelling for each, so that each has one address.
    let parsed = Uuid::try_parse(text).ok().filter(|_| text.len() == 36);
    parsed.ok_or(ApiError::NotFound)
}
