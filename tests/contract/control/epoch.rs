use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::channel,
    },
    thread,
};

use crm_domain::control::{ControlStore, tenant::Tenant};
use crm_tests::{database::Database, each_backend};

use super::{acme, add_tenant, epoch, race};

each_backend!(
    everybody_who_asks_is_answered,
    a_change_is_heard_by_whoever_asks_after_it,
    the_epoch_never_falls,
    who_waits_is_answered_when_the_store_closes,
    nobodys_answer_may_hold_the_store_open,
);

fn everybody_who_asks_is_answered(database: &Database) {
    let control = database.control();
    acme(&*control);
    let expected = epoch(&*control);
    let (told, answers) = channel();
    for _ in 0..2_000 {
        let told = told.clone();
        control.epoch(Box::new(move |epoch| told.send(epoch.unwrap()).unwrap()));
    }
    drop(told);
    let answers: Vec<_> = answers.iter().collect();
    assert_eq!(answers, vec![expected; 2_000]);
}

/// What makes a revocation instant: no question that is asked after a change was acknowledged is answered with what was before it.
fn a_change_is_heard_by_whoever_asks_after_it(database: &Database) {
    let nodes = [database.control(), database.another_node().control()];
    let tenants: Vec<_> = (0..8).map(|index| add_tenant(&*nodes[0], &format!("tenant {index}"))).collect();
    let asking = AtomicBool::new(true);
    thread::scope(|scope| {
        for node in &nodes {
            // Keeps each node's memory of the epoch as fresh as can be.
            scope.spawn(|| {
                while asking.load(Ordering::Relaxed) {
                    epoch(&**node);
                }
            });
        }
        race(8, |index| {
            for round in 0..10 {
                let (writing, asking) = (&nodes[index % 2], &nodes[(index + round) % 2]);
                let before = epoch(&**asking);
                writing.writing(|unit| unit.tenants().update(&tenants[index])).unwrap();
                assert!(epoch(&**asking) > before);
            }
        });
        asking.store(false, Ordering::Relaxed);
    });
    assert_eq!(epoch(&*nodes[0]), 80);
}

fn the_epoch_never_falls(database: &Database) {
    let control = database.control();
    let (tenant, _) = acme(&*control);
    let seen = race(6, |index| {
        (0..20)
            .map(|_| if index == 0 { change(&*control, &tenant) } else { epoch(&*control) })
            .collect::<Vec<_>>()
    });
    for seen in seen {
        assert!(seen.is_sorted(), "{seen:?}");
    }
}

fn change(control: &dyn ControlStore, tenant: &Tenant) -> i64 {
    control.writing(|unit| unit.tenants().update(tenant)).unwrap();
    epoch(control)
}

fn who_waits_is_answered_when_the_store_closes(database: &Database) {
    let node = database.another_node();
    let control = node.control();
    let (told, answers) = channel();
    for _ in 0..50 {
        let told = told.clone();
        control.epoch(Box::new(move |epoch| told.send(epoch).unwrap()));
    }
    drop((control, node, told));
    assert_eq!(answers.iter().count(), 50);
}

fn nobodys_answer_may_hold_the_store_open(database: &Database) {
    let node = database.another_node();
    let control = node.control();
    let last = Arc::clone(&control);
    let (told, answer) = channel();
    control.epoch(Box::new(move |epoch| {
        drop(last);
        told.send(epoch.is_ok()).unwrap();
    }));
    drop((control, node));
    assert!(answer.recv().unwrap());
}
