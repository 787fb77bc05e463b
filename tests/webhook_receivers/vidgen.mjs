// Receives VidGen's webhooks over TLS. Between the two lines is the verifier of VidGen's documentation, verbatim.
//
// node vidgen.mjs CERTIFICATE KEY: prints its port, then a line of JSON for each request. Each line that it reads is the
// secret from then on; it ends when there are no more.
import crypto from 'crypto';
import { readFileSync } from 'fs';
import { createServer } from 'https';
import { createInterface } from 'readline';

const handlers = new Map();
// As much of Express as the verifier uses.
const express = { raw: ({ type }) => (message, body) => (message.headers['content-type'] === type ? body : undefined) };
const app = { post: (path, read, handle) => handlers.set(path, { read, handle }) };

// ----------------------------------------------------------------
app.post('/hooks/vidgen',
  express.raw({ type: 'application/json' }), (req, res) => {
    const got = req.header('X-Webhook-Signature') || '';
    const expected = crypto
      .createHmac('sha256', process.env.WEBHOOK_SECRET)
      .update(req.body)
      .digest('hex');
    if (got.length !== expected.length ||
        !crypto.timingSafeEqual(Buffer.from(got), Buffer.from(expected))) {
      return res.status(401).end();
    }
    const event = JSON.parse(req.body.toString());
    // event.status, event.outputVideo, …
    res.sendStatus(200);
});
// ----------------------------------------------------------------

const [, , certificate, key] = process.argv;
const server = createServer({ cert: readFileSync(certificate), key: readFileSync(key) }, async (message, reply) => {
  const chunks = [];
  for await (const chunk of message) chunks.push(chunk);
  const { read, handle } = handlers.get(message.url);
  const req = { header: (name) => message.headers[name.toLowerCase()], body: read(message, Buffer.concat(chunks)) };
  const res = {
    status: (status) => {
      reply.statusCode = status;
      return res;
    },
    end: () => {
      reply.end();
      console.log(JSON.stringify({ answered: reply.statusCode, body: req.body.toString() }));
    },
    sendStatus: (status) => res.status(status).end(),
  };
  handle(req, res);
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
createInterface({ input: process.stdin })
  .on('line', (secret) => {
    process.env.WEBHOOK_SECRET = secret;
  })
  .on('close', () => process.exit(0));
