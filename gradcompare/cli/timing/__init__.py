"""The commands `gradcompare bench` and `gradcompare diff`."""
