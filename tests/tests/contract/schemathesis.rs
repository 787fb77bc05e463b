//! The served API description against the service, by schemathesis: no 5xx, and no undocumented
//! response.

use crate::WEB_SERVER;
use serde_json::{Value, json};
use tests::clip::Clip;
use tests::http::Answer;
use tests::raw_http::send;
use tests::schemathesis::Schemathesis;
use tests::stack::{Stack, StackOptions};
use tests::test_account::TestAccount;
use tests::web_server::Page;

/// Resources for each operation that needs one, and the signature of the file URL.
fn things(stack: &Stack, account: &TestAccount) -> (Value, String) {
    let clip = stack.state().join("clip.mp4");
    Clip::SHORT.write(&clip).unwrap();
    let done = account.submit_file(&clip, "video/mp4", &["webm-vp9-alpha"]).unwrap();
    let done = account.wait_for_end(&done.id).unwrap();
    assert_eq!(done.status, "success", "{:?}", done.error);
    let job = |callback: Value| {
        let input = json!({ "mode": "video", "videoUrl": "https://example.com/a.mp4" });
        account.submit(&json!({ "input": input, "options": callback })).unwrap().id
    };
    let ended = job(json!({ "callbackUrl": WEB_SERVER.put("/callback", Page::Status(200)) }));
    account.api.delete_job(&ended).unwrap();
    let key = || account.admin.create_key(&account.id, "test").unwrap().0;
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
        "getAccount": path_of(&account.id),
        "grantCredits": path_of(&account.id),
        "createKeyOfAccount": path_of(&account.id),
        "readFile": {
            "path": { "objectKey": path },
            "query": { "size": parameter("size"), "expires": parameter("expires") },
        },
    });
    (things, parameter("signature"))
}

#[test]
fn no_response_is_undocumented_and_every_operation_succeeds() {
    let schemathesis = Schemathesis::ensure().unwrap();
    let state = tempfile::Builder::new().prefix("bgless-stack-").tempdir().unwrap();
    let options = StackOptions {
        state: state.path().to_owned(),
        allow_hosts: vec![WEB_SERVER.host()],
        transcoders: 1,
        ..StackOptions::default()
    };
    let stack = Stack::start(options).unwrap();
    let account = TestAccount::create(&stack, 1_000_000).unwrap();
    let (things, signature) = things(&stack, &account);
    let env = [
        ("BGLESS_KEY", account.key.clone()),
        ("BGLESS_ADMIN_TOKEN", stack.config().secrets.admin_token.clone()),
        ("BGLESS_FILE_SIGNATURE", signature),
        ("BGLESS_THINGS", things.to_string()),
    ];
    let statuses = schemathesis.run(stack.base_url(), stack.state(), &env).unwrap_or_else(|failure| panic!("{failure}"));

    let url = format!("{}/openapi.json", stack.base_url());
    let answer = Answer::read(send("GET", &url, &[], &[])).unwrap();
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
    assert!(account.balance().is_ok());
}
