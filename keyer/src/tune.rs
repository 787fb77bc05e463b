//! Temporary.
macro_rules! tune {
    ($name:literal, $value:expr) => {{
        static V: std::sync::OnceLock<f32> = std::sync::OnceLock::new();
        *V.get_or_init(|| std::env::var($name).ok().and_then(|t| t.parse().ok()).unwrap_or($value))
    }};
}
pub(crate) use tune;
