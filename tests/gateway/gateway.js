// A Worker in front of the local edge that implements Cloudflare's queue pull API, which the local
// runtime lacks. Every other request goes to the edge unchanged. Never deployed.
// Errors have Cloudflare's envelope; the codes below 20000 are Cloudflare's, the others are ours.
import { encodeBody, TranscodeQueue } from "./queue.js";

export { TranscodeQueue };

const BATCH_SIZE_DEFAULT = 5;
const BATCH_SIZE_MAX = 100;
const VISIBILITY_TIMEOUT_MS_DEFAULT = 30_000;
const VISIBILITY_TIMEOUT_MS_MAX = 12 * 60 * 60 * 1000;
const DELAY_S_MAX = 12 * 60 * 60;
const SETTLE_COUNT_MAX = 100;

class ApiError extends Error {
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export default {
  async fetch(request, env) {
    const { pathname } = new URL(request.url);
    if (!pathname.startsWith("/client/v4/") && !pathname.startsWith("/gateway/")) return env.EDGE.fetch(request);
    try {
      return Response.json(envelope(await answer(request, pathname, env)));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      const errors = [{ code: error.code, message: error.message }];
      return Response.json({ ...envelope(null), success: false, errors }, { status: error.status });
    }
  },

  // The local queue pushes at once; from here on the gateway handles leases and retries.
  async queue(batch, env) {
    const messages = batch.messages.map(({ body, timestamp }) => {
      const contentType = typeof body === "string" ? "text" : body instanceof ArrayBuffer ? "bytes" : "json";
      return { contentType, source: "worker", body: encodeBody(contentType, body), delayMs: 0, sentAtMs: timestamp.getTime() };
    });
    await transcodeQueue(env, batch.queue).push(messages);
  },

  // The local runtime fires cron at the first Worker only.
  async scheduled(controller, env) {
    await env.EDGE.scheduled({ cron: controller.cron, scheduledTime: new Date(controller.scheduledTime) });
  },
};

async function answer(request, pathname, env) {
  if (request.headers.get("authorization") !== `Bearer ${env.QUEUE_API_TOKEN}`) throw new ApiError(401, 10000, "Authentication error");
  const bases = [`/client/v4/accounts/${env.CLOUDFLARE_ACCOUNT_ID}/queues/`, "/gateway/"];
  const base = bases.find((base) => pathname.startsWith(base)) ?? "";
  const [queueId, ...path] = pathname.slice(base.length).split("/");
  const handler = ROUTES[`${base === "/gateway/" ? base : "/"}${path.join("/")}`];
  if (handler === undefined || !env.QUEUE_IDS.split(",").includes(queueId)) throw new ApiError(404, 7003, "Could not route to this path; perhaps the account or queue id is invalid?");
  if (request.method !== handler.method) throw new ApiError(405, 10405, "Method not allowed for this authentication scheme");
  return handler.run(transcodeQueue(env, queueId), handler.method === "POST" ? await readObject(request) : {});
}

const ROUTES = {
  "/messages/pull": { method: "POST", run: pull },
  "/messages/ack": { method: "POST", run: settle },
  "/messages": { method: "POST", run: push },
  "/messages/purge": { method: "POST", run: purge },
  // For tests; Cloudflare has no such routes.
  "/gateway/messages": { method: "GET", run: (queue) => queue.list() },
  "/gateway/dead-letters": { method: "GET", run: (queue) => queue.listDead() },
};

// Cloudflare's own examples say `visibility_timeout`, its schema `visibility_timeout_ms`.
function pull(queue, body) {
  const batchSize = readInteger(body, "batch_size", BATCH_SIZE_DEFAULT, 1, BATCH_SIZE_MAX);
  const name = body.visibility_timeout_ms === undefined ? "visibility_timeout" : "visibility_timeout_ms";
  return queue.pull(batchSize, readInteger(body, name, VISIBILITY_TIMEOUT_MS_DEFAULT, 1, VISIBILITY_TIMEOUT_MS_MAX));
}

function settle(queue, body) {
  const acks = readLeases(body, "acks");
  const retries = readLeases(body, "retries");
  retries.forEach((retry) => readInteger(retry, "delay_seconds", 0, 0, DELAY_S_MAX));
  return queue.settle(acks, retries);
}

async function push(queue, body) {
  const contentType = body.content_type ?? "json";
  if (contentType !== "json" && contentType !== "text") throw invalid("content_type must be json or text");
  if (body.body === undefined) throw invalid("body is missing");
  if (contentType === "text" && typeof body.body !== "string") throw invalid("body must be a string when content_type is text");
  const delayMs = readInteger(body, "delay_seconds", 0, 0, DELAY_S_MAX) * 1000;
  await queue.push([{ contentType, source: "http", body: encodeBody(contentType, body.body), delayMs }]);
  return null;
}

async function purge(queue, body) {
  const refs = body.refs ?? [];
  const valid = Array.isArray(refs) && refs.every((entry) => typeof entry?.ref === "string");
  if (!valid) throw invalid("refs must be a list of objects with a ref");
  await queue.purge(refs.map((entry) => entry.ref));
  return null;
}

async function readObject(request) {
  const text = await request.text();
  if (text === "") return {};
  let value;
  try {
    value = JSON.parse(text);
  } catch {
    throw invalid("the body is not JSON");
  }
  if (value === null || typeof value !== "object" || Array.isArray(value)) throw invalid("the body must be an object");
  return value;
}

function readInteger(object, name, fallback, min, max) {
  const value = object[name] ?? fallback;
  if (!Number.isInteger(value) || value < min || value > max) throw invalid(`${name} must be an integer from ${min} to ${max}`);
  return value;
}

function readLeases(body, name) {
  const leases = body[name] ?? [];
  const valid = Array.isArray(leases) && leases.every((lease) => typeof lease?.lease_id === "string");
  if (!valid) throw invalid(`${name} must be a list of objects with a lease_id`);
  if (leases.length > SETTLE_COUNT_MAX) throw invalid(`${name} must have at most ${SETTLE_COUNT_MAX} entries`);
  return leases;
}

function invalid(message) {
  return new ApiError(400, 20400, message);
}

function envelope(result) {
  return { success: true, errors: [], messages: [], result };
}

function transcodeQueue(env, id) {
  return env.QUEUE.get(env.QUEUE.idFromName(id));
}
