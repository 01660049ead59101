"""What a function does on its paths, over functions written in C."""

from __future__ import annotations

import pytest

from kfunclint.c.syntax import Function
from kfunclint.clang import Parser
from kfunclint.flow.account import Account
from kfunclint.flow.accounts import Accounts
from kfunclint.flow.bounds import open_below
from kfunclint.flow.budget import Purse
from kfunclint.flow.questions import (
    Condition,
    conditions,
    fails,
    never_null,
    null_returns,
    null_tests,
    nullness,
    outcomes,
    scalar_of,
    taken,
    uses,
    was_asked,
)
from kfunclint.flow.terms import Term
from kfunclint.patch.postimage import Line, PostImage, VisibleRange

OFF = Condition("off()", holds=False)


def functions(parser: Parser, text: str) -> dict[str, Function]:
    lines = tuple(Line(line) for line in text.strip("\n").split("\n"))
    unit = parser.parse(PostImage("a.c", (VisibleRange(1, lines),)))
    assert unit.failure is None
    assert all(function.complete for function in unit.functions)
    return {function.name: function for function in unit.functions}


def account(parser: Parser, code: str, helpers: str = "") -> Account:
    """That of `struct thing *f(struct thing *p, int n)` with the given statements."""
    known = functions(parser, f"{helpers}\nstruct thing *f(struct thing *p, int n)\n{{\n{code}\n}}")
    found = Accounts(known).of("f", known["f"].body)
    assert found is not None
    return found


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
    found = account(parser, code)
    reads = [use for use in uses(found, "name") if use.term.text == "root"]
    assert reads
    assert all(OFF in conditions(use.path) for use in reads)


@pytest.mark.parametrize("code", UNGUARDED.values(), ids=UNGUARDED)
def test_not_guarded(code: str, parser: Parser) -> None:
    found = account(parser, code)
    assert any(OFF not in conditions(use.path) for use in uses(found, "name") if use.term.text == "root")


@pytest.mark.parametrize("code", ["n = sizeof(*root);", "return NULL; use(root);", "if (0) use(root);", "root = p;"])
def test_no_use(code: str, parser: Parser) -> None:
    assert not [use for use in uses(account(parser, code), "name") if use.term.text == "root"]


def test_what_only_compares_is_not_taken(parser: Parser) -> None:
    found = account(parser, "if (root == p) n = 1; if (!root) return NULL; return root;")
    reads = [use for use in uses(found, "name") if use.term.text == "root"]
    assert {use.node.column for use in taken(found, reads)} == {54}


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
    "error or null": "p = get(); if (IS_ERR_OR_NULL(p)) return p; return &spare;",
    "lookup": "return find_vma(p, n);",
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
    "unreachable": "return p; return NULL;",
    "lookup that is tested": "p = find_vma(p, n); return p ?: &spare;",
    "found": "struct thing *q = NULL; bool got = false; if (n) { q = p; got = true; } return got ? q : &spare;",
    "zero counter": "int err = 0; struct thing *q = NULL; if (err) return q; return p;",
}


@pytest.mark.parametrize("code", RETURNS_NULL.values(), ids=RETURNS_NULL)
def test_returns_null(code: str, parser: Parser) -> None:
    assert null_returns(account(parser, code))


@pytest.mark.parametrize("code", RETURNS_NO_NULL.values(), ids=RETURNS_NO_NULL)
def test_returns_no_null(code: str, parser: Parser) -> None:
    assert not null_returns(account(parser, code))


def test_a_null_return_names_its_source(parser: Parser) -> None:
    (found,) = null_returns(account(parser, "p = NULL;\nn++;\nreturn p;"))
    assert (found.source.line, found.node.line, found.kind) == (3, 5, "literal")
    (found,) = null_returns(account(parser, "p = get();\nif (p)\n\tn++;\nelse\n\treturn p;\nreturn &spare;"))
    assert (found.source.line, found.node.line, found.kind) == (4, 7, "test")


NEVER_NULL = {
    "address": "return &p->inner;",
    "object": "return &spare;",
    "container": "return container_of(p, struct thing, inner);",
    "tested": "p = get(); if (!p) return &spare; return p;",
}
MAYBE_NULL = {
    "callee": "return get();",
    "member": "return p->next;",
    "one way": "return n ? &spare : NULL;",
}


