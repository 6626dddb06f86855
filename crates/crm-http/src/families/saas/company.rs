//! Companies: the domain's accounts (contract C-60 … C-66, X-87).

mod wire;

use crm_domain::{
    field::{Check, Patch},
    id::UserId,
    tenant::{
        account::{Account, AccountField},
        label::Labels,
    },
};

use super::{
    context::{Delete, Write},
    id::COMPANY,
    noun::{CustomMembers, Notes, Noun, Paths, View, paths, reads},
};

use wire::CompanyChanges;
pub(crate) use wire::{Company, CompanyRequest};

impl Noun for Account {
    const PREFIX: &'static str = COMPANY;
    const PLURAL: &'static str = "companies";
    const PATHS: Paths = paths!("/api/companies");
    const NOTES: Notes = Notes {
        remove: "Its deals are deleted with it.",
        ..Notes::NONE
    };
    type Field = AccountField;
    type Request = CompanyRequest;
    type Changes = CompanyChanges;
    type Resource = Company;
    type Writing = Write;
    type Removing = Delete;

    reads!(accounts);

    fn draft(request: CompanyRequest, check: &mut Check) -> Self::Draft {
        request.draft(check)
    }

    fn custom_fields(request: &mut CompanyRequest) -> CustomMembers {
        std::mem::take(&mut request.custom_fields)
    }

    fn owner(draft: &Self::Draft) -> Option<&Patch<UserId>> {
        Some(&draft.owner_id)
    }

    fn show(self, labels: Labels, view: View) -> Company {
        Company::of(self, labels, view.tenant)
    }
}
