"""What the tokens around a definition tell: its header as it is written, and the macros that it stands between."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from kfunclint.c import declarators, lexer
from kfunclint.c.brackets import LONGEST, Brackets
from kfunclint.c.lexer import Token
from kfunclint.c.syntax import Function, Parameter
from kfunclint.extract.regions import CLOSERS, SET_STARTS
from kfunclint.extract.tokens import place
from kfunclint.facts.kfunc import DiagRegion, Dtor
from kfunclint.finding import Place
from kfunclint.value import Value, replace

_CLOSES = frozenset(CLOSERS.values())
_IGNORES = frozenset({"__diag_ignore_all", "__diag_ignore"})
_BY_HAND = frozenset({"__diag_push", "__diag_pop"}) | _IGNORES
_FAR = 1 << 62  # a line behind all others
_IMPLIED = {"int": frozenset({"unsigned", "signed", "long", "short"}), "_Bool": frozenset({"bool"})}


class Header(Value):
    """A header that is whole in view: the parameters with their places, whether "..." follows them, the places of the
    return type and of `static`, and all words in front of the name."""

    parameters: tuple[Parameter, ...]
    variadic: bool
    returns_at: Place
    static_at: Place | None
    words: frozenset[str]


class _View:
    """The code of one visible range, without comments and directives; `top` is the first line that has any token."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self.tokens = lexer.code_of(tokens)
        self.top = tokens[0].line
        self.bottom = tokens[-1].end_line
        self.brackets = Brackets(self.tokens)
        self.marks = [token for token in self.tokens if token.text in CLOSERS or token.text in _CLOSES]
        self.sets = [token.line for token in self.tokens if token.text in SET_STARTS]
        self.unclear = any(token.text in _BY_HAND for token in self.tokens)

    def around(self, line: int) -> tuple[Token | None, Token | None]:
        """The last macro above a line and the first one below it."""
        at = bisect_left(self.marks, line, key=lambda mark: mark.line)
        return self.marks[at - 1] if at else None, self.marks[at] if at < len(self.marks) else None


