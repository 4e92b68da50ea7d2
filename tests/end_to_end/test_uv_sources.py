"""Projects whose `[tool.uv]` says where uv gets other packages, which then bound torch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hatch_torch.demo.wheels import Stub, build_wheel

if TYPE_CHECKING:
    from pathlib import Path

    from tests.end_to_end.conftest import Sandbox

pytestmark = pytest.mark.end_to_end


def put_index(folder: Path, stem: str, *requires: str) -> str:
    """Put a wheel into an index in a folder, and return the URL of that index."""
    name = stem.partition("-")[0]
    page = folder / name
    page.mkdir(parents=True)
    stub = Stub(f"{stem}-py3-none-any.whl", requires=requires)
    (page / stub.filename).write_bytes(build_wheel(stub))
    (page / "index.html").write_text(f'<a href="{stub.filename}">{stub.filename}</a>')
    return folder.as_uri()


@pytest.mark.parametrize("kind", ["routed", "named", "local", "git"])
def test_sources(sandbox: Sandbox, kind: str) -> None:
    """What a routed package requires bounds torch; one from git would have to be built."""
    url = put_index(sandbox.folder / "private", "bounding-1.0", "torch<2.9")
    library = sandbox.folder / "library"
    library.mkdir()
    (library / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
        '[project]\nname = "bounding"\nversion = "1.0"\ndependencies = ["torch<2.9"]\n'
        "[tool.hatch.build.targets.wheel]\nbypass-selection = true\n"
    )
    index = f'[[tool.uv.index]]\nname = "private"\nurl = "{url}"\n'
    tables = {
        "routed": f'[tool.uv.sources]\nbounding = {{ index = "private" }}\n'
        f"{index}explicit = true\n",
        "named": index,
        "local": f'[tool.uv.sources]\nbounding = {{ path = "{library}" }}\n',
        "git": '[tool.uv.sources]\nbounding = { git = "https://127.0.0.1:9/bounding" }\n',
    }
    sandbox.write("full", ('"numpy"', '"numpy", "bounding"'), more=tables[kind])
    if kind == "git":
        output = sandbox.refusal("uv")
        assert "git" in output.lower()
        return
    sandbox.on(UV_NO_CONFIG="0").install("uv")
    assert sandbox.versions()["torch"] == "2.8.0+cpu"
    assert sandbox.infos("bounding")
