//! A bare actix server with two handlers: the page and the record.

use std::{
    path::PathBuf,
    sync::{Mutex, PoisonError},
    thread,
};

use actix_web::{
    App, HttpResponse, HttpServer,
    error::ErrorInternalServerError,
    web::{self, Data},
};
use anyhow::{Context, Result};
use crm_store::{Location, StoreSettings, connection::Connection, dialect, dialect::Purpose};
use diesel::QueryResult;
use serde::Serialize;

use super::account;
use crate::output::say;

/// Which database to serve.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// A SQLite file or a postgres:// URL
    database: String,
}

/// Serves until it is killed.
pub fn run(options: &Options) -> Result<()> {
    let database = Data::new(Database::new(&options.database));
    actix_web::rt::System::new().block_on(serve(database))
}

/// The same threads as `crm-server` has by default.
async fn serve(database: Data<Database>) -> Result<()> {
    let workers = thread::available_parallelism()?.get();
    let connections = StoreSettings::default().connections_per_tenant as usize;
    let app = move || {
        App::new()
            .app_data(database.clone())
            .route("/accounts", web::get().to(list))
            .route("/accounts/{id}", web::get().to(detail))
    };
    let server = HttpServer::new(app)
        .workers(workers)
        .worker_max_blocking_threads(connections.div_ceil(workers).max(2))
        .bind("127.0.0.1:0")?;
    let address = server.addrs().first().copied().context("the listener has no address")?;
    let running = server.run();
    say(&format!("listening on http://{address} now"));
    Ok(running.await?)
}

async fn list(database: Data<Database>) -> actix_web::Result<HttpResponse> {
    Ok(json(blocking(database, account::page_with_total).await?))
}

async fn detail(database: Data<Database>, id: web::Path<String>) -> actix_web::Result<HttpResponse> {
    let id = account::ACCOUNT_ID.parse(&id).unwrap_or(0);
    Ok(json(blocking(database, move |connection| account::find(connection, id)).await?))
}

fn json(body: Vec<u8>) -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(body)
}

/// Query and JSON both on the blocking thread, as the server has them.
async fn blocking<T: Serialize>(
    database: Data<Database>,
    work: impl FnOnce(&mut Connection) -> QueryResult<T> + Send + 'static,
) -> actix_web::Result<Vec<u8>> {
    let shown = move || {
        let mut body = Vec::with_capacity(32 << 10);
        serde_json::to_writer(&mut body, &database.run(work)?)?;
        anyhow::Ok(body)
    };
    web::block(shown).await?.map_err(ErrorInternalServerError)
}

/// Open connections that nobody uses now.
struct Database {
    location: Location,
    idle: Mutex<Vec<Connection>>,
}

impl Database {
    fn new(database: &str) -> Self {
        let location = if database.starts_with("postgres") {
            Location::Postgres(database.to_owned())
        } else {
            Location::Sqlite(PathBuf::from(database))
        };
        Self {
            location,
            idle: Mutex::default(),
        }
    }

    fn run<T>(&self, work: impl FnOnce(&mut Connection) -> QueryResult<T>) -> Result<T> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut connection = match idle {
            Some(connection) => connection,
            None => dialect::open(&self.location, Purpose::Read)?,
        };
        let result = work(&mut connection)?;
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
        Ok(result)
    }
}
