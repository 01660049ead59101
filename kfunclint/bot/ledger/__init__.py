"""What the bot remembers: mails, series, findings, and what became of everything it wanted to say."""
