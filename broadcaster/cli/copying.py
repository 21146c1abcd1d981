"""What ``db backup`` and ``db restore`` do."""

from pathlib import Path

from broadcaster.cli import context
from broadcaster.cli.agreeing import agreed
from broadcaster.cli.errors import NOT_DELIVERED, UsageError
from broadcaster.clock import utc_now
from broadcaster.config import Config
from broadcaster.store import backups
from broadcaster.store.backups import Restored
from broadcaster.store.database import Database


def back_up_to(config: Config, target: Path) -> None:
    """Copy the database into a file, or into a new file in a folder.

    Raises:
        UsageError: it lies on PostgreSQL.
        StoreError: nothing was written.
    """
    database = _sqlite(config, f"pg_dump --format=custom --file={target}")
    file, now = Path(database.name), utc_now()
    if target.is_dir():
        target /= f"{file.stem}-{now.astimezone(config.zone):%Y%m%d-%H%M%S}{file.suffix}"
    context.run(backups.back_up(database, target, now))
    print(f"{target}: a copy of {file}, {target.stat().st_size / 1e6:.1f} MB.")
    print("The key is not in it. Keep a copy of that as well, in another place.")


def restore_from(config: Config, file: Path, *, yes: bool) -> int:
    """Put a copy in the place of the database; returns the exit code.

    Raises:
        UsageError: it lies on PostgreSQL.
        StoreError: nothing was changed.
    """
    database = _sqlite(config, f"pg_restore --clean --if-exists --dbname=… {file}")
    question = f"Replace {database.name} with {file}?"
    if not (yes or agreed(question, "add --yes to restore. Nothing was changed.")):
        print("Nothing was changed.")
        return NOT_DELIVERED
    restored = context.run(_restore(database, file))
    opening = restored.opening
    print(f"{database.name}: restored from {file}, as generation {opening.generation.number}.")
    if restored.kept is not None:
        print(f"The former database is kept as {restored.kept}.")
    print(f"{opening.doubts} deliveries may have left since the copy was made: their providers are asked first.")
    print("Next: start `broadcaster serve` again, wherever it runs on this database. It looks them up and goes on.")
    return 0


async def _restore(database: Database, file: Path) -> Restored:
    async with database:
        return await backups.restore(database, file, utc_now(), context.actor())


def _sqlite(config: Config, instead: str) -> Database:
    database = Database(config.database_url.get_secret_value())
    if database.is_postgresql:
        raise UsageError(
            f"{database.name} lies on PostgreSQL, which has its own tool for that: {instead}. A process that sends "
            "from a restored copy notices that it is one and asks the providers first."
        )
    return database
