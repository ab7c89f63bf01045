/// What most of those with more than one item do with.
const USUAL: usize = 4;

/// A list that has one item as a rule, for which it takes no memory of its own.
#[derive(Debug, Clone, Default)]
pub(crate) enum Few<T> {
    #[default]
    None,
    One(T),
    More(Vec<T>),
}

impl<T> Few<T> {
    #[inline]
    pub(crate) fn push(&mut self, item: T) {
        match self {
            Self::None => *self = Self::One(item),
            Self::More(items) => items.push(item),
            Self::One(_) => {
                let mut items = Vec::with_capacity(USUAL);
                if let Self::One(first) = std::mem::take(self) {
                    items.push(first);
                }
                items.push(item);
                *self = Self::More(items);
            }
        }
    }

    /// What is made of each.
    #[inline]
    pub(crate) fn each<'s, U>(&'s self, make: impl Fn(&'s T) -> U) -> Few<U> {
        match self {
            Self::None => Few::None,
            Self::One(item) => Few::One(make(item)),
            Self::More(items) => Few::More(items.iter().map(make).collect()),
        }
    }

    #[inline]
    pub(crate) fn as_slice(&self) -> &[T] {
        match self {
            Self::None => &[],
            Self::One(item) => std::slice::from_ref(item),
            Self::More(items) => items,
        }
    }
}

impl<T> Extend<T> for Few<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, items: I) {
        items.into_iter().for_each(|item| self.push(item));
    }
}

impl<T> FromIterator<T> for Few<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        let mut few = Self::None;
        few.extend(items);
        few
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_keep_their_order_however_many_there_are() {
        for count in 0..5 {
            let few: Few<i32> = (0..count).collect();
            assert!(few.as_slice().iter().copied().eq(0..count), "{count}");
        }
    }
}
