"""Papers on the GB/T 9704-2012 page: the same record as DOCX, PDF and JSON."""
