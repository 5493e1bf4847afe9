"""Device adapters: one package per protocol, none of which knows another."""
