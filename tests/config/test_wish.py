"""Who decides, and what: the first of many that says anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from packaging.requirements import Requirement

from hatch_torch.catalog.backend import Backend
from hatch_torch.config.backend_request import Wish, read_wish, with_contained
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
_NOTICE = "PyTorch never published rocm6.5; rocm6.4 stands for it"


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
    """Return the one fault of a wish."""
    with pytest.raises(ConfigurationError) as caught:
        read_wish(config, asked, environ)
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
        found = read_wish(self._CONFIG, ["cu124"], self._EVERY, ("--backend", "CPU"))
        assert Wish("cpu", "--backend") == found

    def test_extra(self) -> None:
        """A backend extra that is asked for comes before every variable."""
        assert Wish(CU124, "extra cu124") == read_wish(self._CONFIG, ["CU124"], self._EVERY)

    def test_variables(self) -> None:
        """Our variable, the project's own and uv's come in this order, before the table."""
        environ = dict(self._EVERY)
        expected = [Wish("rocm", "TORCH_VARIANT"), Wish(ROCM70, _OWN)]
        expected += [Wish(CU118, "UV_TORCH_BACKEND"), Wish("cuda", "tool.torch-variant.backend")]
        found = []
        for name in (*self._EVERY, "none"):
            found.append(read_wish(self._CONFIG, [], environ))
            environ[name] = "  "  # an empty variable says nothing
        assert expected == found

    def test_detection(self) -> None:
        """Where nobody says anything, detection decides."""
        assert Wish("auto", "detection") == read_wish(project("cpu"), ["dev"], {})

    def test_auto_is_an_answer(self) -> None:
        """A variable that says `auto` overrules the table."""
        found = read_wish(self._CONFIG, [], {"TORCH_VARIANT": "Auto"})
        assert Wish("auto", "TORCH_VARIANT") == found


class TestSpelling:
    """What a variable may say."""

    @pytest.mark.parametrize("text", ["rocm70", "rocm7.0", "ROCm70", " ROCM7.0 ", "rocm-7.0"])
    def test_backend(self, text: str) -> None:
        """A backend is read in every spelling."""
        assert read_wish(project(), [], {"TORCH_VARIANT": text}).backend == ROCM70

    @pytest.mark.parametrize("family", ["cuda", "rocm", "xpu", "mps", "cpu"])
    def test_family(self, family: str) -> None:
        """A family is one of five, whatever its case."""
        found = read_wish(project(), [], {"TORCH_VARIANT": family.upper()})
        assert (family, None) == (found.family, found.backend)

    def test_portable(self) -> None:
        """`portable` asks for nothing at all, whatever the extras."""
        found = read_wish(project("cu124"), [], {"TORCH_VARIANT": "Portable"})
        assert (found.value, found.family, found.backend) == ("portable", None, None)

    def test_project_variable(self) -> None:
        """The project's own variable takes what ours takes."""
        assert Wish("cuda", _OWN) == read_wish(project(), [], {_OWN: "CUDA"})

    def test_unknown_to_the_tables(self) -> None:
        """A backend that no table knows is asked of the index."""
        found = read_wish(project(), [], {"TORCH_VARIANT": "cu150"})
        assert Wish(Backend("cuda", (15, 0)), "TORCH_VARIANT") == found

    def test_family_of_a_backend(self) -> None:
        """A backend asks for its family too."""
        assert Wish(ROCM70).family == "rocm"


class TestStandIn:
    """A ROCm that PyTorch never published."""

    @pytest.mark.parametrize("config", [project(), project("rocm64", "cpu")])
    def test_notice(self, config: Config) -> None:
        """The newest published release below stands for it, with a notice."""
        found = read_wish(config, [], {"TORCH_VARIANT": "rocm65"})
        assert Wish(ROCM64, "TORCH_VARIANT", (_NOTICE,)) == found

    def test_extra_with_an_index(self) -> None:
        """A project that has an index for it gets it as it is."""
        config = project("rocm65", "rocm64")
        assert Backend("rocm", (6, 5)) == read_wish(config, [], {_OWN: "rocm65"}).backend

    def test_extra_that_is_asked_for(self) -> None:
        """An extra for which another backend stands says so when it is asked for."""
        config = Config(extras=(BackendExtra("rocm65", ROCM64, notices=(_NOTICE,)),))
        assert Wish(ROCM64, "extra rocm65", (_NOTICE,)) == read_wish(config, ["rocm65"], {})

    def test_replaced(self) -> None:
        """A wish keeps who decided it when its backend is replaced."""
        found = Wish(ROCM70, "TORCH_VARIANT", ("one",)).replaced(CPU, "two")
        assert Wish(CPU, "TORCH_VARIANT", ("one", "two")) == found


