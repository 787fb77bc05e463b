// ULIDs: 48 bits of time, 80 of randomness, in Crockford's base32. Source: https://github.com/ulid/spec.

const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

export function ulid(atMs) {
    let text = "";
    for (let rest = atMs, digit = 0; digit < 10; digit += 1, rest = Math.floor(rest / 32)) {
        text = ALPHABET[rest % 32] + text;
    }
    for (const byte of crypto.getRandomValues(new Uint8Array(16))) {
        text += ALPHABET[byte % 32];
    }
    return text;
}

/** The time in an id. Units: milliseconds. */
export function instantOf(id) {
    let atMs = 0;
    for (let digit = 4; digit < 14; digit += 1) {
        atMs = atMs * 32 + ALPHABET.indexOf(id[digit]);
    }
    return atMs;
}
