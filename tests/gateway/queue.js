// The transcode queue as a pull consumer sees it: messages, leases, attempts, dead letters.
// One row is one message. `visible_at_ms` says from when it may be pulled: for a waiting message the
// end of its delay, for a leased one the end of its visibility timeout.
// Source: https://developers.cloudflare.com/queues/configuration/pull-consumers/ and its batching-retries page.
import { DurableObject } from "cloudflare:workers";

export class TranscodeQueue extends DurableObject {
  constructor(ctx, env) {
    super(ctx, env);
    this.sql = ctx.storage.sql;
    this.retriesMax = Number(env.MAX_RETRIES);
    this.sql.exec(`
      CREATE TABLE IF NOT EXISTS messages (
        id TEXT PRIMARY KEY, sent_at_ms INTEGER NOT NULL, content_type TEXT NOT NULL, source TEXT NOT NULL, body TEXT NOT NULL,
        attempts INTEGER NOT NULL DEFAULT 0, visible_at_ms INTEGER NOT NULL, lease_id TEXT UNIQUE
      ) STRICT;
      CREATE INDEX IF NOT EXISTS messages_visible ON messages (visible_at_ms);
      CREATE TABLE IF NOT EXISTS dead_letters (
        id TEXT PRIMARY KEY, sent_at_ms INTEGER NOT NULL, content_type TEXT NOT NULL, body TEXT NOT NULL,
        attempts INTEGER NOT NULL, died_at_ms INTEGER NOT NULL, forwarded INTEGER NOT NULL DEFAULT 0
      ) STRICT;
    `);
  }

  // Takes `{contentType, source, body, delayMs, sentAtMs?}`; `body` as it goes over the wire.
  async push(messages) {
    const now = Date.now();
    for (const { contentType, source, body, delayMs, sentAtMs = now } of messages) {
      this.sql.exec(
        "INSERT INTO messages (id, sent_at_ms, content_type, source, body, visible_at_ms) VALUES (?, ?, ?, ?, ?, ?)",
        randomHex(16), sentAtMs, contentType, source, body, now + delayMs,
      );
    }
  }

  async pull(batchSize, visibilityTimeoutMs) {
    await this.#buryExhausted();
    const now = Date.now();
    const visible = this.sql
      .exec("SELECT id FROM messages WHERE visible_at_ms <= ? ORDER BY visible_at_ms, sent_at_ms, id LIMIT ?", now, batchSize)
      .toArray();
    const messages = visible.map(({ id }) =>
      this.sql
        .exec(
          "UPDATE messages SET attempts = attempts + 1, lease_id = ?, visible_at_ms = ? WHERE id = ? RETURNING *",
          randomHex(32), now + visibilityTimeoutMs, id,
        )
        .one(),
    );
    await this.#wakeForExpiries();
    return { messages: messages.map(renderMessage), message_backlog_count: this.#count() };
  }

  // An expired lease still settles its message until the message is delivered again: the platform's
  // pages disagree, and this reading loses no finished work. Anything else is a warning.
  async settle(acks, retries) {
    const warnings = {};
    let ackCount = 0;
    let retryCount = 0;
    for (const { lease_id } of acks) {
      const { rowsWritten } = this.sql.exec("DELETE FROM messages WHERE lease_id = ?", lease_id);
      if (rowsWritten > 0) ackCount += 1;
      else warnings[lease_id] = UNKNOWN_LEASE;
    }
    for (const { lease_id, delay_seconds = 0 } of retries) {
      const message = this.sql.exec("SELECT * FROM messages WHERE lease_id = ?", lease_id).toArray().at(0);
      if (message === undefined) {
        warnings[lease_id] = UNKNOWN_LEASE;
        continue;
      }
      retryCount += 1;
      if (message.attempts > this.retriesMax) this.#sendDeadLetter(message);
      else {
        const visibleAtMs = Date.now() + delay_seconds * 1000;
        this.sql.exec("UPDATE messages SET lease_id = NULL, visible_at_ms = ? WHERE id = ?", visibleAtMs, message.id);
      }
    }
    await this.#forwardDeadLetters();
    return { ackCount, retryCount, warnings };
  }

  async purge(ids) {
    ids.forEach((id) => this.sql.exec("DELETE FROM messages WHERE id = ?", id));
  }

  async list() {
    await this.#buryExhausted();
    const now = Date.now();
    return this.sql.exec("SELECT * FROM messages ORDER BY sent_at_ms, id").toArray().map((message) => ({
      id: message.id,
      timestamp_ms: message.sent_at_ms,
      attempts: message.attempts,
      leased: message.lease_id !== null && message.visible_at_ms > now,
      visible_at_ms: message.visible_at_ms,
      body: message.body,
    }));
  }

  async listDead() {
    await this.#buryExhausted();
    return this.sql.exec("SELECT * FROM dead_letters ORDER BY died_at_ms, id").toArray().map((letter) => ({
      id: letter.id,
      timestamp_ms: letter.sent_at_ms,
      attempts: letter.attempts,
      died_at_ms: letter.died_at_ms,
      body: letter.body,
    }));
  }

  async alarm() {
    await this.#buryExhausted();
    await this.#wakeForExpiries();
  }

  // The last delivery was neither acknowledged nor retried in time.
  async #buryExhausted() {
    const exhausted = this.sql.exec(
      "SELECT * FROM messages WHERE lease_id IS NOT NULL AND visible_at_ms <= ? AND attempts > ?", Date.now(), this.retriesMax,
    );
    exhausted.toArray().forEach((message) => this.#sendDeadLetter(message));
    await this.#forwardDeadLetters();
  }

  #sendDeadLetter(message) {
    this.sql.exec(
      "INSERT INTO dead_letters (id, sent_at_ms, content_type, body, attempts, died_at_ms) VALUES (?, ?, ?, ?, ?, ?)",
      message.id, message.sent_at_ms, message.content_type, message.body, message.attempts, Date.now(),
    );
    this.sql.exec("DELETE FROM messages WHERE id = ?", message.id);
  }

