// An error response: a status and a stable code.

export class Refusal extends Error {
    constructor(status, code, message = code, field = undefined) {
        super(message);
        Object.assign(this, { status, code, field });
    }

    /** An invalid field. */
    static of(field, message) {
        return new Refusal(400, "invalid_request", message, field);
    }
}
