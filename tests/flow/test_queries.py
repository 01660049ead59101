"""What holds where in a body, over functions written in C."""

from __future__ import annotations

import pytest

from kfunclint.c.syntax import Node
from kfunclint.clang import Parser
from kfunclint.flow.queries import (
    Condition,
    aliases,
    calls,
    conditions_on,
    counted,
    dereferences,
    held_at_return,
    indexings,
    null_returns,
    null_tests,
    only_tested,
    other_tests,
    outliving,
    returns,
    shifts,
    spelled,
    uses,
)
from kfunclint.patch.postimage import Line, PostImage, VisibleRange

OFF = Condition("off()", holds=False)


def body(parser: Parser, code: str) -> Node:
    """The body of `struct thing *f(struct thing *p, int n)` with the given statements, from line 2 on."""
    lines = ["struct thing *f(struct thing *p, int n) {", *code.strip("\n").split("\n"), "}"]
    unit = parser.parse(PostImage("a.c", (VisibleRange(1, tuple(Line(line) for line in lines)),)))
    assert unit.failure is None
    (function,) = unit.functions
    assert function.complete
    return function.body


GUARDED = {
    "early return": "if (off()) return NULL; use(root);",
    "negated": "if (!off()) use(root);",
    "compared": "if (off() == 0) use(root);",
    "not equal": "if (off() != 0) return NULL; use(root);",
    "else": "if (off()) n = 1; else use(root);",
    "and": "if (n && !off() && root) n = 1;",
    "or": "if (off() || !root) return NULL;",
    "or then use": "if (n || off()) return NULL; use(root);",
    "ternary": "return off() ? NULL : root;",
    "ternary as value": "p = off() ? NULL : root;",
    "goto": "if (off()) goto out; use(root); out: return p;",
    "while": "while (!off()) use(root);",
    "for": "for (n = 0; !off(); n++) use(root);",
    "before a loop": "if (off()) return NULL; while (n--) use(root);",
    "switch behind": "if (off()) return NULL; switch (n) { case 1: use(root); break; default: use(root); }",
    "noreturn": "if (off()) BUG(); use(root);",
    "likely": "if (unlikely(off())) return NULL; use(root);",
    "warn": "if (WARN_ON_ONCE(off())) return NULL; use(root);",
    "local": "bool is = off(); if (is) return NULL; use(root);",
    "local of a negation": "bool on = !off(); if (on) use(root);",
    "double negation": "if (!!off()) return NULL; use(root);",
    "nested": "if (n) { if (off()) return NULL; } else { if (off()) return NULL; } use(root);",
    "other calls between": "if (off()) return NULL; other(p); *p = *p; use(root);",
    "statement expression": "n = ({ if (off()) return NULL; 1; }); use(root);",
    "scoped guard": "scoped_guard(rcu) { if (off()) return NULL; } use(root);",
    "do once": "do { if (off()) return NULL; } while (0); use(root);",
}
UNGUARDED = {
    "nothing": "use(root);",
    "behind": "use(root); if (off()) return NULL;",
    "inverted": "if (!off()) return NULL; use(root);",
    "one path": "if (n) { if (off()) return NULL; } use(root);",
    "and instead of or": "if (n && off()) return NULL; use(root);",
    "or instead of and": "if (n || !off()) use(root);",
    "not left": "if (off()) n = 1; use(root);",
    "case of its own": "switch (n) { case 1: if (off()) return NULL; break; default: break; } use(root);",
    "fallthrough": "switch (n) { case 1: if (off()) return NULL; fallthrough; case 2: use(root); }",
    "label behind": "if (n) goto in; if (off()) return NULL; in: use(root);",
    "loop that may not run": "while (n--) { if (off()) return NULL; } use(root);",
    "changed local": "bool is = off(); is = n; if (is) return NULL; use(root);",
    "address": "use(&root->member);",
}


@pytest.mark.parametrize("code", GUARDED.values(), ids=GUARDED)
def test_guarded(code: str, parser: Parser) -> None:
    found = uses(body(parser, code), "root")
    assert found
    assert all(OFF in use.known for use in found)


