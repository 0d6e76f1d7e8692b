"""Avro as other programs write it: by Apache's own Python, in a registry's wire format."""

import io
import json
import struct

import avro.io
import avro.schema


def encode(schema, value):
    """A value's bytes by a schema that is parsed, or as it is written."""
    out = io.BytesIO()
    parsed = avro.schema.parse(schema if isinstance(schema, str) else json.dumps(schema))
    avro.io.DatumWriter(parsed).write(value, avro.io.BinaryEncoder(out))
    return out.getvalue()


def framed(schema_id, payload):
    """Behind the five bytes that name its schema."""
    return struct.pack(">bI", 0, schema_id) + payload
