"""An SMTP server on the loopback that delivers into a folder: `python -m storefront.embedded.mail_sink`.

Each accepted mail is a file `<time>-<number>.eml`, complete when its name appears, and a line in
`ledger.jsonl`, which is only ever appended to. Both are on disk before the client is told "250",
so the ledger is a witness for tests.
"""

import argparse
import asyncio
import itertools
import json
import os
import signal
import tempfile
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

MAX_MAIL_BYTES = 32 * 1024 * 1024


class FolderHandler:
    """Writes what arrives."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.numbers = itertools.count()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Keep one mail; the answer is sent after the file and the ledger line are written."""
        now = datetime.now(UTC)
        name = f"{now:%Y%m%dT%H%M%S%f}-{os.getpid()}-{next(self.numbers)}.eml"
        content = envelope.original_content or b""
        with tempfile.NamedTemporaryFile(dir=self.folder, prefix=".", delete=False) as file:
            file.write(content)
        Path(file.name).chmod(0o644)
        Path(file.name).rename(self.folder / name)
        message = message_from_bytes(content, policy=default)
        line = {
            "time": now.isoformat(),
            "message_id": str(message["Message-ID"] or ""),
            "to": list(envelope.rcpt_tos),
            "subject": str(message["Subject"] or ""),
            "file": name,
        }
        with (self.folder / "ledger.jsonl").open("a") as ledger:
            ledger.write(json.dumps(line) + "\n")
        print(f"{line['subject']!r} for {', '.join(line['to'])}: {name}", flush=True)
        return "250 Kept"


async def serve(folder: Path, port: int) -> None:
    """Accept mail until SIGTERM or SIGINT."""
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    handler = FolderHandler(folder)

    def session() -> SMTP:
        return SMTP(handler, data_size_limit=MAX_MAIL_BYTES, enable_SMTPUTF8=True, hostname="localhost", loop=loop)

    server = await loop.create_server(session, "127.0.0.1", port)
    print(f"accepting mail on 127.0.0.1:{port}", flush=True)
    await stopped.wait()
    server.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    asyncio.run(serve(arguments.folder, arguments.port))


if __name__ == "__main__":
    main()
