"""How what is said gets out: drafts, mail, checks of Patchwork, and pages."""
