"""C from hunks: a confined worker runs text stage and libclang. Nothing outside this package sees libclang."""

from kfunclint.clang.parser import Parser

__all__ = ["Parser"]
