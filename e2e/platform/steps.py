"""Long work in named steps: progress on stderr, output in one log each, some side by side, an end that says why."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from pathlib import Path

TAIL_LINES = 25
SIGN_OF_LIFE_SECONDS = 30


class StepFailed(Exception):
    """What failed, where its log is, and the end of it."""


class Steps:
    def __init__(self, logs, mark):
        """`mark` (NAME, value) goes into the environment of all that is started, so that it can be found after a
        crash of this program."""
        self.logs = Path(logs)
        self.logs.mkdir(parents=True, exist_ok=True)
        self.mark = mark
        self.began = time.monotonic()
        self.running = set()
        self.cancelled = False

    def say(self, text):
        print(f"platform: {time.monotonic() - self.began:6.1f} s  {text}", file=sys.stderr, flush=True)

    def do(self, what, work):
        """Runs a function as a step; whatever it raises fails the step."""
        began = time.monotonic()
        try:
            result = work()
        except StepFailed:
            raise
        except Exception as error:
            raise StepFailed(f"{what} failed after {time.monotonic() - began:.0f} s: {error}") from error
        self.say(f"{what}: {time.monotonic() - began:.1f} s")
        return result

    def run(self, what, command, log, marked=True):
        """Runs a command as a step, its output in the log."""
        path = self.logs / f"{log}.log"
        began = time.monotonic()
        environment = {**os.environ, self.mark[0]: self.mark[1]} if marked else None
        with open(path, "wb") as output:
            process = subprocess.Popen(
                list(map(str, command)), stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment,
                start_new_session=True,
            )
        self.running.add(process)
        if self.cancelled:
            terminate(process)
        try:
            while True:
                try:
                    code = process.wait(SIGN_OF_LIFE_SECONDS)
                    break
                except subprocess.TimeoutExpired:
                    self.say(f"{what}: at work for {time.monotonic() - began:.0f} s{last_line(path)}")
        finally:
            self.running.discard(process)
        if code:
            tail = "\n".join(path.read_text(errors="replace").splitlines()[-TAIL_LINES:])
            raise StepFailed(f"{what} failed after {time.monotonic() - began:.0f} s; the end of its log {path}:\n{tail}")
        self.say(f"{what}: {time.monotonic() - began:.1f} s")

    def together(self, *works):
        """Runs functions side by side; the first failure ends the others."""
        with ThreadPoolExecutor(len(works)) as pool:
            futures = [pool.submit(work) for work in works]
            try:
                done, _ = wait(futures, return_when=FIRST_EXCEPTION)
                failed = next((f.exception() for f in done if f.exception()), None)
            except BaseException:
                self.cancel()
                raise
            if failed:
                self.cancel()
                raise failed

    def cancel(self):
        self.cancelled = True
        for process in list(self.running):
            terminate(process)


def terminate(process):
    try:
        os.killpg(process.pid, signal.SIGTERM)
    except ProcessLookupError:
        pass


def last_line(path):
    lines = [l for l in path.read_text(errors="replace").splitlines() if l.strip()]
    return f" ({lines[-1].strip()[:100]})" if lines else ""
