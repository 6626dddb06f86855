//! Accounts, in memory: all that a port asks for.

use std::collections::BTreeMap;

use crm_domain::{
    Error, Result,
    clock::{SystemEntropy, uuid_at},
    id::{AccountId, RecordId, UserId},
    page::{Direction, Page, Sort, Start, Window},
    stamp::Stamp,
    tenant::{
        account::{Account, AccountField, AccountFields, AccountFilter, AccountReads, AccountRepository},
        change::EntityKind,
        link::{Link, LinkRepository},
    },
};

/// The accounts, with what a unit knows: its stamp and who works.
#[derive(Default, Clone)]
pub struct Accounts {
    rows: BTreeMap<AccountId, Account>,
    deleted: BTreeMap<AccountId, Account>,
    last_id: i64,
    pub stamp: Stamp,
    pub actor: Option<UserId>,
}

impl AccountReads for Accounts {
    fn lookup(&mut self, id: AccountId) -> Result<Option<Account>> {
        Ok(self.rows.get(&id).cloned())
    }
    fn lookup_many(&mut self, ids: &[AccountId]) -> Result<Vec<Account>> {
        Ok(ids.iter().filter_map(|id| self.rows.get(id)).cloned().collect())
    }
    fn lookup_external(&mut self, external_ids: &[String]) -> Result<Vec<Account>> {
        Ok(self.with(|account| {
            account
                .fields
                .external_id
                .as_ref()
                .is_some_and(|id| external_ids.iter().any(|wanted| **wanted == **id))
        }))
    }
    fn lookup_named(&mut self, names: &[String]) -> Result<Vec<Account>> {
        let names: Vec<String> = names.iter().map(|name| name.to_lowercase()).collect();
        Ok(self.with(|account| names.contains(&account.fields.name.to_lowercase())))
    }
    fn lookup_domains(&mut self, domains: &[String]) -> Result<Vec<Account>> {
        Ok(self.with(|account| account.fields.domain().is_some_and(|domain| domains.contains(&domain))))
    }
    fn list(&mut self, filter: &AccountFilter, sort: Sort<AccountField>, window: &Window) -> Result<Page<Account>> {
        if sort.key != AccountField::CreatedAt {
            return Err(Error::Conflict("this store sorts accounts by their creation only".to_owned()));
        }
        let search = filter.search.as_ref().map(|text| text.to_lowercase());
        let mut found = self.with(|account| {
            filter.conditions.iter().all(|condition| condition.is_met_by(account))
                && search.as_ref().is_none_or(|text| account.fields.search_text().contains(text))
        });
        if sort.direction == Direction::Descending {
            found.reverse();
        }
        let total = found.len() as u64;
        let skipped = match &window.start {
            Start::Offset(offset) => usize::try_from(*offset).unwrap_or(usize::MAX),
            Start::After(cursor) => found
                .iter()
                .position(|account| account.id.get() == cursor.id)
                .map_or(found.len(), |index| index + 1),
        };
        let rest = found.len().saturating_sub(skipped);
        let items: Vec<Account> = found.into_iter().skip(skipped).take(window.limit as usize).collect();
        Ok(Page {
            has_more: rest > items.len(),
            items,
            total,
            seen: self.stamp,
        })
    }
}

impl Accounts {
    fn with(&self, wanted: impl Fn(&Account) -> bool) -> Vec<Account> {
        self.rows.values().filter(|account| wanted(account)).cloned().collect()
    }
}

impl AccountRepository for Accounts {
    fn add(&mut self, fields: Vec<AccountFields>) -> Result<Vec<Account>> {
        let mut added = Vec::with_capacity(fields.len());
        for fields in fields {
            if let Some(id) = &fields.external_id
                && !self.lookup_external(&[id.to_string()])?.is_empty()
            {
                return Err(Error::Duplicate {
                    noun: AccountId::NOUN,
                    field: "external_id",
                });
            }
            self.last_id += 1;
            let account = Account {
                id: AccountId::from_i64(self.last_id),
                uuid: uuid_at(self.stamp, &SystemEntropy),
                fields,
                created_at: self.stamp,
                created_by: self.actor,
                updated_at: self.stamp,
            };
            self.rows.insert(account.id, account.clone());
            added.push(account);
        }
        Ok(added)
    }
    fn update(&mut self, account: &Account) -> Result<()> {
        self.rows.insert(account.id, account.clone());
        Ok(())
    }
    fn remove(&mut self, id: AccountId) -> Result<()> {
        self.deleted.extend(self.rows.remove_entry(&id));
        Ok(())
    }
    fn lookup_deleted(&mut self, id: AccountId) -> Result<Option<Account>> {
        Ok(self.deleted.get(&id).cloned())
    }
    fn restore(&mut self, account: &Account) -> Result<()> {
        self.deleted.remove(&account.id);
        let live = Account {
            updated_at: self.stamp,
            ..account.clone()
        };
        self.update(&live)
    }
}

/// Accounts are all that refers, and all that is referred to.
impl LinkRepository for Accounts {
    fn live(&mut self, kind: EntityKind, ids: &[i64]) -> Result<Vec<i64>> {
        let is_live = |id: &&i64| kind == EntityKind::Account && self.rows.contains_key(&AccountId::from_i64(**id));
        Ok(ids.iter().filter(is_live).copied().collect())
    }
    fn referring(&mut self, link: Link, targets: &[i64]) -> Result<Vec<(i64, i64)>> {
        let to = |account: &Account| Some((account.id.get(), account.fields.parent_id?.get()));
        let referring = self.rows.values().filter_map(to).filter(|(_, parent)| targets.contains(parent));
        Ok(referring.filter(|_| link.from == EntityKind::Account).collect())
    }
    fn referring_after(&mut self, _link: Link, _target: i64, _after: i64, _limit: u32) -> Result<Vec<i64>> {
        Ok(Vec::new())
    }
    fn referring_deleted(&mut self, link: Link, targets: &[i64]) -> Result<Vec<(i64, i64)>> {
        let to = |account: &Account| Some((account.id.get(), account.fields.parent_id?.get()));
        let referring = self.deleted.values().filter_map(to).filter(|(_, parent)| targets.contains(parent));
        Ok(referring.filter(|_| link.from == EntityKind::Account).collect())
    }
    fn still(&mut self, link: Link, referrers: &[i64], target: Option<i64>) -> Result<Vec<i64>> {
        let parent = target.map(AccountId::from_i64);
        let is_still = |account: &&Account| referrers.contains(&account.id.get()) && account.fields.parent_id == parent;
        let ids = self.rows.values().chain(self.deleted.values()).filter(is_still);
        Ok(ids
            .filter(|_| link.from == EntityKind::Account)
            .map(|account| account.id.get())
            .collect())
    }
    fn point(&mut self, _link: Link, referrers: &[i64], target: Option<i64>) -> Result<()> {
        for id in referrers.iter().copied().map(AccountId::from_i64) {
            if let Some(account) = self.rows.get_mut(&id).or_else(|| self.deleted.get_mut(&id)) {
                account.fields.parent_id = target.map(AccountId::from_i64);
                account.updated_at = self.stamp;
            }
        }
        Ok(())
    }
}
