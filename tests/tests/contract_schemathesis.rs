//! The served description against the service, by schemathesis: no 5xx, and no answer outside of the description.

#![cfg(test)]

use std::sync::LazyLock;

use serde_json::{Value, json};
use tests::clip::Clip;
use tests::customer::Customer;
use tests::http::Answer;
use tests::raw::send;
use tests::schemathesis::Schemathesis;
use tests::stack::{Stack, StackOptions};
use tests::web::{Page, Web};

static WEB: LazyLock<Web> = LazyLock::new(|| Web::start().unwrap());

/// What exists, for each operation that needs something to exist; the file URL's signature beside it.
fn things(stack: &Stack, customer: &Customer) -> (Value, String) {
    let clip = stack.state().join("clip.mp4");
    Clip::SHORT.write(&clip).unwrap();
    let done = customer.submit_file(&clip, "video/mp4", &["webm-vp9-alpha"]).unwrap();
    let done = customer.wait_for_end(&done.id).unwrap();
    assert_eq!(done.status, "success", "{:?}", done.error);
    let job = |callback: Value| {
        let input = json!({ "mode": "video", "videoUrl": "https://example.com/a.mp4" });
        customer.submit(&json!({ "input": input, "options": callback })).unwrap().id
    };
    let ended = job(json!({ "callbackUrl": WEB.put("/told", Page::Status(200)) }));
    customer.api.delete_job(&ended).unwrap();
    let key = || customer.admin.create_key(&customer.account_id, "test").unwrap().0;
    let url = &done.output_assets[0].url;
    let (path, query) = url.split_once("/files/").unwrap().1.split_once('?').unwrap();
    let parameter = |name: &str| {
        let pair = query.split('&').find_map(|pair| pair.strip_prefix(name)).unwrap();
        pair.trim_start_matches('=').to_owned()
    };
    let path_of = |id: &str| json!({ "path": { "id": id } });
    let things = json!({
        "getJob": path_of(&done.id),
        "listDeliveries": path_of(&done.id),
        "downloadOutput": path_of(&done.id),
        "deleteJob": path_of(&job(json!({}))),
        "redeliverEvent": path_of(&format!("evt_{}_1", ended.trim_start_matches("job_"))),
        "rotateKey": path_of(&key()),
        "revokeKey": path_of(&key()),
        "revokeAnyKey": path_of(&key()),
        "getAccount": path_of(&customer.account_id),
        "grantCredits": path_of(&customer.account_id),
        "createKeyOfAccount": path_of(&customer.account_id),
        "readFile": {
            "path": { "objectKey": path },
            "query": { "size": parameter("size"), "expires": parameter("expires") },
        },
    });
    (things, parameter("signature"))
}

#[test]
fn no_answer_is_outside_of_the_description_and_every_operation_succeeds() {
    let schemathesis = Schemathesis::ensure().unwrap();
    let state = tempfile::Builder::new().prefix("bgless-stack-").tempdir().unwrap();
    let options =
        StackOptions { state: state.path().to_owned(), allow_hosts: vec![WEB.host()], transcoders: 1, ..StackOptions::default() };
    let stack = Stack::start(options).unwrap();
    let customer = Customer::create(&stack, 1_000_000).unwrap();
    let (things, signature) = things(&stack, &customer);
    let env = [
        ("BGLESS_KEY", customer.key.clone()),
        ("BGLESS_ADMIN_TOKEN", stack.site().secrets.admin_token.clone()),
        ("BGLESS_FILE_SIGNATURE", signature),
        ("BGLESS_THINGS", things.to_string()),
    ];
    let mut statuses = schemathesis.run(stack.base_url(), stack.state(), &env).unwrap_or_else(|failure| panic!("{failure}"));

    let url = format!("{}/openapi.json", stack.base_url());
    let answer = Answer::read(send("GET", &url, &[], &[])).unwrap();
    // Its own source is the one operation that schemathesis leaves out.
    statuses.entry("GET /openapi.json".to_owned()).or_default().insert(answer.status);
    let document = answer.body;
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            let operation = format!("{} {path}", method.to_uppercase());
            let seen = statuses.get(&operation).unwrap_or_else(|| panic!("{operation} was never called"));
            // A download is a redirect.
            let succeeded = seen.iter().any(|status| (200..300).contains(status) || *status == 302);
            assert!(succeeded, "{operation} never succeeded: {seen:?}");
        }
    }
    assert!(customer.balance().is_ok());
}
