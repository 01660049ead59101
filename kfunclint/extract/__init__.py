"""Facts made of tokens, of what the parser saw, and of mails."""
