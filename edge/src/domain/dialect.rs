//! The API shapes that jobs are created through. What is an API's own lives in `edge/src/dialect/<name>/`.

use shared::names;

names! {
    /// The API shape that a job was created through.
    Dialect {
        Bgless = "bgless",
        Unscreen = "unscreen",
        Removebgvideo = "removebgvideo",
        Vidgen = "vidgen",
    }
}

impl Dialect {
    /// Those that share a path, so that a key says which of them it wants to read there.
    pub const OF_KEYS: [Self; 2] = [Self::Bgless, Self::Removebgvideo];

    /// Whether its receivers are told when work on a job begins, and not of its end alone.
    pub const fn notifies_start(self) -> bool {
        match self {
            Self::Bgless | Self::Vidgen => false,
            Self::Unscreen | Self::Removebgvideo => true,
        }
    }

    /// Whether a key may have one job at a time that is not over. The database knows the same.
    pub const fn takes_one_active_job(self) -> bool {
        matches!(self, Self::Vidgen)
    }
}
