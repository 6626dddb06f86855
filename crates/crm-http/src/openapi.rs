//! The OpenAPI document of every family, served at `/openapi.json` and, with an offline Swagger UI, at `/docs`.

mod asset;
mod page;
pub mod postman;

use std::{io, sync::LazyLock};

use actix_web::{
    HttpRequest, HttpResponse,
    web::{self, Redirect, ServiceConfig},
};
use utoipa::{
    OpenApi as _,
    openapi::{InfoBuilder, License, OpenApi, OpenApiBuilder},
};

use self::asset::Asset;
use crate::{
    families::FAMILIES,
    probes::ProbeDocs,
    shared::{fault::Fault, pipeline::read_only},
};

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

/// The document as JSON; made only when somebody asks.
static JSON: LazyLock<io::Result<Asset>> = LazyLock::new(|| {
    let json = serde_json::json!(openapi()).to_string();
    Asset::new("application/json", json.into_bytes().into())
});

/// The Postman collection, made of the document likewise.
static COLLECTION: LazyLock<io::Result<Asset>> = LazyLock::new(|| {
    let json = postman::collection(&serde_json::json!(openapi())).to_string();
    Asset::new("application/json", json.into_bytes().into())
});

async fn show_collection(request: HttpRequest) -> Result<HttpResponse, Fault> {
    let collection = COLLECTION
        .as_ref()
        .map_err(|error| crm_domain::Error::Internal(error.to_string()))?;
    Ok(collection.answer(&request))
}

async fn show(request: HttpRequest) -> Result<HttpResponse, Fault> {
    let document = JSON.as_ref().map_err(|error| crm_domain::Error::Internal(error.to_string()))?;
    Ok(document.answer(&request))
}

/// Serves the document and its user interface, to which whoever opens the bare address is led.
pub(crate) fn register(config: &mut ServiceConfig) {
    for bare in ["/", "/docs"] {
        config.service(read_only(bare, web::to(async || Redirect::to("/docs/"))));
    }
    config.service(read_only("/openapi.json", web::to(show)));
    let collection = format!("/docs/{}", postman::FILE);
    config.service(read_only(&collection, web::to(show_collection)));
    config.service(read_only("/docs/{file:.*}", web::to(page::show)));
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::{Value, json};

    use super::*;
    use crate::families::routes;

    fn operations(document: &Value) -> BTreeSet<(String, String)> {
        let mut operations = BTreeSet::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            let methods = item
                .as_object()
                .unwrap()
                .keys()
                .filter(|key| !["parameters", "summary", "description"].contains(&key.as_str()));
            operations.extend(methods.map(|method| (path.clone(), method.to_uppercase())));
        }
        operations
    }

    #[test]
    fn registered_routes_and_documented_operations_are_the_same_set() {
        let registered = routes();
        let set: BTreeSet<_> = registered
            .iter()
            .map(|route| (route.template.to_owned(), route.method.to_string()))
            .collect();
        assert_eq!(set.len(), registered.len(), "a route is registered twice");
        assert_eq!(operations(&json!(openapi())), set);
    }

    #[test]
    fn no_two_families_give_one_schema_name_two_shapes() {
        let merged = json!(openapi());
        for family in FAMILIES {
            let part = json!(family.openapi());
            for (name, schema) in part["components"]["schemas"].as_object().into_iter().flatten() {
                assert_eq!(&merged["components"]["schemas"][name], schema, "{name} of {}", family.name());
            }
        }
    }

    #[test]
    fn every_operation_has_an_id_of_its_own() {
        let document = json!(openapi());
        let mut ids = BTreeSet::new();
        for (path, method) in operations(&document) {
            let id = document["paths"][&path][method.to_lowercase()]["operationId"].as_str().unwrap();
            assert!(ids.insert(id.to_owned()), "{id} stands twice");
        }
    }
}
