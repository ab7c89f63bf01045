use super::comparison::Comparison;
use super::field::read;
use super::request::{From, Given};
use super::said::{nearest, shown};
use super::set::{Caps, Field};
use super::{Asked, Fault, FieldError, FieldErrors, FieldSet, Request, Step};
use crate::entity::{Column, Entity};
use crate::{Filter, Order};

/// More faults than anyone reads; so an answer is not much longer than its request.
const MOST_TOLD: usize = 32;

/// Reads a request and notes all that is wrong with it.
///
/// Once something is over a cap it is told and nothing is read any further: the work is bounded by the caps, not by what was
/// sent.
pub(super) struct Reader<'s, E: 'static> {
    pub(super) set: &'s FieldSet<E>,
    errors: Vec<FieldError>,
    /// Where it is just now.
    pub(super) place: Vec<Step>,
    pub(super) order: Vec<Order<E>>,
    sorted: Vec<&'static str>,
    terms: usize,
    bytes: usize,
    has_stopped: bool,
}

impl<'s, E: Entity> Reader<'s, E> {
    pub(super) fn new(set: &'s FieldSet<E>) -> Self {
        let (errors, place, order, sorted) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { set, errors, place, order, sorted, terms: 0, bytes: 0, has_stopped: false }
    }

    pub(super) fn read(mut self, request: &Request<'_>) -> Result<Asked<E>, FieldErrors> {
        let filter = match &request.0 {
            From::Pairs(pairs) => self.pairs(pairs),
            #[cfg(feature = "json")]
            From::Json(json) => self.json(json),
        };
        FieldErrors::of(self.errors)?;
        let order = if self.order.is_empty() { self.set.default_order() } else { self.order };
        Ok(Asked { filter, order })
    }

    pub(super) fn caps(&self) -> Caps {
        self.set.caps()
    }

    pub(super) fn has_stopped(&self) -> bool {
        self.has_stopped
    }

    /// At this step from where it is.
    pub(super) fn at<T>(&mut self, step: Step, then: impl FnOnce(&mut Self) -> T) -> T {
        self.place.push(step);
        let found = then(self);
        self.place.pop();
        found
    }

    pub(super) fn fault(&mut self, fault: Fault) {
        if self.has_stopped {
            return;
        }
        let is_last = self.errors.len() + 1 == MOST_TOLD;
        let (place, fault) =
            if is_last { (self.place[..1].to_vec(), Fault::More) } else { (self.place.clone(), fault) };
        self.has_stopped = is_last;
        self.errors.push(FieldError::new(place, fault));
    }

    /// Says that it is too much, and reads nothing any further.
    pub(super) fn stop(&mut self, fault: Fault) {
        self.fault(fault);
        self.has_stopped = true;
    }

    /// Counts what a name or value takes. `false` if that is too much by now.
    pub(super) fn take(&mut self, bytes: usize) -> bool {
        self.bytes = self.bytes.saturating_add(bytes);
        let most = self.caps().bytes;
        if self.bytes > most {
            self.stop(Fault::TooLong { most });
        }
        !self.has_stopped
    }

    /// Notes a field to sort by, as `-created`.
    pub(super) fn sort(&mut self, said: &str) {
        let (name, is_descending) = said.strip_prefix('-').map_or((said, false), |name| (name, true));
        let most = self.caps().sorts;
        if self.sorted.len() >= most {
            return self.stop(Fault::TooMany { what: "fields to sort by", most });
        }
        let Some(field) = self.field(name, Field::is_sorted) else { return };
        if self.sorted.contains(&field.name()) {
            return self.at(Step::name(field.name()), |reader| reader.fault(Fault::Twice));
        }
        self.sorted.push(field.name());
        self.order.extend(field.order(is_descending));
    }

    /// The field that a user names.
    pub(super) fn field(
        &mut self,
        name: &str,
        is_meant: impl Fn(&Field<E>) -> bool,
    ) -> Option<&'static Field<E>> {
        let set = self.set;
        match set.find(name, is_meant) {
            Ok(field) => Some(field),
            Err(allowed) => {
                let nearest = nearest(name, &allowed);
                self.at(Step::Name(shown(name)), |reader| {
                    reader.fault(Fault::UnknownField { allowed, nearest });
                });
                None
            }
        }
    }

    /// The operator that a user names.
    pub(super) fn operator(&mut self, field: &Field<E>, name: &str) -> Option<Comparison> {
        let found = field.comparisons.find(name);
        if found.is_none() {
            let allowed = field.comparisons.names();
            let nearest = nearest(name, &allowed);
            self.at(Step::Name(shown(name)), |reader| {
                reader.fault(Fault::UnknownOperator { allowed, nearest });
            });
        }
        found
    }

    /// A comparison of a field with values.
    pub(super) fn term(
        &mut self,
        field: &'static Field<E>,
        by: Comparison,
        given: &[Given<'_>],
    ) -> Option<Filter<'static, E>> {
        let caps = self.caps();
        self.terms += 1;
        if self.terms > caps.terms {
            self.stop(Fault::TooMany { what: "comparisons", most: caps.terms });
        } else if given.len() > caps.listed {
            self.stop(Fault::TooMany { what: "values", most: caps.listed });
        }
        let most = caps.value_bytes;
        if let Some(place) = given.iter().position(|given| given.length() > most) {
            self.at_value(by, place, Fault::TooLong { most });
            return None;
        }
        if self.has_stopped {
            return None;
        }
        match make(field, by, given) {
            Ok(filter) => Some(filter),
            Err((place, fault)) => {
                self.at_value(by, place, fault);
                None
            }
        }
    }

    /// Of a list that is at the place of the value.
    pub(super) fn at_value(&mut self, by: Comparison, place: usize, fault: Fault) {
        if by.is_of_many() {
            self.at(Step::Index(place), |reader| reader.fault(fault));
        } else {
            self.fault(fault);
        }
    }
}

fn make<E>(
    field: &'static Field<E>,
    by: Comparison,
    given: &[Given<'_>],
) -> Result<Filter<'static, E>, (usize, Fault)> {
    let one = given.first().copied();
    if by == Comparison::IsNull {
        let is_null = one.map_or_else(|| Ok(true), read::<bool>).map_err(|fault| (0, fault))?;
        let column = Column::<E, Option<bool>>::of(field.column);
        return Ok(if is_null { column.is_null() } else { column.is_not_null() });
    }
    match (field.compare, one) {
        (_, Some(part)) if by.is_of_part() => {
            let part = read::<String>(part).map_err(|fault| (0, fault))?;
            Ok(by.of_part(field.column, &part))
        }
        (Some(compare), _) => compare(field.column, by, given),
        (None, _) => Err((0, Fault::Malformed { expected: "a comparison" })),
    }
}

impl Given<'_> {
    /// Of a text or what is written as one; others are short, or no values.
    fn length(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            #[cfg(feature = "json")]
            Self::Json(json) => json.as_str().map_or(0, str::len),
        }
    }
}
