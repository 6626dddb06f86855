//! Invitations.

use crm_domain::{
    control::{
        invitation::{Invitation, InvitationReads, InvitationRepository, NewInvitation},
        user::UserFields,
    },
    error::{Error, Result},
    field::{Email, Text},
    id::{InvitationId, RecordId, TenantId, UserId},
    page::{Page, Window},
    stamp::Stamp,
};
use diesel::prelude::*;

use super::{
    ports::{Ports, can_be_stored},
    schema::invitation,
    user::role,
    window,
};
use crate::error::map;

#[derive(Queryable)]
struct InvitationRow {
    id: i64,
    tenant_id: i64,
    _digest: String,
    email: String,
    _email_key: String,
    name: Option<String>,
    role: String,
    manager_id: Option<i64>,
    office: Option<String>,
    invited_by: i64,
    created_at: i64,
    expires_at: i64,
    accepted_at: Option<i64>,
    accepted_by: Option<i64>,
    revoked_at: Option<i64>,
}

impl TryFrom<InvitationRow> for Invitation {
    type Error = Error;

    fn try_from(row: InvitationRow) -> Result<Self> {
        Ok(Self {
            id: InvitationId::from_i64(row.id),
            tenant_id: TenantId::from_i64(row.tenant_id),
            fields: UserFields {
                email: Email::from_store(row.email),
                name: row.name.map(Text::from_store),
                role: role(&row.role)?,
                manager_id: row.manager_id.map(UserId::from_i64),
                office: row.office.map(Text::from_store),
            },
            invited_by: UserId::from_i64(row.invited_by),
            created_at: Stamp::from_micros(row.created_at),
            expires_at: Stamp::from_micros(row.expires_at),
            accepted: row.accepted_at.map(Stamp::from_micros).zip(row.accepted_by.map(UserId::from_i64)),
            revoked_at: row.revoked_at.map(Stamp::from_micros),
        })
    }
}

#[derive(Insertable)]
#[diesel(table_name = invitation)]
struct NewInvitationRow<'a> {
    tenant_id: i64,
    digest: &'a str,
    email: &'a str,
    email_key: String,
    name: Option<&'a str>,
    role: &'static str,
    manager_id: Option<i64>,
    office: Option<&'a str>,
    invited_by: i64,
    created_at: i64,
    expires_at: i64,
}

impl<'a> NewInvitationRow<'a> {
    fn new(new: &'a NewInvitation, at: Stamp) -> Self {
        Self {
            tenant_id: new.tenant_id.get(),
            digest: &new.digest,
            email: new.fields.email.as_str(),
            email_key: new.fields.email.key(),
            name: new.fields.name.as_deref(),
            role: new.fields.role.as_str(),
            manager_id: new.fields.manager_id.map(RecordId::get),
            office: new.fields.office.as_deref(),
            invited_by: new.invited_by.get(),
            created_at: at.micros(),
            expires_at: new.expires_at.micros(),
        }
    }
}

impl InvitationReads for Ports<'_> {
    fn lookup(&mut self, tenant: TenantId, id: InvitationId) -> Result<Option<Invitation>> {
        let of_tenant = invitation::table.find(id.get()).filter(invitation::tenant_id.eq(tenant.get()));
        let row = of_tenant.first::<InvitationRow>(self.connection).optional();
        row.map_err(map)?.map(Invitation::try_from).transpose()
    }

    fn lookup_digest(&mut self, digest: &str) -> Result<Option<Invitation>> {
        if !can_be_stored(digest) {
            return Ok(None);
        }
        let row = invitation::table
            .filter(invitation::digest.eq(digest))
            .first::<InvitationRow>(self.connection)
            .optional();
        row.map_err(map)?.map(Invitation::try_from).transpose()
    }

    fn lookup_email(&mut self, tenant: TenantId, email: &Email) -> Result<Option<Invitation>> {
        let of_email = invitation::table
            .filter(invitation::tenant_id.eq(tenant.get()))
            .filter(invitation::email_key.eq(email.key()));
        let newest = of_email.order(invitation::id.desc());
        let row = newest.first::<InvitationRow>(self.connection).optional();
        row.map_err(map)?.map(Invitation::try_from).transpose()
    }

    fn list(&mut self, tenant: TenantId, window: &Window) -> Result<Page<Invitation>> {
        let of_tenant = invitation::table.filter(invitation::tenant_id.eq(tenant.get()));
        let total: i64 = of_tenant.count().get_result(self.connection).map_err(map)?;
        let (skipped, below) = window::start(window)?;
        let newest_first = of_tenant.filter(invitation::id.lt(below)).order(invitation::id.desc());
        let page = newest_first.offset(skipped).limit(window::fetch(window));
        let rows = page.load::<InvitationRow>(self.connection).map_err(map)?;
        window::page(rows, total, self.stamp, window)
    }
}

impl InvitationRepository for Ports<'_> {
    fn add(&mut self, new: NewInvitation) -> Result<Invitation> {
        diesel::insert_into(invitation::table)
            .values(NewInvitationRow::new(&new, self.stamp))
            .returning(invitation::all_columns)
            .get_result::<InvitationRow>(self.connection)
            .map_err(map)?
            .try_into()
    }

    fn close(&mut self, closed: &Invitation) -> Result<()> {
        let of_tenant = invitation::table
            .find(closed.id.get())
            .filter(invitation::tenant_id.eq(closed.tenant_id.get()));
        let rows = diesel::update(of_tenant)
            .set((
                invitation::accepted_at.eq(closed.accepted.map(|(at, _)| at.micros())),
                invitation::accepted_by.eq(closed.accepted.map(|(_, user)| user.get())),
                invitation::revoked_at.eq(closed.revoked_at.map(Stamp::micros)),
            ))
            .execute(self.connection)
            .map_err(map)?;
        if rows == 0 {
            return Err(Error::not_found(InvitationId::NOUN, closed.id));
        }
        Ok(())
    }
}
