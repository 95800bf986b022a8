"""The methods: each module here ends with an exported tuple `METHODS`."""
