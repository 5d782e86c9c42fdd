# Runs a program of asyncio's under a virtual clock: where nothing is ready, time is moved on to the next timer.
# Threads and child processes take the time that they take.
import runpy
import selectors
import sys
import threading
import time

ahead = 0.0
real = {name: getattr(time, name) for name in ("time", "monotonic", "perf_counter")}
for name, function in real.items():
    setattr(time, name, lambda function=function: function() + ahead)


class Selector(selectors.DefaultSelector):
    def select(self, timeout=None):
        global ahead
        events = super().select(0)
        if events or timeout is not None and timeout <= 0:
            return events
        if timeout is None or threading.active_count() > 1:
            return super().select(timeout)
        ahead += timeout
        return []


selectors.DefaultSelector = Selector
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
