//! Ids, which are uuids in this family (contract X-13).

use crm_domain::{
    Error, Result,
    id::{ContactId, RecordId, TagId},
    tenant::{contact::ContactReads, tag::TagReads},
};
use uuid::Uuid;

/// The uuid that a path or a body names; what is none names nothing.
pub(super) fn parse<I: RecordId>(text: &str) -> Result<Uuid> {
    // One spelling for each, so that each has one address.
    let parsed = Uuid::try_parse(text).ok().filter(|_| text.len() == 36);
    parsed.ok_or_else(|| Error::not_found(I::NOUN, text))
}

/// The contact, live or deleted, of this uuid.
///
/// # Errors
/// [`Error::NotFound`].
pub(super) fn contact(contacts: &mut (impl ContactReads + ?Sized), uuid: Uuid) -> Result<ContactId> {
    let found = contacts.ids_of(&[uuid])?.pop();
    found.map(|(_, id)| id).ok_or_else(|| Error::not_found(ContactId::NOUN, uuid))
}

/// The tag, live or deleted, of this uuid.
///
/// # Errors
/// [`Error::NotFound`].
pub(super) fn tag(tags: &mut (impl TagReads + ?Sized), uuid: Uuid) -> Result<TagId> {
    let found = tags.ids_of(&[uuid])?.pop();
    found.map(|(_, id)| id).ok_or_else(|| Error::not_found(TagId::NOUN, uuid))
}
