"""Time-based one-time passwords: RFC 6238 over RFC 4226 with SHA-1, six digits, 30 seconds, 160-bit secrets.

These parameters and no others: authenticator apps ignore or mistake the rest in silence. Decides which time step
a code belongs to; what was used before is told by the caller, and the flow stores the step.
"""

import base64
import hmac
import re
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from pyotp import TOTP

STEP_S = 30
SECRET_BYTES = 20
WINDOW = 1
"""Steps accepted either side of now: 90 seconds in all, for drift both ways and typing (docs/security.md)."""

CLOCK_HINT_STEPS = 10
"""How far a wrong code is looked for, to say that the phone's clock is off: five minutes."""

MOST_PER_PERSON = 2
MAX_NAME_LENGTH = 40
FIRST_NAME = "Authenticator app"
"""What the app is called that switches two-factor authentication on, until its owner names it."""

REMEMBERED_STEPS = CLOCK_HINT_STEPS + 1 + WINDOW
"""So many accepted steps are kept, the newest: as many as there are steps whose code is still looked for."""


@dataclass(frozen=True, slots=True)
class Match:
    """The code is right, for time step *step*, which must be stored so that it is never accepted again."""

    step: int


@dataclass(frozen=True, slots=True)
class Replay:
    """The code was accepted before, or is right but a later one was. *seconds* until the next step."""

    seconds: int


@dataclass(frozen=True, slots=True)
class ClockOff:
    """The code would be right *minutes* ago (behind), or in that time (ahead, told at set-up only)."""

    minutes: int
    is_behind: bool


@dataclass(frozen=True, slots=True)
class Wrong:
    """No step near now has this code."""


Verdict = Match | Replay | ClockOff | Wrong

_BEST_FIRST = (Match, Replay, ClockOff, Wrong)


def new_secret() -> bytes:
    """20 bytes from the operating system (RFC 4226 §4 R6: 160 bits recommended)."""
    return secrets.token_bytes(SECRET_BYTES)


def step_at(now_s: float) -> int:
    """RFC 6238 §4.2: whole steps since 1970."""
    return int(now_s // STEP_S)


def seconds_to_next_step(now_s: float) -> int:
    """Whole seconds, 1 to 30, until an app shows another code."""
    return int(STEP_S - now_s % STEP_S) or 1


def judge(
    secret: bytes,
    code: str,
    now_s: float,
    *,
    last_step: int,
    accepted_steps: Collection[int] = (),
    tells_ahead: bool = False,
) -> Verdict:
    """What *code* is worth at *now_s* for an authenticator whose last accepted step is *last_step*.

    *secret* 20 raw bytes, not base32; *code* six ASCII digits, already stripped. Every step within the clock hint
    is tried, in constant time, whatever matches: the time taken says nothing. A future step is looked at only
    where *tells_ahead*: at log-in, naming one would hand a guesser a code that is about to become valid.
    RFC 6238 §5.2: a step is accepted once, and none before it after it. *accepted_steps* before the last one tell a
    code that was used minutes ago, a replay, from one that a slow phone shows for the first time.
    """
    now_step = step_at(now_s)
    ahead = CLOCK_HINT_STEPS if tells_ahead else WINDOW
    matching = [
        step for step in range(now_step - CLOCK_HINT_STEPS, now_step + ahead + 1) if _is_code(secret, step, code)
    ]
    near = [step for step in matching if abs(step - now_step) <= WINDOW]
    if any(step > last_step for step in near):
        return Match(max(near))
    if near or not {last_step, *accepted_steps}.isdisjoint(matching):
        return Replay(seconds_to_next_step(now_s))
    if matching:
        off = matching[-1] - now_step
        return ClockOff(minutes=max(1, round(abs(off) * STEP_S / 60)), is_behind=off < 0)
    return Wrong()


def best(verdicts: Sequence[Verdict]) -> Verdict:
    """What a code is worth that several authenticators have judged; Wrong where there was none."""
    return min(verdicts, key=lambda verdict: _BEST_FIRST.index(type(verdict)), default=Wrong())


def remembered(accepted_steps: Sequence[int], step: int) -> list[int]:
    """The accepted steps to keep once *step* is one too; ascending, as they are accepted."""
    return [*accepted_steps, step][-REMEMBERED_STEPS:]


def code_at(secret: bytes, step: int) -> str:
    """The six digits of *step* (RFC 4226 §5.3)."""
    return TOTP(base32(secret), digits=6, interval=STEP_S).generate_otp(step)


def base32(secret: bytes) -> str:
    """*secret* as apps take it: upper-case base32, no padding needed for 20 bytes."""
    return base64.b32encode(secret).decode()


def is_code(text: str) -> bool:
    """Six ASCII digits and nothing else: a digit class would take other scripts', and so does pyotp (D-87)."""
    return re.fullmatch("[0-9]{6}", text) is not None


def provisioning_uri(secret: bytes, *, issuer: str, account: str) -> str:
    """The otpauth address that authenticator apps scan (Key Uri Format).

    Issuer in both places, everything percent-encoded by ourselves: spaces as %20, and no bare "/" or ":" that an
    app could take for a separator. SHA-1, 6 digits and 30 seconds are the defaults and are said for strict apps.
    """
    label = f"{quote(issuer, safe='')}:{quote(account, safe='')}"
    query = f"secret={base32(secret)}&issuer={quote(issuer, safe='')}&algorithm=SHA1&digits=6&period={STEP_S}"
    return f"otpauth://totp/{label}?{query}"


def _is_code(secret: bytes, step: int, code: str) -> bool:
    return step >= 0 and hmac.compare_digest(code_at(secret, step).encode(), code.encode("utf-8", "replace"))
