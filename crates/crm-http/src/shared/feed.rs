//! Who follows a tenant's change feed, and what wakes them.
//!
//! A follower holds a number and a place in a list of the woken, no rows and no thread: a commit of this process raises the tenant's
//! *head*, and once a second a look at the counter row finds what other nodes and the command line wrote. Who is woken asks for the page
//! behind its place; those who ask for the same page share one read of it.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use crm_domain::{
    Result,
    id::TenantId,
    tenant::{TenantStore, change::Change},
};
use tokio::{
    sync::watch,
    time::{MissedTickBehavior, interval},
};

use super::tenant::{TenantSession, block};
use crate::settings::ChangeStreamSettings;

/// Changes read at once.
const PAGE: u32 = 64;

/// The feeds that somebody follows.
pub struct Feeds {
    followed: Mutex<HashMap<TenantId, Weak<Feed>>>,
    stopping: AtomicBool,
    settings: ChangeStreamSettings,
}

/// One tenant's feed, as long as somebody follows it.
struct Feed {
    head: watch::Sender<Head>,
    followers: AtomicUsize,
    store: Arc<dyn TenantStore>,
    /// The page read last, and the number it begins behind. The feed only grows: a page stays right, if perhaps shorter than it could be.
    latest: tokio::sync::Mutex<Option<(i64, Page)>>,
}

/// A part of the feed, shared by all who asked for it.
pub type Page = Arc<[Change]>;

/// How far the feed is known to reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Head {
    /// Up to this number, at least.
    At(i64),
    /// The server stops: nobody follows any longer.
    Closed,
}

/// As many follow the tenant's feed as may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooManyFollowers;

impl Feeds {
    /// Nobody follows yet.
    pub(crate) fn new(settings: ChangeStreamSettings) -> Arc<Self> {
        Arc::new(Self {
            followed: Mutex::default(),
            stopping: AtomicBool::new(false),
            settings,
        })
    }

    /// Hears from a tenant's writer how far its feed reaches.
    pub(crate) fn heard(&self, tenant: TenantId, last_seq: i64) {
        if let Some(feed) = self.find(tenant) {
            feed.reach(last_seq);
        }
    }

    /// Follows a tenant's feed, from the runtime of a worker.
    ///
    /// # Errors
    /// [`TooManyFollowers`] when the tenant has as many as the settings allow.
    pub fn follow(&self, session: &TenantSession) -> Result<Follower, TooManyFollowers> {
        let mut followed = self.lock();
        let known = followed.get(&session.tenant.id).and_then(Weak::upgrade);
        let feed = known.unwrap_or_else(|| {
            followed.retain(|_, feed| feed.strong_count() > 0);
            let feed = Feed::open(&session.store);
            followed.insert(session.tenant.id, Arc::downgrade(&feed));
            tokio::spawn(poll(Arc::downgrade(&feed), Duration::from_millis(self.settings.poll_milliseconds)));
            feed
        });
        // Under the lock: nobody else comes in between.
        if feed.followers.load(Ordering::Relaxed) >= self.settings.per_tenant {
            return Err(TooManyFollowers);
        }
        feed.followers.fetch_add(1, Ordering::Relaxed);
        if self.stopping.load(Ordering::Relaxed) {
            feed.head.send_replace(Head::Closed);
        }
        Ok(Follower {
            head: feed.head.subscribe(),
            feed,
        })
    }

    /// Sends everybody home, and whoever comes later.
    pub(crate) fn close(&self) {
        let followed = self.lock();
        self.stopping.store(true, Ordering::Relaxed);
        for feed in followed.values().filter_map(Weak::upgrade) {
            feed.head.send_replace(Head::Closed);
        }
    }

    fn find(&self, tenant: TenantId) -> Option<Arc<Feed>> {
        self.lock().get(&tenant).and_then(Weak::upgrade)
    }

    /// Nothing panics while it is held: a poisoned map is whole.
    fn lock(&self) -> MutexGuard<'_, HashMap<TenantId, Weak<Feed>>> {
        self.followed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Feed {
    fn open(store: &Arc<dyn TenantStore>) -> Arc<Self> {
        Arc::new(Self {
            head: watch::Sender::new(Head::At(0)),
            followers: AtomicUsize::new(0),
            store: Arc::clone(store),
            latest: tokio::sync::Mutex::default(),
        })
    }

    /// Wakes the followers when the feed reaches further than was known.
    fn reach(&self, last_seq: i64) {
        self.head.send_if_modified(|head| {
            let grew = matches!(head, Head::At(known) if *known < last_seq);
            if grew {
                *head = Head::At(last_seq);
            }
            grew
        });
    }

    async fn last_seq(&self) -> Result<i64> {
        let store = Arc::clone(&self.store);
        block(move || store.reading(|reader| reader.changes().last_seq())).await
    }
}

/// Looks for what others wrote, until nobody follows.
async fn poll(feed: Weak<Feed>, every: Duration) {
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let Some(feed) = feed.upgrade() else { return };
        match feed.last_seq().await {
            Ok(last_seq) => feed.reach(last_seq),
            Err(error) => tracing::debug!(%error, "the end of a change feed cannot be read; the next look tries again"),
        }
    }
}

/// Someone who follows a feed; dropping it makes room for another.
pub struct Follower {
    feed: Arc<Feed>,
    head: watch::Receiver<Head>,
}

impl Follower {
    /// Where the feed ends now, on whichever node it was written.
    pub async fn end(&self) -> Result<i64> {
        let last_seq = self.feed.last_seq().await?;
        self.feed.reach(last_seq);
        Ok(last_seq)
    }

    /// How far the feed is known to reach.
    pub fn head(&mut self) -> Head {
        *self.head.borrow_and_update()
    }

    /// Waits until the head moves from where [`Follower::head`] saw it.
    pub async fn moved(&mut self) {
        // The sender lives in the feed that is held here.
        let _ = self.head.changed().await;
    }

    /// The changes behind this number, oldest first; a page of them.
    pub async fn page(&self, after: i64) -> Result<Page> {
        let mut latest = self.feed.latest.lock().await;
        if let Some((_, page)) = latest.as_ref().filter(|(start, _)| *start == after) {
            return Ok(Arc::clone(page));
        }
        let store = Arc::clone(&self.feed.store);
        let page: Page = block(move || store.reading(|reader| reader.changes().list_after(after, PAGE)))
            .await?
            .into();
        if !page.is_empty() {
            *latest = Some((after, Arc::clone(&page)));
        }
        Ok(page)
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.feed.followers.fetch_sub(1, Ordering::Relaxed);
    }
}
