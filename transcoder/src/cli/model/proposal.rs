//! Proposes the manifest of a file by the names of its inputs and outputs.

use std::path::Path;

use crate::matte::models::PortNames;

/// Longest id that is proposed; half of what a manifest may have.
const ID_CHARS_MAX: usize = 32;
/// Names that exporters give to mattes, the surest first.
const MATTE_NAMES: [&str; 6] = ["alpha", "pha", "matte", "mask", "seg", "sigmoid"];

/// An id by the name of a file.
pub fn id_of(file: &Path) -> String {
    let stem = file.file_stem().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    let safe = |char: char| if char.is_ascii_alphanumeric() || "-_.".contains(char) { char } else { '-' };
    stem.chars().take(ID_CHARS_MAX).map(safe).collect()
}

/// The manifest's text.
pub fn manifest(id: &str, licence: Option<&str>, ports: &PortNames) -> String {
    let has_input = |name: &str| ports.inputs.iter().any(|input| input == name);
    let is_recurrent = has_input("src") && has_input("r1i");
    let kind = if is_recurrent { "recurrent" } else { "image" };
    let licence = licence.unwrap_or("not stated");
    let (id, licence) = (quoted(id), quoted(licence));
    let text = format!("id = {id}\ndisplay_name = {id}\nkind = \"{kind}\"\nlicence = {licence}\n");
    if is_recurrent || ports.outputs.len() == 1 {
        return text;
    }
    format!("{text}\n[output]\nalpha = {}\n", quoted(matte_of(&ports.outputs)))
}

fn matte_of(outputs: &[String]) -> &str {
    let by_name = |name: &&str| outputs.iter().find(|output| output.to_ascii_lowercase().contains(name));
    let found = MATTE_NAMES.iter().find_map(by_name).or(outputs.first());
    found.map(String::as_str).unwrap_or_default()
}

/// A basic string of TOML, which escapes as JSON does.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kind_and_the_matte_are_found_by_name() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let text = |inputs: &[&str], outputs: &[&str]| {
            manifest("a", Some("MIT \"or\" not"), &PortNames { inputs: names(inputs), outputs: names(outputs) })
        };
        assert_eq!(
            text(&["src", "r1i", "r2i"], &["fgr", "pha", "r1o"]),
            "id = \"a\"\ndisplay_name = \"a\"\nkind = \"recurrent\"\nlicence = \"MIT \\\"or\\\" not\"\n"
        );
        assert!(text(&["input"], &["out"]).ends_with("kind = \"image\"\nlicence = \"MIT \\\"or\\\" not\"\n"));
        assert!(text(&["input"], &["fgr", "pred_Alpha"]).ends_with("\n[output]\nalpha = \"pred_Alpha\"\n"));
        assert!(text(&["input"], &["x", "y"]).ends_with("\n[output]\nalpha = \"x\"\n"));
    }

    #[test]
    fn ids_have_only_characters_that_a_manifest_may_have() {
        assert_eq!(id_of(Path::new("/a/BiRefNet lite (1).onnx")), "birefnet-lite--1-");
        assert_eq!(id_of(Path::new(&"x".repeat(99))).len(), ID_CHARS_MAX);
    }
}
