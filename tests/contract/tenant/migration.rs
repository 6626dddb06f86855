//! Migrations: the same names on both backends, and each can be undone and done again.

use std::{collections::BTreeSet, fs, path::PathBuf};

use crm_store::{
    Location,
    connection::Connection,
    dialect::{self, Plane, Purpose},
};
use crm_tests::{
    database::{Backend, Database},
    each_backend,
};
use diesel::{QueryableByName, RunQueryDsl, sql_types::Text};
use diesel_migrations::{FileBasedMigrations, MigrationHarness};

use super::provision;

each_backend!(migrations_can_be_undone_and_done_again);

fn folder(plane: &str, backend: Backend) -> PathBuf {
    let backend = match backend {
        Backend::Sqlite => "sqlite",
        Backend::Postgres => "postgres",
    };
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../migrations")
        .join(plane)
        .join(backend)
}

#[test]
fn names_are_the_same_on_both_backends() {
    for plane in ["control", "tenant"] {
        let [sqlite, postgres] = Backend::ALL.map(|backend| {
            let entries = fs::read_dir(folder(plane, backend)).unwrap().map(Result::unwrap);
            let names: BTreeSet<_> = entries.map(|entry| entry.file_name()).collect();
            for name in &names {
                for file in ["up.sql", "down.sql"] {
                    assert!(
                        folder(plane, backend).join(name).join(file).is_file(),
                        "{plane} {name:?} has no {file}"
                    );
                }
            }
            names
        });
        assert_eq!(sqlite, postgres, "the migrations of the {plane} plane");
        // Of two with one number, only the first would ever run.
        let number = |name: &std::ffi::OsString| name.to_string_lossy().split('_').next().unwrap_or_default().to_owned();
        let numbers: BTreeSet<String> = sqlite.iter().map(number).collect();
        assert_eq!(
            numbers.len(),
            sqlite.len(),
            "two migrations of the {plane} plane have one number: {sqlite:?}"
        );
        assert!(!sqlite.is_empty());
    }
}

fn locations(database: &Database) -> [(&'static str, Plane, Location); 2] {
    let settings = database.settings();
    let control = Location::control(&settings.url, &settings.data_dir).unwrap();
    let tenant = provision(&*database.tenants());
    let tenant = Location::of_tenant(&tenant.location, &control, &settings.data_dir).unwrap();
    [("control", Plane::Control, control), ("tenant", Plane::Tenant, tenant)]
}

fn migrations_can_be_undone_and_done_again(database: &Database) {
    for (name, plane, location) in locations(database) {
        let mut connection = dialect::open(&location, Purpose::Write).unwrap();
        let files = FileBasedMigrations::from_path(folder(name, database.backend)).unwrap();
        let before = schema(&mut connection);
        assert!(before.len() > 5 && !dialect::has_pending_migrations(&mut connection, plane).unwrap());
        let undone = match &mut connection {
            Connection::Sqlite(c) => c.revert_all_migrations(files).unwrap().len(),
            Connection::Postgres(c) => c.revert_all_migrations(files).unwrap().len(),
        };
        assert!(undone > 0);
        assert_eq!(
            schema(&mut connection),
            Vec::<String>::new(),
            "what the {name} plane's down.sql leaves"
        );
        assert_eq!(dialect::migrate(&mut connection, plane).unwrap().len(), undone);
        assert_eq!(schema(&mut connection), before);
        assert_eq!(dialect::migrate(&mut connection, plane).unwrap(), Vec::<String>::new());
        assert_eq!(dialect::integrity(&mut connection).unwrap(), "ok");
    }
}

/// Every table, column, index and trigger, but for the list of migrations.
fn schema(connection: &mut Connection) -> Vec<String> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        line: String,
    }
    let rows: Vec<Row> = match connection {
        Connection::Sqlite(c) => diesel::sql_query(
            "SELECT type || ' ' || name || ': ' || coalesce(sql, '') AS line FROM sqlite_master \
             WHERE tbl_name <> '__diesel_schema_migrations' AND name NOT LIKE 'sqlite_%' ORDER BY 1",
        )
        .load(c)
        .unwrap(),
        Connection::Postgres(c) => diesel::sql_query(
            "SELECT table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable AS line \
             FROM information_schema.columns \
             WHERE table_schema = 'public' AND table_name <> '__diesel_schema_migrations' \
             UNION ALL SELECT indexdef FROM pg_indexes \
             WHERE schemaname = 'public' AND tablename <> '__diesel_schema_migrations' ORDER BY 1",
        )
        .load(c)
        .unwrap(),
    };
    rows.into_iter().map(|row| row.line).collect()
}
