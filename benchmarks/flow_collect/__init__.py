"""The collector beside nfcapd: the same datagrams, one core, stored; ours with a verdict on every flow."""
