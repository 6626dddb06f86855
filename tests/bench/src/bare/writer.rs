//! A bare writer: one thread that commits what waits in groups, through diesel, fully durable.

use std::{
    sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, anyhow};
use crm_domain::clock::{Clock, SystemClock, SystemEntropy, uuid_at};
use crm_store::{
    Location,
    connection::Connection,
    dialect,
    dialect::Purpose,
    insert_rows,
    tenant::schema::{change, counter},
};
use diesel::{ExpressionMethods, Insertable, QueryDsl, RunQueryDsl, connection::SimpleConnection};

use super::account::AccountRow;
use crate::{load::Throughput, sample::percentile};

/// Most rows of one commit: as many as the server's writer takes.
const GROUP: usize = 256;

#[derive(Insertable)]
#[diesel(table_name = change, treat_none_as_default_value = false)]
struct ChangeRow {
    seq: i64,
    stamp: i64,
    entity: String,
    entity_id: i64,
    kind: String,
    actor: String,
    family: String,
    fields: String,
}

/// A row to write, and who waits for its commit.
struct Job {
    account: AccountRow,
    fields: String,
    done: SyncSender<()>,
}

/// Has `clients` threads write accounts like `name` into an empty tenant database, each waiting for its commit before the next.
pub fn run(location: &Location, clients: usize, duration: Duration, template: &AccountRow, fields: &str) -> Result<Throughput> {
    let connection = dialect::open(location, Purpose::Write)?;
    let (sender, receiver) = channel();
    let started = Instant::now();
    let mut times: Vec<Duration> = thread::scope(|scope| {
        let writer = scope.spawn(move || write(connection, &receiver));
        let clients: Vec<_> = (0..clients)
            .map(|_| {
                let sender = sender.clone();
                scope.spawn(move || ask(&sender, started, duration, template, fields))
            })
            .collect();
        drop(sender);
        let times: Result<Vec<Vec<Duration>>> = clients
            .into_iter()
            .map(|client| client.join().map_err(|_| anyhow!("a client panicked"))?)
            .collect();
        writer.join().map_err(|_| anyhow!("the bare writer panicked"))??;
        anyhow::Ok(times?.concat())
    })?;
    Ok(Throughput {
        per_second: times.len() as f64 / started.elapsed().as_secs_f64(),
        p99: percentile(&mut times, 0.99),
    })
}

fn ask(writer: &Sender<Job>, started: Instant, duration: Duration, template: &AccountRow, fields: &str) -> Result<Vec<Duration>> {
    let mut times = Vec::new();
    while started.elapsed() < duration {
        let asked = Instant::now();
        let (done, committed) = sync_channel(1);
        let (account, fields) = (template.clone(), fields.to_owned());
        writer.send(Job { account, fields, done }).context("the writer is gone")?;
        committed.recv().context("the writer failed")?;
        times.push(asked.elapsed());
    }
    Ok(times)
}

fn write(mut connection: Connection, jobs: &Receiver<Job>) -> Result<()> {
    while let Ok(first) = jobs.recv() {
        let mut group = vec![first];
        group.extend(jobs.try_iter().take(GROUP - 1));
        commit(&mut connection, &mut group)?;
        for job in group {
            // A client that is gone needs no answer.
            let _ = job.done.send(());
        }
    }
    Ok(())
}

fn commit(connection: &mut Connection, group: &mut [Job]) -> Result<()> {
    dialect::begin_write(connection)?;
    let (mut id, mut seq, mut stamp): (i64, i64, i64) = counter::table
        .select((counter::account_id, counter::change_seq, counter::stamp))
        .first(connection)?;
    for job in &mut *group {
        let now = SystemClock.now();
        (id, seq, stamp) = (id + 1, seq + 1, now.micros().max(stamp + 1));
        job.account.id = id;
        job.account.uuid = uuid_at(now, &SystemEntropy).to_string();
        (job.account.created_at, job.account.updated_at) = (stamp, stamp);
        let change = ChangeRow {
            seq,
            stamp,
            entity: "account".to_owned(),
            entity_id: id,
            kind: "created".to_owned(),
            actor: "user:1".to_owned(),
            family: "saas".to_owned(),
            fields: job.fields.clone(),
        };
        let rows = std::slice::from_ref(&job.account);
        insert_rows!(&mut *connection, crm_store::tenant::schema::account::table, rows)?;
        insert_rows!(&mut *connection, change::table, &[change])?;
    }
    let counters = (
        counter::account_id.eq(id),
        counter::account_live.eq(id),
        counter::change_seq.eq(seq),
        counter::stamp.eq(stamp),
    );
    diesel::update(counter::table.filter(counter::id.eq(1)))
        .set(counters)
        .execute(connection)?;
    connection.batch_execute("COMMIT")?;
    Ok(())
}
