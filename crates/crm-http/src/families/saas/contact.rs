//! Contacts (contract C-53 … C-59, X-87).

mod wire;

use crm_domain::{
    field::{Check, Patch},
    id::UserId,
    tenant::{
        contact::{self, ContactField},
        label::Labels,
    },
};

use super::{
    context::{Delete, Write},
    id::CONTACT,
    noun::{CustomMembers, Notes, Noun, Paths, View, paths, reads},
};

use wire::ContactChanges;
pub(crate) use wire::{Contact, ContactRequest};

impl Noun for contact::Contact {
    const PREFIX: &'static str = CONTACT;
    const PLURAL: &'static str = "contacts";
    const PATHS: Paths = paths!("/api/contacts");
    const NOTES: Notes = Notes {
        remove: "What refers to it stays, without it.",
        ..Notes::NONE
    };
    type Field = ContactField;
    type Request = ContactRequest;
    type Changes = ContactChanges;
    type Resource = Contact;
    type Writing = Write;
    type Removing = Delete;

    reads!(contacts);

    fn draft(request: ContactRequest, check: &mut Check) -> Self::Draft {
        request.draft(check)
    }

    fn custom_fields(request: &mut ContactRequest) -> CustomMembers {
        std::mem::take(&mut request.custom_fields)
    }

    fn owner(draft: &Self::Draft) -> Option<&Patch<UserId>> {
        Some(&draft.owner_id)
    }

    fn show(self, labels: Labels, view: View) -> Contact {
        Contact::of(self, labels, view.tenant)
    }
}
