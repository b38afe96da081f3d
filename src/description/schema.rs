//! The JSON Schema of network descriptions, made from the same types that read and write them.
//! Where a type has a way of its own to be written, it is described here as it is written.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema, schema_for};

use super::{FORMAT, NetworkDescription};
use crate::units::Quantity;

/// A number as `evidence::float` writes it: JSON has no word for those that are not finite.
pub(super) struct Number;

impl JsonSchema for Number {
    fn schema_name() -> Cow<'static, str> {
        "Number".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A number; those that are not finite as words.",
            "anyOf": [{"type": "number"}, {"enum": ["nan", "inf", "-inf"]}],
        })
    }
}

impl JsonSchema for Quantity {
    fn schema_name() -> Cow<'static, str> {
        "Quantity".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A value and its unit: {\"value\": 10, \"unit\": \"ms\"}.",
            "type": "object",
            "properties": {
                "value": generator.subschema_for::<Number>(),
                "unit": {
                    "description": "A product of units and their powers, such as `mV`, `siemens/meter**2` or `1`.",
                    "type": "string",
                },
            },
            "required": ["value", "unit"],
            "additionalProperties": false,
        })
    }
}

impl NetworkDescription {
    /// The [JSON Schema](https://json-schema.org) of descriptions, draft 2020-12. Needs the feature `schema`.
    ///
    /// ```
    /// use spikelab::NetworkDescription;
    /// let schema = NetworkDescription::json_schema();
    /// assert_eq!(schema["properties"]["format"]["const"], "spikelab-network/1");
    /// assert!(schema["properties"]["script"]["description"].is_string());
    /// ```
    #[must_use]
    pub fn json_schema() -> serde_json::Value {
        let mut schema = schema_for!(Self).to_value();
        // The doc comments of the types speak Rust's language; these two lines speak the reader's.
        schema["title"] = "A spikelab network".into();
        schema["description"] = "What was built and what was done with it, in order.".into();
        schema["properties"]["format"]["const"] = FORMAT.into();
        schema
    }
}
