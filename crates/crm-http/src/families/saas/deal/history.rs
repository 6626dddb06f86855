//! The stages that a deal was in.

use actix_web::{HttpRequest, HttpResponse, web};
use crm_domain::{
    id::OpportunityId,
    page::{Page, SortValue, Start},
    stamp::Stamp,
    tenant::opportunity::{self, Stay},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::wire::DealStatus;
use crate::families::saas::{
    context::{Permit, Read},
    error::{ErrorResponses, LookupResponses, SaasError},
    id::{DEAL, STAGE, in_path, show},
    page::{PageBody, PageParams, Query},
};

pub(in super::super) const PATH: &str = "/api/deals/{id}/stage-history";

/// A time that a deal spent in a stage.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = saas::StageStay)]
pub(crate) struct StageStay {
    /// The stage's name today.
    #[schema(example = "Prospecting")]
    stage: String,
    #[schema(example = "stage_1")]
    stage_id: String,
    status: DealStatus,
    #[schema(example = "2026-01-17T10:30:00Z")]
    entered_at: String,
    /// Null for the stage that the deal is in.
    #[schema(example = "2026-01-18T10:30:00Z")]
    left_at: Option<String>,
    /// Who put it there: `user:456`, `api_key:3`, `job:import` or `system`.
    #[schema(example = "user:456")]
    actor: String,
}

impl From<Stay> for StageStay {
    fn from(stay: Stay) -> Self {
        Self {
            stage_id: show(STAGE, stay.stage.id),
            status: stay.stage.fields.kind.into(),
            stage: stay.stage.fields.name.into_inner(),
            entered_at: stay.entered_at.to_second_precision(),
            left_at: stay.left_at.map(Stamp::to_second_precision),
            actor: stay.actor,
        }
    }
}

/// Lists the stages that a deal was in, oldest first.
#[utoipa::path(
    get, path = PATH, tag = "deals", operation_id = "saas_list_deal_stage_history",
    params(("id" = String, Path, example = "deal_34"), PageParams),
    responses((status = 200, description = "A page of its stages", body = PageBody<StageStay>), ErrorResponses, LookupResponses),
    security(("accessToken" = []))
)]
pub(in super::super) async fn list(permit: Permit<Read>, id: web::Path<String>, request: HttpRequest) -> Result<HttpResponse, SaasError> {
    let id: OpportunityId = in_path(&id, DEAL)?;
    let mut query = Query::parse(request.query_string());
    let paging = query.paging(&format!("stage-history of {id}"));
    query.finish()?;
    let stays = permit.tenant.snapshot(move |reader| opportunity::stage_history(reader, id)).await?;
    let window = paging.window();
    // The list only grows at its end: a stay's place in it names the stay.
    let skipped = match window.start {
        Start::Offset(offset) => usize::try_from(offset),
        Start::After(cursor) => usize::try_from(cursor.id),
    };
    let skipped = skipped.unwrap_or(usize::MAX);
    let total = stays.len();
    let limit = usize::try_from(window.limit).unwrap_or(usize::MAX);
    let items: Vec<(i64, Stay)> = (1..).zip(stays).skip(skipped).take(limit).collect();
    let page = Page {
        has_more: skipped.saturating_add(items.len()) < total,
        total: u64::try_from(total).unwrap_or(u64::MAX),
        items,
        seen: Stamp::default(),
    };
    Ok(HttpResponse::Ok().json(PageBody::new(
        &paging,
        page,
        |(place, _)| (SortValue::Id, *place),
        |(_, stay)| StageStay::from(stay),
    )))
}
