"""boilerstrip: raw scraped text in, only the story out, with a calibrated confidence for every block."""

from typing import TYPE_CHECKING

from boilerstrip.detect.rules import Rule, RuleError, load_rules
from boilerstrip.labels import Label, PageType, Verdict
from boilerstrip.options import Options
from boilerstrip.result import Block, Reason, Result
from boilerstrip.stripper import Stripper, clean, clean_many

if TYPE_CHECKING:
    from boilerstrip.detect.site import SiteProfile

__version__ = "0.1.0"
__all__ = ["Block", "Label", "Options", "PageType", "Reason", "Result", "Rule", "RuleError", "SiteProfile", "Stripper", "Verdict", "clean",
           "clean_many", "load_rules"]


def __getattr__(name: str) -> type:
    """What few programs need is imported when it is asked for."""
    if name == "SiteProfile":
        from boilerstrip.detect.site import SiteProfile

        return SiteProfile
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
