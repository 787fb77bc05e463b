//! Maps between the wire types of the Unscreen API and the domain, both ways. Pure.

use shared::color::HexColor;
use shared::composition::Composition;
use shared::media::{Output, Preset};
use shared::price::{self, Resolution};
use shared::source::Source;

use super::PATH;
use super::wire::{
    AccountAttributesOut, AccountDataOut, AccountOut, ApiOut, AttributesOut, CreditsOut, ErrorOut, EventOut, LinksOut,
    ListLinksOut, VideoDataOut, VideoIn, VideosOut,
};
use crate::app::download_output::sign_object_url;
use crate::app::ports::Ports;
use crate::app::submit_job::{JobInput, JobRequest};
use crate::dialect::unscreen::policy::POLICY;
use crate::domain::error::Error;
use crate::domain::job::{Job, JobOptions, JobState};
use crate::domain::model::Model;
use crate::domain::spending_limit::SpendingLimit;
use crate::server::page::PageRequest;

/// Longest source of a GIF. Source: the API's page, 20 seconds.
/// Units: milliseconds.
const GIF_DURATION_MS_MAX: u64 = 20_000;

/// The formats of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    ProBundle,
    Mp4,
    Gif,
}

impl Format {
    fn find(name: &str) -> Option<Self> {
        [Self::ProBundle, Self::Mp4, Self::Gif].into_iter().find(|format| format.as_str() == name)
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::ProBundle => "pro_bundle",
            Self::Mp4 => "mp4",
            Self::Gif => "gif",
        }
    }

    /// The outputs; the first is the result.
    const fn outputs(self) -> &'static [Output] {
        match self {
            Self::ProBundle => &[Output::ColorAlphaZip, Output::WebmVp9Alpha, Output::MatteGrayscaleMp4],
            Self::Mp4 => &[Output::OpaqueMp4],
            Self::Gif => &[Output::Gif],
        }
    }

    fn options(self, background: Option<HexColor>) -> JobOptions {
        let composition = Composition { background, ..Composition::default() };
        match self {
            Self::ProBundle => JobOptions::default(),
            Self::Mp4 => JobOptions { composition, ..JobOptions::default() },
            // No larger than 1280 × 720 and 30 frames a second, as the API's page says.
            Self::Gif => JobOptions {
                composition,
                preset: Preset::Editing,
                resolution: Some(Resolution::Hd),
                source_duration_ms_max: Some(GIF_DURATION_MS_MAX),
                ..JobOptions::default()
            },
        }
    }
}

/// A request, with the address of the file that came with it.
pub fn job_request(body: VideoIn, file_url: Option<String>) -> Result<JobRequest, Error> {
    let VideoIn { video_url, format, background_color, webhook_url } = body;
    let url = match (non_blank(video_url), file_url) {
        (Some(_), Some(_)) => return Err(Error::invalid("video_url", "Send either `video_url` or `video_file`.")),
        (None, None) => return Err(Error::invalid("video_url", "Is required, unless a `video_file` is sent.")),
        (Some(url), None) | (None, Some(url)) => url,
    };
    let format = match non_blank(format) {
        Some(name) => Format::find(&name).ok_or_else(|| Error::invalid("format", "Must be `pro_bundle`, `mp4` or `gif`."))?,
        // The bundle converts into every other format.
        None => Format::ProBundle,
    };
    let background = non_blank(background_color).map(|text| color(&text)).transpose()?;
    if format == Format::Mp4 && background.is_none() {
        return Err(Error::invalid("background_color", "Is required for `mp4`, such as `00ff00`."));
    }
    Ok(JobRequest {
        options: format.options(background),
        callback_url: non_blank(webhook_url),
        ..JobRequest::new(POLICY, Model::Auto, JobInput::Video { url }, format.outputs().into())
    })
}

/// The value of a field, unless it is blank. The official demo always sends every field: empty, or
/// as JavaScript's `undefined`.
fn non_blank(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.trim().is_empty() && text != "undefined")
}

fn color(text: &str) -> Result<HexColor, Error> {
    let digits = text.trim().trim_start_matches('#');
    format!("#{digits}")
        .parse()
        .map_err(|_| Error::invalid("background_color", "Must be six hexadecimal digits, such as `00ff00`."))
}

pub fn videos_out(ports: &impl Ports, page: &PageRequest, rows: &[Job]) -> VideosOut {
    let (shown, last) = page.split(rows);
    let (base_url, limit) = (&ports.settings().public_base_url, page.limit);
    let next = last.map(|last| format!("{base_url}{PATH}videos?limit={limit}&cursor={}", last.id));
    VideosOut { data: shown.iter().map(|job| video_out(ports, job)).collect(), links: ListLinksOut { next } }
}

pub fn video_out(ports: &impl Ports, job: &Job) -> VideoDataOut {
    let url_of = |output: Option<Output>| {
        let asset = job.assets.iter().find(|asset| output.is_none_or(|output| asset.output == output))?;
        Some(sign_object_url(ports, &asset.object_key, asset.size_bytes).0)
    };
    VideoDataOut {
        kind: "video",
        id: job.id.to_string(),
        attributes: AttributesOut {
            status: status(job),
            progress: job.progress_percent,
            eta_seconds: eta_s(job),
            file_name: job.source.as_ref().and_then(file_name),
            format: format(job),
            background_color: job
                .options
                .composition
                .background
                .map(|color| color.to_string().trim_start_matches('#').to_owned()),
            result_url: url_of(None),
            webm_url: url_of(Some(Output::WebmVp9Alpha)),
            matte_url: url_of(Some(Output::MatteGrayscaleMp4)),
            error: error(job),
        },
        links: LinksOut { itself: format!("{}{PATH}videos/{}", ports.settings().public_base_url, job.id) },
    }
}

