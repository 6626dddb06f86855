//! Family C's ids: a prefix and the record's number (contract ). Clients treat them as opaque.

use std::sync::Arc;

use crm_domain::{
    Error, Result,
    control::{ControlStore, user},
    error::Problem,
    field::{Check, Patch},
    id::{RecordId, TenantId, UserId},
};

pub(crate) use super::word::{
    API_KEY, COMMENT, COMPANY, CONTACT, CUSTOM_FIELD, DEAL, HANDOFF, INVITATION, LEAD, PARTNER, PIPELINE, SLA_POLICY, STAGE, TENANT,
    TICKET, USER, WEBHOOK,
};
use crate::shared::{json_body::Given, tenant::block};

/// `user_456`.
pub(crate) fn show(prefix: &str, id: impl RecordId) -> String {
    format!("{prefix}{}", id.get())
}

/// The id in a path; one that cannot be right is not found.
pub(crate) fn in_path<I: RecordId>(text: &str, prefix: &str) -> Result<I> {
    I::parse_prefixed(text, prefix).ok_or_else(|| Error::not_found(I::NOUN, text))
}

/// The id in a body's field; one that cannot be right refers to nothing.
pub(crate) fn in_body<I: RecordId>(given: Given<String>, prefix: &str, field: &str, check: &mut Check) -> Patch<I> {
    match given.patch::<String>(field, check) {
        Patch::Keep => Patch::Keep,
        Patch::Clear => Patch::Clear,
        Patch::Set(text) if text.trim().is_empty() => Patch::Clear,
        Patch::Set(text) => I::parse_prefixed(text.trim(), prefix).map_or_else(
            || {
                check.fail(field, Problem::Reference { noun: I::NOUN });
                Patch::Keep
            },
            Patch::Set,
        ),
    }
}

/// [`user::check_owner`], on a blocking thread where somebody is named.
pub(crate) async fn check_owner(control: &Arc<dyn ControlStore>, tenant: TenantId, owner: &Patch<UserId>, check: &mut Check) -> Result<()> {
    if !matches!(owner, Patch::Set(_)) {
        return Ok(());
    }
    let (control, owner, mut judged) = (Arc::clone(control), owner.clone(), std::mem::take(check));
    *check = block(move || user::check_owner(&*control, tenant, &owner, &mut judged).map(|()| judged)).await?;
    Ok(())
}

/// [`user::unknown_owners`], on a blocking thread.
pub(crate) async fn unknown_owners(control: &Arc<dyn ControlStore>, tenant: TenantId, owners: Vec<UserId>) -> Result<Vec<UserId>> {
    let control = Arc::clone(control);
    block(move || user::unknown_owners(&*control, tenant, &owners)).await
}

#[cfg(test)]
mod tests {
    use crm_domain::id::AccountId;

    use super::*;

    #[test]
    fn an_id_reads_back_and_garbage_is_not_found() {
        let id: AccountId = in_path("company_12", COMPANY).unwrap();
        assert_eq!(show(COMPANY, id), "company_12");
        for bad in [
            "company_012",
            "company_+12",
            "12",
            "company_",
            "company_-1",
            "company_1x",
            "deal_12",
            "Company_12",
            "company_99999999999999999999",
            "company_١",
        ] {
            assert!(matches!(in_path::<AccountId>(bad, COMPANY), Err(Error::NotFound { .. })), "{bad}");
        }
    }

    #[test]
    fn a_reference_is_kept_cleared_set_or_wrong() {
        let read = |given| {
            let mut check = Check::new();
            let patch: Patch<AccountId> = in_body(given, COMPANY, "account_id", &mut check);
            (patch, check.finish().is_ok())
        };
        let text = |text: &str| Given::Value(text.to_owned());
        assert_eq!(read(Given::Missing), (Patch::Keep, true));
        assert_eq!(read(Given::Null), (Patch::Clear, true));
        assert_eq!(read(text(" ")), (Patch::Clear, true));
        assert_eq!(read(text("company_7")), (Patch::Set(AccountId::from_i64(7)), true));
        assert_eq!(read(text("7")), (Patch::Keep, false));
        assert_eq!(read(text("company_07")), (Patch::Keep, false));
        assert_eq!(read(Given::WrongType), (Patch::Keep, false));
    }
}
