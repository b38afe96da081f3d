//! JSON as an honest program writes it: each key once in its object, and no more values than a notebook can need.
//! Readers disagree about which of two equal keys counts, so a file with both could be two notebooks in one.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// So many values a notebook may hold; each needs some fifty bytes of memory, whatever it needs in the file.
const VALUES: u32 = 1_000_000;

/// Reads one JSON text; how deep it may be nested is limited by the reader itself.
pub(super) fn parse(text: &str) -> serde_json::Result<Value> {
    let left = Cell::new(VALUES);
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = Strict(&left).deserialize(&mut reader)?;
    reader.end()?;
    Ok(value)
}

/// Counts down the values that may still come.
#[derive(Clone, Copy)]
struct Strict<'a>(&'a Cell<u32>);

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, reader: D) -> Result<Value, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = list.next_element_seed(self)? {
            self.count()?;
            values.push(value);
        }
        Ok(values.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Value, A::Error> {
        let mut values = Map::new();
        while let Some(key) = object.next_key::<String>()? {
            if values.contains_key(&key) {
                let short: String = key.chars().take(40).collect();
                return Err(A::Error::custom(format_args!("the key `{short}` is there twice")));
            }
            self.count()?;
            values.insert(key, object.next_value_seed(self)?);
        }
        Ok(values.into())
    }
}

impl Strict<'_> {
    fn count<E: Error>(self) -> Result<(), E> {
        let left = self.0.get().checked_sub(1);
        self.0.set(left.ok_or_else(|| E::custom("more values than a notebook can need"))?);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn honest_json_is_read_as_ever() {
        let text = r#"{"a": [1, -2, 2.5, true, null, "é\u0000"], "b": {"a": {}}, "n": 18446744073709551615}"#;
        assert_eq!(parse(text).unwrap(), serde_json::from_str::<Value>(text).unwrap());
        assert!(parse("1 2").is_err());
    }

    #[test]
    fn equal_keys_depth_and_floods_of_values_are_refused() {
        let twice = parse(r#"{"a": {"b": 1, "c": 2, "b": 3}}"#).unwrap_err().to_string();
        assert!(twice.contains("`b` is there twice at line 1"), "{twice}");
        assert!(parse(r#"{"a": 1, "\u0061": 2}"#).is_err(), "also in another spelling");
        assert!(parse(&"[".repeat(100_000)).is_err());
        let flood = format!("[{}0]", "0,".repeat(1_000_001));
        assert!(parse(&flood).unwrap_err().to_string().contains("more values"));
    }
}