@pytest.mark.parametrize("code", NEVER_NULL.values(), ids=NEVER_NULL)
def test_never_null(code: str, parser: Parser) -> None:
    assert never_null(account(parser, code), {"p"})


@pytest.mark.parametrize("code", MAYBE_NULL.values(), ids=MAYBE_NULL)
def test_maybe_null(code: str, parser: Parser) -> None:
    assert not never_null(account(parser, code), {"p"})


def test_an_address_in_what_may_be_null_may_be_null(parser: Parser) -> None:
    assert not never_null(account(parser, "return &p->inner;"), set())


RETURNS_ERROR = {
    "made": "return ERR_PTR(-2);",
    "cast": "return ERR_CAST(p);",
    "stored": "p = ERR_PTR(-2); return p;",
    "one branch": "if (n) p = ERR_PTR(-2); return p;",
    "tested": "p = get(); if (IS_ERR(p)) return p; return NULL;",
    "goto": "p = get(); if (IS_ERR(p)) goto out; n++; out: return p;",
    "its number": "p = get(); int err = PTR_ERR_OR_ZERO(p); if (!err) return NULL; return p;",
    "ternary": "return n ? p : ERR_PTR(-2);",
}
RETURNS_NO_ERROR = {
    "replaced": "p = get(); if (IS_ERR(p)) p = NULL; return p;",
    "turned": "p = get(); if (IS_ERR(p)) return NULL; return p;",
    "unknown": "p = get(); return p;",
    "either": "p = get(); if (IS_ERR_OR_NULL(p)) return NULL; return p;",
    "made and tested": "p = ERR_PTR(-2); if (n) p = get(); if (IS_ERR(p)) return NULL; return p;",
    "ternary": "p = get(); return IS_ERR(p) ? NULL : p;",
    "its number": "p = n ? get() : ERR_PTR(-2); int err = PTR_ERR_OR_ZERO(p); if (err) return NULL; return p;",
}


@pytest.mark.parametrize("code", RETURNS_ERROR.values(), ids=RETURNS_ERROR)
def test_returns_an_error_pointer(code: str, parser: Parser) -> None:
    found = outcomes(account(parser, code))
    assert any(one.value is not None and one.path.known(one.value).error for one in found)


@pytest.mark.parametrize("code", RETURNS_NO_ERROR.values(), ids=RETURNS_NO_ERROR)
def test_returns_no_error_pointer(code: str, parser: Parser) -> None:
    found = outcomes(account(parser, code))
    assert not any(one.value is not None and one.path.known(one.value).error for one in found)


LOOKUP = "p = find_task_by_vpid(n); "
HELPERS = """
static int size(struct thing *p) { return p->size; }
static int size_of(struct thing *p) { return size(p); }
static bool there(struct thing *p) { return p != NULL; }
static int need(struct thing *p) { if (!p) return -EINVAL; return 0; }
"""
READ = {
    "member": "n = p->size;",
    "star": "touch(*p);",
    "element": "n = p[1].size;",
    "address": "n = atomic_read(&p->refs);",
    "READ_ONCE": "n = READ_ONCE(p->size);",
    "tested on one way": "if (n && !p) return NULL; n = p->size;",
    "tested behind": "n = p->size; if (!p) return NULL;",
    "wrong branch": "if (p) return NULL; n = p->size;",
    "helper": "n = size(p);",
    "helper of a helper": "n = size_of(p);",
    "copy": "struct thing *q = p; n = q->size;",
    "in another's argument": "use(p->size);",
}
NOT_READ = {
    "early return": "if (!p) return NULL; n = p->size;",
    "beside another": "if (n || !p) return NULL; n = p->size;",
    "and": "n = p && p->size;",
    "error or null": "if (IS_ERR_OR_NULL(p)) return NULL; n = p->size;",
    "replaced": "if (!p) p = &spare; n = p->size;",
    "unknown check": "if (bad(p)) return NULL; n = p->size;",
    "check kept": "int err = bad(p); if (err) return NULL; n = p->size;",
    "helper": "if (!there(p)) return NULL; n = p->size;",
    "helper kept": "bool ok = there(p); if (!ok) return NULL; n = p->size;",
    "helper with an error": "int err = need(p); if (err) return NULL; n = p->size;",
    "flag": "bool ok = true; if (!p) ok = false; if (ok) n = p->size;",
    "error": "int err = p ? 0 : -ESRCH; if (err) return NULL; n = p->size;",
    "copy": "struct thing *q = p; if (!q) return NULL; n = p->size;",
    "address alone": "use(&p->member);",
    "sizeof": "n = sizeof(p->size);",
    "handed on": "use(p);",
    "dead": "return NULL; p->x;",
    "in a helper behind a test": "if (!p) return NULL; n = size(p);",
}