class Definitions:
    """The tokens of one file, to ask about functions that the parser found in it."""

    def __init__(self, path: str, ranges: Sequence[Sequence[Token]]) -> None:
        self.path = path
        self._views = [_View(tokens) for tokens in ranges if tokens]
        self._silenced = list(_silenced(self._views))

    def header(self, function: Function) -> Header | None:
        """The header of a function; None unless all of it is in view and the parser understood it."""
        view = self._view(function)
        at = _index(view, function) if view else None
        if view is None or at is None:
            return None
        first = declarators.start(view.brackets, at)
        written = view.brackets.arguments(at + 1)
        if written is None or (view.tokens[first].line == view.top and view.top > 1):
            return None
        variadic = [token.text for token in written[-1]] == ["..."]
        parameters = self._parameters(written[:-1] if variadic else written, function)
        returns_at = self._returns(view.tokens[first:at], function)
        if parameters is None or returns_at is None:
            return None
        front = view.tokens[first:at]
        static_at = next((self._place(token, token) for token in front if token.text == "static"), None)
        return Header(parameters, variadic, returns_at, static_at, frozenset(token.text for token in front))

    def shows_name(self, function: Function) -> bool:
        """Does the name of a function stand where the parser saw it?"""
        view = self._view(function)
        return view is not None and _index(view, function) is not None

    def shows_return_type(self, function: Function) -> bool:
        """Is the return type that the parser gives written in front of the name? C makes an int of one that is not."""
        view = self._view(function)
        at = _index(view, function) if view else None
        if view is None or at is None:
            return False
        return _spells(view.tokens[declarators.start(view.brackets, at) : at], function.returns)

    def _view(self, function: Function) -> _View | None:
        at = bisect_right(self._views, function.line, key=lambda view: view.top)
        return self._views[at - 1] if at and function.line <= self._views[at - 1].bottom else None

    def _parameters(self, written: Sequence[Sequence[Token]], function: Function) -> tuple[Parameter, ...] | None:
        if [token.text for part in written for token in part] in ([], ["void"]):
            written = []
        if len(written) != len(function.parameters):
            return None
        parameters = [self._with_place(*pair) for pair in zip(written, function.parameters, strict=True)]
        return tuple(parameter for parameter in parameters if parameter) if all(parameters) else None

    def _with_place(self, written: Sequence[Token], parameter: Parameter) -> Parameter | None:
        if not written or not _spells(written, parameter.type):
            return None
        token = _name_of_parameter(written, parameter.name)
        if token is None and parameter.name:
            return None
        return replace(parameter, at=self._place(token or written[0], token or written[-1]))

    def _returns(self, tokens: Sequence[Token], function: Function) -> Place | None:
        words = set(_words(function.returns))
        words_of_type = [token for token in tokens if token.text in words or token.text == "*"]
        return (
            self._place(words_of_type[0], words_of_type[-1])
            if words_of_type and _spells(tokens, function.returns)
            else None
        )

    def _place(self, first: Token, last: Token) -> Place:
        end = last if last.line == first.line else first
        return Place(self.path, first.line, first.column, end.column + len(end.text))

    def in_defs(self, function: Function) -> bool | None:
        """Does it stand between the macros that silence -Wmissing-prototypes? None where the view does not tell."""
        view = self._view(function)
        if view is None:
            return None
        above, below = view.around(function.line)
        if (above and above.text in CLOSERS) or self._by_hand(function):
            return True
        if view.unclear:
            return None
        if above is None and self._next_set(view, function) < (below.line if below else _FAR):
            return False
        if above or below:
            return above is None and below is not None and below.text in _CLOSES
        return False if view.top == 1 else None

    def _next_set(self, view: _View, function: Function) -> int:
        """The line on which the next set of kfuncs begins: no region that silences the warning reaches over one."""
        at = bisect_right(view.sets, function.line)
        return view.sets[at] if at < len(view.sets) else _FAR

    def by_hand(self, function: Function) -> DiagRegion | None:
        """The region that is written by hand and that a function stands in, if one does and no macro does it."""
        span = self._by_hand(function)
        if span is None:
            return None
        push = self._place(span.push, span.push)
        view = next(view for view in self._views if view.top <= span.push.line <= view.bottom)
        lines = _ignoring(view.tokens, span.push)
        if not lines or span.pop is None:
            return DiagRegion(push)
        ignores = tuple(Place(self.path, line, 1, 1) for line in lines)
        return DiagRegion(push, ignores, self._place(span.pop, span.pop))

    def _by_hand(self, function: Function) -> _Silenced | None:
        view = self._view(function)
        at = bisect_right(self._silenced, function.line, key=lambda span: span.push.line)
        if view is None or at == 0 or self._silenced[at - 1].end < function.line:
            return None
        above, _ = view.around(function.line)
        return None if above and above.text in CLOSERS else self._silenced[at - 1]


class _Silenced(NamedTuple):
    """From a __diag_push() to the line of its __diag_pop(), which is None where it is out of view."""

    push: Token
    end: int
    pop: Token | None = None


def _ignoring(tokens: Sequence[Token], push: Token) -> range:
    """The lines of what is ignored right below a __diag_push(): none if that is more than missing prototypes and
    declarations, or has a line with something else."""
    first = at = bisect_left(tokens, (push.line, push.column), key=lambda token: (token.line, token.column)) + 4
    while at < len(tokens) and tokens[at].text in _IGNORES:
        at = next((end + 1 for end in range(at, len(tokens)) if tokens[end].text == ";"), len(tokens))
    written = tokens[first:at]
    lines = {token.line for token in written}
    warnings = [token.text for token in written if token.kind == "string" and token.text.startswith('"-W')]
    is_alone = bool(lines) and push.line not in lines and lines.isdisjoint(token.line for token in tokens[at : at + 1])
    if not is_alone or any(not warning.startswith('"-Wmissing-') for warning in warnings):
        return range(0)
    whole = range(min(lines), max(lines) + 1)
    return whole if len(whole) == len(lines) and whole.start == push.line + 1 else range(0)


def _silenced(views: Iterable[_View]) -> Iterator[_Silenced]:
    """Where __diag_ignore() silences warnings about missing prototypes; to the end of the view if no pop follows."""
    push: Token | None = None
    silent, bottom = False, 0
    for token, end in ((token, view.bottom) for view in views for token in view.tokens):
        if token.text == "__diag_push":
            if push and silent:
                yield _Silenced(push, bottom)
            push, silent, bottom = token, False, end
        elif token.kind == "string" and "-Wmissing-" in token.text:
            silent = True
        elif token.text == "__diag_pop" and push:
            if silent:
                yield _Silenced(push, token.line, token)
            push = None
    if push and silent:
        yield _Silenced(push, bottom)


