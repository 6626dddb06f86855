//! Ids, which are whole numbers in this family (contract B-15, B-36), but for webhooks' (B-67).

use crm_domain::id::RecordId;

use super::error::ApiError;

/// The record that a path names; what is no number names nothing.
pub(super) fn parse<I: RecordId>(text: &str) -> Result<I, ApiError> {
    I::parse_prefixed(text, "").ok_or(ApiError::NotFound)
}
