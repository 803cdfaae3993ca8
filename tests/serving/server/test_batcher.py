"""Requests are joined, split and kept from each other."""

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from keras_vae.serving.server.batcher import Batcher
from keras_vae.serving.server.request_error import Code, RequestError


class Model:
    """Doubles its input; remembers the batches, can be held up, and fails on negative numbers."""

    def __init__(self):
        self.batches = []
        self.go = threading.Event()
        self.go.set()

    def __call__(self, inputs):
        self.go.wait(10)
        self.batches.append(inputs["x"].tolist())
        if (inputs["x"] < 0).any():
            raise RequestError(Code.INVALID_ARGUMENT, "negative")
        return {"y": 2 * inputs["x"]}


@pytest.fixture
def model():
    return Model()


def asked(model, scenario, **options):
    """Runs `scenario(batcher)` in an event loop of its own."""

    async def run():
        with ThreadPoolExecutor(1) as executor:
            options_ = {"max_batch_size": 4, "max_queue": 8, **options}
            return await scenario(Batcher(model, executor, **options_))

    return asyncio.run(run())


def ask(batcher, *values, seconds=10.0):
    return batcher.submit({"x": np.array(values)}, len(values), time.monotonic() + seconds)


def test_a_request_alone_runs_at_once(model):
    async def scenario(batcher):
        return await ask(batcher, 1, 2)

    assert asked(model, scenario)["y"].tolist() == [2, 4]
    assert model.batches == [[1, 2]]


def test_what_waits_while_another_runs_is_joined_up_to_the_limit(model):
    async def scenario(batcher):
        model.go.clear()
        first = asyncio.ensure_future(ask(batcher, 0))
        await asyncio.sleep(0.05)
        others = [asyncio.ensure_future(ask(batcher, n)) for n in range(1, 7)]
        await asyncio.sleep(0.05)
        assert batcher.waiting == 6
        model.go.set()
        return await asyncio.gather(first, *others)

    answers = asked(model, scenario)
    assert [answer["y"].tolist() for answer in answers] == [[2 * n] for n in range(7)]
    assert model.batches == [[0], [1, 2, 3, 4], [5, 6]]


def test_a_large_request_is_split_and_comes_back_whole(model):
    async def scenario(batcher):
        return await ask(batcher, *range(11))

    assert asked(model, scenario)["y"].tolist() == [2 * n for n in range(11)]
    assert [len(batch) for batch in model.batches] == [4, 4, 3]


def test_one_bad_request_does_not_fail_its_neighbours(model):
    async def scenario(batcher):
        model.go.clear()
        waiting = [asyncio.ensure_future(ask(batcher, 0))]
        await asyncio.sleep(0.05)
        waiting += [asyncio.ensure_future(ask(batcher, n)) for n in (1, -1, 2)]
        await asyncio.sleep(0.05)
        model.go.set()
        return await asyncio.gather(*waiting, return_exceptions=True)

    first, one, bad, two = asked(model, scenario)
    assert [answer["y"].tolist() for answer in (first, one, two)] == [[0], [2], [4]]
    assert isinstance(bad, RequestError) and bad.code == Code.INVALID_ARGUMENT


def test_a_full_queue_refuses_at_once(model):
    async def scenario(batcher):
        model.go.clear()
        waiting = [asyncio.ensure_future(ask(batcher, n)) for n in range(9)]
        await asyncio.sleep(0.05)
        started = time.monotonic()
        with pytest.raises(RequestError) as refused:
            await ask(batcher, 9)
        assert refused.value.code == Code.RESOURCE_EXHAUSTED and time.monotonic() - started < 1
        model.go.set()
        return await asyncio.gather(*waiting)

    assert [answer["y"].tolist() for answer in asked(model, scenario)] == [[2 * n] for n in range(9)]


def test_what_is_too_late_or_given_up_is_never_run(model):
    async def scenario(batcher):
        model.go.clear()
        first = asyncio.ensure_future(ask(batcher, 0))
        await asyncio.sleep(0.05)
        late, gone, kept = (asyncio.ensure_future(ask(batcher, n, seconds=s)) for n, s in ((1, 0.1), (2, 9), (3, 9)))
        await asyncio.sleep(0.05)
        gone.cancel()
        with pytest.raises(RequestError) as refused:
            await late
        assert refused.value.code == Code.DEADLINE_EXCEEDED
        model.go.set()
        await asyncio.gather(first, kept)

    asked(model, scenario)
    assert model.batches == [[0], [3]]


