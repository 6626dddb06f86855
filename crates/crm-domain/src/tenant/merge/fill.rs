//! Which of a record's fields are filled from another record that became it.

use crate::{field::Text, id::AccountId};

/// Fields that can be filled from those of another record.
pub trait Fillable: Clone {
    /// Takes over what is missing here and known there. Fields that are one value together, such as the parts of a name or of an address,
    /// are taken over only where no part contradicts what is known here: nothing is pieced together of two people or two places.
    fn fill(&mut self, from: &Self);
    /// Empties a field that can be filled, snake case, unless it must not be empty.
    fn empty(&mut self, field: &str);
}

/// What is one value together with other fields.
pub(crate) trait Part {
    /// Whether the two say the same; texts, whatever their case.
    fn is_same(&self, other: &Self) -> bool;
}

impl<const MAX: usize> Part for Text<MAX> {
    fn is_same(&self, other: &Self) -> bool {
        self.to_lowercase() == other.to_lowercase()
    }
}

impl Part for AccountId {
    fn is_same(&self, other: &Self) -> bool {
        self == other
    }
}

/// Whether two values of a field cannot be the same: both are known and differ.
pub(crate) fn contradict<P: Part>(one: &Option<P>, other: &Option<P>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => !one.is_same(other),
        (None, _) | (_, None) => false,
    }
}

/// Names the optional fields that a merge fills: those that stand `alone`, and those that are one value `together`. Of `one_of`, one must
/// not be empty. `settle` hears what was filled or emptied, with the fields as they were and which one was emptied, and puts in order what
/// follows from it.
macro_rules! fillable {
    ($fields:ty {
        alone: $($alone:ident),+;
        $(together: $($part:ident),+;)*
        $(one_of: $($one:ident),+;)?
        $(settle: $settle:path;)?
    }) => {
        impl $crate::tenant::merge::Fillable for $fields {
            fn fill(&mut self, from: &Self) {
                let before = self.clone();
                $(if self.$alone.is_none() {
                    self.$alone.clone_from(&from.$alone);
                })+
                $(if !($($crate::tenant::merge::contradict(&self.$part, &from.$part))||+) {
                    $(if self.$part.is_none() {
                        self.$part.clone_from(&from.$part);
                    })+
                })*
                $($settle(self, &before, None);)?
                drop(before);
            }

            fn empty(&mut self, field: &str) {
                let mut emptied = self.clone();
                match field {
                    $(stringify!($alone) => emptied.$alone = None,)+
                    $($(stringify!($part) => emptied.$part = None,)+)*
                    _ => return,
                }
                $(if $(emptied.$one.is_none())&&+ {
                    return;
                })?
                $($settle(&mut emptied, self, Some(field));)?
                *self = emptied;
            }
        }
    };
}
pub(crate) use fillable;

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Clone, Default, PartialEq)]
    struct Person {
        first: Option<Text<9>>,
        last: Option<Text<9>>,
        city: Option<Text<9>>,
        age: Option<i64>,
    }

    fillable! {
        Person {
            alone: age;
            together: first, last;
            together: city;
            one_of: first, last;
        }
    }

    fn person(first: &str, last: &str, city: &str, age: Option<i64>) -> Person {
        let text = |value: &str| Text::parse(value).ok();
        Person {
            first: text(first),
            last: text(last),
            city: text(city),
            age,
        }
    }

    fn filled(mut one: Person, other: &Person) -> Person {
        one.fill(other);
        one
    }

    #[test]
    fn what_is_missing_is_filled_and_what_is_known_stays() {
        let one = person("", "Byron", "", Some(36));
        assert_eq!(
            filled(one, &person("Ada", "BYRON", "London", Some(40))),
            person("Ada", "Byron", "London", Some(36))
        );
    }

    #[test]
    fn no_name_is_made_of_two_peoples() {
        let one = person("", "Byron", "", None);
        assert_eq!(
            filled(one, &person("Charles", "Babbage", "London", Some(40))),
            person("", "Byron", "London", Some(40))
        );
    }

    #[test]
    fn what_was_filled_is_emptied_unless_it_must_not_be() {
        let mut one = person("Ada", "Byron", "", Some(36));
        for field in ["age", "first", "last", "city", "unknown"] {
            one.empty(field);
        }
        assert_eq!(one, person("", "Byron", "", None));
    }
}
