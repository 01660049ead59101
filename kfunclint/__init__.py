"""Review Linux kernel patches that add or change BPF kfuncs, before people do."""

__version__ = "0.1.0"