@pytest.mark.parametrize("code", READ.values(), ids=READ)
def test_read_without_a_test(code: str, parser: Parser) -> None:
    reads = [use for use in uses(account(parser, LOOKUP + code, HELPERS), "read") if use.term.text.startswith("find")]
    assert [use for use in reads if nullness(use.term, use.path)]


@pytest.mark.parametrize("code", NOT_READ.values(), ids=NOT_READ)
def test_no_read_without_a_test(code: str, parser: Parser) -> None:
    reads = uses(account(parser, LOOKUP + code, HELPERS), "read")
    assert not [use for use in reads if use.term.text.startswith("find") and nullness(use.term, use.path)]


def test_a_use_in_a_helper_has_the_calls_that_lead_there(parser: Parser) -> None:
    (use,) = (one for one in uses(account(parser, "\n\nn = size_of(p);", HELPERS), "read") if one.calls)
    assert [call.text for call in use.calls] == ["size_of", "size"]
    assert use.term == Term("param", "p")
    assert use.calls[0].line > use.node.line


INDEXED = {
    "plain": "n = p->a[n];",
    "copy": "int at = n; n = p->a[at];",
    "step": "n = p->a[n - 1];",
    "part": "n = p->a[n / 4];",
    "pointer": "n = *(table + n);",
    "row": "n = cpu_rq(n)->nr;",
    "asked behind": "int v = p->a[n]; if (n > 4) return NULL; n = v;",
}
NOT_INDEXED = {
    "masked": "n = p->a[n & 7];",
    "rest": "n = p->a[n % 8];",
    "bounded": "n = p->a[min(n, 7)];",
    "asked": "if (n > 4) return NULL; n = p->a[n];",
    "asked by its copy": "int at = n; if (at > 4) return NULL; n = p->a[n];",
    "lookup": "if (!find(n)) return NULL; n = p->a[n];",
    "switch": "switch (n) { case 1: case 2: n = p->a[n]; break; default: break; }",
}


@pytest.mark.parametrize("code", INDEXED.values(), ids=INDEXED)
def test_indexed_unchecked(code: str, parser: Parser) -> None:
    found = uses(account(parser, code), "index")
    terms = [(scalar_of(use.term), use.path) for use in found]
    assert [term for term, path in terms if term is not None and not was_asked(term, path)]


@pytest.mark.parametrize("code", NOT_INDEXED.values(), ids=NOT_INDEXED)
def test_not_indexed_unchecked(code: str, parser: Parser) -> None:
    found = uses(account(parser, code), "index")
    terms = [(scalar_of(use.term), use.path) for use in found]
    assert not [term for term, path in terms if term is not None and not was_asked(term, path)]


@pytest.mark.parametrize(
    ("code", "half"),
    [
        ("if (n > 4) return NULL; n = p->a[n];", True),
        ("if (n < 0 || n > 4) return NULL; n = p->a[n];", False),
        ("if (n > 4U) return NULL; n = p->a[n];", False),
        ("if (bad(n)) return NULL; n = p->a[n];", False),
    ],
)
def test_open_below(code: str, half: bool, parser: Parser) -> None:
    found = account(parser, code)
    (use,) = uses(found, "index")
    assert bool(open_below(found.function.parameters[1], use.path, None)) is half


def test_calls_in_dead_branches_are_not_made(parser: Parser) -> None:
    found = uses(account(parser, "if (0) one(); if (n) two(); return NULL; three();"), "call")
    assert [use.node.text for use in found] == ["two"]


