# SPDX-License-Identifier: MIT
"""A folder or a tar file, read as a tree of small files. Nothing outside the folder is read, whatever links say, and
nothing is ever unpacked to a disk: a tar file's members stay in memory, and there is a bound on all of them."""

import bz2
import io
import os
import stat
import tarfile
import zlib
from pathlib import Path, PurePosixPath
from typing import IO

from layout_error import LayoutError, printable

FILE_MAX = 16 << 20  # bytes of one file; ACPI tables have no more
TOTAL_MAX = 64 << 20  # of a whole tar file, unpacked
MEMBERS_MAX = 100_000
LINKS_MAX = 8  # that one name may lead through


class Tree:
    """Files by their paths, which begin with no slash."""

    def __init__(self, name: str) -> None:
        self.name = name  # for messages

    def read(self, path: str) -> bytes | None:
        """The file's bytes; None if there is no such regular file."""
        raise NotImplementedError

    def list(self, path: str) -> list[str]:
        """Names in a folder, sorted; empty if there is no such folder."""
        raise NotImplementedError

    def text(self, path: str) -> str | None:
        """The file's text without blanks around it."""
        content = self.read(path)
        return None if content is None else content.decode("utf-8", "replace").strip()


class Folder(Tree):
    """A folder of this machine."""

    def __init__(self, path: Path) -> None:
        super().__init__(printable(str(path)))
        self.root = path.resolve()

    def _inside(self, path: str) -> Path | None:
        """Where the path leads to; refused if that is outside the folder."""
        try:
            found = (self.root / path).resolve(strict=True)
        except (OSError, RuntimeError, ValueError):
            return None
        if not found.is_relative_to(self.root):
            raise LayoutError(f"{self.name}: {printable(path)} is a symbolic link out of the folder")
        return found

    def read(self, path: str) -> bytes | None:
        found = self._inside(path)
        return None if found is None else read_file(found, f"{self.name}/{printable(path)}")

    def list(self, path: str) -> list[str]:
        found = self._inside(path)
        if found is None or not found.is_dir():
            return []
        try:
            return sorted(os.listdir(found))
        except OSError as error:
            raise LayoutError(f"{self.name}/{printable(path)}: {error.strerror}") from error


def read_file(path: Path, name: str, most: int = FILE_MAX) -> bytes | None:
    """A regular file's bytes; None if it is something else. Files of sysfs do not know their size before they are read."""
    try:
        with open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                return None
            content = file.read(most + 1)
    except OSError as error:
        raise LayoutError(f"{name}: {error.strerror}") from error
    if len(content) > most:
        raise LayoutError(f"{name}: is longer than {most >> 20} MiB")
    return content


def _unpacked(content: bytes, name: str) -> bytes:
    """Without gzip or bzip2 around it."""
    stream: IO[bytes] = io.BytesIO(content)
    if content.startswith(b"BZh"):
        stream = bz2.BZ2File(stream)
    elif content.startswith(b"\x1f\x8b"):
        unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)
        try:
            whole = unpacker.decompress(content, TOTAL_MAX + 1)
        except zlib.error as error:
            raise LayoutError(f"{name}: is damaged: {error}") from error
        if len(whole) <= TOTAL_MAX and not unpacker.eof:
            raise LayoutError(f"{name}: is damaged: its end is missing")
        stream = io.BytesIO(whole)
    try:
        whole = stream.read(TOTAL_MAX + 1)
    except (OSError, EOFError, ValueError) as error:
        raise LayoutError(f"{name}: is damaged: {printable(str(error))}") from error
    if len(whole) > TOTAL_MAX:
        raise LayoutError(f"{name}: unpacks to more than {TOTAL_MAX >> 20} MiB")
    return whole


class Archive(Tree):
    """A tar file's members, in memory."""

    def __init__(self, content: bytes, name: str) -> None:
        super().__init__(name)
        self.files: dict[str, bytes] = {}
        self.links: dict[str, str] = {}
        self.folders: dict[str, set[str]] = {"": set()}
        try:
            with tarfile.open(fileobj=io.BytesIO(_unpacked(content, name)), mode="r:") as archive:
                for count, member in enumerate(archive):
                    if count == MEMBERS_MAX:
                        raise LayoutError(f"{name}: has more than {MEMBERS_MAX} members")
                    self._take(archive, member)
        except (tarfile.TarError, EOFError, ValueError, OverflowError, RecursionError) as error:
            raise LayoutError(f"{name}: is no tar file, or damaged: {printable(str(error))}") from error

    def _path(self, name: str) -> str:
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts:
            raise LayoutError(f"{self.name}: has a member outside of it, {printable(name)}")
        return "" if str(path) == "." else str(path)

    def _take(self, archive: tarfile.TarFile, member: tarfile.TarInfo) -> None:
        path = self._path(member.name)
        if member.issym() or member.islnk():
            folder = PurePosixPath(path).parent if member.issym() else PurePosixPath()
            self.links[path] = self._target(folder, member.linkname, member.name)
        elif member.isreg():
            if member.size > FILE_MAX or member.issparse():
                raise LayoutError(
                    f"{self.name}: {printable(member.name)} is longer than {FILE_MAX >> 20} MiB, or sparse"
                )
            file = archive.extractfile(member)
            self.files[path] = b"" if file is None else file.read()
            if len(self.files[path]) != member.size:
                raise LayoutError(f"{self.name}: is damaged: {printable(member.name)} is cut short")
        elif member.isdir():
            self.folders.setdefault(path, set())
        else:
            raise LayoutError(f"{self.name}: {printable(member.name)} is neither file nor folder")
        while path:
            parent, _, last = path.rpartition("/")
            self.folders.setdefault(parent, set()).add(last)
            path = parent

    def _target(self, folder: PurePosixPath, link: str, name: str) -> str:
        parts = list(folder.parts)
        for part in PurePosixPath(link).parts:
            if part == "/" or (part == ".." and not parts):
                raise LayoutError(f"{self.name}: {printable(name)} is a link out of the tar file")
            if part == "..":
                parts.pop()
            else:
                parts.append(part)
        return "/".join(parts)

    def _followed(self, path: str) -> str:
        path = path.strip("/")
        for _ in range(LINKS_MAX if self.links else 0):
            parts = path.split("/")
            heads = ["/".join(parts[:count]) for count in range(1, len(parts) + 1)]
            link = next((head for head in heads if head in self.links), None)
            if link is None:
                break
            path = self.links[link] + path[len(link) :]
        return path

    def read(self, path: str) -> bytes | None:
        return self.files.get(self._followed(path))

    def list(self, path: str) -> list[str]:
        return sorted(self.folders.get(self._followed(path), ()))


def open_tree(path: Path) -> Tree:
    """A folder, or a tar file, plain or packed by gzip or bzip2."""
    name = printable(str(path))
    if path.is_dir():
        return Folder(path)
    content = read_file(path, name, TOTAL_MAX)
    if content is None:
        raise LayoutError(f"{name}: is neither a folder nor a tar file")
    return Archive(content, name)
