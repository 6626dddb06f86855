//! A tenant's settings, and what reads them.

use crm_domain::usecase::single;
use std::sync::Arc;

use crm_domain::{
    Error, Result,
    control::ControlStore,
    error::Problem,
    field::{Check, Patch, format_date},
    id::{OpportunityId, RecordId, TenantId},
    money::{Currency, Money},
    stamp::Stamp,
    tenant::{
        TenantStore, UnitOfWork,
        account::{Account, AccountDraft},
        change::{ChangeKind, EntityKind},
        opportunity::{self as opportunities, Opportunity, OpportunityDraft, WinDraft},
        record::Record,
        setting::{self, Kept, Preferences, SettingDraft, Settings},
        sla_policy::{self, SlaPolicyDraft},
    },
    time_zone::TimeZone,
    usecase::bulk::{self, Drafted},
};
use crm_tests::{
    database::{Database, START},
    each_backend,
};
use serde_json::{Value, json};

use super::{feed, new_tenant, only_problem, open, set, text, user, write};

each_backend!(
    a_new_tenant_has_the_usual_settings,
    a_change_is_kept_and_told,
    names_stand_in_the_control_plane,
    what_is_undone_is_not_read,
    another_nodes_change_is_read,
    amounts_without_a_currency_are_in_the_tenants,
    days_begin_where_the_tenant_is,
);

fn usual() -> Preferences {
    Preferences {
        default_currency: Currency::USD,
        time_zone: TimeZone::parse("UTC").unwrap(),
        request_log_days: None,
    }
}

fn kept(store: &Arc<dyn TenantStore>) -> Kept {
    store.reading(|reader| reader.settings().lookup()).unwrap()
}

/// Changes settings of a tenant that the control plane need not know.
fn change(unit: &mut dyn UnitOfWork, control: &dyn ControlStore, draft: SettingDraft) -> Result<Settings> {
    let kept = unit.settings().lookup()?;
    let before = Settings::of(&super::tenant_at(String::new()), kept);
    setting::update(unit, control, before, TenantId::from_i64(i64::MAX), draft, Check::new())
}

fn in_currency(code: &str) -> SettingDraft {
    SettingDraft {
        default_currency: set(code),
        ..SettingDraft::default()
    }
}

fn in_zone(name: &str) -> SettingDraft {
    SettingDraft {
        time_zone: set(name),
        ..SettingDraft::default()
    }
}

fn a_new_tenant_has_the_usual_settings(database: &Database) {
    let store = open(database);
    let expected = Kept {
        preferences: usual(),
        updated_at: Stamp::from_micros(0),
    };
    assert_eq!(kept(&store), expected);
    assert_eq!(write(&store, |unit| unit.settings().lookup()).unwrap(), expected);
}

fn a_change_is_kept_and_told(database: &Database) {
    let (store, control) = (open(database), database.control());
    let draft = SettingDraft {
        default_currency: set("eur"),
        time_zone: set("europe/berlin"),
        request_log_days: set("30"),
        ..SettingDraft::default()
    };
    let after = write(&store, move |unit| change(unit, &*control, draft)).unwrap();
    let expected = Preferences {
        default_currency: Currency::parse("EUR").unwrap(),
        time_zone: TimeZone::parse("Europe/Berlin").unwrap(),
        request_log_days: Some(30),
    };
    assert_eq!((&after.fields.preferences, after.updated_at), (&expected, kept(&store).updated_at));
    assert_eq!(kept(&store).preferences, expected);
    let changes = feed(&store);
    assert_eq!(changes.len(), 1);
    assert_eq!(
        (changes[0].entity, changes[0].entity_id, changes[0].kind, changes[0].stamp),
        (EntityKind::Setting, 1, ChangeKind::Updated, after.updated_at)
    );
    let told: Value = serde_json::from_str(&changes[0].fields).unwrap();
    assert_eq!(
        told,
        json!({ "default_currency": ["USD", "EUR"], "time_zone": ["UTC", "Europe/Berlin"], "request_log_days": [null, 30] })
    );
    // What changes nothing is no change.
    let control = database.control();
    let same = write(&store, move |unit| change(unit, &*control, in_currency("EUR"))).unwrap();
    assert_eq!((same.updated_at, feed(&store).len()), (after.updated_at, 1));
    let control = database.control();
    let refused = write(&store, move |unit| change(unit, &*control, in_zone("Berlin")));
    assert_eq!(only_problem(refused).0, "time_zone");
}

