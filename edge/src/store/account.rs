//! `AccountStore` over SQL.

use shared::id::{AccountId, ApiKeyId, LedgerEntryId};
use shared::price::Resolution;
use shared::time::UnixMillis;

use super::Store;
use super::database::{Database, Rows as _, statement};
use super::row::{
    AccountRow, AnyRow, KeyMonthRow, KeyWithUseRow, LedgerEntryRow, WebhookSecretRow, WorkHistoryRow, is_any, read_first,
    read_key, read_spending_limit, scopes_text,
};
use crate::app::ports::{Account, AccountStore, KeyMonth, KeyWithUse, LedgerEntry, NewAccount, NewApiKey, Page, WebhookSecret};
use crate::domain::api_key::KeyRequest;
use crate::domain::api_key::{ApiKey, KeyHash};
use crate::domain::error::Error;
use crate::domain::history::WorkHistory;
use crate::domain::model::Model;
use crate::domain::spending_limit::SpendingLimit;

impl<D: Database> AccountStore for Store<D> {
    async fn find_api_key(&self, key: &KeyHash) -> Result<Option<ApiKey>, Error> {
        let [rows] = self.run([statement!(find_api_key, key.as_str())]).await?;
        read_key(&rows)
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

    async fn get_spending_limit(&self, key: &KeyHash, month: &str) -> Result<(Option<ApiKey>, Option<SpendingLimit>), Error> {
        let find_key = statement!(find_api_key, key.as_str());
        let [key, spending_limit] = self.run([find_key, statement!(get_spending_limit_of_key, key.as_str(), month)]).await?;
        Ok((read_key(&key)?, read_spending_limit(&spending_limit)?))
    }

    async fn get_spending_limit_and_activity(
        &self,
        key: &KeyHash,
        month: &str,
    ) -> Result<(Option<ApiKey>, Option<SpendingLimit>, bool), Error> {
        let find_key = statement!(find_api_key, key.as_str());
        let get_spending_limit = statement!(get_spending_limit_of_key, key.as_str(), month);
        let [key, spending_limit, active] =
            self.run([find_key, get_spending_limit, statement!(find_only_active_job, key.as_str())]).await?;
        let key = read_key(&key)?;
        Ok((key, read_spending_limit(&spending_limit)?, is_any(&active)?))
    }

    async fn get_spending_limit_and_history(
        &self,
        key: &KeyHash,
        month: &str,
        model: Model,
        resolution: Resolution,
    ) -> Result<(Option<ApiKey>, Option<SpendingLimit>, Option<WorkHistory>), Error> {
        let find_key = statement!(find_api_key, key.as_str());
        let get_spending_limit = statement!(get_spending_limit_of_key, key.as_str(), month);
        let history = statement!(find_work_history, model.as_str(), resolution.as_str());
        let [key, spending_limit, history] = self.run([find_key, get_spending_limit, history]).await?;
        let key = read_key(&key)?;
        let history = read_first::<WorkHistoryRow>(&history)?.map(WorkHistory::from);
        Ok((key, read_spending_limit(&spending_limit)?, history))
    }

    async fn find_webhook_secret(&self, account_id: AccountId, now: UnixMillis) -> Result<Option<WebhookSecret>, Error> {
        let [rows] = self.run([statement!(find_webhook_secret, account_id.to_string(), now)]).await?;
        Ok(read_first::<WebhookSecretRow>(&rows)?.map(WebhookSecret::from))
    }

    async fn create_webhook_secret(&self, account_id: AccountId, secret_box: &str, now: UnixMillis) -> Result<(), Error> {
        self.run([statement!(create_webhook_secret, account_id.to_string(), secret_box, now)]).await.map(|[_]| ())
    }

    async fn rotate_webhook_secret(
        &self,
        account_id: AccountId,
        secret_box: &str,
        old_until_ms: UnixMillis,
        now: UnixMillis,
    ) -> Result<Option<WebhookSecret>, Error> {
        let rotate = statement!(rotate_webhook_secret, account_id.to_string(), secret_box, now, old_until_ms);
        let [rows] = self.run([rotate]).await?;
        Ok(read_first::<WebhookSecretRow>(&rows)?.map(WebhookSecret::from))
    }

    async fn list_ledger_entries(&self, key: &KeyHash, page: &Page) -> Result<(Option<ApiKey>, Vec<LedgerEntry>), Error> {
        let find_key = statement!(find_api_key, key.as_str());
        let list = statement!(list_ledger_entries_of_key, key.as_str(), page.cursor.as_str(), page.limit);
        let [key, entries] = self.run([find_key, list]).await?;
        let entries = entries.read::<LedgerEntryRow>()?.into_iter().map(LedgerEntry::from).collect();
        Ok((read_key(&key)?, entries))
    }

    async fn list_key_months(&self, key: &KeyHash, first_month: &str) -> Result<(Option<ApiKey>, Vec<KeyMonth>), Error> {
        let find_key = statement!(find_api_key, key.as_str());
        let [key, months] = self.run([find_key, statement!(list_key_months, key.as_str(), first_month)]).await?;
        let months = months.read::<KeyMonthRow>()?.into_iter().map(KeyMonth::from).collect();
        Ok((read_key(&key)?, months))
    }

    async fn record_key_use(&self, id: ApiKeyId, now: UnixMillis) -> Result<(), Error> {
        self.run([statement!(record_key_use, id.to_string(), now)]).await.map(|[_]| ())
    }

    async fn list_api_keys(&self, account_id: AccountId, month: &str) -> Result<Vec<KeyWithUse>, Error> {
        let [rows] = self.run([statement!(list_api_keys, account_id.to_string(), month)]).await?;
        Ok(rows.read::<KeyWithUseRow>()?.into_iter().map(KeyWithUse::from).collect())
    }

    async fn create_api_key(&self, key: &NewApiKey<'_>, now: UnixMillis) -> Result<Option<KeyWithUse>, Error> {
        let KeyRequest { label, project_label, monthly_quota_credits, scopes, dialect } = key.about;
        let create = statement!(
            create_api_key,
            key.id.to_string(),
            key.account_id.to_string(),
            key.hash.as_str(),
            label.as_str(),
            project_label.as_deref(),
            *monthly_quota_credits,
            scopes_text(scopes),
            dialect.as_str(),
            now
        );
        let [rows] = self.run([create]).await?;
        Ok(read_first::<KeyWithUseRow>(&rows)?.map(KeyWithUse::from))
    }

    async fn rotate_api_key(
        &self,
        old_id: ApiKeyId,
        new_id: ApiKeyId,
        account_id: AccountId,
        hash: &KeyHash,
        overlap_until_ms: UnixMillis,
        now: UnixMillis,
    ) -> Result<Option<KeyWithUse>, Error> {
        let (old_id, account_id) = (old_id.to_string(), account_id.to_string());
        let rotate = statement!(rotate_api_key, new_id.to_string(), old_id.clone(), account_id.clone(), hash.as_str(), now);
        let revoke = statement!(revoke_api_key_of_account, old_id, overlap_until_ms, account_id);
        let [rotated, _] = self.run([rotate, revoke]).await?;
        Ok(read_first::<KeyWithUseRow>(&rotated)?.map(KeyWithUse::from))
    }

    async fn revoke_api_key_of_account(&self, id: ApiKeyId, account_id: AccountId, now: UnixMillis) -> Result<bool, Error> {
        let [rows] = self.run([statement!(revoke_api_key_of_account, id.to_string(), now, account_id.to_string())]).await?;
        Ok(!rows.read::<AnyRow>()?.is_empty())
    }

    async fn revoke_api_key(&self, id: ApiKeyId, now: UnixMillis) -> Result<bool, Error> {
        let [rows] = self.run([statement!(revoke_api_key, id.to_string(), now)]).await?;
        Ok(!rows.read::<AnyRow>()?.is_empty())
    }
}
