"""The metrics (指标): read from the store when they are scraped; base units, no label of an address or a person."""
