"""Ownership of files: code is run from a folder only if no other user can change the folder.

Groups often share a store. Workers import the code in a job folder, so a file that another user can
place there would run with the rights of the user who submitted the job.

A private folder can still be replaced as a whole, by a user who may rename the entries of the
directory above it. So a job folder is safe if it is private, if everything in it belongs to the
user, and if no other user can rename entries of the two directories above it (jobs/ and the store):
by their mode, by a sticky bit, or as their group has no other member.
"""

import grp
import os
import pwd
import shlex
import stat
from pathlib import Path

from study.errors import StoreError

ABOVE = 2
"""The number of checked directories above a job folder: jobs/ and the store. Those above the store
also hold whatever else the user runs, so a check of them would protect nothing more."""


def private(folder: Path) -> None:
    """Refuse a folder that another user owns or can write to.

    Raises:
        StoreError: says what is wrong, and what to do.
    """
    status = _status(folder)
    if not stat.S_ISDIR(status.st_mode):
        raise StoreError(f"{folder} is not a folder: nothing in it is run")
    if status.st_uid != os.geteuid():
        raise StoreError(f"{folder} belongs to user {status.st_uid}: nothing in it is run")
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):  # group or others may write
        raise StoreError(
            f"others can write to {folder}: nothing in it is run (run: chmod 700 {folder})"
        )


def closed(directory: Path) -> None:
    """Refuse a directory in which another user can rename or replace the user's entries.

    Raises:
        StoreError: says what is wrong, and what to do.
    """
    status = _status(directory)
    if status.st_uid not in _trusted():
        raise StoreError(
            f"{directory} belongs to user {status.st_uid}, who can replace the code of jobs below "
            "it: nothing in it is run (use a store of your own: --store)"
        )
    others = stat.S_IWOTH if _only_member(status.st_gid) else stat.S_IWGRP | stat.S_IWOTH
    # In a sticky directory, such as /tmp, only the owner of an entry can rename it.
    if status.st_mode & others and not status.st_mode & stat.S_ISVTX:
        raise StoreError(
            f"others can write to {directory} and replace the code of jobs below it: nothing in "
            f"it is run (run: chmod go-w {directory}; or chmod +t, if others share this store)"
        )


def job(folder: Path) -> None:
    """Refuse a job folder that another user could have filled or replaced.

    Raises:
        StoreError: says what is wrong, and what to do.
    """
    private(folder)
    above(folder)


def above(folder: Path) -> None:
    """Refuse a path if another user can replace a folder there, in the directories above it."""
    for directory in folder.absolute().parents[:ABOVE]:
        closed(directory)


def contents(folder: Path) -> None:
    """Refuse a job folder as `job` does, and one that has a file of another user.

    Raises:
        StoreError: says what is wrong, and what to do.
    """
    job(folder)
    # os.walk does not follow links: the owner of a link counts, not that of its target.
    for inside, folders, files in os.walk(folder):
        for name in (*folders, *files):
            _owned(Path(inside, name))


def file(path: Path) -> None:
    """Refuse a file of the store that another user could have written or replaced.

    Raises:
        StoreError: says what is wrong, and what to do.
    """
    _owned(path)
    status = _status(path)
    others = stat.S_IWOTH if _only_member(status.st_gid) else stat.S_IWGRP | stat.S_IWOTH
    if status.st_mode & others:
        raise StoreError(f"others can write to {path}: no code that it names is run")
    for directory in (path.parent.resolve(), *path.parent.resolve().parents[:ABOVE]):
        closed(directory)


def script(folder: Path) -> list[str]:
    """The checks of `contents` as lines of bash, which end the script if a check fails.

    They run before Python: an interpreter with an unchecked folder on its path would import code
    from it, even the check itself. They print no name of a file that they find, as another user
    may have chosen it and a terminal acts on control characters.
    """
    trusted = " ".join(map(str, sorted(_trusted())))
    variables = [f"study_job={shlex.quote(str(folder))}", f"study_trusted={shlex.quote(trusted)}"]
    return [*variables, *SCRIPT.strip().splitlines()]


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
[ -d "$study_job" ] && [ ! -L "$study_job" ] || study_refuse "$study_job is not a folder"
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

    For root also the owner of the current folder, as in a container root works on a directory that
    another user has mounted.
    """
    user = os.geteuid()
    return {0, user} if user else {0, Path.cwd().stat().st_uid}


def _owned(path: Path) -> None:
    try:
        status = path.lstat()
    except FileNotFoundError:  # a temporary file that another worker has removed meanwhile
        return
    if status.st_uid != os.geteuid():
        raise StoreError(f"{path} belongs to user {status.st_uid}: no code is run because of it")


def _status(path: Path) -> os.stat_result:
    """The status of a path itself: of a link, not of its target, which could be exchanged."""
    try:
        return path.lstat()
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror}") from error


def _only_member(group: int) -> bool:
    """True if the user is alone in a group: Debian and others give each user one of that name."""
    try:
        user, entry = pwd.getpwuid(os.geteuid()), grp.getgrgid(group)
    except KeyError:
        return False
    # Members whose primary group it is are not listed, so a name that differs counts as shared.
    own = user.pw_gid == group and entry.gr_name == user.pw_name
    return own and not {*entry.gr_mem} - {user.pw_name}
