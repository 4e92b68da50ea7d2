"""Real installers over the embedded index, each isolated from the machine's configuration."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from uv import find_uv_bin

from hatch_torch.demo.server import EmbeddedIndex, serve
from hatch_torch.environment.prefix import find_site_packages

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

HERE = Path(__file__).parent
RECORDED = HERE.parents[1] / "fixtures" / "machines"
FAMILY = ("torch", "torchaudio", "torchvision")
TRITON = ("triton", "pytorch_triton")
FOREIGN = ("PIP_", "UV_", "TORCH_VARIANT", "VIRTUAL_ENV", "CONDA_", "PYTHON", "CI", "HATCH_")


@dataclass(frozen=True)
class Sandbox:
    """A checkout, an environment beside it, and installers that know nothing else."""

    folder: Path
    index: EmbeddedIndex
    environ: Mapping[str, str] = field(repr=False)
    uv_program: str | Path = field(default_factory=find_uv_bin)
    name: str = "my-app"
    """The project's."""

    @property
    def project(self) -> Path:
        """The checkout."""
        return self.folder / "checkout" / self.name

    @property
    def venv(self) -> Path:
        """The environment that is installed into."""
        return self.folder / "environment"

    @property
    def python(self) -> Path:
        """The environment's interpreter."""
        if not self.venv.exists():
            self.run(sys.executable, "-m", "virtualenv", "--quiet", self.venv, folder=self.folder)
        return self.venv / "bin" / "python"

    def write(self, form: str, *changes: tuple[str, str], more: str = "") -> None:
        """Write the project anew: a form of projects/, with texts replaced and more at its end.

        A folder of the same name holds its further files, `.in` behind each name.
        """
        text = (HERE / "projects" / f"{form}.toml").read_text(encoding="utf-8")
        for path in (folder := HERE / "projects" / form).rglob("*.in"):
            name = str(path.relative_to(folder).with_suffix(""))
            self.add(name, path.read_text(encoding="utf-8"))
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        self.add("pyproject.toml", text + more)
        self.add("my_app.py", '"""An app."""\n')
        self.add(".gitignore", ".torch-variant.stamp\n")

    def add(self, name: str, text: str) -> Path:
        """Write a file of the project."""
        path = self.project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def over(self, index: EmbeddedIndex) -> Sandbox:
        """Return the same sandbox with another index."""
        return replace(self, index=index, environ={**self.environ, **addresses(index)})

    def on(self, machine: str | None = None, **variables: str) -> Sandbox:
        """Return the same sandbox on a machine that was recorded, and with variables set."""
        environ = {**self.environ, **variables}
        if machine:
            recorded = RECORDED / machine / "expected.json"
            own = HERE / "machines" / f"{machine}.json"
            environ["TORCH_VARIANT_HARDWARE"] = str(own if own.is_file() else recorded)
        return replace(self, environ=environ)

    def elsewhere(self, name: str) -> Sandbox:
        """Return one beside it: the same machine and caches, another checkout, no packages."""
        return replace(self, folder=self.folder / name)

    def run(self, *command: str | Path, folder: Path | None = None, fails: bool = False) -> str:
        """Run a command, which ends well unless it is to fail; return all that it said."""
        completed = subprocess.run(
            [str(word) for word in command],
            cwd=folder or self.project,
            env={**self.environ},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            timeout=300,
            check=False,
        )
        assert bool(completed.returncode) == fails, completed.stdout
        return completed.stdout

    def pip(self, *arguments: str | Path, fails: bool = False) -> str:
        """Run the environment's own pip in the checkout."""
        return self.run(self.python, "-m", "pip", *arguments, fails=fails)

    def uv(self, *arguments: str | Path, fails: bool = False) -> str:
        """Run uv in the checkout, with the environment active."""
        active = self.on(VIRTUAL_ENV=str(self.python.parents[1]))
        return active.run(self.uv_program, *arguments, fails=fails)

    def install(self, tool: str, *more: str | Path, what: str = ".") -> str:
        """Run `pip install -e .`, or that of uv."""
        return self._install(tool, "-e", what, *more, fails=False)

    def refusal(self, tool: str, *more: str | Path, what: str = ".") -> str:
        """Run the same, which must fail without a traceback; return what it said, on one line."""
        output = self._install(tool, "-e", what, *more, fails=True)
        assert "Traceback" not in output
        return " ".join(output.split())

    def _install(self, tool: str, *arguments: str | Path, fails: bool) -> str:
        if tool == "uv":
            return self.uv("pip", "install", *arguments, fails=fails)
        return self.pip("install", *arguments, fails=fails)

    def versions(self) -> dict[str, str]:
        """Return the versions of the family that are installed."""
        return {name: headers["Version"] for name in FAMILY if (headers := self._headers(name))}

    def exact(self) -> dict[str, str]:
        """Return the same for those that came from a URL of the index, whose hash was checked.

        pip writes a checked hash into direct_url.json. uv checks it too but writes none: then it
        must be in the metadata that uv installed from, the project's.
        """
        return {name: self.versions()[name] for name in FAMILY if self._is_exact(name)}

    def present(self) -> set[str]:
        """Return what is installed of the family and of triton: `torch-2.14.1+cpu`."""
        stems = {info.name.removesuffix(".dist-info") for info in self.infos()}
        return {stem for stem in stems if stem.startswith((*FAMILY, *TRITON))}

    def fetched(self) -> set[str]:
        """Return the wheels of the family and of triton that were fetched, spelled likewise."""
        stems = {"-".join(name.split("-")[:2]) for name in self.index.wheels_fetched}
        return {stem for stem in stems if stem.startswith((*FAMILY, *TRITON))}

    def record(self) -> Any:  # noqa: ANN401 (it is JSON)
        """Return the record beside the installed project."""
        (info,) = self.infos(self.name.replace("-", "_"))
        path = info / "extra_metadata" / "torch-variant.json"
        return json.loads(path.read_text(encoding="utf-8"))

    def requirements(self) -> list[str]:
        """Return the requirements of the installed project, in their order."""
        (info,) = self.infos(self.name.replace("-", "_"))
        lines = (info / "METADATA").read_text(encoding="utf-8").splitlines()
        return [line.removeprefix("Requires-Dist: ") for line in lines if "Requires-Dist: " in line]

    def origin(self, info: Path) -> Any:  # noqa: ANN401 (it is JSON)
        """Return the direct_url.json of an installed package; None where it has none."""
        path = info / "direct_url.json"
        return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None

    def infos(self, name: str = "*") -> list[Path]:
        """Return the dist-info folders of what is installed by a name, or of everything."""
        return [
            info
            for place in find_site_packages(self.venv)
            for info in place.glob(f"{name}-*.dist-info")
        ]

    def _headers(self, name: str) -> dict[str, str]:
        infos = self.infos(name)
        assert len(infos) < 2
        lines = (infos[0] / "METADATA").read_text(encoding="utf-8").splitlines() if infos else ()
        return dict(line.split(": ", 1) for line in lines if ": " in line)

    def _is_exact(self, name: str) -> bool:
        origin = next((self.origin(info) for info in self.infos(name)), None)
        if not origin or not origin["url"].startswith(self.index.torch_index):
            return False
        checked = origin["archive_info"].get("hashes", {}).get("sha256")
        added = f"{name} @ {origin['url']}#sha256="
        return bool(checked) or any(line.startswith(added) for line in self.requirements())


