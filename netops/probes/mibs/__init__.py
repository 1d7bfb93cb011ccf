"""MIB objects that topology needs, by subject, in the order in which they are read."""
