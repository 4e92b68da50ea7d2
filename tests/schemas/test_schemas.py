"""The published schemas against what `detect --json`, `explain --json` and the record contain."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator
from packaging.requirements import Requirement
from referencing import Registry, Resource

from hatch_torch.config.config import Config
from hatch_torch.config.validation import load_schema
from hatch_torch.demo.server import serve
from hatch_torch.hardware.detect import detect
from hatch_torch.hardware.machine import Machine
from hatch_torch.hardware.model import Hardware
from hatch_torch.record import make_record, to_json
from hatch_torch.resolution.decide import decide
from hatch_torch.resolution.inputs import collect_inputs
from tests.support.recorded_machine import RecordedMachine

if TYPE_CHECKING:
    from collections.abc import Mapping

MACHINES = sorted(Path(__file__).parents[2].glob("fixtures/machines/*/machine.toml"))


def make_validator(name: str) -> Draft202012Validator:
    """Return the validator of a schema; a schema refers to another one by its file name."""
    schemas = {f"{known}.json": load_schema(known) for known in ("detect", "explain")}
    contents = [(key, Resource.from_contents(value)) for key, value in schemas.items()]
    registry: Registry[Any] = Registry().with_resources(contents)
    Draft202012Validator.check_schema(schemas[f"{name}.json"])
    return Draft202012Validator(schemas[f"{name}.json"], registry=registry)


def as_printed(value: Mapping[str, Any]) -> Any:  # noqa: ANN401 (it is JSON)
    """Return an object as a reader of the JSON gets it."""
    return json.loads(json.dumps(value))


@pytest.mark.parametrize("recording", MACHINES, ids=lambda path: path.parent.name)
def test_every_recorded_machine(recording: Path) -> None:
    """The profile of every recorded machine is valid."""
    make_validator("detect").validate(
        as_printed(detect(RecordedMachine(recording.parent)).to_json())
    )


def test_this_machine() -> None:
    """The profile of this machine is valid, and so is an empty one."""
    make_validator("detect").validate(as_printed(detect(Machine()).to_json()))
    make_validator("detect").validate({})


@pytest.mark.parametrize(
    "text",
    [
        '{"system": 1}',
        '{"accelerators": [{"name": "A"}]}',
        '{"accelerators": [{"vendor": "nvidia", "architecture": "sm"}]}',
        '{"rocm": {"version": "new"}}',
        '{"sources": [{"result": "maybe"}]}',
        '{"other": 1}',
        '{"schema": 2}',
    ],
)
def test_invalid_profiles(text: str) -> None:
    """The schema rejects what the parser of profiles rejects."""
    with pytest.raises(ValueError, match="expected"):
        Hardware.from_json(text)
    assert not make_validator("detect").is_valid(json.loads(text))


def test_decisions(tmp_path: Path) -> None:
    """A decision is valid, with wheels and without, and so is its record."""
    with serve() as index:
        environ = {
            "TORCH_VARIANT_CACHE_DIR": str(tmp_path),
            "TORCH_VARIANT_INDEX_URL": index.torch_index,
        }
        for request in ("auto", "cu126", "portable"):
            config = Config(dependencies=(Requirement("torch<2.9"),), backend=request)
            inputs = collect_inputs(
                config, {**environ, "TORCH_VARIANT": request}, probe=lambda _: Hardware()
            )
            decision = decide(inputs)
            make_validator("explain").validate(as_printed(to_json(decision)))
            record = make_record(decision, installer="uv", purpose="install", extras=("dev",))
            make_validator("explain").validate(as_printed(record))
    assert not make_validator("explain").is_valid({"schema": 1})
