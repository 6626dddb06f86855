//! Embeds the CRM's rules in a program of its own, with a store that lives in memory: `cargo run -p crm-domain --example embed`.
//!
//! A host implements [`TenantStore`] and the ports of the nouns that it keeps; commands, validation, changes and stamps come from
//! `crm-domain`. This one keeps accounts; of the other nouns it has none, and says so to whoever wants to add one.
#![allow(clippy::print_stdout, reason = "an example talks to its reader")]

mod accounts;
mod nothing;
mod store;

use crm_domain::{
    Result,
    field::{Check, Patch},
    id::{RecordId, UserId},
    page::{Sort, Window},
    tenant::{
        TenantStore,
        account::{Account, AccountDraft, AccountFields, AccountFilter},
        change::{Actor, Origin},
    },
    usecase::single,
};

use store::InMemory;

fn main() -> Result<()> {
    let store = InMemory::default();
    let store: &dyn TenantStore = &store;
    let my_id = UserId::from_i64(1);
    let me = Origin {
        actor: Actor::User(my_id),
        family: "embedded",
    };

    let draft = AccountDraft {
        name: set("Acme"),
        annual_revenue: set("1,250,000.50"),
        city: set("Bonn"),
        ..AccountDraft::default()
    };
    let fields = AccountFields::parse(draft, my_id, Check::new())?;
    let acme = store.writing(me.clone(), |unit| single::create_parsed::<Account>(unit, fields))?;
    println!(
        "created {} with revenue {:?}",
        &*acme.fields.name,
        acme.fields.annual_revenue.map(|money| money.major().to_string())
    );

    let moved = AccountDraft {
        city: set("Köln"),
        ..AccountDraft::default()
    };
    store.writing(me.clone(), move |unit| {
        single::update::<Account>(unit, acme.id, moved, my_id, Check::new())
    })?;

    // A command that cannot be valid never reaches the store.
    let wrong = AccountDraft {
        email: set("nobody"),
        ..AccountDraft::default()
    };
    if let Err(error) = AccountFields::parse(wrong, my_id, Check::new()) {
        println!("refused: {error}");
    }
    // A unit that fails leaves nothing behind, here: an account that would be its own parent.
    let own_parent = AccountDraft {
        parent_id: Patch::Set(acme.id),
        ..AccountDraft::default()
    };
    if let Err(error) = store.writing(me, move |unit| {
        single::update::<Account>(unit, acme.id, own_parent, my_id, Check::new())
    }) {
        println!("refused: {error}");
    }

    let page = store.reading(|reader| {
        reader
            .accounts()
            .list(&AccountFilter::default(), Sort::default(), &Window::first(10))
    })?;
    println!("{} account(s), the first in {:?}", page.total, page.items[0].fields.city.as_deref());
    for change in store.reading(|reader| reader.changes().list_after(0, 10))? {
        println!("change {} by {}: {:?} {}", change.seq, change.actor, change.kind, change.fields);
    }
    Ok(())
}

fn set(text: &str) -> Patch<String> {
    Patch::Set(text.to_owned())
}
