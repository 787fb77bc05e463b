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

/// The page that a request names. Lists are newest first, and a cursor is the last id of the page
/// before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageRequest {
    /// The number of items that the page shows.
    pub limit: u32,
    pub offset: u32,
    cursor: String,
}

impl PageRequest {
    /// The newest items of a list whose ids have this prefix, but for the first `offset`.
    pub fn newest(prefix: &str, limit: u32, offset: u32) -> Self {
        // Every id sorts before it.
        Self { limit, offset, cursor: format!("{prefix}_~") }
    }

    /// Reads the query of a list whose ids have this prefix.
    pub fn read(query: &PageQuery, prefix: &str) -> Result<Self, Error> {
        let limit = bounded("limit", query.limit.unwrap_or(PAGE_LIMIT), 1..=PAGE_LIMIT_MAX)?;
        match query.cursor.clone() {
            None => Ok(Self::newest(prefix, limit, 0)),
            Some(cursor) if cursor.starts_with(prefix) && cursor.chars().count() <= CURSOR_CHARS_MAX => {
                Ok(Self { limit, offset: 0, cursor })
            }
            Some(_) => Err(Error::invalid("cursor", "Must be a `nextCursor` of the same list.")),
        }
    }

    /// The rows to read: one more than the page shows, since only that one proves that there are
    /// more.
    pub fn rows(&self) -> Page {
        Page { cursor: self.cursor.clone(), limit: self.limit.saturating_add(1), offset: self.offset }
    }

    /// The items to show of the rows that were read, and the last of them if there are more.
    pub fn split<'a, T>(&self, rows: &'a [T]) -> (&'a [T], Option<&'a T>) {
        match usize::try_from(self.limit).ok().and_then(|limit| rows.split_at_checked(limit)) {
            Some((shown, [_, ..])) => (shown, shown.last()),
            _ => (rows, None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_followed_by_another_only_where_there_are_more_items() {
        let page = PageRequest::newest("job", 3, 0);
        assert_eq!(page.rows(), Page { cursor: "job_~".to_owned(), limit: 4, offset: 0 });
        assert_eq!(page.split(&[4, 3, 2, 1]), (&[4, 3, 2][..], Some(&2)));
        assert_eq!(page.split(&[3, 2, 1]), (&[3, 2, 1][..], None), "a full page may be the last one");
        assert_eq!(page.split(&[2, 1]), (&[2, 1][..], None));
        assert_eq!(page.split::<u8>(&[]), (&[][..], None));
    }
}
