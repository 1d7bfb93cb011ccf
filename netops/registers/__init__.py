"""The registers (台账): what the regulation makes people write down beside networks, addresses and declarations."""
