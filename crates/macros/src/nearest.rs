/// What is said of a word that is none of these: the nearest, if one is near, and all.
pub(crate) fn unknown(word: &str, known: &[&str]) -> String {
    let name = |known: &&str| known.split([' ', '(']).next().unwrap_or_default().to_owned();
    let near = known.iter().map(|known| (distance(word, &name(known)), name(known)));
    let near = near.min().filter(|(steps, name)| *steps <= 1 + name.len() / 4);
    let meant = near.map_or_else(|| ";".to_owned(), |(_, name)| format!(", is it `{name}`?"));
    format!("unknown word{meant} known are: {}", known.join(", "))
}

/// How many letters have to be put in, left out or changed (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.chars().count()).collect();
    for (i, a) in one.chars().enumerate() {
        let mut corner = std::mem::replace(&mut row[0], i + 1);
        for (j, b) in other.chars().enumerate() {
            let changed = corner + usize::from(a != b);
            corner = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(corner + 1);
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_told_if_it_is_near() {
        let known = ["generated", "id", "rename = \"column\""];
        assert!(unknown("genrated", &known).starts_with("unknown word, is it `generated`? known are: "));
        assert!(unknown("renamed", &known).starts_with("unknown word, is it `rename`? known are: "));
        assert!(unknown("encrypted", &known).starts_with("unknown word; known are: generated, id, rename"));
    }

    #[test]
    fn distances_of_words() {
        assert_eq!((distance("", "abc"), distance("kitten", "sitting"), distance("id", "id")), (3, 3, 0));
    }
}
