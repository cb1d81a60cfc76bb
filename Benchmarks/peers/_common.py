"""What the peers' scripts share: CPU time, versions, one line of JSON."""

import json
import platform
import sys
import time
from importlib import metadata


def measure(chunk, seconds):
    """Calls chunk() -> steps made, until `seconds` of this process's CPU time are used. Steps, CPU seconds."""
    chunk()  # imports that happen late, caches
    steps = 0
    begin = time.process_time()
    while True:
        steps += chunk()
        used = time.process_time() - begin
        if used >= seconds:
            return steps, used


def report(steps, seconds, unit, packages, **more):
    versions = {name: metadata.version(name) for name in packages}
    versions["Python"] = platform.python_version()
    line = {"steps": steps, "cpu_seconds": seconds, "rate": steps / seconds, "unit": unit, "versions": versions}
    line.update(more)
    print(json.dumps(line))


def seconds_wanted(default):
    return float(sys.argv[1]) if len(sys.argv) > 1 else default
