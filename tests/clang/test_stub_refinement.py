"""The English texts of clang's errors that the stubs are made from: another libclang may word them differently."""

from __future__ import annotations

import pytest

from kfunclint.c.lexer import code
from kfunclint.clang import job, worker
from kfunclint.clang.stub_inference import Text, infer
from kfunclint.clang.stub_refinement import _HANDLERS, Refinement
from kfunclint.clang.stubs import Stubs

# By the handler that must take it: a text with one error, and how clang words it.
ERRORS = {
    "undeclared": ("int f(void) { return books; }", "use of undeclared identifier 'books'"),
    "unknown_type": ("book_t f(void);", "unknown type name 'book_t'"),
    "no_member": (
        "struct s { int a; }; int f(struct s *s) { return s->books; }",
        "no member named 'books' in 'struct s'",
    ),
    "incomplete": (
        "struct s; int f(struct s *s) { return s->books; }",
        "incomplete definition of type 'struct s'",
    ),
    "incomplete variable": ("void f(void) { struct s s; }", "variable has incomplete type 'struct s'"),
    "incomplete sizeof": (
        "int f(void) { return sizeof(struct s); }",
        "invalid application of 'sizeof' to an incomplete type 'struct s'",
    ),
    "incomplete result": (
        "struct s g(void); void f(void) { g(); }",
        "calling 'g' with incomplete return type 'struct s'",
    ),
    "incomplete element": ("struct s a[2];", "array has incomplete element type 'struct s'"),
    "incomplete arithmetic": (
        "struct s *f(struct s *s) { return s + 1; }",
        "arithmetic on a pointer to an incomplete type 'struct s'",
    ),
    "not_a_structure": (
        "int f(long s) { return s->books; }",
        "member reference type 'long' is not a pointer",
    ),
    "not_a_structure dot": (
        "int f(long s) { return s.books; }",
        "member reference base type 'long' is not a structure or union",
    ),
    "not_a_structure suggestion": (
        "struct s { int a; }; int f(struct s *s) { return s.a; }",
        "member reference type 'struct s *' is a pointer; did you mean to use '->'?",
    ),
    "subscripted": ("int f(long s) { return s[1]; }", "subscripted value is not an array, pointer, or vector"),
    "called_object": (
        "int f(long s) { return s(1); }",
        "called object type 'long' is not a function or function pointer",
    ),
    "indirection": ("int f(long s) { return *s; }", "indirection requires pointer operand ('long' invalid)"),
    "not_constant": (
        "int g(int); int f(int n) { switch (n) { case g(1): return 1; } return 0; }",
        "expression is not an integer constant expression",
    ),
    "expected_expression": ("int g(); int f(void) { return g(int); }", "expected expression"),
    "no_field": (
        "struct s { int a; } s = { .books = 1 };",
        "field designator 'books' does not refer to any field in type 'struct s'",
    ),
    "untyped_parameters": (
        "SHELF(a, b);",
        "a parameter list without types is only allowed in a function definition",
    ),
}


@pytest.fixture(scope="module")
def clang() -> worker.Worker:
    """libclang in this process, with the confinement that a child would have but for its limits."""
    return worker.Worker()


@pytest.mark.parametrize("name", ERRORS)
def test_words_of_an_error(clang: worker.Worker, name: str) -> None:
    text, expected = ERRORS[name]
    files = {job.MAIN: text + "\n", job.SHIM: "", job.STUBS: ""}
    tree = clang.library.parse(job.MAIN, files, clang.arguments)
    assert tree is not None
    words = [error.text for error in tree.errors(8)]
    tree.close()
    assert expected in words
    taken = next(handler for pattern, handler in _HANDLERS if pattern.search(expected))
    assert taken.__name__ == name.split(maxsplit=1)[0]


def test_every_error_has_its_words() -> None:
    assert {handler.__name__ for _, handler in _HANDLERS} == {name.split()[0] for name in ERRORS}


@pytest.mark.parametrize("name", ERRORS)
def test_an_error_teaches_until_nothing_is_new(clang: worker.Worker, name: str) -> None:
    """What can be learnt is learnt in a few rounds, and asking on and on changes nothing any more."""
    text = Text(code(ERRORS[name][0]))
    stubs = Stubs()
    infer(text, clang.shim.names, stubs)
    rounds = Refinement(text, clang.shim.names, stubs)
    for _ in range(6):
        files = {job.MAIN: ERRORS[name][0] + "\n", job.SHIM: clang.shim.text, job.STUBS: stubs.text()}
        tree = clang.library.parse(job.MAIN, files, clang.arguments)
        assert tree is not None
        rounds.learn(list(tree.errors(8)))
        tree.close()
    assert not stubs.changed
