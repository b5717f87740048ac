"""Makes hostile files, reads each of them with the command line, and looks at how that ends.

    uv run python tools/hostile_files.py --n 200 --seed 1

A file may be read or refused. What must not be: a traceback or a fault of the program, more than 1 GB of memory, more
than a minute, more than one line of an error, a result beside an error, or a signal that ends the process. Each file is
read in a process of its own, which is forked before any data-frame library is loaded, but after the library itself. A
sample runs with the tests.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import signal
import sys
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

MOST_MEMORY, MOST_SECONDS = 1_000_000_000, 60
HEADER = "patient_id,date,peg_pain,peg_enjoyment,peg_activity\n"
ROW = "P01,2026-01-05,5,6,4\n"


@dataclass(frozen=True)
class End:
    """How reading one file ended."""

    name: str
    code: int
    seconds: float
    memory: int
    out: str
    err: str
    saved: bool

    @property
    def faults(self) -> list[str]:
        """What must not be."""
        found = []
        if self.code not in (0, 1, 2):
            found.append(f"ended with {self.code}")
        if "Traceback" in self.err or "internal error" in self.err:
            found.append("a traceback or a fault of the program")
        if self.memory > MOST_MEMORY:
            found.append(f"{self.memory / 1e6:.0f} MB of memory")
        if self.seconds > MOST_SECONDS:
            found.append(f"{self.seconds:.0f} seconds")
        if self.code == 2 and (self.out or self.saved):
            found.append("a result beside an error")
        if self.code == 2 and self.err.count("\n") != 1:
            found.append("an error of more than one line")
        return found


# Text


def csv_of(rng: random.Random) -> bytes:
    """A CSV file with something wrong in it."""
    rows = [f"P{n:02},2026-01-{n % 28 + 1:02},{n % 11},{n * 3 % 11},{n * 7 % 11}\n" for n in range(1, 30)]
    text = HEADER + "".join(rows)
    ways: list[Callable[[], bytes]] = [
        lambda: text.encode()[: rng.randrange(len(text))],
        lambda: flipped(rng, text.encode(), rng.randint(1, 30)),
        lambda: text.replace(",", rng.choice([";", "\t", "|", " ", ":", ",,", '","'])).encode(),
        lambda: text.replace("5", rng.choice(['"', '""', '5"', "\n", "\r", "\0", "\x1a", "5,5"]), 3).encode(),
        lambda: (
            rng.choice([b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\xff\xfe\0\0", b"\x81"]) + text.encode()
        ),
        lambda: text.encode(rng.choice(["utf-16", "utf-16-le", "utf-32", "utf-7", "cp037"])),
        lambda: (HEADER + "x" * 3_000_000 + "\n").encode(),
        lambda: (HEADER + '"' + "x,\n" * 500_000).encode(),
        lambda: (",".join(f"c{n}" for n in range(150_000)) + "\n" + ",".join("1" * 150_000) + "\n").encode(),
        lambda: b"\n" * 2_000_000 + text.encode(),
        lambda: (HEADER + "," * 4 + "\n" + ("," * 4 + "\n") * 300_000).encode(),
        lambda: (HEADER + ROW * 400_000).encode(),
        lambda: (HEADER + "".join(f"P{n},2026-01-05,{n % 11},1,2\n" for n in range(500_000))).encode(),
        lambda: text.replace(
            "2026-01", rng.choice(["0000-00", "9999-99", "+2026-01", "12026-01", "２０２６-01"])
        ).encode(),
        lambda: text.replace(
            ",5", "," + rng.choice(["1e999999", "9" * 5000, "nan", "inf", "-0", "5_0", "٥", "1e-400"])
        ).encode(),
        lambda: text.replace(
            "peg_pain", rng.choice(["", "date", "peg_activity", "=cmd()", "\u202epeg", "x" * 100_000])
        ).encode(),
        lambda: ("sep=" + rng.choice([";", ",", "a", '"', "\t", ";;", ""]) + "\n" + text).encode(),
        lambda: bytes(rng.randrange(256) for _ in range(5000)),
        lambda: ("Timestamp,[a],[b]\n" + "2026/01/05 9:03:11 AM EST,1,2\n" * rng.randint(0, 3)).encode(),
        lambda: ('a,b\nc,d\n"{""ImportId"":1}","{""ImportId"":2}"\n' + "1,2\n" * rng.randint(0, 2)).encode(),
        lambda: (
            "USUBJID,QSTESTCD,QSORRES\n"
            + "".join(f"P{n % 7},GAD020{n % 9},{n % 5}\n" for n in range(rng.randint(1, 200)))
        ).encode(),
        lambda: ("QSTESTCD,QSORRES,k\n" + "".join(f"Q{n},1,{n}\n" for n in range(200_000))).encode(),
        lambda: ("id;n\n" + "x;1,234\n" * 5).encode(),
        lambda: b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
        lambda: b"{" * 100_000,
    ]
    return rng.choice(ways)()


def flipped(rng: random.Random, content: bytes, times: int) -> bytes:
    """Some bytes of a file replaced, put in or taken out."""
    found = bytearray(content)
    for _ in range(times):
        at = rng.randrange(len(found)) if found else 0
        way = rng.randrange(3)
        if way == 0 and found:
            found[at] = rng.randrange(256)
        elif way == 1:
            found[at:at] = bytes(rng.randrange(256) for _ in range(rng.randint(1, 4)))
        else:
            del found[at : at + rng.randint(1, 20)]
    return bytes(found)


# Workbooks

_BOOK = '<workbook xmlns:r="r"><sheets><sheet name="a" r:id="r1"/></sheets></workbook>'
_RELATIONS = '<Relationships><Relationship Id="r1" Target="worksheets/sheet1.xml"/></Relationships>'
_TYPES = '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'


def sheet_of(rng: random.Random) -> bytes:
    """The part of a sheet with something wrong in it."""
    head = "".join(text_cell(name) for name in HEADER.strip().split(","))
    body = "".join(f'<row r="{n}"><c r="C{n}"><v>{n % 11}</v></c></row>' for n in range(2, 20))
    plain = f'<row r="1">{head}</row>{body}'

    def sheet(content: str, after: str = "") -> bytes:
        return f"<worksheet><sheetData>{content}</sheetData>{after}</worksheet>".encode()

    ways: list[Callable[[], bytes]] = [
        lambda: sheet(plain),
        lambda: sheet(
            plain + f'<row r="{rng.choice([1048576, 999999, 2000])}"><c r="XFD1048576"><v>1</v></c></row>'
        ),
        lambda: sheet(
            plain
            + f'<row r="900000"><c r="{rng.choice(["H900000", "Z1000000", "A1048576"])}"><v>1</v></c></row>'
        ),
        lambda: sheet(plain + '<row r="30"><c r="XFD1048576" s="1"/></row>'),
        lambda: sheet(
            plain.replace('r="C5"', f'r="{rng.choice(["A0", "ZZZZ1", "A99999999", "5C", "", "$C$5", "c5"])}"')
        ),
        lambda: sheet(
            plain.replace(
                '<row r="5">', f'<row r="{rng.choice(["-1", "0", "x", "99999999999999999999", "2"])}">'
            )
        ),
        lambda: sheet(
            plain,
            f'<mergeCells><mergeCell ref="{rng.choice(["A1:XFD1048576", "A1", "x", "B1:A9"])}"/></mergeCells>',
        ),
        lambda: sheet(
            plain.replace("<v>", rng.choice(["<v>#N/A", "<v>1e999", "<v>x", "<f>1+1</f><v>", "<v><v>"]))
        ),
        lambda: b'<!DOCTYPE a [<!ENTITY b "' + b"c" * 10_000 + b'">]>' + sheet(plain + "&b;" * 1000),
        lambda: sheet(plain + " " * 320_000_000),
        lambda: sheet("".join(f'<row r="{n}">{text_cell("x" * 200)}</row>' for n in range(1, 200_000))),
        lambda: sheet("<row>" * 100_000),
        lambda: sheet(plain)[: rng.randrange(200)],
        lambda: sheet(
            "".join(
                f'<row r="{n}"><c r="A{n}"><v>{n}</v></c><c r="B{n}"><v>1</v></c></row>'
                for n in range(1, 300_000)
            )
        ),
    ]
    return rng.choice(ways)()


def text_cell(text: str) -> str:
    return f'<c t="inlineStr"><is><t>{text}</t></is></c>'


def workbook_of(rng: random.Random, path: Path) -> None:
    """A workbook with something wrong in it, its package included."""
    book, relations = _BOOK, _RELATIONS
    way = rng.randrange(10)
    if way == 0:
        book = _BOOK.replace("<sheets>", "<sheets>" + '<sheet name="b" r:id="r9"/>' * rng.choice([1, 50_000]))
    elif way == 1:
        relations = _RELATIONS.replace(
            "worksheets/sheet1.xml", rng.choice(["../../etc/passwd", "/x", "worksheets/none.xml", ""])
        )
    elif way == 2:
        book = _BOOK.replace("<sheets>", '<workbookPr date1904="1"/><sheets>')
    shared = (
        "<sst>" + "<si><t>x</t></si>" * rng.choice([1, 10, 300_000 if rng.random() < 0.2 else 5]) + "</sst>"
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("[Content_Types].xml", _TYPES)
        if way != 3:
            package.writestr("xl/workbook.xml", book)
        if way != 4:
            package.writestr("xl/_rels/workbook.xml.rels", relations)
        package.writestr("xl/worksheets/sheet1.xml", sheet_of(rng))
        if way in (5, 6):
            package.writestr("xl/sharedStrings.xml", shared)
    if way >= 8:
        content = path.read_bytes()
        cut = rng.random() < 0.5
        path.write_bytes(
            content[: rng.randrange(len(content))] if cut else flipped(rng, content, rng.randint(1, 10))
        )


# Files of statistics programs


def statistics_files(folder: Path) -> dict[str, bytes]:
    """One good file of each kind, to be broken."""
    import pandas as pd
    import pyreadstat

    names = ["patid", "day", "pain", "enjoy", "act"]
    frame = pd.DataFrame(
        {
            "patid": ["a", "b"] * 20,
            "day": [1.0] * 40,
            **{name: [float(n % 11) for n in range(40)] for name in names[2:]},
        }
    )
    labels = {"pain": {1.0: "no pain", 10.0: "worst"}}
    pyreadstat.write_sav(frame, folder / "a.sav", variable_value_labels=labels, missing_ranges={"pain": [9]})
    pyreadstat.write_sav(frame, folder / "a.zsav", compress=True)
    pyreadstat.write_dta(frame, folder / "a.dta", variable_value_labels={"pain": {1: "no pain"}})
    pyreadstat.write_xport(frame, folder / "a.xpt", file_format_version=8)
    pyreadstat.write_por(frame, folder / "a.por")
    kinds = ("sav", "zsav", "dta", "xpt", "por")
    return {kind: (folder / f"a.{kind}").read_bytes() for kind in kinds}


def broken(rng: random.Random, content: bytes) -> bytes:
    """A file of a statistics program that is cut, changed, or says that it holds more than it does."""
    way = rng.randrange(4)
    if way == 0:
        return content[: rng.randrange(len(content))]
    if way == 1:
        return flipped(rng, content, rng.randint(1, 20))
    found = bytearray(content)
    head = min(len(found), 600)
    for _ in range(rng.randint(1, 6)):
        at = rng.randrange(8, max(head - 4, 9))
        found[at : at + 4] = rng.choice(
            [b"\xff\xff\xff\x7f", b"\x7f\xff\xff\xff", b"\0\0\0\0", b"\xff\xff\xff\xff"]
        )
    return bytes(found)


OTHERS: dict[str, bytes] = {
    "page.xls": b"<html><table><tr><td>1</td></tr></table></html>",
    "page.xlsx": b"<!DOCTYPE html><html></html>",
    "old.xls": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 4000,
    "picture.csv": b"\x89PNG\r\n\x1a\n" + b"\0\1\2" * 500,
    "document.csv": b"%PDF-1.7\n" + b"x" * 500,
    "packed.csv": b"\x1f\x8b\x08" + b"\0" * 500,
    "table.csv": b"PAR1" + b"\0" * 500,
    "empty.csv": b"",
    "empty.xlsx": b"",
    "empty.sav": b"",
    "text.sav": HEADER.encode(),
    "text.xpt": HEADER.encode(),
    "text.dta": HEADER.encode(),
}


def hostile(folder: Path, n: int, seed: int) -> None:
    """Write so many hostile files into a folder."""
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as scratch:
        good = statistics_files(Path(scratch))
    special = [*OTHERS, "huge.csv", "huge.xlsx", "pipe.csv", "folder.csv"]
    for number in range(n):
        begin = f"{number:04}"
        if number < len(special):
            name = special[number]
            path = folder / f"{begin}_{name}"
            if name.startswith("huge"):
                with path.open("wb") as file:
                    file.write(b"PK\3\4" if name.endswith("xlsx") else b"a,b\n")
                    file.truncate(2_200_000_000)
            elif name == "pipe.csv":
                os.mkfifo(path)
            elif name == "folder.csv":
                path.mkdir()
            else:
                path.write_bytes(OTHERS[name])
            continue
        kind = rng.choice(["csv", "csv", "csv", "xlsx", "xlsx", *good])
        path = folder / f"{begin}_made.{kind}"
        if kind == "csv":
            path.write_bytes(csv_of(rng))
        elif kind == "xlsx":
            workbook_of(rng, path)
        else:
            path.write_bytes(broken(rng, good[kind]))


# Reading


def in_a_child(work: Callable[[], int]) -> tuple[int, float, int]:
    """Exit code (below 0: the signal), seconds and bytes of memory of some work in a process of its own.

    The child begins with the memory of this process, which is not counted.
    """
    begun, before = time.monotonic(), _resident()
    child = os.fork()
    if not child:
        code = 99
        with contextlib.suppress(BaseException):
            code = work()
        os._exit(code)
    while True:
        ended, status, used = os.wait4(child, os.WNOHANG)
        if ended:
            break
        if time.monotonic() - begun > MOST_SECONDS + 5:
            os.kill(child, signal.SIGKILL)
            _, status, used = os.wait4(child, 0)
            break
        time.sleep(0.01)
    factor = 1 if sys.platform == "darwin" else 1024
    return os.waitstatus_to_exitcode(status), time.monotonic() - begun, used.ru_maxrss * factor - before


def _resident() -> int:
    """Bytes of memory of this process, where the system says so."""
    with contextlib.suppress(OSError):
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return 0


def read_one(path: Path, scratch: Path) -> End:
    """Read one file with the command line, in a process of its own."""
    out, err, saved = scratch / "out", scratch / "err", scratch / "mapping.toml"
    saved.unlink(missing_ok=True)

    def work() -> int:
        for target, number in ((out, 1), (err, 2)):
            os.dup2(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), number)
        sys.stdout = os.fdopen(1, "w", encoding="utf-8")
        sys.stderr = os.fdopen(2, "w", encoding="utf-8")
        from ipm_outcomes.cli import main

        code = main(["read", str(path), "--save", str(saved)])
        sys.stdout.flush()
        sys.stderr.flush()
        return code

    code, seconds, memory = in_a_child(work)
    said = [file.read_text(encoding="utf-8", errors="replace") for file in (out, err)]
    return End(path.name, code, seconds, memory, *said, saved.exists())


def ends(n: int, seed: int) -> Iterator[End]:
    """How reading each of so many hostile files ends."""
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as scratch:

        def make() -> int:
            hostile(Path(folder), n, seed)
            return 0

        code, _, _ = in_a_child(make)
        if code:
            raise RuntimeError("the files could not be made")
        for module in ("cli._app", "files", "mapping"):
            import_module(f"ipm_outcomes.{module}")
        if loaded := {"pandas", "polars", "pyarrow"} & set(sys.modules):
            raise RuntimeError(f"loaded before the processes are forked: {loaded}")
        for path in sorted(Path(folder).iterdir()):
            yield read_one(path, Path(scratch))


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--n", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    given: Any = parser.parse_args(arguments)
    codes: Counter[int] = Counter()
    wrong, memory, seconds = 0, 0, 0.0
    for end in ends(given.n, given.seed):
        codes[end.code] += 1
        memory, seconds = max(memory, end.memory), max(seconds, end.seconds)
        if end.faults:
            wrong += 1
            print(f"{end.name}: {'; '.join(end.faults)}\n    {end.err[:300]}")
    listed = ", ".join(f"{code}: {count}" for code, count in sorted(codes.items()))
    print(f"exit codes {listed}; at most {memory / 1e6:.0f} MB and {seconds:.1f} s; {wrong} with a fault")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
