use std::borrow::Cow;
use std::cell::RefCell;
use std::fmt::Display;

use garde::Validate;
use garde::error::Path;
use garde::i18n::{
    DefaultI18n, I18n, InvalidCreditCard, InvalidEmail, InvalidPhoneNumber, InvalidUrl, IpKind, with_i18n,
};

use super::said::shown;
use super::{Fault, FieldError, FieldErrors, Limit, Step};

/// What rules of one's own say is shown up to here, in characters.
const MOST_SAID: usize = 300;
/// In front of the number of a rule's fault, where garde keeps its message.
const MARK: char = '\u{1}';

/// Holds a value against the rules that `#[derive(garde::Validate)]` has of it, all of them.
///
/// | rule of garde | code | limits |
/// |---|---|---|
/// | `required` | `missing` | |
/// | `length` | `too_short`, `too_long` | `min_length`, `max_length` |
/// | `range` | `greater_than_equal`, `less_than_equal` | `ge`, `le` |
/// | `pattern` | `pattern_mismatch` | `pattern` |
/// | `contains`, `prefix`, `suffix` | `contains`, `starts_with`, `ends_with` | `part` |
/// | `matches` | `matches` | `field` |
/// | `email`, `url`, `ip`, `phone_number`, `credit_card`, `ascii`, `alphanumeric` | the same | |
/// | `custom` | `invalid` | |
///
/// What a `custom` rule says is shown as it is, but for its length and control characters: a rule that quotes the value shows it.
/// Keys of maps in the place of a fault are shown short and harmless.
///
/// ```
/// use garde::Validate;
/// use pgkeel_query::input::check;
///
/// #[derive(Validate)]
/// struct NewUser {
///     #[garde(length(chars, min = 1, max = 80))]
///     name: String,
///     #[garde(inner(length(max = 20)))]
///     tags: Vec<String>,
///     #[garde(range(min = 18))]
///     age: u8,
/// }
///
/// let user = NewUser { name: "".into(), tags: vec!["x".into(), "y".repeat(21)], age: 17 };
/// let errors = check(&user).unwrap_err();
/// assert_eq!(
///     errors.to_string(),
///     "body.age: lower than 18; body.name: length is lower than 1; body.tags[1]: length is greater than 20"
/// );
/// assert_eq!((errors.status(), errors.iter().next().unwrap().fault().code()), (422, "greater_than_equal"));
/// ```
///
/// # Errors
/// All that is wrong.
pub fn check<T: Validate<Context: Default>>(value: &T) -> Result<(), FieldErrors> {
    check_with(value, &T::Context::default())
}

/// As [`check`], with what the rules need to know besides.
///
/// # Errors
/// All that is wrong.
pub fn check_with<T: Validate>(value: &T, context: &T::Context) -> Result<(), FieldErrors> {
    let told = Told::default();
    let Err(report) = with_i18n(&told, || value.validate_with(context)) else { return Ok(()) };
    let told = told.0.into_inner();
    let error =
        |(path, error): &(Path, garde::Error)| FieldError::new(place(path), fault(error.message(), &told));
    FieldErrors::of(report.iter().map(error).collect())
}

/// What rules have said. garde keeps of a fault a text and no more, so the text is the number of a fault in this list.
#[derive(Default)]
struct Told(RefCell<Vec<Fault>>);

impl Told {
    fn note(&self, fault: Fault) -> Cow<'static, str> {
        let mut told = self.0.borrow_mut();
        told.push(fault);
        format!("{MARK}{}", told.len() - 1).into()
    }

    fn rule(
        &self,
        code: &'static str,
        message: Cow<'static, str>,
        limits: &[(&'static str, Limit)],
    ) -> Cow<'static, str> {
        self.note(Fault::Rule { code, message: message.into_owned(), limits: limits.into() })
    }
}

fn fault(message: &str, told: &[Fault]) -> Fault {
    let number = message.strip_prefix(MARK).and_then(|number| number.parse::<usize>().ok());
    let own = || {
        let letters = message.chars().take(MOST_SAID);
        let message = letters.map(|letter| if letter.is_control() { '?' } else { letter }).collect();
        Fault::Rule { code: "invalid", message, limits: Vec::new() }
    };
    number.and_then(|number| told.get(number).cloned()).unwrap_or_else(own)
}

/// Names of fields, keys of maps and places in lists: `tags[1].name`.
fn place(path: &Path) -> Vec<Step> {
    let mut place = vec![Step::name("body")];
    for part in path.to_string().split('.') {
        let (name, indexes) = part.find('[').map_or((part, ""), |at| part.split_at(at));
        if !name.is_empty() {
            place.push(Step::Name(shown(name)));
        }
        for index in indexes.split(['[', ']']).filter(|index| !index.is_empty()) {
            place.push(index.parse().map_or_else(|_| Step::Name(shown(index)), Step::Index));
        }
    }
    place
}

