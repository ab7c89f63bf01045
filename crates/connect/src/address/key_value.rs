use super::keyword;
use super::url::Pairs;

/// Takes `host=a password='b c'` apart: spaces around `=` are allowed, `'…'` holds spaces, `\` escapes.
/// Errors never quote a value.
pub(super) fn parse(text: &str) -> Result<Pairs, String> {
    let mut pairs = Pairs::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (key, behind) = rest.split_once('=').ok_or("is neither a URL nor keyword=value pairs")?;
        let key = key.trim();
        if key.is_empty() || key.contains(|c: char| c.is_whitespace() || c == '\'') {
            return Err("has a value with a space in it that is not quoted: write keyword='a value'".into());
        }
        if is_left_empty(behind) {
            return Err("has a keyword with nothing behind its `=`: write keyword='' or leave it out".into());
        }
        let (value, behind) = value(behind.trim_start())?;
        pairs.push((key.to_owned(), value));
        rest = behind.trim_start();
    }
    Ok(pairs)
}

/// Whether `text`, from behind a `=`, begins with the next keyword. libpq would take `host= password=x` for a host of the
/// name `password=x`; nobody means that, and the name would be shown.
fn is_left_empty(text: &str) -> bool {
    let next = text.trim_start();
    let name = next.split_once('=').map(|(name, _)| name.trim_end());
    next.len() < text.len() && name.is_some_and(|name| keyword::find(name).is_some())
}

fn value(text: &str) -> Result<(String, &str), String> {
    let quoted = text.starts_with('\'');
    let mut value = String::new();
    let mut chars = text.char_indices().skip(usize::from(quoted));
    while let Some((at, c)) = chars.next() {
        match c {
            '\0' => return Err("has a zero byte".into()),
            '\\' => match chars.next().ok_or("ends with a `\\`")?.1 {
                '\0' => return Err("has a zero byte".into()),
                escaped => value.push(escaped),
            },
            '\'' if quoted => return Ok((value, &text[at + 1..])),
            c if !quoted && c.is_whitespace() => return Ok((value, &text[at..])),
            c => value.push(c),
        }
    }
    if quoted { Err("has a `'` without its end".into()) } else { Ok((value, "")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_come_apart_as_in_libpq() {
        let pairs = parse(r"host = a  password='b \'c\\' port=5  dbname=''").unwrap();
        let expected = [("host", "a"), ("password", r"b 'c\"), ("port", "5"), ("dbname", "")];
        assert_eq!(pairs, expected.map(|(key, value)| (key.to_owned(), value.to_owned())));
    }

    #[test]
    fn a_keyword_is_no_value_of_the_one_before_unless_it_is_quoted() {
        assert!(parse("port= password=hunter2").unwrap_err().contains("nothing behind its `=`"));
        assert_eq!(parse("port=  5").unwrap()[0].1, "5");
        assert_eq!(parse("options= '-c a=b'").unwrap()[0].1, "-c a=b");
        assert_eq!(parse("application_name= 'user=x'").unwrap()[0].1, "user=x");
    }

    #[test]
    fn broken_pairs_are_refused_without_their_values() {
        for text in ["host", "password='hunter2", "password=hunter2 x y=z", "password=hunter2\\", "=x"] {
            let error = parse(text).unwrap_err();
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
