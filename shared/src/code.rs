//! The stable error codes: one list, printed by the documentation, switched on by programs.
//!
//! A code is never renamed and never given a second meaning. HTTP statuses belong to the dialects.

macro_rules! codes {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $code:literal, $meaning:literal;)* }) => {
        $crate::names! {
            $(#[$doc])*
            $name { $(#[doc = $meaning] $variant = $code,)* }
        }

        impl $name {
            /// The meaning of the code, for people.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning,)* }
            }
        }
    };
}

codes! {
    /// Why a request was refused. Nothing changed and nothing was charged.
    RequestErrorCode {
        MissingApiKey = "missing_api_key", "The request carries no API key.";
        InvalidApiKey = "invalid_api_key", "No such API key.";
        RevokedApiKey = "revoked_api_key", "This API key was revoked.";
        InvalidJson = "invalid_json", "The body is not valid JSON.";
        InvalidRequest = "invalid_request", "A field is missing or has a value that is not allowed; `field` names it.";
        ForbiddenUrl = "forbidden_url", "The URL is not one that this service fetches: only public http and https addresses are.";
        InvalidFileUrl = "invalid_file_url", "The file URL is unsigned, altered, or not this account's.";
        ExpiredFileUrl = "expired_file_url", "The file URL has expired; ask for a new one.";
        UploadMissing = "upload_missing", "The file was never uploaded, or has another size than announced.";
        InsufficientCredits = "insufficient_credits", "The balance is too small for this job.";
        RateLimited = "rate_limited", "A limit is used up: the key's monthly credit quota, or requests per minute. `Retry-After` says when to retry.";
        IdempotencyKeyRunning = "idempotency_key_running", "The first request with this `Idempotency-Key` is still being answered; ask again in a moment.";
        IdempotencyKeyReused = "idempotency_key_reused", "This `Idempotency-Key` was used for another request within the last 24 hours.";
        ModelUnavailable = "model_unavailable", "This installation cannot run that model; `GET /v1/models` says why.";
        JobNotFound = "job_not_found", "No such job.";
        OutputNotFound = "output_not_found", "The job has no output of this format.";
        JobNotStartable = "job_not_startable", "The job was started already; only a draft or a failed job can be started.";
        JobActive = "job_active", "The key has an active job, and this API takes one at a time.";
        JobNotCancelable = "job_not_cancelable", "The job has started or ended, so it cannot be canceled.";
        JobNotReady = "job_not_ready", "The job has not succeeded (yet), so there is nothing to download.";
        FileNotFound = "file_not_found", "No such file; it may have passed its retention.";
        RangeNotSatisfiable = "range_not_satisfiable", "The requested range lies outside the file.";
        NotFound = "not_found", "No such route.";
        MethodNotAllowed = "method_not_allowed", "The route exists, but not for this method.";
        PayloadTooLarge = "payload_too_large", "The body is larger than this route takes.";
        UnsupportedMediaType = "unsupported_media_type", "The body must be `application/json`.";
        Forbidden = "forbidden", "The credentials do not allow this.";
        Internal = "internal", "Internal error; retry later and quote the request id.";
    }
}

codes! {
    /// Why a job failed. Its credits came back.
    JobErrorCode {
        SourceUnreachable = "source_unreachable", "The source could not be fetched.";
        SourceForbidden = "source_forbidden", "The source's address, or one it redirects to, is not one that this service fetches.";
        SourceTooLarge = "source_too_large", "The source exceeds a limit on bytes, pixels, frames or duration.";
        SourceNotVideo = "source_not_video", "The source is not a video or image sequence that this service reads.";
        SourceUnsupported = "source_unsupported", "The source is a video in a container or codec that this service does not read; the message names it.";
        SourceUndecodable = "source_undecodable", "The source's video is damaged and cannot be decoded; export it again.";
        SourceTruncated = "source_truncated", "The source ends before its video does.";
        SourceNoFrames = "source_no_frames", "The source has a video stream without a single frame.";
        UploadMissing = "upload_missing", "The uploaded file is gone or has another size than announced.";
        NoSourceAlpha = "no_source_alpha", "The source's own alpha was asked for, and it has none.";
        NoMatteStrategy = "no_matte_strategy", "No way to make a matte fits this footage; the message says why each does not.";
        BackdropUnusable = "backdrop_unusable", "The picture for the background could not be fetched, or is none that this service reads.";
        PictureUnusable = "picture_unusable", "The portrait's picture could not be fetched, is too large, or is no JPEG, PNG or WebP that can be read.";
        SoundUnusable = "sound_unusable", "The portrait's sound could not be fetched, is too large or too long, or is no MP3, WAV, M4A or Ogg that can be decoded.";
        BackgroundUnusable = "background_unusable", "The picture of the empty background could not be fetched, is too large, or is no picture.";
        ModelUnavailable = "model_unavailable", "The matting model cannot be run on this installation's transcoders.";
        ModelFailed = "model_failed", "The matting model failed on this footage.";
        ModelTooSlow = "model_too_slow", "The matting model took longer for a frame than this installation allows.";
        InsufficientCredits = "insufficient_credits", "The job costs more than was reserved, and the balance does not cover the rest.";
        QuotaExceeded = "quota_exceeded", "The job costs more than was reserved, and the key's monthly quota does not cover the rest.";
        AttemptsExhausted = "attempts_exhausted", "Three attempts ended without a result.";
        TranscodersFailed = "transcoders_failed", "Every transcoder that took the job had to give it back for a fault of its own machine; the job may be created again.";
        QueueTimeout = "queue_timeout", "No transcoder took the job within 24 hours.";
        ProviderRefused = "provider_refused", "The provider refused this request; its prompt or its picture may be the reason.";
        ProviderFailed = "provider_failed", "The provider could not make this video.";
        ProviderTimeout = "provider_timeout", "The provider did not finish the video in time.";
        ProviderUnavailable = "provider_unavailable", "This installation's account with the provider cannot be used now.";
        EncodeFailed = "encode_failed", "An encoder failed on this footage.";
        MatteUnusable = "matte_unusable", "The result is unusable, for instance since most of the subject is missing or the screen was left in; the message says what and what to do.";
        VerifyFailed = "verify_failed", "An output differed from what was encoded when it was decoded again.";
        ScratchFull = "scratch_full", "The outputs would not fit on this installation's disks.";
        TimedOut = "timed_out", "The job took longer than is allowed.";
        Internal = "internal", "Internal error; the job may be created again.";
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_found_by_its_text_and_written_so_on_the_wire() {
        for code in RequestErrorCode::ALL {
            assert_eq!(RequestErrorCode::find(code.as_str()), Some(code));
            assert_eq!(serde_json::to_string(&code).unwrap(), format!("\"{}\"", code.as_str()));
        }
        for code in JobErrorCode::ALL {
            assert_eq!(JobErrorCode::find(code.as_str()), Some(code));
            assert_eq!(serde_json::to_string(&code).unwrap(), format!("\"{}\"", code.as_str()));
        }
    }
}