class TestExplicit:
    """Whether this very run asks for something by name."""

    @pytest.mark.parametrize("decided_by", ["TORCH_VARIANT", _OWN, "extra cu124", "--backend"])
    def test_request(self, decided_by: str) -> None:
        """An extra, an option and a variable of ours are requests."""
        assert Wish(CU124, decided_by).explicit

    @pytest.mark.parametrize(
        "decided_by", ["detection", "tool.torch-variant.backend", "UV_TORCH_BACKEND"]
    )
    def test_default(self, decided_by: str) -> None:
        """The table, and what people export for everything, are defaults."""
        assert not Wish(CU124, decided_by).explicit

    def test_auto(self) -> None:
        """`auto` names nothing, whoever says it."""
        assert not Wish("auto", "TORCH_VARIANT").explicit


class TestExtras:
    """The extras that are asked for."""

    def test_two_at_once(self) -> None:
        """Two backends cannot both be installed."""
        assert (
            fault(project("cu118", "cu124", "rocm70"), "rocm70", "CU118", TORCH_VARIANT="cpu")
            == "two backend extras are asked for at once: cu118, rocm70; ask for one of them"
        )

    def test_not_supported(self) -> None:
        """A backend that the project does not have is refused; installers would only warn."""
        config = project("cu124", "rocm70", cpu="pytest", dev="pytest")
        assert "extra cu118: this project supports cu124, rocm70" in fault(config, "cu118", "dev")
        assert Wish("auto") == read_wish(config, ["CPU", "dev", "unknown"], {})
        assert Wish("auto") == read_wish(project(), ["cu118"], {})

    def test_one_that_contains_another(self) -> None:
        """An extra that asks for the project itself asks for that extra too, at any depth."""
        config = project("cu124", all="my_app[most]", most="MY-APP[CU124,all]", dev="pytest")
        assert {"all", "most", "cu124"} == with_contained(config, ["ALL"])
        assert Wish(CU124, "extra cu124") == read_wish(config, ["all"], {})

    def test_one_that_contains_a_second(self) -> None:
        """Two backends at once are found through the extras that contain them."""
        config = project("cu124", "rocm70", all="my-app[cu124]")
        assert "at once: cu124, rocm70;" in fault(config, "all", "rocm70")

    def test_other_packages_extras(self) -> None:
        """Another package's extra of that name is its own."""
        config = project("cu124", all="other[cu124]")
        assert Wish("auto") == read_wish(config, ["all"], {})


class TestBadValue:
    """A value that names nothing, or nothing of the project's."""

    def test_no_backend(self) -> None:
        """A bad value is shown with the good ones and the nearest."""
        found = fault(project(), TORCH_VARIANT="cudda")
        assert (
            "TORCH_VARIANT: found 'cudda'; allowed is auto, portable, cuda, rocm, xpu, mps, "
            in (found)
        )
        assert found[-len("; did you mean 'cuda'?") :] == "; did you mean 'cuda'?"

    @pytest.mark.parametrize("text", ["cu126", "rocm65", "CUDA 12.4", "xpu", "rocm", "mps"])
    def test_outside_the_extras(self, text: str) -> None:
        """A project supports the backends of its extras alone; what was written is shown."""
        found = fault(project("cu118", "cu124"), **{_OWN: text})
        prefix = f"{_OWN}: found {text!r}; this project supports auto, portable, cu118, cu124"
        assert prefix == found.partition("; did")[0]

    def test_table(self) -> None:
        """The table's own backend has to be among the table's extras."""
        found = fault(project("cu124", backend="cpu"))
        expected = (
            "tool.torch-variant.backend: found 'cpu'; this project supports auto, portable, cu124"
        )
        assert expected == found

    @pytest.mark.parametrize("value", ["cpu", "mps", "CPU"])
    def test_plain_wheels(self, value: str) -> None:
        """The extra of the CPU is what the plain wheel of a Mac goes by too."""
        found = read_wish(project("cu124", "cpu"), [], {"TORCH_VARIANT": value})
        assert value.lower() == found.value

    @pytest.mark.parametrize("value", ["cu999", "gpu", "rocm", "cpu", "rocm64"])
    def test_uv(self, value: str) -> None:
        """What people export for uv is ignored where it does not fit, with a note."""
        found = read_wish(project("cu124", backend="cuda"), [], {"UV_TORCH_BACKEND": value})
        assert (found.value, found.decided_by) == ("cuda", "tool.torch-variant.backend")
        (note,) = found.notes
        assert f"ignored: UV_TORCH_BACKEND: found {value!r}; " in note

    def test_uv_auto(self) -> None:
        """The `auto` of uv fits every project."""
        found = read_wish(project("cu124"), [], {"UV_TORCH_BACKEND": "auto"})
        assert Wish("auto", "UV_TORCH_BACKEND") == found
