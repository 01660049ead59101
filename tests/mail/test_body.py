"""The bodies of complete functions as nodes, whatever names the hunk does not declare."""

from __future__ import annotations

import pytest
from hunks import function, statements

from kfunclint.clang import Parser

BODIES = {
    # statements
    "if (!s) return -EINVAL; else if (n > 2 && n < 9) n = -n; else return n ? 1 : 0;": (
        "(if (unary ! s) (return (unary - EINVAL))"
        " (if (binary && (binary > n 2) (binary < n 9)) (assign = n (unary - n)) (return (ternary n 1 0))))"
    ),
    "if (a) if (b) c(); else d();": "(if a (if b (call c) (call d)))",
    "for (i = 0; i < n; i++) put(i);": "(for (assign = i 0) (binary < i n) (unary x++ i) (call put i))",
    "for (int i = 0; i < 3; i++) put(i);": "(for (decl (var i 0)) (binary < i 3) (unary x++ i) (call put i))",
    "for (;;) break;": "(for (none) (none) (none) (break))",
    "for (; n;) continue;": "(for (none) n (none) (continue))",
    "for (n = 3;; --n) ;": "(for (assign = n 3) (none) (unary --x n) (none))",
    "while (n--) ;": "(while (unary x-- n) (none))",
    "do { n++; } while (n < 7);": "(do (binary < n 7) (block (unary x++ n)))",
    "switch (n) { case 1: case SHELF_TWO: put(n); break; case 5 ... 7: return 1; default: break; }": (
        "(switch n (block (case 1 (case SHELF_TWO (call put n))) (break) (case (opaque 5 7) (return 1))"
        " (default (break))))"
    ),
    "switch (n) { case SHELF_A | SHELF_X: case SHELF_B | SHELF_Y: case SHELF_A | SHELF_Y: return 1; }": (
        "(switch n (block (case (binary | SHELF_A SHELF_X) (case (binary | SHELF_B SHELF_Y)"
        " (case (binary | SHELF_A SHELF_Y) (return 1))))))"
    ),
    "switch (n) { case offsetof(struct shelf, a): case offsetof(struct shelf, b): return 1; }": (
        "(switch n (block (case (unevaluated) (case (unevaluated) (return 1)))))"
    ),
    "switch (n) { case shelf_range(struct shelf, a): return 1; case shelf_range(struct shelf, b): return 2; }": (
        "(switch n (block (case (unevaluated) (return 1)) (case (unevaluated) (return 2))))"
    ),
    "goto out; put(n); out: return n;": "(goto out) (call put n) (label out (return n))",
    "again: if (n) goto again;": "(label again (if n (goto again)))",
    "return;": "(return)",
    # the kernel's scopes
    "guard(rcu)(); return s->count;": "(call guard(rcu)) (return (member ->count s))",
    "guard(mutex)(&s->lock);": "(call guard(mutex) (unary & (member ->lock s)))",
    "scoped_guard(rcu) { put(n); }": "(block (call scoped_guard(rcu)) (block (call put n)))",
    "scoped_guard(mutex, &s->lock) { if (n) break; }": (
        "(do 0 (block (call scoped_guard(mutex) (unary & (member ->lock s))) (block (if n (break)))))"
    ),
    "scoped_cond_guard(mutex_try, return -EBUSY, &s->lock) put(n);": (
        "(if (unary ! (call scoped_cond_guard(mutex_try) (unary & (member ->lock s))))"
        " (block (return (unary - EBUSY))) (call put n))"
    ),
    "struct book *book __free(book_put) = get(n); return book->pages;": (
        "(decl (var book free:book_put (call get n))) (return (member ->pages book))"
    ),
    "CLASS(fd, f)(n); if (fd_empty(f)) return -EBADF;": (
        "(decl (var f class:fd (call class_fd_constructor n))) (if (call fd_empty f) (return (unary - EBADF)))"
    ),
    # loops made by macros, known and unknown
    "list_for_each_entry(book, &s->books, node) put(book);": (
        "(for (call list_for_each_entry book (unary & (member ->books s))) (opaque) (none) (call put book))"
    ),
    "for_each_book(book, s) { if (!book->open) continue; put(book); }": (
        "(for (call for_each_book book s) (opaque) (none)"
        " (block (if (unary ! (member ->open book)) (continue)) (call put book)))"
    ),
    "for_each_book(book, s) put(book);": "(for (call for_each_book book s) (opaque) (none) (call put book))",
    "with_shelf(s) { put(n); } rcu_read_unlock();": (
        "(for (call with_shelf s) (opaque) (none) (block (call put n))) (call rcu_read_unlock)"
    ),
    # unknown types, members and macros
    "struct book *b = container_of(s, struct book, shelf); return b->pages;": (
        "(decl (var b (call container_of s))) (return (member ->pages b))"
    ),
    "shelf_list_t *list = s->list; return list->head.next->count;": (
        "(decl (var list (member ->list s))) (return (member ->count (member .next (member ->head list))))"
    ),
    "struct row row; row.width = 7; return sizeof(row) + sizeof(struct row);": (
        "(decl (var row)) (assign = (member .width row) 7)"
        " (return (binary + (unevaluated unsigned long) (unevaluated unsigned long)))"
    ),
    "s->rows[n].width = s->names[n]->len;": (
        "(assign = (member .width (index (member ->rows s) n)) (member ->len (index (member ->names s) n)))"
    ),
    "return s->ops->count(s, n);": "(return (call (member ->count (member ->ops s)) s n))",
    "int (*fn)(int) = s->fn; return fn(n);": "(decl (var fn (member ->fn s))) (return (call fn n))",
    "return rcu_dereference(s->next)->count + (s->last)->count;": (
        "(return (binary + (member ->count (binary , (call rcu_dereference) (member ->next s))) "
        "(member ->count (member ->last s))))"
    ),
    "return shelf_call(struct book, n) + shelf_size(struct book *);": (
        "(return (binary + (call shelf_call n) (call shelf_size)))"
    ),
    "return *(u32 __user *)get(n);": "(return (unary * (call get n)))",
    "return per_shelf(n)->row;": "(return (member ->row (call per_shelf n)))",
    "u8 buf[SHELF_MAX] = {}; memset(buf, 0, sizeof(buf));": (
        "(decl (var buf (list))) (call memset buf 0 (unevaluated))"
    ),
    'static const char *names[] = { [SHELF_A] = "a" };': '(decl (var names (list "a")))',
    "struct book book = { .pages = n, .open = true };": "(decl (var book (list n 1)))",
    "put(&(struct row){ .width = n });": "(call put (unary & (list n)))",
    # expressions
    "return n ?: 7;": "(return (ternary n (none) 7))",
    "return ({ int m = n; m + 1; });": "(return (stmtexpr (block (decl (var m n)) (binary + m 1))))",
    "n += 1, n <<= 2;": "(binary , (assign += n 1) (assign <<= n 2))",
    "*s->slot = ~n + !n - -n;": (
        "(assign = (unary * (member ->slot s)) (binary - (binary + (unary ~ n) (unary ! n)) (unary - n)))"
    ),
    "if ((n = get()) < 0) return PTR_ERR(ERR_PTR(n));": (
        "(if (binary < (assign = n (call get)) 0) (return (call PTR_ERR (call ERR_PTR n))))"
    ),
    "return likely(n) ? READ_ONCE(s->count) : (u64)(unsigned long)s & ~PAGE_MASK;": (
        "(return (ternary n (member ->count s) (binary & s (unary ~ PAGE_MASK))))"
    ),
    "return IS_ENABLED(CONFIG_SHELF) && !current;": (
        "(return (binary && (call IS_ENABLED CONFIG_SHELF) (unary ! (call current))))"
    ),
    "BUG_ON(n);": "(do 0 (block (if n (call BUG))))",
    "return min_t(u32, n, 3) + 0x10UL + 'x' + 18446744073709551615ULL;": (
        "(return (binary + (binary + (binary + (call min_t unsigned int n 3) 16) 120) 18446744073709551615))"
    ),
    'pr_info("row %d: " "\\"end\\"\\n", n);': '(call pr_info "row %d: " "\\"end\\"\\n" n)',
    'put("Büchér ✓");': '(call put "Büchér ✓")',
}


@pytest.mark.parametrize("text", BODIES)
def test_body(parser: Parser, text: str) -> None:
    found = function(parser, f"int shelf_use(struct shelf *s, int n)\n{{\n\t{text}\n}}\n")
    assert statements(found) == BODIES[text]
    assert found.complete


def test_places_are_those_of_the_text(parser: Parser) -> None:
    found = function(
        parser,
        'int shelf_use(int n)\n{\n\tput("é✓"); /* ü */ call(n +\n\t     list_first_entry(n, struct x, y));\n}\n',
        start=100,
    )
    where = {node.text: (node.line, node.column) for node in found.body.walk() if node.text}
    assert where == {
        "put": (102, 2),
        '"é✓"': (102, 6),
        "call": (102, 21),
        "n": (103, 24),
        "+": (102, 26),
        "list_first_entry": (103, 7),
    }
