//! Records when a key was last used, after the response and at most hourly.

use shared::id::ApiKeyId;

use crate::app::ports::{AccountStore as _, Ports};

/// Best effort.
pub async fn record_key_use(ports: &impl Ports, id: ApiKeyId) {
    if let Err(error) = ports.store().record_key_use(id, ports.now()).await {
        ports.warn("a key's use was not noted", &[("key.id", &id), ("error", &error)]);
    }
}
