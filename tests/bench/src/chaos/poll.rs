//! Pollers while many writers update: none misses an update.

use std::{
    collections::HashSet,
    net::SocketAddr,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, anyhow, ensure};
use crm_domain::{control::tenant::Tenant, tenant::change::ChangeKind};
use crm_store::Store;
use serde_json::{Value, json};

use super::{Options, Outcome, some, verify};
use crate::{
    deployment::Host,
    http::{Client, Request},
    loaded::Loaded,
    server::Server,
};

const WRITERS: u64 = 8;
/// What an updated account's description begins with.
const MARK: &str = "updated";
/// Between two polls: as good as none, for as many races as possible.
const PAUSE: Duration = Duration::from_millis(1);

/// Updates each account once, by eight writers, and follows the updates three ways.
pub fn run(options: &Options, host: &Host) -> Result<Outcome> {
    let loaded = Loaded::new(host, "chaos_poll", options.updates())?;
    let server = Server::start(&loaded.deployment)?;
    let token = server.sign_in(&loaded.access)?;
    let store = loaded.deployment.open()?;
    let done = AtomicBool::new(false);
    let (address, key) = (server.address, loaded.access.key.as_str());
    let imported = feed_end(&store, &loaded.access.tenant)?;
    // Before the first update: what a poller first sees is where it begins.
    let (mut by_offset, mut by_cursor) = (ListPoller::begin(address, key)?, ListPoller::begin(address, key)?);
    let (took, deliveries) = thread::scope(|scope| {
        let by_offset = scope.spawn(|| by_offset.follow(Paging::Offset, &done));
        let by_cursor = scope.spawn(|| by_cursor.follow(Paging::Cursor, &done));
        let feed = scope.spawn(|| follow_feed(&store, &loaded.access.tenant, imported, &done));
        let started = Instant::now();
        let written = update_all(address, &token, options.updates());
        let took = started.elapsed();
        done.store(true, Ordering::SeqCst);
        written?;
        let deliveries = [
            ("updatedSince by offset", by_offset),
            ("updatedSince by cursor", by_cursor),
            ("the change feed", feed),
        ];
        let deliveries = deliveries.map(|(name, poller)| Ok((name, poller.join().map_err(|_| anyhow!("a poller panicked"))??)));
        Ok::<_, anyhow::Error>((took, deliveries.into_iter().collect::<Result<Vec<_>>>()?))
    })?;
    store.close();
    server.stop()?;
    let mut problems: Vec<String> = deliveries
        .iter()
        .filter_map(|(name, delivered)| delivered.undelivered(name, options.updates()))
        .collect();
    problems.extend(verify::problems(&loaded.deployment.location(&loaded.access.tenant)?, imported)?);
    let polls: Vec<String> = deliveries
        .iter()
        .map(|(name, delivered)| format!("{name} in {} polls", delivered.polls))
        .collect();
    Ok(Outcome {
        facts: format!(
            "{} updates in {} ms, all delivered to {}",
            options.updates(),
            took.as_millis(),
            polls.join(", ")
        ),
        problems,
    })
}

/// What a poller got.
#[derive(Default)]
struct Delivered {
    ids: HashSet<i64>,
    polls: usize,
}

impl Delivered {
    fn undelivered(&self, name: &str, updates: u64) -> Option<String> {
        let missing: Vec<i64> = (1..=updates as i64).filter(|id| !self.ids.contains(id)).collect();
        (!missing.is_empty()).then(|| {
            format!(
                "{} updates were not delivered to {name}: accounts {}",
                missing.len(),
                some(&missing)
            )
        })
    }
}

fn update_all(address: SocketAddr, token: &str, updates: u64) -> Result<()> {
    thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| scope.spawn(move || update_share(address, token, writer, updates)))
            .collect();
        let ended: Vec<_> = writers.into_iter().map(thread::ScopedJoinHandle::join).collect();
        ended
            .into_iter()
            .try_for_each(|result| result.map_err(|_| anyhow!("a writer panicked"))?)
    })
}

