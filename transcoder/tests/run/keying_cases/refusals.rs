//! Screens without a hue.

use super::drawing::{PERSON, lit};
use super::footage::{SIZE, film_before};

#[test]
fn white_and_black_are_refused_as_screen_colours() {
    let footage = film_before(4, |time_s| PERSON.draw(SIZE, time_s), lit([244.0; 3], SIZE));
    for color in ["#f4f4f4", "#090909"] {
        let mut command = footage.bench.command(&footage.file, &["mov-prores4444"]);
        let done = command.args(["--screen-color", color]).output().unwrap();
        let stderr = String::from_utf8_lossy(&done.stderr);
        assert_eq!(done.status.code(), Some(2), "{stderr}");
        assert!(stderr.contains("cannot be keyed"), "{stderr}");
    }
}
