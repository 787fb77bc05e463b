// SHA-256 and HMAC-SHA256 by the runtime's WebCrypto, and the file URLs that are signed with it.

import { Refusal } from "./refusal.js";

const FILES_PATH = "/files/";
const encoder = new TextEncoder();
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

function hex(buffer) {
    let text = "";
    for (const byte of new Uint8Array(buffer)) text += HEX[byte];
    return text;
}

export async function sha256Hex(text) {
    return hex(await crypto.subtle.digest("SHA-256", encoder.encode(text)));
}

let key;
/** The file URL secret, imported once per isolate. */
function fileUrlKey(env) {
    const algorithm = { name: "HMAC", hash: "SHA-256" };
    key ??= crypto.subtle.importKey("raw", encoder.encode(env.FILE_URL_SECRET), algorithm, false, ["sign", "verify"]);
    return key;
}

const textToSign = (objectKey, sizeBytes, expiresS) => encoder.encode(`${objectKey}\n${sizeBytes}\n${expiresS}`);

export async function signFileUrl(env, objectKey, sizeBytes, expiresAtMs) {
    const expiresS = Math.floor(expiresAtMs / 1_000);
    const signature = await crypto.subtle.sign("HMAC", await fileUrlKey(env), textToSign(objectKey, sizeBytes, expiresS));
    return `${env.PUBLIC_BASE_URL}${FILES_PATH}${objectKey}?size=${sizeBytes}&expires=${expiresS}&signature=${hex(signature)}`;
}

/** Verifies a signed file URL. */
export async function verifyFileUrl(env, url) {
    const refusal = new Refusal(403, "invalid_file_url");
    const [sizeText, expiresText, signature] = ["size", "expires", "signature"].map((name) => url.searchParams.get(name) ?? "");
    const bytes = signature.match(/../g)?.map((pair) => Number.parseInt(pair, 16));
    if (!url.pathname.startsWith(FILES_PATH) || !/^\d+$/.test(sizeText) || !/^\d+$/.test(expiresText) || !bytes) throw refusal;
    const objectKey = url.pathname.slice(FILES_PATH.length);
    const [sizeBytes, expiresS] = [Number(sizeText), Number(expiresText)];
    const text = textToSign(objectKey, sizeBytes, expiresS);
    if (!(await crypto.subtle.verify("HMAC", await fileUrlKey(env), new Uint8Array(bytes), text))) throw refusal;
    if (Date.now() / 1_000 >= expiresS) throw new Refusal(403, "expired_file_url");
    return { objectKey, sizeBytes };
}