def test_a_body_that_is_too_much_tells_nothing(parser: Parser) -> None:
    def many(count: int) -> str:
        return "".join(f"int v{at} = n;\nif (v{at}) n++;\n" for at in range(count)) + "use(root);"

    assert uses(body(parser, many(20)), "root")
    assert not uses(body(parser, many(400)), "root")


@pytest.mark.parametrize("code", UNGUARDED.values(), ids=UNGUARDED)
def test_not_guarded(code: str, parser: Parser) -> None:
    assert any(OFF not in use.known for use in uses(body(parser, code), "root"))


@pytest.mark.parametrize(
    "code", ["n = sizeof(*root);", "p = &root;", "return NULL; use(root);", "if (0) use(root);", "root = p;"]
)
def test_no_use(code: str, parser: Parser) -> None:
    assert not uses(body(parser, code), "root")


RETURNS_NULL = {
    "literal": "return NULL;",
    "zero": "return 0;",
    "ternary": "return n ? p : NULL;",
    "short ternary": "return p ?: NULL;",
    "initial": "struct thing *q = NULL; if (n) q = p; return q;",
    "assigned": "p = NULL; return p;",
    "tested": "p = get(); if (!p) return p; return p;",
    "compared": "p = get(); if (p == NULL) goto out; touch(*p); out: return p;",
    "assigned in the condition": "if (!(p = get())) return p; return p;",
    "loop": "struct thing *q = NULL; while (n--) q = get(); return q;",
}
RETURNS_NO_NULL = {
    "callee": "return get();",
    "parameter": "return p;",
    "address": "return &p->inner;",
    "replaced": "if (!p) p = &spare; return p;",
    "tested away": "p = get(); if (!p) p = other(); return p;",
    "impossible": "struct thing *q = NULL; q = p; return q;",
    "given to a macro": "struct thing *q = NULL; fill(q); return q;",
    "address taken": "struct thing *q = NULL; fill(&q); return q;",
    "for each": "struct thing *q = NULL; list_for_each_entry(q, p, node) n++; return q;",
    "error pointer": "p = get(); if (IS_ERR(p)) return p; return p;",
    "error or null": "p = get(); if (IS_ERR_OR_NULL(p)) return p; return p;",
    "unreachable": "return p; return NULL;",
    "zero counter": "int err = 0; struct thing *q = NULL; if (err) return q; return p;",
}


@pytest.mark.parametrize("code", RETURNS_NULL.values(), ids=RETURNS_NULL)
def test_returns_null(code: str, parser: Parser) -> None:
    assert null_returns(body(parser, code))


@pytest.mark.parametrize("code", RETURNS_NO_NULL.values(), ids=RETURNS_NO_NULL)
def test_returns_no_null(code: str, parser: Parser) -> None:
    assert not null_returns(body(parser, code))


def test_a_null_return_names_its_source(parser: Parser) -> None:
    (found,) = null_returns(body(parser, "p = NULL;\nn++;\nreturn p;"))
    assert (found.source.line, found.node.line) == (2, 4)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("if (off()) return p;", True),
        ("bool is = off(); if (is) return p;", True),
        ("n = off(); n++; if (n) return p;", False),
        ("if (off() == 1) return p;", False),
        ("use(off());", False),
        ("off();", False),
    ],
)
def test_only_tested(code: str, expected: bool, parser: Parser) -> None:
    assert only_tested(body(parser, code), "off") is expected


