//! Contacts copied from one database into another in batches, by diesel alone.

use std::time::{Duration, Instant};

use anyhow::Result;
use crm_store::{
    Location, dialect,
    dialect::Purpose,
    insert_rows,
    tenant::schema::{contact, counter},
};
use diesel::{ExpressionMethods, Insertable, QueryDsl, Queryable, RunQueryDsl, connection::SimpleConnection};

/// A row of the table, every column.
#[derive(Debug, Clone, Queryable, Insertable)]
#[diesel(table_name = contact, treat_none_as_default_value = false)]
struct ContactRow {
    id: i64,
    uuid: String,
    external_id: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    email: Option<String>,
    email_key: Option<String>,
    phone: Option<String>,
    other_phone: Option<String>,
    title: Option<String>,
    company: Option<String>,
    website: Option<String>,
    city: Option<String>,
    state: Option<String>,
    country: Option<String>,
    description: Option<String>,
    account_id: Option<i64>,
    owner_id: i64,
    search_text: String,
    created_at: i64,
    created_by: Option<i64>,
    updated_at: i64,
    deleted_at: Option<i64>,
    full_name: Option<String>,
    full_name_key: Option<String>,
    home_phone: Option<String>,
    corporate_phone: Option<String>,
    employees: Option<i64>,
    employee_size_bracket: Option<String>,
    industry: Option<String>,
    company_linkedin: Option<String>,
    person_linkedin: Option<String>,
    person_linkedin_key: Option<String>,
    technologies: Option<String>,
    annual_revenue: Option<String>,
    company_address: Option<String>,
    company_city: Option<String>,
    company_state: Option<String>,
    company_country: Option<String>,
    template_key: Option<String>,
    identity_key: Option<String>,
    email_domain: Option<String>,
    has_phone: bool,
    lead_score: i64,
}

/// Writes every contact of one tenant's database into another, empty one, by so many a commit; how long the writing took, and how many there were.
pub fn copy(from: &Location, to: &Location, batch: usize) -> Result<(Duration, usize)> {
    let mut source = dialect::open(from, Purpose::Read)?;
    let rows: Vec<ContactRow> = contact::table.order(contact::id.asc()).load(&mut source)?;
    let mut connection = dialect::open(to, Purpose::Write)?;
    let started = Instant::now();
    let mut id: i64 = 0;
    for batch in rows.chunks(batch) {
        dialect::begin_write(&mut connection)?;
        id += batch.len() as i64;
        insert_rows!(&mut connection, contact::table, batch)?;
        diesel::update(counter::table.filter(counter::id.eq(1)))
            .set((counter::contact_id.eq(id), counter::contact_live.eq(id)))
            .execute(&mut connection)?;
        connection.batch_execute("COMMIT")?;
    }
    Ok((started.elapsed(), rows.len()))
}
