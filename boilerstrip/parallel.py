"""Work spread over processes: lazy, bounded, and safe from a document that hangs or kills its process.

Every worker is a Python process of its own, fed and read by one thread, so that neither a `__main__` guard nor the
start method of `multiprocessing` matters. What goes in flight is bounded: the source is read no faster than results
are taken. A chunk that takes too long, raises or kills its worker is tried again document by document, and only the
document at fault is lost.
"""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from typing import IO, Any, NamedTuple, Protocol

from boilerstrip.result import Result
from boilerstrip.stripper import BATCH_CHARS, BATCH_PAGES, Stripper, _failed

__all__ = ["Failure", "clean_many", "spread"]

IN_FLIGHT = 4  # chunks per worker, waiting, in work and not yet taken
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
SERVE = "import sys; sys.path[:] = {path!r}; from boilerstrip.parallel import serve; serve()"


class Failure(NamedTuple):
    """Why a document could not be worked on: `kind` is "timeout", "died" or "error"."""

    kind: str
    reason: str


class Chunk(Protocol):
    """What is sent to a worker."""

    def pieces(self) -> Sequence[Any]:
        """The chunk's documents, each as a chunk of its own."""


Answers = list[tuple[Any, Any]]  # (chunk, what the task made of it or a Failure)


def spread(task: Callable[[Any], Any], chunks: Iterable[Any], workers: int, *, ordered: bool = True,
           timeout: float | None = None) -> Iterator[tuple[Any, Answers]]:
    """`task` applied to each chunk by so many processes.

    Args:
        task: a picklable callable.
        chunks: read lazily, in this thread.
        ordered: whether the answers come in the order of the chunks, else as they get ready.
        timeout: seconds that one document may take.

    Yields:
        Each chunk with its answers: one for the whole, or, where that failed, one for each piece.

    Raises:
        ChildProcessError: if workers cannot be started.
        Exception: what `chunks` raised, once all chunks before it are answered.
    """
    pool = Pool(task, workers, timeout)
    waiting: deque[tuple[Any, Future[Answers]]] = deque()
    source, broken = iter(chunks), None
    try:
        while True:
            while broken is None and len(waiting) < IN_FLIGHT * workers:
                try:
                    chunk = next(source)
                except Exception as error:  # StopIteration, too
                    broken = error
                    break
                waiting.append((chunk, pool.submit(chunk)))
            if not waiting:
                break
            yield _next(waiting, ordered)
        if not isinstance(broken, StopIteration):
            assert broken is not None
            raise broken
    finally:
        pool.close()


def _next(waiting: deque[tuple[Any, Future[Answers]]], ordered: bool) -> tuple[Any, Answers]:
    if not ordered:
        done, _ = wait([future for _, future in waiting], return_when=FIRST_COMPLETED)
        while waiting[0][1] not in done:
            waiting.rotate(-1)
    chunk, future = waiting.popleft()
    return chunk, future.result()


class Pool:
    """A thread per worker process."""

    def __init__(self, task: Callable[[Any], Any], workers: int, timeout: float | None) -> None:
        self._task, self._timeout = pickle.dumps(task), timeout
        self._threads = ThreadPoolExecutor(workers, "boilerstrip")
        self._own = threading.local()
        self._workers: set[Worker] = set()
        self._closed, self._lock = False, threading.Lock()

    def submit(self, chunk: Chunk) -> Future[Answers]:
        return self._threads.submit(self._answers, chunk)

    def close(self) -> None:
        """End all workers, whatever they are doing."""
        with self._lock:
            self._closed = True
        for worker in list(self._workers):
            worker.kill()
        self._threads.shutdown(cancel_futures=True)
        for worker in list(self._workers):
            worker.end()

    def _answers(self, chunk: Chunk) -> Answers:
        answer = self._ask(chunk)
        if not isinstance(answer, Failure):
            return [(chunk, answer)]
        pieces = chunk.pieces()
        return [(chunk, answer)] if len(pieces) < 2 else [(piece, self._ask(piece)) for piece in pieces]

    def _ask(self, chunk: Chunk) -> Any:
        if self._closed:
            return Failure("died", "the run was stopped")
        try:
            message = pickle.dumps(chunk, pickle.HIGHEST_PROTOCOL)
        except Exception as error:
            return Failure("error", f"{type(error).__name__}: {error}")
        worker = self._worker()
        answer = worker.ask(message, self._timeout)
        if not worker.alive:
            self._workers.discard(worker)
            worker.end()
            self._own.worker = None
        return answer

    def _worker(self) -> Worker:
        """This thread's worker, started if there is none."""
        worker: Worker | None = getattr(self._own, "worker", None)
        if worker is None:
            worker = self._own.worker = Worker()
            with self._lock:
                self._workers.add(worker)
                if self._closed:
                    worker.kill()
            worker.start(self._task)
        return worker


