"""Benchmarks: time, accuracy and memory of each method against size, in files that go on growing.

- `api`: `bench`, the order of the figures
- `subject`: one objective at one size, in one dtype on one device, with its programs
- `figure`: the measurement of one figure
- `limits`: the ladder of sizes, and which would take too long or too much memory
- `record`: a figure as a flat record, and the file of records
- `result`: `Bench`, the records with tables, growth and break-even sizes
- `statistics`: intervals of medians, ratios and slopes
- `diff`: what became slower or less accurate from one file to another
- `fixture`: the fixture of pytest-benchmark
"""