RETURNS_ERROR = {
    "made": "return ERR_PTR(-2);",
    "cast": "return ERR_CAST(p);",
    "stored": "p = ERR_PTR(-2); return p;",
    "one branch": "if (n) p = ERR_PTR(-2); return p;",
    "tested": "p = get(); if (IS_ERR(p)) return p; return NULL;",
    "goto": "p = get(); if (IS_ERR(p)) goto out; n++; out: return p;",
    "ternary": "return n ? p : ERR_PTR(-2);",
}
RETURNS_NO_ERROR = {
    "replaced": "p = get(); if (IS_ERR(p)) p = NULL; return p;",
    "turned": "p = get(); if (IS_ERR(p)) return NULL; return p;",
    "unknown": "p = get(); return p;",
    "either": "p = get(); if (IS_ERR_OR_NULL(p)) return NULL; return p;",
    "made and tested": "p = ERR_PTR(-2); if (n) p = get(); if (IS_ERR(p)) return NULL; return p;",
    "ternary": "p = get(); return IS_ERR(p) ? NULL : p;",
}


@pytest.mark.parametrize("code", RETURNS_ERROR.values(), ids=RETURNS_ERROR)
def test_returns_an_error_pointer(code: str, parser: Parser) -> None:
    assert any(found.errors for found in returns(body(parser, code)))


@pytest.mark.parametrize("code", RETURNS_NO_ERROR.values(), ids=RETURNS_NO_ERROR)
def test_returns_no_error_pointer(code: str, parser: Parser) -> None:
    assert not any(found.errors for found in returns(body(parser, code)))


@pytest.mark.parametrize(
    ("code", "sources"),
    [
        ("p = get(); n = p->size;", ["get"]),
        ("p = get(); touch(*p);", ["get"]),
        ("p = get(); n = p[1].size;", ["get"]),
        ("p = p->next; n = p->size;", ["->next"]),
        ("p = top; n = p->size;", ["top"]),
        ("p = get(); if (n && !p) return NULL; n = p->size;", ["get"]),
        ("p = get(); if (!p) return NULL; n = p->size;", []),
        ("p = get(); if (n || !p) return NULL; n = p->size;", []),
        ("p = get(); n = p && p->size;", []),
        ("p = get(); if (IS_ERR_OR_NULL(p)) return NULL; n = p->size;", []),
        ("p = get(); if (!p) p = &spare; n = p->size;", []),
        ("p = get(); fill(p); n = p->size;", []),
    ],
)
def test_what_the_last_dereference_reads_through(code: str, sources: list[str], parser: Parser) -> None:
    assert [source.text for source in dereferences(body(parser, code))[-1].sources] == sources


@pytest.mark.parametrize(
    "code", ["use(&p->member);", "use(&p[n]);", "n = sizeof(p->size);", "use(p);", "return NULL; p->x;"]
)
def test_no_dereference(code: str, parser: Parser) -> None:
    assert not dereferences(body(parser, code))


def test_an_address_behind_two_pointers_reads_the_first(parser: Parser) -> None:
    (found,) = dereferences(body(parser, "use(&p->next->member);"))
    assert found.node.text == "p"


def test_indexings_know_what_holds(parser: Parser) -> None:
    first, second = indexings(body(parser, "n = p->a[n];\nif (n < 4)\nuse(&p->a[n]);"))
    assert not first.known
    assert second.known == {Condition("(n<4)", holds=True)}


def test_calls_in_dead_branches_are_not_made(parser: Parser) -> None:
    assert [call.node.text for call in calls(body(parser, "if (0) one(); if (n) two(); return NULL; three();"))] == [
        "two"
    ]


def test_conditions_on_a_variable(parser: Parser) -> None:
    found = body(parser, "if (!p) n = 1; if (n > 2 && check(p)) n = 2; use(p);")
    assert [node.kind for node in conditions_on(found, "p")] == ["name", "call"]
    assert [node.kind for node in null_tests(found, "p")] == ["name"]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("p->x = 1; return n;", True),
        ("fill(p); return n;", True),
        ("memset(&p->x, 0, 4); return n;", True),
        ("if (n) p->x = 1; else p->x = 2; return n;", True),
        ("if (n) p->x = 1; return n;", False),
        ("p = top; return n;", False),
        ("n = p->x; return n;", False),
    ],
)
def test_written_on_every_way(code: str, expected: bool, parser: Parser) -> None:
    (found,) = returns(body(parser, code))
    assert ("p" in found.written) is expected


