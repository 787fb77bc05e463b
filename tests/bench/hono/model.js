// Models and prices: the tables of `edge/src/domain/model.rs` and `shared/src/price.rs`.

import { Refusal } from "./refusal.js";

export const OUTPUTS = {
    "webm-vp9-alpha": "video/webm", "mov-prores4444": "video/quicktime", "animated-webp": "image/webp", gif: "image/gif",
    apng: "image/apng", "png-sequence": "application/zip", "matte-grayscale-mp4": "video/mp4", "stacked-alpha-mp4": "video/mp4",
    "opaque-mp4": "video/mp4", "color-alpha-zip": "application/zip",
};
export const PREVIEWS = {
    checkerboard: "video/mp4", dark: "video/mp4", light: "video/mp4", "checkerboard-poster": "image/png", "dark-poster": "image/png",
    "light-poster": "image/png", qa: "application/json",
};
export const PRESETS = ["web-app", "editing", "social"];
export const RESOLUTIONS = ["720p", "1080p", "2160p"];

/** Credits for one started unit of time by resolution, and how long the unit is in milliseconds. */
const TARIFFS = {
    conversion: { credits: [1, 1, 1], unitMs: 2_000 },
    keying: { credits: [1, 1, 2], unitMs: 1_000 },
    generation: { credits: [16, 21, 42], unitMs: 1_000 },
    avatar: { credits: [16, 16, 16], unitMs: 1_000 },
};

const NO_PROVIDER_KEY = "No key of the provider KIE is configured.";
const NO_MATTING_MODEL = "No transcoder has a matting model: `bgless-transcoder model add selfie` installs one; docs/matting.md says how.";
const NOT_SEEN = "No transcoder that has it was heard of in the last quarter of an hour.";
const NOT_USABLE = "The transcoders cannot load it; their logs say why.";
const NONE_USABLE = "No matting model that is configured works; see the models themselves.";
const MODEL_STALE_AFTER_MS = 15 * 60 * 1_000;
export const MODEL_FORGOTTEN_AFTER_MS = 24 * 60 * 60 * 1_000;

const model = (provider, displayName, modes, capabilities, tariff, strategy, more = {}) => ({
    provider, displayName, modes, capabilities, tariff: TARIFFS[tariff], strategy, pool: "light", unavailable: null,
    outputs: Object.keys(OUTPUTS), ...more,
});
export const MODELS = {
    auto: model(
        "local", "Automatic", ["video"], ["preserve-source-alpha", "chroma-key", "onnx-matting", "static-camera", "audio"],
        "keying", "auto",
    ),
    "local.chroma-key": model("local", "Chroma key", ["video"], ["chroma-key", "audio"], "keying", "chroma-key"),
    "local.ffmpeg-encoder": model(
        "local", "Format conversion", ["video"], ["preserve-source-alpha", "audio"], "conversion", "preserve-source-alpha",
    ),
    "local.onnx-matting": model(
        "local", "Matting model", ["video"], ["onnx-matting", "audio"], "keying", "onnx-matting", { pool: "heavy" },
    ),
    "local.static-camera": model(
        "local", "Static camera", ["video"], ["static-camera", "audio"], "keying", "static-camera", { pool: "heavy" },
    ),
    "kie.kling-3-video": model(
        "kie", "Kling 3 video", ["text", "image"], ["generation", "chroma-key"], "generation", "chroma-key",
        { unavailable: NO_PROVIDER_KEY },
    ),
    "local.portrait": model(
        "local", "Portrait", [], ["portrait", "audio"], "conversion", "portrait", { outputs: ["opaque-mp4"] },
    ),
    "kie.kling-avatar": model(
        "kie", "Kling avatar", [], ["generation", "portrait", "audio"], "avatar", "portrait",
        { outputs: ["opaque-mp4"], unavailable: NO_PROVIDER_KEY },
    ),
};
const STRATEGIES = {
    auto: undefined, "chroma-key": "local.chroma-key", "preserve-source-alpha": "local.ffmpeg-encoder",
    "onnx-matting": "local.onnx-matting", "static-camera": "local.static-camera",
};

/** Every model; `rows` are the matting models that transcoders have registered. */
export function modelsOut(rows) {
    const matting = rows.sort((one, other) => one.position - other.position).map(mattingModel);
    return Object.entries(MODELS).flatMap(([id, about]) => {
        if (id !== "local.onnx-matting") return [modelOut(id, about)];
        const reason = matting.length === 0 ? NO_MATTING_MODEL : matting.every(({ unavailable }) => unavailable) ? NONE_USABLE : null;
        const operators = matting.map((own) => modelOut(`${id}/${own.id}`, { ...about, ...own }));
        return [modelOut(id, { ...about, unavailable: reason }), ...operators];
    });
}

function mattingModel({ model_json, seen_at_ms }) {
    const { id, displayName, kind, licence, unavailableReason } = JSON.parse(model_json);
    const isStale = seen_at_ms < Date.now() - MODEL_STALE_AFTER_MS;
    return { id, displayName, signature: kind, licence, unavailable: isStale ? NOT_SEEN : unavailableReason ? NOT_USABLE : null };
}

function modelOut(id, { provider, displayName, modes, capabilities, tariff, unavailable, outputs, signature = null, licence = null }) {
    return {
        id, provider, displayName, modes, capabilities, outputs,
        prices: RESOLUTIONS.map((resolution, index) => ({
            resolution, credits: tariff.credits[index], perStartedSec: tariff.unitMs / 1_000,
        })),
        available: unavailable === null, unavailableReason: unavailable, signature, licence,
    };
}

/** The model that a name, a strategy and a mode select together. */
export function resolveModel(name, strategy, mode) {
    if (name !== undefined && !Object.hasOwn(MODELS, name)) throw Refusal.of("model", `Must be one of ${Object.keys(MODELS)}.`);
    if (strategy !== undefined && !Object.hasOwn(STRATEGIES, strategy)) throw Refusal.of("input.alphaStrategy", "Is not known.");
    const asked = strategy === "chroma-key" && mode !== "video" ? undefined : STRATEGIES[strategy];
    const named = name === "auto" ? undefined : name;
    const model = named ?? asked ?? (mode === "video" ? "auto" : "kie.kling-3-video");
    if (asked !== undefined && asked !== model) throw Refusal.of("model", "Does not go with this `input.alphaStrategy`.");
    if (!MODELS[model].modes.includes(mode)) throw Refusal.of("input.mode", `\`${model}\` does not start from \`${mode}\`.`);
    return model;
}

export function priceCredits(tariff, durationMs, resolution, outputCount) {
    const base = Math.max(1, Math.ceil(durationMs / tariff.unitMs) * tariff.credits[RESOLUTIONS.indexOf(resolution)]);
    return base + Math.ceil((base * (outputCount - 1)) / 10);
}
