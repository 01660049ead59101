"""Review Linux kernel patches that add or change BPF kfuncs, before people do."""

TYPE_CHECKING = False  # that of typing is the same to mypy, and costs the start of the command some milliseconds
if TYPE_CHECKING:
    from kfunclint.errors import InputError
    from kfunclint.pipeline.api import review
    from kfunclint.pipeline.outcome import Outcome

__all__ = ["InputError", "Outcome", "__version__", "review"]
__version__ = "0.2.0"

if not TYPE_CHECKING:
    _HOMES = {
        "Outcome": "kfunclint.pipeline.outcome",
        "InputError": "kfunclint.errors",
        "review": "kfunclint.pipeline.api",
    }

    def __getattr__(name):
        """Load what is asked for when it is asked for: the command needs none of it."""
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        return getattr(import_module(_HOMES[name]), name)
