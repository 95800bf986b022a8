"""The functions of the package: `check`, `compare`, `estimate`, `locate`, `watch`, `selftest`."""
