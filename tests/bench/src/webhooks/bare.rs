//! The limit: the server's HTTP client alone, with the same bodies to the same kind of receiver, as many at once.

use std::{
    sync::{Arc, mpsc},
    time::Instant,
};

use anyhow::{Result, anyhow, ensure};
use crm_domain::{
    clock::SystemClock,
    tenant::webhook::{Targets, sender::Outgoing},
};
use crm_outbound::{
    resolver,
    webhook::{SenderSettings, sender},
};
use tokio::runtime::Runtime;

use super::{
    PER_RECEIVER, RECEIVERS,
    receiver::{Conduct, Delivery, Receiver},
};

/// Deliveries a second of what `sample` was.
pub fn measure(sample: &Delivery, events: u64) -> Result<f64> {
    let receiver = Receiver::start(Arc::new(|_| Conduct::Take))?;
    let runtime = Runtime::new()?;
    let sender = sender(
        SenderSettings::new(Targets::Any),
        resolver::system(),
        Arc::new(SystemClock),
        runtime.handle().clone(),
    )?;
    // What the client adds by itself is not sent twice.
    let own = ["host", "content-length", "user-agent", "accept"];
    let headers: Vec<_> = sample
        .headers
        .iter()
        .filter(|(name, _)| !own.contains(&name.as_str()))
        .cloned()
        .collect();
    let (landed, landings) = mpsc::channel();
    let send = |turn: usize| {
        let outgoing = Outgoing {
            url: receiver.url(&format!("/{}", turn % RECEIVERS)),
            headers: headers.clone(),
            body: sample.body.clone(),
        };
        let landed = landed.clone();
        // Nobody waits for it any more only after an error.
        sender.send(outgoing, Box::new(move |sent| drop(landed.send(sent))));
    };
    let all = RECEIVERS * usize::try_from(events)?;
    let begun = Instant::now();
    let mut started = RECEIVERS * PER_RECEIVER;
    (0..started).for_each(send);
    for _ in 0..all {
        let sent = landings.recv()?.map_err(|failure| anyhow!("{}", failure.reason))?;
        ensure!(sent.is_success(), "the receiver answered {}", sent.status);
        if started < all {
            send(started);
            started += 1;
        }
    }
    Ok(all as f64 / begun.elapsed().as_secs_f64())
}
