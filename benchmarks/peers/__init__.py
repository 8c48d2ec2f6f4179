"""The other sides: each runs the same graphs in its own plain, idiomatic form."""
