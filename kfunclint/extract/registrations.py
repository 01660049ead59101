"""Calls that register sets, and the structs between the two."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence

from kfunclint.c import lexer
from kfunclint.c.brackets import LONGEST, Brackets, arguments
from kfunclint.c.lexer import Token
from kfunclint.extract.tokens import SetKey, place
from kfunclint.facts.sets import Registration
from kfunclint.value import Value

_REGISTER = {"register_btf_kfunc_id_set": 2, "register_btf_fmodret_id_set": 1}
_STATEMENT_ENDS = frozenset((";", "{", "}"))
_USING = frozenset(("return", "=", "(", ")", ",", "["))  # in front of a call, in its statement: they take its result
_LONGEST_STATEMENT = 20  # tokens in front of a call
_PROGRAM_TYPE = re.compile(r"BPF_PROG_TYPE_\w+", re.ASCII)


class _Struct(Value):
    """A `struct btf_kfunc_id_set NAME = { .set = &IDS, ... }`, or one element of an array of that name.

    `owner` and `filter` are None where they may be out of view; `private`: it is static, so used in its file alone.
    """

    name: str
    ids: str | None
    owner: str | None
    filter: str | None
    private: bool
    fields_at: Token | None


def read_registrations(
    files: Sequence[tuple[str, list[list[Token]]]],
) -> tuple[list[Registration], dict[SetKey, tuple[str, ...]]]:
    """All registrations, and for each set of which none can be out of view the program types."""
    registrations: list[Registration] = []
    hooks: dict[SetKey, tuple[str, ...]] = {}
    codes_by_path = {path: [lexer.code_of(tokens) for tokens in ranges] for path, ranges in files}
    wrappers = {name for codes in codes_by_path.values() for code in codes for name in _wrappers(code)}
    for path, codes in codes_by_path.items():
        structs = _by_name(codes)
        module = any(token.text == "MODULE_LICENSE" for code in codes for token in code)
        for code in codes:
            in_code = list(_registrations(path, code, structs, module))
            registrations += in_code
            registrations += _lost_wrappers(path, code, wrappers)
            hooks.update(((path, ids), types) for ids, types in _all_hooks(code, in_code))
    return registrations, hooks


def _registrations(
    path: str, code: Sequence[Token], structs: Mapping[str, Sequence[_Struct | None]], module: bool
) -> Iterator[Registration]:
    for index, token in enumerate(code[:-1]):
        if token.kind != "name" or token.text not in _REGISTER or code[index + 1].text != "(":
            continue
        passed = arguments(code, index + 1)
        if passed is None or len(passed) != _REGISTER[token.text] or _is_parameter(passed[-1]):
            continue
        name = next((word.text for word in passed[-1] if word.kind == "name"), "")
        for struct in structs.get(name, (None,)):
            yield Registration(
                call=token.text,
                program_type="".join(word.text for word in passed[0]) if len(passed) == 2 else "",
                set=struct.ids if struct else None,
                at=place(path, token),
                owner=struct.owner if struct else None,
                filter=struct.filter if struct else None,
                result_ignored=_loses_result(code, index),
                in_module=module,
                fields_at=place(path, struct.fields_at) if struct and struct.fields_at else None,
            )


def _wrappers(code: Sequence[Token]) -> Iterator[str]:
    """The functions that return what registering a set gives."""
    function = ""
    for index, token in enumerate(code):
        if token.text == "{" and token.column == 1:
            function = _header_name(code, index)
        elif function and token.text in _REGISTER and code[index - 1].text in ("return", ":"):
            statement = [word.text for word in code[max(0, index - _LONGEST_STATEMENT) : index]]
            if "return" in statement:
                yield function


def _header_name(code: Sequence[Token], brace: int) -> str:
    """The name of the function whose body opens at an index."""
    tail = code[max(0, brace - LONGEST) : brace]
    opening = Brackets(tail).opening.get(len(tail) - 1, 0)
    return tail[opening - 1].text if opening else ""


def _lost_wrappers(path: str, code: Sequence[Token], wrappers: Container[str]) -> Iterator[Registration]:
    """The calls of functions that return what registering a set gives, where nothing is done with that."""
    for index, token in enumerate(code[:-1]):
        if token.text in wrappers and code[index + 1].text == "(" and code[index - 1].text in _STATEMENT_ENDS:
            yield Registration(token.text, "", None, place(path, token), result_ignored=True)


def _loses_result(code: Sequence[Token], index: int) -> bool:
    """Is a call a statement, or the last part of one such as `ret ?: call();`, that does nothing with its result?"""
    for before in reversed(code[max(0, index - _LONGEST_STATEMENT) : index]):
        if before.text in _STATEMENT_ENDS:
            return True
        if before.text in _USING or before.text.endswith("="):
            return False
    return False


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


def _by_name(codes: Iterable[Sequence[Token]]) -> dict[str, list[_Struct | None]]:
    """The structs by the names that registrations use; those of an array of pointers by the name of the array, too."""
    codes = tuple(codes)
    structs: dict[str, list[_Struct | None]] = {}
    for code in codes:
        for struct in _structs(code):
            structs.setdefault(struct.name, []).append(struct)
    for code in codes:
        for index, token in enumerate(code[:-6]):
            if token.text == "btf_kfunc_id_set" and code[index + 1].text == "*" and code[index + 3].text == "[":
                names = (element[1].text for element in _elements(code, index + 3) if len(element) == 2)
                structs[code[index + 2].text] = [struct for name in names for struct in structs.get(name, ())] or [None]
    return structs


def _structs(code: Sequence[Token]) -> Iterator[_Struct]:
    for index, token in enumerate(code[:-4]):
        if token.text != "btf_kfunc_id_set":
            continue
        name, private = code[index + 1].text, any(word.text == "static" for word in code[max(0, index - 3) : index])
        if code[index + 2].text == "=" and code[index + 3].text == "{":
            yield _struct(name, code, index + 3, private)
        elif code[index + 2].text == "[":
            for element in _elements(code, index + 2):
                if element and element[0].text == "{":
                    yield _struct(name, element, 0, private)


def _struct(name: str, code: Sequence[Token], opening: int, private: bool) -> _Struct:
    """The struct whose initializer opens at an index."""
    fields, is_whole = _fields(code, opening)
    missing = "" if is_whole else None
    return _Struct(
        name=name,
        ids=fields["set"].removeprefix("&") if fields.get("set", "").startswith("&") else None,
        owner=fields.get("owner", missing),
        filter=fields["filter"].removeprefix("&") if "filter" in fields else missing,
        private=private,
        fields_at=_first_field(code, opening),
    )


def _first_field(code: Sequence[Token], opening: int) -> Token | None:
    """The dot of the first field of an initializer that stands on lines of its own."""
    first = code[opening + 1] if opening + 1 < len(code) else None
    return first if first is not None and first.text == "." and first.line > code[opening].line else None


def _elements(code: Sequence[Token], bracket: int) -> Sequence[Sequence[Token]]:
    """The elements of the array whose length is in the brackets at an index."""
    opening = next((at for at in range(bracket, min(bracket + 6, len(code))) if code[at].text == "{"), None)
    return arguments(code, opening) or () if opening is not None else ()


def _fields(code: Sequence[Token], opening: int) -> tuple[dict[str, str], bool]:
    """The `.name = value` of an initializer, and whether its end is in view; of one that is cut, those before it."""
    written = arguments(code, opening)
    is_whole = written is not None
    if written is None:
        tail = [*code[opening : opening + LONGEST]]
        brace = tail[0]._replace(text="}")
        written = (arguments([*tail, brace], 0) or [])[:-1]
    return {
        field[1].text: "".join(word.text for word in field[3:])
        for field in written
        if len(field) > 3 and field[0].text == "." and field[2].text == "="
    }, is_whole
