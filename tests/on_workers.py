"""Functions that workers of an executor can import, and executors without workers."""

import os
import pickle
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool

import numpy as np

from gradcompare import Objective

X0 = np.array([0.5, -1.0, 2.0])
A = np.array([[2.0, 1.0, 0.0], [0.0, 1.0, 3.0]])


def value(x, a):
    squares = np.empty(len(a))
    squares[:] = np.sin(a @ x) ** 2
    return float(np.sum(squares))


def gradient(x, a):
    return np.sin(2 * (a @ x)) @ a


def wrong(x, a):
    return gradient(x, a) * np.array([1, 1, 1.01])


def made(rng, size):
    return rng.standard_normal(size), None


def cubes(w, data):
    return float(np.sum(np.asarray(w) ** 3))


def deadly(w, data):
    """Ends each process but the one that the tests run in."""
    if os.environ.get("ON_WORKERS") != str(os.getpid()):
        os._exit(9)
    return cubes(w, data)


def slope(w, data):
    return 3 * w**2


def planted(w, data):
    return 3.03 * w**2


def cases(count, deadly_one=None):
    """Objectives of which the second has a planted error, and perhaps one ends its process."""
    return [
        Objective(
            name=f"case-{k}",
            value=deadly if k == deadly_one else cubes,
            gradient=planted if k == 1 else slope,
            make=made,
            sizes=(2,),
        )
        for k in range(count)
    ]


class Sending:
    """An executor with `submit` alone, which sends everything through pickle and back."""

    def __init__(self):
        self.calls = 0

    def submit(self, function, /, *args):
        self.calls += 1
        call, arguments = pickle.loads(pickle.dumps((function, args)))
        future = Future()
        future.set_result(pickle.loads(pickle.dumps(call(*arguments))))
        return future


class Losing(Sending):
    """Loses some of its calls, as a worker does that dies with them."""

    def __init__(self, *lost):
        super().__init__()
        self.lost = lost

    def submit(self, function, /, *args):
        if self.calls not in self.lost:
            return super().submit(function, *args)
        self.calls += 1
        future = Future()
        future.set_exception(BrokenProcessPool("a process ended"))
        return future


class Closed(Sending):
    """Takes no calls any more."""

    def submit(self, function, /, *args):
        raise RuntimeError("cannot schedule new futures after shutdown")
