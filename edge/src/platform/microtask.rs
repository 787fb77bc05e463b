//! How futures go on once what they wait for has come.

use worker::wasm_bindgen::JsValue;
use worker::{js_sys, wasm_bindgen_futures};

const QUEUE_MICROTASK: &str = "queueMicrotask";

/// Lets futures go on by `Promise.then`, as they do wherever there is no `queueMicrotask`: the runtime's own wraps the function
/// anew each time, which made a twentieth or more of a request's cost. To be called before the first future runs.
pub fn prefer_promises() {
    // A global that cannot be hidden is used, which is only dearer.
    let hidden = js_sys::Reflect::set(&js_sys::global(), &QUEUE_MICROTASK.into(), &JsValue::UNDEFINED);
    if hidden.is_ok() {
        // The way is chosen once, and its promise made now belongs to no request.
        wasm_bindgen_futures::spawn_local(async {});
    }
}
