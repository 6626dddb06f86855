//! The check of every database: it finds all that is wrong, and one broken database hides no other.

use crm_domain::{
    clock::{SystemEntropy, uuid_at},
    control::tenant::{NewTenant, Tenant},
    tenant::account as accounts,
    usecase::single,
};
use crm_store::{
    DatabaseReport, Location,
    dialect::{self, Purpose},
};
use crm_tests::{database::Database, each_backend};
use diesel::connection::SimpleConnection;

use super::{named, text, write};

each_backend!(a_sound_deployment_has_no_problems, every_problem_of_every_database_is_found);

/// Tenants with one account each.
fn tenants<const N: usize>(database: &Database) -> [Tenant; N] {
    std::array::from_fn(|number| {
        let new = NewTenant {
            uuid: uuid_at(database.now(), &SystemEntropy),
            name: text(&format!("Tenant {number}")),
            company_name: text("Acme"),
            location: database.tenants().provision().unwrap(),
            tier: "default".to_owned(),
        };
        let tenant = database.control().writing(|unit| unit.tenants().add(new)).unwrap();
        let store = database.tenants().open(&tenant).unwrap();
        write(&store, |unit| single::create_parsed::<accounts::Account>(unit, named("Acme"))).unwrap();
        tenant
    })
}

fn spoil(database: &Database, tenant: &Tenant, sql: &str) {
    let settings = database.settings();
    let control = Location::control(&settings.url, &settings.data_dir).unwrap();
    let location = Location::of_tenant(&tenant.location, &control, &settings.data_dir).unwrap();
    let mut connection = dialect::open(&location, Purpose::Write).unwrap();
    connection.batch_execute(sql).unwrap();
}

fn a_sound_deployment_has_no_problems(database: &Database) {
    let _: [Tenant; 2] = tenants(database);
    let reports = database.store().check();
    assert_eq!(reports.len(), 3);
    assert!(reports.iter().all(|report| report.problems.is_empty()), "{reports:?}");
    assert_eq!(reports[0].tenant, None);
    assert!(reports.iter().all(|report| report.version.is_some()));
}

fn every_problem_of_every_database_is_found(database: &Database) {
    let [gap, counters, gone, pending, _fine] = tenants(database);
    spoil(database, &gap, "UPDATE counter SET change_seq = 3");
    spoil(
        database,
        &counters,
        "UPDATE counter SET account_live = 7, account_id = 0, lead_live = 1, request_total = 2, opportunity_other = 4, \
         tag_live = 2, ticket_live = 3, ticket_comment_live = 4, sla_policy_live = 5, partner_live = 6, custom_field_live = 8, \
         merge_total = 9, pipeline_id = 0; \
         INSERT INTO contact_stat (key, count) VALUES ('industry/None', 3); \
         INSERT INTO kpi (key, count, high, low) VALUES ('status/None', 2, 1, 5)",
    );
    database.tenants().discard(&gone.location).unwrap();
    spoil(database, &pending, "DELETE FROM __diesel_schema_migrations");
    let reports = database.store().check();
    assert_eq!(reports.len(), 6);
    let problems = |tenant: &Tenant| {
        let whose = format!("{} ({})", tenant.id, &*tenant.name);
        let of_tenant = |report: &&DatabaseReport| report.tenant.as_ref() == Some(&whose);
        reports.iter().find(of_tenant).unwrap().problems.clone()
    };
    assert_eq!(problems(&gap), ["the change feed has 1 changes, 1 to 1; its counter says 1 to 3"]);
    assert_eq!(
        problems(&counters),
        [
            "there are 1 accounts; the counter says 7",
            "the highest id of accounts is 1; the counter says 0",
            "there are 0 leads; the counter says 1",
            "there are 0 tickets; the counter says 3",
            "there are 0 comments of tickets; the counter says 4",
            "there are 0 SLA policies; the counter says 5",
            "there are 0 partners; the counter says 6",
            "there are 0 tags; the counter says 2",
            "there are 0 custom fields; the counter says 8",
            "there are 0 opportunities out of forecasts; the counter says 4",
            "the highest id of pipelines is 1; the counter says 0",
            "there are 0 merges; the counter says 9",
            "there are 0 requests; the counter says 2",
            "contacts count 0 for industry/None; the total kept says 3",
            "0 records worth 0 count for status/None; the total kept says 2 worth 1000005",
        ]
    );
    assert_eq!(problems(&gone).len(), 1);
    assert_eq!(problems(&pending), ["migrations are pending, run `crm-server migrate`"]);
    assert_eq!(reports.iter().filter(|report| report.problems.is_empty()).count(), 2);
}
