// Models and prices: the tables of `edge/src/domain/model.rs` and `shared/src/price.rs`.

import { Refusal } from "./refusal.js";

export const OUTPUTS = {
    "webm-vp9-alpha": "video/webm", "mov-prores4444": "video/quicktime", "animated-webp": "image/webp", gif: "image/gif",
    apng: "image/apng", "png-sequence": "application/zip", "matte-grayscale-mp4": "video/mp4", "stacked-alpha-mp4": "video/mp4",
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
};

const card = (provider, displayName, modes, capabilities, tariff, strategy, unavailable = null) => ({
    provider, displayName, modes, capabilities, tariff: TARIFFS[tariff], strategy, unavailable,
});
export const MODELS = {
    auto: card("local", "Automatic", ["video"], ["preserve-source-alpha", "chroma-key", "audio"], "keying", "auto"),
    "local.chroma-key": card("local", "Chroma key", ["video"], ["chroma-key", "audio"], "keying", "chroma-key"),
    "local.ffmpeg-encoder": card(
        "local", "Format conversion", ["video"], ["preserve-source-alpha", "audio"], "conversion", "preserve-source-alpha",
    ),
    "kie.kling-3-video": card(
        "kie", "Kling 3 video", ["text", "image"], ["generation", "chroma-key"], "generation", "chroma-key",
        "No key of the provider KIE is configured.",
    ),
};
const STRATEGIES = { auto: undefined, "chroma-key": "local.chroma-key", "preserve-source-alpha": "local.ffmpeg-encoder" };

export function modelsOut() {
    return Object.entries(MODELS).map(([id, { provider, displayName, modes, capabilities, tariff, unavailable }]) => ({
        id, provider, displayName, modes, capabilities, outputs: Object.keys(OUTPUTS),
        prices: RESOLUTIONS.map((resolution, index) => ({
            resolution, credits: tariff.credits[index], perStartedSec: tariff.unitMs / 1_000,
        })),
        available: unavailable === null, unavailableReason: unavailable,
    }));
}

/** Brings the three ways of choosing a model together. */
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
