//! Chooses the screen behind a generated subject: a colour that the prompt does not mention.

/// A screen colour.
#[derive(Debug, PartialEq, Eq)]
pub struct Screen {
    pub name: &'static str,
    pub hex: &'static str,
    /// Singular words for colours and things that look like this screen.
    words: &'static [&'static str],
}

/// In the order of preference.
const SCREENS: [Screen; 3] = [
    Screen {
        name: "green",
        hex: "#00B140",
        words: &[
            "green",
            "lime",
            "emerald",
            "olive",
            "mint",
            "jade",
            "khaki",
            "teal",
            "turquoise",
            "cyan",
            "aqua",
            "grass",
            "leaf",
            "leave",
            "leafy",
            "plant",
            "tree",
            "forest",
            "jungle",
            "fern",
            "moss",
            "ivy",
            "cactus",
            "cacti",
            "frog",
            "lizard",
            "crocodile",
            "alligator",
            "turtle",
            "dragon",
            "dinosaur",
            "parrot",
            "cucumber",
            "avocado",
            "lettuce",
            "broccoli",
            "basil",
            "kiwi",
            "pea",
            "shamrock",
            "soldier",
            "army",
            "bamboo",
            "palm",
            "salad",
            "vegetable",
        ],
    },
    Screen {
        name: "blue",
        hex: "#0047BB",
        words: &[
            "blue",
            "navy",
            "azure",
            "sapphire",
            "cobalt",
            "indigo",
            "teal",
            "turquoise",
            "cyan",
            "aqua",
            "sky",
            "ocean",
            "sea",
            "water",
            "wave",
            "river",
            "lake",
            "denim",
            "jean",
            "blueberry",
            "dolphin",
            "whale",
            "shark",
            "fish",
            "police",
            "sailor",
            "peacock",
            "butterfly",
            "ice",
            "glacier",
            "neon",
            "violet",
            "purple",
        ],
    },
    Screen {
        name: "magenta",
        hex: "#D100B0",
        words: &[
            "magenta",
            "pink",
            "fuchsia",
            "purple",
            "violet",
            "lavender",
            "lilac",
            "orchid",
            "plum",
            "mauve",
            "rose",
            "flamingo",
            "cherry",
            "raspberry",
            "beet",
            "neon",
            "bubblegum",
            "red",
            "crimson",
            "scarlet",
            "lipstick",
        ],
    },
];

/// The first screen whose colour the prompt does not mention; else the one that it mentions least.
pub fn choose(prompt: &str) -> &'static Screen {
    let prompt = prompt.to_lowercase();
    let words: Vec<&str> = prompt.split(|char: char| !char.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let mentions = |screen: &&Screen| words.iter().filter(|word| screen.is_named_by(word)).count();
    let [preferred, ..] = &SCREENS;
    SCREENS.iter().min_by_key(mentions).unwrap_or(preferred)
}

impl Screen {
    fn is_named_by(&self, word: &str) -> bool {
        let endings = ["", "s", "es", "ish"];
        self.words.iter().any(|known| word.strip_prefix(known).is_some_and(|ending| endings.contains(&ending)))
    }
}

/// The prompt, extended with the screen, so that the video can be keyed.
pub fn extend(prompt: &str, screen: &Screen) -> String {
    let Screen { name, hex, .. } = screen;
    let subject = prompt.trim().trim_end_matches('.');
    let subject = if subject.is_empty() { "The subject of the picture, moving naturally" } else { subject };
    format!(
        "{subject}. The subject is alone and complete, with space on every side, in front of a perfectly even, flat, uniformly \
         lit {name} screen of the solid colour {hex} that fills the whole frame from beginning to end. Nothing on the subject \
         is {name}. No shadow and no reflection on the screen, no floor, no scenery, no other objects, no text. Static camera."
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::generation::PROMPT_CHARS_MAX;

    #[test]
    fn the_screen_has_a_colour_that_the_words_do_not_name() {
        for (prompt, expected) in [
            ("a floating product bottle rotating slowly", "green"),
            ("", "green"),
            ("A GREEN apple", "blue"),
            ("frogs on leaves", "blue"),
            ("a greenish-blue scarf", "magenta"),
            ("a peacock on grass", "magenta"),
            ("a pink flamingo", "green"),
            ("a turquoise vase", "magenta"),
            ("green leaves, a blue sky and a pink rose and a red ribbon", "green"),
            ("greenhouse worker in blues", "green"),
        ] {
            let chosen = choose(prompt);
            assert!(chosen.name == expected, "{prompt}: {}", chosen.name);
        }
    }

    #[test]
    fn the_longest_words_with_ours_are_within_what_providers_take() {
        for screen in &SCREENS {
            let text = extend(&"x".repeat(PROMPT_CHARS_MAX), screen);
            assert!(text.chars().count() <= 2_500 && text.contains(screen.hex), "{}", text.chars().count());
        }
    }
}