@pytest.fixture(scope="session")
def index() -> Iterator[EmbeddedIndex]:
    """Serve the embedded index, once for all."""
    with serve() as running:
        yield running


@pytest.fixture
def sandbox(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, index: EmbeddedIndex
) -> Sandbox:
    """Return a sandbox with the project `full` in it, on a machine without an accelerator."""
    index.forget()
    sandbox = Sandbox(tmp_path, index, environment(tmp_path)).on("none").over(index)
    # virtualenv unpacks the same pip for every environment: once is enough.
    unpacked = tmp_path_factory.getbasetemp() / "virtualenv"
    sandbox = sandbox.on(VIRTUALENV_OVERRIDE_APP_DATA=str(unpacked))
    sandbox.write("full")
    return sandbox


def addresses(index: EmbeddedIndex) -> dict[str, str]:
    """Return the variables by which the installers and the hooks find an index."""
    return {
        "PIP_INDEX_URL": index.default_index,
        "TORCH_VARIANT_INDEX_URL": index.torch_index,
        "UV_DEFAULT_INDEX": index.default_index,
    }


def environment(folder: Path) -> dict[str, str]:
    """Return this process's variables, with what is configured here left out."""
    return {
        **{key: value for key, value in os.environ.items() if not key.startswith(FOREIGN)},
        "HOME": str(folder / "home"),
        "NO_PROXY": f"127.0.0.1,{os.environ.get('NO_PROXY', '')}",
        "PIP_CACHE_DIR": str(folder / "pip-cache"),
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "TORCH_VARIANT_CACHE_DIR": str(folder / "hatch-torch-cache"),
        "UV_CACHE_DIR": str(folder / "uv-cache"),
        "UV_NO_CONFIG": "1",
        "UV_PYTHON_DOWNLOADS": "never",
    }
