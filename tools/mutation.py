"""Mutation testing: `make mutation`. Fails where a mutant survives that docs/security.md doesn't argue, or scores less.

What is mutated and which tests judge it stands in pyproject.toml. Always starts anew: mutmut keeps what it found for
functions that didn't change, though their tests may have.
"""

import re
import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MUTANTS = ROOT / "mutants"
ARGUMENTS = ROOT / "docs" / "security.md"
LEAST_PERCENT = 96
KILLED = {"killed", "timeout"}

Mutant = tuple[str, str]
"""A function, "attempts.flows.charge", and its changed line."""


def main() -> None:
    shutil.rmtree(MUTANTS, ignore_errors=True)
    run = _mutmut("run", "--max-children", "2")
    if run.returncode:
        sys.exit(f"{run.stdout.replace(chr(13), chr(10))[-4000:]}{run.stderr}\nmutation: mutmut failed")
    results = re.findall(r"^ +(\S+): (.+)$", _mutmut("results", "--all", "true").stdout, re.MULTILINE)
    survivors = [(mutant(name), status) for name, status in results if status not in KILLED]
    argued = arguments(ARGUMENTS.read_text())
    for module, (killed, total) in sorted(_by_module(results).items()):
        print(f"{module:32} {killed:4} of {total:4}")
    killed, total = len(results) - len(survivors), len(results)
    percent = 100 * killed / total if total else 0.0
    unargued = [f"{status}: {where}: {line}" for (where, line), status in survivors if (where, line) not in argued]
    gone = [f"argued and killed: {where}: {line}" for where, line in sorted(argued - {one for one, _ in survivors})]
    print(f"killed {killed} of {total} ({percent:.1f} %), survivors argued {len(survivors) - len(unargued)}")
    if percent < LEAST_PERCENT:
        unargued.append(f"less than {LEAST_PERCENT} % killed")
    if unargued or gone:
        sys.exit("\n".join(unargued + gone))


def mutant(name: str) -> Mutant:
    """The function and the changed line that mutmut's *name* stands for; a number alone changes with the code."""
    diff = _mutmut("show", name).stdout.splitlines()
    added = [line[1:].strip() for line in diff if line.startswith("+") and not line.startswith("+++")]
    removed = [line[1:].strip() for line in diff if line.startswith("-") and not line.startswith("---")]
    return _function(name), " ".join(added) or f"without: {' '.join(removed)}"


def arguments(document: str) -> set[Mutant]:
    """The mutants in the table of "Mutation testing": | `function` | `changed line` | why |."""
    section = document.split("\n## Mutation testing\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| `([^`]+)` \| `([^`]+)` \| [^|]+ \|$", section, re.MULTILINE)
    return {(function, line.replace("\\|", "|")) for function, line in rows}


def _function(name: str) -> str:
    """Of "webapp.core.sealing.xǁKeyringǁopen__mutmut_3" it is "sealing.Keyring.open"."""
    module, _, mangled = name.removeprefix("webapp.core.").rpartition(".")
    return f"{module}.{re.sub('__mutmut_[0-9]+$', '', mangled)[2:].replace('ǁ', '.')}"


def _by_module(results: list[tuple[str, str]]) -> dict[str, tuple[int, int]]:
    modules = defaultdict[str, list[bool]](list)
    for name, status in results:
        modules[name.removeprefix("webapp.core.").rpartition(".")[0]].append(status in KILLED)
    return {module: (sum(found), len(found)) for module, found in modules.items()}


def _mutmut(*args: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, "-m", "mutmut", *args], cwd=ROOT, capture_output=True, text=True)


if __name__ == "__main__":
    main()
