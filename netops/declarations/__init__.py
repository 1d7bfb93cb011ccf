"""What a department said about its network (接入, Article 10)."""
