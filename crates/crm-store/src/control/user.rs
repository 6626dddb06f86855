//! Users.

use crm_domain::{
    control::user::{NewUser, PasswordHash, Role, User, UserReads, UserRepository},
    error::{Error, Problem, Result},
    field::{Email, Text},
    id::{RecordId, TenantId, UserId},
    stamp::Stamp,
};
use diesel::prelude::*;

use super::{
    ports::{Ports, can_be_stored, unreadable},
    schema::user,
    transaction::savepoint,
};
use crate::{connection::Connection, error::map};

#[derive(Queryable)]
struct UserRow {
    id: i64,
    tenant_id: i64,
    email: Option<String>,
    _email_key: Option<String>,
    name: Option<String>,
    role: String,
    password_hash: Option<String>,
    is_active: bool,
    manager_id: Option<i64>,
    office: Option<String>,
    created_at: i64,
    updated_at: i64,
    last_login_at: Option<i64>,
}

impl TryFrom<UserRow> for User {
    type Error = Error;

    fn try_from(row: UserRow) -> Result<Self> {
        Ok(Self {
            id: UserId::from_i64(row.id),
            tenant_id: TenantId::from_i64(row.tenant_id),
            email: row.email.map(Email::from_store),
            name: row.name.map(Text::from_store),
            role: role(&row.role)?,
            password: row.password_hash.map(PasswordHash::from_store),
            is_active: row.is_active,
            manager_id: row.manager_id.map(UserId::from_i64),
            office: row.office.map(Text::from_store),
            created_at: Stamp::from_micros(row.created_at),
            updated_at: Stamp::from_micros(row.updated_at),
            last_login_at: row.last_login_at.map(Stamp::from_micros),
        })
    }
}

/// The role that a column holds.
pub(super) fn role(stored: &str) -> Result<Role> {
    Role::parse(stored).map_err(|_| unreadable("role", stored))
}

#[derive(Insertable)]
#[diesel(table_name = user)]
struct NewUserRow {
    tenant_id: i64,
    email_key: Option<String>,
    email: Option<String>,
    name: Option<String>,
    role: &'static str,
    password_hash: Option<String>,
    is_active: bool,
    manager_id: Option<i64>,
    office: Option<String>,
    created_at: i64,
    updated_at: i64,
}

impl NewUserRow {
    fn new(new: NewUser, at: Stamp) -> Self {
        Self {
            tenant_id: new.tenant_id.get(),
            email_key: new.email.as_ref().map(Email::key),
            email: new.email.map(Email::into_inner),
            name: new.name.map(Text::into_inner),
            role: new.role.as_str(),
            password_hash: new.password.map(|hash| hash.as_str().to_owned()),
            is_active: true,
            manager_id: new.manager_id.map(RecordId::get),
            office: new.office.map(Text::into_inner),
            created_at: at.micros(),
            updated_at: at.micros(),
        }
    }
}

/// What of a user can change; it never moves to another tenant.
#[derive(AsChangeset)]
#[diesel(table_name = user, treat_none_as_null = true)]
struct UserChange<'a> {
    email: Option<&'a str>,
    email_key: Option<String>,
    name: Option<&'a str>,
    role: &'static str,
    password_hash: Option<&'a str>,
    is_active: bool,
    manager_id: Option<i64>,
    office: Option<&'a str>,
    updated_at: i64,
}

impl<'a> UserChange<'a> {
    fn new(user: &'a User, at: Stamp) -> Self {
        Self {
            email: user.email.as_ref().map(Email::as_str),
            email_key: user.email.as_ref().map(Email::key),
            name: user.name.as_deref(),
            role: user.role.as_str(),
            password_hash: user.password.as_ref().map(PasswordHash::as_str),
            is_active: user.is_active,
            manager_id: user.manager_id.map(RecordId::get),
            office: user.office.as_deref(),
            updated_at: at.micros(),
        }
    }
}

impl UserReads for Ports<'_> {
    fn lookup(&mut self, id: UserId) -> Result<Option<User>> {
        let row = user::table.find(id.get()).first::<UserRow>(self.connection).optional();
        row.map_err(map)?.map(User::try_from).transpose()
    }

    fn lookup_email(&mut self, email: &str) -> Result<Option<User>> {
        if !can_be_stored(email) {
            return Ok(None);
        }
        let key = Email::from_store(email.trim().to_owned()).key();
        let row = user::table
            .filter(user::email_key.eq(key))
            .first::<UserRow>(self.connection)
            .optional();
        row.map_err(map)?.map(User::try_from).transpose()
    }

    fn list(&mut self, tenant: TenantId) -> Result<Vec<User>> {
        let of_tenant = user::table.filter(user::tenant_id.eq(tenant.get()));
        let rows = of_tenant.order(user::id).load::<UserRow>(self.connection).map_err(map)?;
        rows.into_iter().map(User::try_from).collect()
    }

    fn lookup_many(&mut self, tenant: TenantId, ids: &[UserId]) -> Result<Vec<User>> {
        let ids: Vec<i64> = ids.iter().map(|id| id.get()).collect();
        let of_tenant = user::table.filter(user::tenant_id.eq(tenant.get())).filter(user::id.eq_any(ids));
        let rows = of_tenant.load::<UserRow>(self.connection).map_err(map)?;
        rows.into_iter().map(User::try_from).collect()
    }
}

impl UserRepository for Ports<'_> {
    fn add(&mut self, new: NewUser) -> Result<User> {
        check_manager(self.connection, new.tenant_id, new.manager_id)?;
        let insert = diesel::insert_into(user::table)
            .values(NewUserRow::new(new, self.stamp))
            .returning(user::all_columns);
        savepoint(self.connection, |connection| insert.get_result::<UserRow>(connection))?.try_into()
    }

    fn update(&mut self, user: &User) -> Result<()> {
        check_manager(self.connection, user.tenant_id, user.manager_id)?;
        let of_tenant = user::table.find(user.id.get()).filter(user::tenant_id.eq(user.tenant_id.get()));
        let update = diesel::update(of_tenant).set(UserChange::new(user, self.stamp));
        let rows = savepoint(self.connection, |connection| update.execute(connection))?;
        self.changed_one(rows, || Error::not_found(UserId::NOUN, user.id))
    }

    fn note_login(&mut self, id: UserId) -> Result<()> {
        diesel::update(user::table.find(id.get()))
            .set(user::last_login_at.eq(self.stamp.micros()))
            .execute(self.connection)
            .map_err(map)?;
        Ok(())
    }
}

/// A manager belongs to the same tenant. The database holds it too, but its error names no field.
fn check_manager(connection: &mut Connection, tenant: TenantId, manager: Option<UserId>) -> Result<()> {
    let Some(manager) = manager else { return Ok(()) };
    let found = user::table.find(manager.get()).filter(user::tenant_id.eq(tenant.get()));
    let exists: bool = diesel::select(diesel::dsl::exists(found)).get_result(connection).map_err(map)?;
    if exists {
        Ok(())
    } else {
        Err(Error::invalid("manager_id", Problem::Reference { noun: UserId::NOUN }))
    }
}
