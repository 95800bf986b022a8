"""The judgement of programs that compute in types narrower than float64."""
