//! The server's health (contract B-09 … B-11, X-44, X-45).

use actix_web::{HttpResponse, http::header::RETRY_AFTER};
use serde::Serialize;
use tokio::sync::oneshot;
use utoipa::ToSchema;

use crate::{App, probes, shared::call::Call};

pub(super) const PATH: &str = "/api/v1/health";

/// The version of the document (contract B-115).
const VERSION: &str = "1.0.0";

/// How the server is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = halopsa::HealthStatus)]
enum Status {
    Healthy,
    /// A configured service or the database cannot be reached.
    Degraded,
}

/// How a service is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = halopsa::ServiceStatus)]
enum Service {
    Connected,
    Disconnected,
    NotConfigured,
}

impl Service {
    fn reached(answers: bool) -> Self {
        if answers { Self::Connected } else { Self::Disconnected }
    }
}

/// How the services are that this one needs.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[schema(as = halopsa::Services)]
struct Services {
    halopsa: Service,
    apollo: Service,
    database: Service,
}

impl Services {
    fn status(self) -> Status {
        let all = [self.halopsa, self.apollo, self.database];
        match all.contains(&Service::Disconnected) {
            true => Status::Degraded,
            false => Status::Healthy,
        }
    }
}

/// The server's health.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = halopsa::Health)]
struct Health {
    status: Status,
    #[schema(example = "1.0.0")]
    version: &'static str,
    #[schema(format = DateTime, example = "2024-01-25T10:00:00Z")]
    timestamp: String,
    services: Services,
}

/// How the server is, and the services that it needs. A credential is not asked for, and a bad one does not matter.
#[utoipa::path(
    get, path = PATH, tag = "halopsa", operation_id = "halopsa_health",
    responses(
        (status = 200, description = "Requests can be served", body = Health),
        (status = 503, description = "The database does not answer; `Retry-After` says when to ask again", body = Health),
    )
)]
pub(super) async fn show(call: Call) -> HttpResponse {
    let database = probes::answers(&call.app).await;
    if let Err(error) = &database {
        tracing::warn!(%error, "not healthy");
    }
    let services = Services {
        halopsa: desk(&call.app).await,
        // No lookups of this family's providers are offered yet.
        apollo: Service::NotConfigured,
        database: Service::reached(database.is_ok()),
    };
    let mut response = match &database {
        Ok(()) => HttpResponse::Ok(),
        Err(_) => HttpResponse::ServiceUnavailable(),
    };
    if database.is_err() {
        response.insert_header((RETRY_AFTER, "1"));
    }
    response.json(Health {
        status: services.status(),
        version: VERSION,
        timestamp: call.received_at.to_second_precision(),
        services,
    })
}

async fn desk(app: &App) -> Service {
    let Some(desk) = &app.service_desk else {
        return Service::NotConfigured;
    };
    let (sender, receiver) = oneshot::channel();
    desk.probe(Box::new(move |answers| {
        // Whoever asked may have gone away.
        let _ = sender.send(answers);
    }));
    Service::reached(receiver.await.unwrap_or(false))
}

#[cfg(test)]
mod tests {
    use super::*;

    //
    #[test]
    fn what_is_not_configured_degrades_nothing() {
        use Service::{Connected, Disconnected, NotConfigured};
        for (halopsa, apollo, database, status) in [
            (Connected, Connected, Connected, Status::Healthy),
            (NotConfigured, NotConfigured, Connected, Status::Healthy),
            (Disconnected, Connected, Connected, Status::Degraded),
            (Connected, Connected, Disconnected, Status::Degraded),
        ] {
            let services = Services { halopsa, apollo, database };
            assert_eq!(services.status(), status, "{services:?}");
        }
    }
}
