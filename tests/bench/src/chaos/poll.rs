//! Pollers while many writers update: none misses an update.

use std::{
    collections::HashSet,
    net::SocketAddr,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, anyhow, ensure};
use crm_domain::tenant::{
    TenantStore,
    change::{Change, ChangeKind},
};
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

/// Updates each account once, by eight writers, and follows the updates in four ways.
pub fn run(options: &Options, host: &Host) -> Result<Outcome> {
    let loaded = Loaded::new(host, "chaos_poll", options.updates())?;
    let server = Server::start(&loaded.deployment)?;
    let token = server.sign_in(&loaded.access)?;
    let store = loaded.deployment.open()?;
    let done = AtomicBool::new(false);
    let (address, key) = (server.address, loaded.access.key.as_str());
    let tenant = store.tenants().open(&loaded.access.tenant)?;
    let imported = tenant.reading(|reader| reader.changes().last_seq())?;
    let mut client = Client::new(address);
    // Before the first update: what a poller first sees is where it begins.
    let (mut by_offset, mut by_cursor) = (ListPoller::begin(address, key)?, ListPoller::begin(address, key)?);
    let (took, deliveries) = thread::scope(|scope| {
        let by_offset = scope.spawn(|| by_offset.follow(Paging::Offset, &done));
        let by_cursor = scope.spawn(|| by_cursor.follow(Paging::Cursor, &done));
        let feed = scope.spawn(|| follow_feed(|after| feed_over_http(&mut client, &token, after), imported, &done));
        let stored = scope.spawn(|| follow_feed(|after| feed_in_store(&*tenant, after), imported, &done));
        let started = Instant::now();
        let written = update_all(address, &token, options.updates());
        let took = started.elapsed();
        done.store(true, Ordering::SeqCst);
        written?;
        let deliveries = [
            ("updatedSince by offset", by_offset),
            ("updatedSince by cursor", by_cursor),
            ("/api/changes", feed),
            ("the feed in the database", stored),
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

/// A part of the change feed, as far as it matters here.
struct FeedChange {
    seq: i64,
    account: i64,
    is_update: bool,
}

/// Follows the change feed by sequence number.
fn follow_feed(mut list_after: impl FnMut(i64) -> Result<Vec<FeedChange>>, mut after: i64, done: &AtomicBool) -> Result<Delivered> {
    let mut delivered = Delivered::default();
    loop {
        let last = done.load(Ordering::SeqCst);
        let changes = list_after(after)?;
        delivered.polls += 1;
        for change in &changes {
            ensure!(change.seq == after + 1, "the feed goes from {after} to {}", change.seq);
            after = change.seq;
            let is_new = !change.is_update || delivered.ids.insert(change.account);
            ensure!(is_new, "the update of account {} came twice", change.account);
        }
        if last && changes.is_empty() {
            return Ok(delivered);
        }
        thread::sleep(PAUSE);
    }
}

/// The feed as family C shows it.
fn feed_over_http(client: &mut Client, token: &str, after: i64) -> Result<Vec<FeedChange>> {
    let response = client.call(&Request::get(format!("/api/changes?after={after}&limit=500")).bearer(token))?;
    ensure!(response.status == 200, "the change feed answered {}", response.describe());
    let body = response.json()?;
    let items = body["items"].as_array().context("no items in the change feed")?;
    let read = |item: &Value| {
        let id = item["entityId"].as_str()?.rsplit('_').next()?.parse().ok()?;
        Some(FeedChange {
            seq: item["seq"].as_i64()?,
            account: id,
            is_update: item["kind"] == "updated",
        })
    };
    items
        .iter()
        .map(|item| read(item).with_context(|| format!("not a change: {item}")))
        .collect()
}

/// The feed as another process reads it from the database.
fn feed_in_store(tenant: &dyn TenantStore, after: i64) -> Result<Vec<FeedChange>> {
    let changes = tenant.reading(|reader| reader.changes().list_after(after, 500))?;
    let read = |change: Change| FeedChange {
        seq: change.seq,
        account: change.entity_id,
        is_update: change.kind == ChangeKind::Updated,
    };
    Ok(changes.into_iter().map(read).collect())
}
