//! Key figures (contract E-35 … E-42, X-14, X-166 … X-168).

use std::time::Duration;

use crm_domain::{
    stamp::Stamp,
    tenant::{
        change::{Actor, Origin},
        opportunity::OpportunityDraft,
    },
    usecase::import::{ImportKind, ImportOptions, ImportTarget, Observer, RowFailure, import},
};
use crm_tests::{database::Backend, each_server, server::Server, tenant::set};
use serde_json::{Value, json};

use super::{Desk, keys, refusal};

each_server! {
    figures_tell_of_what_the_period_saw,
    nothing_is_zero_and_no_error,
    periods_begin_on_mondays_and_firsts_in_utc,
}

// E-35, E-36, E-37, E-38, E-39, E-40, E-41, E-42, X-14, X-168
fn figures_tell_of_what_the_period_saw(server: &Server) {
    let desk = Desk::new(server);
    for status in ["New", "Qualified", "Disqualified", "New"] {
        desk.tenant.lead_with_status(status);
    }
    let deal = |stage: &str, amount: &str, currency: &str, closed: &str| {
        desk.tenant.opportunity_of(OpportunityDraft {
            name: set("Deal"),
            stage: set(stage),
            amount: set(amount),
            currency: set(currency),
            closed_on: set(closed),
            ..OpportunityDraft::default()
        });
    };
    deal("Prospecting", "100.50", "USD", "");
    deal("Negotiation", "900", "USD", "");
    deal("Negotiation", "70", "EUR", "");
    deal("Closed Won", "250000", "USD", "2025-01-14");
    deal("Closed Won", "1", "USD", "2025-01-02");
    deal("Closed Won", "2", "USD", "2024-12-31");
    deal("Closed Lost", "3", "USD", "2025-01-13");
    desk.make("/api/tasks", &json!({ "title": "Late", "dueAt": "2025-01-15T10:30:00Z" }));
    desk.make("/api/tasks", &json!({ "title": "Early" }));
    server.advance(Duration::from_secs(3_600));
    let month = desk.get("/kpis");
    assert_eq!(
        month,
        json!({
            "period": "month", "period_start": "2025-01-01T00:00:00Z", "generated_at": "2025-01-15T11:00:00Z",
            "leads": { "total": 4, "qualified": 1, "qualification_rate": 25.0 },
            "deals": { "total": 6, "open": 3, "won": 2, "lost": 1, "win_rate": 66.67 },
            "pipeline": { "value": 1000.5, "won_value": 250001, "other_currencies": { "EUR": { "value": 70, "won_value": 0 } } },
            "tasks": { "total": 2, "overdue": 1 },
        })
    );
    assert_eq!(desk.get("/kpis?period=month"), month);
    let week = desk.get("/kpis?period=week");
    assert_eq!(
        week["deals"],
        json!({ "total": 5, "open": 3, "won": 1, "lost": 1, "win_rate": 50.0 })
    );
    assert_eq!(week["pipeline"]["won_value"], 250_000);
    assert_eq!(desk.get("/kpis?period=YEAR")["deals"]["won"], 2);
    assert_eq!(
        refusal(&desk.ask("/kpis?period=decade"), 400),
        "period must be one of: week, month, quarter, year"
    );
    // In the next month only what it saw itself counts.
    server.advance(Duration::from_secs(20 * 24 * 3_600));
    let next = desk.get("/kpis");
    assert_eq!(
        (&next["leads"]["total"], &next["deals"]["total"], &next["tasks"]["total"]),
        (&json!(0), &json!(0), &json!(0))
    );
    let quarter = desk.get("/kpis?period=quarter");
    assert_eq!((&quarter["leads"], &quarter["deals"]), (&month["leads"], &month["deals"]));
}

fn nothing_is_zero_and_no_error(server: &Server) {
    let desk = Desk::new(server);
    let empty = desk.get("/kpis?period=year");
    assert_eq!(
        keys(&empty),
        ["deals", "generated_at", "leads", "period", "period_start", "pipeline", "tasks"]
    );
    assert_eq!(empty["leads"], json!({ "total": 0, "qualified": 0, "qualification_rate": 0.0 }));
    assert_eq!(
        empty["deals"],
        json!({ "total": 0, "open": 0, "won": 0, "lost": 0, "win_rate": 0.0 })
    );
    assert_eq!(empty["pipeline"], json!({ "value": 0, "won_value": 0 }));
    assert_eq!(empty["tasks"], json!({ "total": 0, "overdue": 0 }));
}