/// The body of a webhook event.
pub fn event_out(ports: &impl Ports, job: &Job) -> EventOut {
    EventOut { event: format!("video:{}", status(job)), data: video_out(ports, job) }
}

pub const fn account_out(spending_limit: SpendingLimit) -> AccountOut {
    let total = spending_limit.balance_credits;
    // Credits here are bought, or granted, and never lapse.
    let credits = CreditsOut { total, subscription: 0, payg: total, enterprise: 0 };
    AccountOut {
        data: AccountDataOut { attributes: AccountAttributesOut { credits, api: ApiOut { free_calls: 0, sizes: "all" } } },
    }
}

const fn status(job: &Job) -> &'static str {
    match job.state {
        // It has run before and will run again: for the client, the work goes on.
        JobState::Queued if job.attempt > 0 => "processing",
        JobState::Created | JobState::Queued => "queued",
        JobState::Submitted | JobState::Processing | JobState::Transcoding => "processing",
        JobState::Success => "done",
        JobState::Failed | JobState::Canceled => "error",
    }
}

/// Another dialect's job goes by the name of its first output.
fn format(job: &Job) -> &'static str {
    let first = job.outputs.first().copied().unwrap_or(Output::ColorAlphaZip);
    let known = [Format::ProBundle, Format::Mp4, Format::Gif].into_iter().find(|format| format.outputs().first() == Some(&first));
    known.map_or(first.as_str(), Format::as_str)
}

/// The estimated time left, from the default work time of the tariff.
/// Units: seconds; 0 once it is over.
fn eta_s(job: &Job) -> u64 {
    if job.state.is_over() {
        return 0;
    }
    let duration_ms = job.facts.as_ref().map_or(price::ASSUMED_DURATION_MS, |facts| facts.duration_ms);
    let resolution = job.facts.as_ref().map_or(price::ASSUMED_RESOLUTION, |facts| Resolution::of(facts.size));
    let work_ms = job.model.info().tariff.assumed_work_ms(resolution, duration_ms);
    let left_percent = u64::from(100_u8.saturating_sub(job.progress_percent));
    (work_ms.saturating_mul(left_percent) / 100).div_ceil(1_000)
}

fn file_name(source: &Source) -> Option<String> {
    let path = match source {
        Source::Object { object_key, .. } => object_key.as_str(),
        Source::Url { url } => {
            url.split(['?', '#']).next().and_then(|url| url.split_once("://")?.1.split_once('/')).map(|(_, path)| path)?
        }
    };
    path.rsplit('/').next().filter(|name| !name.is_empty()).map(str::to_owned)
}

fn error(job: &Job) -> Option<ErrorOut> {
    match (job.state, &job.failure) {
        (JobState::Failed, Some(failure)) => Some(ErrorOut { title: failure.message.clone(), code: failure.code.as_str() }),
        (JobState::Canceled, _) => {
            Some(ErrorOut { title: "The video was deleted before it was done.".to_owned(), code: "canceled" })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(video_url: &str, format: &str, background_color: &str) -> VideoIn {
        let field = |text: &str| Some(text.to_owned());
        VideoIn {
            video_url: field(video_url),
            format: field(format),
            background_color: field(background_color),
            webhook_url: field(""),
        }
    }

    #[test]
    fn blank_fields_of_the_demo_count_as_absent() {
        for empty in ["", " ", "undefined"] {
            let request = job_request(body(empty, empty, empty), Some("https://x/f.mp4".to_owned())).unwrap();
            assert_eq!(request.input, JobInput::Video { url: "https://x/f.mp4".to_owned() });
            assert_eq!(request.outputs, Format::ProBundle.outputs());
            assert_eq!(request.callback_url, None);
        }
    }

    #[test]
    fn colours_are_read_with_and_without_their_mark_and_asked_for_where_nothing_may_be_clear() {
        for text in ["00FF7f", "#00ff7f"] {
            let request = job_request(body("https://x/f.mp4", "mp4", text), None).unwrap();
            assert_eq!(request.options.composition.background, Some(HexColor([0, 255, 127])));
        }
        for (format, color, field) in
            [("mp4", "", "background_color"), ("gif", "green", "background_color"), ("mov", "00ff00", "format")]
        {
            let refused = job_request(body("https://x/f.mp4", format, color), None);
            assert!(matches!(refused, Err(Error::InvalidRequest { field: named, .. }) if named == field), "{format} {color}");
        }
    }

    #[test]
    fn a_file_is_named_by_the_end_of_its_path() {
        for (url, name) in [
            ("https://example.com/a/clip.mp4?x=/y", Some("clip.mp4")),
            ("https://example.com/", None),
            ("https://example.com", None),
        ] {
            assert_eq!(file_name(&Source::Url { url: url.to_owned() }).as_deref(), name, "{url}");
        }
        let object = Source::Object { object_key: "uploads/acc_1/upl_1/a.mp4".to_owned(), size_bytes: 1 };
        assert_eq!(file_name(&object).as_deref(), Some("a.mp4"));
    }
}
