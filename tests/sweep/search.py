"""Everything that is kept, by place, as text."""

from collections.abc import Iterator
from pathlib import Path

from redis.asyncio import Redis
from sqlalchemy import select

from knowledge import tables
from knowledge.database import Database


async def of_redis(redis: Redis) -> str:
    """Each key and its value, whatever its type."""
    found = []
    async for name in redis.scan_iter():
        kind = (await redis.type(name)).decode()
        read = {
            "string": redis.get,
            "zset": lambda name: redis.zrange(name, 0, -1, withscores=True),
            "hash": redis.hgetall,
            "list": lambda name: redis.lrange(name, 0, -1),
            "set": redis.smembers,
            "stream": redis.xrange,
        }[kind]
        found.append(f"{_text(name)} {_text(await read(name))}")
    return "\n".join(found)


async def of_database(database: Database) -> str:
    """Each row of each table."""
    found = []
    async with database.reading() as connection:
        for table in tables.metadata.sorted_tables:
            rows = await connection.execute(select(table))
            found += [f"{table.name} {tuple(row)!r}" for row in rows]
    return "\n".join(found)


def of_files(folder: Path) -> Iterator[tuple[str, str]]:
    """Whatever lies there: outbox, recordings and their transcripts, the database's own file."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield str(path.relative_to(folder)), path.read_bytes().decode("utf-8", "replace")


def _text(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, list | tuple | set):
        return " ".join(_text(part) for part in value)
    if isinstance(value, dict):
        return " ".join(f"{_text(name)} {_text(part)}" for name, part in value.items())
    return str(value)
