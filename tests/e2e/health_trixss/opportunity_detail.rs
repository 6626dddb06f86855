//! `GET /api/v1/external/opportunities/:id` (contract A-61 … A-68).

use crm_domain::{field::Patch, tenant::opportunity::OpportunityDraft};
use crm_tests::{each_server, server::Server, tenant::set};

use super::{Desk, assert_error, documented};

each_server! {
    the_detail_is_the_lists_element,
    a_deleted_opportunity_is_gone,
}

//
fn the_detail_is_the_lists_element(server: &Server) {
    let desk = documented(server);
    let detail = desk.get("/opportunities/OPP-00001");
    assert_eq!(detail, desk.get("/opportunities")["opportunities"][0]);
    assert_eq!(detail.as_object().unwrap().len(), 14);
}

//
fn a_deleted_opportunity_is_gone(server: &Server) {
    let desk = Desk::new(server);
    let opportunity = desk.tenant.opportunity("Short lived", None);
    desk.get("/opportunities/OPP-00001");
    desk.tenant.remove_opportunity(opportunity.id);
    let answer = desk.ask("/opportunities/OPP-00001");
    assert_error(&answer, 404, "Opportunity not found", "No opportunity found with ID: OPP-00001");
    assert_eq!(desk.get("/opportunities?includeInForecast=all")["pagination"]["total"], 0);
}

//
#[test]
fn the_detail_knows_no_forecast_filter() {
    let server = Server::sqlite();
    let desk = Desk::new(&server);
    desk.tenant.opportunity_of(OpportunityDraft {
        name: set("Not in the forecast"),
        include_in_forecast: Patch::Set(false),
        ..OpportunityDraft::default()
    });
    for query in ["", "?includeInForecast=true", "?includeInForecast=false"] {
        let detail = desk.get(&format!("/opportunities/OPP-00001{query}"));
        assert_eq!(detail["includeInForecast"], false, "{query}");
    }
}

//
#[test]
fn ids_in_any_other_form_name_nothing() {
    let server = Server::sqlite();
    let desk = documented(&server);
    for (asked, told) in [
        ("OPP-00002", "OPP-00002"),
        ("OPP-1", "OPP-1"),
        ("opp-00001", "opp-00001"),
        ("OPP-000001", "OPP-000001"),
        ("OPP-99999999999999999999", "OPP-99999999999999999999"),
        ("OPP-00001%00", "OPP-00001\0"),
        ("ACT-00001", "ACT-00001"),
        ("OPP-00000", "OPP-00000"),
        ("1", "1"),
    ] {
        let answer = desk.ask(&format!("/opportunities/{asked}"));
        assert_error(
            &answer,
            404,
            "Opportunity not found",
            &format!("No opportunity found with ID: {told}"),
        );
    }
}
