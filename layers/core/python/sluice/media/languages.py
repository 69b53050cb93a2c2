"""Language tags of media files (ISO 639-2, three letters) as players want them (BCP 47, the shortest code)."""

import re
from typing import NamedTuple

_CODE = re.compile(r"[a-z]{2,3}")


class Language(NamedTuple):
    tag: str | None
    label: str  # for people, in English


UNKNOWN = Language(None, "Audio")

# Three letters, both forms where ISO 639-2 has two, the two of ISO 639-1, and the name.
_KNOWN = """
ara ar Arabic|ben bn Bengali|bul bg Bulgarian|cat ca Catalan|ces cs Czech|chi zh Chinese|cze cs Czech|dan da Danish
deu de German|dut nl Dutch|ell el Greek|eng en English|est et Estonian|fas fa Persian|fin fi Finnish|fra fr French
fre fr French|ger de German|gre el Greek|heb he Hebrew|hin hi Hindi|hrv hr Croatian|hun hu Hungarian|ind id Indonesian
ita it Italian|jpn ja Japanese|kor ko Korean|lav lv Latvian|lit lt Lithuanian|may ms Malay|msa ms Malay|nld nl Dutch
nob nb Norwegian|nor no Norwegian|per fa Persian|pol pl Polish|por pt Portuguese|ron ro Romanian|rum ro Romanian
rus ru Russian|slk sk Slovak|slo sk Slovak|slv sl Slovenian|spa es Spanish|srp sr Serbian|swe sv Swedish|tam ta Tamil
tel te Telugu|tha th Thai|tur tr Turkish|ukr uk Ukrainian|urd ur Urdu|vie vi Vietnamese|zho zh Chinese
"""
_BY_CODE = {
    code: Language(two, name)
    for three, two, name in (entry.split() for line in _KNOWN.split("\n") for entry in line.split("|") if entry)
    for code in (three, two)
}


def language_of(tag: str | None) -> Language:
    """Of a tag such as `eng`, `en` or `en-GB`; whatever is no language code is unknown."""
    code = (tag or "").strip().lower().replace("_", "-").split("-")[0]
    if code in _BY_CODE:
        return _BY_CODE[code]
    if code in ("", "und", "mis", "mul", "zxx") or not _CODE.fullmatch(code):
        return UNKNOWN
    return Language(code, code)
