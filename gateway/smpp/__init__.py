"""SMPP 3.4: codec, ESME session, and an SMSC for the demo and the tests."""
