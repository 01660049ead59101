"""Where the tasks of a replay run: here, in processes of this machine, or in the workers of Dask."""

from __future__ import annotations

import contextlib
import multiprocessing
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor

from kfunclint import __version__
from kfunclint.bot.replay import Engine, version

_RETRIES = 2


@contextlib.contextmanager
def chosen(jobs: int, dask: str | None) -> Iterator[Engine]:
    """The workers of a Dask scheduler, or else `jobs` processes, or with one job none but this.

    Raises ValueError where Dask has no workers, or such that have another kfunclint, and OSError where it is not
    reached.
    """
    if dask is not None:
        with _dask(dask) as engine:
            yield engine
    elif jobs > 1:
        with contextlib.ExitStack() as stack:

            def renew() -> Executor:
                # a server that forks: workers start in milliseconds, and inherit no thread and no parser
                context = multiprocessing.get_context("forkserver")
                return stack.enter_context(ProcessPoolExecutor(jobs, mp_context=context))

            yield Engine(renew(), jobs, renew)
    else:
        yield Engine(None, 1)


@contextlib.contextmanager
def _dask(address: str) -> Iterator[Engine]:
    from distributed import Client

    with Client(address) as client:
        versions = client.run(version)
        if not versions:
            raise ValueError(f"--dask: {address} has no workers")
        others = sorted({str(one) for one in versions.values()} - {__version__})
        if others:
            raise ValueError(f"--dask: workers have kfunclint {', '.join(others)}, this is {__version__}")
        yield Engine(client.get_executor(pure=False, retries=_RETRIES), len(versions))
