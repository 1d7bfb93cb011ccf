"""Check digits: identity numbers of persons (GB 11643-1999) and unified credit codes of bodies (GB 32100-2015). Pure."""

from __future__ import annotations

import hashlib
import re
from datetime import date

from netops.core.language import N_

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECKS = "10X98765432"
PROVINCES = frozenset(
    (11, 12, 13, 14, 15, 21, 22, 23, 31, 32, 33, 34, 35, 36, 37, 41, 42, 43, 44, 45, 46, 50, 51, 52, 53, 54, 61, 62, 63, 64, 65,
     71, 81, 82, 83)
)  # fmt: skip
"""Places of registration (GB/T 2260), and 83 for residents of Taiwan."""
CODE = "0123456789ABCDEFGHJKLMNPQRTUWXY"
KEPT = re.compile(r"\*{14}\d{3}[\dX]#[0-9a-f]{8}")
"""What `kept` gives."""


def why_no_identity(text: str) -> str:
    """Why *text* is no identity number, as an English message id without places; "" when it is one."""
    if not re.fullmatch(r"\d{17}[\dXx]", text):
        return N_("an identity number has 18 digits, the last of which may be X")
    if int(text[:2]) not in PROVINCES:
        return N_("no place of registration begins so")
    try:
        born = date(int(text[6:10]), int(text[10:12]), int(text[12:14]))
    except ValueError:
        return N_("its digits 7 to 14 are no day of birth")
    if born.year < 1880:
        return N_("its digits 7 to 14 are no day of birth")
    if check_digit(text[:17]) != text[17].upper():
        return N_("its check digit is wrong (GB 11643): a digit was mistyped")
    return ""


def check_digit(first: str) -> str:
    """The eighteenth digit that belongs to the first seventeen (GB 11643-1999, ISO 7064 MOD 11-2)."""
    return CHECKS[sum(int(digit) * weight for digit, weight in zip(first, WEIGHTS, strict=True)) % 11]


def kept(number: str) -> str:
    """
    What is kept of an identity number: its last four digits and eight hex digits of a hash.

    Thirty-two bits tell namesakes of an office apart, and too many numbers share them to be found again by trying.
    """
    return f"{'*' * 14}{number[-4:].upper()}#{fingerprint(number)}"


def fingerprint(number: str) -> str:
    """Eight hex digits by which the same number is known again, and no number can be found."""
    return hashlib.sha256(number.upper().encode()).hexdigest()[:8]


def is_credit_code(text: str) -> bool:
    """Whether it is a unified social credit code with the right check character (GB 32100-2015)."""
    if len(text) != 18 or any(char not in CODE for char in text):
        return False
    total = sum(CODE.index(char) * pow(3, place, 31) for place, char in enumerate(text[:17]))
    return CODE[(31 - total % 31) % 31] == text[17]
