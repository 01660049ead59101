"""What a kernel tree's own sources say beside rules/tables/, for who brings a release in. No review imports it."""
