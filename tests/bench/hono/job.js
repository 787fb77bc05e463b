// A row of `jobs` in the API's form.

import { OUTPUTS, PREVIEWS } from "./model.js";
import { signFileUrl } from "./signature.js";
import { instantOf } from "./ulid.js";

const FILE_URL_LIFETIME_MS = 24 * 60 * 60 * 1_000;
const DAY_MS = 24 * 60 * 60 * 1_000;
const STRATEGY_NAMES = {
    "source-alpha": "preserve-source-alpha", "chroma-key": "chroma-key", "onnx-matting": "onnx-matting",
    "static-camera": "static-camera", portrait: "portrait",
};

const NO_OPTIONS = { preset: "web-app", refineEdges: false, resolution: null };

const iso = (atMs) => (atMs === null ? null : new Date(atMs).toISOString());

export async function jobOut(env, row) {
    const facts = row.facts_json === null ? null : JSON.parse(row.facts_json);
    const assets = row.assets_json === null ? [] : JSON.parse(row.assets_json);
    const previews = row.previews_json === null ? [] : JSON.parse(row.previews_json);
    const { preset, refineEdges, resolution } = row.options_json === null ? NO_OPTIONS : JSON.parse(row.options_json);
    const isRefunded = row.state === "failed" || row.state === "canceled";
    return {
        id: row.id,
        status: row.state,
        progress: row.progress_percent,
        stage: row.stage,
        model: row.model,
        alphaStrategy: row.strategy === null ? null : STRATEGY_NAMES[row.strategy],
        strategyChoice: row.choice_json === null ? null : JSON.parse(row.choice_json),
        outputs: JSON.parse(row.outputs_json),
        preset,
        refineEdges,
        resolution,
        credits: isRefunded ? 0 : row.reserved_credits,
        apiKeyId: row.api_key_id,
        metadata: row.metadata_json === null ? null : JSON.parse(row.metadata_json),
        source: facts && {
            container: facts.container,
            videoCodec: facts.videoCodec,
            width: facts.size.width,
            height: facts.size.height,
            durationSec: facts.durationMs / 1_000,
            frameRate: facts.frameRate.numerator / facts.frameRate.denominator,
            hasAlpha: facts.hasAlpha,
            hasAudio: facts.hasAudio,
        },
        outputAssets: await Promise.all(assets.map((asset) => assetOut(env, asset))),
        previewAssets: await Promise.all(previews.map((preview) => previewOut(env, preview))),
        qaReport: row.qa_report_json === null ? null : JSON.parse(row.qa_report_json),
        error: row.error_code === null ? null : { code: row.error_code, message: row.error_message },
        pollUrl: `${env.PUBLIC_BASE_URL}/v1/jobs/${row.id}`,
        createdAt: iso(row.created_at_ms),
        updatedAt: iso(row.updated_at_ms),
        endedAt: iso(row.ended_at_ms),
        sourceRetainedUntil: sourceRetainedUntil(env, JSON.parse(row.files_json).find(({ role }) => role === "source")),
        retainedUntil: row.ended_at_ms === null ? null : iso(row.ended_at_ms + Number(env.OUTPUT_RETENTION_DAYS) * DAY_MS),
    };
}

async function assetOut(env, asset) {
    const expiresAtMs = Date.now() + FILE_URL_LIFETIME_MS;
    return {
        format: asset.output,
        url: await signFileUrl(env, asset.objectKey, asset.sizeBytes, expiresAtMs),
        expiresAt: iso(expiresAtMs),
        contentType: OUTPUTS[asset.output],
        sizeBytes: asset.sizeBytes,
        width: asset.size.width,
        height: asset.size.height,
        durationSec: asset.durationMs / 1_000,
        frameCount: asset.frameCount,
        hasAudio: asset.hasAudio,
    };
}

async function previewOut(env, preview) {
    const expiresAtMs = Date.now() + FILE_URL_LIFETIME_MS;
    return {
        kind: preview.kind,
        url: await signFileUrl(env, preview.objectKey, preview.sizeBytes, expiresAtMs),
        expiresAt: iso(expiresAtMs),
        contentType: PREVIEWS[preview.kind],
        sizeBytes: preview.sizeBytes,
        width: preview.size?.width ?? null,
        height: preview.size?.height ?? null,
    };
}

/** The id in the key of an uploaded source holds the time of the upload. */
function sourceRetainedUntil(env, { objectKey }) {
    if (!objectKey?.startsWith("uploads/")) return null;
    return iso(instantOf(objectKey.split("/")[2]) + Number(env.SOURCE_RETENTION_DAYS) * DAY_MS);
}
