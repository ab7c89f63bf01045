use std::fmt;

/// Why there is no such page. Nothing was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum PageProblem {
    /// Pages have numbers from 1 on, and at least one row.
    Zero,
    /// More rows were asked for than a page may have.
    TooLarge {
        /// How many a page may have.
        most: u32,
    },
    /// More rows are in front of the page than the server is to pass over.
    TooDeep {
        /// How many that may be.
        most: u64,
    },
    /// The statement says itself which rows it wants: by `limit` or `offset`.
    AlreadyCut,
    /// The statement locks rows, asks for each once, groups them or computes something of several, which pages of this kind cannot.
    NotPaged,
    /// The statement leaves out rows that others have locked, but all rows would be counted.
    SkipsLocked,
    /// The statement is ordered by an expression or a name, but pages of this kind go by columns.
    OrderedByExpression,
    /// The statement says an order, but batches have their own.
    AlreadyOrdered,
    /// No columns tell each row from all others: the entity has no `id`, nor is there a `unique` column in the order that is
    /// no `Option`.
    NoIdentity,
    /// The order has more columns than a position can have.
    TooManyKeys {
        /// How many that are.
        most: usize,
    },
    /// What is asked for at the same time does not go together: `first` goes with `after`, `last` with `before`, and one of
    /// the two is needed.
    FirstOrLast,
    /// The row has NULL in a column of the order whose type is no `Option`.
    NullInKey,
    /// A column of the order is of a composite type, of which the server takes no single value back.
    Composite {
        /// Table and column.
        column: &'static str,
    },
    /// The position that batches are to go on from is of another entity, or none.
    OtherPosition,
    /// The values that the order goes by are too long for a cursor, of the row that the next page would begin behind.
    KeyTooLong {
        /// As many letters as a cursor has at most.
        most: usize,
    },
}

impl PageProblem {
    /// Whether it is in what was asked for at run time (number, size, arguments), and not in the statement.
    #[must_use]
    pub fn is_of_request(self) -> bool {
        matches!(self, Self::Zero | Self::TooLarge { .. } | Self::TooDeep { .. } | Self::FirstOrLast)
    }
}

impl fmt::Display for PageProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Zero => write!(f, "pages are counted from 1, and have at least one row"),
            Self::TooLarge { most } => write!(f, "a page has at most {most} rows"),
            Self::TooDeep { most } => {
                write!(f, "a page begins behind at most {most} rows; to go further there is `keyset`")
            }
            Self::AlreadyCut => write!(f, "the statement has a limit or an offset already"),
            Self::NotPaged => {
                write!(
                    f,
                    "the statement locks rows, or has `distinct`, groups, aggregates or windows, which has no such pages"
                )
            }
            Self::SkipsLocked => write!(
                f,
                "the statement leaves out rows that others have locked, which cannot be counted: its pages take `CountMode::None`"
            ),
            Self::OrderedByExpression => {
                write!(f, "the statement is ordered by an expression or a name; such pages go by columns")
            }
            Self::AlreadyOrdered => {
                write!(f, "batches are ordered by the id, the statement by something else")
            }
            Self::NoIdentity => write!(
                f,
                "no column of the entity is its `id`, and none of the order is `unique` and no `Option`: rows that are alike \
                 could not be told apart"
            ),
            Self::TooManyKeys { most } => write!(f, "an order has at most {most} columns, the id counted"),
            Self::FirstOrLast => write!(
                f,
                "either `first`, perhaps with `after`, or `last`, perhaps with `before`, is asked for"
            ),
            Self::NullInKey => {
                write!(f, "a column that rows are ordered by has NULL, but its type is no `Option`")
            }
            Self::Composite { column } => write!(
                f,
                "rows are ordered by {column}, which is of a composite type: no position can be said in it; order by columns \
                 that have its fields"
            ),
            Self::OtherPosition => write!(f, "the position is not one of batches of this entity"),
            Self::KeyTooLong { most } => write!(
                f,
                "what the last row of the page is ordered by is too long for a cursor, which has at most {most} letters: order \
                 by a shorter column"
            ),
        }
    }
}

impl std::error::Error for PageProblem {}