def test_null_tests_of_a_parameter(parser: Parser) -> None:
    code = "if (!p) n = 1; if (n > 2 && check(p)) n = 2; if (p == NULL) n = 3; use(p);"
    assert [node.column for node in null_tests(account(parser, code), "p")] == [6, 50]
    assert not null_tests(account(parser, code + " p = p->next;"), "p")
    assert null_tests(account(parser, code + " p->next = NULL; use(&p->lock);"), "p")


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("p->x = 1; return n;", True),
        ("fill(p); return n;", True),
        ("memset(&p->x, 0, 4); return n;", True),
        ("struct kern *kit = (void *)p; kit->x = 1; return n;", True),
        ("if (n) p->x = 1; else p->x = 2; return n;", True),
        ("if (n) p->x = 1; return n;", False),
        ("p = top; return n;", False),
        ("n = p->x; return n;", False),
    ],
)
def test_written_on_every_way(code: str, expected: bool, parser: Parser) -> None:
    ends = list(outcomes(account(parser, code)))
    assert all(Term("param", "p") in one.path.deeds.written for one in ends) is expected


OUTLIVES = {
    "lock": "rcu_read_lock(); p = rcu_dereference(top); rcu_read_unlock(); return p;",
    "guard": "guard(rcu)(); return rcu_dereference(top);",
    "guarded block": "scoped_guard(rcu) { p = rcu_dereference(top); } return p;",
    "one of two": "rcu_read_lock(); p = rcu_dereference(top); rcu_read_unlock(); return n ? &spare : p;",
    "goto": "rcu_read_lock(); p = pid_task(p, n); if (!p) goto out; n++; out: rcu_read_unlock(); return p;",
    "loop": "rcu_read_lock(); list_for_each_entry_rcu(p, q, m) { if (p->n == n) break; } rcu_read_unlock(); return p;",
    "copy": "guard(rcu)(); struct thing *q = rcu_dereference(top); p = q; return p;",
    "inside": "rcu_read_lock(); p = rcu_dereference(top); rcu_read_unlock(); return &p->inner;",
    "in the condition": "rcu_read_lock(); if (!(p = pid_task(p, n))) n = 1; rcu_read_unlock(); return p;",
    "helper": "rcu_read_lock(); p = look(n); rcu_read_unlock(); return p;",
    "helper's section": "return look_up(n);",
}
DOES_NOT_OUTLIVE = {
    "no section": "p = rcu_dereference(top); return p;",
    "section of a caller": "p = rcu_dereference(top); rcu_read_lock(); n++; rcu_read_unlock(); return p;",
    "still open": "rcu_read_lock(); p = rcu_dereference(top); return p;",
    "one inside another": "rcu_read_lock(); rcu_read_lock(); p = pid_task(p, n); rcu_read_unlock(); return p;",
    "replaced": "rcu_read_lock(); p = pid_task(p, n); p = &spare; rcu_read_unlock(); return p;",
    "null": "rcu_read_lock(); p = pid_task(p, n); rcu_read_unlock(); if (!p) return p; return NULL;",
    "member": "rcu_read_lock(); p = pid_task(p, n); p = p->next; rcu_read_unlock(); return p;",
    "another call": "rcu_read_lock(); p = find(n); rcu_read_unlock(); return p;",
    "other lock": "mutex_lock(&lock); p = pid_task(p, n); mutex_unlock(&lock); return p;",
    "address taken": "rcu_read_lock(); p = pid_task(p, n); keep(&p); rcu_read_unlock(); return p;",
    "helper in a section": "rcu_read_lock(); p = look_up(n); return p;",
}
LOOK = """
static struct thing *look(int n) { return find_vpid(n); }
static struct thing *look_up(int n)
{
	struct thing *found;
	rcu_read_lock();
	found = find_vpid(n);
	rcu_read_unlock();
	return found;
}
"""


def outliving(found: Account) -> bool:
    """Is something returned that a section kept which has ended?"""
    return any(
        one.value is not None
        and not one.path.known(one.value).is_zero
        and (
            any(lease.term in one.value.parts for lease, _ in one.path.deeds.over if one.value.kind != "member")
            or (one.path.deeds.guard is not None and any(x.term == one.value for x in one.path.deeds.leases))
        )
        for one in found.outcomes
    )


@pytest.mark.parametrize("code", OUTLIVES.values(), ids=OUTLIVES)
def test_outlives_its_section(code: str, parser: Parser) -> None:
    assert outliving(account(parser, code, LOOK))


@pytest.mark.parametrize("code", DOES_NOT_OUTLIVE.values(), ids=DOES_NOT_OUTLIVE)
def test_does_not_outlive_its_section(code: str, parser: Parser) -> None:
    assert not outliving(account(parser, code, LOOK))


