"""Remove credentials from text: of an address only what is known to be harmless is shown.

What may hold a secret cannot be listed: every camera and every service has names of its own for its
password.  So the parts that cannot are listed, and everything else becomes `***`.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

__all__ = ["hide", "redact"]

_HIDDEN = "***"

_ADDRESS = re.compile(
    r"(?P<scheme>\b[a-zA-Z][a-zA-Z0-9+.-]{1,30}:/{1,2})"
    # A password may hold every character; behind it, a quote or bracket ends the address.
    r"(?P<rest>(?:\S{0,200}@)?(?:[^\s'\"<>]|['\"<>](?=[\w@%=&/-]))+)"
    # `user:password@host` without a scheme; `C:/films/a@b.mp4` is a file.
    r"|(?<![\w.%+~-])[\w.%+~-]{0,64}:(?![/\\])[^\s'\"<>]{1,200}@(?=[\w\[])"
)
"""`//` may have become `/`: that is what `pathlib` makes of a URL.  Scheme and password are bounded,
since a text that might hold one anywhere would take a time that grows with its square."""

_NAMED = re.compile(
    r"(?P<name>(?<![\w-])[\w-]{0,30}?"
    r"(?:pass(?:wor[dt]|wd|phrase|code)?|pwd|loginpas|token|secret|auth|jwt|credentials?|signature|sig"
    r"|playpath|streamid|conn|(?:api|access|session|stream|private|secret)[_-]?key|key)"
    r"(?:[_-][\w-]{0,30}|id|code)?=)[^&;\s'\"]+",
    re.IGNORECASE,
)
"""Secrets outside of an address: the part of one that a library quotes, or an option of a protocol."""

_HEADER = re.compile(
    r"(?P<name>\b(?:proxy-)?authorization[\"']?\s{0,3}:\s{0,3}[\"']?(?:(?:basic|bearer|digest)\s{1,3})?)[^\s'\"]+",
    re.IGNORECASE,
)
"""The credentials that a request has in its head."""

_TRAILING = ")]}.,;:!?"
_PORT = re.compile(r"\d{1,5}")
_KEY = re.compile(r"[A-Za-z][\w.-]{0,31}")
_VALUE = re.compile(r"[\w.,:+-]{0,24}")
_TOKEN = re.compile(r"(?=[^A-Z]*[A-Z])(?=[^a-z]*[a-z])(?=[^0-9]*[0-9])[\w-]{16,}")
"""What cameras and relays use as a secret path: sixteen or more letters of both cases, with digits."""

_HARMLESS = re.compile(
    r"action|ams|audio|begin|bitrate|buffer_size|cam|camera|ch|channel|channels|codec|compression|"
    r"date|duration|enablesrtp|end|endtime|ffs|fifo_size|filter|fmt|format|fps|framerate|from|h|"
    r"height|inputbw|inst|latency|linger|listen|live|localaddr|localport|loop|maxbw|mode|mss|"
    r"multicast|nodelay|oheadbw|overrun_nonfatal|peerlatency|pkt_size|play_count|port|profile|proto|"
    r"protocol|q|quality|rcvlatency|res|resolution|reuse|rtsp_transport|rw_timeout|size|smoother|"
    r"speed|start|starttime|stimeout|stream|streamprofile|streamtype|subtype|t|tcp|timeout|tlpktdrop|"
    r"to|trackid|transport|transtype|ttl|tune|type|udp|unicast|user|username|usr|v|video|videocodec|w|"
    r"width",
    re.IGNORECASE,
)
"""Keys of a query whose values are shown."""


_SHORTEST = 4
_secrets: set[str] = set()


def hide(secret: str) -> None:
    """Have `redact` hide this text too, wherever it stands; one of a few characters would hide too much."""
    if len(secret) >= _SHORTEST:
        _secrets.add(secret)


def redact(text: str) -> str:
    """Remove the credentials of every address in `text`, and what `hide` was given.

    Of an address, its scheme, host, port and path stay, and of its query and fragment the keys that
    are known to hold no secret; users, passwords, stream keys and everything unknown become `***`.
    Use it on everything that leaves the process: logs, errors, timelines, traces.
    """
    for secret in sorted(_secrets, key=len, reverse=True):
        text = text.replace(secret, _HIDDEN)
    shown = rf"\g<name>{_HIDDEN}"
    return _HEADER.sub(shown, _NAMED.sub(shown, _ADDRESS.sub(_shown, text)))


def _shown(match: re.Match[str]) -> str:
    scheme, rest = match["scheme"], match["rest"]
    if scheme is None:
        return f"{_HIDDEN}@"
    if scheme.lower().startswith("file:"):  # a local file, in whose name every character is allowed
        return match[0]
    body = rest.rstrip(_TRAILING)
    shown = scheme + _without_credentials(scheme, body)
    # Punctuation behind a hidden value may be its end.
    return shown if shown.endswith(_HIDDEN) else shown + rest[len(body) :]


def _without_credentials(scheme: str, body: str) -> str:
    end = _first_of(body, "/?#")
    authority, host_end = body[:end], end
    at = body.rfind("@")
    bare = authority[authority.rfind("]") + 1 :]  # without the colons of an IPv6 address
    if at >= 0 and ("@" in authority or ":" in bare or _in_a_segment(body, at)):
        # A password may hold every character, slashes and at signs included.
        end = at + 1 + _first_of(body[at + 1 :], "/?#")
        authority, host_end = body[at + 1 : end], end
        bare = authority[authority.rfind("]") + 1 :]
        user = f"{_HIDDEN}@"
    else:
        user = ""
    _, colon, port = bare.rpartition(":")
    if colon and not _PORT.fullmatch(port):  # a password whose end was cut off
        authority = _HIDDEN
    return user + authority + _path_and_query(scheme, body[host_end:])


def _first_of(text: str, characters: str) -> int:
    return min((found for one in characters if (found := text.find(one)) >= 0), default=len(text))


def _in_a_segment(body: str, at: int) -> bool:
    """Whether an at sign stands within a segment of the path, where it may end a user's name."""
    query = _first_of(body, "?#")
    return at < query and body[at - 1 : at] not in {"", "/"}


def _path_and_query(scheme: str, text: str) -> str:
    end = _first_of(text, "?#")
    path, query = text[:end], text[end:]
    segments = path.split("/")
    if scheme.lower().startswith("rtmp"):
        # /application/stream-key, which whoever knows it can send to.
        segments = segments[:2] + [_HIDDEN if part else part for part in segments[2:]]
    shown = "/".join(_segment(part) for part in segments)
    for mark, pairs in re.findall(r"([?#])([^?#]*)", query):
        shown += mark + _pairs(pairs)
    return shown


def _segment(text: str) -> str:
    if "=" in text:
        return _pairs(text)
    head, _, _ = text.partition(".")
    plain = unquote(text)
    return _HIDDEN if ":" in plain or "=" in plain or _TOKEN.fullmatch(head) else text


def _pairs(text: str) -> str:
    parts = re.split(r"([&;])", text)
    return "".join(part if part in {"&", ";"} else _pair(part) for part in parts)


def _pair(text: str) -> str:
    key, equals, value = text.partition("=")
    named_user = ":" in value and key.lower().startswith("us")  # with the password behind it
    if _HARMLESS.fullmatch(key) and _VALUE.fullmatch(value) and not named_user:
        return text
    if not text:
        return text
    # Behind a key of its own there is a value; `dG9rZW4=` is a secret of its own.
    named = equals and value.strip("=") and _KEY.fullmatch(key) and not _TOKEN.fullmatch(key)
    return f"{key}={_HIDDEN}" if named else _HIDDEN
