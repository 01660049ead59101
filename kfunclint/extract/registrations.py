"""Calls that register sets, and the structs between the two."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from kfunclint.c import lexer
from kfunclint.c.brackets import arguments
from kfunclint.c.lexer import Token
from kfunclint.extract.tokens import SetKey, place
from kfunclint.facts.sets import Registration

_REGISTER = {"register_btf_kfunc_id_set": 2, "register_btf_fmodret_id_set": 1}
_STATEMENT_ENDS = frozenset((";", "{", "}"))
_PROGRAM_TYPE = re.compile(r"BPF_PROG_TYPE_\w+", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Struct:
    """A `struct btf_kfunc_id_set NAME = { .set = &IDS, ... }`; `private`: it is static, so used in its file alone."""

    name: str
    ids: str | None
    owner: str
    filter: str
    private: bool


def read_registrations(
    files: Sequence[tuple[str, list[list[Token]]]],
) -> tuple[list[Registration], dict[SetKey, tuple[str, ...]]]:
    """All registrations, and for each set of which none can be out of view the program types."""
    registrations: list[Registration] = []
    hooks: dict[SetKey, tuple[str, ...]] = {}
    for path, ranges in files:
        codes = [lexer.code_of(tokens) for tokens in ranges]
        structs = {struct.name: struct for code in codes for struct in _structs(code)}
        module = any(token.text == "MODULE_LICENSE" for code in codes for token in code)
        for code in codes:
            in_code = list(_registrations(path, code, structs, module))
            registrations += in_code
            hooks.update(((path, ids), types) for ids, types in _all_hooks(code, in_code))
    return registrations, hooks


def _registrations(
    path: str, code: Sequence[Token], structs: Mapping[str, _Struct], module: bool
) -> Iterator[Registration]:
    for index, token in enumerate(code[:-1]):
        if token.kind != "name" or token.text not in _REGISTER or code[index + 1].text != "(":
            continue
        passed = arguments(code, index + 1)
        if passed is None or len(passed) != _REGISTER[token.text] or _is_parameter(passed[-1]):
            continue
        struct = structs.get(passed[-1][-1].text) if passed[-1] else None
        yield Registration(
            call=token.text,
            program_type="".join(word.text for word in passed[0]) if len(passed) == 2 else "",
            set=struct.ids if struct else None,
            at=place(path, token),
            owner=struct.owner if struct else None,
            filter=struct.filter if struct else None,
            result_ignored=index > 0 and code[index - 1].text in _STATEMENT_ENDS,
            in_module=module,
        )


def _is_parameter(argument: Sequence[Token]) -> bool:
    """Is it `const struct btf_kfunc_id_set *kset`, in a prototype of the function?"""
    return any(token.text == "*" for token in argument)


def _all_hooks(code: Sequence[Token], registrations: Sequence[Registration]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The program types of every set whose static struct and registrations stand in one visible range.

    A file registers a set in one function, so when that and the struct above are in view there is no more to see.
    """
    end = max((token.line for token in code if token.text == "}" and token.column == 1), default=0)
    private = {struct.ids for struct in _structs(code) if struct.private} if registrations else set()
    types: dict[str, list[str]] = {}
    for registration in registrations:
        if registration.set in private and registration.set is not None:
            types.setdefault(registration.set, []).append(
                registration.program_type if registration.at.line < end else ""
            )
    for ids, program_types in types.items():
        if all(_PROGRAM_TYPE.fullmatch(type_) for type_ in program_types):
            yield ids, tuple(program_types)


def _structs(code: Sequence[Token]) -> Iterator[_Struct]:
    for index, token in enumerate(code[:-3]):
        if token.text == "btf_kfunc_id_set" and code[index + 2].text == "=" and code[index + 3].text == "{":
            fields = {
                field[1].text: "".join(word.text for word in field[3:])
                for field in arguments(code, index + 3) or ()
                if len(field) > 3 and field[0].text == "." and field[2].text == "="
            }
            yield _Struct(
                name=code[index + 1].text,
                ids=fields["set"].removeprefix("&") if fields.get("set", "").startswith("&") else None,
                owner=fields.get("owner", ""),
                filter=fields.get("filter", "").removeprefix("&"),
                private=any(word.text == "static" for word in code[max(0, index - 3) : index]),
            )
