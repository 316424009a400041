"""A fan-out of no-op tasks in Dask, as its users write it.

    dask_fan_out.py threads|cluster|unqueued COUNT REPETITIONS

Prints the milliseconds that each repetition took, the last line of its output, as JSON. Imports and the start of the cluster are not among
them; building the graph and collecting all results are.
"""

import json
import sys
import time

import dask
from dask.distributed import Client


def noop(n):
    return n


def on_threads(count):
    """As many threads as there are cores, which is the default."""
    task = dask.delayed(noop)
    return dask.compute(*[task(n) for n in range(count)], scheduler="threads")


def on_cluster(client, count):
    """Every task is to run: `pure=False` also spares Dask the digest of each argument."""
    return client.gather(client.map(noop, range(count), pure=False))


def measured(run, count, repetitions):
    took = []
    for _ in range(repetitions):
        started_at = time.perf_counter()
        results = run(count)
        took.append((time.perf_counter() - started_at) * 1000)
        if sum(results) != count * (count - 1) // 2:
            raise ValueError(f"expected the numbers up to {count}; got {len(results)} others")
        del results
    return took


def main(mode, count, repetitions):
    if mode == "threads":
        return measured(on_threads, count, repetitions)
    if mode == "unqueued":
        # Tasks go to the workers at once, as in versions before 2022.11, instead of staying with the scheduler until one is free.
        dask.config.set({"distributed.scheduler.worker-saturation": float("inf")})
    # Its page would only cost it time.
    with Client(dashboard_address=None) as client:
        return measured(lambda tasks: on_cluster(client, tasks), count, repetitions)


if __name__ == "__main__":
    mode, count, repetitions = sys.argv[1:]
    print(json.dumps(main(mode, int(count), int(repetitions))))
