"""Sentences on tuning: for the caption of the main table, and for the ledger."""

from collections.abc import Iterator

from study import format
from study.analysis.analysis import Analysis
from study.analysis.ledger import Ledger
from study.spec.searching import SearchRules
from study.spec.tuning import TuningRules, written

OPTUNA = {
    "tpe": "TPE",
    "random": "random search",
    "qmc": "quasi-random search",
}


def protocol(rules: TuningRules) -> str:
    """A phrase on how every arm was tuned."""
    return (
        f"tuned: {rules.trials} trials per arm on {held_out(rules)}, the same for all arms, by "
        f"{OPTUNA.get(rules.sampler, rules.sampler)} over {', '.join(rules.space)}"
    )


def held_out(rules: TuningRules | SearchRules) -> str:
    """The data on which proposals are compared, in words."""
    # Other values that hold images out are None, and say nothing.
    values = ", ".join(f"{path} {value}" for path, value in rules.held_out.items() if value)
    return f"a held-out part of the training images ({values})" if values else "held-out data"


def caption(analysis: Analysis) -> Iterator[str]:
    """A sentence for the caption of the main table of a tuned study."""
    tuning = analysis.plan.tuning
    if tuning is not None:
        yield f"Each arm is {protocol(tuning.rules)}; no tuning trial enters a mean of this table."


def notes(analysis: Analysis, ledger: Ledger) -> Iterator[str]:
    """The notes below the ledger."""
    tuning, arms = ledger.tuning, len(ledger.rows)
    if not tuning.spent:
        yield f"Tuning goes on: {tuning.ended} of {tuning.budget} trials have ended."
    else:
        where = "in no arm" if not ledger.keeping else f"in {ledger.keeping} of {arms} arms"
        yield f"The values of the file were the best {where}."
        if even := [row.label for row in ledger.rows if row.even]:
            yield (
                f"All proposals of {', '.join(even)} came out equal, so tuning chose nothing: "
                "what is tuned may have no effect, or trials are too short."
            )
    yield from _conclusions(analysis, ledger)
    yield from _outside(ledger)
    yield (
        "The best objective is that of a selection, and so too good; the main table has the "
        "numbers of the chosen values on images that chose nothing."
    )
    sampler = tuning.rules.sampler
    name = OPTUNA.get(sampler, sampler)
    taken = "" if sampler == "random" else f"; proposals of {name} are taken for such draws"
    yield (
        "Expected best: mean over all subsets of an arm's proposals without the values of the "
        "file, with a 95 % bootstrap interval; failed ones count as the worst. It is defined for "
        f"random search{taken} (Dodge et al. 2019, arXiv 1909.03004; unbiased by Tang et al. 2020, "
        "arXiv 2004.13705)."
    )


def _conclusions(analysis: Analysis, ledger: Ledger) -> Iterator[str]:
    """Notes on conclusions, and on the order of the arms, that depend on whose values they have."""
    if not ledger.tuning.rules.at_baseline or len(ledger.rows) < 2:
        return
    name = format.name(analysis.catalogue[ledger.metric])
    flags = {row.label: ledger.flag(row) for row in ledger.rows[1:]}
    for row in ledger.rows[1:]:
        if flags[row.label] in ("flips", "differs"):
            own, same = ledger.conclusion(row.effect), ledger.conclusion(row.at_baseline)
            verb = "flips" if flags[row.label] == "flips" else "is not the same"
            yield (
                f"The conclusion on {row.label} in {name} {verb}: {own} with each arm tuned, "
                f"{same} with the values of ●."
            )
    if {*flags.values()} == {"same"}:
        yield f"No conclusion in {name} depends on whether each arm is tuned, or has ●'s values."
    own_order, same_order = ledger.order(own=True), ledger.order(own=False)
    if own_order and same_order:
        first, second = ", ".join(own_order), ", ".join(same_order)
        limits = analysis.plan.study.sequential
        over = f" over the first {limits.min} seeds, which all arms have," if limits else ""
        yield (
            f"By mean {name}{over} no arm changes its rank: {first} (best first)."
            if own_order == same_order
            else f"By mean {name}{over} ranks change (best first): {first} with each arm tuned; "
            f"{second} with the values of ●."
        )


def _outside(ledger: Ledger) -> Iterator[str]:
    """A note on values of the file outside the space, of which the sampler learns nothing."""
    space = ledger.tuning.rules.space
    outside = {
        f"{path} {written(value)}"
        for row in ledger.rows
        for path, value in row.tuned.file_values.items()
        if not space[path].has(value)
    }
    if outside:
        listed = ", ".join(sorted(outside))
        yield f"Values of the file outside the space ({listed}) were tried and not shown to optuna."