//
fn periods_begin_on_mondays_and_firsts_in_utc(server: &Server) {
    let desk = Desk::new(server);
    // A Wednesday.
    let starts = || {
        ["week", "month", "quarter", "year"].map(|period| {
            let shown = desk.get(&format!("/kpis?period={period}"));
            assert_eq!(shown["period"], period);
            shown["period_start"].as_str().unwrap().to_owned()
        })
    };
    let midnights = |days: [&str; 4]| days.map(|day| format!("{day}T00:00:00Z"));
    assert_eq!(starts(), midnights(["2025-01-13", "2025-01-01", "2025-01-01", "2025-01-01"]));
    // Sunday, 2025-12-28, and the Monday after it, whose week is the first of 2026.
    server.advance(Stamp::parse("2025-12-28T23:59:59Z").unwrap().since(server.now()));
    assert_eq!(starts(), midnights(["2025-12-22", "2025-12-01", "2025-10-01", "2025-01-01"]));
    server.advance(Duration::from_secs(1));
    assert_eq!(starts(), midnights(["2025-12-29", "2025-12-01", "2025-10-01", "2025-01-01"]));
    server.advance(Duration::from_secs(3 * 24 * 3_600));
    assert_eq!(starts(), midnights(["2025-12-29", "2026-01-01", "2026-01-01", "2026-01-01"]));
}

/// A table has no bad rows here.
struct NoFailure;

impl Observer for NoFailure {
    fn failed(&mut self, failure: &RowFailure) -> std::io::Result<()> {
        Err(std::io::Error::other(format!("line {}: {}", failure.line, failure.reason)))
    }
}

fn load(desk: &Desk<'_>, kind: ImportKind, file: &str) {
    let target = ImportTarget {
        control: desk.server.control(),
        store: std::sync::Arc::clone(desk.tenant.store()),
        tenant: desk.tenant.tenant.id,
        origin: Origin {
            actor: Actor::Job("demo"),
            family: "server",
        },
    };
    let path = format!("{}/../crates/crm-server/demo/{file}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read(path).unwrap();
    import(&target, kind, std::io::Cursor::new(text), &ImportOptions::default(), &mut NoFailure).unwrap();
}

/// The rows of the demo's opportunities: stage, cents, day of closing.
fn rows() -> Vec<(String, i64, String)> {
    let path = format!("{}/../crates/crm-server/demo/opportunities.csv", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    let cents = |amount: &str| amount.replace('.', "").parse().unwrap_or(0);
    let row = |line: &str| {
        let cells: Vec<&str> = line.split(',').collect();
        (cells[3].to_owned(), cents(cells[4]), cells[7].to_owned())
    };
    text.lines().skip(1).map(row).collect()
}

// E-37: a file of a year's deals, and its own figures.
#[test]
fn the_demo_files_figures_are_those_of_its_rows() {
    let server = Server::start(Backend::Sqlite);
    // As of its last day: everything was loaded then, and closed when it says.
    server.advance(Stamp::parse("2026-12-31T12:00:00Z").unwrap().since(server.now()));
    let desk = Desk::new(&server);
    for (kind, file) in [
        (ImportKind::Users, "users.csv"),
        (ImportKind::Accounts, "accounts.csv"),
        (ImportKind::Opportunities, "opportunities.csv"),
    ] {
        load(&desk, kind, file);
    }
    let rows = rows();
    assert!(
        rows.iter()
            .any(|(stage, _, closed)| stage == "Closed Won" && closed.starts_with("2026"))
    );
    for (period, first) in [
        ("quarter", "2026-10-01"),
        ("year", "2026-01-01"),
        ("month", "2026-12-01"),
        ("week", "2026-12-28"),
    ] {
        let closed = |wanted: &str| -> Vec<i64> {
            let own = rows.iter().filter(|(stage, _, closed)| stage == wanted && closed.as_str() >= first);
            own.map(|(_, cents, _)| *cents).collect()
        };
        let open: Vec<i64> = rows
            .iter()
            .filter(|(stage, _, _)| !stage.starts_with("Closed"))
            .map(|(_, cents, _)| *cents)
            .collect();
        let (won, lost) = (closed("Closed Won"), closed("Closed Lost"));
        let shown = desk.get(&format!("/kpis?period={period}"));
        let counts = json!([shown["deals"]["open"], shown["deals"]["won"], shown["deals"]["lost"]]);
        assert_eq!(counts, json!([open.len(), won.len(), lost.len()]), "{period}");
        let cents = |value: &Value| (value.as_f64().unwrap() * 100.0).round() as i64;
        assert_eq!(cents(&shown["pipeline"]["value"]), open.iter().sum::<i64>(), "{period}");
        assert_eq!(cents(&shown["pipeline"]["won_value"]), won.iter().sum::<i64>(), "{period}");
    }
}
