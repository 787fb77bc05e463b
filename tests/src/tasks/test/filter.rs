//! Selects tests by the words of a command line.

/// Words that select tests by a part of their path, as in `cargo test`.
///
/// `contract::unscreen` names a module of a program: only that program runs, and host tests do not.
/// `contract` alone is the whole program. Any other word is looked for in every test's path. No
/// word selects everything.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    words: Vec<String>,
    programs: Vec<String>,
}

/// A test that exists.
#[derive(Debug, Clone)]
pub struct Test {
    pub program: Option<String>,
    pub path: String,
}

impl Filter {
    pub fn new(words: impl IntoIterator<Item = String>, programs: impl IntoIterator<Item = String>) -> Self {
        Self { words: words.into_iter().collect(), programs: programs.into_iter().collect() }
    }

    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// The words for the host tests; none when every word names a program.
    pub fn for_host_tests(&self) -> Option<Vec<&str>> {
        let words: Vec<&str> = self.words.iter().map(String::as_str).filter(|word| self.program_of(word).is_none()).collect();
        (self.is_empty() || !words.is_empty()).then_some(words)
    }

    /// The words for one program, empty for the whole of it; none when no word can select a test of
    /// it.
    pub fn for_program(&self, program: &str) -> Option<Vec<&str>> {
        let mut words = Vec::new();
        for word in &self.words {
            match self.program_of(word) {
                Some((named, "")) if named == program => return Some(Vec::new()),
                Some((named, rest)) if named == program => words.push(rest),
                Some(_) => {}
                None => words.push(word),
            }
        }
        (self.is_empty() || !words.is_empty()).then_some(words)
    }

    /// Returns true if anything but this program may have a selected test.
    pub fn selects_programs_beside(&self, program: &str) -> bool {
        self.is_empty() || self.words.iter().any(|word| self.program_of(word).is_none_or(|(named, _)| named != program))
    }

    /// The words that select none of all tests, each given with its program; host tests have none.
    pub fn find_unmatched(&self, tests: &[Test]) -> Vec<&str> {
        let selects = |word: &str| {
            let (program, part) = self.program_of(word).map_or((None, word), |(program, part)| (Some(program), part));
            let of_program = |test: &&Test| program.is_none_or(|program| test.program.as_deref() == Some(program));
            tests.iter().filter(of_program).any(|test| test.path.contains(part))
        };
        self.words.iter().map(String::as_str).filter(|word| !selects(word)).collect()
    }

    /// The program that a word begins with, and what follows `::`.
    fn program_of<'a>(&'a self, word: &'a str) -> Option<(&'a str, &'a str)> {
        self.programs.iter().find_map(|program| {
            let rest = word.strip_prefix(program.as_str())?;
            let rest = if rest.is_empty() { rest } else { rest.strip_prefix("::")? };
            Some((program.as_str(), rest))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_selects_by_program_by_module_or_by_name() {
        for (words, host, contract, e2e) in [
            (&[][..], Some(vec![]), Some(vec![]), Some(vec![])),
            (&["contract"], None, Some(vec![]), None),
            (&["contract::unscreen"], None, Some(vec!["unscreen"]), None),
            (&["refund"], Some(vec!["refund"]), Some(vec!["refund"]), Some(vec!["refund"])),
            (&["contracted"], Some(vec!["contracted"]), Some(vec!["contracted"]), Some(vec!["contracted"])),
            (&["e2e::jobs", "refund"], Some(vec!["refund"]), Some(vec!["refund"]), Some(vec!["jobs", "refund"])),
        ] {
            let filter = Filter::new(words.iter().map(|word| (*word).to_owned()), ["contract", "e2e"].map(str::to_owned));
            assert_eq!(filter.for_host_tests(), host, "{words:?}");
            assert_eq!(filter.for_program("contract"), contract, "{words:?}");
            assert_eq!(filter.for_program("e2e"), e2e, "{words:?}");
        }
    }
    #[test]
    fn a_word_that_selects_nothing_is_found() {
        let test = |program: Option<&str>, path: &str| Test { program: program.map(str::to_owned), path: path.to_owned() };
        let tests = [test(None, "app::refunds"), test(Some("contract"), "unscreen::a_job"), test(Some("e2e"), "jobs::a_job")];
        let unmatched = |word: &str| {
            let filter = Filter::new([word.to_owned()], ["contract", "e2e"].map(str::to_owned));
            filter.find_unmatched(&tests).len()
        };
        for word in ["refund", "a_job", "contract", "contract::unscreen", "e2e::jobs", "unscreen"] {
            assert_eq!(unmatched(word), 0, "{word}");
        }
        for word in ["typo", "contract::jobs", "contract::refund", "e2e::typo", "contracts"] {
            assert_eq!(unmatched(word), 1, "{word}");
        }
    }
}
