"""The metrics of a script, guessed from its text: what it prints, and JSON that it writes."""

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from study.api.better import LOSSES, lower_is_better
from study.cli.drafts.draft import scalar
from study.cli.drafts.flags import literal

HIGHER = (
    r"acc|acc1|acc5|accuracy|f1|auc|auroc|precision|recall|iou|miou|map|ap|bleu|rouge|r2|psnr|ssim|"
    r"reward|return|top1|top5|score|dice"
)
QUALITY = re.compile(rf"(?:^|[\W_])(?:{'|'.join(LOSSES)}|{HIGHER})(?:$|[\W_\d])", re.IGNORECASE)
"""Names that are probably metrics; a step or a learning rate is none."""
JUDGED = re.compile(r"^(?:val|valid|validation|eval|test|dev|heldout)", re.IGNORECASE)
CHOSEN = re.compile(r"train|best|max|min", re.IGNORECASE)
"""Words of metrics that are not to be compared: of the training data, or the luckiest of many."""
VALUE = "\0"
"""Stands in a printed text for what is computed."""
LABELLED = re.compile(r"(\"?)([A-Za-z][\w/.-]*(?: [A-Za-z][\w/.-]*){0,2})\1(\s*[:=]?\s*)\0")
NUMBER = r"([-+]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|(?i:nan|inf(?:inity)?)(?!\w)))"
"""A number, so that a label in a sentence matches nothing; NaN and infinity are diverged runs."""
PRINTS = ("print", "info", "write", "log", "debug", "echo", "secho", "warning")
MOST = 3


@dataclass(frozen=True)
class ReportedMetric:
    """A metric of a script, and where it leaves it."""

    name: str
    label: str
    origin: str
    """The value of `from`; "" for what it reports by study.tell."""
    why: str

    @property
    def better(self) -> str:
        return "lower" if lower_is_better(self.label) else "higher"


def reports(
    trees: Iterable[tuple[str, ast.AST]], files: Iterable[str] = ()
) -> list[ReportedMetric]:
    """The likeliest metrics of some scripts, each a name and a tree; the first is the best guess.

    `files` are paths of JSON that flags name.
    """
    trees = list(trees)
    candidates = [
        r for name, tree in trees for r in (*_from_calls(name, tree), *_json(name, tree, files))
    ]
    candidates += [r for name, tree in trees for r in _printed(name, tree)]
    named = dict[str, ReportedMetric]()
    for report in candidates:
        if QUALITY.search(report.label):
            named.setdefault(report.name, report)
    # Metrics of validation go first: a script prints the training loss more often.
    every = sorted(named.values(), key=lambda r: not JUDGED.match(r.label))
    return ([r for r in every if not CHOSEN.search(r.label)] or every)[:MOST]


def name_of(label: str) -> str:
    """A label as claims and columns write it."""
    text = re.sub(r"[^a-z0-9]+", "_", label.lower()).strip("_")
    return text if text[:1].isalpha() else f"m_{text}"


def _calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", None) or getattr(node.func, "id", "")
            yield str(name), node


def _from_calls(file: str, tree: ast.AST) -> Iterator[ReportedMetric]:
    for name, call in _calls(tree):
        for key in call.keywords if name == "tell" else ():
            if key.arg and key.arg != "step":
                yield ReportedMetric(
                    key.arg, key.arg, "", f"study.tell in {file}, line {call.lineno}"
                )


def _json(file: str, tree: ast.AST, files: Iterable[str]) -> Iterator[ReportedMetric]:
    """The keys of a dictionary that is dumped, where one file of JSON is named."""
    texts = {literal(node) for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    # With two files nobody knows which dictionary is in which.
    paths = {*files, *(t for t in texts if isinstance(t, str) and re.search(r"\w\.jsonl?$", t))}
    for name, call in _calls(tree):
        if name not in ("dump", "dumps") or not call.args:
            continue
        for key in _keys(call.args[0], tree):
            if len(paths) == 1:
                origin = f"{{json: {scalar(paths.copy().pop())}, key: {scalar(key)}}}"
                yield ReportedMetric(
                    name_of(key), key, origin, f"written in {file}, line {call.lineno}"
                )
            elif not paths and name == "dumps":
                origin = _stdout(f'"{re.escape(key)}":\\s*')
                yield ReportedMetric(
                    name_of(key), key, origin, f"printed in {file}, line {call.lineno}"
                )


def _keys(node: ast.expr, tree: ast.AST) -> list[str]:
    """The keys of a dictionary, or of the last one that a variable is set to."""
    if isinstance(node, ast.Name):
        values = [
            other.value
            for other in ast.walk(tree)
            if isinstance(other, ast.Assign)
            and any(isinstance(t, ast.Name) and t.id == node.id for t in other.targets)
        ]
        return _keys(values[-1], tree) if values and isinstance(values[-1], ast.Dict) else []
    keys = [literal(key) for key in node.keys if key] if isinstance(node, ast.Dict) else []
    return [key for key in keys if isinstance(key, str)]


def _printed(file: str, tree: ast.AST) -> Iterator[ReportedMetric]:
    for name, call in _calls(tree):
        if name not in PRINTS:
            continue
        text = " ".join(_text(node) for node in call.args)
        # logging fills its first argument in by the others.
        text = _filled(text) if len(call.args) > 1 and "%" in text else text
        for quote, label, sign in LABELLED.findall(text):
            sign = re.sub(r"\s+", "", sign)
            pattern = f"{quote or chr(92) + 'b'}{re.escape(label)}{quote}\\s*{sign}\\s*"
            pattern = pattern.replace(r"\ ", " ").replace(r"\s*\s*", r"\s*")
            yield ReportedMetric(
                name_of(label), label, _stdout(pattern), f"printed in {file}, line {call.lineno}"
            )


def _stdout(pattern: str) -> str:
    quoted = (pattern + NUMBER).replace("'", "''")
    return f"{{stdout: '{quoted}'}}"


def _text(node: ast.expr) -> str:
    """The text that an expression prints, with VALUE in place of what is computed."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(map(_text, node.values))
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _text(node.left) + _text(node.right)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
        return _filled(_text(node.left))
    if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "format":
        return re.sub(r"\{[^{}]*\}", VALUE, _text(node.func.value))  # type: ignore[attr-defined]
    return VALUE


def _filled(text: str) -> str:
    """A text with values in place of the conversions of the operator %."""
    return re.sub(r"%[-+ #0]*[\d.*]*[a-zA-Z]", VALUE, text).replace("%%", "%")
