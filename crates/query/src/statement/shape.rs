//! What a statement is made of, before it is a text: equal shapes make equal texts.

use std::cell::Cell;

use crate::{Error, Ident};

/// A part of a text: as it is, of the program, never made. Or a mark, which begins with a byte that no text has.
///
/// Two are the same if they are at the same place, so their bytes are not looked at. A literal that the program has twice is two:
/// then two shapes make the same text.
#[derive(Debug, Clone, Copy)]
struct Piece(&'static str);

/// The next parameter.
const PARAM: &str = "\0param";
/// The next piece is a name, to be checked and quoted.
const NAME: &str = "\0name";
/// The next of the names that were made at run time, to be quoted.
const MADE: &str = "\0made";

impl Piece {
    #[inline]
    fn is(self, other: Self) -> bool {
        std::ptr::eq(self.0, other.0)
    }

    /// Where it is, and how long, in one number.
    #[inline]
    fn place(self) -> u64 {
        (self.0.as_ptr().addr() as u64) ^ (self.0.len() as u64).rotate_right(16)
    }
}

/// The pieces of a text in their order.
#[derive(Debug)]
pub(super) struct Shape {
    pieces: Vec<Piece>,
    /// The names that were made at run time, one behind the other.
    names: String,
    hash: u64,
}

/// Memory for more pieces than this is not kept for the next statement.
const MOST_SPARE: usize = 1_000;

thread_local! {
    /// The memory of the last shape's pieces, for the next one.
    static SPARE: Cell<Vec<Piece>> = const { Cell::new(Vec::new()) };
}

impl Shape {
    /// One without pieces, in the memory of the last one that was [given back](Self::give_back).
    #[inline]
    pub(super) fn new() -> Self {
        Self { pieces: SPARE.try_with(Cell::take).unwrap_or_default(), names: String::new(), hash: 0 }
    }

    #[inline]
    pub(super) fn give_back(self) {
        let mut pieces = self.pieces;
        if pieces.capacity() <= MOST_SPARE {
            pieces.clear();
            _ = SPARE.try_with(|spare| spare.set(pieces));
        }
    }

    #[inline]
    pub(super) fn text(&mut self, sql: &'static str) {
        debug_assert!(!sql.starts_with('\0'), "no mark");
        self.push(Piece(sql));
    }

    #[inline]
    pub(super) fn param(&mut self) {
        self.push(Piece(PARAM));
    }

    pub(super) fn name(&mut self, name: &'static str) {
        self.push(Piece(NAME));
        self.push(Piece(name));
    }

    /// A name that was checked. What is compared of it are its bytes, and the zero byte that ends it, as names have none.
    pub(super) fn made(&mut self, name: &Ident) {
        self.push(Piece(MADE));
        name.name().bytes().for_each(|byte| self.mix(u64::from(byte)));
        self.names.push_str(name.name());
        self.names.push('\0');
    }

    #[inline]
    fn push(&mut self, piece: Piece) {
        self.mix(piece.place());
        self.pieces.push(piece);
    }

    /// One step of `FxHash`, the hash of rustc's own tables; it only has to be fast, as shapes are compared.
    #[inline]
    fn mix(&mut self, word: u64) {
        self.hash = (self.hash.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95);
    }

    #[inline]
    pub(super) fn hash(&self) -> u64 {
        self.hash
    }

    /// The shape to be kept: in no more memory than it needs.
    pub(super) fn kept(&self) -> Kept {
        Kept { pieces: self.pieces.as_slice().into(), names: self.names.as_str().into() }
    }

    /// The text, with `$1`, `$2`, … for the parameters.
    ///
    /// # Errors
    /// That a literal is no name.
    pub(super) fn spelled(&self) -> Result<String, Error> {
        let mut text = String::new();
        let (mut pieces, mut made, mut params) = (self.pieces.iter(), self.names.split('\0'), 0_usize);
        while let Some(piece) = pieces.next() {
            match piece.0 {
                PARAM => {
                    params += 1;
                    text.push('$');
                    text.push_str(&params.to_string());
                }
                NAME => {
                    let name = pieces.next().map_or("", |name| name.0);
                    let checked = Ident::new(name).map_err(|source| Error::Name { name, source })?;
                    text.push_str(&checked.to_string());
                }
                MADE => push_quoted(made.next().unwrap_or_default(), &mut text),
                sql => text.push_str(sql),
            }
        }
        Ok(text)
    }
}

fn push_quoted(name: &str, text: &mut String) {
    text.push('"');
    text.push_str(&name.replace('"', "\"\""));
    text.push('"');
}

/// A shape that a text is kept by.
#[derive(Debug)]
pub(super) struct Kept {
    pieces: Box<[Piece]>,
    names: Box<str>,
}

impl Kept {
    /// Whether it is this one: looks at every piece, and leaves nothing to hashes.
    #[inline]
    pub(super) fn is(&self, shape: &Shape) -> bool {
        self.pieces.len() == shape.pieces.len()
            && self.pieces.iter().zip(&shape.pieces).all(|(kept, piece)| kept.is(*piece))
            && self.has_names_of(shape)
    }

    /// Two texts of no bytes are not compared: that is far slower than to see that there are none, as nothing is where they are.
    fn has_names_of(&self, shape: &Shape) -> bool {
        self.names.len() == shape.names.len() && (self.names.is_empty() || *self.names == *shape.names)
    }

    /// The memory that it takes, in bytes.
    pub(super) fn bytes(&self) -> usize {
        size_of_val(&*self.pieces) + self.names.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(write: impl FnOnce(&mut Shape)) -> Shape {
        let mut shape = Shape::new();
        write(&mut shape);
        shape
    }

    fn made(names: &[&'static str]) -> Shape {
        of(|shape| names.iter().for_each(|name| shape.made(&Ident::new(*name).unwrap())))
    }

    #[test]
    fn a_shape_is_told_from_all_others_even_if_their_hashes_are_alike() {
        const TEXT: &str = "select 1";
        let shapes = [
            of(|shape| shape.text(TEXT)),
            of(|shape| shape.text(&TEXT[..7])),
            of(|shape| shape.name(TEXT)),
            of(Shape::param),
            of(|_| {}),
            made(&["ab", "c"]),
            made(&["a", "bc"]),
            made(&["abc"]),
        ];
        for (place, one) in shapes.iter().enumerate() {
            let found = shapes.iter().position(|other| one.kept().is(other));
            assert_eq!(found, Some(place), "{one:?}");
        }
    }

    #[test]
    fn names_are_quoted_and_checked() {
        let text = of(|shape| {
            shape.text("select ");
            shape.name("na\"me");
            shape.made(&Ident::new("made\"").unwrap());
            shape.param();
            shape.param();
        });
        assert_eq!(text.spelled().unwrap(), r#"select "na""me""made"""$1$2"#);
        for wrong in ["", "zero\0", PARAM] {
            assert!(matches!(of(|shape| shape.name(wrong)).spelled(), Err(Error::Name { .. })));
        }
    }
}