@pytest.mark.parametrize(
    ("argument", "expected"),
    [
        ("p", "p"),
        ("&p->refs", "p"),
        ("&p->css.refs", "p"),
        ("p->file", None),
        ("&p->next->refs", None),
        ("get()", None),
    ],
)
def test_counted(argument: str, expected: str | None, parser: Parser) -> None:
    assert counted(calls(body(parser, f"take({argument});"))[-1].node) == expected


def test_aliases(parser: Parser) -> None:
    assert aliases(body(parser, "struct kit *kit = (void *)p; q = &p->inner; r = p->next;"), "p") == {"p", "kit", "q"}


OUTLIVES = {
    "lock": "rcu_read_lock(); p = rcu_dereference(top); rcu_read_unlock(); return p;",
    "guard": "guard(rcu)(); return rcu_dereference(top);",
    "guarded block": "scoped_guard(rcu) { p = rcu_dereference(top); } return p;",
    "one of two": "rcu_read_lock(); p = rcu_dereference(top); rcu_read_unlock(); return n ? &spare : p;",
    "goto": "rcu_read_lock(); p = get(n); if (!p) goto out; n++; out: rcu_read_unlock(); return p;",
    "loop": "rcu_read_lock(); each(p) { if (p->n == n) break; } rcu_read_unlock(); return p;",
    "second section": "rcu_read_lock(); rcu_read_unlock(); rcu_read_lock(); p = get(n); rcu_read_unlock(); return p;",
    "copy": "guard(rcu)(); struct thing *q = rcu_dereference(top); p = q; return p;",
    "inside": "rcu_read_lock(); p = rcu_dereference(top); rcu_read_unlock(); return &p->inner;",
    "assigned in the condition": "rcu_read_lock(); if (!(p = get(n))) n = 1; rcu_read_unlock(); return p;",
    "switch": "guard(rcu)(); switch (n) { case 1: p = get(n); break; default: p = NULL; } return p;",
}
DOES_NOT_OUTLIVE = {
    "no section": "p = rcu_dereference(top); return p;",
    "section of a caller": "p = rcu_dereference(top); rcu_read_lock(); n++; rcu_read_unlock(); return p;",
    "still open": "rcu_read_lock(); p = rcu_dereference(top); return p;",
    "one inside another": "rcu_read_lock(); rcu_read_lock(); p = get(n); rcu_read_unlock(); return p;",
    "replaced": "rcu_read_lock(); p = get(n); p = &spare; rcu_read_unlock(); return p;",
    "null": "rcu_read_lock(); p = get(n); rcu_read_unlock(); if (!p) return p; return NULL;",
    "member": "rcu_read_lock(); p = get(n); p = p->next; rcu_read_unlock(); return p;",
    "another call": "rcu_read_lock(); p = find(n); rcu_read_unlock(); return p;",
    "other lock": "mutex_lock(&lock); p = get(n); mutex_unlock(&lock); return p;",
    "address taken": "rcu_read_lock(); p = get(n); keep(&p); rcu_read_unlock(); return p;",
}


@pytest.mark.parametrize("code", OUTLIVES.values(), ids=OUTLIVES)
def test_outlives_its_section(code: str, parser: Parser) -> None:
    assert len(outliving(body(parser, code), ["get"], ["each"])) == 1


@pytest.mark.parametrize("code", DOES_NOT_OUTLIVE.values(), ids=DOES_NOT_OUTLIVE)
def test_does_not_outlive_its_section(code: str, parser: Parser) -> None:
    assert not outliving(body(parser, code), ["get"], ["each"])


