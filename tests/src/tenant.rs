//! Builders: a tenant with users, keys and records, made through the ports that the server uses itself.

use std::sync::{Arc, Mutex};

use crm_domain::{
    Error, Result,
    clock::{SystemEntropy, uuid_at},
    control::{
        api_key::{ApiKey, ApiKeyDraft, ApiKeyFields, KeyFamily, KeyText, NewApiKey},
        tenant::{NewTenant, Tenant},
        user::{NewUser, Password, Role, User},
    },
    field::{Check, Email, Patch, Text},
    id::{AccountId, ApiKeyId, OpportunityId, RecordId},
    tenant::{
        TenantReader, TenantStore, UnitOfWork,
        account::{self, Account, AccountDraft, AccountFields},
        activity::{Activity, ActivityDraft, ActivityFields},
        change::{Actor, Origin},
        contact::{Contact, ContactDraft, ContactFields},
        lead::{self, Lead, LeadDraft, LeadFields},
        opportunity::{Opportunity, OpportunityDraft},
    },
    usecase::{
        register::{Registration, RegistrationDraft},
        single,
    },
};
use diesel::{Connection, SqliteConnection, connection::SimpleConnection};
use serde::Deserialize;

use crate::server::Server;

/// The lowest cost that bcrypt knows.
pub const QUICK: u32 = 4;
/// Every user's password.
pub const PASSWORD: &str = "correct horse battery";

/// A field's new value.
pub fn set(value: impl ToString) -> Patch<String> {
    Patch::Set(value.to_string())
}

/// A tenant of a server under test.
pub struct TestTenant<'s> {
    server: &'s Server,
    /// Its row.
    pub tenant: Tenant,
    /// Its first user, an Admin with [`PASSWORD`].
    pub admin: User,
    store: Arc<dyn TenantStore>,
    /// For users' emails.
    users: Mutex<u32>,
}

/// An API key and its text.
#[derive(Debug, Clone)]
pub struct TestKey {
    /// Its id.
    pub id: ApiKeyId,
    /// What its holder sends.
    pub text: String,
}

/// The documented answer to a login (contract C-13).
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Login {
    /// The access token.
    pub token: String,
    /// The refresh token.
    pub refresh_token: String,
    /// Lifetime of the access token, in seconds.
    pub expires_in: i64,
    /// `tenant_<id>`.
    pub tenant_id: String,
    /// `user_<id>`.
    pub user_id: String,
}

impl<'s> TestTenant<'s> {
    /// A new tenant; its Admin is `admin@<name>.test`, the name in lower case without spaces.
    pub(crate) fn register(server: &'s Server, name: &str) -> Self {
        let host = name.to_lowercase().replace(' ', "-");
        let draft = RegistrationDraft {
            email: set(format!("admin@{host}.test")),
            password: set(PASSWORD),
            tenant_name: set(name),
            company_name: set(name),
            user_name: set("Ada Admin"),
        };
        let registration = Registration::parse(draft, Check::new()).expect("a valid registration");
        let hash = registration.password.hash(QUICK).expect("bcrypt works");
        let (control, tenants) = (server.control(), server.tenants());
        let location = tenants.provision().expect("the tenant's database can be made");
        // By the ports, which record nothing: a test's change feed begins with what the test does.
        let made = control.writing(|unit| {
            let tenant = unit.tenants().add(NewTenant {
                uuid: uuid_at(server.now(), &SystemEntropy),
                name: registration.tenant_name.clone(),
                company_name: registration.company_name.clone(),
                location: location.clone(),
                tier: "default".to_owned(),
            })?;
            let admin = unit.users().add(NewUser {
                tenant_id: tenant.id,
                email: Some(registration.email.clone()),
                name: registration.user_name.clone(),
                role: Role::Admin,
                password: Some(hash),
                manager_id: None,
                office: None,
            })?;
            Ok((tenant, admin))
        });
        let (tenant, admin) = made.expect("the tenant can be made");
        Self {
            server,
            store: tenants.open(&tenant).expect("the tenant's database opens"),
            tenant,
            admin,
            users: Mutex::new(0),
        }
    }

