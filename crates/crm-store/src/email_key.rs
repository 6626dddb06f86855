//! The keys by which emails are compared, of what was kept when they were lower case alone.

use crm_domain::{error::Result, field::Email};
use diesel::{ExpressionMethods, QueryDsl, RunQueryDsl};

use crate::{connection::Connection, control::schema::user, error::map, tenant::schema::contact};

/// The version of the tenants' migration after which they are made anew.
pub(crate) const TENANT_VERSION: &str = "20261123000320";
/// The same of the control plane's.
pub(crate) const CONTROL_VERSION: &str = "20261123000321";

/// Most records that a problem names.
const NAMED: usize = 20;

/// The live contacts whose email is another's too, as it is compared now: they keep the key that they had, and one of each pair is to be merged
/// or given another email.
///
/// # Errors
/// Those of the database.
pub(crate) fn shared_by_contacts(connection: &mut Connection) -> Result<Option<String>> {
    let rows = contact::table
        .filter(contact::deleted_at.is_null())
        .filter(contact::email.is_not_null())
        .order(contact::id.asc())
        .select((contact::id, contact::email, contact::email_key));
    let rows = rows.load(connection).map_err(map)?;
    Ok(told("contacts", rows))
}

/// The same of users.
///
/// # Errors
/// Those of the database.
pub(crate) fn shared_by_users(connection: &mut Connection) -> Result<Option<String>> {
    let rows = user::table
        .filter(user::email.is_not_null())
        .order(user::id.asc())
        .select((user::id, user::email, user::email_key));
    let rows = rows.load(connection).map_err(map)?;
    Ok(told("users", rows))
}

fn told(noun: &str, rows: Vec<(i64, Option<String>, Option<String>)>) -> Option<String> {
    let is_stale = |(_, email, key): &&(i64, Option<String>, Option<String>)| email.as_deref().map(Email::key_of) != *key;
    let stale: Vec<String> = rows.iter().filter(is_stale).map(|(id, ..)| id.to_string()).collect();
    if stale.is_empty() {
        return None;
    }
    let more = if stale.len() > NAMED { ", …" } else { "" };
    let ids = stale[..stale.len().min(NAMED)].join(", ");
    Some(format!("{} {noun} share the email of another: {ids}{more}", stale.len()))
}