LOCKED = """
static void take(struct thing *p) { spin_lock(&p->lock); }
static void give(struct thing *p) { spin_unlock(&p->lock); }
"""
HELD = {
    "early return": "spin_lock(&p->lock); if (n) return NULL; spin_unlock(&p->lock); return p;",
    "label": "spin_lock(&p->lock); if (n) goto out; spin_unlock(&p->lock); out: return NULL;",
    "try": "if (!spin_trylock(&p->lock)) return p; if (n) return NULL; spin_unlock(&p->lock); return p;",
    "killable": "if (mutex_lock_killable(&p->m)) return p; if (n) return NULL; mutex_unlock(&p->m); return p;",
    "another lock": "spin_lock(&p->lock); spin_unlock(&p->other); return NULL;",
    "helper": "take(p); if (n) return NULL; give(p); return p;",
}
NOT_HELD = {
    "both ways": "spin_lock(&p->lock); if (n) { spin_unlock(&p->lock); return NULL; } spin_unlock(&p->lock); return p;",
    "by a copy": "struct thing *q = p; spin_lock(&p->lock); spin_unlock(&q->lock); return NULL;",
    "flag": "bool is = false; if (n) { spin_lock(&p->lock); is = true; } if (is) spin_unlock(&p->lock); return NULL;",
    "same condition": "if (n) spin_lock(&p->lock); if (n) spin_unlock(&p->lock); return NULL;",
    "try that failed": "if (!spin_trylock(&p->lock)) return NULL; spin_unlock(&p->lock); return p;",
    "unknown helper": "spin_lock(&p->lock); thing_unlock(p); return NULL;",
    "helpers": "take(p); give(p); return NULL;",
    "lock here, unlock there": "spin_lock(&p->lock); give(p); return NULL;",
}


@pytest.mark.parametrize("code", HELD.values(), ids=HELD)
def test_held_where_it_fails(code: str, parser: Parser) -> None:
    assert any(fails(one) and one.path.deeds.held for one in outcomes(account(parser, code, LOCKED)))


@pytest.mark.parametrize("code", NOT_HELD.values(), ids=NOT_HELD)
def test_not_held_where_it_fails(code: str, parser: Parser) -> None:
    assert not any(fails(one) and one.path.deeds.held for one in outcomes(account(parser, code, LOCKED)))


def test_a_helper_that_writes_what_its_caller_wrote(parser: Parser) -> None:
    helper = "static void set(struct thing *p) { p->next = NULL; }"
    found = account(parser, "p->next = get(n); set(p); return p->next;", helper)
    assert all(one.path.known(one.value).is_zero for one in found.outcomes if one.value is not None)


FILLING = """
static int fill(int v, struct thing **to) { *to = v ? lookup(v) : NULL; return 0; }
static void hand(struct thing *to) { init(to); }
"""
REMEMBERED = {
    "stored": ("p->at = n; show(p->at);", "n"),
    "by an alias": ("struct thing *q = p; q->at = n; show(p->at);", "n"),
    "of a member": ("struct thing *q = p->next; q->at = n; show(p->next->at);", "n"),
    "another function": ("p->at = n; other(); show(p->at);", "n"),
    "stored over": ("p->at = n; p->at = 5; show(p->at);", "5"),
    "by a helper": ("struct thing *q = NULL; fill(1, &q); show(q);", "call:lookup(1)"),
}
FORGOTTEN = {
    "handed on": "p->at = n; init(p); show(p->at);",
    "a member handed on": "p->at = n; init(&p->list); show(p->at);",
    "what is behind it": "p->next->at = n; init(p); show(p->next->at);",
    "stored where it leads": "struct thing *q = get(); q->at = n; p->next = q; init(p); show(q->at);",
    "by a helper": "p->at = n; hand(p); show(p->at);",
    "NULL": "p->next = NULL; init(p); show(p->next);",
    "set to zeros": "p->at = n; memset(p, 0, 8); show(p->at);",
    "a variable": "struct thing *q; get(&q); show(q);",
    "a variable that was NULL": "struct thing *q = NULL; get(&q); show(q);",
    "a struct on the stack": "struct thing on; on.at = n; init(&on); show(on.at);",
}


@pytest.mark.parametrize(("code", "value"), REMEMBERED.values(), ids=REMEMBERED)
def test_what_is_stored_is_read_again(code: str, value: str, parser: Parser) -> None:
    shown = [use.term.kids[0] for use in uses(account(parser, code, FILLING), "call") if use.node.text == "show"]
    assert [repr(term) for term in shown] == [value]