    /// The server that it is a tenant of.
    pub fn server(&self) -> &'s Server {
        self.server
    }

    /// A further user, with [`PASSWORD`].
    pub fn user(&self, role: Role) -> User {
        let number = {
            let mut users = self.users.lock().expect("no test panicked here");
            *users += 1;
            *users
        };
        let email = format!("user{number}@tenant{}.test", self.tenant.id);
        let new = NewUser {
            tenant_id: self.tenant.id,
            email: Some(Email::parse(&email).expect("an email")),
            name: Some(Text::parse(&format!("User {number}")).expect("a name")),
            role,
            password: Some(Password::parse(PASSWORD).expect("a password").hash(QUICK).expect("bcrypt works")),
            manager_id: None,
            office: None,
        };
        self.server
            .control()
            .writing(|unit| unit.users().add(new))
            .expect("the user can be made")
    }

    /// Changes a user's row, e.g. `|user| user.is_active = false`.
    pub fn change_user(&self, user: &User, change: impl FnOnce(&mut User)) -> User {
        let mut changed = user.clone();
        change(&mut changed);
        self.server
            .control()
            .writing(|unit| unit.users().update(&changed))
            .expect("the user can be changed");
        changed
    }

    /// Signs a user in over HTTP.
    pub fn login(&self, user: &User) -> Login {
        let email = user.email.as_ref().expect("a user who can sign in");
        self.server.login(email.as_str(), PASSWORD)
    }

    /// An access token of the Admin.
    pub fn admin_token(&self) -> String {
        self.login(&self.admin).token
    }

    /// An API key of this family, without limits of its own.
    pub fn key(&self, family: KeyFamily) -> TestKey {
        self.key_with(family, ApiKeyDraft::default())
    }

    /// An API key; its name is `Test key` unless the draft has one.
    pub fn key_with(&self, family: KeyFamily, draft: ApiKeyDraft) -> TestKey {
        self.mint(family, draft, QUICK)
    }

    /// An API key whose verification takes as long as bcrypt's cost says.
    pub fn slow_key(&self, family: KeyFamily, cost: u32) -> TestKey {
        self.mint(family, ApiKeyDraft::default(), cost)
    }

    fn mint(&self, family: KeyFamily, draft: ApiKeyDraft, cost: u32) -> TestKey {
        let draft = ApiKeyDraft {
            name: match draft.name {
                Patch::Keep => set("Test key"),
                given => given,
            },
            ..draft
        };
        let fields = ApiKeyFields::parse(draft, family, self.admin.role, self.server.now(), Check::new()).expect("a valid key");
        let text = KeyText::random(family, &SystemEntropy);
        let hash = text.hash(cost).expect("hashing works");
        let new = NewApiKey {
            tenant_id: self.tenant.id,
            family,
            public_id: text.public_id().to_owned(),
            hash,
            fields,
            created_by: self.admin.id,
        };
        let control = self.server.control();
        let key = control.writing(|unit| unit.api_keys().add(new)).expect("the key can be made");
        TestKey {
            id: key.id,
            text: text.as_str().to_owned(),
        }
    }

    /// Revokes a key.
    pub fn revoke(&self, key: &TestKey) {
        let revoked = self.server.control().writing(|unit| {
            let revoked_at = Some(unit.stamp());
            let known = unit.api_keys().lookup(self.tenant.id, key.id)?;
            let known = known.ok_or_else(|| Error::not_found(ApiKeyId::NOUN, key.id))?;
            unit.api_keys().update(&ApiKey { revoked_at, ..known })
        });
        revoked.expect("the key can be revoked");
    }

    /// The tenant's database.
    pub fn store(&self) -> &Arc<dyn TenantStore> {
        &self.store
    }

    /// Runs SQL on the tenant's SQLite file behind the server's back.
    ///
    /// # Panics
    /// When the tenant's database is no file.
    pub fn damage(&self, sql: &str) {
        let file = self.tenant.location.strip_prefix("sqlite:").expect("a SQLite tenant");
        let path = self.server.data_dir().join(file);
        let mut connection = SqliteConnection::establish(&path.display().to_string()).expect("the file opens");
        connection
            .batch_execute(&format!("PRAGMA foreign_keys = OFF; {sql}"))
            .expect("valid SQL");
    }

    /// Runs a unit of work as the Admin.
    pub fn write<T: Send + 'static>(&self, work: impl FnOnce(&mut dyn UnitOfWork) -> Result<T> + Send + 'static) -> T {
        let origin = Origin {
            actor: Actor::User(self.admin.id),
            family: "saas",
        };
        self.store.writing(origin, work).expect("a unit of work that succeeds")
    }

    /// Reads.
    pub fn read<T>(&self, work: impl FnOnce(&mut dyn TenantReader) -> Result<T>) -> T {
        self.store.reading(work).expect("a read that succeeds")
    }

    /// A new account with nothing but a name.
    pub fn account(&self, name: &str) -> Account {
        self.account_of(AccountDraft {
            name: set(name),
            ..AccountDraft::default()
        })
    }

    /// A new account.
    pub fn account_of(&self, draft: AccountDraft) -> Account {
        let fields = AccountFields::parse(draft, self.admin.id, Check::new()).expect("a valid account");
        self.write(|unit| single::create_parsed::<Account>(unit, fields))
    }

    /// New accounts of these names, in one unit of work.
    pub fn accounts(&self, names: impl IntoIterator<Item = String>) -> Vec<Account> {
        let draft = |name| AccountDraft {
            name: Patch::Set(name),
            ..AccountDraft::default()
        };
        let fields = names
            .into_iter()
            .map(|name| AccountFields::parse(draft(name), self.admin.id, Check::new()).expect("a valid account"))
            .collect();
        self.write(|unit| account::create_many(unit, fields))
    }

    /// Changes an account.
    pub fn update_account(&self, id: AccountId, draft: AccountDraft) -> Account {
        let owner = self.admin.id;
        self.write(move |unit| single::update::<Account>(unit, id, draft, owner, Check::new()))
    }

    /// Renames an account.
    pub fn rename_account(&self, id: AccountId, name: &str) -> Account {
        self.update_account(
            id,
            AccountDraft {
                name: set(name),
                ..AccountDraft::default()
            },
        )
    }

    /// Deletes an account.
    pub fn remove_account(&self, id: AccountId) {
        self.write(move |unit| single::remove::<Account>(unit, id));
    }

    /// A new opportunity with nothing but a name, of this account.
    pub fn opportunity(&self, name: &str, account: Option<&Account>) -> Opportunity {
        self.opportunity_of(OpportunityDraft {
            name: set(name),
            account_id: account.map_or(Patch::Keep, |account| Patch::Set(account.id)),
            ..OpportunityDraft::default()
        })
    }

    /// A new opportunity.
    pub fn opportunity_of(&self, draft: OpportunityDraft) -> Opportunity {
        let owner = self.admin.id;
        self.write(move |unit| single::create::<Opportunity>(unit, draft, owner, Check::new()))
    }

    /// Changes an opportunity.
    pub fn update_opportunity(&self, id: OpportunityId, draft: OpportunityDraft) -> Opportunity {
        let owner = self.admin.id;
        self.write(move |unit| single::update::<Opportunity>(unit, id, draft, owner, Check::new()))
    }

    /// Deletes an opportunity.
    pub fn remove_opportunity(&self, id: OpportunityId) {
        self.write(move |unit| single::remove::<Opportunity>(unit, id));
    }

    /// A new contact.
    pub fn contact_of(&self, draft: ContactDraft) -> Contact {
        let fields = ContactFields::parse(draft, self.admin.id, Check::new()).expect("a valid contact");
        self.write(|unit| single::create_parsed::<Contact>(unit, fields))
    }

    /// A new lead.
    pub fn lead_of(&self, draft: LeadDraft) -> Lead {
        let fields = LeadFields::parse(draft, self.admin.id, Check::new()).expect("a valid lead");
        self.write(|unit| single::create_parsed::<Lead>(unit, fields))
    }

    /// New leads of these first names, in one unit of work.
    pub fn leads(&self, first_names: impl IntoIterator<Item = String>) -> Vec<Lead> {
        let draft = |first_name| LeadDraft {
            first_name: Patch::Set(first_name),
            last_name: set("Doe"),
            ..LeadDraft::default()
        };
        let fields = first_names
            .into_iter()
            .map(|name| LeadFields::parse(draft(name), self.admin.id, Check::new()).expect("a valid lead"))
            .collect();
        self.write(|unit| lead::create_many(unit, fields))
    }

    /// A new lead with a status of whatever system it came from.
    pub fn lead_with_status(&self, status: &str) -> Lead {
        self.lead_of(LeadDraft {
            last_name: set("Doe"),
            status: set(status),
            ..LeadDraft::default()
        })
    }

    /// A new contact.
    pub fn contact(&self, first_name: &str, email: &str, phone: &str) -> Contact {
        self.contact_of(ContactDraft {
            first_name: set(first_name),
            email: set(email),
            phone: set(phone),
            ..ContactDraft::default()
        })
    }

    /// A new activity.
    pub fn activity_of(&self, draft: ActivityDraft) -> Activity {
        let fields = ActivityFields::parse(draft, self.admin.id, Check::new()).expect("a valid activity");
        self.write(|unit| single::create_parsed::<Activity>(unit, fields))
    }
}
