"""The BibTeX entry that a page offers."""

from study import __version__
from study.spec.study import Study

ENTRY = """\
@software{study,
  title   = {study: ablation studies of vision backbones},
  version = {%s},
  note    = {%s},
}"""


def citation(study: Study) -> str:
    """The BibTeX entry of this program, with a note on the study."""
    source = study.source or study.question
    # Braces and backslashes would end a field of BibTeX.
    cited = "".join(character for character in source if character not in "{}\\")
    return ENTRY % (__version__, f"Study {study.title}: {cited}")
