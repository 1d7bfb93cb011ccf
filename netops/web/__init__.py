"""The pages (网页): server-rendered, read only, nothing from outside."""
