"""The rules of ELAN's annotation format 3.0, as far as ferpipe writes it.

The schema EAFv3.0.xsd is in no package that can be installed, so these are its rules in words of our own:
which elements stand in which, in which order and how often, which attributes they must and may have, of
which type, and which names must be unique or refer to something that is there ("EAF Annotation Format 3.0
and ELAN", Max Planck Institute for Psycholinguistics, 2017).
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from typing import NamedTuple

ONE, ANY = (1, 1), (0, None)

Check = Callable[[str], object]


def _word(text: str) -> object:
    return re.fullmatch(r"[^\W\d][\w.-]*", text)


def _date(text: str) -> object:
    return re.fullmatch(r"-?\d{4,}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?", text)


def _unsigned(text: str) -> object:
    return re.fullmatch(r"\d+", text) and int(text) < 2**32


def _address(text: str) -> object:
    """An anyURI, which XML Schema 1.1 takes from any text; ELAN writes names in it as they are."""
    return text != "" and text.isprintable()


def _truth(text: str) -> object:
    return text in {"true", "false", "0", "1"}


def _string(text: str) -> object:
    return text.isprintable()


def _units(text: str) -> object:
    return text in {"NTSC-frames", "PAL-frames", "milliseconds"}


class Rule(NamedTuple):
    """children: (tag, least, most) in their order.  must, may: attributes with the check of each."""

    children: list[tuple[str, tuple[int, int | None]]]
    must: dict[str, Check]
    may: dict[str, Check]
    text: bool = False


_LANGUAGE: dict[str, Check] = {"EXT_REF": _word, "LANG_REF": _word}

RULES = {
    "ANNOTATION_DOCUMENT": Rule(
        [
            ("LICENSE", ANY),
            ("HEADER", ONE),
            ("TIME_ORDER", ONE),
            ("TIER", ANY),
            ("LINGUISTIC_TYPE", ANY),
            ("LOCALE", ANY),
            ("LANGUAGE", ANY),
            ("CONSTRAINT", ANY),
            ("CONTROLLED_VOCABULARY", ANY),
            ("LEXICON_REF", ANY),
            ("REF_LINK_SET", ANY),
            ("EXTERNAL_REF", ANY),
        ],
        {"DATE": _date, "AUTHOR": _string, "VERSION": _string},
        {
            "FORMAT": _string,
            "{http://www.w3.org/2001/XMLSchema-instance}noNamespaceSchemaLocation": _address,
        },
    ),
    "HEADER": Rule(
        [("MEDIA_DESCRIPTOR", ANY), ("LINKED_FILE_DESCRIPTOR", ANY), ("PROPERTY", ANY)],
        {},
        {"MEDIA_FILE": _string, "TIME_UNITS": _units},
    ),
    "MEDIA_DESCRIPTOR": Rule(
        [],
        {"MEDIA_URL": _address, "MIME_TYPE": _string},
        {"RELATIVE_MEDIA_URL": _address, "TIME_ORIGIN": _unsigned, "EXTRACTED_FROM": _address},
    ),
    "LINKED_FILE_DESCRIPTOR": Rule(
        [],
        {"LINK_URL": _address, "MIME_TYPE": _string},
        {"RELATIVE_LINK_URL": _address, "TIME_ORIGIN": _unsigned, "ASSOCIATED_WITH": _address},
    ),
    "PROPERTY": Rule([], {}, {"NAME": _string}, text=True),
    "TIME_ORDER": Rule([("TIME_SLOT", ANY)], {}, {}),
    "TIME_SLOT": Rule([], {"TIME_SLOT_ID": _word}, {"TIME_VALUE": _unsigned}),
    "TIER": Rule(
        [("ANNOTATION", ANY)],
        {"TIER_ID": _string, "LINGUISTIC_TYPE_REF": _string},
        {
            "PARTICIPANT": _string,
            "ANNOTATOR": _string,
            "DEFAULT_LOCALE": _word,
            "PARENT_REF": _string,
            **_LANGUAGE,
        },
    ),
    "ANNOTATION": Rule([("ALIGNABLE_ANNOTATION", ONE)], {}, {}),
    "ALIGNABLE_ANNOTATION": Rule(
        [("ANNOTATION_VALUE", ONE)],
        {"ANNOTATION_ID": _word, "TIME_SLOT_REF1": _word, "TIME_SLOT_REF2": _word},
        {"SVG_REF": _string, "CVE_REF": _string, **_LANGUAGE},
    ),
    "ANNOTATION_VALUE": Rule([], {}, {}, text=True),
    "LINGUISTIC_TYPE": Rule(
        [],
        {"LINGUISTIC_TYPE_ID": _string},
        {
            "TIME_ALIGNABLE": _truth,
            "CONSTRAINTS": _string,
            "GRAPHIC_REFERENCES": _truth,
            "CONTROLLED_VOCABULARY_REF": _string,
            "EXT_REF": _word,
            "LEXICON_REF": _word,
        },
    ),
}


def faults(root: ET.Element) -> list[str]:
    """Everything in which a document breaks the rules; empty where it is valid."""
    return [*_structure(root), *_references(root)]


def _structure(element: ET.Element) -> Iterator[str]:
    rule = RULES.get(element.tag)
    if rule is None:
        yield f"{element.tag} is no element that ferpipe should write"
        return
    for name, check in rule.must.items():
        if name not in element.attrib:
            yield f"{element.tag} lacks {name}"
        elif not check(element.attrib[name]):
            yield f"{element.tag} {name}={element.attrib[name]!r}"
    for name, value in element.attrib.items():
        if name not in rule.must and name not in rule.may:
            yield f"{element.tag} may not have {name}"
        elif name in rule.may and not rule.may[name](value):
            yield f"{element.tag} {name}={value!r}"
    if not rule.text and (element.text or "").strip():
        yield f"{element.tag} may not have text"
    order = [tag for tag, _ in rule.children]
    tags = [child.tag for child in element]
    if tags != sorted(tags, key=lambda tag: order.index(tag) if tag in order else -1):
        yield f"{element.tag} has its elements in the wrong order: {tags}"
    for tag, (least, most) in rule.children:
        if tags.count(tag) < least or (most is not None and tags.count(tag) > most):
            yield f"{element.tag} has {tags.count(tag)} {tag}"
    for child in element:
        if child.tag not in order:
            yield f"{element.tag} may not contain {child.tag}"
        yield from _structure(child)


def _references(root: ET.Element) -> Iterator[str]:
    ids = [
        each
        for tag, name in (("TIME_SLOT", "TIME_SLOT_ID"), ("ALIGNABLE_ANNOTATION", "ANNOTATION_ID"))
        for each in _all(root, tag, name)
    ]
    tiers, types = _all(root, "TIER", "TIER_ID"), _all(root, "LINGUISTIC_TYPE", "LINGUISTIC_TYPE_ID")
    for names in (ids, tiers, types):
        yield from (f"{name!r} is there twice" for name in set(names) if names.count(name) > 1)
    slots = {each.get("TIME_SLOT_ID"): int(each.get("TIME_VALUE", -1)) for each in root.iter("TIME_SLOT")}
    if list(slots.values()) != sorted(slots.values()):
        yield "the time slots are not in the order of time"
    for each in root.iter("TIER"):
        if each.get("LINGUISTIC_TYPE_REF") not in types:
            yield f"tier {each.get('TIER_ID')!r} is of a type that is not there"
        last = 0
        for annotation in each.iter("ALIGNABLE_ANNOTATION"):
            start, end = (slots.get(annotation.get(f"TIME_SLOT_REF{n}"), -1) for n in (1, 2))
            if not last <= start < end:
                yield f"{annotation.get('ANNOTATION_ID')} lies from {start} to {end}, after one up to {last}"
            last = end


def _all(root: ET.Element, tag: str, name: str) -> list[str]:
    return [each.get(name, "") for each in root.iter(tag)]