fn names_stand_in_the_control_plane(database: &Database) {
    let control = database.control();
    let made = control.writing(|unit| {
        let location = database.tenant_location();
        unit.tenants().add(crm_domain::control::tenant::NewTenant {
            uuid: uuid::Uuid::from_u128(7),
            name: text("Acme"),
            company_name: text("Acme Inc"),
            location,
            tier: "free".to_owned(),
        })
    });
    let tenant = made.unwrap();
    let store = database.tenants().open(&tenant).unwrap();
    let (id, known, plane) = (tenant.id, tenant.clone(), Arc::clone(&control));
    let rename = move |unit: &mut dyn UnitOfWork| {
        let kept = unit.settings().lookup()?;
        let draft = SettingDraft {
            name: set("Bolt"),
            ..SettingDraft::default()
        };
        setting::update(unit, &*plane, Settings::of(&known, kept), id, draft, Check::new())
    };
    let after = write(&store, rename).unwrap();
    let found = control.reading(|reader| reader.tenants().lookup(id)).unwrap().unwrap();
    assert_eq!(
        (&*found.name, &*found.company_name, &*after.fields.name),
        ("Bolt", "Acme Inc", "Bolt")
    );
    let told: Value = serde_json::from_str(&feed(&store)[0].fields).unwrap();
    assert_eq!(told, json!({ "name": ["Acme", "Bolt"] }));
    assert_eq!(kept(&store).updated_at, after.updated_at);
}

fn what_is_undone_is_not_read(database: &Database) {
    let (store, control) = (open(database), database.control());
    let refused: Result<()> = write(&store, move |unit| {
        change(unit, &*control, in_currency("EUR"))?;
        assert_eq!(unit.settings().lookup()?.preferences.default_currency.as_str(), "EUR");
        Err(Error::Conflict("undone".to_owned()))
    });
    assert!(refused.is_err());
    assert_eq!(write(&store, |unit| unit.settings().lookup()).unwrap().preferences, usual());
}

fn another_nodes_change_is_read(database: &Database) {
    let other = database.another_node();
    let tenant = new_tenant(database);
    let stores = [database.tenants().open(&tenant).unwrap(), other.tenants().open(&tenant).unwrap()];
    for (node, code) in [(0, "EUR"), (1, "CHF"), (0, "JPY"), (1, "USD")] {
        let control = database.control();
        write(&stores[node], move |unit| change(unit, &*control, in_currency(code))).unwrap();
        for store in &stores {
            let read = write(store, |unit| unit.settings().lookup()).unwrap();
            assert_eq!(read.preferences.default_currency.as_str(), code);
            assert_eq!(read, kept(store));
        }
    }
    other.close();
}

