"""boilerstrip: raw scraped text in, only the story out, with a calibrated confidence for every block."""

from boilerstrip.detect.rules import Rule, RuleError, load_rules
from boilerstrip.detect.site import SiteProfile
from boilerstrip.labels import Label, PageType, Verdict
from boilerstrip.options import Options
from boilerstrip.result import Block, Reason, Result
from boilerstrip.stripper import Stripper, clean, clean_many

__version__ = "0.1.0"
__all__ = ["Block", "Label", "Options", "PageType", "Reason", "Result", "Rule", "RuleError", "SiteProfile", "Stripper", "Verdict", "clean",
           "clean_many", "load_rules"]
