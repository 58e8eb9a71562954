"""A web server under a lowered limit of open files, as a program: tests flood it from outside.

It tells its port, holds every file that is left to exchanges, and serves until its input ends.
"""

import asyncio
import logging
import os
import resource
import sys

from exporter.core import files
from exporter.web.server import Web
from tests.kit.web import exposition, no_problem, nothing, page


async def serve(limit: int) -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    parts = files.budget(files.limit())
    web = Web(
        exposition(),
        before_scrape=nothing,
        page=page,
        healthy=nothing,
        ready=nothing,
        config_text=str,
        reload=no_problem,
        connections=parts.clients,
    )
    await web.start(["127.0.0.1:0"])
    for _ in range(parts.exchanges):
        os.open("/dev/null", os.O_RDONLY)
    print(web.addresses[0], flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    await web.close(0)


if __name__ == "__main__":
    logging.basicConfig(stream=sys.stderr, level=logging.INFO)
    asyncio.run(serve(int(sys.argv[1])))
