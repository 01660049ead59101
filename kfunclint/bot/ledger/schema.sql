CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
-- How far each source was read: an epoch and its commit, a file of a Maildir, a folder of IMAP and its UIDs.
CREATE TABLE source (name TEXT NOT NULL, part TEXT NOT NULL, cursor TEXT NOT NULL, PRIMARY KEY (name, part)) STRICT;
-- Hashes of the message-ids that were there when the first reading began: what comes again is not new.
CREATE TABLE old (id INTEGER PRIMARY KEY) STRICT;
-- Every copy of every mail that came. The first of its msgid counts; parked: why it is not looked at.
CREATE TABLE mail (
    id INTEGER PRIMARY KEY,
    msgid TEXT NOT NULL,
    blob TEXT NOT NULL,
    source TEXT NOT NULL,
    list TEXT NOT NULL,
    seen REAL NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('patch', 'answer', 'other', 'ignored', 'bounce', 'ours', 'copy')),
    author TEXT NOT NULL,
    thread TEXT NOT NULL,
    raw BLOB,
    parked TEXT,
    series TEXT,
    handled INTEGER NOT NULL DEFAULT 0,
    UNIQUE (msgid, blob, source)
) STRICT;
CREATE INDEX mail_by_msgid ON mail (msgid);
CREATE INDEX mail_by_blob ON mail (blob);
CREATE INDEX mail_by_thread ON mail (thread);
CREATE INDEX mail_by_author ON mail (author);
CREATE INDEX mail_by_series ON mail (series);
CREATE INDEX mail_fresh ON mail (kind) WHERE handled = 0;
-- One version of a series; family: the key of the first version that is known.
CREATE TABLE series (
    key TEXT PRIMARY KEY,
    family TEXT NOT NULL,
    title TEXT NOT NULL,
    author TEXT NOT NULL,
    version INTEGER NOT NULL,
    age INTEGER NOT NULL,
    total INTEGER NOT NULL,
    complete INTEGER NOT NULL,
    first REAL NOT NULL,
    last REAL NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'reviewed', 'superseded', 'stale', 'parked')),
    why TEXT NOT NULL DEFAULT '',
    reviewed REAL,
    tries INTEGER NOT NULL DEFAULT 0,
    page TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX series_by_family ON series (family);
CREATE INDEX series_open ON series (state) WHERE state = 'open';
-- What was found; said: the msgid of our mail that says it; outcome: NULL as long as nobody can know.
CREATE TABLE finding (
    key TEXT NOT NULL,
    series TEXT NOT NULL REFERENCES series (key),
    patch TEXT NOT NULL,
    rule TEXT NOT NULL,
    level TEXT NOT NULL,
    place TEXT NOT NULL,
    message TEXT NOT NULL,
    said TEXT,
    outcome TEXT CHECK (outcome IN ('mended', 'stands', 'disputed', 'wrong')),
    PRIMARY KEY (series, key)
) STRICT;
CREATE INDEX finding_by_key ON finding (key);
-- What is to go out, and what became of it. dedup: mail:<msgid of the patch>, check:<msgid>:<context>.
CREATE TABLE outbox (
    dedup TEXT PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('mail', 'check')),
    series TEXT NOT NULL REFERENCES series (key),
    patch TEXT NOT NULL,
    msgid TEXT UNIQUE,
    author TEXT NOT NULL,
    rcpt TEXT NOT NULL,
    body BLOB NOT NULL,
    state TEXT NOT NULL CHECK (
        state IN ('draft', 'queued', 'sending', 'handing', 'sent', 'held', 'refused', 'dropped')
    ),
    tries INTEGER NOT NULL DEFAULT 0,
    not_before REAL NOT NULL DEFAULT 0,
    why TEXT NOT NULL DEFAULT '',
    changed REAL NOT NULL,
    handed REAL,
    drafted REAL
) STRICT;
CREATE INDEX outbox_open ON outbox (state, not_before) WHERE state IN ('queued', 'sending', 'handing');
CREATE INDEX outbox_by_series ON outbox (series);
CREATE TABLE optout (who TEXT PRIMARY KEY, since REAL NOT NULL, by TEXT NOT NULL) STRICT;
-- Commands in answers to our mails, and what they did.
CREATE TABLE command (
    mail TEXT NOT NULL,
    number INTEGER NOT NULL,
    who TEXT NOT NULL,
    words TEXT NOT NULL,
    effect TEXT NOT NULL,
    seen REAL NOT NULL,
    PRIMARY KEY (mail, number)
) STRICT;
-- Mails of ours that did not arrive, by address.
CREATE TABLE bounce (mail TEXT NOT NULL, who TEXT NOT NULL, seen REAL NOT NULL, PRIMARY KEY (mail, who)) STRICT
