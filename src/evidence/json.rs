//! JSON as evidence needs it: of bounded length, and with words for infinities and for what is no number.
//! One module for a number, one for a list, for serde's `with`.

use std::io::Write;

use serde::Serialize;

/// JSON of at most so many bytes. All JSON is written here: each further kind of writer would be compiled again for
/// everything that can be written.
pub(crate) fn bounded_json(value: &impl Serialize, most: usize) -> Option<String> {
    struct Bounded(Vec<u8>, usize);
    impl Write for Bounded {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            if self.0.len() + bytes.len() > self.1 {
                return Err(std::io::Error::other("too long"));
            }
            self.0.extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut out = Bounded(Vec::new(), most);
    serde_json::to_writer(&mut out, value).ok()?;
    String::from_utf8(out.0).ok()
}

/// A float as a JSON number, or as one of the words nan, inf, -inf.
pub(crate) mod float {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    #[serde(untagged)]
    pub(super) enum Float {
        Number(f64),
        Word(String),
    }

    impl From<f64> for Float {
        fn from(x: f64) -> Self {
            if x.is_finite() {
                Self::Number(x)
            } else if x.is_nan() {
                Self::Word("nan".into())
            } else if x > 0.0 {
                Self::Word("inf".into())
            } else {
                Self::Word("-inf".into())
            }
        }
    }

    impl Float {
        pub(super) fn value<E: serde::de::Error>(self) -> Result<f64, E> {
            match self {
                Self::Number(x) => Ok(x),
                Self::Word(w) => match w.as_str() {
                    "nan" => Ok(f64::NAN),
                    "inf" => Ok(f64::INFINITY),
                    "-inf" => Ok(f64::NEG_INFINITY),
                    _ => Err(E::custom(format!("`{w}` is no number; expected nan, inf or -inf"))),
                },
            }
        }
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for this signature")]
    pub(crate) fn serialize<S: Serializer>(x: &f64, s: S) -> Result<S::Ok, S::Error> {
        Float::from(*x).serialize(s)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<f64, D::Error> {
        Float::deserialize(d)?.value()
    }
}

/// A list of floats, each as in [`float`].
pub(crate) mod floats {
    use super::float::Float;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(xs: &[f64], s: S) -> Result<S::Ok, S::Error> {
        s.collect_seq(xs.iter().map(|&x| Float::from(x)))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<f64>, D::Error> {
        Vec::<Float>::deserialize(d)?.into_iter().map(Float::value).collect()
    }
}
