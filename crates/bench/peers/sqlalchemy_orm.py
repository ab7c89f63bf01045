"""SQLAlchemy's ORM as a peer of pgkeel-bench.

The first line of its input says what to do, each further line asks for one turn, and each is answered by a line of
JSON. It ends with its input.
"""

import asyncio
import json
import random
import resource
import sys
import time

from sqlalchemy import BigInteger
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

ROWS = 100_000


class Base(DeclarativeBase):
    pass


class Account(Base):
    __tablename__ = "t"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    name: Mapped[str]
    amount: Mapped[int] = mapped_column(BigInteger)


async def point(engine, key):
    async with AsyncSession(engine) as session:
        account = await session.get(Account, key)
        if account is None or (account.name, account.amount) != (f"account {key}", key * 3):
            raise SystemExit(f"the row of id {key} came as {account and vars(account)}")


async def checkout(engine):
    async with engine.connect():
        pass


def open_engine(work):
    return create_async_engine(work["url"], pool_size=work["size"], max_overflow=0)


async def fill(engine, size):
    """Opens every connection of the pool."""
    connections = await asyncio.gather(*(engine.connect() for _ in range(size)))
    await asyncio.gather(*(connection.close() for connection in connections))


async def repeat(operation, end):
    """How long each operation took, until the end."""
    times, last = [], time.perf_counter()
    while last < end:
        await operation()
        now = time.perf_counter()
        times.append(now - last)
        last = now
    return times


async def repeat_cold(work, end):
    """The same with a new engine each time; what comes after the row is not counted."""
    times = []
    while (begun := time.perf_counter()) < end:
        engine = open_engine(work)
        await point(engine, random.randint(1, ROWS))
        times.append(time.perf_counter() - begun)
        await engine.dispose()
    return times


async def turn(work, engine, end):
    if work["job"] == "cold":
        return await repeat_cold(work, end)
    operations = {
        "checkout": lambda: checkout(engine),
        "point": lambda: point(engine, random.randint(1, ROWS)),
    }
    operation = operations[work["job"]]
    tasks = await asyncio.gather(*(repeat(operation, end) for _ in range(work["tasks"])))
    return [took for times in tasks for took in times]


def processor_time():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


async def measured(work, engine, seconds):
    cpu, begun = processor_time(), time.perf_counter()
    times = sorted(await turn(work, engine, begun + seconds))
    took = sum(times) if work["job"] == "cold" else time.perf_counter() - begun
    return {
        "operations": len(times),
        "seconds": took,
        "cpu_seconds": processor_time() - cpu,
        "p50_us": times[(len(times) - 1) // 2] * 1e6,
        "p99_us": times[(len(times) - 1) * 99 // 100] * 1e6,
    }


def say(what):
    print(json.dumps(what), flush=True)


async def main():
    work = json.loads(sys.stdin.readline())
    engine = open_engine(work)
    if work["job"] != "cold":
        await fill(engine, work["size"])
    say("ready")
    # Nothing else runs between turns, so reading may block.
    for line in sys.stdin:
        say(await measured(work, engine, json.loads(line)["seconds"]))
    await engine.dispose()


random.seed(1)
asyncio.run(main())
