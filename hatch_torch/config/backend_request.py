"""Which backend is requested, and by whom: the only place that reads the order of precedence."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from packaging.utils import canonicalize_name

from hatch_torch.catalog.backend import FAMILIES, Backend
from hatch_torch.catalog.releases import nearest_published
from hatch_torch.config.validation import TABLE, is_backend, unknown_backend_message
from hatch_torch.errors import ConfigurationError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from packaging.requirements import Requirement

    from hatch_torch.config.config import BackendExtra, Config

DETECTION = "detection"
PORTABLE = "portable"
_VARIABLE = "TORCH_VARIANT"
_UV_VARIABLE = "UV_TORCH_BACKEND"
_TABLE_KEY = f"{TABLE}.backend"


class BackendRequest(NamedTuple):
    """What is requested, and by whom."""

    value: Backend | str
    """A backend, an accelerator family, ``auto`` or ``portable``."""
    decided_by: str = DETECTION
    notes: tuple[str, ...] = ()

    @property
    def backend(self) -> Backend | None:
        """The requested backend; None for a family, ``auto`` and ``portable``."""
        return self.value if isinstance(self.value, Backend) else None

    @property
    def family(self) -> str | None:
        """The requested accelerator family, or that of the requested backend."""
        if isinstance(self.value, Backend):
            return self.value.family
        return self.value if self.value in FAMILIES else None

    def with_backend(self, value: Backend, *notes: str) -> BackendRequest:
        """Return the same request for another backend, with further notes."""
        return BackendRequest(value, self.decided_by, (*self.notes, *notes))

    @property
    def is_mandatory(self) -> bool:
        """Whether this run names a backend or family; a default has to suit many machines."""
        is_default = self.decided_by in {DETECTION, _TABLE_KEY, _UV_VARIABLE}
        return self.value != "auto" and not is_default


def read_backend_request(
    config: Config,
    requested_extras: Collection[str],
    environ: Mapping[str, str],
    option: tuple[str, str] | None = None,
    fixed: tuple[Backend, Requirement] | None = None,
) -> BackendRequest:
    """Return the request of the first of these that is set.

    1. `option`: a command-line option and its value
    2. `fixed`: the backend of a requirement that is on one backend's wheel, and the requirement
    3. the extra of a backend
    4. TORCH_VARIANT, then the variable that the table's `environment-variable` names
    5. UV_TORCH_BACKEND, whose unknown values are ignored with a note
    6. the table's `backend`, by default ``auto``

    Raises ConfigurationError for two backend extras at once, for a value that is no backend, and
    for a backend that is not among the project's extras.
    """
    if option:
        return _parse(config, option[1], option[0])
    request = _read_configured(config, requested_extras, environ)
    if fixed is None:
        return request
    backend, requirement = fixed
    return BackendRequest(backend, f"the requirement {requirement}", request.notes)


def _read_configured(
    config: Config, requested_extras: Collection[str], environ: Mapping[str, str]
) -> BackendRequest:
    if extra := _requested_extra(config, requested_extras):
        return BackendRequest(extra.backend, f"extra {extra.name}", extra.notices)
    for variable in (_VARIABLE, config.environment_variable):
        if variable and (value := environ.get(variable, "").strip()):
            return _parse(config, value, variable)
    notes: tuple[str, ...] = ()
    if value := environ.get(_UV_VARIABLE, "").strip():
        try:
            return _parse(config, value, _UV_VARIABLE)
        except ConfigurationError as error:
            notes = (f"ignored: {error.message}",)
    request = _parse(config, config.backend, _TABLE_KEY)
    decided_by = DETECTION if request.value == "auto" else _TABLE_KEY
    return BackendRequest(request.value, decided_by, (*notes, *request.notes))


def expand_self_extras(config: Config, extras: Collection[str]) -> set[str]:
    """Return the extras' normalized names, with those they contain: `all = ["my-app[cu124]"]`."""
    lists = {canonicalize_name(key): value for key, value in config.optional_dependencies.items()}
    lists |= {canonicalize_name(extra.name): extra.dependencies for extra in config.extras}
    expanded: set[str] = set()
    pending = [canonicalize_name(extra) for extra in extras]
    while pending:
        extra = pending.pop()
        if extra in expanded:
            continue
        expanded.add(extra)
        for requirement in lists.get(extra, ()):
            if canonicalize_name(requirement.name) == canonicalize_name(config.name):
                pending += map(canonicalize_name, requirement.extras)
    return expanded


def _requested_extra(config: Config, requested: Collection[str]) -> BackendExtra | None:
    names = expand_self_extras(config, requested)
    if faults := [
        _not_supported("requested extra", name, [extra.name for extra in config.extras])
        for name in sorted(requested)
        if _is_undeclared_backend(config, name)
    ]:
        raise ConfigurationError(faults)
    found = [extra for extra in config.extras if canonicalize_name(extra.name) in names]
    if len(found) > 1:
        both = ", ".join(extra.name for extra in found)
        raise ConfigurationError([f"expected one backend extra, got {both}"])
    return found[0] if found else None


def _is_undeclared_backend(config: Config, extra: str) -> bool:
    """Return whether an extra is a backend that the project, which lists its own, does not have.

    An installer only warns about an unknown extra, and would install another backend's torch.
    """
    declared = {item.name for item in config.extras} | config.optional_dependencies.keys()
    known = {*map(canonicalize_name, declared), *config.build_system.static_extras}
    return bool(config.extras) and is_backend(extra) and canonicalize_name(extra) not in known


def _parse(config: Config, text: str, origin: str) -> BackendRequest:
    value = text.lower()
    if value in {"auto", PORTABLE, *FAMILIES}:
        _check_family(config, value, origin)
        return BackendRequest(value, origin)
    try:
        backend = Backend.parse(text)
    except ValueError:
        raise ConfigurationError([_invalid_value(config, text, origin)]) from None
    replacement = None if config.find_extra(backend) else nearest_published(backend)
    backend, *notes = replacement or (backend,)
    if config.extras and not config.find_extra(backend):
        raise ConfigurationError([_invalid_value(config, text, origin)])
    return BackendRequest(backend, origin, tuple(notes))


def _check_family(config: Config, value: str, origin: str) -> None:
    supported = {extra.backend.family for extra in config.extras}
    # A Mac's wheel is in the CPU's folder, so that the CPU's extra covers it.
    supported |= {"mps"} if "cpu" in supported else set()
    if config.extras and value in FAMILIES and value not in supported:
        raise ConfigurationError([_invalid_value(config, value, origin)])


def _invalid_value(config: Config, text: str, origin: str) -> str:
    if not config.extras:
        return unknown_backend_message(text, origin, ("auto", PORTABLE, *FAMILIES))
    supported = ["auto", PORTABLE, *(extra.name for extra in config.extras)]
    return _not_supported(origin, text, supported)


def _not_supported(origin: str, value: str, supported: Collection[str]) -> str:
    names = ", ".join(supported)
    hint = did_you_mean(value, supported)
    return f"{origin}: expected a backend of this project ({names}), got {value!r}{hint}"
