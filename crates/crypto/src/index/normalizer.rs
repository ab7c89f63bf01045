use zeroize::Zeroizing;

use crate::BadSpec;

/// What is equal to what, in a blind index of text. Its number is part of the index's key and its rule never changes; another
/// rule would be another normaliser.
///
/// Lower case is that of Unicode 17.0, as in Rust 1.95, and normalisation that of 18.0, as in `unicode-normalization` 0.1.26. Other
/// versions have more characters or fewer, and these the same. So of programs that are built with different ones, those texts alone
/// have different values that contain a character which one of them does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Normalizer {
    /// Equal is what has the same bytes.
    Exact,
    /// Each character in lower case, by itself, as Unicode has it.
    Lower,
    /// Without the blanks around it, and as [`Lower`](Self::Lower). All else counts: `a.b@x.org` is not `ab@x.org`.
    Email,
    /// The digits alone: 0 to 9, and those of Arabic (U+0660) and of Persian and Urdu (U+06F0), which count as 0 to 9. For numbers
    /// of telephones, cards, accounts. Texts without digits are all equal.
    Digits,
    /// Unicode's normalisation form C: equal is what looks the same, however its accents are encoded.
    #[cfg(feature = "unicode")]
    Nfc,
}

impl Normalizer {
    /// Its number in the derivation of keys.
    pub(super) const fn code(self) -> u8 {
        match self {
            Self::Exact => 1,
            Self::Lower => 2,
            Self::Email => 3,
            Self::Digits => 4,
            #[cfg(feature = "unicode")]
            Self::Nfc => 5,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Lower => "lower",
            Self::Email => "email",
            Self::Digits => "digits",
            #[cfg(feature = "unicode")]
            Self::Nfc => "nfc",
        }
    }

    /// Lends the bytes that stand for all values that are equal to the one of these.
    pub(super) fn with_normalized<R>(self, value: &[u8], to: impl FnOnce(&[u8]) -> R) -> R {
        if self == Self::Exact {
            return to(value);
        }
        let text = std::str::from_utf8(value).expect("only texts are normalised");
        to(self.normalize(text).as_bytes())
    }

    /// The text that stands for all that are equal to this one.
    pub(super) fn normalize(self, text: &str) -> Normalized<'_> {
        match self {
            Self::Exact => Normalized::Same(text),
            Self::Lower => lower(text),
            Self::Email => lower(text.trim()),
            Self::Digits => Normalized::of(text.len(), text.chars().filter_map(digit)),
            #[cfg(feature = "unicode")]
            Self::Nfc => {
                use unicode_normalization::UnicodeNormalization as _;
                Normalized::of(3 * text.len(), text.nfc())
            }
        }
    }
}

impl std::str::FromStr for Normalizer {
    type Err = BadSpec;

    /// As it is displayed.
    fn from_str(word: &str) -> Result<Self, BadSpec> {
        let all = [
            Self::Exact,
            Self::Lower,
            Self::Email,
            Self::Digits,
            #[cfg(feature = "unicode")]
            Self::Nfc,
        ];
        all.into_iter().find(|normalizer| normalizer.name() == word).ok_or_else(|| BadSpec::Word {
            what: "normaliser of this program",
            word: word.to_owned(),
            expected: "exact, lower, email, digits, and with the feature `unicode` nfc",
        })
    }
}

impl std::fmt::Display for Normalizer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// Text that is overwritten afterwards, if it is not the caller's own.
pub(super) enum Normalized<'t> {
    Same(&'t str),
    Made(Zeroizing<String>),
}

impl Normalized<'_> {
    /// Made of these characters, which take at most `most` bytes: so that the text is never moved, leaving a copy behind.
    fn of(most: usize, characters: impl Iterator<Item = char>) -> Self {
        let mut text = Zeroizing::new(String::with_capacity(most));
        characters.for_each(|character| text.push(character));
        Self::Made(text)
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Same(text) => text.as_bytes(),
            Self::Made(text) => text.as_bytes(),
        }
    }
}

