// A stub of the edge for the gateway's own contract tests: returns what it received.
const deadLetters = [];
let scheduledCount = 0;

export default {
  async fetch(request, env) {
    const { pathname } = new URL(request.url);
    if (pathname === "/health") return Response.json({ status: "ok" });
    if (pathname === "/stub/send") {
      await env.TRANSCODE_QUEUE.send(await request.json());
      return new Response(null, { status: 204 });
    }
    if (pathname === "/stub/seen") return Response.json({ deadLetters, scheduledCount });
    return new Response(await request.arrayBuffer(), { status: 418, headers: { "x-stub-method": request.method, "x-stub-url": request.url } });
  },

  async queue(batch) {
    deadLetters.push(...batch.messages.map((message) => message.body));
  },

  async scheduled() {
    scheduledCount += 1;
  },
};
