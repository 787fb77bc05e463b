//! Enums that are names on the wire, made from one list each.

/// A text that is not one of the enum's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a known name")]
pub struct UnknownName;

/// An enum whose variants are names on the wire: the enum, its names, and both ways between them.
#[macro_export]
macro_rules! names {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(into = "&'static str", try_from = "String")]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)*
        }

        impl $name {
            /// All variants, in the order of the documentation.
            pub const ALL: [Self; [$($text),*].len()] = [$(Self::$variant,)*];

            /// The name in requests and answers.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// The one of this name, if there is one.
            #[must_use]
            pub fn find(text: &str) -> Option<Self> {
                Self::ALL.into_iter().find(|item| item.as_str() == text)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::names::UnknownName;

            fn from_str(text: &str) -> Result<Self, $crate::names::UnknownName> {
                Self::find(text).ok_or($crate::names::UnknownName)
            }
        }

        impl From<$name> for &'static str {
            fn from(item: $name) -> Self {
                item.as_str()
            }
        }

        impl TryFrom<String> for $name {
            type Error = $crate::names::UnknownName;

            fn try_from(text: String) -> Result<Self, $crate::names::UnknownName> {
                text.parse()
            }
        }
    };
}
