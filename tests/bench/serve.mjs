// Serves Workers in one workerd process, each on a socket of its own, until SIGTERM.
//
// Miniflare only writes workerd's configuration and starts it: `unsafeDirectSockets` opens a port that leads straight
// into the Worker, past the entry Worker and the proxy of `wrangler dev`. Requests do not pass through Node.js.
//
// node serve.mjs CONFIG_FILE, where the file holds
//   {"stateDir", "compatibilityDate", "workers": [{"name", "modules": [FILE…, the main one first], "vars", "durableObjects",
//    "object": {"key", "sizeBytes"}}]}
// Each Worker has a database and a bucket of its own, by its name, and the bucket holds `object`.
// Prints `{"pid": workerd's, "urls": […]}` when all Workers respond.

import { readFileSync, readdirSync } from "node:fs";
import { dirname } from "node:path";
import { Miniflare, convertV4MiniflareOptions } from "miniflare";

const config = JSON.parse(readFileSync(process.argv[2], "utf8"));

const miniflare = new Miniflare(
    convertV4MiniflareOptions({
        resourcePersistencePath: config.stateDir,
        cf: false,
        logRequests: false,
        // Each request's log line is read here, as part of its cost, and dropped.
        handleStructuredLogs: ({ level, message }) => level === "error" && console.error(message),
        workers: config.workers.map((worker) => ({
            name: worker.name,
            compatibilityDate: config.compatibilityDate,
            modulesRoot: dirname(worker.modules[0]),
            modules: worker.modules.map((path) => ({ type: path.endsWith(".wasm") ? "CompiledWasm" : "ESModule", path })),
            d1Databases: { DB: worker.name },
            r2Buckets: { BUCKET: worker.name },
            queueProducers: {
                TRANSCODE_QUEUE: "bgless-transcode",
                TRANSCODE_HEAVY_QUEUE: "bgless-transcode-heavy",
                WEBHOOK_QUEUE: "bgless-webhook",
                PROVIDER_QUEUE: "bgless-provider",
            },
            durableObjects: worker.durableObjects,
            bindings: worker.vars,
            unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }],
        })),
    }),
);
await miniflare.ready;
for (const { name, object } of config.workers) {
    const bucket = await miniflare.getR2Bucket("BUCKET", name);
    await bucket.put(object.key, new Uint8Array(object.sizeBytes));
}
const urls = await Promise.all(config.workers.map(({ name }) => miniflare.unsafeGetDirectURL(name)));
console.log(JSON.stringify({ pid: findWorkerd(), urls: urls.map((url) => url.origin) }));
process.on("SIGTERM", () => miniflare.dispose().then(() => process.exit(0)));

/** The one child of this process. */
function findWorkerd() {
    const children = readdirSync("/proc").filter((name) => {
        try {
            // `pid (name) state parent …`
            const [, parent] = readFileSync(`/proc/${name}/stat`, "utf8").split(") ").at(-1).split(" ");
            return Number(parent) === process.pid;
        } catch {
            return false;
        }
    });
    if (children.length !== 1) throw new Error(`${children.length} children instead of workerd alone`);
    return Number(children[0]);
}
