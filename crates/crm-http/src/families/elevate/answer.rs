//! The answer to what leaves nothing to show (contract X-162).

use actix_web::HttpResponse;
use serde::Serialize;
use utoipa::ToSchema;

/// It is done.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = elevate::Done)]
pub(super) struct Done {
    #[schema(example = "Webhook deleted")]
    message: &'static str,
}

impl Done {
    /// Answers so.
    pub fn saying(message: &'static str) -> HttpResponse {
        HttpResponse::Ok().json(Self { message })
    }
}
