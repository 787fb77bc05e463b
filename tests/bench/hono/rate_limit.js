// Counts of clients, each in a Durable Object's memory, and what is said of them: `edge/src/domain/rate.rs`,
// `edge/src/dialect/rate_limit.rs` and `edge/src/platform/rate_limiter.rs`.

import { DurableObject } from "cloudflare:workers";

import { Refusal } from "./refusal.js";
import { presentedKey } from "./store.js";

const WINDOW_MS = 60_000;
const ANSWER_WITHIN_MS = 1_000;
const SUBMISSION_URL = "https://rate-limiter/submission";
const REQUEST_URL = "https://rate-limiter/request";
const SUBMISSION_PATHS = ["/jobs", "/alpha-videos"];
const UNCOUNTED_PATHS = ["/internal/", "/health"];

/** One client's count. */
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
        const tally = `${this.requests} ${this.submissions} ${WINDOW_MS - (now - this.startedAtMs)}`;
        return new Response(null, { headers: { tally } });
    }
}

/** Counts under each name; answers the tallies. */
export function countAll(env, names, submits) {
    return Promise.all(
        names.map(async (name) => {
            const response = await env.RATE_LIMITER.getByName(name).fetch(submits ? SUBMISSION_URL : REQUEST_URL);
            const [requests, submissions, resetsInMs] = response.headers.get("tally").split(" ").map(Number);
            return { requests, submissions, resetsInMs };
        }),
    );
}

/** Asks while the request is worked on; its answer is dropped if the verdict is bad, and writes wait for it. */
export async function limit(c, next) {
    const { path, method } = c.req;
    if (UNCOUNTED_PATHS.some((uncounted) => path.startsWith(uncounted))) {
        c.set("admission", Promise.resolve(null));
        return next();
    }
    const submits = method === "POST" && SUBMISSION_PATHS.some((end) => path.replace(/\/$/, "").endsWith(end));
    const admission = verdictOf(c, submits);
    c.set("admission", admission);
    const [verdict] = await Promise.all([admission, next()]);
    if (verdict === null) return;
    const { requests, submissions, exceeded } = verdict;
    if (exceeded) throw new Refusal(429, "rate_limited");
    const tightest = submits && submissions.remaining <= requests.remaining ? submissions : requests;
    const standings = [requests, submissions];
    const windowS = WINDOW_MS / 1_000;
    c.header("ratelimit-policy", standings.map((it) => `"${it.name}";q=${it.limit};w=${windowS}`).join(", "));
    c.header("ratelimit", standings.map((it) => `"${it.name}";r=${it.remaining};t=${it.resetsInS}`).join(", "));
    c.header("ratelimit-limit", `${tightest.limit}`);
    c.header("ratelimit-remaining", `${tightest.remaining}`);
    c.header("ratelimit-reset", `${tightest.resetsInS}`);
}

async function verdictOf(c, submits) {
    const names = [`address ${addressName(c.req.header("cf-connecting-ip") ?? "")}`];
    const hash = await presentedKey(c);
    if (hash) names.push(`key ${hash}`);
    let timer;
    const late = new Promise((_, reject) => {
        timer = setTimeout(() => reject(new Error("no answer in time")), ANSWER_WITHIN_MS);
    });
    try {
        const tallies = await Promise.race([countAll(c.env, names, submits), late]);
        const requests = standing("requests", Number(c.env.REQUESTS_PER_MINUTE), tallies);
        const submissions = standing("submissions", Number(c.env.SUBMISSIONS_PER_MINUTE), tallies);
        return { requests, submissions, exceeded: requests.used > requests.limit || (submits && submissions.used > submissions.limit) };
    } catch (error) {
        console.warn(JSON.stringify({ level: "warn", message: "a request was not counted", error: `${error}` }));
        return null;
    } finally {
        clearTimeout(timer);
    }
}

function standing(name, limit, tallies) {
    const { [name]: used, resetsInMs } = tallies.reduce((one, other) =>
        other[name] > one[name] || (other[name] === one[name] && other.resetsInMs >= one.resetsInMs) ? other : one,
    );
    return { name, limit, used, remaining: Math.max(0, limit - used), resetsInS: Math.ceil(resetsInMs / 1_000) };
}

/** One line's whole /64 of IPv6 counts as one. */
function addressName(address) {
    if (/^\d{1,3}(\.\d{1,3}){3}$/.test(address)) return address;
    const host = URL.parse(`http://[${address}]`)?.host.slice(1, -1);
    if (!host) return "unknown";
    const [head, tail] = host.split("::");
    const [front, back] = [head.split(":"), tail === undefined ? [] : tail.split(":")];
    const zeros = tail === undefined ? 0 : 8 - front.length - back.length;
    return `${[...front, ...Array(zeros).fill("0"), ...back].slice(0, 4).join(":")}::/64`;
}
