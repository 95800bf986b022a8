"""`gradcompare run`: the rows that are finished, kept through interruptions."""
