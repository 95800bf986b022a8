"""Programs that compute in types narrower than float64, and the same programs in float64."""
