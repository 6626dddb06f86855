//! Every field that lists filter or sort by has its index, on both backends.

use crm_domain::{
    query::Field,
    tenant::{
        account::AccountField, activity::ActivityField, contact::ContactField, job::JobField, lead::LeadField, link::LINKS,
        opportunity::OpportunityField, partner::PartnerField, request::RequestField, sla_policy::SlaPolicyField, tag::TagField,
        task::TaskField, ticket::TicketField, ticket_comment::TicketCommentField, webhook::WebhookField,
    },
};
use crm_store::{
    Location,
    connection::Connection,
    dialect::{self, Purpose},
};
use crm_tests::{
    database::{Backend, Database},
    each_backend_shared,
};
use diesel::{QueryableByName, RunQueryDsl, sql_types::Text};

use super::new_tenant;

each_backend_shared!(every_field_of_a_list_has_its_index, every_link_has_its_index);

#[derive(QueryableByName)]
struct Index {
    #[diesel(sql_type = Text)]
    definition: String,
}

/// The definitions of a table's indexes.
fn indexes(connection: &mut Connection, table: &str) -> Vec<String> {
    let rows: Vec<Index> = match connection {
        Connection::Sqlite(c) => {
            let sql = "SELECT sql AS definition FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL AND tbl_name = ?";
            diesel::sql_query(sql).bind::<Text, _>(table).load(c).unwrap()
        }
        Connection::Postgres(c) => {
            let sql = "SELECT indexdef AS definition FROM pg_indexes WHERE tablename = $1";
            diesel::sql_query(sql).bind::<Text, _>(table).load(c).unwrap()
        }
    };
    rows.into_iter().map(|row| row.definition).collect()
}

/// Whether an index begins with the column, in the lists' order, and holds every live row, or every one that has a value.
fn serves(definition: &str, column: &str, is_nullable: bool, is_sparse: bool, backend: Backend) -> bool {
    let columns = definition.split_once('(').map_or("", |(_, rest)| rest);
    let first = columns.split([',', ')']).next().unwrap_or_default().trim();
    let nulls_first = is_nullable && !is_sparse && backend == Backend::Postgres;
    let in_order = first == format!("{column}{}", if nulls_first { " NULLS FIRST" } else { "" });
    in_order && (is_sparse || !definition.contains(&format!("{column} IS NOT NULL")))
}

fn check<F: Field>(connection: &mut Connection, table: &str, backend: Backend) {
    let indexes = indexes(connection, table);
    for spec in F::ALL.iter().map(|field| field.spec()).filter(|spec| spec.is_filterable) {
        // The primary key.
        if spec.name == "id" {
            continue;
        }
        // The table's own name need not stand in the column's.
        let short = spec.name.strip_prefix(&format!("{table}_")).unwrap_or(spec.name);
        let columns = [spec.name.to_owned(), format!("{}_key", spec.name), short.to_owned()];
        let serves = |index: &String| {
            let mut columns = columns.iter();
            columns.any(|column| serves(index, column, spec.is_nullable, spec.is_sparse, backend))
        };
        assert!(indexes.iter().any(serves), "{table}.{} has no index: {indexes:#?}", spec.name);
    }
}

/// Deleting, restoring and merging a record look for what refers to it.
fn every_link_has_its_index(database: &Database) {
    let connection = &mut reading(database);
    for link in LINKS {
        let indexes = indexes(connection, link.from.as_str());
        for of_deleted in [false, true] {
            let serves = |index: &String| {
                let columns = index.split_once('(').map_or("", |(_, rest)| rest);
                let is_first = columns.split([' ', ',', ')']).next() == Some(link.field);
                is_first && index.contains("deleted_at IS NOT NULL") == of_deleted
            };
            assert!(
                indexes.iter().any(serves),
                "{link:?} has no index (of deleted records: {of_deleted}): {indexes:#?}"
            );
        }
    }
}

fn reading(database: &Database) -> Connection {
    let settings = database.settings();
    let control = Location::control(&settings.url, &settings.data_dir).unwrap();
    let location = Location::of_tenant(&new_tenant(database).location, &control, &settings.data_dir).unwrap();
    dialect::open(&location, Purpose::Read).unwrap()
}

fn every_field_of_a_list_has_its_index(database: &Database) {
    let connection = &mut reading(database);
    let backend = database.backend;
    check::<AccountField>(connection, "account", backend);
    check::<ActivityField>(connection, "activity", backend);
    check::<ContactField>(connection, "contact", backend);
    check::<JobField>(connection, "job", backend);
    check::<LeadField>(connection, "lead", backend);
    check::<OpportunityField>(connection, "opportunity", backend);
    check::<PartnerField>(connection, "partner", backend);
    check::<RequestField>(connection, "request", backend);
    check::<SlaPolicyField>(connection, "sla_policy", backend);
    check::<TagField>(connection, "tag", backend);
    check::<TaskField>(connection, "task", backend);
    check::<TicketField>(connection, "ticket", backend);
    check::<TicketCommentField>(connection, "ticket_comment", backend);
    check::<WebhookField>(connection, "webhook", backend);
    // Pipelines are few, a pipeline has at most 50 stages, and a noun at most 100 custom fields.
}