class Worker:
    """A process that answers one message after the other."""

    def __init__(self) -> None:
        path = [os.getcwd() if entry == "" else entry for entry in sys.path]
        self._process = subprocess.Popen([sys.executable, "-c", SERVE.format(path=path)], stdin=subprocess.PIPE,
                                         stdout=subprocess.PIPE, env={**os.environ, **dict.fromkeys(THREADS, "1")})
        self.alive = True

    def start(self, task: bytes) -> None:
        """Hand over the task and wait until the worker is ready.

        Raises:
            ChildProcessError: if it is not.
        """
        answer = self.ask(task, None)
        if isinstance(answer, Failure):
            raise ChildProcessError(f"a worker process cannot be started: {answer.reason}")

    def ask(self, message: bytes, timeout: float | None) -> Any:
        """The answer to a message. After a Failure of kind "timeout" or "died" the worker is gone."""
        late = threading.Event()

        def give_up() -> None:
            late.set()
            self.kill()

        clock = threading.Timer(timeout, give_up) if timeout is not None else None
        if clock is not None:
            clock.daemon = True
            clock.start()
        try:
            assert self._process.stdin is not None and self._process.stdout is not None
            send(self._process.stdin, message)
            return pickle.loads(receive(self._process.stdout))
        except (OSError, EOFError):
            self.alive = False
            if late.is_set():
                return Failure("timeout", f"took longer than {timeout:g} s")
            status = self._process.wait()
            return Failure("died", f"its worker process was ended by signal {-status}" if status < 0 else
                           f"its worker process ended with exit status {status}")
        finally:
            if clock is not None:
                clock.cancel()
                clock.join()  # now it is certain whether it went off
                self.alive = self.alive and not late.is_set()

    def kill(self) -> None:
        self._process.kill()

    def end(self) -> None:
        """Let the process end and free what belongs to it."""
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(OSError):  # what was not yet written cannot be
                    pipe.close()
        self._process.wait()


def send(pipe: IO[bytes], message: bytes) -> None:
    pipe.write(len(message).to_bytes(8, "little"))
    pipe.write(message)
    pipe.flush()


def receive(pipe: IO[bytes]) -> bytes:
    """The next message.

    Raises:
        EOFError: if the other side is gone.
    """
    head = pipe.read(8)
    message = pipe.read(int.from_bytes(head, "little")) if len(head) == 8 else b""
    if len(head) < 8 or len(message) < int.from_bytes(head, "little"):
        raise EOFError
    return message


def serve() -> None:
    """The worker's side: the task, then chunk after chunk until nothing more comes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides
    inbox, outbox = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints goes to stderr, not among the answers
    task: Callable[[Any], Any] | None = None
    try:
        while True:
            message = receive(inbox)
            try:
                if task is None:
                    task, answer = pickle.loads(message), None
                else:
                    answer = task(pickle.loads(message))
                reply = pickle.dumps(answer, pickle.HIGHEST_PROTOCOL)
            except Exception as error:
                reply = pickle.dumps(Failure("error", f"{type(error).__name__}: {error}"))
            send(outbox, reply)
    except (EOFError, BrokenPipeError):
        os._exit(0)


# ---- clean_many ----------------------------


class Pages(list[Any]):
    """Items of `clean_many`, or Exceptions that say why they are none."""

    def pieces(self) -> list[Pages]:
        return [Pages([page]) for page in self]


class Clean:
    """The task of `clean_many`."""

    def __init__(self, stripper: Stripper) -> None:
        self._stripper = stripper

    def __call__(self, pages: Pages) -> list[Result]:
        good = self._stripper.clean_many([page for page in pages if not isinstance(page, Exception)])
        return [_failed(page) if isinstance(page, Exception) else next(good) for page in pages]


def clean_many(raws: Iterable[Any], stripper: Stripper, workers: int) -> Iterator[Result]:
    """As `Stripper.clean_many`, by so many processes.

    Raises:
        ValueError: if `workers` is no positive number.
    """
    if workers < 1:
        raise ValueError(f"workers must be at least 1, not {workers}")
    return _clean_many(raws, stripper, workers)


def _clean_many(raws: Iterable[Any], stripper: Stripper, workers: int) -> Iterator[Result]:
    for _, answers in spread(Clean(stripper), _chunks(raws, stripper), workers):
        for _, answer in answers:
            if isinstance(answer, Failure):
                yield _failed(RuntimeError(answer.reason))
            else:
                yield from answer


def _chunks(raws: Iterable[Any], stripper: Stripper) -> Iterator[Pages]:
    chunk, size = Pages(), 0
    for item in raws:
        page = _sendable(item, stripper)
        chunk.append(page)
        size += len(page[0]) if isinstance(page, tuple) else 0
        if len(chunk) >= BATCH_PAGES or size >= BATCH_CHARS:
            yield chunk
            chunk, size = Pages(), 0
    if chunk:
        yield chunk


def _sendable(item: Any, stripper: Stripper) -> tuple[str | bytes, str | None] | Exception:
    """An item as it travels: of a subclass of str only the text, of what is no page only the message."""
    page, url = item if isinstance(item, tuple) and len(item) == 2 else (item, None)
    if not isinstance(page, (str, bytes)) or not (url is None or isinstance(url, str)):
        try:
            return stripper._item(item)  # type: ignore[return-value]
        except (TypeError, ValueError) as error:
            return error
    return str.__str__(page) if isinstance(page, str) else bytes(page), url