def test_with_a_timeout_the_first_waits_for_others(model):
    async def scenario(batcher):
        return await asyncio.gather(*(ask(batcher, n) for n in range(3)))

    asked(model, scenario, timeout=0.05)
    assert model.batches == [[0, 1, 2]]
    asked(model, scenario)
    assert model.batches[1:] == [[0], [1, 2]]


def test_the_sizes_of_batches_are_told(model):
    sizes = []

    async def scenario(batcher):
        await ask(batcher, *range(6))

    asked(model, scenario, observe=sizes.append)
    assert sizes == [4, 2]


def test_a_small_request_does_not_wait_for_a_large_one(model):
    async def scenario(batcher):
        model.go.clear()
        large = [asyncio.ensure_future(ask(batcher, *range(100))) for _ in range(2)]
        await asyncio.sleep(0.05)
        small = asyncio.ensure_future(ask(batcher, 1000))
        await asyncio.sleep(0.05)
        model.go.set()
        return await asyncio.gather(small, *large)

    first, *large = asked(model, scenario, max_queue=1000)
    assert first["y"].tolist() == [2000] and 1000 in model.batches[1]
    assert all(answer["y"].tolist() == [2 * n for n in range(100)] for answer in large)
    assert all(len(batch) == 4 for batch in model.batches[1:-1])


def test_where_too_much_waits_the_largest_request_gives_way(model):
    async def scenario(batcher):
        model.go.clear()
        first = asyncio.ensure_future(ask(batcher, 0))
        await asyncio.sleep(0.05)
        large = [asyncio.ensure_future(ask(batcher, *range(n))) for n in (5, 3)]
        await asyncio.sleep(0.05)
        small = asyncio.ensure_future(ask(batcher, 7))
        await asyncio.sleep(0.05)
        assert batcher.waiting == 4
        model.go.set()
        return await asyncio.gather(first, *large, small, return_exceptions=True)

    first, five, three, small = asked(model, scenario)
    assert isinstance(five, RequestError) and five.code == Code.RESOURCE_EXHAUSTED and five.http == 503
    assert [answer["y"].tolist() for answer in (first, three, small)] == [[0], [0, 2, 4], [14]]


def test_a_large_request_that_fails_does_not_run_to_its_end(model):
    async def scenario(batcher):
        bad, good = ask(batcher, -1, *range(99)), ask(batcher, *range(8))
        return await asyncio.gather(bad, good, return_exceptions=True)

    bad, good = asked(model, scenario, max_queue=1000)
    assert isinstance(bad, RequestError) and good["y"].tolist() == [2 * n for n in range(8)]
    assert len(model.batches) < 8


def test_one_bad_request_among_many_is_found_in_few_runs(model):
    async def scenario(batcher):
        model.go.clear()
        waiting = [asyncio.ensure_future(ask(batcher, 0))]
        await asyncio.sleep(0.05)
        waiting += [asyncio.ensure_future(ask(batcher, -1 if n == 5 else n)) for n in range(64)]
        await asyncio.sleep(0.05)
        model.go.set()
        return await asyncio.gather(*waiting, return_exceptions=True)

    answers = asked(model, scenario, max_batch_size=64, max_queue=100)
    assert [n for n, answer in enumerate(answers) if isinstance(answer, RequestError)] == [6]
    assert len(model.batches) < 2 + 2 * 6 + 2


def test_what_is_over_leaves_no_rows_behind(model):
    async def scenario(batcher):
        model.go.clear()
        first = asyncio.ensure_future(ask(batcher, 0))
        await asyncio.sleep(0.05)
        late, gone = (asyncio.ensure_future(ask(batcher, *range(4), seconds=s)) for s in (0.1, 9))
        await asyncio.sleep(0.05)
        gone.cancel()
        await asyncio.gather(late, gone, return_exceptions=True)
        assert batcher.waiting == 0
        model.go.set()
        await first

    asked(model, scenario)
    assert model.batches == [[0]]
