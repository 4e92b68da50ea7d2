"""A given requirements file, rewritten."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings, strategies as st

from hatch_torch.export.formats import render_requirements
from hatch_torch.frontend.requirements_txt import RequirementsFile

if TYPE_CHECKING:
    from packaging.requirements import Requirement

    from tests.export.conftest import MakeContext

HEADER = "# hatch-torch export: cpu (detection) for linux_x86_64, Python 3.12"
ROOT = "https://download.pytorch.org/whl/cpu"
TORCH = f"torch @ {ROOT}/torch-2.14.1%2Bcpu-cp312-cp312-linux_x86_64.whl#sha256=00000000torch"
AUDIO = (
    f"torchaudio @ {ROOT}/torchaudio-2.11.0%2Bcpu-cp312-cp312-linux_x86_64.whl"
    "#sha256=00000000torchaudio"
)
CPU = {"backend": "cpu", "pins": ("torch 2.14.1+cpu", "torchaudio 2.11.0+cpu")}
# The pieces of generated lines.
PIECES = ["torch", "#", " ", "\\", "\n", "\r\n", "\r", "-r ", "==1", ";", "'", '"', "é", "\x0c"]


def untouched(_requirement: Requirement) -> None:
    """Replace nothing."""


def test_other_lines_stay_byte_for_byte(make_context: MakeContext) -> None:
    """Comments, continuations, options, paths, markers and blank lines are unchanged."""
    before = (
        b"--index-url https://pypi.example.org/simple",
        b"",
        b"# the  engine \\",
        b"Torch>=2.4 ; python_version>='3.9'   # fast",
        b"numpy \\\r\n  >=1.26 \\\r\n  --hash=sha256:abc",
        b"   sentencepiece",
        b"-r more.txt",
        b"-e ./here[gpu]",
        b"./wheels/a.whl",
        b"https://example.org/b.whl#sha256=ff",
        b"torchaudio \\\r\n   ==2.*  \\\r\n   --hash=sha256:abc  # sound",
        b"not a requirement !!",
        b"caf\xe9 # of another encoding",
        b"xformers",
    )
    after = list(before)
    after[3] = f'{TORCH} ; python_version >= "3.9"  # fast'.encode()
    after[10] = f"{AUDIO}  # sound".encode()

    text = render_requirements(make_context(file=b"\r\n".join(before), **CPU))

    expected = b"\r\n".join((HEADER.encode(), *after))
    assert expected == text.encode("utf-8", "surrogateescape")


def test_torch_comes_first(make_context: MakeContext) -> None:
    """If torch is not named, or only in another file, it is added as the first line."""
    text = render_requirements(
        make_context("torch>=2.4", file=b"numpy\ntorchaudio\n-r base.txt\n", **CPU)
    )
    assert text == f"{HEADER}\n{TORCH}\nnumpy\n{AUDIO}\n-r base.txt\n"


def test_coding_line_stays_first(make_context: MakeContext) -> None:
    """An installer reads an encoding in the first two lines only (PEP 263)."""
    file = b"# ours\n# -*- coding: latin-1 -*-\ntorch"
    expected = f"# ours\n# -*- coding: latin-1 -*-\n{HEADER}\n{TORCH}"
    assert expected == render_requirements(make_context(file=file, **CPU))
    alone = render_requirements(make_context(file=b"# coding=utf-8", warnings=("why",)))
    assert alone == "# coding=utf-8\n# hatch-torch export: portable; why\n"


@pytest.mark.parametrize(
    ("mark", "encoding"),
    [
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (codecs.BOM_UTF32_BE, "utf-32-be"),
    ],
)
def test_byte_order_marks(make_context: MakeContext, mark: bytes, encoding: str) -> None:
    """A file that PowerShell wrote keeps its encoding and byte order mark."""
    context = make_context(file=mark + "# käse\r\ntorch\r\n".encode(encoding), **CPU)
    assert context.file
    expected = mark + f"{HEADER}\r\n# käse\r\n{TORCH}\r\n".encode(encoding)
    assert expected == context.file.encode(render_requirements(context))


def test_invalid_encoding() -> None:
    """Bytes that are invalid in the encoding of the byte order mark are an error."""
    with pytest.raises(ValueError, match="utf-16"):
        RequirementsFile.parse(codecs.BOM_UTF16_LE + b"t", {})


def test_variables() -> None:
    """`${NAME}` is read as its value, as in pip, and written unchanged."""
    file = RequirementsFile.parse(b"torch${RANGE}\n", {"RANGE": ">=2.4"})
    assert [str(one.specifier) for one in file.requirements] == [">=2.4"]
    assert file.rewrite((), untouched) == "torch${RANGE}\n"


def test_line_numbers() -> None:
    """A continued line has the number of its first line."""
    file = RequirementsFile.parse(b"a \\\n  ==1\n\nb\n", {})
    found = [(number, line.text) for number, line in file.number_lines()]
    assert found == [(1, "a \\\n  ==1\n"), (3, "\n"), (4, "b\n")]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(PIECES)).map("".join))
def test_nothing_is_lost(text: str) -> None:
    """If nothing is replaced, the bytes are the same."""
    content = text.encode()
    file = RequirementsFile.parse(content, {})
    assert content == file.encode(file.rewrite((), untouched))


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=40))
def test_unknown_encodings_are_kept(content: bytes) -> None:
    """Bytes of an unknown encoding are unchanged."""
    try:
        file = RequirementsFile.parse(content, {})
    except ValueError:
        return
    assert content == file.encode(file.rewrite((), untouched))
