"""Scan the files of a split one by one, and sum up what is read and what is not."""

import os
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatch

from study.tasks.classification.data.drawn_split import half
from study.tasks.classification.data.file_types import (
    COMMON,
    counted,
    is_hidden,
    is_picture,
    is_readable,
    kind,
)
from study.tasks.classification.data.image_files import Picture, Rules, Summary, by_class, digest


@dataclass
class SplitScan:
    """The state of a scan of a split; paths are relative to its folder."""

    root: str
    how: Rules
    pictures: list[Picture] = field(default_factory=list)
    tops: set[str] = field(default_factory=set)  # class folders
    filled: set[str] = field(default_factory=set)  # class folders with an image
    # Images that study 0.1 did not read, by extension.
    newly: Counter[str] = field(default_factory=Counter)
    unread: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    ignored: Counter[str] = field(default_factory=Counter)
    nested: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    loose: int = 0
    tars: int = 0
    broken: list[str] = field(default_factory=list)
    repeated: int = 0
    earlier: set[str] = field(default_factory=set)
    folders: list[str] = field(default_factory=list)
    inside: set[str] = field(default_factory=set)
    # Folders that contain the split, by device and number.
    above: set[str] = field(default_factory=set)
    real: set[str] = field(default_factory=set)
    # Identities of the folders of linked files.
    parents: dict[str, str] = field(default_factory=dict)

    def below(self, start: str) -> Iterator[str]:
        """Record everything in a folder and its subfolders, and yield the links there."""
        # A stack of folders instead of recursion, so that depth has no limit.
        waiting = [start]
        while waiting:
            folder = waiting.pop()
            for entry in self._entries(folder):
                path = os.path.join(folder, entry.name)
                if self.left_out(entry.name, path):
                    continue
                if entry.is_symlink():
                    yield path
                elif entry.is_dir():
                    self._enter(path)
                    waiting.append(path)
                elif entry.is_file():
                    self.note(path, entry.stat().st_size)
                elif top := _top(path):  # a socket, a pipe
                    self.unread[top]["that is no file"] += 1

    def follow(self, path: str) -> Iterator[str]:
        """Record the target of a link unless it is read anyway, and yield the links there."""
        whole = os.path.join(self.root, path)
        try:
            target = os.stat(whole)
            if os.path.isdir(whole):
                self._enter(path)
                # A folder that is read already would repeat its images; one above would not end.
                if identity(target) not in self.inside | self.above:
                    yield from self.below(path)
                    return
            elif self._new(whole, target):
                self.note(path, target.st_size)
                return
        except OSError:
            self.broken.append(f"{path} (a link that leads nowhere)")
            return
        self.repeated += 1
        self.earlier.add("followed links to what is read anyway")

    def read(self) -> list[Picture]:
        """The images of the wanted classes, and of the wanted half if the split is drawn."""
        names = set(self.how.classes)
        return half([p for p in self.pictures if not names or p[1] in names], self.how)

    def summary(self) -> Summary:
        names, pictures = set(self.how.classes), self.read()
        left = Counter(p[1] for p in self.pictures if p[1] not in names) if names else Counter()
        earlier = {f"left out {counted(self.newly)}"} if self.newly else set[str]()
        return Summary(
            place=self.root,
            digest=digest(pictures),
            counts=by_class(pictures),
            empty=tuple(sorted(t for t in self.tops - self.filled if not names or t in names)),
            unmapped=dict(sorted(left.items())),
            unread={t: dict(c) for t, c in sorted(self.unread.items()) if t not in left},
            ignored=dict(self.ignored),
            nested={t: tuple(sorted(f)) for t, f in sorted(self.nested.items()) if t not in left},
            loose=self.loose,
            tars=self.tars,
            broken=tuple(sorted(self.broken)),
            repeated=self.repeated,
            earlier=tuple(sorted(earlier | self.earlier)),
            folders=tuple(self.folders),
            inside=frozenset(self.inside),
            real=frozenset(self.real),
            beside=frozenset(self.parents.values()),
        )

    def _entries(self, folder: str) -> list[os.DirEntry[str]]:
        """The entries of a folder, which is recorded as scanned."""
        path = os.path.join(self.root, folder)
        try:
            self.inside.add(identity(os.stat(path)))
            with os.scandir(path) as iterator:
                entries = list(iterator)
        except OSError as error:
            if not folder:  # the split itself
                raise
            self.broken.append(f"{folder} ({error.strerror})")
            return []
        self.folders.append(folder)
        return entries

    def left_out(self, name: str, path: str) -> bool:
        """True if a file or folder is hidden or matches a pattern of `ignore`."""
        if is_hidden(name):
            # Study 0.1 read these images, so its results may be of other images.
            if kind(path) in COMMON:
                self.earlier.add("read hidden files")
            return True
        pattern = next((p for p in self.how.ignore if fnmatch(name, p)), None)
        if pattern is None:
            return False
        self.ignored[pattern] += _pictures(os.path.join(self.root, path))
        return True

    def _enter(self, path: str) -> None:
        if os.sep not in path:
            self.tops.add(path)

    def _new(self, path: str, target: os.stat_result) -> bool:
        """True if the target of a link has not been read under another path."""
        folder = os.path.dirname(os.path.realpath(path))
        if folder not in self.parents:
            self.parents[folder] = identity(os.stat(folder))
        if self.parents[folder] in self.inside or identity(target) in self.real:
            return False
        self.real.add(identity(target))
        return True

    def note(self, path: str, size: int, start: int = 0) -> None:
        """Record a file: an image of a class, a loose image, or another file."""
        folder, _, name = path.rpartition(os.sep)
        top, ending = folder.partition(os.sep)[0], kind(name)
        if not is_readable(ending):
            if top:
                self.unread[top][ending] += 1
            self.tars += not top and ending == ".tar"
        elif not top:
            self.loose += 1
        else:
            label = top
            if folder != top:
                self.nested[top].add(os.path.relpath(folder, top))
                if self.how.class_folder == "inner":
                    label = os.path.basename(folder)
            self.filled.add(top)
            self.pictures.append((path, label, size, start))
            if ending not in COMMON:
                self.newly[ending] += 1


def identity(status: os.stat_result) -> str:
    # A link gives a file another path, but not another device or number.
    return f"{status.st_dev}:{status.st_ino}"


def _top(path: str) -> str:
    """The class folder of a path; "" for a file beside the class folders."""
    top, inside, _ = path.partition(os.sep)
    return top if inside else ""


def _pictures(path: str) -> int:
    """The number of images that a file is or a folder holds."""
    if not os.path.isdir(path):
        return is_picture(path)
    return sum(is_picture(name) for _, _, names in os.walk(path) for name in names)
