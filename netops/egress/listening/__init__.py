"""Listening (旁听): what packets and other programs' logs tell, from the octets up to what they mean; pure."""
