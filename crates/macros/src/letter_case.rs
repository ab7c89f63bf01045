/// How the names of columns follow from those of fields, which are in snake case.
#[derive(Clone, Copy)]
pub(crate) enum LetterCase {
    Camel,
    Pascal,
    Kebab,
    Screaming,
}

/// As they are written in attributes.
pub(crate) const KNOWN: &str = "known are: camelCase, PascalCase, kebab-case, SCREAMING_SNAKE_CASE";

impl LetterCase {
    pub(crate) fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "camelCase" => Self::Camel,
            "PascalCase" => Self::Pascal,
            "kebab-case" => Self::Kebab,
            "SCREAMING_SNAKE_CASE" => Self::Screaming,
            _ => return None,
        })
    }

    pub(crate) fn of(self, field: &str) -> String {
        match self {
            Self::Kebab => field.replace('_', "-"),
            Self::Screaming => field.to_uppercase(),
            Self::Pascal => joined(field, true),
            Self::Camel => joined(field, false),
        }
    }
}

/// A struct's name in snake case: `http_log` of `HTTPLog`.
pub(crate) fn snake(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut snake = String::new();
    for (at, letter) in letters.iter().enumerate() {
        let behind_word = at > 0 && !letters[at - 1].is_uppercase() && letters[at - 1] != '_';
        let before_word = at > 0 && letters.get(at + 1).is_some_and(|next| next.is_lowercase());
        if letter.is_uppercase() && (behind_word || before_word) && !snake.ends_with('_') {
            snake.push('_');
        }
        snake.extend(letter.to_lowercase());
    }
    snake
}

fn joined(field: &str, mut is_large: bool) -> String {
    let mut name = String::new();
    for letter in field.chars() {
        match letter {
            '_' => is_large = !name.is_empty() || is_large,
            letter if is_large => {
                name.extend(letter.to_uppercase());
                is_large = false;
            }
            letter => name.push(letter),
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn structs_in_snake_case() {
        let snakes = ["User", "OrderLine", "HTTPLog", "user", "Item2", "A_b"].map(snake);
        assert_eq!(snakes, ["user", "order_line", "http_log", "user", "item2", "a_b"]);
    }

    #[test]
    fn each_case_of_a_field() {
        let of = |word: &str| LetterCase::parse(word).unwrap().of("created_at_2");
        assert_eq!(of("camelCase"), "createdAt2");
        assert_eq!(of("PascalCase"), "CreatedAt2");
        assert_eq!(of("kebab-case"), "created-at-2");
        assert_eq!(of("SCREAMING_SNAKE_CASE"), "CREATED_AT_2");
        assert_eq!(LetterCase::Camel.of("_id"), "id");
        assert!(LetterCase::parse("Camel").is_none());
    }
}