fn whole(limit: usize) -> Limit {
    i64::try_from(limit).map_or_else(|_| Limit::Text(limit.to_string()), Limit::Whole)
}

/// As a number, if it is one.
fn limit(limit: &dyn Display) -> Limit {
    let text = limit.to_string();
    let float = || text.parse().ok().filter(|number: &f64| number.is_finite());
    match text.parse() {
        Ok(number) => Limit::Whole(number),
        Err(_) => float().map_or_else(|| Limit::Text(text.clone()), Limit::Float),
    }
}

fn text(limit: &dyn Display) -> Limit {
    Limit::Text(limit.to_string())
}

/// Says what garde says, with a code and the limits.
impl I18n for Told {
    fn length_lower_than(&self, min: usize) -> Cow<'static, str> {
        self.rule("too_short", DefaultI18n.length_lower_than(min), &[("min_length", whole(min))])
    }

    fn length_greater_than(&self, max: usize) -> Cow<'static, str> {
        self.rule("too_long", DefaultI18n.length_greater_than(max), &[("max_length", whole(max))])
    }

    fn range_lower_than(&self, min: &dyn Display) -> Cow<'static, str> {
        self.rule("greater_than_equal", DefaultI18n.range_lower_than(min), &[("ge", limit(min))])
    }

    fn range_greater_than(&self, max: &dyn Display) -> Cow<'static, str> {
        self.rule("less_than_equal", DefaultI18n.range_greater_than(max), &[("le", limit(max))])
    }

    fn credit_card_invalid(&self, reason: InvalidCreditCard) -> Cow<'static, str> {
        self.rule("credit_card", DefaultI18n.credit_card_invalid(reason), &[])
    }

    fn pattern_no_match(&self, pattern: &dyn Display) -> Cow<'static, str> {
        self.rule("pattern_mismatch", DefaultI18n.pattern_no_match(pattern), &[("pattern", text(pattern))])
    }

    fn contains_missing(&self, pattern: &dyn Display) -> Cow<'static, str> {
        self.rule("contains", DefaultI18n.contains_missing(pattern), &[("part", text(pattern))])
    }

    fn url_invalid(&self, reason: InvalidUrl) -> Cow<'static, str> {
        self.rule("url", DefaultI18n.url_invalid(reason), &[])
    }

    fn prefix_missing(&self, pattern: &dyn Display) -> Cow<'static, str> {
        self.rule("starts_with", DefaultI18n.prefix_missing(pattern), &[("part", text(pattern))])
    }

    fn suffix_missing(&self, pattern: &dyn Display) -> Cow<'static, str> {
        self.rule("ends_with", DefaultI18n.suffix_missing(pattern), &[("part", text(pattern))])
    }

    fn phone_number_invalid(&self, reason: InvalidPhoneNumber) -> Cow<'static, str> {
        self.rule("phone_number", DefaultI18n.phone_number_invalid(reason), &[])
    }

    fn ip_invalid(&self, kind: IpKind) -> Cow<'static, str> {
        self.rule("ip", DefaultI18n.ip_invalid(kind), &[])
    }

    fn matches_field_mismatch(&self, field: &dyn Display) -> Cow<'static, str> {
        self.rule("matches", DefaultI18n.matches_field_mismatch(field), &[("field", text(field))])
    }

    fn email_invalid(&self, reason: InvalidEmail) -> Cow<'static, str> {
        self.rule("email", DefaultI18n.email_invalid(reason), &[])
    }

    fn ascii_invalid(&self) -> Cow<'static, str> {
        self.rule("ascii", DefaultI18n.ascii_invalid(), &[])
    }

    fn alphanumeric_invalid(&self) -> Cow<'static, str> {
        self.rule("alphanumeric", DefaultI18n.alphanumeric_invalid(), &[])
    }

    fn required_not_set(&self) -> Cow<'static, str> {
        self.note(Fault::Missing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_steps_and_names_of_users_are_harmless() {
        let path = Path::new("tags").join(1_usize).join("<b>").join("name");
        let steps = ["body", "tags", "1", "?b?", "name"].map(str::to_owned);
        let step = |step: &Step| match step {
            Step::Name(name) => name.clone(),
            Step::Index(index) => index.to_string(),
        };
        assert_eq!(place(&path).iter().map(step).collect::<Vec<_>>(), steps);
        assert!(matches!(place(&path)[2], Step::Index(1)));
    }

    #[test]
    fn a_message_that_only_looks_like_a_number_is_a_message() {
        let told = fault("\u{1}7", &[]);
        assert_eq!(told, Fault::Rule { code: "invalid", message: "?7".to_owned(), limits: Vec::new() });
    }
}
