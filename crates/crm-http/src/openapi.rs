//! The OpenAPI document of every family, served at `/openapi.json` and, with an offline Swagger UI, at `/docs`.

use actix_web::web::ServiceConfig;
use utoipa::{
    OpenApi as _,
    openapi::{InfoBuilder, License, OpenApi, OpenApiBuilder},
};
use utoipa_swagger_ui::SwaggerUi;

use crate::{families::FAMILIES, probes::ProbeDocs};

/// The whole document: every family's part and the probes.
pub fn openapi() -> OpenApi {
    let info = InfoBuilder::new()
        .title("CRM server")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "One CRM that speaks several APIs. Each tag is an endpoint family with its own credential and envelope.",
        ))
        .license(Some(License::new("MIT OR Apache-2.0")))
        .build();
    let mut document = OpenApiBuilder::new().info(info).build();
    document.merge(ProbeDocs::openapi());
    for family in FAMILIES {
        document.merge(family.openapi());
    }
    document
}

/// Serves the document and its user interface.
pub(crate) fn register(config: &mut ServiceConfig) {
    config.service(SwaggerUi::new("/docs/{_:.*}").url("/openapi.json", openapi()));
}
