"""What is known of a call is read by the versions before and after."""

from dataclasses import replace

import orjson

from knowledge.recollection import Exchange, Recollection, decode, encode

KNOWN = Recollection((Exchange(1.0, "Hola.", "Hello.", "en"),), "en", True, 1, 1.0)


def test_what_a_later_version_adds_is_left_out() -> None:
    record = orjson.loads(encode(KNOWN))
    record["mood"] = "cheerful"
    record["exchanges"][0]["mood"] = "cheerful"
    assert decode(orjson.dumps(record)) == KNOWN


def test_what_an_earlier_version_has_not_got_is_empty() -> None:
    record = orjson.loads(encode(KNOWN))
    del record["greeted"], record["turns"]
    assert decode(orjson.dumps(record)) == replace(KNOWN, greeted=False, turns=0)


def test_fields_of_which_an_earlier_version_knows_nothing_are_there_only_when_needed() -> None:
    first = {"version", "exchanges", "language", "greeted", "turns", "at"}
    assert set(orjson.loads(encode(KNOWN))) == first
    assert set(orjson.loads(encode(replace(KNOWN, asked="Who?")))) == first | {"asked"}