@pytest.mark.parametrize("code", FORGOTTEN.values(), ids=FORGOTTEN)
def test_what_others_may_change_is_unknown(code: str, parser: Parser) -> None:
    shown = [use for use in uses(account(parser, code, FILLING), "call") if use.node.text == "show"]
    assert [(use.term.kids[0].kind, use.path.truth(use.term.kids[0])) for use in shown] == [("any", None)]


def test_an_object_stays_what_it_was_made(parser: Parser) -> None:
    (use,) = [
        use for use in uses(account(parser, "p->on = 1; init(p); show(p->on);"), "call") if use.node.text == "show"
    ]
    assert use.path.truth(use.term.kids[0])


def test_a_statement_expression_keeps_what_is_around_it(parser: Parser) -> None:
    code = "struct thing *q = NULL; n = ({ if (n) n++; n; }); return q;"
    assert null_returns(account(parser, code))
    code = "struct thing *q; while (n--) { q = p; n = ({ while (n > 9) n--; n; }); } return p;"
    assert account(parser, code).outcomes


def test_functions_that_call_each_other_are_unknown_to_each_other(parser: Parser) -> None:
    text = (
        "int one(int n);\nint two(int n) { if (n) return one(n - 1); return 2; }\n"
        "int one(int n) { if (n) return two(n - 1); return 1; }\nint top(int n) { return one(n) + two(n); }\n"
    )
    known = functions(parser, text)
    first, second = Accounts(known), Accounts(known)
    ones = [repr(one.value) for one in outcomes(first.of("one", known["one"].body))]
    assert second.of("top", known["top"].body) is not None
    assert (
        [repr(one.value) for one in outcomes(second.of("one", known["one"].body))]
        == ones
        == ["call:two((- n, 1))", "1"]
    )


def test_two_bodies_of_one_name_are_not_mixed_up(parser: Parser) -> None:
    known = functions(parser, "int f(int n) { return n; }")
    other = functions(parser, "int f(int n) { return 0; }")
    assert Accounts(known).of("f", other["f"].body) is None


# ---- how much is followed

MUCH = {
    "conditions of conditions": "bool b0 = n && p;" + "".join(f"bool b{i + 1} = b{i} && b{i};\n" for i in range(60)),
    "negations": "bool b0 = n;" + "".join(f"bool b{i + 1} = !b{i};\n" for i in range(1000)),
    "sums of choices": "n = " + " + ".join(f"(p->a{i} ? 1 : {i})" for i in range(60)) + ";",
    "products": "n = 3;" + "n *= n;" * 60,
    "conditions in a row": "".join(f"if (p->a{i}) n = {i};\n" for i in range(150)),
    "both of two in a row": "if (" + " && ".join(f"(p->a{i} || p->b{i})" for i in range(40)) + ") n = 1;",
    "loops in a row": "while (n--) use(p);" * 60,
}


@pytest.mark.parametrize("code", MUCH.values(), ids=MUCH)
def test_what_is_long_is_followed(code: str, parser: Parser) -> None:
    assert account(parser, code + " return n;").outcomes


TOO_MUCH = {
    "stores and calls": "".join(f"p->m{i} = q{i};\nf{i}(p);\n" for i in range(400)),
    "tests": "".join(f"if (f{i}()) return NULL;\n" for i in range(3000)),
    "jumps": "".join(f"l{i}:\nif (p->x{i})\ngoto l{i * 7919 % 1500};\n" for i in range(1500)),
    "deeds": "".join(f"if (spin_trylock(&p->a{i})) n++;\n" for i in range(30)),
}


@pytest.mark.parametrize("code", TOO_MUCH.values(), ids=TOO_MUCH)
def test_what_is_too_much_tells_nothing(code: str, parser: Parser) -> None:
    known = functions(parser, f"struct thing *f(struct thing *p, int n)\n{{\n{code}\nreturn p;\n}}")
    assert Accounts(known).of("f", known["f"].body) is None


def test_all_functions_together_have_a_limit(parser: Parser) -> None:
    known = functions(parser, "int f(int n) { return n; }\nint g(int n) { if (n) return 1; return 2; }\n")
    accounts = Accounts(known, purse=Purse(left=2))
    assert accounts.of("f", known["f"].body) is not None
    assert accounts.of("g", known["g"].body) is None
