//! The page that shows the results over a checkerboard beside their sources. It needs nothing but
//! the media files beside it.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use indicatif::DecimalBytes;
use shared::output::Output;

use super::clips::DemoClip;
use super::job::{Outcome, SavedOutput};

/// Writes `index.html` into the folder that holds the folders of the clips. Returns its path.
pub fn write(save_dir: &Path, results: &[(DemoClip, Outcome)]) -> Result<PathBuf> {
    let sections = results.iter().map(|(clip, outcome)| section(save_dir, clip, outcome)).collect::<Result<String>>()?;
    let path = save_dir.join("index.html");
    fs::write(&path, include_str!("page.html").replace("{sections}", &sections))
        .with_context(|| format!("{} cannot be written", path.display()))?;
    Ok(path)
}

/// The `file://` URL of a path.
pub fn file_url(path: &Path) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-_.~".contains(&byte);
    let encode = |byte: &u8| if is_plain(*byte) { char::from(*byte).to_string() } else { format!("%{byte:02X}") };
    format!("file://{}", path.as_os_str().as_encoded_bytes().iter().map(encode).collect::<String>())
}

fn section(save_dir: &Path, clip: &DemoClip, outcome: &Outcome) -> Result<String> {
    let mut html = format!("<section>\n<h2>{}</h2>\n<div class=\"videos\">\n", escape(&clip.title));
    html += &video("Source", "source", &relative(save_dir, &clip.source)?);
    for file in &outcome.files {
        html += &preview(file.output, &relative(save_dir, &file.path)?);
    }
    html += "</div>\n<dl>\n";
    for (name, value) in facts(outcome) {
        writeln!(html, "<div><dt>{name}</dt><dd>{}</dd></div>", escape(&value))?;
    }
    html += "</dl>\n<table>\n<tr><th>Output</th><th>Size</th><th>Transparent</th><th>Opaque</th></tr>\n";
    for file in &outcome.files {
        html += &row(save_dir, file)?;
    }
    Ok(html + "</table>\n</section>\n")
}

/// The output as browsers play it. The others are only in the table.
fn preview(output: Output, path: &str) -> String {
    match output {
        Output::WebmVp9Alpha => video("Result", "result", path),
        Output::MatteGrayscaleMp4 => video("Matte", "matte", path),
        Output::OpaqueMp4 => video("Result, opaque", "opaque", path),
        Output::AnimatedWebp | Output::Gif | Output::Apng => {
            let (path, name) = (escape(path), output.as_str());
            format!("<figure class=\"result\"><img src=\"{path}\" alt=\"\"><figcaption>{name}</figcaption></figure>\n")
        }
        _ => String::new(),
    }
}

fn video(title: &str, class: &str, path: &str) -> String {
    let element = format!("<video src=\"{}\" autoplay loop muted playsinline></video>", escape(path));
    format!("<figure class=\"{class}\">{element}<figcaption>{title}</figcaption></figure>\n")
}

fn row(save_dir: &Path, file: &SavedOutput) -> Result<String> {
    let percent = |share: f64| format!("{:.1} %", share * 100.0);
    let transparent = file.shares.map_or_else(String::new, |shares| percent(shares.transparent));
    let opaque = file.shares.map_or_else(String::new, |shares| percent(shares.opaque));
    let (path, name, size) = (escape(&relative(save_dir, &file.path)?), file.output.as_str(), DecimalBytes(file.size_bytes));
    Ok(format!("<tr><td><a href=\"{path}\">{name}</a></td><td>{size}</td><td>{transparent}</td><td>{opaque}</td></tr>\n"))
}

/// Names and values, as the job has them.
fn facts(outcome: &Outcome) -> Vec<(&'static str, String)> {
    let report = outcome.job.rest.get("qaReport").cloned().unwrap_or_default();
    let choice = &report["choice"];
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let mut facts = vec![
        ("Score", report["score"].as_u64().map_or_else(|| "not known".to_owned(), |score| format!("{score} of 100"))),
        ("Strategy", text(&choice["strategy"])),
        ("Why", text(&choice["reason"])),
    ];
    if let Some(model) = choice["mattingModel"].as_str() {
        facts.insert(2, ("Model", model.to_owned()));
    }
    if let Some(error) = outcome.error {
        facts.push(("Mean error of alpha", format!("{:.2} % against the true matte", error * 100.0)));
    }
    facts.push(("Time", format!("{:.1} s from the order to the last file", outcome.seconds)));
    for warning in report["warnings"].as_array().into_iter().flatten() {
        facts.push(("Warning", text(&warning["message"])));
    }
    facts
}

fn relative(save_dir: &Path, path: &Path) -> Result<String> {
    Ok(path.strip_prefix(save_dir)?.to_string_lossy().into_owned())
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{escape, file_url};

    #[test]
    fn the_link_to_a_folder_with_spaces_can_be_opened() {
        assert_eq!(file_url(Path::new("/a b/ü#/index.html")), "file:///a%20b/%C3%BC%23/index.html");
    }

    #[test]
    fn a_file_name_cannot_add_elements_to_the_page() {
        assert_eq!(escape("<b a=\"&\">"), "&lt;b a=&quot;&amp;&quot;&gt;");
    }
}
