//! Tags, and putting them on records.

pub(super) mod assignment;
mod wire;

use crm_domain::{
    field::{Check, Patch},
    id::UserId,
    tenant::{
        label::Labels,
        tag::{self, TagField},
    },
};

use super::{
    context::Configure,
    noun::{Notes, Noun, Paths, View, paths, reads},
    word::TAG,
};

use wire::TagChanges;
pub(crate) use wire::{Tag, TagRequest};

impl Noun for tag::Tag {
    const PREFIX: &'static str = TAG;
    const PLURAL: &'static str = "tags";
    const PATHS: Paths = paths!("/api/tags");
    const NOTES: Notes = Notes {
        update: "Every record that carries the tag shows it so from now on.",
        remove: "No record shows it any more, until it is restored.",
        ..Notes::NONE
    };
    type Field = TagField;
    type Request = TagRequest;
    type Changes = TagChanges;
    type Resource = Tag;
    type Writing = Configure;
    type Removing = Configure;

    reads!(tags);

    fn draft(request: TagRequest, check: &mut Check) -> Self::Draft {
        request.draft(check)
    }

    fn owner(_: &Self::Draft) -> Option<&Patch<UserId>> {
        None
    }

    fn show(self, _: Labels, view: View) -> Tag {
        Tag::of(self, view.tenant)
    }
}