/// Every eighth account.
fn update_share(address: SocketAddr, token: &str, writer: u64, updates: u64) -> Result<()> {
    let mut client = Client::new(address);
    for id in (1..=updates).filter(|id| id % WRITERS == writer) {
        let request = Request::new("PUT", format!("/api/companies/company_{id}"))
            .bearer(token)
            .json(&json!({ "description": format!("{MARK} by {writer}") }));
        let response = client.call(&request)?;
        let told = String::from_utf8_lossy(&response.body);
        ensure!(response.status == 200, "the update of {id} answered {}: {told}", response.status);
    }
    Ok(())
}

/// How a client gets a poll's further pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Paging {
    Offset,
    Cursor,
}

/// Polls family A's list as its document's clients do: what changed since the last poll, page by page.
struct ListPoller<'a> {
    client: Client,
    key: &'a str,
    since: String,
    delivered: Delivered,
}

impl<'a> ListPoller<'a> {
    fn begin(address: SocketAddr, key: &'a str) -> Result<Self> {
        let mut poller = Self {
            client: Client::new(address),
            key,
            since: String::new(),
            delivered: Delivered::default(),
        };
        poller.since = next_since(&poller.get("limit=1")?)?;
        Ok(poller)
    }

    /// Polls until a poll that began after the last update is through.
    fn follow(&mut self, paging: Paging, done: &AtomicBool) -> Result<Delivered> {
        loop {
            let last = done.load(Ordering::SeqCst);
            self.since = self.poll(paging)?;
            if last {
                return Ok(std::mem::take(&mut self.delivered));
            }
            thread::sleep(PAUSE);
        }
    }

    /// One poll, every page; where the next one goes on.
    fn poll(&mut self, paging: Paging) -> Result<String> {
        let mut place = String::new();
        let mut offset = 0;
        let mut next = None;
        self.delivered.polls += 1;
        loop {
            let page = self.get(&format!("limit=100&updatedSince={}{place}", self.since))?;
            // The first page says where the next poll goes on; whatever changes during this one has a later stamp.
            if next.is_none() {
                next = Some(next_since(&page)?);
            }
            let accounts = page["accounts"].as_array().context("no accounts in the list")?;
            self.delivered.ids.extend(accounts.iter().filter_map(updated_id));
            if page["pagination"]["hasMore"] != true {
                return next.context("a poll without a page");
            }
            offset += accounts.len();
            place = match paging {
                Paging::Offset => format!("&offset={offset}"),
                Paging::Cursor => format!("&cursor={}", page["pagination"]["nextCursor"].as_str().context("no nextCursor")?),
            };
        }
    }

    fn get(&mut self, query: &str) -> Result<Value> {
        let request = Request::get(format!("/api/v1/external/accounts?{query}")).key(self.key);
        let response = self.client.call(&request)?;
        let told = String::from_utf8_lossy(&response.body);
        ensure!(response.status == 200, "{query} answered {}: {told}", response.status);
        response.json()
    }
}

fn next_since(page: &Value) -> Result<String> {
    let next = page["pagination"]["nextUpdatedSince"].as_str();
    Ok(next.context("the list hands out no nextUpdatedSince")?.to_owned())
}

fn updated_id(account: &Value) -> Option<i64> {
    let marked = account["description"].as_str()?.starts_with(MARK);
    let id = account["id"].as_str()?.strip_prefix("ACT-")?.parse().ok();
    id.filter(|_| marked)
}

/// Follows the change feed by sequence number, from another process than the server.
fn follow_feed(store: &Store, tenant: &Tenant, after: i64, done: &AtomicBool) -> Result<Delivered> {
    let tenant = store.tenants().open(tenant)?;
    let mut delivered = Delivered::default();
    let mut after = after;
    loop {
        let last = done.load(Ordering::SeqCst);
        let changes = tenant.reading(|reader| reader.changes().list_after(after, 500))?;
        delivered.polls += 1;
        for change in &changes {
            ensure!(change.seq == after + 1, "the feed goes from {after} to {}", change.seq);
            after = change.seq;
            ensure!(
                change.kind != ChangeKind::Updated || delivered.ids.insert(change.entity_id),
                "{change:?} came twice"
            );
        }
        if last && changes.is_empty() {
            return Ok(delivered);
        }
        thread::sleep(PAUSE);
    }
}

fn feed_end(store: &Store, tenant: &Tenant) -> Result<i64> {
    Ok(store.tenants().open(tenant)?.reading(|reader| reader.changes().last_seq())?)
}