  async #forwardDeadLetters() {
    for (const letter of this.sql.exec("SELECT * FROM dead_letters WHERE forwarded = 0").toArray()) {
      // Marked first: a second caller that comes in during the send must not send it again.
      this.sql.exec("UPDATE dead_letters SET forwarded = 1 WHERE id = ?", letter.id);
      try {
        await this.env.DEAD_LETTERS.send(decodeBody(letter.content_type, letter.body), { contentType: letter.content_type });
      } catch (error) {
        this.sql.exec("UPDATE dead_letters SET forwarded = 0 WHERE id = ?", letter.id);
        console.error("a dead letter was not forwarded and will be tried again", letter.id, error);
        await this.ctx.storage.setAlarm(Date.now() + 1_000);
      }
    }
  }

  // An alarm, since a last delivery must become a dead letter even if nothing pulls again.
  async #wakeForExpiries() {
    const next = this.sql
      .exec("SELECT MIN(visible_at_ms) AS at_ms FROM messages WHERE lease_id IS NOT NULL AND attempts > ?", this.retriesMax)
      .one();
    if (next.at_ms !== null) await this.ctx.storage.setAlarm(next.at_ms);
  }

  #count() {
    return this.sql.exec("SELECT COUNT(*) AS count FROM messages").one().count;
  }
}

const UNKNOWN_LEASE = "unknown lease: the message was settled, delivered again, or moved to the dead letter queue";

function renderMessage(message) {
  return {
    id: message.id,
    timestamp_ms: message.sent_at_ms,
    attempts: message.attempts,
    body: message.body,
    lease_id: message.lease_id,
    metadata: { "CF-sourceMessageSource": message.source, "CF-Content-Type": message.content_type },
  };
}

// A value as it goes over the wire: text as it is, everything else in base64.
export function encodeBody(contentType, value) {
  if (contentType === "text") return value;
  const bytes = contentType === "json" ? new TextEncoder().encode(JSON.stringify(value)) : new Uint8Array(value);
  return bytes.toBase64();
}

function decodeBody(contentType, body) {
  if (contentType === "text") return body;
  const bytes = Uint8Array.fromBase64(body);
  return contentType === "json" ? JSON.parse(new TextDecoder().decode(bytes)) : bytes.buffer;
}

function randomHex(byteCount) {
  return crypto.getRandomValues(new Uint8Array(byteCount)).toHex();
}
