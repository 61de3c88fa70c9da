"""The async colour, and exchanges that are learnt by themselves."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncIterator, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from continuum import AsyncConsciousMemory, ConsciousMemory
from continuum.core.auto_hook import Extractors, message_of_call, text_of_answer
from continuum.errors import InvalidInputError
from tests.requirements import requirement


@requirement("async:memory", "compat:fault-9")
def test_many_async_learns_and_recalls_run_at_once(db_path: Path) -> None:
    async def scenario() -> None:
        async with AsyncConsciousMemory("t", db_path) as memory:
            results = await asyncio.gather(*(memory.learn(f"Fact {n} about Kafka") for n in range(40)))
            assert len({result.seq for result in results}) == 40
            contexts = await asyncio.gather(*(memory.recall(f"fact {n}", max_memories=50) for n in range(20)))
            assert all(len(context.memories) == 40 for context in contexts)
            context, learned = await memory.turn("What about Kafka?", "It is a log.")
            assert (len(context.memories), learned.seq) == (10, 42)
            assert (await memory.get_stats())["messages"] == 42
            assert len(await memory.get_messages(limit=5)) == 5
            assert await memory.entities(entity_type="session")

    asyncio.run(scenario())


@requirement("async:twins")
def test_the_twins_on_the_same_object_answer_alike(memory: ConsciousMemory) -> None:
    async def scenario() -> None:
        await memory.alearn("Minka is my cat")
        assert (await memory.arecall("Minka")).memories[0].passage == "Minka is my cat"
        _, learned = await memory.aprocess_turn("And Bruno?", "Your dog.")
        assert learned.seq == 3
        assert (await memory.aget_stats())["messages"] == 3
        with pytest.raises(InvalidInputError):
            await memory.alearn("")

    asyncio.run(scenario())
    assert memory.recall("Minka").memories[0].passage == "Minka is my cat"


@requirement("hook:sync-and-async")
def test_a_wrapped_function_answers_as_before_and_its_exchange_is_learnt(memory: ConsciousMemory) -> None:
    def answer(message: str, temperature: float = 0.0) -> str:
        """The docstring."""
        return f"You said: {message} at {temperature}"

    async def answer_async(message: str) -> dict[str, str]:
        return {"content": f"async {message}"}

    wrapped = memory.auto_hook(answer)
    assert wrapped("My dog is Bruno", temperature=0.5) == "You said: My dog is Bruno at 0.5"
    assert wrapped.__doc__ == "The docstring."
    assert asyncio.run(memory.auto_hook(answer_async)("My fish is Nemo")) == {"content": "async My fish is Nemo"}
    assert [m.text for m in memory.get_messages()] == [
        "async My fish is Nemo",
        "My fish is Nemo",
        "You said: My dog is Bruno at 0.5",
        "My dog is Bruno",
    ]


@requirement("hook:sync-and-async")
def test_a_failing_learn_never_fails_the_call(memory: ConsciousMemory) -> None:
    seen: list[Exception] = []
    wrapped = memory.auto_hook(lambda text: "x\0y", on_error=seen.append)
    assert wrapped("hello") == "x\0y"
    assert isinstance(seen[0], InvalidInputError)

    def broken(text: str) -> str:
        raise LookupError(text)

    with pytest.raises(LookupError):
        memory.auto_hook(broken)("lost")
    assert memory.get_messages() == []
    assert memory.auto_hook(lambda: None)() is None
    assert memory.get_messages() == []


@requirement("hook:sync-and-async")
def test_whatever_gives_an_awaitable_is_learnt_when_it_has_come(memory: ConsciousMemory) -> None:
    async def answer(message: str) -> str:
        return f"answer to {message}"

    class Agent:
        async def __call__(self, message: str) -> str:
            return await answer(message)

    def started(message: str) -> asyncio.Task[str]:
        return asyncio.get_running_loop().create_task(answer(message))

    async def scenario() -> None:
        hooked = memory.auto_hook(Agent())
        assert asyncio.iscoroutinefunction(hooked)
        assert await hooked("one") == "answer to one"
        assert await memory.auto_hook(lambda message: answer(message))("two") == "answer to two"
        assert await memory.auto_hook(functools.partial(answer))("three") == "answer to three"
        task = memory.auto_hook(started)("four")
        assert isinstance(task, asyncio.Task)
        assert await task == "answer to four"
        async with asyncio.timeout(20):
            while len(memory.get_messages()) < 8:
                await asyncio.sleep(0)

    asyncio.run(scenario())
    texts = {message.text for message in memory.get_messages()}
    assert texts == {text for name in ("one", "two", "three", "four") for text in (name, f"answer to {name}")}


@requirement("hook:sync-and-async")
def test_a_stream_is_passed_on_and_learnt_once_it_has_ended(memory: ConsciousMemory) -> None:
    def stream(message: str) -> Generator[str, str, str]:
        heard = yield f"re {message}: "
        yield f"you said {heard}"
        return "the end"

    async def stream_async(message: str) -> AsyncIterator[dict[str, object]]:
        for piece in ("Lis", "bon"):
            yield {"choices": [{"delta": {"content": piece}}]}

    answering = memory.auto_hook(stream)("hello")
    assert next(answering) == "re hello: "
    assert memory.get_messages() == []
    assert answering.send("hm") == "you said hm"
    with pytest.raises(StopIteration) as ended:
        next(answering)
    assert ended.value.value == "the end"
    memory.auto_hook(stream)("never heard out").close()

    async def scenario() -> None:
        pieces = [piece async for piece in memory.auto_hook(stream_async)("Where?")]
        assert len(pieces) == 2

    asyncio.run(scenario())
    assert [m.text for m in memory.get_messages()] == ["Lisbon", "Where?", "re hello: you said hm", "hello"]


@requirement("hook:sync-and-async")
def test_an_endless_answer_is_learnt_as_far_as_a_message_goes(memory: ConsciousMemory) -> None:
    def stream(message: str) -> Iterator[str]:
        for _ in range(20):
            yield "word " * 20_000

    assert sum(map(len, memory.auto_hook(stream)("talk"))) == 2_000_000
    assert len(memory.get_messages(role="assistant")[0].text) == memory.config.max_text_bytes // 4


@requirement("hook:sync-and-async")
def test_a_failing_on_error_does_not_break_the_call(memory: ConsciousMemory, caplog: pytest.LogCaptureFixture) -> None:
    def broken(error: Exception) -> None:
        raise ZeroDivisionError

    assert memory.auto_hook(lambda text: "x\0y", on_error=broken)("hello") == "x\0y"
    assert "on_error failed" in caplog.text


@requirement("async:memory", "hook:sync-and-async")
def test_the_async_memory_has_all_that_the_other_has(db_path: Path) -> None:
    async def scenario() -> None:
        async with AsyncConsciousMemory("t", db_path, instance_id="i", session_id="s") as memory:
            assert (memory.tenant_id, memory.instance_id, memory.session_id) == ("t", "i", "s")
            assert await memory.fill_vectors() == 0
            assert memory.auto_hook(str.upper)("hello") == "HELLO"
            assert len(await memory.get_messages()) == 2

    asyncio.run(scenario())


@requirement("hook:sync-and-async")
def test_chats_and_the_usual_answers_are_understood(memory: ConsciousMemory) -> None:
    @dataclass
    class Part:
        text: str

    @dataclass
    class Reply:
        content: list[Part]

    @dataclass
    class Choice:
        message: Part

    @dataclass
    class Completion:
        choices: list[Choice]

    chat = [{"role": "system", "content": "s"}, {"role": "user", "content": [{"type": "text", "text": "hi"}]}]
    assert message_of_call((), {"model": 3, "messages": chat}) == "hi"
    assert message_of_call((), {"model": "gpt-4o", "messages": chat}) == "hi"
    assert message_of_call(("gpt-4o", chat), {}) == "hi"
    assert message_of_call((), {"model": "gpt-4o", "prompt": "hi"}) == "hi"
    assert message_of_call(("hi",), {"model": "gpt-4o"}) == "hi"
    assert message_of_call((5,), {}) is None
    assert text_of_answer(Reply([Part("a"), Part("b")])) == "a\nb"
    assert text_of_answer(Completion([Choice(Part("c"))])) == "c"
    assert text_of_answer(42) is None
    upper = Extractors(message=lambda args, kwargs: args[0].upper(), answer=lambda value: str(value))
    memory.auto_hook(lambda text: 7, extractors=upper)("low")
    assert [m.text for m in memory.get_messages()] == ["7", "LOW"]
