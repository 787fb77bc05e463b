// Rate limits: each client's count is in the memory of a Durable Object, and the headers say what is left of it.

import { DurableObject } from "cloudflare:workers";

import { Refusal } from "./refusal.js";
import { presentedKey } from "./store.js";

const WINDOW_MS = 60_000;
const COUNT_TIMEOUT_MS = 1_000;
const SUBMISSION_URL = "https://rate-limiter/submission";
const REQUEST_URL = "https://rate-limiter/request";
const SUBMISSION_PATHS = ["/jobs", "/alpha-videos", "/v1.0/videos"];
const UNLIMITED_PATHS = ["/internal/", "/health", "/api/health"];

/** The count of one client. */
export class RateLimiter extends DurableObject {
    startedAtMs = null;
    requests = 0;
    submissions = 0;

    fetch(request) {
        const now = Date.now();
        if (this.startedAtMs === null || now - this.startedAtMs >= WINDOW_MS) {
            Object.assign(this, { startedAtMs: now, requests: 0, submissions: 0 });
        }
        this.requests += 1;
        if (request.url === SUBMISSION_URL) this.submissions += 1;
        const count = `${this.requests} ${this.submissions} ${WINDOW_MS - (now - this.startedAtMs)}`;
        return new Response(null, { headers: { count } });
    }
}

/** Counts the request under each name; returns the counts. */
export function countAll(env, names, submits) {
    return Promise.all(
        names.map(async (name) => {
            const response = await env.RATE_LIMITER.getByName(name).fetch(submits ? SUBMISSION_URL : REQUEST_URL);
            const [requests, submissions, resetsInMs] = response.headers.get("count").split(" ").map(Number);
            return { requests, submissions, resetsInMs };
        }),
    );
}

/** Counts while the request is processed; its response is dropped if a limit is exceeded, and writes wait for the decision. */
export async function limit(c, next) {
    const { path, method } = c.req;
    if (UNLIMITED_PATHS.some((unlimited) => path.startsWith(unlimited))) {
        c.set("admission", Promise.resolve(null));
        return next();
    }
    const submits = method === "POST" && SUBMISSION_PATHS.some((end) => path.replace(/\/$/, "").endsWith(end));
    const admission = decide(c, submits);
    c.set("admission", admission);
    const [decision] = await Promise.all([admission, next()]);
    if (decision === null) return;
    const { requests, submissions, exceeded } = decision;
    if (exceeded) throw new Refusal(429, "rate_limited");
    const tightest = submits && submissions.remaining <= requests.remaining ? submissions : requests;
    const limits = [requests, submissions];
    const windowS = WINDOW_MS / 1_000;
    c.header("ratelimit-policy", limits.map((it) => `"${it.name}";q=${it.limit};w=${windowS}`).join(", "));
    c.header("ratelimit", limits.map((it) => `"${it.name}";r=${it.remaining};t=${it.resetsInS}`).join(", "));
    c.header("ratelimit-limit", `${tightest.limit}`);
    c.header("ratelimit-remaining", `${tightest.remaining}`);
    c.header("ratelimit-reset", `${tightest.resetsInS}`);
}

async function decide(c, submits) {
    const names = [`address ${addressName(c.req.header("cf-connecting-ip") ?? "")}`];
    const hash = await presentedKey(c);
    if (hash) names.push(`key ${hash}`);
    let timer;
    const late = new Promise((_, reject) => {
        timer = setTimeout(() => reject(new Error("timed out")), COUNT_TIMEOUT_MS);
    });
    try {
        const counts = await Promise.race([countAll(c.env, names, submits), late]);
        const requests = limitState("requests", Number(c.env.REQUESTS_PER_MINUTE), counts);
        const submissions = limitState("submissions", Number(c.env.SUBMISSIONS_PER_MINUTE), counts);
        return { requests, submissions, exceeded: requests.used > requests.limit || (submits && submissions.used > submissions.limit) };
    } catch (error) {
        console.warn(JSON.stringify({ level: "warn", message: "a request was not counted", error: `${error}` }));
        return null;
    } finally {
        clearTimeout(timer);
    }
}

function limitState(name, limit, counts) {
    const { [name]: used, resetsInMs } = counts.reduce((one, other) =>
        other[name] > one[name] || (other[name] === one[name] && other.resetsInMs >= one.resetsInMs) ? other : one,
    );
    return { name, limit, used, remaining: Math.max(0, limit - used), resetsInS: Math.ceil(resetsInMs / 1_000) };
}

/** A /64 of IPv6 counts as one client: it is one connection's. */
function addressName(address) {
    if (/^\d{1,3}(\.\d{1,3}){3}$/.test(address)) return address;
    const host = URL.parse(`http://[${address}]`)?.host.slice(1, -1);
    if (!host) return "unknown";
    const [head, tail] = host.split("::");
    const [front, back] = [head.split(":"), tail === undefined ? [] : tail.split(":")];
    const zeros = tail === undefined ? 0 : 8 - front.length - back.length;
    return `${[...front, ...Array(zeros).fill("0"), ...back].slice(0, 4).join(":")}::/64`;
}
