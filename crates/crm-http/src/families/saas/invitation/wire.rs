//! The shapes of an invitation.

use crm_domain::{
    Error, Result,
    control::{
        invitation::{Invitation, InvitationToken},
        user::{UserDraft, UserFields},
    },
    field::Check,
    stamp::Stamp,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    families::saas::id::{INVITATION, TENANT, USER, in_body, show},
    shared::json_body::Given,
};

/// Who is invited, and what the user will be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = saas::InvitationRequest)]
pub(crate) struct InvitationRequest {
    /// Nobody's in the deployment yet.
    #[schema(value_type = String, example = "sam@company.com")]
    email: Given<String>,
    /// `Admin`, `Manager` or `User`, which is what it is when left out.
    #[schema(value_type = Option<String>, example = "User")]
    role: Given<String>,
    #[schema(value_type = Option<String>, example = "Sam Seller")]
    name: Given<String>,
    /// The user that the new one reports to.
    #[schema(value_type = Option<String>, example = "user_456")]
    manager_id: Given<String>,
    #[schema(value_type = Option<String>, example = "Berlin")]
    office: Given<String>,
}

impl InvitationRequest {
    pub(super) fn parse(self) -> Result<UserFields> {
        let mut check = Check::new();
        let draft = UserDraft {
            email: self.email.patch("email", &mut check),
            name: self.name.patch("name", &mut check),
            role: self.role.patch("role", &mut check),
            manager_id: in_body(self.manager_id, USER, "manager_id", &mut check),
            office: self.office.patch("office", &mut check),
        };
        UserFields::parse(draft, check)
    }
}

/// An invitation, without its token.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = saas::Invitation)]
pub(crate) struct InvitationInfo {
    #[schema(example = "invitation_3")]
    id: String,
    #[schema(example = "sam@company.com")]
    email: String,
    name: Option<String>,
    /// `Admin`, `Manager` or `User`.
    #[schema(example = "User")]
    role: &'static str,
    manager_id: Option<String>,
    office: Option<String>,
    /// `Pending`, `Accepted`, `Revoked` or `Expired`.
    #[schema(example = "Pending")]
    status: &'static str,
    /// The Admin who invited.
    #[schema(example = "user_456")]
    invited_by: String,
    #[schema(example = "2026-01-17T10:30:00Z")]
    created_at: String,
    #[schema(example = "2026-01-24T10:30:00Z")]
    expires_at: String,
    #[schema(format = DateTime)]
    accepted_at: Option<String>,
    /// The user that it became.
    #[schema(example = "user_457")]
    user_id: Option<String>,
    #[schema(format = DateTime)]
    revoked_at: Option<String>,
    #[schema(example = "tenant_789")]
    tenant_id: String,
}

impl InvitationInfo {
    pub(super) fn of(invitation: Invitation, now: Stamp) -> Self {
        let status = invitation.state(now).as_str();
        let fields = invitation.fields;
        Self {
            id: show(INVITATION, invitation.id),
            email: fields.email.into_inner(),
            name: fields.name.map(|text| text.into_inner()),
            role: fields.role.as_str(),
            manager_id: fields.manager_id.map(|id| show(USER, id)),
            office: fields.office.map(|text| text.into_inner()),
            status,
            invited_by: show(USER, invitation.invited_by),
            created_at: invitation.created_at.to_second_precision(),
            expires_at: invitation.expires_at.to_second_precision(),
            accepted_at: invitation.accepted.map(|(at, _)| at.to_second_precision()),
            user_id: invitation.accepted.map(|(_, user)| show(USER, user)),
            revoked_at: invitation.revoked_at.map(Stamp::to_second_precision),
            tenant_id: show(TENANT, invitation.tenant_id),
        }
    }
}

/// A new invitation. Not `Debug`: it would show the token.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = saas::Invited)]
pub(crate) struct InvitedResponse {
    /// What the invited person accepts with: shown this once.
    token: String,
    invitation: InvitationInfo,
}

impl InvitedResponse {
    pub(super) fn of(token: &InvitationToken, invitation: Invitation, now: Stamp) -> Self {
        Self {
            token: token.as_str().to_owned(),
            invitation: InvitationInfo::of(invitation, now),
        }
    }
}

/// The id of the invitation that the answer to its creation shows.
pub(super) fn made(answer: &str) -> Result<String> {
    #[derive(Deserialize)]
    struct Answer {
        invitation: Made,
    }
    #[derive(Deserialize)]
    struct Made {
        id: String,
    }
    let answer: Answer = serde_json::from_str(answer).map_err(|error| Error::Internal(error.to_string()))?;
    Ok(answer.invitation.id)
}
