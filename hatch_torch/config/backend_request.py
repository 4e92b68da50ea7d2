"""Who decides: the first that names a backend, a family, or nothing at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from packaging.utils import canonicalize_name

from hatch_torch.catalog.backend import FAMILIES, Backend
from hatch_torch.catalog.releases import nearest_published
from hatch_torch.config.validation import TABLE, bad_backend, is_backend, suggestion
from hatch_torch.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from hatch_torch.config.config import BackendExtra, Config

DETECTION = "detection"
PORTABLE = "portable"
_VARIABLE = "TORCH_VARIANT"
_UV_VARIABLE = "UV_TORCH_BACKEND"
_TABLE_KEY = f"{TABLE}.backend"


class Wish(NamedTuple):
    """What is asked for, and by whom."""

    value: Backend | str
    """A backend, a family, ``auto`` or ``portable``."""
    decided_by: str = DETECTION
    notes: tuple[str, ...] = ()

    @property
    def backend(self) -> Backend | None:
        """The one backend that is asked for, if it is one."""
        return self.value if isinstance(self.value, Backend) else None

    @property
    def family(self) -> str | None:
        """The family that is asked for, by its name or through its member."""
        if isinstance(self.value, Backend):
            return self.value.family
        return self.value if self.value in FAMILIES else None

    def replaced(self, value: Backend, *notes: str) -> Wish:
        """Return the wish with another backend in place of what it asked for."""
        return Wish(value, self.decided_by, (*self.notes, *notes))

    @property
    def explicit(self) -> bool:
        """Whether this very run asks for something by name; a default has to fit many machines."""
        default = self.decided_by in {DETECTION, _TABLE_KEY, _UV_VARIABLE}
        return self.value != "auto" and not default


def read_wish(
    config: Config,
    asked_extras: Collection[str],
    environ: Mapping[str, str],
    option: tuple[str, str] | None = None,
) -> Wish:
    """Return who names the backend, and which.

    Raises ConfigurationError for two backend extras at once, for a value that names no backend,
    and for one that is not among the project's extras.
    """
    if option:
        return _read(config, option[1], option[0])
    if extra := _asked_extra(config, asked_extras):
        return Wish(extra.backend, f"extra {extra.name}", extra.notices)
    for variable in (_VARIABLE, config.environment_variable):
        if variable and (value := environ.get(variable, "").strip()):
            return _read(config, value, variable)
    notes: tuple[str, ...] = ()
    if value := environ.get(_UV_VARIABLE, "").strip():
        try:
            return _read(config, value, _UV_VARIABLE)
        except ConfigurationError as error:
            notes = (f"ignored: {error}",)
    wish = _read(config, config.backend, _TABLE_KEY)
    decided_by = DETECTION if wish.value == "auto" else _TABLE_KEY
    return Wish(wish.value, decided_by, (*notes, *wish.notes))


def _asked_extra(config: Config, asked: Collection[str]) -> BackendExtra | None:
    names = with_contained(config, asked)
    if faults := [
        _unsupported(config, name) for name in sorted(asked) if _is_foreign(config, name)
    ]:
        raise ConfigurationError(faults)
    found = [extra for extra in config.extras if canonicalize_name(extra.name) in names]
    if len(found) > 1:
        both = ", ".join(extra.name for extra in found)
        raise ConfigurationError(
            [f"two backend extras are asked for at once: {both}; ask for one of them"]
        )
    return found[0] if found else None


def _is_foreign(config: Config, extra: str) -> bool:
    """Tell whether an extra is a backend that the project, which names its own, does not have.

    Installers only warn of an extra that is not there, and install the rest.
    """
    named = {one.name for one in config.extras} | config.optional_dependencies.keys()
    known = {*map(canonicalize_name, named), *config.wiring.static_extras}
    return bool(config.extras) and is_backend(extra) and canonicalize_name(extra) not in known


def _unsupported(config: Config, extra: str) -> str:
    allowed = [one.name for one in config.extras]
    return f"extra {extra}: this project supports {', '.join(allowed)}{suggestion(extra, allowed)}"


def with_contained(config: Config, asked: Collection[str]) -> set[str]:
    """Add the extras that an extra contains: `all = ["my-app[cu124]"]`."""
    lists = {canonicalize_name(key): value for key, value in config.optional_dependencies.items()}
    lists |= {canonicalize_name(extra.name): extra.dependencies for extra in config.extras}
    names: set[str] = set()
    waiting = [canonicalize_name(name) for name in asked]
    while waiting:
        name = waiting.pop()
        if name in names:
            continue
        names.add(name)
        for one in lists.get(name, ()):
            if canonicalize_name(one.name) == canonicalize_name(config.name):
                waiting += map(canonicalize_name, one.extras)
    return names


def _read(config: Config, text: str, place: str) -> Wish:
    value = text.lower()
    if value in {"auto", PORTABLE, *FAMILIES}:
        _check_family(config, value, place)
        return Wish(value, place)
    try:
        backend = Backend.parse(text)
    except ValueError:
        raise ConfigurationError([_bad_value(config, text, place)]) from None
    stand_in = None if config.extra_of(backend) else nearest_published(backend)
    backend, *notes = stand_in or (backend,)
    if config.extras and not config.extra_of(backend):
        raise ConfigurationError([_bad_value(config, text, place)])
    return Wish(backend, place, tuple(notes))


def _check_family(config: Config, value: str, place: str) -> None:
    supported = {extra.backend.family for extra in config.extras}
    # The CPU's extra is what a Mac's plain wheel goes by.
    supported |= {"mps"} if "cpu" in supported else set()
    if config.extras and value in FAMILIES and value not in supported:
        raise ConfigurationError([_bad_value(config, value, place)])


def _bad_value(config: Config, text: str, place: str) -> str:
    if not config.extras:
        return bad_backend(text, place, ("auto", PORTABLE, *FAMILIES))
    allowed = ["auto", PORTABLE, *(extra.name for extra in config.extras)]
    return (
        f"{place}: found {text!r}; this project supports "
        f"{', '.join(allowed)}{suggestion(text, allowed)}"
    )
