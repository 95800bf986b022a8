"""How a scan runs: in processes, with a file that survives an interruption."""
