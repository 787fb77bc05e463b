//! The requests and responses of the bgless API: serde types only. Their comments are the API's
//! documentation.

mod account;
mod create_job;
mod job;
#[cfg(test)]
pub mod limits;
mod names;
mod parameters;
mod upload;

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

pub use self::account::*;
pub use self::create_job::*;
pub use self::job::*;
#[cfg(test)]
pub use self::limits::Limits;
use self::names::ErrorCode;
pub use self::parameters::*;
pub use self::upload::*;

/// The envelope of every response about one resource.
#[derive(Serialize, ToSchema)]
pub struct Data<T> {
    pub data: T,
}

/// A page of a list, newest first.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PageOut<T> {
    pub data: Vec<T>,
    /// The `cursor` of the next page; null on the last page.
    #[schema(required)]
    pub next_cursor: Option<String>,
}

/// The envelope of every error.
#[derive(Serialize, ToSchema)]
#[schema(as = Error)]
pub struct ErrorOut {
    #[schema(inline)]
    pub error: ErrorBodyOut,
}

#[derive(Serialize, ToSchema)]
pub struct ErrorBodyOut {
    /// For programs.
    #[schema(value_type = ErrorCode)]
    pub code: &'static str,
    /// For people. The text may change.
    pub message: String,
    /// Names the request in our logs; the same as the header `X-Request-Id`.
    #[serde(rename = "requestId")]
    pub request_id: String,
    /// The same as `requestId`.
    #[serde(rename = "request_id")]
    pub request_id_snake: String,
    /// The field, parameter or header at fault, as a path such as `options.outputs[1]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub field: Option<String>,
    /// Figures that go with the code. `insufficient_credits`: `availableCredits`,
    /// `requiredCredits`. `rate_limited` by the key's quota: `monthlyCredits`, `usedCredits`,
    /// `requiredCredits`, `resetsAt`; by a limit on requests: `limit`, `perMinute`.
    /// `range_not_satisfiable`: `sizeBytes`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Object, required = false)]
    pub details: Option<Value>,
}

/// The service answers.
#[derive(Serialize, ToSchema)]
pub struct Health {
    #[schema(example = "ok")]
    pub status: &'static str,
}
