"""Who requests a backend, in order of precedence, and which one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from packaging.requirements import Requirement

from hatch_torch.catalog.backend import Backend
from hatch_torch.config.backend_request import (
    BackendRequest,
    expand_self_extras,
    read_backend_request,
)
from hatch_torch.config.config import BackendExtra, Config
from hatch_torch.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

CPU = Backend("cpu")
CU118 = Backend("cuda", (11, 8))
CU124 = Backend("cuda", (12, 4))
CU126 = Backend("cuda", (12, 6))
ROCM64 = Backend("rocm", (6, 4))
ROCM70 = Backend("rocm", (7, 0))
_OWN = "My_App__PreferredGpuBackend"
_NOTICE = "PyTorch never published rocm6.5; using rocm6.4 instead"


def project(*extras: str, backend: str = "auto", **optional: str) -> Config:
    """Return a project with backend extras, and ordinary extras of one line each."""
    return Config(
        name="My.App",
        backend=backend,
        extras=tuple(BackendExtra(name, Backend.parse(name)) for name in extras),
        optional_dependencies={name: (Requirement(line),) for name, line in optional.items()},
        environment_variable=_OWN,
    )


def fault(config: Config, *asked: str, **environ: str) -> str:
    """Return the only fault of a backend request."""
    with pytest.raises(ConfigurationError) as caught:
        read_backend_request(config, asked, environ)
    (found,) = caught.value.faults
    return found


class TestOrder:
    """The first wins."""

    _EVERY: Mapping[str, str] = {
        "TORCH_VARIANT": "rocm",
        _OWN: "rocm7.0",
        "UV_TORCH_BACKEND": "cu118",
    }
    _CONFIG = project("cu118", "cu124", "rocm70", "cpu", backend="cuda")

    def test_option(self) -> None:
        """An option of a command line comes before everything."""
        found = read_backend_request(self._CONFIG, ["cu124"], self._EVERY, ("--backend", "CPU"))
        assert BackendRequest("cpu", "--backend") == found

    def test_extra(self) -> None:
        """A requested backend extra comes before every variable."""
        assert BackendRequest(CU124, "extra cu124") == read_backend_request(
            self._CONFIG, ["CU124"], self._EVERY
        )

    def test_variables(self) -> None:
        """TORCH_VARIANT, the project's variable and uv's come in this order, before the table."""
        environ = dict(self._EVERY)
        expected = [BackendRequest("rocm", "TORCH_VARIANT"), BackendRequest(ROCM70, _OWN)]
        expected += [
            BackendRequest(CU118, "UV_TORCH_BACKEND"),
            BackendRequest("cuda", "tool.torch-variant.backend"),
        ]
        found = []
        for name in (*self._EVERY, "none"):
            found.append(read_backend_request(self._CONFIG, [], environ))
            environ[name] = "  "  # an empty variable says nothing
        assert expected == found

    def test_detection(self) -> None:
        """If nothing is set, detection decides."""
        assert BackendRequest("auto", "detection") == read_backend_request(
            project("cpu"), ["dev"], {}
        )

    def test_auto_is_an_answer(self) -> None:
        """A variable that says `auto` overrules the table."""
        found = read_backend_request(self._CONFIG, [], {"TORCH_VARIANT": "Auto"})
        assert BackendRequest("auto", "TORCH_VARIANT") == found


class TestSpelling:
    """What a variable may say."""

    @pytest.mark.parametrize("text", ["rocm70", "rocm7.0", "ROCm70", " ROCM7.0 ", "rocm-7.0"])
    def test_backend(self, text: str) -> None:
        """A backend is read in every spelling."""
        assert read_backend_request(project(), [], {"TORCH_VARIANT": text}).backend == ROCM70

    @pytest.mark.parametrize("family", ["cuda", "rocm", "xpu", "mps", "cpu"])
    def test_family(self, family: str) -> None:
        """A family is one of five, whatever its case."""
        found = read_backend_request(project(), [], {"TORCH_VARIANT": family.upper()})
        assert (family, None) == (found.family, found.backend)

    def test_portable(self) -> None:
        """`portable` asks for nothing at all, whatever the extras."""
        found = read_backend_request(project("cu124"), [], {"TORCH_VARIANT": "Portable"})
        assert (found.value, found.family, found.backend) == ("portable", None, None)

    def test_project_variable(self) -> None:
        """The project's own variable takes what ours takes."""
        assert BackendRequest("cuda", _OWN) == read_backend_request(project(), [], {_OWN: "CUDA"})

    def test_unknown_to_the_tables(self) -> None:
        """A backend that no table knows is asked of the index."""
        found = read_backend_request(project(), [], {"TORCH_VARIANT": "cu150"})
        assert BackendRequest(Backend("cuda", (15, 0)), "TORCH_VARIANT") == found

    def test_family_of_a_backend(self) -> None:
        """A backend asks for its family too."""
        assert BackendRequest(ROCM70).family == "rocm"


class TestReplacement:
    """A ROCm that PyTorch never published."""

    @pytest.mark.parametrize("config", [project(), project("rocm64", "cpu")])
    def test_notice(self, config: Config) -> None:
        """The newest published release below replaces it, with a notice."""
        found = read_backend_request(config, [], {"TORCH_VARIANT": "rocm65"})
        assert BackendRequest(ROCM64, "TORCH_VARIANT", (_NOTICE,)) == found

    def test_extra_with_an_index(self) -> None:
        """A project that has an index for it gets it as it is."""
        config = project("rocm65", "rocm64")
        assert Backend("rocm", (6, 5)) == read_backend_request(config, [], {_OWN: "rocm65"}).backend

    def test_extra_that_is_asked_for(self) -> None:
        """The notice of an extra with a replaced backend is in the request."""
        config = Config(extras=(BackendExtra("rocm65", ROCM64, notices=(_NOTICE,)),))
        assert BackendRequest(ROCM64, "extra rocm65", (_NOTICE,)) == read_backend_request(
            config, ["rocm65"], {}
        )

    def test_with_backend(self) -> None:
        """A request keeps who decided it when its backend is replaced."""
        found = BackendRequest(ROCM70, "TORCH_VARIANT", ("one",)).with_backend(CPU, "two")
        assert BackendRequest(CPU, "TORCH_VARIANT", ("one", "two")) == found