def _index(view: _View, function: Function) -> int | None:
    """The index of the name of a function, if parentheses follow it there."""
    at = bisect_left(view.tokens, (function.line, function.column), key=lambda token: (token.line, token.column))
    texts = [token.text for token in view.tokens[at : at + 2]]
    return at if texts == [function.name, "("] else None


def _name_of_parameter(written: Sequence[Token], name: str) -> Token | None:
    """The token that names a parameter: the last word, or the one behind "(*" or "(" in a function pointer."""
    indices = [at for at, token in enumerate(written) if token.text == name]
    if any(token.text == "(" for token in written):
        indices = [at for at in indices if at and written[at - 1].text in ("*", "(")][:1]
    return written[indices[-1]] if indices else None


def _words(type_: str) -> list[str]:
    return re.findall(r"\w+", type_)


def _spells(tokens: Sequence[Token], type_: str) -> bool:
    """Does a type that the parser gives consist of what is written? It says int for what it does not understand."""
    written = {token.text for token in tokens}
    words = _words(type_)
    return bool(words) and all(word in written or _IMPLIED.get(word, frozenset()) & written for word in words)


def dtors(path: str, ranges: Sequence[Sequence[Token]]) -> Mapping[str, Dtor]:
    """The destructors of a file by name: what the lists of BTF ids hold that a `struct btf_id_dtor_kfunc` refers to."""
    by_name: dict[str, Dtor] = {}
    codes = [lexer.code_of(tokens) for tokens in ranges]
    lists = {kfuncs: objects for code in codes for objects, kfuncs in _dtor_lists(code)}
    singles = {name: ids for code in codes for name, ids in _single_ids(code)} if lists else {}
    for list_, (kind, token) in singles.items():
        if kind == "func" and list_ in lists:
            _, object_ = singles.get(lists[list_], ("", None))
            by_name[token.text] = Dtor(object_.text if object_ else "its object", place(path, token))
    for code in codes if lists else ():
        list_, object_name = "", ""
        for at, token in enumerate(code[:-4]):
            argument = code[at + 2]
            if token.text in ("BTF_ID_LIST", "BTF_ID_LIST_GLOBAL"):
                list_, object_name = argument.text, ""
            elif token.text == "BTF_ID" and list_ in lists:
                name = code[at + 4]
                if argument.text == "func" and object_name:
                    by_name[name.text] = Dtor(object_name, place(path, name))
                object_name = name.text if argument.text == "struct" else ""
    return by_name


def _single_ids(code: Sequence[Token]) -> Iterator[tuple[str, tuple[str, Token]]]:
    """The lists of one id, each with the kind and the name of what that is."""
    for at, token in enumerate(code[:-6]):
        if token.text in ("BTF_ID_LIST_SINGLE", "BTF_ID_LIST_GLOBAL_SINGLE"):
            yield code[at + 2].text, (code[at + 4].text, code[at + 6])


def declared(names: Collection[str], ranges: Sequence[Sequence[Token]]) -> Iterator[str]:
    """Which of the names are declared without a body: a type, the name, parentheses, a semicolon."""
    for tokens in ranges if names else ():
        for at, token in enumerate(tokens[1:-1], start=1):
            before = tokens[at - 1]
            typed = before.text == "*" or (before.kind == "name" and before.text not in declarators.STATEMENT)
            if token.text in names and typed and tokens[at + 1].text == "(":
                following = tokens[at + 1 : at + LONGEST]
                close = Brackets(following).closing.get(0, len(following))
                if [behind.text for behind in following[close + 1 : close + 2]] == [";"]:
                    yield token.text


def _dtor_lists(code: Sequence[Token]) -> Iterator[tuple[str, str]]:
    """The names of the lists behind `.btf_id =` and `.kfunc_btf_id =`."""
    objects = ""
    for at, token in enumerate(code[:-2]):
        if token.text == "btf_id" and code[at + 1].text == "=":
            objects = code[at + 2].text
        elif token.text == "kfunc_btf_id" and code[at + 1].text == "=":
            yield objects, code[at + 2].text
