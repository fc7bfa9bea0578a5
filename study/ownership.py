"""Ownership of files: code is run from a folder only if no other user can put anything there.

A folder that is private itself can still be replaced by another one, by whoever can rename entries
of the directory that holds it. So a job folder counts as the user's own if it is private, if all
that is in it belongs to the user, and if the two directories above it (jobs/ and the store) let no
other user rename its entries: their mode, a sticky bit, or a group of the user alone sees to that.
"""

import grp
import os
import pwd
import shlex
import stat
from pathlib import Path

from study.errors import StoreError

ABOVE = 2
"""Directories above a job folder that are looked at: jobs/ and the store. What lies above the store
holds everything else that the user runs, too."""


def private(folder: Path) -> None:
    """Refuse a folder that another user owns or can write to.

    Raises:
        StoreError: says what is wrong, and what to do.
    """
    seen = _looked_at(folder)
    if not stat.S_ISDIR(seen.st_mode):
        raise StoreError(f"{folder} is no folder: nothing in it is run")
    if seen.st_uid != os.geteuid():
        raise StoreError(f"{folder} belongs to user {seen.st_uid}: nothing in it is run")
    if seen.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise StoreError(f"others can write to {folder}: nothing in it is run (chmod 700 it)")


def closed(directory: Path) -> None:
    """Refuse a directory in which another user can rename or replace the user's entries.

    Raises:
        StoreError: says what is wrong, and what to do.
    """
    seen = _looked_at(directory)
    if seen.st_uid not in _trusted():
        raise StoreError(
            f"{directory} belongs to user {seen.st_uid}, who can replace the code of jobs below "
            "it: nothing in it is run (use a store of your own: --store)"
        )
    others = stat.S_IWOTH if _alone(seen.st_gid) else stat.S_IWGRP | stat.S_IWOTH
    if seen.st_mode & others and not seen.st_mode & stat.S_ISVTX:
        raise StoreError(
            f"others can write to {directory} and replace the code of jobs below it: nothing in "
            f"it is run (chmod go-w {directory}; or chmod +t, if others share this store)"
        )


def job(folder: Path) -> None:
    """Refuse a job folder that another user could have filled or replaced.

    Raises:
        StoreError: says what is wrong, and what to do.
    """
    private(folder)
    above(folder)


def above(folder: Path) -> None:
    """Refuse a place below directories in which another user can replace a job folder."""
    for directory in folder.absolute().parents[:ABOVE]:
        closed(directory)


def contents(folder: Path) -> None:
    """Refuse a job folder, as `job` does, or one in which something belongs to another user.

    Raises:
        StoreError: says what is wrong, and what to do.
    """
    job(folder)
    for inside, folders, files in os.walk(folder):
        for name in (*folders, *files):
            _owned(Path(inside, name))


def file(path: Path) -> None:
    """Refuse a file in the store that another user could have written or replaced.

    Raises:
        StoreError: says what is wrong, and what to do.
    """
    _owned(path)
    others = stat.S_IWOTH if _alone(_looked_at(path).st_gid) else stat.S_IWGRP | stat.S_IWOTH
    if _looked_at(path).st_mode & others:
        raise StoreError(f"others can write to {path}: no code that it names is run")
    for directory in (path.parent.resolve(), *path.parent.resolve().parents[:ABOVE]):
        closed(directory)


def script(folder: Path) -> list[str]:
    """What `contents` checks, as lines of bash, which end the script where a check fails.

    They run before Python does: no interpreter may have the folder on its path until it is known
    whose it is. They print no name that they come upon, as the log may be read by a shell.
    """
    trusted = " ".join(map(str, sorted(_trusted())))
    given = [f"study_job={shlex.quote(str(folder))}", f"study_trusted={shlex.quote(trusted)}"]
    return [*given, *SCRIPT.strip().splitlines()]


SCRIPT = r"""
study_me=$(id -u)
study_refuse() { echo "$1: nothing in it is run" >&2; exit 1; }
study_closed() {  # no other user can rename entries of the directory $1
  local user mode group members  # the group last: its name may have spaces
  read -r user mode group <<< "$(stat -c '%u %a %G' -- "$1")"
  [ -n "$mode" ] || return 1
  [[ " $study_trusted " == *" $user "* ]] || return 1
  (( (8#$mode & 8#22) == 0 || 8#$mode & 8#1000 )) && return 0
  members=$(getent group "$group" | cut -d: -f4)
  [ "$group" = "$(id -un)" ] && [ "$group" = "$(id -gn)" ] && (( (8#$mode & 8#2) == 0 )) &&
    { [ -z "$members" ] || [ "$members" = "$group" ]; }
}
[ -d "$study_job" ] && [ ! -L "$study_job" ] || study_refuse "$study_job is no folder"
[ "$(stat -c %u -- "$study_job")" = "$study_me" ] ||
  study_refuse "$study_job belongs to another user"
[ -n "$(find -P "$study_job" -maxdepth 0 ! -perm /022)" ] ||
  study_refuse "others can write to $study_job"
study_above=$study_job
for study_level in jobs store; do
  study_above=$(dirname -- "$study_above")
  study_closed "$study_above" || study_refuse "others can replace what is in $study_above"
done
[ -z "$(find -P "$study_job" ! -uid "$study_me" -print -quit 2> /dev/null | head -c 1)" ] ||
  study_refuse "$study_job has files of another user"
"""


def _trusted() -> set[int]:
    """Users who may own the directories above a job folder: the user and root.

    For root, as in a container, the owner of the current folder, too.
    """
    user = os.geteuid()
    return {0, user} if user else {0, Path.cwd().stat().st_uid}


def _owned(path: Path) -> None:
    try:
        seen = path.lstat()
    except FileNotFoundError:  # a file of another worker's, gone again
        return
    if seen.st_uid != os.geteuid():
        raise StoreError(f"{path} belongs to user {seen.st_uid}: no code is run because of it")


def _looked_at(path: Path) -> os.stat_result:
    try:
        return path.lstat()
    except OSError as error:
        raise StoreError(f"{path} cannot be looked at: {error.strerror}") from error


def _alone(group: int) -> bool:
    """Whether a group is the user's alone: some systems give each user one of the same name."""
    try:
        user, known = pwd.getpwuid(os.geteuid()), grp.getgrgid(group)
    except KeyError:
        return False
    own = user.pw_gid == group and known.gr_name == user.pw_name
    return own and not {*known.gr_mem} - {user.pw_name}
