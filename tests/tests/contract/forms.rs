//! Forms that are made to fill the Worker's memory or to hold its processor, on every route that
//! takes a form.

use crate::with_stack;
use tests::http::Answer;
use tests::raw_http::send;
use tests::stack::is_healthy;
use tests::test_account::TestAccount;

/// The routes, and the status of a form without what they require.
const ROUTES: [(&str, u16); 3] = [("/v1/uploads", 400), ("/v1.0/videos", 400), ("/api/jobs", 400)];
const CONTENT_TYPE: (&str, &str) = ("content-type", "multipart/form-data; boundary=xXx");
/// Below the 100 MB that any request may have.
const FORM_SIZE_BYTES: usize = 99_000_000;

/// A form of fields with this name and value.
fn form(fields: usize, name: &str, value: &[u8]) -> Vec<u8> {
    let head = format!("--xXx\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n");
    [[head.as_bytes(), value, b"\r\n"].concat().repeat(fields), b"--xXx--\r\n".to_vec()].concat()
}

#[test]
fn a_form_of_too_much_is_refused_and_one_of_unknown_fields_is_not_kept() {
    with_stack(|stack| {
        let account = TestAccount::create(stack, 100).unwrap();
        let large = vec![b'y'; 262_000];
        let tiny = form(1, "a", b"").len();
        let header = [b"--xXx\r\nX: ".to_vec(), vec![b'y'; 1_000_000]].concat();
        for (path, incomplete) in ROUTES {
            for (what, body, status) in [
                ("380 fields of 256 KB", form(380, "a", &large), 413),
                ("99 fields of 256 KB that no API knows", form(99, "a", &large), incomplete),
                ("as many fields as fit", form(FORM_SIZE_BYTES / tiny, "a", b""), 413),
                ("a field of a mebibyte that no API knows", form(1, "a", &vec![b'y'; 1024 * 1024]), incomplete),
                ("a header of a megabyte", header.clone(), 413),
                ("a megabyte before the first field", vec![b'y'; 1_000_000], 413),
            ] {
                let headers = [CONTENT_TYPE, ("x-api-key", account.key.as_str())];
                let answer = Answer::read(send("POST", &format!("{}{path}", stack.base_url()), &headers, &body)).unwrap();
                assert_eq!(answer.status, status, "{path}, {what}: {}", answer.body);
            }
        }
        for (path, name) in [("/v1.0/videos", "webhook_url"), ("/api/jobs", "webhookUrl")] {
            let headers = [CONTENT_TYPE, ("x-api-key", account.key.as_str())];
            let body = form(2, name, &large[..200_000]);
            assert_eq!(
                send("POST", &format!("{}{path}", stack.base_url()), &headers, &body).status().as_u16() / 100,
                4,
                "{path}"
            );
        }
        assert!(is_healthy(stack.base_url()));
        assert_eq!(account.balance().unwrap(), 100);
    });
}
