"""
The pages of a large city: 64 organizations, 2,000 devices, 50,000 sightings, a million allocations, 100,000 findings.

A real `netops serve` on a store of that size, asked by twenty people at once, each of whom reads for about a second
before the next page; then by twenty who do not read. Time is what passes at the other end of the line, so waiting in
the server counts. With `--beside` a NetBox that holds the same city is asked for its comparable pages in the same run.

    python -m benchmarks.web [--json] [--folder DIRECTORY]      (a folder that is named is built once and kept)
        [--beside URL --cookie COOKIE --token TOKEN] [--only alone|beside]
"""