fn amounts_without_a_currency_are_in_the_tenants(database: &Database) {
    let (store, control) = (open(database), database.control());
    write(&store, move |unit| change(unit, &*control, in_currency("EUR"))).unwrap();
    let account = |amount: &str, currency: Patch<String>| AccountDraft {
        name: set("Acme"),
        annual_revenue: set(amount),
        currency,
        ..AccountDraft::default()
    };
    let deal = |amount: &str, currency: Patch<String>| OpportunityDraft {
        name: set("Renewal"),
        amount: set(amount),
        currency,
        ..OpportunityDraft::default()
    };
    let money = |minor, code: &str| {
        let currency = Currency::parse(code).unwrap();
        Some(Money { minor, currency })
    };
    let drafts = [account("12.5", Patch::Keep), account("3", set("CHF"))];
    let drafts = drafts.map(|draft| Drafted::new(draft, Check::new())).into();
    let deals = [deal("12.5", Patch::Keep), deal("3", set("CHF"))];
    let deals = deals.map(|draft| Drafted::new(draft, Check::new())).into();
    let (accounts, deals) = write(&store, move |unit| {
        Ok((
            bulk::create::<Account>(unit, drafts, user())?,
            bulk::create::<Opportunity>(unit, deals, user())?,
        ))
    })
    .unwrap();
    let revenues: Vec<_> = accounts.into_iter().map(|made| made.unwrap().fields.annual_revenue).collect();
    let amounts: Vec<_> = deals.into_iter().map(|made| made.unwrap().fields.amount).collect();
    assert_eq!(revenues, [money(1_250, "EUR"), money(300, "CHF")]);
    assert_eq!(amounts, revenues);
    // An amount keeps the currency it has; one that comes later is in the tenant's.
    let control = database.control();
    let changed = write(&store, move |unit| {
        change(unit, &*control, in_currency("JPY"))?;
        let amount = |text: &str| OpportunityDraft {
            amount: set(text),
            ..OpportunityDraft::default()
        };
        let kept = single::update::<opportunities::Opportunity>(unit, OpportunityId::from_i64(1), amount("7.25"), user(), Check::new())?;
        let named = OpportunityDraft {
            name: set("Later"),
            ..OpportunityDraft::default()
        };
        let later = single::create::<opportunities::Opportunity>(unit, named, user(), Check::new())?;
        let later = single::update::<opportunities::Opportunity>(unit, later.id, amount("500"), user(), Check::new())?;
        Ok((kept.fields.amount, later.fields.amount))
    });
    assert_eq!(changed.unwrap(), (money(725, "EUR"), money(500, "JPY")));
    let draft = account("1.5", Patch::Keep);
    let refused = write(&store, move |unit| {
        let context = Account::context(unit, user())?;
        Account::parse(draft, &context, Check::new())
    });
    assert_eq!(
        only_problem(refused),
        ("annual_revenue".to_owned(), Problem::Amount { decimals: 0 })
    );
}

fn days_begin_where_the_tenant_is(database: &Database) {
    let (store, control) = (open(database), database.control());
    assert_eq!(START.to_second_precision(), "2025-01-15T10:00:00Z");
    let won = |store: &Arc<dyn TenantStore>| {
        let deal = write(store, |unit| {
            let draft = OpportunityDraft {
                name: set("Renewal"),
                ..OpportunityDraft::default()
            };
            let made = single::create::<opportunities::Opportunity>(unit, draft, user(), Check::new())?;
            opportunities::win(unit, made.id, WinDraft::default(), Check::new())
        });
        format_date(deal.unwrap().fields.closed_on.unwrap())
    };
    assert_eq!(won(&store), "2025-01-15");
    write(&store, move |unit| change(unit, &*control, in_zone("Pacific/Kiritimati"))).unwrap();
    assert_eq!(won(&store), "2025-01-16", "fourteen hours ahead it is the next day");
    // Business hours without a zone are in the tenant's.
    let zone = write(&store, |unit| {
        let hours = crm_domain::business_hours::BusinessHoursDraft {
            days: vec!["Monday".to_owned()],
            from: set("09:00"),
            to: set("17:00"),
            ..Default::default()
        };
        let draft = SlaPolicyDraft {
            name: set("Gold"),
            applies_to: set("ticket"),
            first_response_minutes: set("30"),
            resolution_minutes: set("240"),
            business_hours: Patch::Set(hours),
            ..SlaPolicyDraft::default()
        };
        Ok(single::create::<sla_policy::SlaPolicy>(unit, draft, user(), Check::new())?
            .fields
            .business_hours
            .unwrap()
            .time_zone()
            .name()
            .to_owned())
    });
    assert_eq!(zone.unwrap(), "Pacific/Kiritimati");
}
