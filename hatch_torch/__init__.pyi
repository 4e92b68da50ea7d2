from hatch_torch.api import (
    compatible_versions as compatible_versions,
    decide as decide,
    detect as detect,
    index_url as index_url,
    install_command as install_command,
    status as status,
)

__version__: str