def test_what_outlives_tells_its_way(parser: Parser) -> None:
    (found,) = outliving(body(parser, "rcu_read_lock();\np = get(n);\nrcu_read_unlock();\nreturn p;"), ["get"], [])
    assert (found.source.line, found.end.line, found.node.line) == (3, 4, 5)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("if (n) { if (off()) return NULL; } use(root);", ["tested only on this branch"]),
        ("if (n && off()) return NULL; use(root);", ["tested only on this branch"]),
        ("use(root); if (off()) return NULL;", ["tested only after the use"]),
        ("while (n--) { use(root); if (off()) return NULL; }", ["tested only on this branch"]),
        ("if (n) { use(root); } else if (off()) { return NULL; }", ["tested only on another branch"]),
        (
            "if (n || off()) n = 1; use(root); n = off() ? 1 : 2;",
            ["tested only on this branch", "tested only after the use"],
        ),
        ("use(root); if (other()) return NULL;", []),
    ],
)
def test_tests_that_do_not_count(code: str, expected: list[str], parser: Parser) -> None:
    found = body(parser, code)
    (use,) = uses(found, "root")
    tests = other_tests(found, use.node, lambda node: spelled(node) == "off()")
    assert [test.note for test in tests] == expected


def test_a_check_counts_when_it_was_made(parser: Parser) -> None:
    (found,) = indexings(body(parser, "if (n >= p->count) return NULL; touch(p); n = p->a[n];"))
    assert not found.known
    assert found.asked == {Condition("(n>=p->count)", holds=False)}
    (found,) = indexings(body(parser, "if (n >= p->count) return NULL; n = get(p); n = p->a[n];"))
    assert not found.asked


LEAVES_HELD = {
    "early return": ("lock(p); if (n) return NULL; unlock(p); return p;", 1),
    "both": ("lock(p); if (n) { unlock(p); return NULL; } unlock(p); return p;", 0),
    "goto": ("lock(p); if (n) goto out; n++; out: unlock(p); return p;", 0),
    "never given back": ("lock(p); if (n) return NULL; return p;", 0),
    "another lock": ("lock(p); if (n) { unlock(top); return NULL; } unlock(p); return p;", 1),
    "one path only": ("if (n) lock(p); if (!p) return NULL; if (n) unlock(p); return p;", 0),
    "on a path of its own": ("if (n) { lock(p); if (!p) return NULL; unlock(p); } return p;", 1),
    "changed": ("lock(p); p = p->next; if (n) return NULL; unlock(p); return p;", 0),
    "loop": ("while (n--) { lock(p); if (!p->x) return NULL; unlock(p); } return p;", 1),
    "switch": ("lock(p); switch (n) { case 1: return NULL; default: unlock(p); } return p;", 1),
    "in a helper": ("lock(p); if (n) { fail(p); return NULL; } unlock(p); return p;", 0),
    "unknown unlock": ("lock(p); if (n) { put_unlock(p); return NULL; } unlock(p); return p;", 0),
    "unlock of its own": ("lock(p); other_lock(p); if (n) { other_unlock(p); return NULL; } unlock(p); return p;", 1),
}


@pytest.mark.parametrize(("code", "count"), LEAVES_HELD.values(), ids=LEAVES_HELD)
def test_leaves_a_lock_held(code: str, count: int, parser: Parser) -> None:
    helpers = {"fail": body(parser, "unlock(p);")}
    found = held_at_return(body(parser, code), {"lock": "unlock"}, helpers)
    assert [one.lock.text for one in found] == ["lock"] * count


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("switch (n) { case 1: case 2: n = p->a[n]; }", True),
        ("switch (n) { case 1: p = p->next; fallthrough; case 2: n = p->a[n]; }", True),
        ("switch (n) { case 1: return p; default: n = p->a[n]; }", False),
        ("switch (n) { case 1: break; } n = p->a[n];", False),
        ("switch (n) { default: case 1: n = p->a[n]; }", False),
    ],
)
def test_a_case_is_a_check(code: str, expected: bool, parser: Parser) -> None:
    (found,) = indexings(body(parser, code))
    assert (found.asked == {Condition("switch(n)", holds=True)}) is expected


def test_shifts_know_what_holds(parser: Parser) -> None:
    first, second = shifts(body(parser, "n = 1 << n;\nif (n < 4)\nuse(p->a >> n);"))
    assert not first.asked
    assert second.asked == {Condition("(n<4)", holds=True)}
