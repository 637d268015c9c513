"""Stages by the name that `--pipeline` gives them."""

import importlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent.call import Stages


class Unusable(Exception):
    """`--pipeline` names nothing that can be called; the text says what was expected."""


def find(name: str) -> "Stages":
    """`module:attr`, imported from the working folder or the environment; "" is the product's own.

    Raises Unusable.
    """
    module, colon, attribute = (name or "agent.pipeline:stages").partition(":")
    if not (module and colon and attribute):
        raise Unusable(f"--pipeline {name}: expected module:attribute")
    if (here := str(Path.cwd())) not in sys.path:
        sys.path.insert(0, here)
    try:
        found = getattr(importlib.import_module(module), attribute)
    except ModuleNotFoundError as error:
        raise Unusable(f"--pipeline {name}: no module named {error.name}") from error
    except AttributeError as error:
        raise Unusable(f"--pipeline {name}: {module} has no {attribute}") from error
    if not callable(found):
        raise Unusable(f"--pipeline {name}: expected a function stages(call) -> list of processors")
    stages: Stages = found
    return stages
