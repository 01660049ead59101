"""Where mails come from: archives and mailboxes, read from where the last reading ended."""
