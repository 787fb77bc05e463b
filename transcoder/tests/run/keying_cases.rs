//! Footage that keyers get wrong, through the real binary: a drawn person whose alpha is known.

mod drawing;
mod footage;
mod layout;
mod light;
mod opacity;
mod refusals;
mod sources;
