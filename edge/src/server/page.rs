//! Pages of lists.

use serde::Deserialize;
use utoipa::IntoParams;

use crate::app::ports::Page;
use crate::domain::error::{Error, bounded};

/// The default of `limit`.
pub const PAGE_LIMIT: u32 = 20;
pub const PAGE_LIMIT_MAX: u32 = 100;
pub const CURSOR_CHARS_MAX: usize = 40;

/// The page of a list.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// The number of items.
    #[param(nullable = false)]
    pub limit: Option<u32>,
    /// The `nextCursor` of the page before.
    #[param(nullable = false)]
    pub cursor: Option<String>,
}

/// Reads the query. Lists are newest first, and a cursor is the last id of the page before.
pub fn page(query: &PageQuery, prefix: &str) -> Result<Page, Error> {
    let limit = bounded("limit", query.limit.unwrap_or(PAGE_LIMIT), 1..=PAGE_LIMIT_MAX)?;
    let cursor = query.cursor.clone().unwrap_or_else(|| format!("{prefix}_~"));
    let whole = cursor.starts_with(prefix) && cursor.chars().count() <= CURSOR_CHARS_MAX;
    if whole {
        Ok(Page { cursor, limit, offset: 0 })
    } else {
        Err(Error::invalid("cursor", "Must be a `nextCursor` of the same list."))
    }
}
