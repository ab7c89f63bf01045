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