class TestIsMandatory:
    """Whether this very run names a backend or a family."""

    @pytest.mark.parametrize("decided_by", ["TORCH_VARIANT", _OWN, "extra cu124", "--backend"])
    def test_request(self, decided_by: str) -> None:
        """An extra, an option, TORCH_VARIANT and the project's variable are mandatory."""
        assert BackendRequest(CU124, decided_by).is_mandatory

    @pytest.mark.parametrize(
        "decided_by", ["detection", "tool.torch-variant.backend", "UV_TORCH_BACKEND"]
    )
    def test_default(self, decided_by: str) -> None:
        """Detection, the table and uv's variable are defaults."""
        assert not BackendRequest(CU124, decided_by).is_mandatory

    def test_auto(self) -> None:
        """`auto` names no backend, whatever sets it."""
        assert not BackendRequest("auto", "TORCH_VARIANT").is_mandatory


class TestExtras:
    """The requested extras."""

    def test_two_at_once(self) -> None:
        """Two backends cannot both be installed."""
        assert (
            fault(project("cu118", "cu124", "rocm70"), "rocm70", "CU118", TORCH_VARIANT="cpu")
            == "expected one backend extra, got cu118, rocm70"
        )

    def test_not_supported(self) -> None:
        """An undeclared backend extra is an error, since installers would only warn."""
        config = project("cu124", "rocm70", cpu="pytest", dev="pytest")
        expected = (
            "requested extra: expected a backend of this project (cu124, rocm70), got 'cu118'"
        )
        assert expected == fault(config, "cu118", "dev").partition("\nhint")[0]
        assert BackendRequest("auto") == read_backend_request(config, ["CPU", "dev", "unknown"], {})
        assert BackendRequest("auto") == read_backend_request(project(), ["cu118"], {})

    def test_one_that_contains_another(self) -> None:
        """An extra that asks for the project itself asks for that extra too, at any depth."""
        config = project("cu124", all="my_app[most]", most="MY-APP[CU124,all]", dev="pytest")
        assert {"all", "most", "cu124"} == expand_self_extras(config, ["ALL"])
        assert BackendRequest(CU124, "extra cu124") == read_backend_request(config, ["all"], {})

    def test_one_that_contains_a_second(self) -> None:
        """Two backends at once are found through the extras that contain them."""
        config = project("cu124", "rocm70", all="my-app[cu124]")
        assert fault(config, "all", "rocm70") == "expected one backend extra, got cu124, rocm70"

    def test_other_packages_extras(self) -> None:
        """Another package's extra of that name is its own."""
        config = project("cu124", all="other[cu124]")
        assert BackendRequest("auto") == read_backend_request(config, ["all"], {})


class TestBadValue:
    """A value that names nothing, or nothing of the project's."""

    def test_unknown(self) -> None:
        """An unknown value is reported with what is expected, and the nearest one."""
        assert fault(project(), TORCH_VARIANT="cudda") == (
            "TORCH_VARIANT: expected auto, portable, cuda, rocm, xpu, mps, cpu or a backend such "
            "as cu128 or rocm6.4, got 'cudda'\nhint: did you mean 'cuda'?"
        )

    @pytest.mark.parametrize("text", ["cu126", "rocm65", "CUDA 12.4", "xpu", "rocm", "mps"])
    def test_outside_the_extras(self, text: str) -> None:
        """A project supports only the backends of its extras; the error quotes the value."""
        found = fault(project("cu118", "cu124"), **{_OWN: text})
        backends = "auto, portable, cu118, cu124"
        expected = f"{_OWN}: expected a backend of this project ({backends}), got {text!r}"
        assert expected == found.partition("\nhint: did")[0]

    def test_table(self) -> None:
        """The table's own backend has to be among the table's extras."""
        found = fault(project("cu124", backend="cpu"))
        expected = (
            "tool.torch-variant.backend: expected a backend of this project "
            "(auto, portable, cu124), got 'cpu'"
        )
        assert expected == found.partition("\nhint")[0]

    @pytest.mark.parametrize("value", ["cpu", "mps", "CPU"])
    def test_plain_wheels(self, value: str) -> None:
        """The extra of the CPU covers a Mac's wheel too."""
        found = read_backend_request(project("cu124", "cpu"), [], {"TORCH_VARIANT": value})
        assert value.lower() == found.value

    @pytest.mark.parametrize("value", ["cu999", "gpu", "rocm", "cpu", "rocm64"])
    def test_uv(self, value: str) -> None:
        """A value for uv that the project does not support is ignored, with a note."""
        found = read_backend_request(
            project("cu124", backend="cuda"), [], {"UV_TORCH_BACKEND": value}
        )
        assert (found.value, found.decided_by) == ("cuda", "tool.torch-variant.backend")
        (note,) = found.notes
        assert note.startswith("ignored: UV_TORCH_BACKEND: expected a backend of this project (")
        assert note.endswith(f", got {value!r}")

    def test_uv_auto(self) -> None:
        """The `auto` of uv fits every project."""
        found = read_backend_request(project("cu124"), [], {"UV_TORCH_BACKEND": "auto"})
        assert BackendRequest("auto", "UV_TORCH_BACKEND") == found
