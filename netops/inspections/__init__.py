"""Is every duty kept (检查, Article 30): the catalogue, the answers and what people sign."""
