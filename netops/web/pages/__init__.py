"""The pages of each room: what is asked by which address, and how the answer is shown."""
