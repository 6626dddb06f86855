//! Closed vocabularies.

/// Declares an enumeration whose variants are the words that families write and databases keep.
///
/// It gets `ALL`, `WORDS`, `as_str`, `parse` (whatever the case), `Serialize` and `Deserialize` (as its word), and lists compare it by its word.
#[macro_export]
macro_rules! words {
    (
        $(#[$doc:meta])*
        pub enum $name:ident {
            $($(#[$word_doc:meta])* $word:ident,)+
        }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name {
            $($(#[$word_doc])* $word,)+
        }

        impl $name {
            /// Every value, in order.
            pub const ALL: &'static [Self] = &[$(Self::$word),+];
            /// Every word, in order.
            pub const WORDS: &'static [&'static str] = &[$(stringify!($word)),+];

            /// The word.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$word => stringify!($word),)+
                }
            }

            /// Reads the word, whatever its case.
            ///
            /// # Errors
            /// [`Problem::Choice`]($crate::error::Problem::Choice) with every word.
            pub fn parse(text: &str) -> Result<Self, $crate::error::Problem> {
                let wanted = text.trim();
                let found = Self::ALL.iter().copied().find(|value| value.as_str().eq_ignore_ascii_case(wanted));
                found.ok_or_else(|| $crate::error::Problem::Choice {
                    allowed: Self::WORDS.iter().map(|word| (*word).to_owned()).collect(),
                })
            }
        }

        impl $crate::query::IntoValue for $name {
            fn into_value(self) -> Option<$crate::query::Value> {
                self.as_str().into_value()
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let word = <String as serde::Deserialize>::deserialize(deserializer)?;
                Self::parse(&word).map_err(serde::de::Error::custom)
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use crate::error::Problem;

    words! {
        /// Two words.
        pub enum Side {
            /// One.
            Left,
            /// The other.
            RightHand,
        }
    }

    #[test]
    fn a_word_reads_back_whatever_its_case_and_others_are_told_the_choice() {
        for side in Side::ALL {
            assert_eq!(Side::parse(side.as_str()), Ok(*side));
        }
        assert_eq!(Side::parse(" righthand "), Ok(Side::RightHand));
        assert_eq!(serde_json::to_value(Side::RightHand).unwrap(), "RightHand");
        assert_eq!(serde_json::from_str::<Side>("\"RightHand\"").unwrap(), Side::RightHand);
        assert!(serde_json::from_str::<Side>("\"Up\"").is_err());
        let allowed = Side::WORDS.iter().map(|word| (*word).to_owned()).collect();
        assert_eq!(Side::parse("right hand"), Err(Problem::Choice { allowed }));
    }
}
