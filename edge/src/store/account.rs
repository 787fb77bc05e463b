//! `AccountStore` over SQL.

use shared::id::{AccountId, ApiKeyId, LedgerEntryId};
use shared::time::UnixMillis;

use super::Store;
use super::database::{Database, Rows as _, statement};
use super::job::read_first;
use super::row::{AccountRow, AnyRow, ApiKeyRow};
use crate::app::ports::{Account, AccountStore, NewAccount, NewApiKey};
use crate::domain::api_key::{ApiKey, KeyHash};
use crate::domain::error::Error;

impl<D: Database> AccountStore for Store<D> {
    async fn find_api_key(&self, key: &KeyHash) -> Result<Option<ApiKey>, Error> {
        let [rows] = self.run([statement!(find_api_key, key.as_str())]).await?;
        Ok(read_first::<ApiKeyRow>(&rows)?.map(ApiKey::from))
    }

    async fn create_account(&self, account: &NewAccount<'_>, now: UnixMillis) -> Result<(), Error> {
        let create = statement!(create_account, account.id.to_string(), account.name, now);
        let grant = statement!(create_grant_entry, account.entry_id.to_string(), account.id.to_string(), account.credits, now);
        let [_, _] = self.run([create, grant]).await?;
        Ok(())
    }

    async fn grant_credits(
        &self,
        account_id: AccountId,
        amount_credits: u64,
        entry_id: LedgerEntryId,
        now: UnixMillis,
    ) -> Result<Option<Account>, Error> {
        let grant = statement!(create_grant_entry, entry_id.to_string(), account_id.to_string(), amount_credits, now);
        let [_, rows] = self.run([grant, statement!(find_account, account_id.to_string())]).await?;
        Ok(read_first::<AccountRow>(&rows)?.map(Account::from))
    }

    async fn find_account(&self, account_id: AccountId) -> Result<Option<Account>, Error> {
        let [rows] = self.run([statement!(find_account, account_id.to_string())]).await?;
        Ok(read_first::<AccountRow>(&rows)?.map(Account::from))
    }

    async fn create_api_key(&self, key: &NewApiKey<'_>, now: UnixMillis) -> Result<bool, Error> {
        let (id, account_id) = (key.id.to_string(), key.account_id.to_string());
        let [rows] = self.run([statement!(create_api_key, id, account_id, key.hash.as_str(), key.label, now)]).await?;
        Ok(!rows.read::<AnyRow>()?.is_empty())
    }

    async fn revoke_api_key(&self, id: ApiKeyId, now: UnixMillis) -> Result<bool, Error> {
        let [rows] = self.run([statement!(revoke_api_key, id.to_string(), now)]).await?;
        Ok(!rows.read::<AnyRow>()?.is_empty())
    }
}
