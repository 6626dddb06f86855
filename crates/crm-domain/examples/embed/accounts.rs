//! Accounts, in memory: all that a port asks for.

use std::collections::BTreeMap;

use crm_domain::{
    Error, Result,
    clock::{SystemEntropy, uuid_at},
    id::{AccountId, RecordId, UserId},
    page::{Direction, Page, Sort, Start, Window},
    stamp::Stamp,
    tenant::account::{Account, AccountFields, AccountFilter, AccountReads, AccountRepository, AccountSort},
};

/// The accounts, with what a unit knows: its stamp and who works.
#[derive(Default, Clone)]
pub struct Accounts {
    rows: BTreeMap<AccountId, Account>,
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
    fn list(&mut self, filter: &AccountFilter, sort: Sort<AccountSort>, window: &Window) -> Result<Page<Account>> {
        if sort.key != AccountSort::CreatedAt {
            return Err(Error::Conflict("this store sorts accounts by their creation only".to_owned()));
        }
        let search = filter.search.as_ref().map(|text| text.to_lowercase());
        let mut found = self.with(|account| {
            filter.updated_after.is_none_or(|after| account.updated_at > after)
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
        self.rows.remove(&id);
        Ok(())
    }
}
