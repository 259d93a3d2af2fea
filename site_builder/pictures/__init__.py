"""Pictures drawn at build time: charts, the circuit's parts, and the attribution graph."""
