"""C as plain values: what the parser hands on, and all that flow and rules ever see of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from kfunclint.c.failure import Failure
from kfunclint.c.kinds import NodeKind, TypeKind
from kfunclint.finding import Place
from kfunclint.value import Value


class Node(Value):
    """A statement or an expression.

    `line` and `column` are 1-based, in the post-image, columns in characters; inside a macro they are those of
    the use of the macro. What `text` and `kids` hold depends on `kind`:

    statements
      block      kids: the statements
      if         kids: condition, then, and else where there is one
      while, do  kids: condition, body
      for        kids: init, condition, step, body; a `none` node stands for a missing part
      switch     kids: value, body
      case       kids: value, statement (`none` where a label ends the block); default: kids: statement
      label      text: its name; kids: statement          goto      text: the label's name
      break, continue                                      return    kids: the value, where there is one
      decl       kids: the `var`s
      var        text: name; kids: the initial value, where there is one; see `note` below
      none       nothing there

    expressions
      name       text: a variable, enumerator or function that is not called
      member     text: ".f" or "->f"; kids: the object
      call       text: the callee's name, "" if it is an expression; kids: the arguments (an unnamed callee first)
      unary      text: "!", "*", "&", "-", "~", "+", "++x", "x++", "--x", "x--"; kids: operand
      binary     text: the operator, "," among them; kids: left, right
      assign     text: "=" or "+=" and so on; kids: target, value
      ternary    kids: condition, then (`none` for "?:"), else
      index      kids: array, index
      number     text: the value in decimal where clang knows it, else as written
      string     text: as written
      list       kids: the values of an initializer list
      stmtexpr   kids: the block of a ({ ... })
      unevaluated  kids: none; sizeof and its like, whose operand is never read
      opaque     kids: whatever clang could build of an expression that it could not

    Parentheses, casts, implicit conversions and __builtin_expect() are left out: their operand stands there instead.
    `note` is "free:NAME" on a `var` with __free(NAME) and "class:NAME" on one made by CLASS(NAME, var). Where a
    name, a literal, a sizeof or a cast of anything is a side of < > <= >= + - * or an index, it is its integer type
    without typedefs ("unsigned int"); if that is not known, "?" for a cast and "" for a name. `type` is the integer
    type, spelled likewise, of the variable that a `var` declares; "" where it has none or clang had to invent it.
    Macros that the shim turns into calls keep their kernel name as the callee (container_of, IS_ENABLED, current,
    guard(rcu), scoped_guard(rcu)); a value that the edge repair had to invent is `opaque`.
    """

    kind: NodeKind
    line: int
    column: int
    text: str = ""
    kids: tuple[Node, ...] = ()
    note: str = ""
    type: str = ""

    def walk(self) -> Iterator[Node]:
        """This node and all below it, in the order of the source."""
        todo = [self]
        while todo:
            node = todo.pop()
            yield node
            todo.extend(reversed(node.kids))


_QUALIFIER = re.compile(r"\b(?:const|volatile|restrict|__restrict)\b")
_SCALAR = re.compile(
    r"(?:(?:un)?signed|char|short|int|long|_Bool|bool|__[us](?:8|16|32|64)|[us](?:8|16|32|64)|u?int(?:8|16|32|64)_t|"
    r"__[bl]e(?:16|32|64)|__wsum|__sum16|s?size_t|u?intptr_t|uint|ulong|loff_t|sector_t|pgoff_t|ktime_t|time64_t|"
    r"gfp_t|fmode_t|umode_t|dev_t|pid_t)(?: (?:(?:un)?signed|char|short|int|long))*|enum \w+"
)
_SIGNED = re.compile(
    r"(?:signed )?(?:short|int|long|long long)(?: int)?|signed char|(?:__)?s(?:8|16|32|64)|int(?:8|16|32|64)_t|"
    r"ssize_t|pid_t"
)
_AGGREGATE = re.compile(r"(?:struct|union) \w+|float|double|long double|sockptr_t|bpfptr_t|kuid_t|kgid_t|cpumask_t")


class Parameter(Value):
    """A parameter: name ("" where there is none) and type, spelled as C spells it ("struct task_struct *").

    `at` is where its name stands, or its type where it has none; None where that is not known.
    """

    name: str
    type: str
    at: Place | None = None

    @property
    def is_pointer(self) -> bool:
        """Is it a pointer, of whatever type? An array is one, as a parameter."""
        return is_pointer(self.type)

    @property
    def is_struct_pointer(self) -> bool:
        """Does it point to a struct or union, by its spelling?"""
        return is_struct_pointer(self.type)

    @property
    def is_scalar(self) -> bool:
        """Is it surely a number? A typedef may be anything."""
        return is_scalar(self.type)

    @property
    def may_be_implicit(self) -> bool:
        """Can the verifier pass it, if KF_IMPLICIT_ARGS asks it to? (tools/bpf/resolve_btfids/main.c:
        is_kf_implicit_arg(), which looks through const.)"""
        return self.pointee in ("struct bpf_prog_aux", "struct btf_struct_meta")

    @property
    def pointee(self) -> str | None:
        """What it points to, without qualifiers: "struct foo", "void", "char *"; None if it is no such pointer."""
        return pointee(self.type)


def bare(type_: str | None) -> str:
    """A type without const and its kin, words and stars apart by one space: "struct foo *"; "" for an unknown one."""
    return " ".join(_QUALIFIER.sub(" ", type_ or "").replace("*", " * ").split())


def struct_of(type_: str | None) -> str | None:
    """The struct that a type is a pointer to, by its spelling; None for any other type."""
    words = bare(type_).split()
    return words[1] if len(words) == 3 and words[0] == "struct" and words[2] == "*" else None


def is_pointer(type_: str | None) -> bool:
    """Is that type a pointer by its spelling? A typedef may be one and not show it."""
    return bare(type_).endswith(("*", "]")) or is_function_pointer(type_)


def is_function_pointer(type_: str | None) -> bool:
    """Does that type point to a function by its spelling?"""
    return "( * )" in bare(type_) or bare(type_) == "bpf_callback_t"


def is_struct_pointer(type_: str | None) -> bool:
    """Does that type point to a struct or union?"""
    return re.fullmatch(r"(?:struct|union) \w+ \*", bare(type_)) is not None


def is_scalar(type_: str | None) -> bool:
    """Is it surely a number: an integer type or an enum, not a typedef that may be anything?"""
    return _SCALAR.fullmatch(bare(type_)) is not None


def is_signed(type_: str | None) -> bool:
    """Is it surely a signed integer? Of an enum or a typedef of other names its spelling does not tell."""
    return _SIGNED.fullmatch(bare(type_)) is not None


def is_aggregate(type_: str | None) -> bool:
    """Is it surely a struct, a union or a floating point number itself, not a pointer to one?"""
    return _AGGREGATE.fullmatch(bare(type_)) is not None


def pointee(type_: str | None) -> str | None:
    """What a pointer points to, without qualifiers; None for a function pointer and for what is not spelled as one."""
    spelled = bare(type_)
    return spelled.removesuffix("*").rstrip() if spelled.endswith("*") and "(" not in spelled else None


class Function(Value):
    """A function definition seen in the post-image.

    `line` and `column` are those of its name, `first_line` that of its header (return type or marker), `end_line` that
    of its closing brace or of the last line shown. `complete`: header, both braces and all between are in view and were
    parsed, so `body` is the whole of it; a fragment has what could be seen. Where its name is not in view, that is the
    one in the @@ heading, or "" if none tells it, and the place is the first line; `returns` is "" then, and
    `parameters` empty: of types a heading is no evidence, and C makes an int of one that is left out. `misread` is the
    first line that was not understood of one that is whole in view and not complete for that; else None. `marker`: it
    carries __bpf_kfunc.
    """

    name: str
    line: int
    column: int
    first_line: int
    end_line: int
    returns: str
    parameters: tuple[Parameter, ...]
    marker: bool
    static: bool
    variadic: bool
    complete: bool
    misread: int | None
    body: Node


class Type(Value):
    """A type as the headers of a tree declare it, on 64-bit x86; what they do not tell is None.

    `kind`, behind all typedefs: integer, enum, float, pointer, struct, union, array, function or void. `size` in bytes
    is None for what is only declared. `signed` is that of an integer or enum, `length` the number of elements of an
    array, `target` what a pointer points to or an array has. `scalars`: a struct or union holds nothing but integers
    and enums, arrays of them, and structs of all these, so that a program may pass it as plain memory
    (kernel/bpf/verifier.c: __btf_type_is_scalar_struct()); of an array, whether its elements are integers or enums.
    """

    kind: TypeKind
    size: int | None
    signed: bool | None
    length: int | None
    scalars: bool | None
    target: Type | None


class Unit(Value):
    """What the parser made of one file; `failure` says why it made nothing (then the rest is empty).

    `types` has the types in the signatures of `functions` as these spell them ("u64", "const struct cpumask *"), and
    those of the names that they compare with something ("nr_cpu_ids"), as far as the headers of a tree tell them; None
    if nobody asked, or if they could not be parsed.
    """

    path: str
    functions: tuple[Function, ...] = ()
    failure: Failure | None = None
    types: Mapping[str, Type] | None = None