/// Not [`str::to_lowercase`], which looks at what stands around a sigma.
fn lower(text: &str) -> Normalized<'_> {
    if text.is_ascii() {
        // As nearly all addresses are: of 22 to 40 bytes 30 to 40 ns instead of 300 to 550, and the same.
        let mut made = Zeroizing::new(String::with_capacity(text.len()));
        made.push_str(text);
        made.make_ascii_lowercase();
        return Normalized::Made(made);
    }
    Normalized::of(2 * text.len(), text.chars().flat_map(char::to_lowercase))
}

fn digit(character: char) -> Option<char> {
    let zero = match character {
        '0'..='9' => '0',
        '\u{660}'..='\u{669}' => '\u{660}',
        '\u{6f0}'..='\u{6f9}' => '\u{6f0}',
        _ => return None,
    };
    char::from_digit(u32::from(character) - u32::from(zero), 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normalized(normalizer: Normalizer, text: &str) -> String {
        String::from_utf8(normalizer.normalize(text).as_bytes().to_vec()).unwrap()
    }

    #[test]
    fn each_has_its_rule() {
        assert_eq!(normalized(Normalizer::Exact, " A\u{301}"), " A\u{301}");
        assert_eq!(normalized(Normalizer::Lower, " ÀΣ ΟΔΟΣ İ"), " àσ οδοσ i\u{307}");
        assert_eq!(normalized(Normalizer::Email, "\t Ada.L+x@Example.ORG\n"), "ada.l+x@example.org");
        assert_eq!(
            normalized(Normalizer::Digits, "+49 (030) 12-34 ٥٦ ۷۸ ½"),
            "49030123456".to_owned() + "78"
        );
        #[cfg(feature = "unicode")]
        assert_eq!(normalized(Normalizer::Nfc, "A\u{30a}"), "Å");
    }

    /// What each character becomes, together with each canonical composition, as one hash: a compiler or crate with another table
    /// would no longer find what was indexed.
    #[test]
    #[cfg(feature = "unicode")]
    fn what_characters_become_is_what_it_was() {
        use sha2::{Digest as _, Sha256};
        use unicode_normalization::UnicodeNormalization as _;

        let mut hashes = [(); 4].map(|()| Sha256::new());
        for character in (0..=0x10_ffff).filter_map(char::from_u32) {
            let text = String::from(character);
            let apart: String = text.nfd().collect();
            let made = [
                (Normalizer::Lower, &text),
                (Normalizer::Email, &text),
                (Normalizer::Digits, &text),
                (Normalizer::Nfc, &apart),
            ];
            for ((normalizer, text), hash) in made.into_iter().zip(&mut hashes) {
                hash.update(normalizer.normalize(text).as_bytes());
                hash.update([0]);
            }
        }
        let hex = |hash: Sha256| {
            hash.finalize().iter().fold(String::new(), |digits, byte| digits + &format!("{byte:02x}"))
        };
        let expected = [
            "4a07ddd00e0fb3e0fe71709bb3f73e77e691fb7e881a7e9781ef02f557dc0e6d",
            "cbd515e8da589764d5380a044a0e49e97323a2f6f92b90e8ad7597d196e236f5",
            "2237ae95008bbc2817b7263e47aee7a653eb2844e4b2fc685f3983e4b0a68803",
            "6e0aaa17a82be5b6f410942f1f99ae77832fb630e98780c6eaf6779ab278235d",
        ];
        assert_eq!(hashes.map(hex), expected);
    }

    #[test]
    fn no_text_outgrows_the_room_that_it_is_given() {
        for character in (0..=0x10_ffff).filter_map(char::from_u32) {
            let text = String::from(character);
            for normalizer in [
                Normalizer::Lower,
                Normalizer::Digits,
                #[cfg(feature = "unicode")]
                Normalizer::Nfc,
            ] {
                let Normalized::Made(made) = normalizer.normalize(&text) else { panic!("it is made") };
                let room = if normalizer == Normalizer::Digits {
                    1
                } else if normalizer == Normalizer::Lower {
                    2
                } else {
                    3
                };
                assert!(made.len() <= room * text.len(), "{character:?}");
            }
        }
    }
}
