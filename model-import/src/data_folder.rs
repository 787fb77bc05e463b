//! The folder of this user in which models and build tools are kept.

use std::env;
use std::path::PathBuf;

/// `$BGLESS_CACHE`, else `$XDG_CACHE_HOME/bgless`, else `~/.cache/bgless`; none without a home
/// folder. It need not exist.
#[must_use]
pub fn data_folder() -> Option<PathBuf> {
    data_folder_of(|name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from))
}

fn data_folder_of(variable: impl Fn(&str) -> Option<PathBuf>) -> Option<PathBuf> {
    variable("BGLESS_CACHE")
        .or_else(|| variable("XDG_CACHE_HOME").map(|folder| folder.join("bgless")))
        .or_else(|| variable("HOME").map(|folder| folder.join(".cache/bgless")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_data_folder_is_the_first_that_a_variable_names() {
        let of = |set: &[(&str, &str)]| {
            data_folder_of(|name| set.iter().find(|(found, _)| *found == name).map(|(_, value)| PathBuf::from(value)))
        };
        let (home, xdg, own) = (("HOME", "/a"), ("XDG_CACHE_HOME", "/cache"), ("BGLESS_CACHE", "/data"));
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[home]), Some("/a/.cache/bgless".into()));
        assert_eq!(of(&[home, xdg]), Some("/cache/bgless".into()));
        assert_eq!(of(&[home, xdg, own]), Some("/data".into()));
    }
}
